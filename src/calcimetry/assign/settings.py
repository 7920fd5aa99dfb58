"""Choices of naming."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AssignSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignSettings:
    """Choices of the stage that says what a lesion belongs to.

    Parameters
    ----------
    piece_mm : float
        Bodies longer than this are looked at in pieces of about this size [mm]. The model was fitted with it.
    lean : float
        How far a piece leans on the pieces that it touches (0 to 1).
    part_mm3 : float
        A part smaller than this is not told apart from the body that it touches [mm³].
    part_odds : float
        A part stands by itself where its own structure is so many times likelier in it than its neighbour's: strong
        evidence in the words of Jeffreys (1961).
    alternative : float
        Structures from this probability on are named beside the likeliest.
    sure : float
        Below this probability the site of a lesion is said to be uncertain.
    least : float
        No site is named where the likeliest has less than this: the lesion stays unassigned.
    min_confidence : float
        Landmarks below this confidence name nothing.
    artery_trust, course_mm : float
        Which artery: the network's shares are raised to this power, and fall with the square of the distance from the
        course over this spread [mm].
    worth : float
        Lesions that are calcium with less confidence than this, and are not metal, are not named.
    below_heart_mm, below_root_mm, above_root_mm : float
        Only lesions from so far below the bottom of the heart (where that is not shown: below the root) to so far above
        the root are named; stones of the belly and the larynx are other organs' [mm].
    aorta_mm : float
        And those within this distance of the aorta, at any height [mm].
    """

    piece_mm: float = 6.0
    lean: float = 0.5
    part_mm3: float = 2.0
    part_odds: float = 10.0
    alternative: float = 0.05
    sure: float = 0.7
    least: float = 0.3
    min_confidence: float = 0.15
    artery_trust: float = 0.5
    course_mm: float = 4.0
    worth: float = 0.1
    below_heart_mm: float = 12.0
    below_root_mm: float = 95.0
    above_root_mm: float = 150.0
    aorta_mm: float = 8.0
