"""Rounding for display: half away from zero, as people do it (Python's own goes to the even neighbour)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

__all__ = ["half_up"]


def half_up(value: float, digits: int = 0) -> str:
    """A number as text with this many decimals; only for display, never on the way to a class.

    >>> half_up(8.25, 1), f"{8.25:.1f}"
    ('8.3', '8.2')
    """
    return str(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))
