"""The small language of conditions: its truth table, the missing facts it names, and what it refuses to load."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcimetry.core.errors import KnowledgeError
from calcimetry.knowledge import logic
from calcimetry.knowledge.logic import Answer, check, complete, evaluate, facts_in

A, B = {"gated": True}, {"smoker": True}
T, F, U = True, False, None


@pytest.mark.parametrize(
    "a, b, both, either",
    [
        (T, T, T, T),
        (T, F, F, T),
        (T, U, U, T),
        (F, T, F, T),
        (F, F, F, F),
        (F, U, F, U),
        (U, T, U, T),
        (U, F, F, U),
        (U, U, U, U),
    ],
)
def test_truth_table(a, b, both, either) -> None:
    facts = {"gated": a, "smoker": b}
    assert evaluate(A | B, facts).truth is both
    assert evaluate({"all": [A, B]}, facts).truth is both
    assert evaluate({"any": [A, B]}, facts).truth is either
    negated = evaluate({"not": {"any": [A, B]}}, facts).truth
    assert negated is (None if either is None else not either)


@pytest.mark.parametrize(
    "condition, facts, truth",
    [
        ({}, {}, T),
        ({"age_years": {"from": 45, "below": 85}}, {"age_years": 45}, T),
        ({"age_years": {"from": 45, "below": 85}}, {"age_years": 85}, F),
        ({"age_years": {"above": 45}}, {"age_years": 45}, F),
        ({"age_years": {"to": 45}}, {"age_years": 45}, T),
        ({"age_years": 45}, {"age_years": 45.0}, T),
        ({"age_years": {"to": 45}}, {}, U),
        ({"sex": "female"}, {"sex": "male"}, F),
        ({"sex": {"is_not": "female"}}, {"sex": "male"}, T),
        ({"sex": {"in": ["female", "male"]}}, {"sex": "male"}, T),
        ({"contrast": {"not_in": ["given", "suspected"]}}, {"contrast": "given"}, F),
        ({"gated": {"known": False}}, {}, T),
        ({"gated": {"known": True}}, {"gated": False}, T),
        ({"gated": False}, {"gated": False}, T),
        ({"gated": True}, {"gated": None}, U),
    ],
)
def test_comparisons(condition, facts, truth) -> None:
    check(condition, where="here")
    assert evaluate(condition, facts).truth is truth


def test_missing_facts_are_those_that_could_still_decide() -> None:
    condition = {"any": [A | {"sex": "male"}, B], "age_years": {"from": 45}}
    assert evaluate(condition, {"smoker": False, "age_years": 50}).missing == ("gated", "sex")
    assert evaluate(condition, {"smoker": True}).missing == ("age_years",)
    assert evaluate(condition, {"age_years": 40}) == Answer(False, (), ("age_years",))
    assert evaluate(condition, {"smoker": True, "age_years": 50}).because == ("age_years", "smoker")
    assert facts_in(condition) == {"gated", "sex", "smoker", "age_years"}


NAMES = ("gated", "smoker", "diabetes")
CONDITIONS = st.recursive(
    st.sampled_from(NAMES).flatmap(lambda n: st.booleans().map(lambda v: {n: v})),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


@given(CONDITIONS, st.dictionaries(st.sampled_from(NAMES), st.booleans()))
def test_learning_more_never_changes_an_answer(condition, facts) -> None:
    check(condition, where="here")
    answer = evaluate(condition, facts)
    unknown = [n for n in NAMES if n not in facts]
    later = [
        evaluate(condition, facts | dict(zip(unknown, values, strict=True))).truth
        for values in itertools.product([True, False], repeat=len(unknown))
    ]
    if answer.truth is None:
        assert answer.missing
        assert set(answer.missing) <= set(unknown)
    else:
        assert set(later) == {answer.truth}


@pytest.mark.parametrize(
    "condition, said",
    [
        ({"gatedd": True}, "nearest: gated"),
        ({"gated": 1}, "can never be 1"),
        ({"gated": "yes"}, "can never be 'yes'"),
        ({"age_years": "old"}, "can never be 'old'"),
        ({"age_years": True}, "can never be True"),
        ({"sex": "woman"}, "allowed: female, male"),
        ({"sex": {"from": 3}}, "test 'from'"),
        ({"age_years": {}}, "without a test"),
        ({"age_years": {"known": True, "from": 4}}, "stands alone"),
        ({"sex": {"in": "female"}}, "needs a list"),
        ({"any": []}, "list of conditions"),
        ({"any": {"gated": True}}, "list of conditions"),
        ({"not": [A]}, "is a table"),
        ("gated", "is a table"),
    ],
)
def test_what_is_refused_when_a_table_is_loaded(condition, said) -> None:
    with pytest.raises(KnowledgeError, match="table x") as caught:
        check(condition, where="table x")
    assert said in str(caught.value)


def test_implied_facts_go_one_way_and_never_overrule() -> None:
    grown = complete({"coronary_stent_or_bypass": True})
    assert grown["known_coronary_disease"] is grown["known_cardiovascular_disease"] is True
    assert "known_coronary_disease" not in complete({"known_cardiovascular_disease": True})
    assert complete({"myocardial_infarction": True, "known_coronary_disease": False})["known_coronary_disease"] is False
    assert complete({"coronary_stent_or_bypass": False}) == {"coronary_stent_or_bypass": False}


def test_words_of_the_vocabulary_are_complete() -> None:
    for fact in logic.vocabulary().values():
        assert fact.label
        assert (fact.unit is not None) == (fact.kind == "number")
        assert bool(fact.words) == (fact.kind == "word")
