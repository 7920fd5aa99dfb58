"""Step 2: laboratory values, unit-safe. A value is converted, held against a plausible range, then against an interval.

The laboratory's own interval comes before ours, and ours holds only for the ages (and sex) that it was made for. Where
age or sex is not known, a value is called high or low only if every interval that may apply says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from calcimetry.core.errors import UnknownIdError
from calcimetry.explain.doubts import Doubts
from calcimetry.knowledge.load import table
from calcimetry.knowledge.units import convert

__all__ = ["Value", "kept_unit", "read", "shown", "shown_unit", "verdict"]


@dataclass(frozen=True, slots=True)
class Value:
    """One value in the unit in which its analyte is kept.

    ``verdict`` is ``low``, ``normal``, ``high`` or ``None`` (no interval holds). ``interval_from`` is ``laboratory`` or
    a source. ``samples`` counts the samples that agree with the verdict.
    """

    analyte: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    verdict: str | None = None
    interval_from: str | None = None
    stated: str = ""
    stated_unit: str = ""
    time: str = ""
    samples: int = 1
    fasting: bool | None = None


def read(
    rows: Sequence[Mapping[str, Any]], *, age_years: float | None, sex: str | None, doubts: Doubts
) -> tuple[dict[str, Value], dict[str, str]]:
    """Rows of a case -> one value for each analyte, and the results that are words (``igra``).

    Parameters
    ----------
    rows : sequence of mappings
        ``analyte``, ``value``, ``unit``; ``low``, ``high`` of the laboratory; ``time``; ``fasting``.
    age_years, sex : float, str, optional
        Choose the interval.
    doubts : Doubts
        Takes what is not used: no unit, another unit, an impossible or contradictory value.
    """
    found: dict[str, list[Value]] = {}
    words: dict[str, str] = {}
    for row in rows:
        name = row["analyte"]
        if name == "igra":
            _igra(row, words, doubts)
        elif (value := _value(row, doubts)) is not None:
            found.setdefault(name, []).append(_judged(value, row, age_years, sex, doubts))
    joined = {name: _one(values, doubts) for name, values in sorted(found.items())}
    return {name: value for name, value in joined.items() if value is not None}, words


def _igra(row: Mapping[str, Any], words: dict[str, str], doubts: Doubts) -> None:
    said = str(row.get("value")).lower()
    if said not in {"positive", "negative"}:
        doubts.add("igra", f"{said[:40]!r} is not used: expected positive or negative", "igra")
    elif words.get("igra", said) != said:
        doubts.add("igra", "stated both as positive and as negative; neither is used", "igra")
        words["igra"] = ""
    else:
        words["igra"] = said


def _label(name: str) -> str:
    return str(_row(name).get("label", name))


def _row(analyte: str) -> Mapping[str, Any]:
    row: Mapping[str, Any] = table("reasoning/analytes")["analyte"][analyte]
    return row


def kept_unit(analyte: str) -> str:
    """The unit in which an analyte is kept.

    >>> kept_unit("calcium_total")
    'mmol/L'
    """
    return str(_row(analyte)["unit"])


def shown_unit(analyte: str, units: str) -> str:
    """The unit to show: ``mg/dL`` asks for the conventional system, ``mmol/L`` for SI.

    >>> shown_unit("calcium_total", "mg/dL"), shown_unit("pth_intact", "mmol/L"), shown_unit("sodium", "mg/dL")
    ('mg/dL', 'pmol/L', 'mmol/L')
    """
    row = _row(analyte)
    pair = [row["unit"], *([row["shown"]] if "shown" in row else [])]
    si = [unit for unit in pair if "mol" in unit or unit == "g/L"]
    wanted = si if units == "mmol/L" else [unit for unit in pair if unit not in si]
    return str((wanted or pair)[0])


def _spelled(unit: str) -> str:
    """UCUM lets litre be ``l`` or ``L``; tables write ``L``.

    >>> _spelled("mg/dl"), _spelled("mmol/l")
    ('mg/dL', 'mmol/L')
    """
    head, slash, tail = unit.strip().partition("/")
    return head + slash + (tail[:-1] + "L" if tail in {"l", "dl", "ml", "ul"} else tail)


@cache
def _accepted(analyte: str) -> tuple[str, ...]:
    """Units that can be converted into the kept one, that one first."""
    row = _row(analyte)
    units = [row["unit"]]
    for conversion in table("units")["conversion"]:
        if conversion["quantity"] == row.get("quantity"):
            for unit in (conversion["from"], conversion["to"]):
                if unit not in units and _in(analyte, 1.0, unit) is not None:
                    units.append(unit)
    return tuple(units)


def _in(analyte: str, value: float, unit: str) -> float | None:
    row = _row(analyte)
    if unit == row["unit"]:
        return value
    try:
        return convert(str(row.get("quantity")), value, unit, row["unit"])
    except UnknownIdError:
        return None


def _value(row: Mapping[str, Any], doubts: Doubts) -> Value | None:
    name, said, unit = row["analyte"], row.get("value"), row.get("unit")
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        doubts.add(name, f"{str(said)[:40]!r} is no number and is not used", f"the number of {_label(name)}")
        return None
    if not unit:
        doubts.add(name, f"{said:g} has no unit and is not used", f"unit of {_label(name)}")
        return None
    spelled = _spelled(str(unit))
    if spelled in _row(name).get("also", ()):
        doubts.add(
            name,
            f"{said:g} {unit} is shown and not read: no conversion is published",
            f"{_label(name)} in {kept_unit(name)}",
        )
        return None
    value = _in(name, float(said), spelled)
    if value is None:
        expected = ", ".join(_accepted(name))
        doubts.add(
            name,
            f"{said:g} {str(unit)[:30]}: this unit is not known for it; expected {expected}",
            f"unit of {_label(name)}",
        )
        return None
    limits = _row(name)
    if not limits.get("low", -math.inf) <= value <= limits.get("high", math.inf):
        doubts.add(
            name,
            f"{said:g} {unit} is not possible and is not used{_other_unit(name, said, spelled)}",
            f"{_label(name)} with its unit",
        )
        return None
    return Value(
        name, value, kept_unit(name), stated=f"{said:g}", stated_unit=spelled, time=str(row.get("time") or ""),
        fasting=row.get("fasting") if isinstance(row.get("fasting"), bool) else None,
    )  # fmt: skip


def _other_unit(analyte: str, said: float, unit: str) -> str:
    """Names the unit in which the number would be ordinary; it is asked, never assumed."""
    likely = {**_row(analyte), **table("reasoning/analytes").get("ask_back", {}).get(analyte, {})}
    for other in _accepted(analyte):
        value = _in(analyte, said, other)
        if other != unit and value is not None and likely.get("low", 0) <= value <= likely.get("high", math.inf):
            return f"; is it {said:g} {other}?"
    return ""


def _judged(value: Value, row: Mapping[str, Any], age_years: float | None, sex: str | None, doubts: Doubts) -> Value:
    low, high = _own_interval(value, row, doubts)
    if low is not None or high is not None:
        said = verdict(value.value, low, high)
        return replace(value, low=low, high=high, verdict=said, interval_from="laboratory")
    rows = _intervals(_row(value.analyte).get("interval_of", value.analyte), age_years, sex)
    verdicts = {_verdict_of(value.value, one) for one in rows}
    if len(verdicts) != 1:
        return value
    first = rows[0]
    return replace(
        value,
        low=first.get("low", first.get("low_to")),
        high=first.get("high"),
        verdict=verdicts.pop(),
        interval_from=str(first["source"]),
    )


def _own_interval(value: Value, row: Mapping[str, Any], doubts: Doubts) -> tuple[float | None, float | None]:
    limits = []
    for key in ("low", "high"):
        said = row.get(key)
        good = isinstance(said, int | float) and not isinstance(said, bool) and math.isfinite(said)
        limits.append(_in(value.analyte, float(said), value.stated_unit) if good else None)  # type: ignore[arg-type]
    low, high = limits
    if low is not None and high is not None and low >= high:
        doubts.add(value.analyte, "the laboratory's interval is upside down and is not used", "the interval")
        return None, None
    return low, high


def verdict(value: float, low: float | None, high: float | None, *, low_to: bool = False) -> str:
    """``low``, ``normal`` or ``high``; limits belong to the interval unless ``low_to``.

    >>> verdict(2.7, 2.2, 2.6), verdict(2.6, 2.2, 2.6), verdict(30, 30, 120, low_to=True)
    ('high', 'normal', 'low')
    """
    if low is not None and (value <= low if low_to else value < low):
        return "low"
    return "high" if high is not None and value > high else "normal"


def _verdict_of(value: float, row: Mapping[str, Any]) -> str | None:
    said = verdict(value, row.get("low", row.get("low_to")), row.get("high"), low_to="low_to" in row)
    return None if row.get("only_high") and said != "high" else said


def _intervals(analyte: str, age_years: float | None, sex: str | None) -> list[Mapping[str, Any]]:
    """Our intervals that may apply: those of the age and sex, all where these are not known."""
    return [
        row
        for row in table("reasoning/intervals")["interval"]
        if row["analyte"] == analyte
        and (age_years is None or row["ages"][0] <= age_years < row["ages"][1])
        and (sex is None or row.get("sex", sex) == sex)
    ]


def _one(values: list[Value], doubts: Doubts) -> Value | None:
    """The latest of several samples; two that contradict each other at one time are both set aside."""
    values.sort(key=lambda v: (v.time, v.value, v.stated_unit))
    limits = table("reasoning/analytes")["reading"]["contradiction"]
    for n, one in enumerate(values):
        for other in values[n + 1 :]:
            apart = abs(other.value - one.value) / max(abs(one.value), abs(other.value), 1e-9)
            allowed = limits["same_unit" if one.stated_unit == other.stated_unit else "other_unit"]
            if one.time == other.time and apart > allowed:
                said = " and ".join(f"{v.stated} {v.stated_unit}" for v in (one, other))
                doubts.add(
                    one.analyte, f"{said} contradict each other; neither is used", f"which {one.analyte} is right"
                )
                return None
    last = values[-1]
    # The same result written in two units is one sample.
    kinds = {(v.time, f"{v.value:.3g}") for v in values}
    agree = sum(v.verdict == last.verdict for v in values)
    return replace(last, samples=min(agree, len(kinds)))


def shown(analyte: str, value: float | None, unit: str) -> float | None:
    """A value in the unit in which it is shown, in four significant digits.

    >>> shown("calcium_total", 2.6, "mg/dL")
    10.42
    """
    if value is None:
        return None
    kept = kept_unit(analyte)
    there = value if unit == kept else convert(str(_row(analyte).get("quantity")), value, kept, unit)
    return float(f"{there:.4g}")
