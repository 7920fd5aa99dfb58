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
from calcimetry.detect.breast.arteries import Artery, arteries
from calcimetry.detect.breast.coarse import Body, bodies
from calcimetry.detect.breast.field import Field, field_of
from calcimetry.detect.breast.groups import Cluster, grouped
from calcimetry.detect.breast.outline import outlined
from calcimetry.detect.breast.settings import BreastDetectSettings
from calcimetry.detect.breast.spot_features import spot_features
from calcimetry.detect.breast.spot_model import SpotModel, shipped
from calcimetry.detect.breast.spots import Spots, candidates

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
    model: SpotModel | None = None,
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
    model : SpotModel, optional
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
    spots = candidates(field, settings.spots)
    values = spot_features(field, spots)
    ratio, piece = model.evidence(values)
    large = _large(field, spots, ratio, settings)
    inside = _within(field, spots, large)
    places = spots.index.astype(np.float64) * field.mm
    free = inside < 0
    tracks = arteries(places, np.where(free, ratio, -np.inf), np.where(free, piece, 0.0), settings.arteries)
    beside = _beside(places, tracks)
    piece[(inside >= 0) | beside] = 1.0
    area = float(field.inside.sum()) * field.mm**2
    found = grouped(places, ratio, piece, area, settings.groups)
    confidence = [model.confidence(one.surprise) for one in found]
    listed = np.flatnonzero(free & ~beside & (ratio >= settings.spots.listed_from))
    member = np.unique(np.concatenate([one.members for one in found])) if found else np.zeros(0, np.intp)
    listed = np.union1d(listed, member)
    drafts: list[tuple[Lesion, int]] = [(_of_body(projection, field, one), -1) for one in large]
    drafts += [(_of_artery(projection, field, one), -1) for one in tracks]
    drafts += [(_of_spot(projection, field, spots, int(n), float(ratio[n]), mm), int(n)) for n in listed]
    drafts.sort(key=lambda pair: (pair[0].center_index, pair[0].bounds_index, pair[1]))
    lesions = tuple(replace(one, id=f"L{n}", label=n) for n, (one, _) in enumerate(drafts, start=1))
    names = {number: one for one, (_, number) in zip(lesions, drafts, strict=True) if number >= 0}
    least = model.reported_from if settings.groups.reported_from is None else settings.groups.reported_from
    groups = [
        _group(projection, one, [names[int(k)] for k in one.members], ratio, sure, one.surprise >= least)
        for one, sure in zip(found, confidence, strict=True)
        if sure >= settings.groups.floor
    ]
    groups.sort(key=lambda one: -one.confidence)
    return BreastFound(lesions, tuple(replace(one, id=f"G{n}") for n, one in enumerate(groups, start=1)))


def _large(field: Field, spots: Spots, ratio: NDArray[np.float64], settings: BreastDetectSettings) -> list[Body]:
    """Bodies, without those that are a chain of spots."""
    kept = []
    sure = np.zeros(field.pixels.shape, bool)
    strong = spots.index[ratio > settings.groups.from_llr]
    sure[strong[:, 0], strong[:, 1]] = True
    for one in bodies(field, settings.coarse):
        chain = one.width_mm < settings.coarse.chain_mm and int(sure[one.place][one.bits].sum()) >= 3
        if not chain:
            kept.append(one)
    return kept


def _within(field: Field, spots: Spots, large: list[Body]) -> NDArray[np.intp]:
    """Number of the body that each spot lies in or at (-1: none)."""
    numbers = np.full(field.pixels.shape, -1, np.intp)
    grow = max(1, round(0.6 / field.mm))
    for n, one in enumerate(large):
        rows, columns = one.place
        r0, c0 = max(rows.start - grow, 0), max(columns.start - grow, 0)
        padded = np.pad(one.bits, ((rows.start - r0, grow), (columns.start - c0, grow)))
        wide = ndimage.binary_dilation(padded, iterations=grow)
        part = numbers[r0 : r0 + wide.shape[0], c0 : c0 + wide.shape[1]]
        part[wide[: part.shape[0], : part.shape[1]]] = n
    return np.asarray(numbers[spots.index[:, 0], spots.index[:, 1]])


def _beside(places_mm: NDArray[np.float64], tracks: list[Artery]) -> NDArray[np.bool_]:
    """Which spots lie on a track or within 1.2 mm of it."""
    out = np.zeros(len(places_mm), bool)
    for one in tracks:
        out[one.members] = True
        start, run = one.path[:, 0], one.path[:, 1] - one.path[:, 0]
        off = places_mm[:, None] - start[None]
        t = np.clip((off * run).sum(axis=2) / np.maximum((run**2).sum(axis=1), 1e-9), 0, 1)
        out |= np.hypot(*(off - t[..., None] * run).transpose(2, 0, 1)).min(axis=1) <= 1.2
    return out


def _of_artery(projection: Projection, field: Field, one: Artery) -> Lesion:
    """One lesion: the band along the track, 1.2 mm wide."""
    low = np.floor(one.path.min(axis=(0, 1)) / field.mm).astype(int) - 4
    high = np.ceil(one.path.max(axis=(0, 1)) / field.mm).astype(int) + 5
    low, high = np.maximum(low, 0), np.minimum(high, np.array(field.pixels.shape))
    line = np.zeros((high[0] - low[0], high[1] - low[1]), bool)
    t = np.linspace(0, 1, 40)[:, None, None]
    points = (one.path[:, 0] * (1 - t) + one.path[:, 1] * t).reshape(-1, 2) / field.mm - low
    index = np.clip(np.rint(points).astype(int), 0, np.array(line.shape) - 1)
    line[index[:, 0], index[:, 1]] = True
    band = ndimage.distance_transform_edt(~line) * field.mm <= 0.6
    bits = np.repeat(np.repeat(band, field.step, axis=0), field.step, axis=1)
    start = (field.origin[0] + int(low[0]) * field.step, field.origin[1] + int(low[1]) * field.step)
    return _lesion(
        projection,
        start,
        np.asarray(bits, bool),
        kind="calcification",
        confidence=0.5 + 0.4 * one.piece,
        counted=True,
        pattern=("br_vascular",),
        evidence={
            "length_mm": round(one.length_mm, 1),
            "pieces": float(len(one.members)),
            "piece": round(one.piece, 3),
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
            "sharp": round(one.sharp, 3),
        },
    )


def _of_spot(projection: Projection, field: Field, spots: Spots, n: int, ratio: float, mm: float) -> Lesion:
    place = field.to_image(spots.index[n][None].astype(np.float64))[0]
    start, bits = outlined(projection.pixels, (float(place[0]), float(place[1])), mm)
    # One in twenty candidates is calcium: what the evidence is weighed against.
    confidence = float(1 / (1 + np.exp(-(ratio + np.log(0.05 / 0.95)))))
    counted = ratio >= -np.log(0.05 / 0.95)
    return _lesion(
        projection,
        start,
        bits,
        kind="calcification",
        confidence=confidence,
        counted=bool(counted),
        reason=None if counted else "below the operating point",
        evidence={"evidence": round(ratio, 3), "height": round(float(spots.z[n]), 2)},
    )


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
