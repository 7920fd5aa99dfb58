"""The plain numbers, and what happens to damaged ones."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from calcimetry.core.errors import KnowledgeError
from calcimetry.describe.model import load, shipped
from calcimetry.describe.morphology import group_input_names
from calcimetry.describe.shape import SHAPE
from calcimetry.knowledge.breast_words import suspicious


def text() -> str:
    return resources.files("calcimetry.describe").joinpath("model.json").read_text("utf-8")


def test_what_ships_takes_what_is_measured() -> None:
    model = shipped()
    assert model.particle.inputs == (*SHAPE, "pixel_mm")
    assert model.group.inputs == group_input_names()
    assert set(model.group.classes) == {"br_round", *suspicious()}
    assert len(text()) < 100_000


def test_probabilities_add_up() -> None:
    model = shipped()
    rng = np.random.default_rng(2)
    made = model.particle.probabilities(rng.normal(0, 100, (50, len(model.particle.inputs))))
    assert made.shape == (50, len(model.particle.classes))
    assert np.allclose(made.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    "damage",
    [
        lambda v: v.update(schema="other/1"),
        lambda v: v.pop("group"),
        lambda v: v["particle"].update(networks=[]),
        lambda v: v["particle"]["mean"].pop(),
        lambda v: v["particle"]["scale"].__setitem__(0, 0.0),
        lambda v: v["group"]["classes"].append("br_rim"),
        lambda v: v["group"]["networks"][0][0]["bias"].__setitem__(0, float("nan")),
    ],
)
def test_a_damaged_file_is_named(damage) -> None:
    values = json.loads(text())
    damage(values)
    with pytest.raises(KnowledgeError, match=r"describe/model\.json"):
        load(json.dumps(values))
