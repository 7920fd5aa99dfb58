"""Does an operating point that is chosen on half of the people hold on the other half? Prints Markdown.

    python bench/breast_point.py --data FOLDER [--spacing 0.2] [--splits 500] [--rate 0.5]

Only measures: nothing of the folder enters any number of the program. The point that ships is counted on both halves of
each split; then a point is chosen on one half (the lowest at which no more than ``--rate`` false groups a normal film
are left) and counted on the other.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from breast_froc import Film, Outcome, films, outcome, threshold
from breast_hdog import as_finding
from calcimetry import detect, locate, read
from calcimetry.core.image import Projection


def looked(film: Film, spacing_mm: float) -> tuple[Outcome, Outcome]:
    """All listed groups of a film, and the reported ones."""
    projection = read.study(film.file, spacing_mm=spacing_mm).images[0]
    assert isinstance(projection, Projection)
    located = locate.breast_map(projection)
    groups = () if located is None else detect.look_breast(projection, located.regions, located.mm).groups
    reported = [as_finding(one) for one in groups if one.reported]
    return outcome(film, [as_finding(one) for one in groups]), outcome(film, reported)


def rate(found: list[Outcome], least: float = -np.inf) -> float:
    """False groups a normal film above a score."""
    normal = [one for one in found if one.film.normal]
    return float(np.mean([sum(score > least for score in one.false) for one in normal]))


def share(found: list[Outcome], least: float = -np.inf) -> float:
    """Share of the scored marks that are hit above a score."""
    hits = [score > least for one in found for score in one.hits]
    return float(np.mean(hits)) if hits else float("nan")


def halves(found: list[Outcome], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which films are in the first half: by person, those with marks and those without dealt out apart."""
    marked = {one.film.person for one in found if one.hits}
    others = {one.film.person for one in found} - marked
    first: set[str] = set()
    for people in (sorted(marked), sorted(others)):
        first |= set(rng.permutation(people)[: (len(people) + int(rng.integers(2))) // 2])
    return np.array([one.film.person in first for one in found])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--spacing", type=float, default=0.2)
    parser.add_argument("--splits", type=int, default=500)
    parser.add_argument("--rate", type=float, default=0.5)
    arguments = parser.parse_args()
    pairs = [looked(film, arguments.spacing) for film in films(arguments.data)]
    listed, reported = [a for a, _ in pairs], [b for _, b in pairs]
    rng = np.random.default_rng(1)
    shipped, chosen = [], []
    for _ in range(arguments.splits):
        first = halves(listed, rng)
        shipped.append([rate([o for o, f in zip(reported, first, strict=True) if f == side]) for side in (True, False)])
        one, other = ([o for o, f in zip(listed, first, strict=True) if f == side] for side in (True, False))
        least = threshold(one, arguments.rate)
        chosen.append([rate(one, least), rate(other, least), share(other, least)])
    a, b = np.array(shipped), np.array(chosen)
    normal = sum(one.film.normal for one in listed)
    print(f"{arguments.data.name}: {normal} normal films, {sum(len(o.hits) for o in listed)} marks; {len(b)} splits\n")
    print(
        f"Point that ships: {rate(reported):.2f} false groups a normal film, {share(reported):.2f} of the marks found;"
    )
    low, high = np.percentile(a, (2.5, 97.5))
    print(f"on halves {low:.2f} to {high:.2f} false groups (95 % of halves).\n")
    print(f"| chosen on one half at {arguments.rate:g} | median | 95 % of splits |\n|---|---|---|")
    for name, values in (
        ("false groups there", b[:, 0]),
        ("on the other half", b[:, 1]),
        ("marks found there", b[:, 2]),
    ):
        low, middle, high = np.nanpercentile(values, (2.5, 50, 97.5))
        print(f"| {name} | {middle:.2f} | {low:.2f} to {high:.2f} |")
    print(f"| at most doubled | {np.mean(b[:, 1] <= 2 * arguments.rate):.2f} of the splits | |")


if __name__ == "__main__":
    main()
