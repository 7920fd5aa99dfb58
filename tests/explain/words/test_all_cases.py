"""Words over whole explanations: the worked cases, and combinations of words drawn at random."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from calcimetry.explain import explain
from calcimetry.explain.words import WordSettings, check, clinician, compose, patient
from calcimetry.explain.words.document import Document
from calcimetry.explain.words.language import languages
from calcimetry.explain.words.readability import flesch_kincaid, smog
from calcimetry.explain.words.referral import letter
from calcimetry.explain.words.visit import prepare
from calcimetry.knowledge.load import sources, table

FOLDER = Path(__file__).resolve().parents[1] / "cases"
WORKED = [
    (one["id"], one["input"])
    for path in sorted(FOLDER.glob("*.json"))
    for one in json.loads(path.read_text())["vignettes"]
]
LABS = [("calcium_total", (1.7, 2.3, 2.9, 3.2, 3.8, 25), "mmol/L"), ("phosphate", (0.5, 1.1, 2.1), "mmol/L"),
        ("pth_intact", (4, 40, 300), "pg/mL"), ("creatinine", (70, 300), "umol/L"),
        ("vitamin_d_25oh", (20, 80, 500), "nmol/L"), ("alp", (12, 80), "U/L")]  # fmt: skip


def drawn(rng: random.Random) -> dict[str, Any]:
    looks, person = table("words/findings"), table("words/person")

    def some(words: Any, most: int) -> list[str]:
        return rng.sample(list(words), rng.randint(0, most))

    def finding() -> dict[str, Any]:
        found: dict[str, Any] = {"site": rng.choice(list(table("words/sites")["site"]))}
        found |= {"pattern": some(looks["pattern"], 2), "features": some(looks["feature"], 2)}
        for key, words in (("distribution", looks["distribution"]), ("change", looks["change"]),
                           ("laterality", looks["laterality"])):  # fmt: skip
            found |= {key: rng.choice(list(words))} if rng.random() < 0.5 else {}
        for key, values in (
            ("size_mm", (1, 5, 9, 22, 60)),
            ("agatston", (0, 5, 450)),
            ("vessel_diameter_mm", (20, 56)),
        ):
            found |= {key: rng.choice(values)} if rng.random() < 0.3 else {}
        return found

    return {
        "schema": "calcimetry-case/1",
        "age": {"value": rng.choice([0, 3, 12, 25, 45, 60, 80]), "unit": "a"},
        "sex": rng.choice(["female", "male", "unknown"]),
        "modality": rng.choice(list(looks["modality"])),
        "findings": [finding() for _ in range(rng.randint(0, 3))],
        "history": some([word for word in person["history"] if word != "none"], 2),
        "symptoms": some([word for word in person["symptom"] if word != "asymptomatic"], 2),
        "labs": [{"analyte": a, "value": rng.choice(v), "unit": u} for a, v, u in LABS if rng.random() < 0.3],
        "prior": {"available": rng.random() < 0.5},
    }


def judge(case: dict[str, Any]) -> None:
    """Everything that must hold of every output of every case."""
    explanation = explain(case).record()
    said = patient(explanation, case)
    sheet = prepare(explanation, case)
    paper = letter(explanation, case)
    report = clinician(explanation, case)
    for sentence in (*said, *report, *sheet.sentences(), *(paper.sentences() if paper else ())):
        assert check(sentence.text) == (), sentence.text
        assert sentence.because, sentence.text
        assert all(source in sources() for source in sentence.sources), sentence.text
        if sentence.part == "next":
            assert sentence.status != "uncertain", sentence.text
    for texts in ([one.text for one in said], [one.text for one in sheet.sentences()]):
        assert flesch_kincaid(texts) <= 8
        assert smog(texts) <= 8, (smog(texts), texts)
        assert all(len(one.split()) <= 20 for one in texts), [one for one in texts if len(one.split()) > 20]
    assert explanation["texts"] == {who: list(texts) for who, texts in compose(explanation, case).items()}
    _no_contradiction(explanation, " ".join(one.text for one in (*said, *report)), sheet)


def _no_contradiction(explanation: dict[str, Any], text: str, sheet: Document) -> None:
    if explanation["urgency"] == "now":
        assert "today" in text
        assert "emergency room now" in text
        everything = text + sheet.text()
        assert not re.search(r"routine|next visit|No date is set|What happens if we wait", everything, re.IGNORECASE)
    else:
        assert "emergency room" not in text
    if explanation["urgency"] == "none":
        assert "must be checked" not in text
        assert "within two weeks" not in text
    if explanation["follow_up"]["kind"] in {"none", "routine_screening"}:
        assert "New pictures are planned" not in text
        assert "The next date is" not in text


@pytest.mark.parametrize(("name", "case"), WORKED, ids=[name for name, _ in WORKED])
def test_worked_case(name, case) -> None:
    judge({"schema": "calcimetry-case/1", **case})


@pytest.mark.parametrize("seed", range(10))
def test_words_drawn_at_random(seed) -> None:
    rng = random.Random(f"words {seed}")
    for _ in range(30):
        judge(drawn(rng))


@pytest.mark.parametrize("of", [one for one in languages() if one != "en"])
def test_other_languages_say_nothing_forbidden(of) -> None:
    rng = random.Random("other languages")
    settings = WordSettings(language=of)
    for _ in range(60):
        case = drawn(rng)
        explanation = explain(case).record()
        for sentence in (*patient(explanation, case, settings), *prepare(explanation, case, settings).sentences(),
                         *clinician(explanation, case, settings)):  # fmt: skip
            assert check(sentence.text, of) == (), sentence.text
