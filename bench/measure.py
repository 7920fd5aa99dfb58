"""Time and memory of the measures: 1500 lesions and one long plaque in a chest of 250 slices.

Run: ``python bench/measure.py`` (about 20 s). Prints seconds, and the peak of memory beside the image.
"""

from __future__ import annotations

import time
import tracemalloc

import numpy as np

from calcimetry import measure
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.knowledge.tube_voltage import limits

SHAPE = (250, 512, 512)
SPACING_MM = (1.0, 0.7, 0.7)
LESIONS = 1500


def chest(seed: int) -> tuple[Volume, list[Lesion]]:
    """Noise of 20 HU in soft tissue, small lesions of 2 to 7 pixels in 1 to 4 slices, and a plaque along a vessel."""
    rng = np.random.default_rng(seed)
    hu = np.empty(SHAPE, np.int16)
    for plane in hu:
        plane[:] = rng.normal(40, 20, SHAPE[1:])
    lesions = [_lesion(hu, rng, n) for n in range(1, LESIONS + 1)]
    lesions.append(_plaque(hu, rng, LESIONS + 1))
    volume = Volume("i1", hu, Geometry.from_spacing(SHAPE, SPACING_MM), Acquisition("CT", kvp=120.0, thickness_mm=1.0))
    return volume, lesions


def _lesion(hu: np.ndarray, rng: np.random.Generator, number: int) -> Lesion:
    size = (int(rng.integers(1, 5)), *(int(n) for n in rng.integers(2, 8, 2)))
    start = tuple(int(rng.integers(4, n - 12)) for n in SHAPE)
    box = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
    hu[box] = rng.normal(320, 90, size)
    return _of(hu, start, hu[box] >= 130, number)


def _plaque(hu: np.ndarray, rng: np.random.Generator, number: int) -> Lesion:
    start, size = (20, 200, 200), (180, 60, 60)
    row, column = np.mgrid[:60, :60] - 30.0
    ring = np.abs(np.hypot(row, column) - 25.0) < 2.0
    box = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
    hu[box][:, ring] = rng.normal(500, 100, (180, int(ring.sum())))
    return _of(hu, start, hu[box] >= 130, number)


def _of(hu: np.ndarray, start: tuple[int, ...], bits: np.ndarray, number: int) -> Lesion:
    first = (start[0], start[1], start[2])
    mask = Mask(first, bits)
    peak = mask.indices()[int(np.argmax(hu[mask.box][mask.bits]))]
    return Lesion(
        id=f"L{number}",
        image="i1",
        label=number,
        kind="calcification",
        center_index=(0.0, 0.0, 0.0),
        center_mm=(0.0, 0.0, 0.0),
        bounds_index=(mask.start, mask.stop),
        peak_index=(int(peak[0]), int(peak[1]), int(peak[2])),
        structure="chest",
        mask=mask,
    )


def main() -> None:
    """Time each stage function, then once more for the peak of memory."""
    volume, lesions = chest(1)
    told = {"rule": measure.rule(), "calibration": measure.nominal(limits(120.0)), "limits": limits(120.0)}
    model = measure.interval_model()
    jobs = {
        "lesions": lambda: measure.lesions(volume, lesions, **told),
        "lesions with intervals": lambda: measure.lesions(volume, lesions, interval=model, **told),
        "scores": lambda: measure.scores(volume, lesions, None, **told),
        "scores with intervals": lambda: measure.scores(volume, lesions, None, interval=model, **told),
        "scores with spread": lambda: measure.scores(volume, lesions, None, spread=True, **told),
        "one Agatston score of the whole image": lambda: measure.agatston(volume.pixels, SPACING_MM),
    }
    print(f"{len(lesions)} lesions, image {volume.pixels.nbytes / 1e6:.0f} MB")
    for name, job in jobs.items():
        start = time.perf_counter()
        job()
        seconds = time.perf_counter() - start
        tracemalloc.start()
        job()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"{name:40s} {seconds:6.2f} s   {peak / 1e6:7.1f} MB beside the image")


if __name__ == "__main__":
    main()
