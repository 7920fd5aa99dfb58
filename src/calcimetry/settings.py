"""All choices of a run in one frozen value; each knows where it came from.

Later wins: the default in code, a settings file (TOML), the command line.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from calcimetry.assign.settings import AssignSettings
from calcimetry.core.errors import UnknownIdError, UsageError
from calcimetry.core.measurement import Settings
from calcimetry.detect.settings import DetectSettings
from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.calibration import Calibration, nominal, stated
from calcimetry.measure.rule import rule_ids

__all__ = ["RunSettings", "settings_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Choices of a run.

    Parameters
    ----------
    rule : str
        Preset of the Agatston rule (``knowledge/rules/agatston``).
    mass_factor_mg_cm3_per_hu : float or None
        Calibration of mass as measured for the scanner; without it mass is uncalibrated and labelled so.
    spread : bool
        Also score under all presets, inside the same rows.
    intervals : bool
        95 % intervals of volume, mass and Agatston score, and of sizes on mammograms.
    detect : DetectSettings
    assign : AssignSettings
    origins : mapping
        Setting -> where its value came from, for those that are not defaults.
    """

    rule: str = "agatston-1990"
    mass_factor_mg_cm3_per_hu: float | None = None
    spread: bool = False
    intervals: bool = True
    detect: DetectSettings = field(default_factory=DetectSettings)
    assign: AssignSettings = field(default_factory=AssignSettings)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if self.rule not in rule_ids():
            raise UnknownIdError("rule", self.rule, rule_ids())
        factor = self.mass_factor_mg_cm3_per_hu
        if factor is not None and not 0.1 <= factor <= 10.0:
            raise UsageError(
                f"mass factor {factor:g} mg/cm3 per HU cannot be; expected about 0.5 to 1.2 "
                "(a factor in mg/mm3 must be multiplied by 1000)"
            )

    def calibration(self, limits: VoltageLimits) -> Calibration | None:
        """Calibration of mass for an image with these limits; ``None`` where none is known."""
        if self.mass_factor_mg_cm3_per_hu is not None:
            return stated(self.mass_factor_mg_cm3_per_hu)
        return nominal(limits)

    def plain(self) -> Settings:
        """As plain values, for the provenance of a result."""
        values = asdict(self)
        del values["origins"]
        return values

    def explained(self) -> list[tuple[str, Any, str]]:
        """Every setting with its value and where it came from."""
        rows: list[tuple[str, Any, str]] = []
        for name, value in self.plain().items():
            inner = value.items() if isinstance(value, dict) else None
            for key, one in [(f"{name}.{k}", v) for k, v in inner] if inner is not None else [(name, value)]:
                rows.append((key, one, self.origins.get(key, "default")))
        return rows


def settings_from(file: Path | None = None, **stated_values: Any) -> RunSettings:
    """Settings of a file, over them those stated (``None`` means not stated).

    Raises
    ------
    UsageError
        The file is not TOML, or names a setting that does not exist.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if file is not None:
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"settings {file}: {error}") from error
        for name, value in values.items():
            for key in (f"{name}.{k}" for k in value) if isinstance(value, dict) else (name,):
                origins[key] = str(file)
    default = RunSettings()
    for name, value in stated_values.items():
        if value is not None and value != getattr(default, name):
            values[name] = value
            origins[name] = "command line"
    known = {f.name for f in fields(RunSettings)} - {"origins"}
    for name in values:
        if name not in known:
            raise UnknownIdError("setting", name, known)
    groups: dict[str, Any] = {}
    for group in ("detect", "assign"):
        inner, held = values.pop(group, {}), getattr(default, group)
        names = {f.name for f in fields(held)}
        for name in inner:
            if name not in names:
                raise UnknownIdError("setting", f"{group}.{name}", [f"{group}.{n}" for n in sorted(names)])
        groups[group] = (held, inner)
    try:
        made = {group: replace(held, **inner) for group, (held, inner) in groups.items()}
        return replace(default, **values, **made, origins=origins)
    except TypeError as error:
        raise UsageError(f"settings: {error}") from error
