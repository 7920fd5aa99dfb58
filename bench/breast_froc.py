"""Marked films of a folder, and how many marks are found at a rate of false groups. For the benches of mammograms.

A folder holds pictures with ``truth.csv`` (columns file, person, x, y, r, status, words; y from the top) or
``truth.json`` (``images``: name, person, marks with row, col, radius_px). Of the CSV's marks those with status ok, weak
or corrected and none of whose words is ``single`` are scored; a finding at another mark is neither hit nor false. A
film is normal where nothing but benign calcium (status ``seen``) is marked.

A mark is found where a group's center lies within its circle (of 15 pixels or more), or its box overlaps the circle's
by a fifth of both together.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LEAST_RADIUS = 15.0
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Mark:
    """One circle; ``contrast`` where it was put in with a known one."""

    row: float
    column: float
    radius: float
    scored: bool
    contrast: float | None = None


@dataclass(frozen=True)
class Film:
    """One film with its marks."""

    file: Path
    person: str
    normal: bool
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Finding:
    """One group: how sure, its middle (row, column), and its box (first row and column, last ones + 1)."""

    score: float
    row: float
    column: float
    box: Box


@dataclass(frozen=True)
class Outcome:
    """One film: the score at which each scored mark is first hit (minus infinity: never), and those of false groups."""

    film: Film
    hits: tuple[float, ...]
    false: tuple[float, ...]


def films(folder: Path) -> list[Film]:
    """All films of a folder that its truth names, in order."""
    if (folder / "truth.json").exists():
        images = json.loads((folder / "truth.json").read_text("utf-8"))["images"]
        return [_of_json(folder / f"{name}.png", one) for name, one in sorted(images.items())]
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["file"] for row in rows})
    return [_of_rows(folder / name, [row for row in rows if row["file"] == name]) for name in names]


def _of_json(file: Path, one: dict[str, object]) -> Film:
    marks = [
        Mark(float(m["row"]), float(m["col"]), float(m["radius_px"]), not m.get("ignore"), m.get("cnr"))
        for m in one["marks"]  # type: ignore[attr-defined]
    ]
    return Film(file, str(one["person"]), not marks, tuple(marks))


def _of_rows(file: Path, rows: Sequence[dict[str, str]]) -> Film:
    marks, seen, doubtful = [], 0, False
    for row in rows:
        status = row["status"].lower()
        if not row["x"] or not row["y"]:
            doubtful |= status not in ("normal", "")
            continue
        if status == "wrong":
            doubtful = True
            continue
        single = re.search(r"\bsingle\b", row["words"].lower()) is not None
        scored = status in ("", "ok", "weak", "corrected") and not single
        seen += status == "seen"
        marks.append(Mark(float(row["y"]), float(row["x"]), float(row["r"] or 0), scored))
    return Film(file, rows[0]["person"], not doubtful and len(marks) == seen, tuple(marks))


def hit(finding: Finding, mark: Mark) -> bool:
    """Whether the finding is at the mark."""
    reach = max(mark.radius, LEAST_RADIUS)
    if np.hypot(finding.row - mark.row, finding.column - mark.column) <= reach:
        return True
    around = (mark.row - reach, mark.column - reach, mark.row + reach, mark.column + reach)
    sides = [min(finding.box[k + 2], around[k + 2]) - max(finding.box[k], around[k]) for k in (0, 1)]
    if min(sides) <= 0:
        return False
    own = (finding.box[2] - finding.box[0]) * (finding.box[3] - finding.box[1])
    inner = sides[0] * sides[1]
    return bool(inner >= 0.2 * (own + 4 * reach**2 - inner))


def outcome(film: Film, findings: Sequence[Finding]) -> Outcome:
    """What the findings of one film are worth."""
    best = [-np.inf] * len(film.marks)
    false = []
    for one in findings:
        mine = [n for n, mark in enumerate(film.marks) if hit(one, mark)]
        for n in mine:
            best[n] = max(best[n], one.score)
        if not mine:
            false.append(one.score)
    return Outcome(film, tuple(b for b, m in zip(best, film.marks, strict=True) if m.scored), tuple(false))


def threshold(found: Sequence[Outcome], rate: float) -> float:
    """Score above which there are at most so many false groups a normal film; minus infinity where all may count."""
    false = sorted((score for one in found if one.film.normal for score in one.false), reverse=True)
    most = int(np.floor(rate * sum(one.film.normal for one in found) + 1e-9))
    return false[most] if most < len(false) else -np.inf


def sensitivity(found: Sequence[Outcome], rate: float, contrast: float | None = None) -> float:
    """Share of scored marks (of one contrast) that are found at so many false groups a normal film."""
    least = threshold(found, rate)
    hits = [
        score
        for one in found
        for score, mark in zip(one.hits, (m for m in one.film.marks if m.scored), strict=True)
        if contrast is None or mark.contrast == contrast
    ]
    return float(np.mean([score > least for score in hits])) if hits else float("nan")


def contrasts(found: Sequence[Outcome]) -> list[float]:
    """Contrasts that were put in, the highest first."""
    return sorted({m.contrast for one in found for m in one.film.marks if m.contrast is not None}, reverse=True)
