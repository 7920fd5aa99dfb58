"""How often the 95 % intervals hold the truth, on fresh simulated lesions; prints Markdown.

Run from the checkout: ``python bench/intervals.py [--lesions N] [--seed N] [--out FILE.md]``. The lesions are drawn
with another seed than those of the fit, so no protocol and no lesion is shared. Bar: 90 to 99 % each for volume, mass
and Agatston score over at least 500 lesions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from calcimetry.measure import interval_model
from calcimetry.measure.printed import printed
from simulated_lesions import LESIONS_PER_PROTOCOL, Simulated, nominal_factor, simulate

SEED, LESIONS = 60617, 900
FOUND_AT_LEAST = 0.8
"""Of the lesions drawn, at least this share is found: so many protocols are simulated."""
BACKGROUNDS = {
    "soft": "in soft tissue",
    "fat": "in fat",
    "tube": "on a tube of blood in fat",
    "lung": "the same beside the lung",
}
NAMES = ("volume", "mass", "agatston")
SCANNER_SD = 0.05
"""Spread of the true calibration around the nominal one that is drawn for the row of uncalibrated mass."""


def held(lesions: list[Simulated], name: str) -> tuple[float, float]:
    """Share whose interval holds the truth, and the median width over the middle of the interval."""
    model = interval_model()
    ends = np.array(
        [printed(model.of_lesion(name, one.measured[name], one.features), one.measured[name]) for one in lesions]
    )
    truth = np.array([one.truth[name] for one in lesions])
    inside = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    return float(inside.mean()), float(np.median((ends[:, 1] - ends[:, 0]) / (ends.sum(axis=1) / 2)))


def held_sums(lesions: list[Simulated], name: str) -> tuple[float, int]:
    """The same for the sum over the lesions of each protocol that has two or more."""
    model, groups = interval_model(), {}
    for one in lesions:
        groups.setdefault(one.group, []).append(one)
    inside = []
    for each in (g for g in groups.values() if len(g) > 1):
        measured = [one.measured[name] for one in each]
        low, high = printed(model.of_sum(name, measured, [one.features for one in each]), sum(measured))
        inside.append(low <= sum(one.truth[name] for one in each) <= high)
    return float(np.mean(inside)), len(inside)


def uncalibrated(lesions: list[Simulated], seed: int) -> list[Simulated]:
    """The same lesions, their mass by the nominal factor, on scanners whose true factor differs from lot to lot."""
    rng = np.random.default_rng(seed)
    drawn = {group: float(np.exp(rng.normal(0, SCANNER_SD))) for group in {one.group for one in lesions}}
    out = []
    for one in lesions:
        factor = nominal_factor(one.protocol.kvp)
        mass = one.measured["mass"] * factor / one.features.mg_cm3_per_hu * drawn[one.group]
        features = replace(one.features, mg_cm3_per_hu=factor, mass_mg=mass, calibrated=False)
        out.append(replace(one, features=features, measured={**one.measured, "mass": mass}))
    return out


def between(value: Callable[[Simulated], float], limits: list[float], unit: str) -> list[tuple[str, Callable]]:
    def within(low: float, high: float) -> Callable[[Simulated], bool]:
        return lambda one: low <= value(one) <= high

    return [(f"{low:g} to {high:g} {unit}", within(low, high)) for low, high in pairwise(limits)]


def rows() -> list[tuple[str, Callable]]:
    kvps = [(f"{kvp} kV", lambda one, kvp=kvp: one.protocol.kvp == kvp) for kvp in (70, 80, 100, 120, 135)]
    return [
        ("all", lambda one: True),
        *kvps,
        *between(lambda one: one.protocol.thickness_mm, [0.6, 1.25, 2.5, 5], "mm slices"),
        *between(lambda one: one.protocol.noise_hu, [8, 14, 20, 25], "HU noise"),
        *between(lambda one: one.size_mm, [0, 2, 3, 5, 8, 20], "mm size"),
        *between(lambda one: one.length_mm, [0, 4, 8, 16, 45], "mm long"),
        *between(lambda one: one.density_mg_cm3, [150, 300, 550, 1000], "mg/cm³"),
        *[(words, lambda one, name=name: one.background == name) for name, words in BACKGROUNDS.items()],
        ("grains", lambda one: not one.plaque),
        ("plaques", lambda one: one.plaque),
        (
            "plaques in fat, 8 mm long or more",
            lambda one: one.plaque and one.background == "tube" and one.length_mm >= 8,
        ),
    ]


def cell(lesions: list[Simulated], name: str) -> str:
    share, width = held(lesions, name)
    return f"{100 * share:.1f} % ({width:.2f})"


def report(lesions: list[Simulated], drawn: int, seed: int) -> str:
    lines = [
        f"{drawn} lesions drawn (seed {seed}), {len(lesions)} found and measured. Each cell: share whose 95 % interval",
        "holds the truth, and in brackets the median width of the interval over its middle.",
        "",
        "| lesions | n | volume | mass | Agatston score |",
        "|---|---|---|---|---|",
    ]
    for label, chosen in rows():
        some = [one for one in lesions if chosen(one)]
        if some:
            cells = " | ".join(cell(some, name) for name in NAMES)
            lines.append(f"| {label} | {len(some)} | {cells} |")
    sums = [held_sums(lesions, name) for name in NAMES]
    cells = " | ".join(f"{100 * share:.1f} %" for share, _ in sums)
    lines.append(f"| sums over a scan's lesions | {sums[0][1]} | {cells} |")
    lines.append(f"| mass, uncalibrated | {len(lesions)} | | {cell(uncalibrated(lesions, seed), 'mass')} | |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lesions", type=int, default=LESIONS, help="found at least; protocols are not cut short")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    protocols = int(np.ceil(given.lesions / FOUND_AT_LEAST / LESIONS_PER_PROTOCOL))
    lesions, drawn = simulate(given.seed, protocols)
    text = report(lesions, drawn, given.seed)
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
