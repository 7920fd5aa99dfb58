"""calcimetry: what is calcified on a medical image, how much, and what it means.

>>> import calcimetry
>>> case = calcimetry.analyze(calcimetry.phantom.simulate("thorax-demo", seed=1).volume)  # doctest: +SKIP
>>> print(case)                                                                          # doctest: +SKIP

Names load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from calcimetry._version import __version__

if TYPE_CHECKING:
    from calcimetry import measure, phantom, report, sites
    from calcimetry.core.case import Case
    from calcimetry.core.errors import CalcimetryError, InputError, UsageError
    from calcimetry.core.geometry import Geometry
    from calcimetry.core.image import Projection, Volume
    from calcimetry.core.study import Study
    from calcimetry.read import study as read
    from calcimetry.run import analyze

__all__ = [
    "CalcimetryError",
    "Case",
    "Geometry",
    "InputError",
    "Projection",
    "Study",
    "UsageError",
    "Volume",
    "__version__",
    "analyze",
    "measure",
    "phantom",
    "read",
    "report",
    "sites",
]

_HOME = {
    "Case": "core.case",
    "CalcimetryError": "core.errors",
    "InputError": "core.errors",
    "UsageError": "core.errors",
    "Geometry": "core.geometry",
    "Projection": "core.image",
    "Volume": "core.image",
    "Study": "core.study",
    "analyze": "run",
}
_STAGES = ("measure", "phantom", "read", "report", "sites")


def __getattr__(name: str) -> Any:
    if name in _STAGES:
        return import_module(f"calcimetry.{name}")
    if name in _HOME:
        return getattr(import_module(f"calcimetry.{_HOME[name]}"), name)
    raise AttributeError(f"module 'calcimetry' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
