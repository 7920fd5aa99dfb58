"""Two things at a time: numpy, scipy and OpenCV let another thread run while they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["side_by_side"]

Given = TypeVar("Given")
Made = TypeVar("Made")


def side_by_side(function: Callable[[Given], Made], items: Iterable[Given]) -> list[Made]:
    """What a function makes of each item, in their order, two at a time.

    The results are those of one after the other: nothing may be shared that the function changes.

    >>> side_by_side(abs, [-2, 3, -1])
    [2, 3, 1]
    """
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, items))
