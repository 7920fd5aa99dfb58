"""The interval model in force: that of ``calcimetry.measure.interval`` where it is part of the installation."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from calcimetry.measure.features import IntervalModel

__all__ = ["interval_model"]

_MODULE = "calcimetry.measure.interval"


def interval_model() -> IntervalModel | None:
    """What gives the 95 % intervals, or ``None``: numbers then go without, they are not guessed."""
    if find_spec(_MODULE) is None:
        return None
    model: IntervalModel = import_module(_MODULE).model()
    return model
