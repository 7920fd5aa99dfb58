"""What the words need of an explanation and its case, read once: entries that may be printed, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["NO_STEP", "View", "as_record"]

Entry = Mapping[str, Any]

_YEARS = {"a": 1.0, "mo": 1 / 12, "wk": 7 / 365.25, "d": 1 / 365.25}
_NOTHING = frozenset({"asymptomatic", "none"})
NO_STEP = frozenset({"psa_not_indicated_by_calcification"})
"""Tests that are named in order to say that the calcium is no reason for them."""


def as_record(explanation: Any) -> Mapping[str, Any]:
    """``calcimetry-explanation/1`` as plain values, whether given so or as the value that makes it."""
    return explanation if isinstance(explanation, Mapping) else explanation.record()


def _sorted(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list | tuple) else value


class View:
    """An explanation and its case, with the entries that words are made from.

    An entry of status ``uncertain`` never stands among tests or referrals: it is listed as not checked.
    """

    def __init__(self, explanation: Any, case: Mapping[str, Any]) -> None:
        self.explanation = as_record(explanation)
        self.case = case
        self.not_used = frozenset(str(row["what"]) for row in self.rows("withheld"))

    def rows(self, part: str) -> list[Entry]:
        """Entries of a part of the explanation."""
        return list(self.explanation.get(part) or ())

    @property
    def urgency(self) -> str:
        """Tier of the whole explanation."""
        return str(self.explanation.get("urgency") or "none")

    @property
    def follow_up(self) -> Entry:
        """What follows."""
        return self.explanation.get("follow_up") or {}

    @property
    def findings(self) -> list[Entry]:
        """Findings without those, and without those values, that were questioned; in an order of their own."""
        stated = [one for one in self.case.get("findings") or () if isinstance(one, Mapping)]
        used = [one for one in stated if one.get("site") not in self.not_used]
        found = [{key: _sorted(value) for key, value in one.items() if key not in self.not_used} for one in used]
        return sorted(found, key=lambda one: repr(sorted(one.items(), key=str)))

    @property
    def labs(self) -> list[Entry]:
        """Laboratory rows as stated, in an order of their own."""
        return sorted(self.case.get("labs") or (), key=lambda one: repr(sorted(one.items(), key=str)))

    @property
    def tests(self) -> list[Entry]:
        """Tests that may be proposed."""
        return [row for row in self.rows("tests") if row["id"] != "no_test" and row.get("status") != "uncertain"]

    @property
    def referrals(self) -> list[Entry]:
        """Services that may be proposed."""
        return [row for row in self.rows("referrals") if row["id"] != "none" and row.get("status") != "uncertain"]

    @property
    def unchecked(self) -> list[Entry]:
        """What exists as guidance and was not checked."""
        return [row for part in ("tests", "referrals") for row in self.rows(part) if row.get("status") == "uncertain"]

    @property
    def rules(self) -> list[Entry]:
        """Readings of the site rules."""
        return self.rows("readings")

    @property
    def age_years(self) -> float | None:
        """Age in years, where it was stated and not questioned."""
        age = self.case.get("age")
        if not isinstance(age, Mapping) or self.not_used & {"age", "age_years"}:
            return None
        value, unit = age.get("value"), age.get("unit")
        return value * _YEARS[unit] if isinstance(value, int | float) and unit in _YEARS else None

    @property
    def child(self) -> bool:
        """Below 18 years."""
        return self.age_years is not None and self.age_years < 18

    @property
    def may_be_pregnant(self) -> bool:
        """Pregnancy was stated, or was not excluded between 12 and 55 years in someone who is not a man."""
        if self.case.get("pregnant") is not None and "pregnancy" not in self.not_used:
            return bool(self.case["pregnant"])
        return self.case.get("sex") != "male" and (self.age_years is None or 12 <= self.age_years <= 55)

    def stated(self, key: str) -> list[str]:
        """Words of ``history``, ``symptoms`` or ``medications`` as stated, without those that mean nothing."""
        words: Sequence[Any] = self.case.get(key) or ()
        return sorted(str(one) for one in words if one not in _NOTHING and one not in self.not_used)

    def treatments(self) -> dict[str, list[Entry]]:
        """Class of treatment -> the readings that name it."""
        found: dict[str, list[Entry]] = {}
        for row in self.rules:
            # What is only observed is not named where something else must be done today.
            waits = row.get("treatment") in {"observe", "none"} and self.urgency == "now"
            if row.get("treatment") and row.get("status") != "uncertain" and not waits:
                found.setdefault(str(row["treatment"]), []).append(row)
        return found
