"""The rule of an Agatston score: every choice that changes the number, as one value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any, Literal

from calcimetry.core.errors import KnowledgeError, UnknownIdError
from calcimetry.core.source import Status
from calcimetry.knowledge.load import table
from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.knowledge.tube_voltage import limits as published_limits

__all__ = ["DEFAULT_RULE_ID", "Minimum", "OwnLimits", "Rule", "rule", "rule_ids"]

_TABLE = "rules/agatston"
DEFAULT_RULE_ID = "agatston-1990"

AREA_TOLERANCE = 1e-6
"""Slack of a minimum [mm² or mm³]: 4 pixels of 0.5 mm are 1 mm² even where a product of floats says 0.9999999."""

Factor = Literal["increment/3", "thickness/3", "increment/thickness", "none"]
_NEIGHBOURS = {2: (4, 8), 3: (6, 26)}


@dataclass(frozen=True, slots=True)
class Minimum:
    """One condition of size.

    ``mm2`` and ``pixels`` judge the piece in one slice, ``mm3`` and ``voxels`` the body in 3-D. ``strict`` means
    more than, not at least. ``to_pixels`` turns an area into a number of pixels as some programs do.
    """

    value: float
    unit: Literal["mm2", "pixels", "mm3", "voxels"]
    strict: bool = False
    to_pixels: Literal["ceil", "round"] | None = None

    def __str__(self) -> str:
        unit = {"mm2": "mm²", "mm3": "mm³"}.get(self.unit, self.unit)
        rounded = {"ceil": " rounded up to pixels", "round": " rounded to pixels", None: ""}[self.to_pixels]
        return f"{'more than' if self.strict else 'at least'} {self.value:g} {unit}{rounded}"


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """Threshold and steps [HU] that a rule brings along for one tube voltage."""

    kvp: float
    threshold_hu: float
    steps_hu: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How an Agatston score is counted.

    Parameters
    ----------
    id, title : str
    threshold : {"table", "fixed", "rows"}
        Limits from the table of tube voltages, the rule's own at every voltage, or its own by voltage.
    comparison : {">=", ">"}
        How a voxel is compared with the threshold; HU are never rounded before.
    minimum : tuple of Minimum
        All must hold; none means that one voxel counts.
    dimensions, connectivity : int
        Pieces are joined in the slice (2; 4 or 8 neighbours) or in space (3; 6 or 26 neighbours).
    peak : {"piece", "object"}
        The density factor comes from the peak of the piece in its slice, or of the whole body.
    factor : str
        Slice normalization.
    rounding : {"none", "object"}
        Whether the score of each body is rounded to a whole number before the sum.
    own : tuple of OwnLimits
        Limits of a rule whose threshold is not "table" (kvp 0: every voltage).
    """

    id: str
    title: str
    threshold: Literal["table", "fixed", "rows"] = "table"
    comparison: Literal[">=", ">"] = ">="
    minimum: tuple[Minimum, ...] = (Minimum(1.0, "mm2"),)
    dimensions: Literal[2, 3] = 2
    connectivity: int = 8
    peak: Literal["piece", "object"] = "piece"
    factor: Factor = "increment/3"
    rounding: Literal["none", "object"] = "none"
    own: tuple[OwnLimits, ...] = ()
    source: str = "calcimetry"
    status: Status = "ours"

    def __post_init__(self) -> None:
        if self.connectivity not in _NEIGHBOURS[self.dimensions]:
            expected = " or ".join(str(n) for n in _NEIGHBOURS[self.dimensions])
            raise ValueError(f"connectivity {self.connectivity} in {self.dimensions}-D; expected {expected}")
        if self.peak == "object" and self.dimensions == 2:
            raise ValueError("peak 'object' needs dimensions 3: in 2-D the piece is the object")

    def at(self, limits: VoltageLimits) -> VoltageLimits:
        """The limits this rule applies where the table gives ``limits``; a refusal stays a refusal."""
        if self.threshold == "table" or limits.refusal is not None:
            return limits
        found = next((own for own in self.own if own.kvp in (0.0, limits.effective_kvp)), None)
        if found is None:
            known = ", ".join(f"{own.kvp:g}" for own in self.own)
            refusal = f"rule {self.id} has no limits for {limits.effective_kvp:g} kV; expected {known} kV"
            return replace(limits, refusal=refusal, basis=f"at {limits.threshold_hu:g} HU, not by rule {self.id}")
        return replace(
            limits,
            threshold_hu=found.threshold_hu,
            steps_hu=found.steps_hu,
            adapted=self.threshold == "rows" and limits.adapted,
            basis=f"limits of rule {self.id}" + (f" at {found.kvp:g} kV" if found.kvp else " at every voltage"),
            source=self.source,
            status=self.status,
        )

    def at_kvp(self, kvp: float | None, kernel: str | None = None) -> VoltageLimits:
        """The limits this rule applies at a tube voltage [kV].

        >>> rule("agatston-1990").at_kvp(120).steps_hu
        (130.0, 200.0, 300.0, 400.0)
        """
        return self.at(published_limits(kvp, kernel))

    def slice_factor(self, increment_mm: float, thickness_mm: float | None = None) -> float:
        """Factor of the slice normalization [1]; a thickness that is not known counts as the increment.

        >>> rule("agatston-1990").slice_factor(1.5), rule("slicer-2014").slice_factor(1.5)
        (0.5, 1.0)
        """
        thickness = increment_mm if thickness_mm is None else thickness_mm
        return {
            "increment/3": increment_mm / 3.0,
            "thickness/3": thickness / 3.0,
            "increment/thickness": increment_mm / thickness,
            "none": 1.0,
        }[self.factor]

    def settings(self) -> dict[str, Any]:
        """Every choice as plain values, printed with every score."""
        values = asdict(self)
        values["minimum"] = [asdict(one) for one in self.minimum]
        values["own"] = [{**asdict(one), "steps_hu": list(one.steps_hu)} for one in self.own]
        return values


@cache
def rule_ids() -> tuple[str, ...]:
    """Ids of all presets, in the order of the table.

    >>> rule_ids()[0]
    'agatston-1990'
    """
    return tuple(row["id"] for row in table(_TABLE)["rule"])


@cache
def rule(rule_id: str = DEFAULT_RULE_ID) -> Rule:
    """The preset of this id.

    Raises
    ------
    UnknownIdError
        Naming the three nearest.

    Examples
    --------
    >>> rule("siemens").minimum, rule("min3px").minimum[0].value
    ((), 3)
    """
    if rule_id not in rule_ids():
        raise UnknownIdError("rule", rule_id, rule_ids())
    row = next(row for row in table(_TABLE)["rule"] if row["id"] == rule_id)
    values = {**table(_TABLE)["default"], **row}
    own = values.pop("rows", [])
    if values["threshold"] == "fixed":
        own = [{"kvp": 0, "threshold_hu": values.pop("threshold_hu"), "steps_hu": values.pop("steps_hu")}]
    if (values["threshold"] == "table") == bool(own):
        raise KnowledgeError(f"table {_TABLE}, rule {rule_id}: threshold {values['threshold']!r} and own limits differ")
    values.pop("note", None)
    values["minimum"] = tuple(Minimum(**one) for one in values["minimum"])
    values["own"] = tuple(
        OwnLimits(float(one["kvp"]), float(one["threshold_hu"]), tuple(float(s) for s in one["steps_hu"]))
        for one in own
    )
    return Rule(**values)
