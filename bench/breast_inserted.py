"""Groups that another program put into films: how many are found, and how many reported? Prints Markdown.

    python bench/breast_inserted.py FOLDER [FOLDER ...] [--spacing 0.2]

Each folder holds pictures and ``truth.json`` (:mod:`breast_froc`); the films without marks among them give the false
groups. All folders share one threshold. Only measures: nothing of them enters any number of the program.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from breast_froc import Outcome, contrasts, films, sensitivity
from breast_point import looked


def reported_share(found: list[Outcome], contrast: float) -> float:
    """Share of the marks of one contrast that a reported group hits."""
    pairs = [pair for one in found for pair in zip(one.hits, one.film.marks, strict=True)]
    return float(np.mean([score > -np.inf for score, mark in pairs if mark.contrast == contrast]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--spacing", type=float, default=0.2)
    chosen = parser.parse_args()
    every = [film for folder in chosen.folders for film in films(folder)]
    with ProcessPoolExecutor(2) as pool:
        both = list(pool.map(partial(looked, spacing_mm=chosen.spacing), every))
    listed, reported = ([pair[n] for pair in both] for n in (0, 1))
    normal = [one for one in reported if one.film.normal]
    print(f"{len(every)} films, {len(normal)} of them normal\n")
    print("| nominal contrast | groups | found at 0.25 | 0.5 | 1 | reported |\n|---|---|---|---|---|---|")
    for contrast in contrasts(listed):
        count = sum(mark.contrast == contrast for one in listed for mark in one.film.marks)
        at = " | ".join(f"{sensitivity(listed, rate, contrast):.3f}" for rate in (0.25, 0.5, 1.0))
        print(f"| {contrast:g} | {count} | {at} | {reported_share(reported, contrast):.3f} |")
    print(f"\nreported false groups a normal film: {np.mean([len(one.false) for one in normal]):.2f}")


if __name__ == "__main__":
    main()
