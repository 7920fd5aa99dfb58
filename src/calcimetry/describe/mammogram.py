"""Words for all that was found on a mammogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.group import Group
from calcimetry.core.image import Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.core.word import Word
from calcimetry.describe.arrangement import arrangement
from calcimetry.describe.distribution import distribution
from calcimetry.describe.likelihood import explained
from calcimetry.describe.measures import group_measures
from calcimetry.describe.milk import TRUE_LATERAL, level
from calcimetry.describe.model import FormModel, shipped
from calcimetry.describe.morphology import morphology
from calcimetry.describe.place import breast_mm2, depths_mm, in_fold
from calcimetry.describe.settings import BreastWordSettings, ShapeSettings
from calcimetry.describe.shape import Shape, shape_of
from calcimetry.describe.weighing import weighed_distribution
from calcimetry.describe.words import particle_words, weighed
from calcimetry.imaging.threads import side_by_side

__all__ = ["Described", "breast"]

_FORM_ONLY = ("br_vascular", "br_rim")
"""Words that need no millimeters."""
_NO_SPECKS = ("br_vascular", "br_large_rodlike", "br_suture", "br_rim", "br_coarse_popcorn")
"""Large forms, each a thing of its own: they take no part in a distribution."""


@dataclass(frozen=True, eq=False)
class Described:
    """The same lesions and groups, in the same order, with words and measures; and what must be said about them."""

    lesions: tuple[Lesion, ...]
    groups: tuple[Group, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class _Formed:
    """A lesion with its form; ``own`` is empty where it is too small for words."""

    lesion: Lesion
    shape: Shape
    shares: NDArray[np.float64]
    own: dict[str, float]


def breast(
    projection: Projection,
    lesions: Sequence[Lesion],
    groups: Sequence[Group],
    regions: Regions,
    mm: float | None,
    *,
    nipple_index: tuple[float, float] | None = None,
    settings: BreastWordSettings = BreastWordSettings(),
    model: FormModel | None = None,
) -> Described:
    """Give calcifications and groups of a mammogram their words.

    Parameters
    ----------
    projection : Projection
        White is dense.
    lesions, groups : sequences
        What was found on it.
    regions : Regions
        Map of the mammogram, on its grid.
    mm : float or None
        Millimeters of a pixel; ``None`` where unknown: then nothing that needs a size is said, and a note says so.
    nipple_index : (float, float), optional
        Row and column of the nipple; without it nothing is called segmental.
    settings : BreastWordSettings
    model : FormModel, optional
        The one that ships, unless another is given.
    """
    if mm is None:
        return _without_size(lesions, groups)
    model = model or shipped()
    # A speck below the operating point and outside of every group needs no word, and there are hundreds.
    members = {member for one in groups for member in one.lesions}
    wanted = [one for one in lesions if one.counted or one.id in members]
    formed = _formed(projection, wanted, regions, mm, settings, model)
    named = tuple(_named(one, formed.get(one.id)) for one in lesions)
    by_id = {one.id: one for one in named}
    area = breast_mm2(regions, mm)
    nipple = None if nipple_index is None else (nipple_index[0] * mm, nipple_index[1] * mm)
    least = settings.distribution.least_confidence
    large = {one.id for one in lesions if set(one.pattern) & set(_NO_SPECKS)}
    specks = {one.id for one in named if _speck(one, large)}
    taking = {one.id for one in named if one.id in specks and one.confidence >= least}

    def told(one: Group) -> Group:
        own = _grouped(one, by_id, formed, mm, settings, model)
        return _lying(own, groups, by_id, specks, taking, area, nipple, mm, settings, model)

    out = tuple(side_by_side(told, groups))
    return Described(named, out, _notes(projection, named, formed, _least_px(projection, mm, settings.shape)))


def _formed(
    projection: Projection, lesions: Sequence[Lesion], regions: Regions, mm: float, settings: BreastWordSettings,
    model: FormModel,
) -> dict[str, _Formed]:  # fmt: skip
    """Form of every calcification that has an outline, by id."""
    use = [one for one in lesions if one.kind == "calcification" and one.mask is not None]
    if not use:
        return {}
    places = np.array([one.center_index[1:] for one in use], np.float64)
    depth = depths_mm(regions, places, mm)
    shapes = [
        shape_of(projection.pixels, one.mask, mm, float(far), settings.shape)
        for one, far in zip(use, depth, strict=True)
        if one.mask is not None
    ]
    rows = np.array([[*shape.row, mm] for shape in shapes])
    shares = model.particle.probabilities(rows)
    least = _least_px(projection, mm, settings.shape)
    out = {}
    for one, shape, share in zip(use, shapes, shares, strict=True):
        own: dict[str, float] = {}
        if shape.width_px >= least and "br_vascular" not in one.pattern:
            fold = in_fold(regions, (one.center_index[1], one.center_index[2]))
            flat = level(projection.pixels, one.mask) if one.mask and projection.view in TRUE_LATERAL else 0.0
            own = weighed(share, model.particle.classes, shape, fold, flat, settings.shape)
        out[one.id] = _Formed(one, shape, share, own)
    return out


def _least_px(projection: Projection, mm: float, settings: ShapeSettings) -> float:
    """Width below which a particle of this image has no word for its form."""
    if projection.acquisition.lossy is not None:
        return settings.least_lossy_px
    return settings.least_px if mm <= settings.fitted_mm else settings.least_coarse_px


def _named(lesion: Lesion, formed: _Formed | None) -> Lesion:
    """One lesion with its words; arteries stay what detection called them."""
    if formed is None or "br_vascular" in lesion.pattern:
        return lesion
    sizes = {name: round(formed.shape.values[name], 3) for name in ("diameter_mm", "length_mm", "width_mm")}
    evidence = {**lesion.evidence, **sizes, "width_px": round(formed.shape.width_px, 2)}
    if not formed.own:
        return replace(lesion, pattern=(), words=(), evidence={**evidence, "too_small_for_shape": 1.0})
    words = particle_words(formed.own, formed.shape)
    return replace(lesion, pattern=(words[0].word,), words=words, evidence=evidence)


def _speck(lesion: Lesion, large: set[str]) -> bool:
    """Whether its place counts for a distribution.

    What the search outlined as one large thing, and looks like one, does not; what it took for a speck does, though its
    form be that of a ring: a small dark middle is soon a matter of noise.
    """
    if lesion.kind != "calcification" or "br_vascular" in lesion.pattern:
        return False
    return lesion.id not in large or not set(lesion.pattern) & set(_NO_SPECKS)


def _grouped(
    group: Group, by_id: dict[str, Lesion], formed: dict[str, _Formed], mm: float, settings: BreastWordSettings,
    model: FormModel,
) -> Group:  # fmt: skip
    """One group with the word for its form, and measures."""
    members = [by_id[name] for name in group.lesions if name in by_id and name in formed]
    if not members:
        return group
    forms = [formed[one.id] for one in members]
    places = np.array([one.center_index[1:] for one in members], np.float64) * mm
    measures = group_measures(places, np.array([one.shape.values["diameter_mm"] for one in forms]))
    shaped = [one for one in forms if one.own]
    sure = np.array([max(one.lesion.confidence, 0.05) for one in forms])
    with_shape = np.array([bool(one.own) for one in forms])
    form: tuple[Word, ...] = ()
    limits = settings.morphology
    if len(shaped) >= limits.least and sure[with_shape].sum() >= limits.least_share * sure.sum():
        form = morphology(
            np.array([one.shape.row for one in shaped]),
            [one.own for one in shaped],
            np.array([one.shares for one in shaped]),
            sure[with_shape],
            mm,
            model,
            limits,
        )
    return replace(
        group,
        morphology=form[0].word if form else None,
        words=form,
        measures={**group.measures, **measures},
        evidence={**group.evidence, "too_small_for_shape": float(len(forms) - len(shaped))},
    )


def _lying(
    group: Group, groups: Sequence[Group], by_id: dict[str, Lesion], specks: set[str], taking: set[str],
    breast_area_mm2: float, nipple_mm: tuple[float, float] | None, mm: float, settings: BreastWordSettings,
    model: FormModel,
) -> Group:  # fmt: skip
    """One group with the word for how it lies, after those it has."""
    limits = settings.distribution
    inside = [name for name in group.lesions if name in specks]
    if len(inside) < limits.least:
        return group
    apart = [name for name in by_id if name in taking and name not in set(inside)]
    where = {name: n for n, name in enumerate((*inside, *apart))}
    places = np.array([by_id[name].center_index[1:] for name in where], np.float64) * mm
    sure = np.array([by_id[name].confidence for name in where])
    k = len(inside)
    patch = arrangement(places[:k], places[k:], breast_area_mm2, limits, sure[:k], sure[k:])
    others = [
        np.array([where[name] for name in one.lesions if where.get(name, 0) >= k], np.intp)
        for one in groups
        if one.id != group.id and one.confidence >= settings.patterns.group_from
    ]
    found = explained(
        places[:k],
        places[k:],
        sure,
        [one for one in others if len(one) >= limits.least],
        breast_area_mm2,
        None if nipple_mm is None else np.array(nipple_mm),
        settings.patterns,
    )
    lie = weighed_distribution(k, patch, distribution(patch, nipple_mm, limits), found, model.distribution)
    return replace(group, distribution=lie[0].word if lie else None, words=(*group.words, *lie))


def _without_size(lesions: Sequence[Lesion], groups: Sequence[Group]) -> Described:
    """Where a pixel is of unknown size: form words that need none stay, everything else is left open."""
    kept = tuple(replace(one, pattern=tuple(word for word in one.pattern if word in _FORM_ONLY)) for one in lesions)
    note = Note(
        "pixel-unknown",
        "The image does not say how many millimeters a pixel is: no word for form, size or distribution was given. "
        "A file with its pixel spacing, or the spacing stated on the command line, would allow them.",
        "caution",
    )
    return Described(kept, tuple(groups), (note,))


def _notes(
    projection: Projection, named: Sequence[Lesion], formed: dict[str, _Formed], least_px: float
) -> tuple[Note, ...]:
    """What has to be said where particles have no word."""
    small = sum("too_small_for_shape" in one.evidence and one.counted for one in named)
    if not small:
        return ()
    every = sum(one.id in formed and one.counted for one in named)
    if projection.acquisition.lossy is not None:
        text = (
            f"The image was compressed with loss: {small} of {every} calcifications are narrower than "
            f"{least_px:g} pixels and have no word for their form. The original would tell."
        )
        return (Note("shape-lossy", text, "caution"),)
    text = (
        f"{small} of {every} calcifications are narrower than {least_px:g} pixels and have no word for "
        "their form. A magnification view would tell."
    )
    return (Note("shape-too-small", text, "info"),)
