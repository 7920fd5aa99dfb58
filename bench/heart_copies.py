"""The same heart in changed copies: is the same calcium counted, under the same artery? Prints Markdown.

    python bench/heart_copies.py SCAN [SCAN ...]

Each scan is analysed as it is and as a copy: a cardiac crop, a field shifted by 12 mm, slices in mirrored order, turned
by 10 degrees in the plane, every slice averaged with the next (thicker, overlapping), every second slice left out, and
with noise of half its own standard deviation added. Calcium of the original's coronary lesions, weighed by volume,
counts as kept where a counted coronary lesion of the copy lies within 4 mm (or reaches there), and as named alike where
its artery is the same (left main and anterior descending taken together, and apart).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

import calcimetry
from calcimetry import locate
from calcimetry.core.case import Case
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion

F64 = NDArray[np.float64]
Place = Callable[[F64], F64]
NEAR_MM = 4.0


def _same(mm: F64) -> F64:
    return mm


def _cut(volume: Volume, low: tuple[int, int, int], stop: tuple[int, int, int]) -> Volume:
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.array(low, dtype=np.float64)
    pixels = volume.pixels[tuple(slice(a, b) for a, b in zip(low, stop, strict=True))].copy()
    return replace(
        volume, pixels=pixels, geometry=Geometry(pixels.shape, affine, volume.geometry.frame_uid), sources=()
    )


def crop(volume: Volume, heart_mm: F64) -> tuple[Volume, Place]:
    """A field of 220 mm about the heart, 150 mm long: what a gated scan shows."""
    at = np.asarray(volume.geometry.to_index(heart_mm))
    shape, spacing = volume.geometry.shape, volume.geometry.spacing_mm
    half = [75.0, 110.0, 110.0]
    low = tuple(int(max(0, a - h / s)) for a, h, s in zip(at, half, spacing, strict=True))
    stop = tuple(int(min(n, a + h / s)) for n, a, h, s in zip(shape, at, half, spacing, strict=True))
    return _cut(volume, low, stop), _same  # type: ignore[arg-type]


def shift(volume: Volume, heart_mm: F64) -> tuple[Volume, Place]:
    """The field moved by 12 mm: a strip of each side is lost."""
    rows = round(12.0 / volume.geometry.spacing_mm[1])
    return _cut(volume, (0, rows, rows), volume.geometry.shape), _same


def mirrored(volume: Volume, heart_mm: F64) -> tuple[Volume, Place]:
    """Slices in the other order."""
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 0] * (volume.geometry.shape[0] - 1)
    affine[:3, 0] *= -1.0
    grid = Geometry(volume.geometry.shape, affine, volume.geometry.frame_uid)
    return replace(volume, pixels=volume.pixels[::-1].copy(), geometry=grid, sources=()), _same


def turned(volume: Volume, heart_mm: F64) -> tuple[Volume, Place]:
    """Turned by 10 degrees about the heart; corners hold air."""
    angle = np.radians(10.0)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    center = np.asarray(volume.geometry.to_index(heart_mm))[1:]
    offset = center - matrix @ center
    pixels = np.stack(
        [
            ndimage.affine_transform(plane.astype(np.float32), matrix, offset, order=1, mode="constant", cval=-1024.0)
            for plane in volume.pixels
        ]
    )

    def place(mm: F64) -> F64:
        index = np.asarray(volume.geometry.to_index(mm))
        index[..., 1:] = (index[..., 1:] - center) @ matrix + center
        return np.asarray(volume.geometry.to_lps_mm(index))

    return replace(volume, pixels=np.rint(pixels).astype(np.int16), sources=()), place


def averaged(volume: Volume, heart_mm: F64) -> tuple[Volume, Place]:
    """Each slice averaged with the next: thicker, at the same distance."""
    pixels = (volume.pixels[:-1].astype(np.float32) + volume.pixels[1:]) / 2.0
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 0] / 2.0
    grid = Geometry(pixels.shape, affine, volume.geometry.frame_uid)
    thick = (volume.acquisition.thickness_mm or volume.geometry.spacing_mm[0]) + volume.geometry.spacing_mm[0]
    acquisition = replace(volume.acquisition, thickness_mm=thick)
    return (
        replace(volume, pixels=np.rint(pixels).astype(np.int16), geometry=grid, acquisition=acquisition, sources=()),
        _same,
    )


def thinned(volume: Volume, heart_mm: F64) -> tuple[Volume, Place]:
    """Every second slice."""
    affine = volume.geometry.affine.copy()
    affine[:3, 0] *= 2.0
    pixels = volume.pixels[::2].copy()
    grid = Geometry(pixels.shape, affine, volume.geometry.frame_uid)
    return replace(volume, pixels=pixels, geometry=grid, sources=()), _same


def noisier(volume: Volume, heart_mm: F64) -> tuple[Volume, Place]:
    """White noise of half the standard deviation that the image has in its soft tissue."""
    from calcimetry.imaging.noise import noise_sd

    sd = noise_sd(volume.pixels, volume.geometry.spacing_mm[1:])[0]
    noise = np.random.default_rng(7).normal(0.0, 0.5 * sd, volume.pixels.shape)
    return replace(volume, pixels=np.rint(volume.pixels + noise).astype(np.int16), sources=()), _same


CHANGES = {
    "cardiac crop": crop, "shift 12 mm": shift, "mirrored order": mirrored, "turned 10°": turned,
    "noise + half SD": noisier, "slices averaged": averaged, "every second slice": thinned,
}  # fmt: skip


def coronary(case: Case) -> list[Lesion]:
    """Counted lesions of the arteries."""
    return [x for x in case.lesions if x.counted and x.site == "coronary_artery" and x.kind == "calcification"]


def total(case: Case) -> tuple[float | None, tuple[float, float] | None]:
    """Agatston total and its interval."""
    row = next(
        (s for s in case.scores if (s.name, s.site, s.structure) == ("agatston", "coronary_artery", "total")), None
    )
    return (None, None) if row is None else (row.value, row.interval95)


def kept(mine: list[Lesion], theirs: list[Lesion], place: Place, grid: Geometry) -> tuple[float, float, float]:
    """Shares of volume kept, named alike (left main with anterior descending), and named alike strictly."""
    points = [np.asarray(grid.to_lps_mm(x.mask.indices())) for x in theirs if x.mask is not None]
    whole = same = strict = found = 0.0
    left = {"left_main": "left", "left_anterior_descending": "left"}
    for one in mine:
        size = float(one.mask.bits.sum()) if one.mask is not None else 1.0
        whole += size
        at = place(np.array(one.center_mm))
        away = [float(np.linalg.norm(p - at, axis=1).min()) for p in points]
        if not away or min(away) > NEAR_MM:
            continue
        other = theirs[int(np.argmin(away))]
        found += size
        same += size * (left.get(one.structure, one.structure) == left.get(other.structure, other.structure))
        strict += size * (one.structure == other.structure)
    whole = max(whole, 1e-9)
    return found / whole, same / whole, strict / whole


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scans", nargs="+", type=Path)
    print("| scan | copy | total before | after (95 %) | kept | same artery (LM with LAD) | same artery |")
    print("|---|---|---|---|---|---|---|")
    for folder in parser.parse_args().scans:
        volume = next(v for v in calcimetry.read(folder).images if isinstance(v, Volume))
        whole = calcimetry.analyze(volume)
        mine = coronary(whole)
        found = locate.anatomy(volume, locate.body(volume)).points.get("heart")
        middle = np.asarray(volume.geometry.to_lps_mm(np.array(volume.geometry.shape) / 2.0))
        heart = middle if found is None else np.array(found.mm)
        before = total(whole)[0]
        for name, change in CHANGES.items():
            copy, place = change(volume, heart)
            case = calcimetry.analyze(copy)
            after, interval = total(case)
            shares = kept(mine, coronary(case), place, copy.geometry)
            said = "withheld" if after is None else f"{after:.0f}"
            said += f" ({interval[0]:.0f} to {interval[1]:.0f})" if interval else ""
            shown = " | ".join(f"{v:.0%}" if mine else "-" for v in shares)
            print(f"| {folder.name} | {name} | {before or 0:.0f} | {said} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
