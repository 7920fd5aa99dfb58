"""Any value of a case -> plain JSON values: no numpy, no NaN, no broken text."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

__all__ = ["DIGITS", "clean_text", "number", "plain"]

DIGITS = 10
"""Significant digits of a float in the record: beyond them lie differences between processors, not facts."""


def number(value: float) -> float | None:
    """A float with :data:`DIGITS` significant digits, or ``None`` where it is none (NaN, infinite).

    >>> number(0.1 + 0.2), number(float("nan"))
    (0.3, None)
    """
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{DIGITS}g}") + 0.0  # + 0.0: no negative zero
    return short if math.isfinite(short) else value  # the largest floats round up to infinity


def clean_text(text: str) -> str:
    r"""Text that every encoder takes: lone surrogates (undecodable bytes of a header) become visible escapes.

    >>> clean_text("FC\udc80")
    'FC\\udc80'
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def plain(value: Any) -> Any:
    """Plain JSON value of ``value``: dict, list, str, int, float, bool or ``None``.

    Order of mappings stays; sets are sorted; NaN and infinite numbers become ``None``.

    Raises
    ------
    TypeError
        For a value that has no plain form (a defect of the stage that put it into the case).

    >>> plain({"a": np.float32(1.5), "b": (1, np.int64(2)), "c": float("inf")})
    {'a': 1.5, 'b': [1, 2], 'c': None}
    """
    kind = type(value)
    if value is None or kind is int or kind is bool:
        return value
    if kind is float:
        return number(value)
    if kind is str:
        return clean_text(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, str):
        return clean_text(str(value))
    if isinstance(value, (bool, int, float)):
        return plain(float(value) if isinstance(value, float) else int(value))
    if isinstance(value, PurePath):
        return clean_text(str(value))
    if isinstance(value, Mapping):
        return {clean_text(str(k)): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, set | frozenset):
        return [plain(v) for v in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"no plain JSON form for {type(value).__name__}")
