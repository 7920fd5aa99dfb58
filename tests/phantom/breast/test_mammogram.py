"""Simulated mammograms: the same seed the same bytes, truth that fits the image, every word drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from calcimetry.core.errors import UnknownIdError
from calcimetry.phantom.breast import (
    DISTRIBUTIONS,
    MORPHOLOGIES,
    PROTOCOLS,
    Contents,
    MammogramProtocol,
    Particle,
    draw,
    insert_calcium,
    mammogram,
    thickness,
)
from calcimetry.phantom.breast.particles import Solid


def small(name: str = "film-200", **change: object) -> MammogramProtocol:
    """A protocol with a small image."""
    return replace(PROTOCOLS[name], height_mm=(70.0, 75.0), **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["film-200", "digital-100", "magnified-050"])
def test_same_seed_same_bytes(name: str) -> None:
    how = small(name) if name != "magnified-050" else replace(PROTOCOLS[name], height_mm=(25.0, 26.0))
    one, two, other = mammogram(3, how), mammogram(3, how), mammogram(4, how)
    assert one.projection.pixels.tobytes() == two.projection.pixels.tobytes()
    assert one.particles == two.particles
    assert one.groups == two.groups
    assert np.array_equal(one.labels, two.labels)
    assert one.projection.pixels.tobytes() != other.projection.pixels.tobytes()
    assert int(one.projection.pixels.max()) < 1 << how.bits
    assert one.labels.shape == one.projection.pixels.shape == one.breast.shape


def test_truth_lies_where_the_image_is_bright() -> None:
    how = small("digital-100")
    with_calcium = mammogram(5, how, Contents(pattern="br_round", distribution="grouped", cnr=(11, 12), decoys=False))
    assert with_calcium.groups
    image = with_calcium.projection.pixels.astype(float)
    fine = image - ndimage.gaussian_filter(image, 8)
    for one in with_calcium.particles:
        if one.group and one.diameter_mm > 0.3:
            mine = with_calcium.labels == one.label
            if mine.any():
                assert fine[mine].mean() > np.median(fine[with_calcium.breast])
                assert np.hypot(*(np.argwhere(mine).mean(axis=0) - one.center)) < 4
    assert all(with_calcium.breast[round(p.center[0]), round(p.center[1])] for p in with_calcium.particles if p.group)
    assert len({p.label for p in with_calcium.particles}) == len(with_calcium.particles)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_distributions_have_the_shape_of_their_name(distribution: str) -> None:
    how = replace(PROTOCOLS["film-200"], height_mm=(150.0, 151.0))
    for seed in range(6, 16):
        found = mammogram(seed, how, Contents(pattern="br_round", distribution=distribution, singles=0, specks=0))
        if found.groups and len(found.groups[0].particles) >= 5:
            break
    (group,) = found.groups
    places = np.array([p.center for p in found.particles if p.group == group.id]) * 0.2
    extent = float(np.hypot(*np.ptp(places, axis=0)))
    values = np.linalg.eigvalsh(np.cov(places.T))
    if distribution == "grouped":
        assert extent < 22
    if distribution == "linear":
        assert values[1] > 5 * values[0]
    if distribution in ("regional", "diffuse", "segmental"):
        assert extent > 12
    assert (group.distribution, group.pattern) == (distribution, "br_round")


@pytest.mark.parametrize("pattern", [m for m in MORPHOLOGIES if m != "br_vascular"])
def test_each_morphology_is_drawn_at_its_size(pattern: str) -> None:
    rng = np.random.default_rng(1)
    sizes = []
    for _ in range(12):
        patch, row, column = thickness(draw(pattern, rng), 0.05, (40.3, 50.6))
        assert patch.shape[0] == patch.shape[1]
        assert patch.shape[0] % 2
        assert float(patch.min()) >= 0
        rows, columns = np.nonzero(patch > 0.25 * patch.max())
        assert rows.size
        assert abs(float(rows.mean()) + row - 40.3) < patch.shape[0] / 2
        del column, columns
        sizes.append(float(np.ptp(rows)) * 0.05)
    assert max(sizes) < {"br_rim": 14, "br_suture": 20, "br_large_rodlike": 14}.get(pattern, 10)


def test_thickness_of_a_ball_is_its_volume_at_any_pixel() -> None:
    ball = Particle("br_round", (Solid("ball", 0.0, 0.0, 0.5),))
    for mm in (0.05, 0.1, 0.2):
        patch, _, _ = thickness(ball, mm, (30.2, 30.7))
        assert float(patch.sum()) * mm * mm == pytest.approx(4 / 3 * np.pi * 0.125, rel=0.02)


def test_a_rim_is_hollow() -> None:
    patch, _, _ = thickness(Particle("br_rim", (Solid("shell", 0, 0, 1.5, wall=0.3),)), 0.1, (20.0, 20.0))
    middle = patch.shape[0] // 2
    assert patch[middle, middle] < 0.6 * patch.max()


def test_an_unknown_protocol_is_named() -> None:
    with pytest.raises(UnknownIdError, match="film-200"):
        mammogram(1, "film-2000")


def test_nothing_asked_for_nothing_put_in() -> None:
    bare = mammogram(2, small(), Contents(groups=0, singles=0, specks=0, arteries=0, decoys=False))
    assert not bare.particles
    assert not bare.groups
    assert not bare.decoys
    assert not bare.labels.any()
    assert bare.nipple is not None
    assert bare.breast.mean() > 0.1


def test_calcium_goes_into_another_image_at_its_own_noise() -> None:
    bare = mammogram(2, small(), Contents(groups=0, singles=0, specks=0, arteries=0, decoys=False))
    inside = ndimage.binary_erosion(bare.breast, iterations=10)
    wish = Contents(pattern="br_round", distribution="grouped", cnr=(9, 10), singles=0, specks=0)
    image, particles, groups, labels = insert_calcium(bare.projection, inside, bare.nipple, 5, wish)
    again, *_ = insert_calcium(bare.projection, inside, bare.nipple, 5, wish)
    assert image.pixels.tobytes() == again.pixels.tobytes()
    assert image.pixels.dtype == bare.projection.pixels.dtype
    assert len(groups) == 1
    assert set(groups[0].particles) == {p.id for p in particles}
    change = image.pixels.astype(int) - bare.projection.pixels
    assert int(change.min()) >= -1
    assert change[labels > 0].mean() > 2
    assert not change[ndimage.binary_dilation(labels > 0, iterations=6) == 0].any()
