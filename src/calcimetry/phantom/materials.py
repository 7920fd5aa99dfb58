"""What a material shows as: CT numbers by tube voltage, from the table ``materials``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np

from calcimetry.core.errors import UnknownIdError, UsageError
from calcimetry.knowledge import load

__all__ = ["KVP_RANGE", "hu_per_mg_cm3", "material_hu", "palette"]

KVP_RANGE = (70.0, 140.0)
"""Tube voltages the table spans [kV]."""


def _check(kvp: float) -> float:
    if not KVP_RANGE[0] <= kvp <= KVP_RANGE[1]:
        raise UsageError(f"tube voltage: found {kvp:g} kV, expected {KVP_RANGE[0]:g} to {KVP_RANGE[1]:g}")
    return float(kvp)


@cache
def hu_per_mg_cm3(kvp: float) -> float:
    """HU above water of one mg/cm³ of hydroxyapatite. [kV] -> [HU cm³/mg]

    Between the rows of the table linear in log-log.

    >>> round(100 * hu_per_mg_cm3(120.0))
    130
    >>> round(hu_per_mg_cm3(100.0) / hu_per_mg_cm3(120.0), 2)
    1.14
    """
    rows = load.table("materials")["hydroxyapatite"]
    log_kv = [math.log(row["kvp"]) for row in rows]
    log_hu = [math.log(row["hu_per_mg_cm3"]) for row in rows]
    return math.exp(float(np.interp(math.log(_check(kvp)), log_kv, log_hu)))


@cache
def palette(kvp: float) -> Mapping[str, float]:
    """HU of every material of the table at this voltage."""
    values = load.table("materials")
    found = {}
    for row in values["material"]:
        at = sorted((float(k), float(hu)) for k, hu in row["hu"].items())
        found[row["id"]] = float(np.interp(_check(kvp), [k for k, _ in at], [hu for _, hu in at]))
    for row in values["bone"]:
        found[row["id"]] = found["muscle"] + hu_per_mg_cm3(kvp) * row["mineral_mg_cm3"]
    return found


def material_hu(material: str, kvp: float) -> float:
    """HU of a material. [kV] -> [HU]

    >>> material_hu("fat", 120)
    -100.0

    Raises
    ------
    UnknownIdError
        Naming the three nearest materials.
    """
    known = palette(float(kvp))
    if material not in known:
        raise UnknownIdError("material", material, known)
    return known[material]
