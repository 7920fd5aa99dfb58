"""Numbers for the drawing of heart and great vessels; the drawing itself is a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from calcimetry.report.heart.burden import Burden
from calcimetry.report.heart.settings import HeartPageSettings
from calcimetry.report.words import number_text

__all__ = ["Mark", "Scheme", "scheme", "step_names"]

WIDTH, HEIGHT = 440, 440
_LINE = 16

# Where each label stands (x of its outer edge, y of its first line) and what its line points to.
_LABELS: dict[str, tuple[str, int, tuple[int, int]]] = {
    "great": ("start", 44, (200, 66)),
    "ascending": ("start", 106, (202, 158)),
    "valve": ("start", 168, (210, 206)),
    "rca": ("start", 230, (166, 256)),
    "annulus": ("start", 292, (212, 270)),
    "pericardium": ("start", 354, (156, 332)),
    "arch": ("end", 62, (262, 100)),
    "descending": ("end", 124, (278, 160)),
    "lm": ("end", 180, (243, 203)),
    "lcx": ("end", 236, (301, 250)),
    "lad": ("end", 292, (281, 296)),
    "myocardium": ("end", 348, (292, 330)),
    "abdominal": ("end", 410, (270, 416)),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One structure on the drawing: how dark it is (``step``: 0 none, -1 unknown), and its label."""

    key: str
    step: int
    short: str
    numbers: str
    said: str
    anchor: str
    x: int
    y: int
    line: str
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Scheme:
    """The marks by the key of their place, the whole in words, and the meaning of the steps."""

    marks: dict[str, Mark]
    description: str
    steps: tuple[str, ...]
    any_doubt: bool


def scheme(rows: Sequence[Burden], s: HeartPageSettings) -> Scheme:
    """The drawing's numbers.

    Parameters
    ----------
    rows : sequence of Burden
        One for each place of the drawing; further ones are ignored.
    s : HeartPageSettings
    """
    marks = {row.place.key: _mark(row, s) for row in rows if row.place.key in _LABELS}
    return Scheme(
        marks=marks,
        description="; ".join(mark.said for mark in marks.values()),
        steps=step_names(s.step_mm3),
        any_doubt=any(mark.numbers.endswith("?") for mark in marks.values()),
    )


def step_names(steps: Sequence[float]) -> tuple[str, ...]:
    """The steps in words.

    >>> step_names((0.0, 20.0, 100.0))
    ('up to 20', '20 to 100', 'from 100 mm³')
    """
    bounds = [f"{step:g}" for step in steps]
    between = [f"{low} to {high}" if low != "0" else f"up to {high}" for low, high in pairwise(bounds)]
    return (*between, f"from {bounds[-1]} mm³")


def _step(row: Burden, s: HeartPageSettings) -> int:
    if row.state in ("withheld", "not assessed"):
        return -1
    return 0 if row.volume_mm3 <= 0 else sum(row.volume_mm3 >= step for step in s.step_mm3)


def _mark(row: Burden, s: HeartPageSettings) -> Mark:
    anchor, y, (to_x, to_y) = _LABELS[row.place.key]
    x = 2 if anchor == "start" else WIDTH - 2
    near = x + 104 if anchor == "start" else x - 104
    return Mark(
        key=row.place.key,
        step=_step(row, s),
        short=row.place.short,
        numbers=_numbers(row),
        said=f"{row.place.title}: {_words(row)}",
        anchor=anchor,
        x=x,
        y=y,
        line=f"M{near} {y + 2}L{to_x} {to_y}",
        at=(to_x, to_y),
    )


def _numbers(row: Burden) -> str:
    if row.state in ("withheld", "not assessed"):
        return row.state
    if row.state == "none":
        return "0"
    first = [] if row.agatston is None or row.agatston.value is None else [number_text(row.agatston.value)]
    return " · ".join([*first, f"{number_text(row.volume_mm3)} mm³"]) + (" ?" if row.doubtful_mm3 > 0 else "")


def _words(row: Burden) -> str:
    if row.state in ("withheld", "not assessed"):
        return row.state
    if row.state == "none":
        return "none counted"
    score = row.agatston
    first = "" if score is None or score.value is None else f"Agatston score {number_text(score.value)}, "
    doubt = f", {number_text(row.doubtful_mm3)} mm³ of it to be checked" if row.doubtful_mm3 > 0 else ""
    return f"{first}{number_text(row.volume_mm3)} mm³{doubt}"
