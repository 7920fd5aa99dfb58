"""Choices of the part of the page that shows the heart."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HeartPageSettings"]


@dataclass(frozen=True, slots=True)
class HeartPageSettings:
    """What of the heart is shown, and from when on a lesion is one to check first. All are choices of ours.

    Parameters
    ----------
    sure_below : float
        A lesion whose structure is less probable than this is to be checked first.
    other_site_from : float
        So is a counted one that belongs to another site with at least this probability: the sums would change.
    heart_from : float
        So is calcium that is not counted, if it belongs to heart or great vessels with at least this probability.
    kind_between : (float, float)
        So is one whose confidence to be calcification at all lies between these.
    max_first : int
        Lesions to check first with a picture of their own; as many again stand in a list, the rest is counted.
    max_per_artery, max_per_place : int
        Key images of each coronary artery, and of each other structure.
    max_views : int
        Key images of all structures together; every structure gets its first before any gets its second.
    max_bytes : int
        Of all these pictures, as base64 text; what goes beyond is left out and said.
    view_mm : float
        Side of a key image [mm]: the lesion with what lies around it, so that the groove or vessel can be told.
    view_px : int
        The same in pixels.
    around_mm, around_px : float, int
        Side of the small picture beside a lesion to check first, around the middle of all calcium of the heart.
    max_images : int
        Images (series) whose heart is laid open; the rest stands in the tables.
    max_left_out : int
        Rows in the list of what was left out, and kinds of other things that are counted only.
    step_mm3 : tuple of float
        Volumes from which the drawing becomes darker. Steps of a drawing, no grades.
    """

    sure_below: float = 0.8
    other_site_from: float = 0.15
    heart_from: float = 0.25
    kind_between: tuple[float, float] = (0.3, 0.7)
    max_first: int = 6
    max_per_artery: int = 4
    max_per_place: int = 2
    max_views: int = 20
    max_bytes: int = 900_000
    view_mm: float = 70.0
    view_px: int = 264
    around_mm: float = 160.0
    around_px: int = 180
    max_images: int = 2
    max_left_out: int = 24
    step_mm3: tuple[float, ...] = (0.0, 20.0, 100.0, 400.0)
