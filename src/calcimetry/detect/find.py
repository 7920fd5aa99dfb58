"""The search for calcium: every connected body that meets the threshold, judged, and none dropped in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.detect.candidates import Sorted, in_regions, measured, sorted_bodies
from calcimetry.detect.judge import Verdict, in_region, judge
from calcimetry.detect.lesions import lesion, numbered
from calcimetry.detect.rods import is_rod
from calcimetry.detect.settings import DetectSettings
from calcimetry.detect.staples import with_staples
from calcimetry.detect.surroundings import Field

__all__ = ["Found", "find", "look"]


@dataclass(frozen=True, eq=False)
class Found:
    """What was found, and what has to be said about the search itself."""

    lesions: tuple[Lesion, ...]
    notes: tuple[Note, ...] = ()


def find(
    volume: Volume,
    regions: Sequence[Regions] = (),
    *,
    threshold_hu: float,
    settings: DetectSettings = DetectSettings(),
) -> tuple[Lesion, ...]:
    """Lesions of an image: :func:`look` without its notes."""
    return look(volume, regions, threshold_hu=threshold_hu, settings=settings).lesions


def look(
    volume: Volume,
    regions: Sequence[Regions] = (),
    *,
    threshold_hu: float,
    settings: DetectSettings = DetectSettings(),
) -> Found:
    """Lesions of an image, with notes on the search.

    Parameters
    ----------
    volume : Volume
    regions : sequence of Regions
        Those with a region that has a site are *given*: inside each label everything that is at least ``threshold_hu``
        counts, one lesion for each 26-connected body, whatever it looks like, metal beyond doubt apart; nothing
        outside is looked at. Without such, the first is taken for the locator's (body, walls, bone), and bodies in the
        body that are not bone are judged one by one. With none at all the whole image is the body.
    threshold_hu : float
        Inclusive [HU].
    settings : DetectSettings

    Returns
    -------
    Found
        Lesions sorted by place, ids ``L1``..., labels 1... Where no region is given, ``confidence`` weighs noise,
        softness, gas, bone and metal; from ``settings.count_from`` on a lesion counts; the others stay in the list
        with their reason. The skeleton is not listed, pieces of bone apart from it are.
    """
    given = [one for one in regions if any(region.site is not None for region in one.regions)]
    if given:
        return Found(numbered(_given(volume, given, threshold_hu, settings)))
    body = next((one for one in regions if one.labels.any()), None)
    field = Field(volume, body, threshold_hu, settings.noise_floor_hu)
    bodies = sorted_bodies(volume, field, threshold_hu, settings)
    return Found(numbered(_free(volume, field, bodies, threshold_hu, settings)), _notes(bodies, settings))


def _given(volume: Volume, given: Sequence[Regions], threshold_hu: float, settings: DetectSettings) -> list[Lesion]:
    field = Field(volume, None, threshold_hu, settings.noise_floor_hu)
    return [
        lesion(
            volume,
            candidate,
            in_region(candidate.shape, candidate.around),
            site=region.site or "unassigned",
            structure=region.structure or region.name,
        )
        for one in given
        for region, bodies in in_regions(volume, one, threshold_hu)
        for candidate in measured(volume, field, bodies)
    ]


def _free(volume: Volume, field: Field, bodies: Sorted, threshold_hu: float, settings: DetectSettings) -> list[Lesion]:
    islands = bodies.parted
    candidates = [*measured(volume, field, bodies.loose), *measured(volume, field, islands.bodies, islands)]
    candidates += measured(volume, field, bodies.strips.bodies, rim_shares=bodies.strips.rim_shares)
    verdicts = []
    for one in candidates:
        if is_rod(one.shape, one.index, one.hu, field.spacing_mm):
            verdicts.append(_ROD)
        else:
            verdicts.append(
                judge(
                    one.shape,
                    one.around,
                    one.word,
                    threshold_hu,
                    parted=one.parted,
                    rim_share=one.rim_share,
                    count_from=settings.count_from,
                )
            )
    verdicts = with_staples(candidates, verdicts, field)
    found = [lesion(volume, one, verdict) for one, verdict in zip(candidates, verdicts, strict=True)]
    found += [lesion(volume, one, _BONE) for one in measured(volume, field, bodies.bone)]
    found += [
        lesion(volume, one, _ROD)
        for one in measured(volume, field, bodies.outside)
        if is_rod(one.shape, one.index, one.hu, field.spacing_mm)
    ]
    return found


_ROD = Verdict("marker", 0.02, "straight even cylinder along the axis: a calibration rod")
_BONE = Verdict("bone", 0.02, "part of the skeleton")


def _notes(bodies: Sorted, settings: DetectSettings) -> tuple[Note, ...]:
    notes = []
    if bodies.cut_short:
        text = (
            f"More than {settings.max_runs} pieces of rows meet the threshold (a chest has some hundred thousand): "
            "only the first slices were searched. Give regions, or a series with less noise."
        )
        notes.append(Note("detect-cut-short", text, "caution"))
    if bodies.left_out:
        text = (
            f"{bodies.left_out} small or faint ones beyond the first {settings.max_listed} meet the threshold and are "
            "not listed; expected fewer in an image of a person: noise or contrast medium."
        )
        notes.append(Note("detect-cut-short", text, "caution"))
    return tuple(notes)
