"""Two published formulas, held against counts made by hand."""

from __future__ import annotations

import pytest

from calcimetry.explain.words.readability import flesch_kincaid, smog, syllables

COUNTED = """
calcium:3 needle:2 doctor:2 emergency:4 named:1 operation:4 scan:1 breast:1 tissue:2 harder:2 hormone:2
program:2 area:3 mineral:3 picture:2 kidney:2 vessel:2 valve:1 muscle:2 together:3 urgent:2 hospital:3
special:2 centre:2 gallbladder:3 pancreas:3 biopsy:3 ultrasound:3 phosphate:2 vitamin:3 little:2 bottle:2
bubbles:2 handled:2 table:2 collected:3 planned:1 closed:1 needed:2 started:2 smallest:2 radiation:4
previous:3 serious:3 medial:3 trial:2 fluid:2 annual:3 usual:3 variety:4 society:4 image:2 ages:2 message:2
stage:1 surgeon:2 region:2 question:2 ocean:2 create:2 idea:3 real:1 really:2 clear:1 appearance:3 breathe:1
sharing:2 people:2 family:3 every:2 different:3 hour:1 diet:2 science:2 patient:2 ancient:2 physician:3
social:2 sample:2 simple:2 while:1 whole:1 stones:1 names:1 eyes:1 violent:3 video:3 museum:3 dual:2 actual:3
manual:3 situation:4 evaluate:4 language:2 guard:1 equal:2 square:1 queen:1 sequence:2 unusual:4 million:2
opinion:3 union:2 curious:3 obvious:3 gracious:2 religious:3 parathyroid:4 thyroid:2 clotting:2 numb:1 cyst:1
myself:2 system:2 physical:3 mystery:3 oxygen:3 cough:1 ordinary:4 medicine:3 magnesium:4 potassium:4 sodium:3
radiology:5 urology:4 bacteria:4 malaria:4 familial:4 arterial:4 cardiac:3 iodine:3 sarcoid:3 deposit:3
diabetes:4 disease:2 changes:2 causes:2 changed:1 used:1 uses:2 please:1 dilated:3 rinse:1 rinses:2
collection:3 moves:1 takes:1 places:2 washes:2 waves:1 lies:1 tried:1 carried:2 samples:2 muscles:2 needles:2
"""


def test_syllables_of_words_counted_by_hand() -> None:
    wanted = {word: int(count) for word, count in (pair.split(":") for pair in COUNTED.split())}
    assert {word: syllables(word) for word in wanted} == wanted


def test_flesch_kincaid_by_hand() -> None:
    # 6 words of 1, 2, 1, 1, 1, 3 = 9 syllables in one sentence.
    assert flesch_kincaid(["The doctor saw a big hospital."]) == pytest.approx(0.39 * 6 + 11.8 * 9 / 6 - 15.59)
    assert flesch_kincaid([]) == 0.0


def test_smog_by_hand() -> None:
    # Two sentences, three words of three syllables or more (hospital, emergency, calcium).
    text = ["The hospital is near.", "Emergency tests of calcium."]
    assert smog(text) == pytest.approx(3.1291 + 1.0430 * (30 * 3 / 2) ** 0.5)
    assert smog(["A short one."]) == pytest.approx(3.1291)
    assert smog([]) == 0.0


def test_capitals_are_read_letter_by_letter() -> None:
    assert smog(["An MRI."]) == pytest.approx(3.1291 + 1.0430 * 30**0.5)
    assert smog(["I see."]) == pytest.approx(3.1291)


def test_harder_words_and_longer_sentences_raise_both() -> None:
    easy = ["The spots are old.", "A scan shows them."]
    hard = [
        "Indeterminate calcifications necessitate histological confirmation by stereotactic vacuum biopsy procedures."
    ]
    assert flesch_kincaid(hard) > 12 > 8 > flesch_kincaid(easy)
    assert smog(hard) > 12 > 8 > smog(easy)
