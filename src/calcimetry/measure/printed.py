"""The interval as it is printed: the model's, reaching to the number beside it."""

from __future__ import annotations

__all__ = ["printed"]


def printed(interval: tuple[float, float] | None, value: float | None) -> tuple[float, float] | None:
    """The interval, widened on one side where it would leave out the number it stands beside.

    Counting at a threshold blooms: the likely truth of a volume may lie wholly below the number counted. An interval
    that leaves out its own number reads as an error, so the number becomes its end; the truth is held no less.

    >>> printed((198.0, 480.0), 805.0)
    (198.0, 805.0)
    """
    if interval is None or value is None:
        return interval
    return min(interval[0], value), max(interval[1], value)
