"""Profiles of organs: complete, consistent with the vocabulary, the scales and the scores."""

from __future__ import annotations

import pytest

from calcimetry import sites
from calcimetry.core.errors import KnowledgeError, UnknownIdError
from calcimetry.grade import scale
from calcimetry.measure.breast import BREAST_SCORE_UNITS
from calcimetry.measure.scores import CLOSED_STRUCTURES, SCORE_UNITS

PROFILES = sites.profiles()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.id)
def test_a_profile_names_scores_and_scales_that_exist(profile) -> None:
    known = {*BREAST_SCORE_UNITS, "csbi_grade"} if profile.id == "breast" else SCORE_UNITS
    assert set(profile.scores) <= set(known)
    for word, ids in profile.scales.items():
        for one in ids:
            assert scale(one).site == word


def test_closed_structures_are_those_that_measuring_knows() -> None:
    for word, structures in CLOSED_STRUCTURES.items():
        assert set(sites.site_words()[word]) == set(structures)


def test_every_word_of_the_vocabulary_is_served() -> None:
    for word in sites.site_words():
        assert sites.profile_of(word).structures is not None
    assert sites.profile_of("kidney_collecting_system").id == "elsewhere"
    with pytest.raises(UnknownIdError, match="coronary_artery"):
        sites.profile_of("coronary_arteri")


GOOD = """
id = "x"
title = "t"
status = "s"
modalities = ["CT"]
locators = ["given"]
scores = ["volume"]
[structures]
spleen = []
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace('title = "t"\n', ""), "title"),
        (GOOD.replace("spleen", "spleeen"), "spleeen"),
        (GOOD.replace('id = "x"', 'id = "y"'), "'y'"),
        ('colour = "red"\n' + GOOD, "colour"),
        (GOOD + "[scales]\nspleen = ['no_such']\n", "no_such"),
        (GOOD + "[codes.tip]\nscheme = 'SCT'\nvalue = '1'\nmeaning = 'm'\n", "tip"),
    ],
)
def test_a_wrong_profile_stops_the_load(text: str, says: str) -> None:
    with pytest.raises(KnowledgeError, match=says):
        sites.load("x", text)


def test_a_right_profile_loads() -> None:
    assert sites.load("x", GOOD).structures == {"spleen": ()}
