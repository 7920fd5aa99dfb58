"""Fit the interval model on simulated lesions and write the table ``knowledge/intervals.toml``.

Run from the checkout: ``python tools/fit_intervals.py [--protocols N] [--seed N] [--out FILE]``. Deterministic; about
four minutes on one free core. The lesions come from ``bench/simulated_lesions.py``; ``bench/intervals.py`` measures the
coverage on others.

For each quantity log(truth / measured) is fitted by ridge regression, the log of the absolute residual by another, and
the ends are the 2.5 % and 97.5 % order statistics (with the finite-sample step of conformal prediction) of residuals
over spread from five folds, each left out of the fit whole protocols at a time.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from calcimetry.measure.interval import FEATURES, describe, design  # noqa: E402
from simulated_lesions import LESIONS_PER_PROTOCOL, Simulated, simulate  # noqa: E402

SEED, PROTOCOLS = 1990, 900
FOLDS = 5
CLASSES = 4
RIDGE = 1.0
"""Weight of the penalty, in lesions: features are scaled, so it only matters where terms nearly coincide."""
LEAST_RESIDUAL = 0.01
NOMINAL_SD = 0.05

Array = NDArray[np.float64]


def ridge(terms: Array, wanted: Array) -> Array:
    penalty = np.eye(terms.shape[1]) * RIDGE
    penalty[0, 0] = 0.0
    return np.linalg.solve(terms.T @ terms + penalty, terms.T @ wanted)


def fitted(scaled: Array, wanted: Array) -> tuple[Array, Array]:
    center = ridge(design(scaled), wanted)
    residual = np.abs(wanted - design(scaled) @ center)
    linear = np.column_stack([np.ones(len(scaled)), scaled])
    return center, ridge(linear, np.log(residual + LEAST_RESIDUAL))


def ends(values: Array) -> tuple[float, float]:
    """The 2.5 % and 97.5 % order statistics, one step outward for a finite sample."""
    ordered, n = np.sort(values), len(values)
    step = int(np.floor(0.025 * (n + 1))) - 1
    return float(ordered[max(step, 0)]), float(ordered[min(n - 1 - step, n - 1)])


def quantity(name: str, scaled: Array, lesions: list[Simulated]) -> list[str]:
    wanted = np.log([one.truth[name] / one.measured[name] for one in lesions])
    groups = np.array([one.group for one in lesions])
    linear = np.column_stack([np.ones(len(scaled)), scaled])
    left_out, width = np.zeros(len(wanted)), np.zeros(len(wanted))
    for fold in range(FOLDS):
        out = groups % FOLDS == fold
        center, spread = fitted(scaled[~out], wanted[~out])
        width[out] = np.exp(linear[out] @ spread)
        left_out[out] = (wanted[out] - design(scaled[out]) @ center) / width[out]
    edges = np.quantile(width, np.arange(1, CLASSES) / CLASSES)
    which = np.searchsorted(edges, width)
    low, high = zip(*(ends(left_out[which == k]) for k in range(CLASSES)), strict=True)
    center, spread = fitted(scaled, wanted)
    return [
        "[[quantity]]",
        f'name = "{name}"',
        f"center = {numbers(center)}",
        f"spread = {numbers(spread)}",
        f"edges = {numbers(edges)}",
        f"low = {numbers(low)}",
        f"high = {numbers(high)}",
        f"shared = {shared(left_out, groups):.3f}",
        "",
    ]


def shared(residuals: Array, groups: NDArray[np.int64]) -> float:
    """Correlation of residuals within a protocol, from all pairs; outliers held to the 1 % and 99 % quantile."""
    held = np.clip(residuals, *np.quantile(residuals, [0.01, 0.99]))
    held = (held - held.mean()) / held.std()
    sums, squares, pairs = np.bincount(groups, held), np.bincount(groups, held**2), np.bincount(groups)
    return float(max(0.0, (sums**2 - squares).sum() / (pairs * (pairs - 1)).sum()))


def numbers(values: Array | tuple[float, ...]) -> str:
    return "[" + ", ".join(f"{value:.5g}" for value in values) + "]"


def written(lesions: list[Simulated], drawn: int, seed: int) -> str:
    noises = [one.features.around.noise_hu for one in lesions if one.features.around.noise_hu is not None]
    unknown = float(f"{np.median(noises):.3g}")
    raw = np.stack([describe(one.features, unknown) for one in lesions])
    lowest, highest = np.quantile(raw, [0.002, 0.998], axis=0)
    held = np.clip(raw, lowest, highest)
    middle, sd = held.mean(axis=0), held.std(axis=0)
    lines = [
        "# Intervals of volume, mass and Agatston score: coefficients, written by tools/fit_intervals.py; do not edit.",
        "# What they mean: calcimetry.measure.interval; how well they hold: docs/reference/intervals.md.",
        'edition = "2026-11"',
        'checked = "2026-11"',
        'status = "ours"',
        'source = "calcimetry-intervals"',
        f"seed = {seed}",
        f"lesions_drawn = {drawn}",
        f"lesions_found = {len(lesions)}",
        f"unknown_noise_hu = {unknown:g}",
        "",
        "[calibration]",
        "# Relative standard deviation of the true factor around the nominal one.",
        f"nominal_sd = {NOMINAL_SD}",
        'status = "ours"',
        'source = "calcimetry-intervals"',
        'why = "A choice, not a measurement: scanner, filter and body size shift the HU of calcium by some per cent."',
        "",
    ]
    for k, name in enumerate(FEATURES):
        lines += ["[[feature]]", f'name = "{name}"']
        lines += [f"{key} = {row[k]:.5g}" for key, row in zip(ENDS, (lowest, highest, middle, sd), strict=True)]
        lines.append("")
    scaled = (held - middle) / sd
    for name in ("volume", "mass", "agatston"):
        lines += quantity(name, scaled, lesions)
    return "\n".join(lines[:-1]) + "\n"


ENDS = ("lowest", "highest", "middle", "sd")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocols", type=int, default=PROTOCOLS, help=f"each with {LESIONS_PER_PROTOCOL} lesions")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=ROOT / "src/calcimetry/knowledge/intervals.toml")
    given = parser.parse_args()
    lesions, drawn = simulate(given.seed, given.protocols)
    given.out.write_text(written(lesions, drawn, given.seed), encoding="utf-8")
    print(f"{given.out}: {len(lesions)} of {drawn} lesions found")


if __name__ == "__main__":
    main()
