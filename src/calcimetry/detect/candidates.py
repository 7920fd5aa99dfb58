"""Bodies of voxels that meet the threshold: in the body apart from bone, or inside given regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Volume
from calcimetry.core.regions import Region, Regions
from calcimetry.detect.lesions import Candidate
from calcimetry.detect.parting import Parted, part
from calcimetry.detect.settings import DetectSettings
from calcimetry.detect.shape import shape_of
from calcimetry.detect.strips import Strips, part_strips, without
from calcimetry.detect.surroundings import Field
from calcimetry.imaging.components import Bodies, Runs, connect, find_bodies, find_runs
from calcimetry.imaging.grid import axis_maps, spread

__all__ = ["Sorted", "in_regions", "measured", "sorted_bodies"]

Bits = NDArray[np.bool_]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sorted:
    """Bodies of an image, by what has to be done with them.

    loose : away from bone, weightiest first; ``parted`` : loosened from bone; ``strips`` : parted from it by form;
    ``bone`` : pieces of bone worth a line;
    ``outside`` : outside the body, large enough for a calibration rod.
    left_out : how many loose bodies the cap of the list left out; ``cut_short`` : whether runs beyond the cap were not
    even looked at.
    """

    loose: Bodies
    parted: Parted
    strips: Strips
    bone: Bodies
    outside: Bodies
    left_out: int
    cut_short: bool


def sorted_bodies(volume: Volume, field: Field, threshold_hu: float, settings: DetectSettings) -> Sorted:
    """All bodies of the image, sorted."""
    runs = find_runs(volume.pixels, threshold_hu, limit=settings.max_runs)
    cut_short = len(runs) > settings.max_runs
    runs = runs[: settings.max_runs]
    labels = field.labels(_middles(runs)) if len(runs) else np.zeros(0, dtype=np.uint8)
    outside = find_bodies(runs[labels == 0])
    inside, labels = runs[labels > 0], labels[labels > 0]
    numbers = connect(inside)
    voxel_mm3, pixel_mm2 = volume.geometry.voxel_mm3, volume.geometry.pixel_mm2
    sizes = np.bincount(numbers, inside.lengths)
    bone_share = np.bincount(numbers, inside.lengths * field.is_bone(labels)) / np.maximum(sizes, 1.0)
    large = np.zeros(len(sizes))
    if len(inside):
        pieces = connect(inside, within_slice=True)
        np.maximum.at(large, numbers, np.bincount(pieces, inside.lengths)[pieces] * pixel_mm2)
    of_bone = bone_share > 0.3
    loose = np.flatnonzero(~of_bone & (large >= settings.min_piece_mm2))
    bodies = find_bodies(inside, numbers)
    weight = _weights(volume, bodies.chosen(loose), threshold_hu)
    loose = loose[np.argsort(-weight, kind="stable")]
    listed = (sizes * voxel_mm3 >= settings.bone_listed_mm3) & (sizes * voxel_mm3 < settings.skeleton_mm3)
    skeleton = of_bone[numbers]
    strips = part_strips(volume, field, inside[skeleton], threshold_hu)
    rest = without(inside[skeleton], strips.bodies.runs)
    parted = part(volume, rest, field.is_free(field.labels(_middles(rest)), _middles(rest)), threshold_hu)
    # a piece of bone that something came loose from is told by that: no voxel is in two lesions
    for one in (parted.bodies, strips.bodies):
        listed[numbers[_holding(inside, one)]] = False
    pieces_of_bone = np.flatnonzero(of_bone & listed)
    pieces_of_bone = pieces_of_bone[np.argsort(-sizes[pieces_of_bone], kind="stable")]
    return Sorted(
        loose=bodies.chosen(loose[: settings.max_listed]),
        parted=parted,
        strips=strips,
        bone=bodies.chosen(np.sort(pieces_of_bone[: settings.max_listed])),
        outside=outside.chosen(np.flatnonzero(outside.voxels * voxel_mm3 >= settings.outside_mm3)[:50]),
        left_out=max(0, len(loose) - settings.max_listed),
        cut_short=cut_short,
    )


def _holding(runs: Runs, bodies: Bodies) -> Whole:
    """Which runs hold the first voxel of each body."""
    width = runs.shape[2]
    first = bodies.runs[bodies.offsets[:-1]]
    return np.searchsorted(runs.row * width + runs.first, first.row * width + first.first, "right") - 1


def _middles(runs: Runs) -> Whole:
    return np.stack([runs.slices, runs.rows, (runs.first + runs.stop - 1) // 2], axis=1)


def _weights(volume: Volume, bodies: Bodies, threshold_hu: float) -> NDArray[np.float64]:
    """What makes a body worth a look: its peak above the threshold, and its size."""
    if not len(bodies):
        return np.zeros(0)
    hu = volume.pixels[np.unravel_index(bodies.runs.voxels(), volume.geometry.shape)]
    starts = np.concatenate([[0], np.cumsum(bodies.voxels)[:-1]])
    peak = np.maximum.reduceat(hu, starts).astype(np.float64)
    return np.asarray((peak - threshold_hu + 10.0) * np.sqrt(bodies.voxels))


def measured(
    volume: Volume,
    field: Field,
    bodies: Bodies,
    parted: Parted | None = None,
    rim_shares: Sequence[float] | None = None,
) -> Iterator[Candidate]:
    """Each body with its shape and surroundings; of ``parted`` the bodies are the islands, of ``rim_shares`` strips."""
    for number in range(len(bodies)):
        start, bits = bodies.bits(number)
        index = bodies.body(number).indices()
        hu = volume.pixels[tuple(index.T)]
        yield Candidate(
            start,
            bits,
            index,
            hu,
            shape_of(index, hu, field.spacing_mm),
            field.around(start, bits, index),
            field.word(index),
            None if parted is None else parted.profiles[number],
            None if rim_shares is None else rim_shares[number],
        )


def in_regions(volume: Volume, regions: Regions, threshold_hu: float) -> Iterator[tuple[Region, Bodies]]:
    """For each region that is scored, the bodies inside it; a body ends where its region ends."""
    maps = axis_maps(volume.geometry, regions.geometry)
    boxes = ndimage.find_objects(regions.labels)
    for region in regions.regions:
        if region.site is None or region.label > len(boxes) or boxes[region.label - 1] is None:
            continue
        if maps is None:
            yield region, find_bodies(_runs_by_position(volume, regions, region.label, threshold_hu))
            continue
        low, stop = _box(boxes[region.label - 1], maps, volume.geometry.shape)

        def keep(k0: int, k1: int, label: int = region.label, low: Whole = low, stop: Whole = stop) -> Bits:
            cut = (maps[0][low[0] : stop[0]], maps[1][low[1] : stop[1]], maps[2][low[2] : stop[2]])
            return np.asarray(spread(regions.labels, cut, k0, k1) == label)

        part_of = volume.pixels[low[0] : stop[0], low[1] : stop[1], low[2] : stop[2]]
        runs = find_runs(part_of, threshold_hu, keep=keep)
        yield region, find_bodies(_moved(runs, low, volume.geometry.shape))


def _box(
    box: tuple[slice, ...], maps: tuple[NDArray[np.intp], ...], shape: tuple[int, int, int]
) -> tuple[Whole, Whole]:
    """The part of the image whose nearest label voxels lie in a box of the label map."""
    low, stop = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    for axis in range(3):
        inside = np.flatnonzero((maps[axis] >= box[axis].start) & (maps[axis] < box[axis].stop))
        if len(inside):
            low[axis], stop[axis] = inside[0], inside[-1] + 1
    return low, np.minimum(stop, np.array(shape))


def _moved(runs: Runs, low: Whole, shape: tuple[int, int, int]) -> Runs:
    """Runs of a part of the image as runs of the image."""
    row = (runs.slices + low[0]) * shape[1] + runs.rows + low[1]
    return Runs(shape, row, runs.first + low[2], runs.stop + low[2])


def _runs_by_position(volume: Volume, regions: Regions, label: int, threshold_hu: float) -> Runs:
    """Runs inside a region of a grid that is turned against the image's: each voxel is asked for its label."""
    shape = volume.geometry.shape

    def keep(k0: int, k1: int) -> Bits:
        out = np.zeros((k1 - k0, *shape[1:]), dtype=bool)
        for k in range(k0, k1):
            index = np.stack(np.meshgrid([k], range(shape[1]), range(shape[2]), indexing="ij"), -1).reshape(-1, 3)
            out[k - k0] = (regions.at(volume.geometry, index) == label).reshape(shape[1:])
        return out

    return find_runs(volume.pixels, threshold_hu, keep=keep)
