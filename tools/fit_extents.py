"""Measure how far extents of groups are off, and write the table ``projections/extents``; print the same of arteries.

Simulated mammograms with groups of all distributions, and others with arteries, go the whole way. The truth of a group
is the greatest distance of two outer edges of all its particles; that of arteries the length of all calcified courses
of the view. Compared are groups that are reported as ``grouped`` with half of their members or more from one simulated
group, whatever its distribution is in truth, and views in which an artery was found and is one. Lengths of arteries
are printed alone: they are a part of the truth, and no interval is made of that. Deterministic; no image of a person.

    python tools/fit_extents.py
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from calcimetry import describe, locate
from calcimetry.core.lesion import Lesion
from calcimetry.detect import look_breast
from calcimetry.phantom import breast as simulated

FIRST, PROTOCOLS = 120_000, ("film-200", "digital-100", "film-200")
HEIGHT_MM = (120.0, 150.0)
"""Smaller than whole breasts, which saves time; extents of groups do not depend on it, but for the diffuse."""
MEMBERS = (7,)
"""Limits of the classes of a group: its members."""
BIN_MM = 3.0


GROUPS = simulated.Contents(groups=2.5, singles=1.0, specks=2.0, arteries=0.0, cnr=(6.0, 16.0), decoys=False)
VESSELS = simulated.Contents(groups=0.0, singles=1.0, specks=2.0, arteries=3.0, cnr=(6.0, 16.0), decoys=False)


def extent_mm(made: simulated.SimulatedMammogram, labels: list[int], mm: float) -> float:
    """Greatest distance of two pixels of these particles [mm]."""
    places = np.argwhere(np.isin(made.labels, labels)) * mm
    if len(places) == 0:
        return 0.0
    turns = np.linspace(0, np.pi, 180, endpoint=False)
    along = places @ np.stack([np.sin(turns), np.cos(turns)])
    return float((along.max(axis=0) - along.min(axis=0)).max()) + mm


def course_mm(made: simulated.SimulatedMammogram, label: int, mm: float) -> float:
    """Length of a course [mm]: a line through the middles of its pieces of ``BIN_MM``, gaps counted."""
    places = np.argwhere(made.labels == label) * mm
    if len(places) < 3:
        return 0.0
    off = places - places.mean(axis=0)
    along = off @ np.linalg.svd(off, full_matrices=False)[2][0]
    bins = np.floor((along - along.min()) / BIN_MM).astype(int)
    middles = np.array([places[bins == k].mean(axis=0) for k in np.unique(bins)])
    inner = float(np.hypot(*np.diff(middles, axis=0).T).sum())
    return inner + min(BIN_MM, float(np.ptp(along)))


def owner(lesion: Lesion, made: simulated.SimulatedMammogram) -> int:
    """Label of the simulated particle that a finding lies on; 0 for none."""
    if lesion.mask is None:
        return 0
    _, rows, columns = lesion.mask.indices().T
    labels = made.labels[rows, columns]
    held = Counter(labels[labels > 0].tolist())
    return held.most_common(1)[0][0] if held and (labels > 0).mean() > 0.2 else 0


@dataclass
class Seen:
    """Truth and measured, of groups (with members) and of views with arteries."""

    groups: list[tuple[float, float, int]] = field(default_factory=list)
    lengths: list[tuple[float, float]] = field(default_factory=list)


def look(seed: int, number: int, contents: simulated.Contents, kept: Seen) -> None:
    """Take in what one image tells."""
    how = replace(simulated.PROTOCOLS[PROTOCOLS[number % len(PROTOCOLS)]], height_mm=HEIGHT_MM)
    made = simulated.mammogram(seed, how, contents)
    found_map, mm = locate.breast_map(made.projection), how.pixel_mm
    if found_map is None:
        return
    seen = look_breast(made.projection, found_map.regions, mm)
    said = describe.breast(
        made.projection, seen.lesions, seen.groups, found_map.regions, mm, nipple_index=found_map.nipple_index
    )
    of = {one.id: owner(one, made) for one in said.lesions}
    by_label = {one.label: one for one in made.particles}
    for group in (
        one for one in said.groups if one.reported and one.distribution == "grouped" and "extent" in one.measures
    ):
        names = Counter(by_label[of[name]].group for name in group.lesions if of[name] in by_label)
        names.pop(None, None)
        if not names or names.most_common(1)[0][1] < 0.5 * len(group.lesions):
            continue
        name = names.most_common(1)[0][0]
        truth = extent_mm(made, [one.label for one in made.particles if one.group == name], mm)
        kept.groups.append(
            (truth, float(group.measures["extent"].value or 0.0), int(group.measures["count"].value or 0))
        )
    vessels = [one for one in said.lesions if one.counted and "br_vascular" in one.pattern]
    true = [one for one in vessels if of[one.id] in by_label and by_label[of[one.id]].pattern == "br_vascular"]
    if true:
        whole = sum(course_mm(made, one.label, mm) for one in made.particles if one.pattern == "br_vascular")
        kept.lengths.append((whole, sum(one.evidence.get("length_mm", 0.0) for one in vessels)))


def ends(ratio: np.ndarray) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles."""
    return round(float(np.quantile(ratio, 0.025)), 3), round(float(np.quantile(ratio, 0.975)), 3)


def median(rows: np.ndarray, mine: np.ndarray) -> float:
    """Of truth over measured, in a class."""
    return round(float(np.median((rows[:, 0] / rows[:, 1])[mine])), 3)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=90, help="simulated mammograms with groups")
    parser.add_argument("--vessels", type=int, default=70, help="with arteries")
    parser.add_argument("--table", default="src/calcimetry/knowledge/projections/extents.toml")
    asked = parser.parse_args(argv)
    kept, number = Seen(), 0
    for contents, count in ((GROUPS, asked.count), (VESSELS, asked.vessels)):
        for _ in range(count):
            look(FIRST + number, number, contents, kept)
            number += 1
            print(f"{number}: {len(kept.groups)} groups, {len(kept.lengths)} with arteries", file=sys.stderr)
    g, a = np.array(kept.groups), np.array(kept.lengths)
    which = np.searchsorted(MEMBERS, g[:, 2], side="right")
    by_class = [ends((g[:, 0] / g[:, 1])[which == k]) for k in range(len(MEMBERS) + 1)]
    if len(a):
        share = a[:, 1] / a[:, 0]
        print(f"arteries of {len(a)} views: {np.median(share):.2f} of their length is told ({ends(share)})")
    lines = [
        "# Errors of extents on mammograms, written by tools/fit_extents.py; do not edit.",
        "# Ends of the 95 % interval over the measured value.",
        'edition = "2026-11"',
        'checked = "2026-11"',
        'status = "ours"',
        'source = "calcimetry-sizes"',
        f"images = {number}",
        "",
        "# Greatest extent of a reported group whose distribution is said to be grouped, by its members.",
        "[extent]",
        f"members = {list(MEMBERS)}",
        f"low = {[pair[0] for pair in by_class]}",
        f"high = {[pair[1] for pair in by_class]}",
        f"count = {[int((which == k).sum()) for k in range(len(MEMBERS) + 1)]}",
        f"median = {[median(g, which == k) for k in range(len(MEMBERS) + 1)]}",
    ]
    Path(asked.table).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
