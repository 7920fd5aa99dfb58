"""The search on a mammogram: large things, then spots, then groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.group import Group
from calcimetry.core.image import Projection
from calcimetry.core.lesion import Kind, Lesion, Mask
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.detect.breast.arteries import Artery, arteries, band, linked, near_course, track_values
from calcimetry.detect.breast.both import Seen, seen
from calcimetry.detect.breast.coarse import Body, bodies
from calcimetry.detect.breast.field import Field, field_of, finer
from calcimetry.detect.breast.groups import Cluster, grouped
from calcimetry.detect.breast.outline import Outlined, outlined
from calcimetry.detect.breast.ridges import pieces
from calcimetry.detect.breast.rings import small_rings
from calcimetry.detect.breast.settings import BreastDetectSettings
from calcimetry.detect.breast.spot_model import BreastModel, shipped

__all__ = ["BreastFound", "look_breast"]

_KINDS: dict[str, Kind] = {"metal": "metal", "artefact": "artefact", "marker": "marker"}


@dataclass(frozen=True, eq=False)
class BreastFound:
    """What was found on a mammogram, and what has to be said about the search itself."""

    lesions: tuple[Lesion, ...]
    groups: tuple[Group, ...]
    notes: tuple[Note, ...] = ()


def look_breast(
    projection: Projection,
    regions: Regions,
    mm: float,
    *,
    settings: BreastDetectSettings = BreastDetectSettings(),
    model: BreastModel | None = None,
) -> BreastFound:
    """Calcifications of a mammogram and their groups.

    Parameters
    ----------
    projection : Projection
        White is dense.
    regions : Regions
        Map of the mammogram on its grid: where the breast is, and what in it is skin, edge or line.
    mm : float
        Millimeters of a pixel; where the image does not tell, the one that the map was made with.
    settings : BreastDetectSettings
    model : BreastModel, optional
        The one that ships, unless another is given.

    Returns
    -------
    BreastFound
        Lesions sorted by place, ids ``L1``..., labels 1...; groups ``G1``..., the surest first. Spots below the
        operating point are listed with their confidence and a reason, and are not counted.
    """
    model = model or shipped()
    field = field_of(projection, regions, mm, settings.spots)
    if field is None:
        return BreastFound((), ())
    close = finer(projection, field, settings.spots)
    spots = seen(field, close, model, settings.spots)
    ratio, piece = spots.ratio, spots.piece.copy()
    sharpest, here = close or field, field.of_image(spots.places)
    large = _large(projection, field, sharpest, spots, settings)
    tracks = _vessels(field, sharpest, large, model, settings)
    large = [one for one in large if not _is_vessel(one, sharpest, field, tracks, settings)]
    inside = _within(sharpest, spots.places, large)
    beside = near_course(here, tracks, field.mm, settings.arteries.beside_mm)
    # What lies where the other wall of a long artery is may be that: it is listed, and makes no group by itself.
    long = [one for one in tracks if one.length_mm >= settings.arteries.long_mm]
    wall = near_course(here, long, field.mm, settings.arteries.wall_mm)
    places = here * field.mm
    free = inside < 0
    piece[(inside >= 0) | beside] = 1.0
    area = float(field.inside.sum()) * field.mm**2
    found = grouped(places, ratio, piece, area, settings.groups)
    confidence = [model.usual.confidence(one.surprise) for one in found]
    listed = np.flatnonzero(free & ~beside & (ratio >= settings.spots.listed_from))
    member = np.unique(np.concatenate([one.members for one in found])) if found else np.zeros(0, np.intp)
    listed = np.union1d(listed, member)
    drafts: list[tuple[Lesion, int]] = [(_of_body(projection, sharpest, one), -1) for one in large]
    drafts += [(_of_artery(projection, field, one), -1) for one in tracks]
    outlines = outlined(projection.pixels, spots.places[listed], mm)
    drafts += [(_of_spot(projection, spots, int(n), one), int(n)) for n, one in zip(listed, outlines, strict=True)]
    drafts.sort(key=lambda pair: (pair[0].center_index, pair[0].bounds_index, pair[1]))
    lesions = tuple(replace(one, id=f"L{n}", label=n) for n, (one, _) in enumerate(drafts, start=1))
    names = {number: one for one, (_, number) in zip(lesions, drafts, strict=True) if number >= 0}
    least = model.usual.reported_from if settings.groups.reported_from is None else settings.groups.reported_from
    groups = [
        _group(
            projection,
            one,
            [names[int(k)] for k in one.members],
            ratio,
            sure,
            one.surprise >= least and _distinct(one, names, wall) >= settings.groups.distinct,
        )
        for one, sure in zip(found, confidence, strict=True)
        if sure >= settings.groups.floor
    ]
    groups.sort(key=lambda one: -one.confidence)
    return BreastFound(lesions, tuple(replace(one, id=f"G{n}") for n, one in enumerate(groups, start=1)))


def _large(
    projection: Projection, field: Field, fine: Field, spots: Seen, settings: BreastDetectSettings
) -> list[Body]:
    """Bodies, without those that are a chain of spots."""
    kept = []
    sure = np.zeros(fine.pixels.shape, bool)
    sure[_pixels(fine, spots.places[spots.ratio > settings.groups.from_llr])] = True
    like = np.flatnonzero(spots.piece > settings.coarse.seed_from)[: settings.coarse.seeds]
    like = np.union1d(like, np.arange(min(settings.coarse.highest, len(spots.ratio))))
    seeds = field.of_image(spots.places[like])
    seeds = np.clip(seeds, 0, np.array(field.pixels.shape) - 1)
    for one in bodies(field, settings.coarse, fine, seeds, projection.pixels):
        chain = (
            one.word not in ("br_rim", *_KINDS)
            and one.width_mm < settings.coarse.chain_mm
            and int(sure[one.place][one.bits].sum()) >= 3
        )
        if not chain:
            kept.append(one)
    bright = np.flatnonzero((spots.ratio > settings.rings.from_llr) | (spots.piece > settings.coarse.seed_from))
    bright = bright[np.argsort(-spots.ratio[bright], kind="stable")]
    return [*kept, *small_rings(fine, projection.pixels, spots.places[bright], kept, settings.rings)]


def _vessels(
    field: Field, fine: Field, large: list[Body], model: BreastModel, settings: BreastDetectSettings
) -> list[Artery]:
    """Arteries; a short course alone that lies on one large thing is that thing, a rod or the wall of a ring."""
    found = [one for one in _tracks(field, model, settings) if not _loops(one, field.mm, settings.arteries.loop_share)]
    least = settings.arteries.long_mm

    def share(one: Artery, bodies_there: list[Body]) -> float:
        return float((_within(fine, field.to_image(one.points), bodies_there) >= 0).mean())

    # The rim of a disc and the sides of a clip are lines too.
    foreign = [body for body in large if body.word in _KINDS]
    found = [one for one in found if share(one, foreign) <= 0.3]
    if sum(one.length_mm for one in found if one.length_mm >= least) >= settings.arteries.many_mm:
        return found
    return [one for one in found if one.length_mm >= least or share(one, large) <= 0.5]


def _loops(one: Artery, mm: float, share: float) -> bool:
    """Whether a course bends back upon itself: the wall of a ring does, an artery goes somewhere."""
    points = one.points[:: max(1, len(one.points) // 60)] * mm
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)).max()
    return bool(apart < share * one.length_mm)


def _is_vessel(one: Body, fine: Field, field: Field, tracks: list[Artery], settings: BreastDetectSettings) -> bool:
    """Whether most of a body lies on an artery: then it is a piece of its wall."""
    if one.word in _KINDS or not tracks:
        return False
    places = np.argwhere(one.bits)[:: max(1, int(one.bits.sum()) // 60)] + np.array(one.start)
    here = field.of_image(fine.to_image(places.astype(np.float64)))
    return bool(near_course(here, tracks, field.mm, 0.5 * settings.arteries.beside_mm).mean() > 0.5)


def _pixels(field: Field, places: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of the pixel at each place of the image."""
    rows, columns = np.clip(np.rint(field.of_image(places)).astype(np.intp), 0, np.array(field.pixels.shape) - 1).T
    return rows, columns


