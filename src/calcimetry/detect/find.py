"""Candidates: connected bodies at least as dense as the threshold, judged one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.detect.settings import DetectSettings
from calcimetry.imaging.components import Bodies, connect, find_bodies, find_runs
from calcimetry.imaging.grid import axis_maps, spread

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
    """Lesions of an image; see :func:`look`, which also hands back notes."""
    return look(volume, regions, threshold_hu=threshold_hu, settings=settings).lesions


def look(
    volume: Volume,
    regions: Sequence[Regions] = (),
    *,
    threshold_hu: float,
    settings: DetectSettings = DetectSettings(),
) -> Found:
    """Lesions of an image, with notes."""
    given = [r for r in regions if any(one.site is not None for one in r.regions)]
    if given:
        lesions = [lesion for one in given for lesion in _in_regions(volume, one, threshold_hu)]
        return Found(_numbered(lesions))
    return Found(_numbered(_in_body(volume, regions, threshold_hu, settings)))


def _in_regions(volume: Volume, regions: Regions, threshold_hu: float) -> list[Lesion]:
    lesions = []
    maps = axis_maps(volume.geometry, regions.geometry)
    if maps is None:
        raise ValueError("regions must lie on the image's axes")
    boxes = ndimage.find_objects(regions.labels.astype(np.int32, copy=False))
    for region in regions.regions:
        if region.site is None or region.label > len(boxes) or boxes[region.label - 1] is None:
            continue

        def keep(k0: int, k1: int, label: int = region.label):  # type: ignore[no-untyped-def]
            return spread(regions.labels, maps, k0, k1) == label

        bodies = find_bodies(find_runs(volume.pixels, threshold_hu, keep=keep))
        for number in range(len(bodies)):
            lesions.append(
                replace(
                    _lesion(volume, bodies, number),
                    site=region.site,
                    structure=region.structure or region.name,
                    confidence=0.9,
                )
            )
    return lesions


def _in_body(
    volume: Volume, regions: Sequence[Regions], threshold_hu: float, settings: DetectSettings
) -> list[Lesion]:
    runs = find_runs(volume.pixels, threshold_hu)
    where = np.ones(len(runs), dtype=np.uint8)
    if regions:
        middle = np.stack([runs.slices, runs.rows, (runs.first + runs.stop - 1) // 2], axis=1)
        where = regions[0].at(volume.geometry, middle)
    runs = runs[where > 0]
    pieces = connect(runs, within_slice=True)
    area = np.bincount(pieces, runs.lengths)[pieces] * volume.geometry.pixel_mm2 if len(runs) else np.zeros(0)
    numbers = connect(runs)
    bodies = find_bodies(runs, numbers)
    order = np.argsort(numbers, kind="stable")
    large = np.maximum.reduceat(area[order], bodies.offsets[:-1]) if len(bodies) else np.zeros(0)
    listed = np.flatnonzero(large >= settings.min_piece_mm2)
    listed = listed[np.argsort(-bodies.voxels[listed], kind="stable")][: settings.max_listed]
    lesions = []
    for number in listed:
        if bodies.voxels[number] * volume.geometry.voxel_mm3 > 3000:
            continue
        lesion = _lesion(volume, bodies, int(number))
        lesions.append(replace(lesion, structure="unknown", confidence=0.5))
    return lesions


def _lesion(volume: Volume, bodies: Bodies, number: int) -> Lesion:
    start, bits = bodies.bits(number)
    mask = Mask(start, bits)
    hu = volume.pixels[mask.box]
    where = np.argwhere(bits)
    peak = where[int(np.argmax(hu[bits]))] + np.array(start)
    center = where.mean(axis=0) + np.array(start)
    mm = volume.geometry.to_lps_mm(center)
    source = volume.sources[int(peak[0])] if volume.sources else None
    return Lesion(
        id="",
        image=volume.id,
        label=0,
        kind="calcification",
        center_index=(float(center[0]), float(center[1]), float(center[2])),
        center_mm=(float(mm[0]), float(mm[1]), float(mm[2])),
        bounds_index=(mask.start, mask.stop),
        peak_index=(int(peak[0]), int(peak[1]), int(peak[2])),
        sop_instance_uid=source.sop_instance_uid if source else None,
        instance_number=source.instance_number if source else None,
        mask=mask,
    )


def _numbered(lesions: list[Lesion]) -> tuple[Lesion, ...]:
    ordered = sorted(lesions, key=lambda one: (one.center_index, one.bounds_index, one.structure))
    return tuple(replace(one, id=f"L{n}", label=n) for n, one in enumerate(ordered, start=1))
