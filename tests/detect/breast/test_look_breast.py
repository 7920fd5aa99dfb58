"""The search on simulated mammograms: what was put in is found, what is no calcium stays out of the groups."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib import resources

import numpy as np
import pytest

from calcimetry import locate
from calcimetry.core.errors import KnowledgeError
from calcimetry.detect import BreastFound, look_breast
from calcimetry.detect.breast.arteries import arteries
from calcimetry.detect.breast.coarse import bodies
from calcimetry.detect.breast.field import field_of
from calcimetry.detect.breast.outline import outlined
from calcimetry.detect.breast.settings import ArterySettings, CoarseSettings, SpotSettings
from calcimetry.detect.breast.spot_model import load
from calcimetry.phantom import breast as simulated

PLAIN = simulated.Contents(
    groups=1.0, singles=0.0, specks=0.0, arteries=0.0, cnr=(14.0, 14.0), pattern="br_fine_pleomorphic",
    distribution="grouped", density=0.3,
)  # fmt: skip


@cache
def film(seed: int, contents: simulated.Contents = PLAIN) -> simulated.SimulatedMammogram:
    return simulated.mammogram(seed, "film-200", contents)


def found(projection) -> BreastFound:
    located = locate.breast_map(projection)
    assert located is not None
    return look_breast(projection, located.regions, located.mm)


def hit(result: BreastFound, made: simulated.SimulatedMammogram) -> bool:
    """Whether one of the two surest groups lies at the group that was put in."""
    truth = made.groups[0]
    reach = max(truth.radius_px, 15.0)
    return any(np.hypot(*(np.array(one.center_index[1:]) - truth.center)) <= reach for one in result.groups[:2])


def test_plain_groups_head_the_list():
    seeds = (11, 12, 13, 14)
    assert sum(hit(found(film(seed).projection), film(seed)) for seed in seeds) >= 3


def test_ids_labels_and_members_fit_each_other():
    result = found(film(11).projection)
    ids = [one.id for one in result.lesions]
    assert ids == [f"L{n}" for n in range(1, len(ids) + 1)]
    assert [one.label for one in result.lesions] == list(range(1, len(ids) + 1))
    members = [name for group in result.groups for name in group.lesions]
    assert len(members) == len(set(members))
    assert set(members) <= set(ids)
    assert [one.confidence for one in result.groups] == sorted((one.confidence for one in result.groups), reverse=True)
    by_id = {one.id: one for one in result.lesions}
    for group in result.groups:
        assert all(0 <= a < b for a, b in zip(*group.bounds_index, strict=True))
        for name in group.lesions:
            low, high = by_id[name].bounds_index
            assert all(a >= b for a, b in zip(low, group.bounds_index[0], strict=True))
            assert all(a <= b for a, b in zip(high, group.bounds_index[1], strict=True))


def test_same_image_same_findings_and_more_grey_changes_little():
    projection = film(12).projection
    first, again = found(projection), found(projection)
    assert [one.confidence for one in first.groups] == [one.confidence for one in again.groups]
    deep = replace(projection, pixels=np.asarray(projection.pixels * 16 + 7, np.uint16))
    best = found(deep).groups[0]
    assert best.confidence == pytest.approx(first.groups[0].confidence, abs=0.02)
    assert best.center_index == pytest.approx(first.groups[0].center_index, abs=1.0)


def test_a_mirrored_image_has_mirrored_groups():
    projection = film(13).projection
    mirrored = replace(projection, pixels=np.ascontiguousarray(projection.pixels[:, ::-1]))
    one, other = found(projection).groups[0], found(mirrored).groups[0]
    column = projection.pixels.shape[1] - 1 - other.center_index[2]
    assert (other.center_index[1], column) == pytest.approx(one.center_index[1:], abs=2.0)


def test_rings_are_one_body_and_no_group():
    contents = simulated.Contents(groups=0.0, singles=0.0, specks=0.0, arteries=0.0, decoys=False, density=0.2)
    made = film(21, contents)
    located = locate.breast_map(made.projection)
    assert located is not None
    rows, columns = np.nonzero(located.mask("breast"))
    at = (float(np.median(rows)), float(np.median(columns)))
    ring = simulated.draw("br_rim", np.random.default_rng(3), size_mm=4.0)
    local = simulated.local_noise(made.projection.pixels, 0.2)
    signal, _, labels = simulated.put(
        [simulated.Placed2D(ring, at, 25.0)], made.projection.pixels.shape, 0.2, 0.07, local
    )
    pixels = np.clip(np.rint(made.projection.pixels + signal), 0, 255).astype(np.uint16)
    projection = replace(made.projection, pixels=pixels)
    field = field_of(projection, located.regions, located.mm, SpotSettings())
    assert field is not None
    assert len([one for one in bodies(field, CoarseSettings()) if one.extent_mm > 3.0]) == 1
    result = found(projection)
    place = np.argwhere(labels > 0).mean(axis=0)
    at_ring = [one for one in result.lesions if np.hypot(*(np.array(one.center_index[1:]) - place)) < 5]
    assert any(one.pattern for one in at_ring)
    assert not any(one.reported and np.hypot(*(np.array(one.center_index[1:]) - place)) < 15 for one in result.groups)


def test_outlines_on_fine_pixels():
    rng = np.random.default_rng(5)
    shape, mm = (400, 400), 0.1
    ground = rng.normal(100.0, 2.0, shape)
    places = [(40 + 80 * (n // 5), 40 + 80 * (n % 5)) for n in range(20)]
    placed = [
        simulated.Placed2D(simulated.draw("br_round", rng, size_mm=float(rng.uniform(0.3, 0.8))), at, 12.0)
        for at in places
    ]
    signal, _, labels = simulated.put(placed, shape, mm, 0.07, np.full(shape, 2.0, np.float32))
    scores = []
    for number, at in enumerate(places, start=1):
        start, bits = outlined(ground + signal, at, mm)
        mine = np.zeros(shape, bool)
        mine[start[0] : start[0] + bits.shape[0], start[1] : start[1] + bits.shape[1]] = bits
        truth = labels == number
        scores.append(2 * (mine & truth).sum() / (mine.sum() + truth.sum()))
    assert np.mean(scores) > 0.75


def test_the_model_is_small_and_whole():
    text = resources.files("calcimetry.detect.breast").joinpath("model.json").read_text("utf-8")
    assert len(text) < 1_000_000
    model = load(text)
    assert model.confidence(2.0) < model.confidence(6.0) < model.confidence(20.0)
    values = json.loads(text)
    values["spots"]["networks"][0][0]["bias"].pop()
    with pytest.raises(KnowledgeError):
        load(json.dumps(values))
    with pytest.raises(KnowledgeError):
        load("{}")


def test_a_calcified_artery_is_one_track_and_a_row_of_specks_is_none():
    rng = np.random.default_rng(8)
    along = np.arange(0.0, 30.0, 0.8)
    walls = [np.stack([20.0 + side + rng.normal(0, 0.1, along.size), 10.0 + along], axis=1) for side in (-0.8, 0.8)]
    scattered = rng.uniform((40, 0), (140, 100), (60, 2))
    places = np.concatenate([*walls, scattered])
    ratio = np.full(len(places), 0.5)
    piece = np.concatenate([np.full(2 * along.size, 0.5), np.full(60, 0.02)])
    found = arteries(places, ratio, piece, ArterySettings())
    assert len(found) == 1
    assert found[0].length_mm == pytest.approx(30.0, abs=3.0)
    assert set(found[0].members.tolist()) <= set(range(2 * along.size))
    assert arteries(places, ratio + 3.0, np.full(len(places), 0.02), ArterySettings()) == []


def test_a_flat_disc_is_a_marker():
    made = film(21, simulated.Contents(groups=0.0, singles=0.0, specks=0.0, arteries=0.0, decoys=False, density=0.2))
    located = locate.breast_map(made.projection)
    assert located is not None
    rows, columns = np.nonzero(located.mask("breast"))
    at = (float(np.median(rows)), float(np.median(columns)))
    y, x = np.ogrid[: made.projection.pixels.shape[0], : made.projection.pixels.shape[1]]
    share = np.clip(6.0 - np.hypot(y - at[0], x - at[1]), 0, 1)
    pixels = np.rint(made.projection.pixels * (1 - share) + 240 * share).astype(np.uint16)
    result = found(replace(made.projection, pixels=pixels))
    disc = [one for one in result.lesions if np.hypot(*(np.array(one.center_index[1:]) - at)) < 2]
    assert [one.kind for one in disc] in (["marker"], ["metal"])
    assert not disc[0].counted
