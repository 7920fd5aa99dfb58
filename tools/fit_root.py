"""Measure what the root of the aorta is recognized by: the numbers of ``RootSettings`` and ``LevelSettings``.

    python tools/fit_root.py --persons 60 [--scan FOLDER LABELS.json] ...

On simulated persons (and on real scans whose terms allow it, with the left main labelled by eye) the courses along the
found ascending aorta are read at heights over the true left main, and the distances of the left main from the carina
and from the end of the front lung. Persons and scans weigh the same. Printed as the settings have them, to copy there.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from fit_assign import simulated  # noqa: E402

import calcimetry  # noqa: E402
from calcimetry import locate  # noqa: E402
from calcimetry.core.image import Volume  # noqa: E402
from calcimetry.locate.heart.airway import airway  # noqa: E402
from calcimetry.locate.heart.ascending import ascending  # noqa: E402
from calcimetry.locate.heart.descending import descending  # noqa: E402
from calcimetry.locate.heart.frame import frame  # noqa: E402
from calcimetry.locate.heart.levels import levels  # noqa: E402
from calcimetry.locate.heart.root import RootSettings, courses  # noqa: E402
from calcimetry.locate.heart.spine import spine  # noqa: E402

NAMES = ("ring", "behind", "ahead", "trunk")


def look(volume: Volume, left_main_mm: np.ndarray) -> tuple[np.ndarray, float, float] | None:
    """(4, heights) courses around the true left main; how far it lies below the carina, above the lung's end [mm]."""
    grid = frame(volume, locate.body(volume))
    back = None if grid is None else spine(grid)
    if grid is None or back is None:
        return None
    air = airway(grid, back)
    down = descending(grid, back)
    heights = levels(grid, back, down, air)
    up = ascending(grid, back, down, heights)
    if up is None:
        return None
    at = float(grid.to_index(left_main_mm)[0])
    k = int(np.clip(round(at) - int(up.slices[0]), 0, len(up.slices) - 1))
    place = grid.to_lps(np.array([at, up.row[k], up.column[k]]))
    if np.hypot(*(place - left_main_mm)[:2]) > 35.0:
        return None  # another vessel was followed: its courses say nothing of the aorta
    where = at - np.array(RootSettings().heights_mm) / grid.mm[0]
    rows = np.stack([np.interp(where, up.slices, row) for row in courses(grid, up)])
    rows[:, (where < up.slices[0] - 0.5) | (where > up.slices[-1] + 0.5)] = np.nan
    step = grid.mm[0]
    carina = (at - heights.carina) * step if heights.carina is not None else np.nan
    lung = (heights.lung_end - at) * step if heights.lung_end is not None else np.nan
    return rows, carina, lung


def main() -> None:
    """Print the settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=60)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--scan", nargs=2, action="append", default=[], metavar=("FOLDER", "LABELS"))
    arguments = parser.parse_args()
    groups: list[list[tuple[np.ndarray, float, float]]] = [[], []]
    for seed in range(arguments.first, arguments.first + arguments.persons):
        for protocol in ("gated", "chest"):
            one = simulated(seed, protocol)
            assert one.anatomy is not None
            found = look(one.volume, np.array(one.anatomy.points["left_ostium"].mm))
            if found is not None:
                groups[0].append(found)
    for folder, labels in arguments.scan:
        volume = next(v for v in calcimetry.read(folder).images if isinstance(v, Volume))
        line = json.loads(Path(labels).read_text(encoding="utf-8"))["courses"]["left_main"]
        found = look(volume, np.array(line[0], dtype=np.float64))
        if found is not None:
            groups[1].append(found)
    groups = [group for group in groups if group]
    stacks = [np.stack([row for row, _, _ in group]) for group in groups]
    means = [np.nanmean(stack, axis=0) for stack in stacks]
    mean = np.nanmean(means, axis=0)
    beside = np.concatenate([mean[:, :1], mean, mean[:, -1:]], axis=1)
    mean = (beside[:, :-2] + 2.0 * mean + beside[:, 2:]) / 4.0  # few scans: a height leans on its neighbours
    spread = np.sqrt(np.nanmean([np.nanmean((stack - mean) ** 2, axis=(0, 2)) for stack in stacks], axis=0))
    for name, row in zip(NAMES, mean, strict=True):
        print(f"    {name}: tuple[float, ...] = ({', '.join(f'{v:.2f}' for v in row)})")
    print(f"    spread: tuple[float, float, float, float] = ({', '.join(f'{v:.2f}' for v in spread)})")
    for name, number in (("carina_mm", 1), ("bottom_mm", 2)):
        values = [np.array([one[number] for one in group], dtype=np.float64) for group in groups]
        middle = float(np.nanmean([np.nanmedian(v) for v in values]))
        apart = np.sqrt(np.nanmean([np.nanmean((v - middle) ** 2) for v in values]))
        print(f"    {name}: {middle:.0f}, {apart:.0f}   each: {[np.round(np.nanmedian(v), 1) for v in values]}")
    print(f"    from {[len(group) for group in groups]} images")


if __name__ == "__main__":
    main()
