"""Staple and suture lines: thin even lines, several in a chain, away from great vessels and spine."""

from __future__ import annotations

import numpy as np

from calcimetry.core.geometry import Geometry
from calcimetry.detect.judge import Verdict
from calcimetry.detect.lesions import Candidate
from calcimetry.detect.surroundings import Field
from calcimetry.knowledge.load import table

__all__ = ["with_staples"]


def with_staples(candidates: list[Candidate], verdicts: list[Verdict], field: Field) -> list[Verdict]:
    """Verdicts in which members of a staple line have become metal.

    A line is a body whose largest piece is long and of an even small width. Only bodies far from the spine are
    asked. Where enough lines lie in one chain, they
    and the bodies between them are taken for staples.
    """
    cuts = table("detection")["staples"]
    able = [
        n
        for n, (one, verdict) in enumerate(zip(candidates, verdicts, strict=True))
        if verdict.reason is None and one.word in cuts["words"] and field.spine_mm(one.index) >= cuts["spine_mm"]
    ]
    grid = field.volume.geometry
    lines = [n for n in able if _is_line(candidates[n], grid, cuts["line_mm"], cuts["width_mm"])]
    if len(lines) < cuts["lines"]:
        return verdicts
    centres = {n: grid.to_lps_mm(candidates[n].index.mean(axis=0)) for n in able}
    out = list(verdicts)
    for n in able:
        near = sum(float(np.linalg.norm(centres[n] - centres[m])) <= cuts["chain_mm"] for m in lines if m != n)
        if near >= cuts["lines"] - 1:
            out[n] = Verdict("metal", 0.3, f"one of a chain of thin even lines ({near} near by): staples or sutures")
    return out


def _is_line(candidate: Candidate, grid: Geometry, line_mm: float, width_mm: float) -> bool:
    """Whether the largest piece of a body is a line: as long as ``line_mm`` at a mean width below ``width_mm``."""
    slices = candidate.index[:, 0]
    largest = np.bincount(slices).argmax()
    mm = candidate.index[slices == largest][:, 1:] * np.array(grid.spacing_mm[1:])
    if len(mm) < 3:
        return False
    spread = np.linalg.eigvalsh(np.cov(mm.T))
    length = float(np.sqrt(12.0 * max(spread[1], 0.0)))
    area = len(mm) * grid.pixel_mm2
    return length >= line_mm and area / length <= width_mm
