"""The sheet for the visit, the letter, and how both look as text and as HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from calcimetry.explain.words import WordSettings, check
from calcimetry.explain.words.document import Document, Section, checked
from calcimetry.explain.words.language import languages
from calcimetry.explain.words.readability import flesch_kincaid, smog
from calcimetry.explain.words.referral import letter
from calcimetry.explain.words.sentence import Sentence
from calcimetry.explain.words.visit import prepare
from calcimetry.knowledge.load import sources


class Balanced(HTMLParser):
    """Every element that is opened is closed, and nothing comes from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "img", "link", "iframe"}
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def well_formed(page: str) -> bool:
    reader = Balanced()
    reader.feed(page)
    return reader.open == []


def heads(document: Document) -> list[str]:
    return [section.heading for section in document.sections]


@pytest.mark.parametrize("of", languages())
def test_every_sentence_of_the_sheet_stands_on_something(by_hand, of) -> None:
    sheet = prepare(*by_hand, WordSettings(language=of))
    for sentence in sheet.sentences():
        assert sentence.because
        assert all(source in sources() for source in sentence.sources)
        assert sentence.status in {"verified", "memory", "ours"}
        assert check(sentence.text, of) == ()
        assert not re.search(r"[{}]|None", sentence.text)
    assert well_formed(sheet.html())


def test_the_sheet_is_easy_to_read(by_hand) -> None:
    said = [one.text for one in prepare(*by_hand).sentences()]
    assert flesch_kincaid(said) <= 8
    assert smog(said) <= 8
    assert all(len(one.split()) <= 20 for one in said)


def test_what_a_sheet_holds(made) -> None:
    sheet = prepare(*made("breast_sample"))
    wanted = ["What was found", "What is not known", "What is next", "Questions to ask", "What to bring"]
    assert [one for one in heads(sheet) if one in wanted] == wanted
    assert "How to get ready: a needle sample guided by X-ray" in heads(sheet)
    text = sheet.text()
    for said in ("held firm for 30 to 60 minutes", "three to seven working days", "do not change it alone",
                 "38 °C", "Who books it", "older pictures with dates"):  # fmt: skip
        assert said in " ".join(text.split())
    questions = next(one for one in sheet.sections if one.heading == "Questions to ask")
    assert len(questions.sentences) == 6
    assert all(len(line) <= 80 for line in text.splitlines())


def test_recovery_only_after_what_wounds(made) -> None:
    assert "After a procedure" in heads(prepare(*made("breast_sample")))
    assert "After a procedure" not in heads(prepare(*made("granuloma")))
    assert "After a procedure" not in heads(prepare(*made("testis_yearly")))
    # A class of treatment that a source names brings the sheet of its procedure.
    lavage = heads(prepare(*made("shoulder")))
    assert "What it is like: exercise with a therapist" in lavage
    assert "After a procedure" in lavage


def test_an_emergency_comes_first_and_nobody_waits(made) -> None:
    sheet = prepare(*made("chest_pain"), WordSettings(emergency_number="112"))
    assert sheet.sections[0].heading == "Get help today"
    assert sheet.sections[0].alarm
    assert [one.text for one in sheet.sections[0].sentences][:2] == [
        "Please call 112 today.",
        "Or go to the emergency room now.",
    ]
    text = sheet.text().lower()
    assert not re.search("routine|what happens if we wait|next date|two weeks", text)


def test_whom_a_row_concerns(made) -> None:
    explanation, case = made("breast_sample")
    woman = {**case, "age": {"value": 30, "unit": "a"}}
    with_ct = {**explanation, "tests": [{**explanation["tests"][0], "id": "stress_or_cta"}]}
    text = " ".join(prepare(with_ct, woman).text().split())
    assert "Tell the team if you are or may be pregnant." in text
    assert "the last kidney value" in text
    old = " ".join(prepare(with_ct, case).text().split())
    assert "pregnant" not in old
    man = {**woman, "sex": "male", "prior_biopsy": {"result": "benign"}}
    text = " ".join(prepare(with_ct, man).text().split())
    assert "pregnant" not in text
    assert "slides or blocks" in text
    assert "kidney value" not in " ".join(prepare(*made("granuloma")).text().split())