def _within(field: Field, places: NDArray[np.float64], large: list[Body]) -> NDArray[np.intp]:
    """Number of the body that each place lies in or at (-1: none)."""
    numbers = np.full(field.pixels.shape, -1, np.intp)
    grow = max(1, round(0.6 / field.mm))
    for n, one in enumerate(large):
        rows, columns = one.place
        r0, c0 = max(rows.start - grow, 0), max(columns.start - grow, 0)
        padded = np.pad(one.bits, ((rows.start - r0, grow), (columns.start - c0, grow)))
        wide = ndimage.binary_dilation(padded, iterations=grow)
        part = numbers[r0 : r0 + wide.shape[0], c0 : c0 + wide.shape[1]]
        part[wide[: part.shape[0], : part.shape[1]]] = n
    return np.asarray(numbers[_pixels(field, places)])


def _tracks(field: Field, model: BreastModel, settings: BreastDetectSettings) -> list[Artery]:
    """Calcified arteries."""
    found = pieces(field, settings.arteries)
    if len(found) == 0:
        return []
    odds = model.lines.logits(found.values)[:, 0]
    tracks = linked(found, odds, field.mm, settings.arteries)
    if not tracks:
        return []
    values = np.stack([track_values(found, odds, one, field.mm) for one in tracks])
    sure = 1 / (1 + np.exp(-model.tracks.logits(values)[:, 0]))
    return arteries(found, odds, tracks, sure, field.mm, settings.arteries)


