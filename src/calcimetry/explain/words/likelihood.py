"""How often a pattern was cancer, said only where a source gives a share below one half for exactly this pattern."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calcimetry.explain.words.language import say, word
from calcimetry.explain.words.sentence import Sentence
from calcimetry.explain.words.view import View
from calcimetry.knowledge.load import table

__all__ = ["sentences"]


def sentences(view: View, language: str) -> Iterable[Sentence]:
    """That most are not cancer, with the share; nothing unless every reading of every finding is in the table.

    A red flag other than the one that names the shape itself (R10), a reading that was cancelled, or an emergency keeps
    the sentence back: the share is not known for such a person.
    """
    rules = {str(row["rule"]) for row in view.rules}
    flags = {str(row["id"]) for row in view.rows("red_flags")}
    if not rules or view.rows("benign_reading_void_because") or flags - {"R10"} or view.urgency == "now":
        return
    rows = [_row(rule, view) for rule in sorted(rules)]
    if len(view.findings) != 1 or len(rows) != 1 or rows[0] is None or _told(view):
        return
    row = rows[0]
    because, sources = (str(row["rule"]),), (str(row["source"]),)
    yield Sentence(say(language, "patient", "most_not"), "found", because, sources, row["status"])
    low, high = row.get("low"), row["high"]
    number = f"{low} {word(language, 'patient', 'to')} {high}" if low else str(high)
    key = "number_most" if row.get("at_most") else "number"
    yield Sentence(say(language, "patient", key, number=number), "found", because, sources, row["status"])


def _told(view: View) -> bool:
    """Complaints or a history that change the share."""
    return bool(view.stated("symptoms")) or bool(
        {"known_cancer", "breast_cancer_treated"} & set(view.stated("history"))
    )


def _row(rule: str, view: View) -> Mapping[str, Any] | None:
    finding = view.findings[0] if view.findings else {}
    stated = finding.get("distribution")
    where = set(stated if isinstance(stated, list | tuple) else [stated] if stated else [])
    # A share that was published for a reader's word is not one for a word that no reader has confirmed.
    if finding.get("unconfirmed_on", "nothing") != "nothing":
        return None
    shapes = set(finding.get("pattern") or ())
    for row in table("text/likelihood")["likelihood"]:
        fits = row["rule"] == rule and (not row.get("pattern") or shapes & set(row["pattern"]))
        fits = fits and (not row.get("distribution") or (bool(where) and where <= set(row["distribution"])))
        if fits and not where & set(row.get("not_distribution", ())) and len(shapes) <= 1:
            return dict(row)
    return None
