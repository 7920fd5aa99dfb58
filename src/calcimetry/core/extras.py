"""Optional is polite: a missing package is named with the feature that wants it and the way to get it."""

from __future__ import annotations

import importlib
from types import ModuleType

from calcimetry.core.errors import MissingExtraError

__all__ = ["EXTRAS", "PACKAGES", "need"]

EXTRAS: dict[str, tuple[str, str]] = {
    "cv2": ("fast", "mammograms in less time, with the same findings"),
    "imagecodecs": ("jpeg12", "12-bit JPEG (processes 2 and 4)"),
    "pandas": ("pandas", "tables as pandas data frames"),
    "yaml": ("yaml", "case files in YAML"),
}
"""Module -> (extra, what it is for)."""
PACKAGES = {"cv2": "opencv-python-headless", "yaml": "pyyaml"}
"""Module -> package that brings it, where the names differ."""


def need(module: str, *, for_: str) -> ModuleType:
    """Import an optional package, or say what to install.

    Raises
    ------
    MissingExtraError
        Naming feature and extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        extra = EXTRAS[module][0]
        raise MissingExtraError(
            f"{for_} needs the package {module!r}: install it with pip install 'calcimetry[{extra}]'"
        ) from error
