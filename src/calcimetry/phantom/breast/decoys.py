"""What is bright, small or straight and no calcium: dust, scratches, scanner lines, clips, markers, labels, frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from calcimetry.phantom.breast.outline import Field, Outline

__all__ = ["Decoy", "film_faults", "metal"]


@dataclass(frozen=True, slots=True)
class Decoy:
    """One thing that is no calcium: kind as in results, what it is, (row, column), and its size [px]."""

    kind: str
    what: str
    center: tuple[float, float]
    size_px: float


def metal(white: Field, body: Outline, rng: np.random.Generator) -> list[Decoy]:
    """Clips, a skin marker and a wire: written into ``white`` (0 to 1: share of full white) before the blur."""
    found: list[Decoy] = []
    rows, columns = np.nonzero(body.inside & (body.depth > 0.6))
    if rows.size == 0:
        return found

    def place() -> tuple[float, float]:
        n = int(rng.integers(rows.size))
        return float(rows[n]), float(columns[n])

    for _ in range(int(rng.poisson(0.25))):
        at, turn, half = place(), float(rng.uniform(0, np.pi)), float(rng.uniform(1.0, 2.5)) / body.mm
        _line(white, at, turn, half, max(0.6, 0.25 / body.mm))
        found.append(Decoy("metal", "clip", at, 2 * half))
    if rng.random() < 0.15:
        at, radius = place(), float(rng.uniform(0.7, 1.3)) / body.mm
        if rng.random() < 0.5:
            at = (body.nipple[0], max(body.nipple[1] - radius, 0.0))
        _disc(white, at, radius)
        found.append(Decoy("marker", "marker disc", at, 2 * radius))
    if rng.random() < 0.06:
        at, turn = place(), float(rng.uniform(0, np.pi))
        half = float(rng.uniform(15, 50)) / body.mm
        _line(white, at, turn, half, max(0.6, 0.2 / body.mm))
        found.append(Decoy("metal", "wire", at, 2 * half))
    return found


def _disc(field: Field, at: tuple[float, float], radius: float) -> None:
    reach = int(radius) + 3
    r0, c0 = max(0, int(at[0]) - reach), max(0, int(at[1]) - reach)
    part = field[r0 : int(at[0]) + reach + 1, c0 : int(at[1]) + reach + 1]
    y, x = np.mgrid[r0 : r0 + part.shape[0], c0 : c0 + part.shape[1]]
    np.maximum(part, np.clip(radius + 0.5 - np.hypot(y - at[0], x - at[1]), 0, 1), out=part)


def _line(field: Field, at: tuple[float, float], turn: float, half: float, width: float) -> None:
    reach = int(half + width) + 3
    r0, c0 = max(0, int(at[0]) - reach), max(0, int(at[1]) - reach)
    part = field[r0 : int(at[0]) + reach + 1, c0 : int(at[1]) + reach + 1]
    y, x = np.mgrid[r0 : r0 + part.shape[0], c0 : c0 + part.shape[1]]
    along = (y - at[0]) * np.sin(turn) + (x - at[1]) * np.cos(turn)
    across = (y - at[0]) * np.cos(turn) - (x - at[1]) * np.sin(turn)
    away = np.hypot(np.maximum(np.abs(along) - half, 0), across)
    np.maximum(part, np.clip(width / 2 + 0.5 - away, 0, 1), out=part)


def film_faults(image: Field, body: Outline, rng: np.random.Generator) -> list[Decoy]:
    """Dust, hairs, scratches, scanner lines: written onto the scanned ``image`` (0 to 255), sharper than any optics."""
    rows, columns = image.shape
    found = []
    for _ in range(int(rng.integers(5, 61))):
        r, c = int(rng.integers(2, rows - 4)), int(rng.integers(2, columns - 4))
        bright = float(rng.uniform(12, 90)) * (1 if rng.random() < 0.75 else -0.7)
        shape = np.zeros((3, 3), np.float32)
        shape[1, 1] = 1.0
        for _ in range(int(rng.integers(0, 3))):
            shape[int(rng.integers(3)), int(rng.integers(3))] = float(rng.uniform(0.5, 1.0))
        image[r : r + 3, c : c + 3] += bright * shape
        found.append(Decoy("dust", "speck", (r + 1.0, c + 1.0), 2.0))
    for _ in range(int(rng.poisson(0.5))):
        length, turn = float(rng.uniform(30, 160)), float(rng.uniform(0, np.pi))
        middle = (float(rng.uniform(0, rows)), float(rng.uniform(0, columns)))
        n = np.arange(-length / 2, length / 2, 0.5)
        bend = float(rng.normal(0, 0.002)) * n**2 * (rng.random() < 0.4)
        y = np.rint(middle[0] + n * np.sin(turn) + bend * np.cos(turn)).astype(int)
        x = np.rint(middle[1] + n * np.cos(turn) - bend * np.sin(turn)).astype(int)
        held = (y >= 0) & (x >= 0) & (y < rows) & (x < columns)
        lines = np.zeros_like(image, dtype=bool)
        lines[y[held], x[held]] = True
        image[lines] += float(rng.choice([-1, 1])) * float(rng.uniform(10, 50))
        found.append(Decoy("artefact", "scratch", middle, length))
    if rng.random() < 0.3:
        bright = float(rng.choice([-1, 1])) * float(rng.uniform(4, 14))
        if rng.random() < 0.5:
            c = int(rng.integers(0, columns))
            image[:, c] += bright
            found.append(Decoy("artefact", "scanner line", (rows / 2, float(c)), float(rows)))
        else:
            r = int(rng.integers(0, rows))
            image[r] += bright
            found.append(Decoy("artefact", "scanner line", (float(r), columns / 2), float(columns)))
    found += _frame(image, body, rng)
    return found


def _frame(image: Field, body: Outline, rng: np.random.Generator) -> list[Decoy]:
    rows, columns = image.shape
    found = []
    grain = ndimage.gaussian_filter(rng.normal(size=image.shape), 0.7).astype(np.float32) * 6
    if rng.random() < 0.3:
        wide = int(float(rng.uniform(2, 12)) / body.mm)
        image[:, columns - wide :] = 244 + grain[:, columns - wide :]
        found.append(Decoy("artefact", "film strip", (rows / 2, columns - wide / 2), float(wide)))
    if rng.random() < 0.2:
        wide = max(1, int(float(rng.uniform(0.3, 4)) / body.mm))
        image[:wide] = 244 + grain[:wide]
        found.append(Decoy("artefact", "film strip", (wide / 2, columns / 2), float(wide)))
    if rng.random() < 0.6:
        height, wide = int(float(rng.uniform(6, 14)) / body.mm), int(float(rng.uniform(8, 20)) / body.mm)
        r = int(rng.uniform(0, max(1, 0.2 * rows - height)))
        c = int(rng.uniform(0.7 * columns, max(0.7 * columns + 1, columns - wide)))
        if not body.inside[r : r + height, c : c + wide].any():
            box = image[r : r + height, c : c + wide]
            paper = rng.random() < 0.5
            letters = _letters((box.shape[0], box.shape[1]), rng)
            if paper:
                box[:] = 235 - 190 * letters
            else:
                box[:] = np.maximum(box, 230 * letters)
            found.append(Decoy("marker", "label", (r + height / 2, c + wide / 2), float(wide)))
    return found


def _letters(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Strokes that look like letters."""
    out = np.zeros(shape, np.float32)
    for n in range(3):
        c = (n + 0.5) * shape[1] / 3
        for _ in range(3):
            at = (shape[0] * float(rng.uniform(0.35, 0.65)), c + shape[1] * float(rng.uniform(-0.08, 0.08)))
            _line(out, at, float(rng.choice([0.0, np.pi / 2, 0.8, -0.8])), 0.22 * shape[0], max(1.0, 0.06 * shape[0]))
    return out