def test_what_the_person_cannot_know_is_not_asked(made) -> None:
    explanation, case = made("granuloma")
    asked = ["complaints: fever", "what else the image shows: aneurysm", "highest density"]
    sheet = prepare({**explanation, "not_stated": asked}, case)
    section = next(one for one in sheet.sections if one.heading == "Be ready to answer")
    assert [one.text for one in section.sentences] == ["Tell the team if you have a fever."]


def test_a_letter_states_findings_values_reasons_and_no_diagnosis(made) -> None:
    paper = letter(*made("vitamin_d"))
    assert paper is not None
    assert paper.title == "Referral to endocrinology"
    text = " ".join(paper.text().split())
    assert "kidney parenchyma, bilateral | of the medullary pyramids | not stated" in text
    assert "total calcium | 12.2 mg/dL | laboratory's interval 8.8 to 10.4 | high" in text
    assert "phosphate | 4.65 mg/dL | 2.5 to 4.5 (table of this program) | high" in text
    assert "PTH | 5 pg/mL | no interval of the laboratory given | -" in text
    assert "Draft by a program, not checked by a physician" in text
    assert "Withheld: eGFR (creatinine is not stated)" in text
    assert "Complaints: polyuria." in text
    assert "Do you agree with the proposed work-up: 25-OH vitamin D and serum calcium, phosphate and PTH?" in text
    assert "Within two weeks." in text
    assert "diagnosis" not in text.lower()
    assert well_formed(paper.html())
    assert all(check(one.text) == () for one in paper.sentences())


def test_to_whom_a_letter_goes(made) -> None:
    assert letter(*made("granuloma")) is None
    assert letter(*made("vitamin_d"), specialist="urology") is None
    other = letter(*made("vitamin_d"), specialist="nephrology")
    assert other is not None
    assert other.title == "Referral to nephrology"
    german = letter(*made("vitamin_d"), WordSettings(language="de"))
    assert german is not None
    assert german.title == "Überweisung: Endokrinologie"


def test_a_letter_names_flags_first_and_what_was_questioned(made) -> None:
    paper = letter(*made("chest_pain"))
    assert paper is not None
    urgent = next(one for one in paper.sections if one.heading == "Urgency")
    assert urgent.alarm
    assert urgent.sentences[0].text == "Red flag R1: chest pain at rest."
    explanation, case = made("vitamin_d")
    withheld = [{"what": "phosphate", "reason": "no unit", "needs": []}]
    doubted = letter({**explanation, "withheld": withheld, "laboratory": explanation["laboratory"][:1]}, case)
    assert doubted is not None
    assert "4.65 mg/dL (questioned, not used)" in doubted.text()


def test_free_text_is_shown_as_the_senders_and_cannot_break_the_page(made) -> None:
    explanation, case = made("vitamin_d")
    hostile = {**case, "history_text": "<script>alert(1)</script>\nok", "medications": ["<b>warfarin</b>"]}
    paper = letter(explanation, hostile)
    assert paper is not None
    page = paper.html()
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; ok" in page
    assert well_formed(page)
    assert "Written by the sender, not used in the reasoning" in page


def test_a_sheet_drops_what_may_not_be_said() -> None:
    bad = Document(
        "x", (Section("y", (Sentence("It is harmless.", "found", ("z",)), Sentence("Fine.", "found", ("z",)))),)
    )
    good, broken = checked(bad)
    assert [one.text for one in good.sentences()] == ["Fine."]
    assert broken


def test_tables_and_alarms_in_html() -> None:
    page = Document("A & B", (Section("H", rows=(("a", "b"), ("1", "<2>")), alarm=True),)).html()
    assert "<th>a</th><th>b</th>" in page
    assert "<td>&lt;2&gt;</td>" in page
    assert '<section class="alarm">' in page
    assert "<title>A &amp; B</title>" in page
    assert well_formed(page)
