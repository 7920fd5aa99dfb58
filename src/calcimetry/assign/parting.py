"""From the answers for the pieces of a body to its parts: a body that runs from vessel to vessel is parted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Part", "parts"]

F64 = NDArray[np.float64]
Whole = NDArray[np.int64]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Part:
    """Pieces of one body that belong together, and the probability of each class."""

    pieces: Whole
    probabilities: F64


def parts(
    probabilities: F64,
    touch: Bits,
    volumes_mm3: F64,
    *,
    groups: Whole,
    lean: float,
    least_mm3: float,
    least_odds: float,
) -> list[Part]:
    """Parts of one body.

    Parameters
    ----------
    probabilities : (pieces, classes) float64
    touch : (pieces, pieces) bool
        Which pieces touch.
    volumes_mm3 : (pieces,) float64
    groups : (classes,) int64
        Number of the answer that each class stands for where bodies are parted.
    lean : float
        How far a piece leans on those that it touches: 0 not at all, 1 as much as on itself.
    least_mm3 : float
        A part smaller than this joins the neighbour that it touches.
    least_odds : float
        A part stands by itself where its own answer is so many times likelier, in it, than that of its neighbour.

    Returns
    -------
    list of Part
        At least one; in the order of their first pieces.
    """
    count = len(probabilities)
    log = np.log(np.maximum(probabilities, 1e-6))
    if count > 1 and lean > 0.0:
        neighbours = touch.sum(axis=1, keepdims=True)
        mean = touch.astype(np.float64) @ log / np.maximum(neighbours, 1)
        log = np.where(neighbours > 0, (log + lean * mean) / (1.0 + lean), log)
    likely = _normal(np.exp(log))
    answers = np.zeros((count, int(groups.max()) + 1))
    np.add.at(answers.T, groups, likely.T)
    label = _connected(answers.argmax(axis=1), touch)
    while True:
        numbers = np.unique(label)
        if len(numbers) == 1:
            break
        weak = _weakest(label, numbers, answers, touch, volumes_mm3, least_mm3, least_odds)
        if weak is None:
            break
        label[label == weak[0]] = weak[1]
    out = []
    for number in sorted(np.unique(label), key=lambda n: int(np.flatnonzero(label == n)[0])):
        mine = np.flatnonzero(label == number)
        weight = volumes_mm3[mine] / volumes_mm3[mine].sum()
        out.append(Part(mine, np.asarray(weight @ likely[mine])))
    return out


def _normal(values: F64) -> F64:
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _connected(answer: Whole, touch: Bits) -> Whole:
    """Number of the group of touching pieces with the same answer."""
    label = np.full(len(answer), -1, dtype=np.int64)
    for first in range(len(answer)):
        if label[first] >= 0:
            continue
        todo = [first]
        label[first] = first
        while todo:
            piece = todo.pop()
            for other in np.flatnonzero(touch[piece] & (answer == answer[piece]) & (label < 0)):
                label[other] = first
                todo.append(int(other))
    return label


def _weakest(
    label: Whole, numbers: Whole, answers: F64, touch: Bits, volumes: F64, least_mm3: float, least_odds: float
) -> tuple[int, int] | None:
    """The part that should not stand by itself, with the neighbour that it joins."""
    worst: tuple[float, int, int] | None = None
    for number in numbers:
        mine = label == number
        near = [n for n in numbers if n != number and touch[np.ix_(mine, label == n)].any()]
        near = near or [n for n in numbers if n != number]
        volume = float(volumes[mine].sum())
        log = np.log(np.maximum(answers[mine], 1e-6))
        mean = volumes[mine] @ log / volume
        own = int(mean.argmax())
        rivals = []
        for other in near:
            theirs = label == other
            with_them = int((volumes[theirs] @ np.log(np.maximum(answers[theirs], 1e-6))).argmax())
            rivals.append((float(mean[own] - mean[with_them]), int(other)))
        gain, other = min(rivals)
        if volume < least_mm3 or gain < np.log(least_odds):
            rank = volume if volume < least_mm3 else 1e6 + gain
            if worst is None or rank < worst[0]:
                worst = (rank, int(number), other)
    return None if worst is None else (worst[1], worst[2])