def _of_artery(projection: Projection, field: Field, one: Artery) -> Lesion:
    """One lesion: the bright part of the course."""
    start, bits = band(one, projection.pixels, field)
    return _lesion(
        projection,
        start,
        bits,
        kind="calcification",
        confidence=min(0.97, one.probability),
        counted=True,
        pattern=("br_vascular",),
        evidence={
            "length_mm": round(one.length_mm, 1),
            "width_mm": round(one.width_mm, 2),
            "pieces": float(one.pieces),
            "artery": round(one.probability, 3),
        },
    )


def _lesion(projection: Projection, start: tuple[int, int], bits: NDArray[np.bool_], **more: Any) -> Lesion:
    """The lesion of an outline on the image's own pixels, not yet numbered."""
    mask = Mask((0, *start), bits[None])
    index = mask.indices()
    center = index.mean(axis=0)
    values = projection.pixels[index[:, 1], index[:, 2]]
    peak = index[int(np.argmax(values))]
    source = projection.sources[0] if projection.sources else None
    return Lesion(
        id="",
        image=projection.id,
        label=0,
        center_index=(0.0, float(center[1]), float(center[2])),
        center_mm=None,
        bounds_index=(mask.start, mask.stop),
        peak_index=(0, int(peak[1]), int(peak[2])),
        site="breast",
        laterality=projection.laterality,
        sop_instance_uid=source.sop_instance_uid if source else None,
        instance_number=source.instance_number if source else None,
        mask=mask,
        **more,
    )


def _of_body(projection: Projection, field: Field, one: Body) -> Lesion:
    kind = _KINDS.get(one.word, "calcification")
    step = field.step
    bits = np.repeat(np.repeat(one.bits, step, axis=0), step, axis=1)
    start = (field.origin[0] + one.start[0] * step, field.origin[1] + one.start[1] * step)
    calcium = kind == "calcification"
    return _lesion(
        projection,
        start,
        np.asarray(bits, bool),
        kind=kind,
        confidence=0.9 if calcium else 0.05,
        counted=calcium,
        reason=None if calcium else kind,
        pattern=(one.word,) if calcium else (),
        evidence={
            "height": round(one.height, 2),
            "extent_mm": round(one.extent_mm, 2),
            "width_mm": round(one.width_mm, 2),
            "hollow": round(one.hollow, 3),
            "lumen": round(one.lumen, 3),
            "full": round(one.full, 3),
            "sharp": round(one.sharp, 3),
        },
    )


def _of_spot(projection: Projection, spots: Seen, n: int, outline: Outlined) -> Lesion:
    ratio = float(spots.ratio[n])
    # One in twenty candidates is calcium: what the evidence is weighed against.
    confidence = float(1 / (1 + np.exp(-(ratio + np.log(0.05 / 0.95)))))
    counted = ratio >= -np.log(0.05 / 0.95)
    return _lesion(
        projection,
        outline.start,
        outline.bits,
        kind="calcification",
        confidence=confidence,
        counted=bool(counted),
        reason=None if counted else "below the operating point",
        evidence={"evidence": round(ratio, 3), "height": round(float(spots.z[n]), 2), "snr": round(outline.snr, 2)},
    )


def _distinct(cluster: Cluster, names: dict[int, Lesion], wall: NDArray[np.bool_]) -> int:
    """How many members are calcifications by themselves, and none that an artery's other wall may hold."""
    return sum(names[int(n)].counted and not wall[n] for n in cluster.members)


def _group(
    projection: Projection,
    cluster: Cluster,
    mine: list[Lesion],
    ratio: NDArray[np.float64],
    confidence: float,
    reported: bool,
) -> Group:
    weights = np.clip(ratio[cluster.members], 0.1, 3.0)
    center = np.average([one.center_index for one in mine], axis=0, weights=weights)
    low = np.min([one.bounds_index[0] for one in mine], axis=0)
    high = np.max([one.bounds_index[1] for one in mine], axis=0)
    return Group(
        id="",
        image=projection.id,
        lesions=tuple(sorted((one.id for one in mine), key=lambda name: int(name[1:]))),
        confidence=confidence,
        reported=reported,
        center_index=(float(center[0]), float(center[1]), float(center[2])),
        bounds_index=((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2]))),
        laterality=projection.laterality,
        evidence={
            "surprise": round(cluster.surprise, 3),
            "expected": round(cluster.expected, 3),
            "radius_mm": cluster.radius_mm,
            "count": float(len(mine)),
        },
    )
