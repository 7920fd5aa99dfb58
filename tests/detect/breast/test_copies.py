"""The same film in changed copies: mirrored, upside down, inverted, with fewer or more bits; the groups stay."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from calcimetry import locate
from calcimetry.core.image import Projection
from calcimetry.detect import BreastFound, look_breast
from calcimetry.detect.breast.field import Field, field_of, noise_of
from calcimetry.detect.breast.settings import SpotSettings
from calcimetry.phantom import breast as simulated

CONTENTS = simulated.Contents(
    groups=1.0, singles=0.0, specks=2.0, arteries=0.0, cnr=(14.0, 14.0), pattern="br_fine_pleomorphic",
    distribution="grouped", density=0.3,
)  # fmt: skip


@cache
def film() -> Projection:
    """An even number of rows and columns, so that blocks of any even size lie the same from either end."""
    projection = simulated.mammogram(12, "film-200", CONTENTS).projection
    rows, columns = (n // 8 * 8 for n in projection.pixels.shape)
    return replace(projection, pixels=np.ascontiguousarray(projection.pixels[:rows, :columns]), padded=None)


def found(projection: Projection) -> BreastFound:
    located = locate.breast_map(projection)
    assert located is not None
    return look_breast(projection, located.regions, located.mm)


@cache
def first() -> BreastFound:
    return found(film())


def flipped(axis: int) -> Projection:
    return replace(film(), pixels=np.ascontiguousarray(np.flip(film().pixels, axis)))


def fields(axis: int) -> tuple[Field, Field]:
    made = []
    for projection in (film(), flipped(axis)):
        located = locate.breast_map(projection)
        assert located is not None
        field = field_of(projection, located.regions, located.mm, SpotSettings())
        assert field is not None
        made.append(field)
    return made[0], made[1]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_mirrored_film_is_averaged_to_mirrored_blocks(step: int) -> None:
    """At every working pixel: the breast's box may begin anywhere within a block."""
    located = locate.breast_map(film())
    mirrored = flipped(1)
    again = locate.breast_map(mirrored)
    assert located is not None
    assert again is not None
    assert np.array_equal(located.regions.labels[0], again.regions.labels[0][:, ::-1])
    settings = SpotSettings(working_mm=0.2 * step)
    one = field_of(film(), located.regions, located.mm, settings)
    other = field_of(mirrored, again.regions, again.mm, settings)
    assert one is not None
    assert other is not None
    assert one.step == step
    assert np.array_equal(one.inside, other.inside[:, ::-1])
    assert np.array_equal(one.sound, other.sound[:, ::-1])
    assert np.array_equal(one.pixels[one.sound], other.pixels[:, ::-1][one.sound])
    # What a line of the scanner hides is a mean of its sides, and sums of floats depend on their order.
    assert np.allclose(one.pixels[one.inside], other.pixels[:, ::-1][one.inside], atol=1e-3)


def test_the_noise_of_a_mirrored_film_is_mirrored() -> None:
    one, other = fields(1)
    band = np.random.default_rng(4).normal(size=one.pixels.shape).astype(np.float32)
    # (beside the breast the nearest value of two that are as near is taken, from whichever side)
    inner = one.depth_mm > 2.0
    for window_mm in (8.4, 8.5, 12.0):
        mirrored = noise_of(band[:, ::-1], other, window_mm)[:, ::-1]
        np.testing.assert_allclose(noise_of(band, one, window_mm)[inner], mirrored[inner], rtol=1e-3)


@pytest.mark.parametrize("axis", [0, 1])
def test_groups_of_a_flipped_film_are_the_flipped_groups(axis: int) -> None:
    copy = found(flipped(axis))
    reported = [one for one in first().groups if one.reported]
    again = [one for one in copy.groups if one.reported]
    assert len(reported) == len(again) > 0
    size = film().pixels.shape[axis]
    for one in reported:
        places = [np.array(other.center_index[1:]) for other in again]
        for place in places:
            place[axis] = size - 1 - place[axis]
        nearest = min(range(len(again)), key=lambda n: float(np.hypot(*(places[n] - one.center_index[1:]))))
        assert places[nearest] == pytest.approx(one.center_index[1:], abs=1.0)
        assert again[nearest].confidence == pytest.approx(one.confidence, abs=0.01)


def test_the_zero_of_the_grey_does_not_matter() -> None:
    """A picture that was inverted and turned back has another one."""
    copy = found(replace(film(), pixels=np.asarray(film().pixels + 5, np.uint16)))
    assert [one.bounds_index for one in copy.groups] == [one.bounds_index for one in first().groups]
    assert [one.confidence for one in copy.groups] == pytest.approx(
        [one.confidence for one in first().groups], abs=1e-3
    )


@pytest.mark.parametrize("scale", [16, 256])
def test_more_bits_of_the_same_film_change_nothing(scale: int) -> None:
    copy = found(replace(film(), pixels=np.asarray(film().pixels.astype(np.uint32) * scale, np.uint16)))
    assert [one.bounds_index for one in copy.groups] == [one.bounds_index for one in first().groups]
    assert [one.reported for one in copy.groups] == [one.reported for one in first().groups]
    assert [one.confidence for one in copy.groups] == pytest.approx(
        [one.confidence for one in first().groups], abs=1e-3
    )


def test_twelve_bits_cut_to_eight_keep_the_reported_groups() -> None:
    grain = np.random.default_rng(6).integers(0, 16, film().pixels.shape)
    deep = replace(film(), pixels=np.asarray(film().pixels * 16 + grain, np.uint16))
    many = [one for one in found(deep).groups if one.reported]
    few = [one for one in found(replace(deep, pixels=deep.pixels >> 4)).groups if one.reported]
    assert len(many) == len(few) > 0
    for one, other in zip(many, few, strict=True):
        assert other.center_index == pytest.approx(one.center_index, abs=2.0)
