"""Recipes: all load, unknown keys name the nearest, impossible values are refused."""

from __future__ import annotations

import pytest
from phantom_recipes import SMALL

from calcimetry import phantom
from calcimetry.core.errors import InputError, UnknownIdError, UsageError


@pytest.mark.parametrize("name", sorted(phantom.recipes()))
def test_every_recipe_loads(name):
    recipe = phantom.load(name)
    assert recipe.id == name
    assert recipe.title == phantom.recipes()[name]
    assert recipe.objects or recipe.random.count


def changed(**values):
    return {**SMALL, **values}


@pytest.mark.parametrize(
    ("recipe", "nearest"),
    [
        ("thorax_demo", "thorax-demo"),
        (changed(bodi="thorax"), "body"),
        (changed(scan={"slice": 9}), "slices"),
        (changed(scan={"kernel": "standart"}), "standard"),
        (changed(object=[{"shape": "spere", "density_mg_cm3": 100}]), "sphere"),
        (changed(object=[{"shape": "sphere", "density": 100}]), "density_mg_cm3"),
        (changed(body="head"), "block"),
        (changed(random={"counts": 3}), "count"),
        (
            changed(body="thorax", object=[{"shape": "sphere", "diameter_mm": 2, "density_mg_cm3": 1, "on": "lad"}]),
            None,
        ),
    ],
)
def test_unknown_words_name_the_nearest(recipe, nearest):
    with pytest.raises(UnknownIdError) as error:
        phantom.simulate(recipe, seed=0)
    assert nearest is None or nearest in error.value.nearest


@pytest.mark.parametrize(
    "recipe",
    [
        changed(scan={"slices": 100_000}),
        changed(scan={"pixel_mm": 0.0}),
        changed(scan={"pixel_mm": "wide"}),
        changed(scan={"noise_hu": -1.0}),
        changed(scan={"kvp": 40}),
        changed(scan=7),
        changed(object=[{"shape": "sphere", "density_mg_cm3": 100, "center_mm": [0, 0, 0]}]),
        changed(object=[{"shape": "sphere", "density_mg_cm3": 100, "diameter_mm": 2}]),
        changed(object=[{"shape": "sphere"}]),
        changed(object=[{"shape": "plaque", "density_mg_cm3": 100}]),
        changed(object=[{"shape": "sphere", "density_mg_cm3": 9e9, "center_mm": [0, 0, 0], "diameter_mm": 2}]),
        changed(random={"count": 5000}),
    ],
)
def test_impossible_values_are_refused(recipe):
    with pytest.raises(UsageError):
        phantom.simulate(recipe, seed=0)


def test_recipe_from_a_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\nbody = "block"\n[scan]\nslices = 4\nrows = 32\ncolumns = 32\n'
        '[[object]]\nshape = "sphere"\ncenter_mm = [0, 10, -136]\ndiameter_mm = 3\ndensity_mg_cm3 = 400\n'
    )
    made = phantom.simulate(path, seed=1)
    assert made.settings["recipe"] == "mine"
    assert len(made.truth) == 1
    path.write_text("not toml [")
    with pytest.raises(InputError):
        phantom.load(path)
