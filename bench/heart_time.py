"""Time of each step on a chest resampled to many slices.

    python bench/heart_time.py SCAN [--slices 250] [--runs 3]

Prints the least of the runs, in seconds of wall time, and each step's share.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import calcimetry
from calcimetry import assign, detect, locate
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume


def resampled(volume: Volume, slices: int) -> Volume:
    """Linear between slices."""
    at = np.linspace(0.0, volume.geometry.shape[0] - 1.0, slices)
    low = np.minimum(at.astype(int), volume.geometry.shape[0] - 2)
    share = (at - low).astype(np.float32)[:, None, None]
    pixels = volume.pixels[low] * (1.0 - share) + volume.pixels[low + 1] * share
    affine = volume.geometry.affine.copy()
    affine[:3, 0] *= at[1] - at[0]
    grid = Geometry(pixels.shape, affine, volume.geometry.frame_uid)
    return replace(volume, pixels=np.rint(pixels).astype(np.int16), geometry=grid, sources=())


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scan", type=Path)
    parser.add_argument("--slices", type=int, default=250)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    volume = next(v for v in calcimetry.read(arguments.scan).images if isinstance(v, Volume))
    volume = resampled(volume, arguments.slices)
    best: dict[str, float] = {}
    for _ in range(arguments.runs):
        clock = [time.perf_counter()]
        body = locate.body(volume)
        clock.append(time.perf_counter())
        locate.contrast(volume, body)
        clock.append(time.perf_counter())
        anatomy = locate.anatomy(volume, body)
        clock.append(time.perf_counter())
        found = detect.look(volume, [body], threshold_hu=130.0).lesions
        clock.append(time.perf_counter())
        assign.with_patterns(volume, assign.assign(volume, found, anatomy, body), anatomy)
        clock.append(time.perf_counter())
        for name, a, b in zip(("body", "contrast", "landmarks", "detect", "assign"), clock, clock[1:], strict=False):
            best[name] = min(best.get(name, 1e9), b - a)
    whole = sum(best.values())
    print(f"{arguments.scan.name} at {volume.geometry.shape}, {len(found)} candidates: {whole:.1f} s")
    for name, seconds in best.items():
        print(f"| {name} | {seconds:.2f} s | {seconds / whole:.0%} |")


if __name__ == "__main__":
    main()
