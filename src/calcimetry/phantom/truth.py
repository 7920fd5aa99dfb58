"""What is true of a simulated image: every object with its volume, density and mass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from calcimetry.core.errors import InputError

__all__ = ["TruthObject", "read_truth", "truth_record"]

SCHEMA = "calcimetry-truth/1"


@dataclass(frozen=True, slots=True)
class TruthObject:
    """One object. ``mass_mg`` is mg of hydroxyapatite; ``object_hu`` what it would show as without blur and noise."""

    id: str
    site: str
    structure: str
    kind: str
    center_mm: tuple[float, float, float]
    volume_mm3: float
    density_mg_cm3: float
    mass_mg: float
    object_hu: float


def truth_record(objects: Sequence[TruthObject], settings: dict[str, Any]) -> dict[str, Any]:
    """Plain values for ``truth.json``: objects, sums by site and structure, settings."""
    sums: dict[tuple[str, str], dict[str, float]] = {}
    for one in objects:
        for structure in (one.structure, "total"):
            row = sums.setdefault((one.site, structure), {"objects": 0, "volume_mm3": 0.0, "mass_mg": 0.0})
            row["objects"] += 1
            row["volume_mm3"] += one.volume_mm3
            row["mass_mg"] += one.mass_mg
    return {
        "schema": SCHEMA,
        "settings": settings,
        "objects": [asdict(one) for one in objects],
        "sums": [
            {"site": site, "structure": structure, **{k: round(v, 4) for k, v in row.items()}}
            for (site, structure), row in sorted(sums.items())
        ],
    }


def read_truth(path: str | Path) -> tuple[TruthObject, ...]:
    """The objects of a ``truth.json``.

    Raises
    ------
    InputError
        If the file is not one.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            raise KeyError(record["schema"])
        return tuple(
            TruthObject(**{**row, "center_mm": tuple(float(c) for c in row["center_mm"])}) for row in record["objects"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "not a truth file", where=str(path), found=str(error)[:120], expected=f"schema {SCHEMA}"
        ) from error
