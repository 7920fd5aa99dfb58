"""What must hold for any image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from measure_phantoms import lesion_of, volume_of
from scipy import ndimage

from calcimetry import measure
from calcimetry.knowledge.tube_voltage import limits
from calcimetry.measure.rule import rule, rule_ids

Array = Any
LEVELS = (-900.0, 40.0, 129.0, 130.0, 150.0, 199.0, 200.0, 310.0, 900.0)

shapes = st.tuples(st.integers(1, 5), st.integers(1, 7), st.integers(1, 7))
images = shapes.flatmap(lambda shape: hnp.arrays(np.float32, shape, elements=st.sampled_from(LEVELS)))
pitches = st.sampled_from([0.35, 0.488, 0.5, 0.68, 1.0])
increments = st.sampled_from([0.625, 1.5, 2.5, 3.0, 5.0])
square = st.builds(lambda z, p: (z, p, p), increments, pitches)
presets = st.sampled_from(rule_ids())
flat = st.sampled_from([name for name in rule_ids() if rule(name).dimensions == 2])
normalized = st.sampled_from(
    [name for name in rule_ids() if rule(name).factor == "increment/3" and rule(name).threshold == "table"]
)


def both(
    hu: Array, spacing_mm: tuple[float, float, float], name: str, inside: Array | None = None
) -> tuple[float, float]:
    return measure.agatston(hu, spacing_mm, rule(name), inside), measure.volume_mm3(hu, spacing_mm, rule(name), inside)


@given(images, square, normalized)
def test_agatston_is_at_most_four_thirds_of_the_volume(hu: Array, spacing_mm: Any, name: str) -> None:
    score, volume = both(hu, spacing_mm, name)
    assert volume / 3.0 - 1e-6 <= score <= volume * 4.0 / 3.0 + 1e-6


@given(images, square, presets, st.integers(0, 2))
def test_flips_change_nothing(hu: Array, spacing_mm: Any, name: str, axis: int) -> None:
    assert both(np.flip(hu, axis), spacing_mm, name) == pytest.approx(both(hu, spacing_mm, name))


@given(images, square, presets, st.integers(1, 3))
def test_quarter_turns_change_nothing(hu: Array, spacing_mm: Any, name: str, turns: int) -> None:
    turned = np.rot90(hu, turns, (1, 2))
    assert both(turned, spacing_mm, name) == pytest.approx(both(hu, spacing_mm, name))


@given(images, square, presets, st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 3)))
def test_whole_pixel_shifts_change_nothing(hu: Array, spacing_mm: Any, name: str, shift: Any) -> None:
    moved = np.pad(hu, [(by, 1) for by in shift], constant_values=40.0)
    assert both(moved, spacing_mm, name) == pytest.approx(both(hu, spacing_mm, name))


@given(images, square, presets)
def test_disjoint_regions_add(hu: Array, spacing_mm: Any, name: str) -> None:
    apart = np.pad(hu, [(1, 1), (1, 1), (1, hu.shape[2] + 2)], constant_values=40.0)
    apart[1:-1, 1:-1, -hu.shape[2] - 1 : -1] = hu
    left = np.zeros(apart.shape, bool)
    left[:, :, : hu.shape[2] + 2] = True
    one, other, together = (both(apart, spacing_mm, name, inside) for inside in (left, ~left, None))
    assert together == pytest.approx([a + b for a, b in zip(one, other, strict=True)])


@given(images, square, presets, st.floats(-500, 80))
def test_what_lies_below_the_threshold_is_nothing(hu: Array, spacing_mm: Any, name: str, background: float) -> None:
    other = np.where(hu < 129, np.float32(background), hu)
    assert both(other, spacing_mm, name) == pytest.approx(both(hu, spacing_mm, name))


@given(images, pitches, flat)
def test_a_slice_split_in_two_scores_the_same(hu: Array, pitch: float, name: str) -> None:
    if rule(name).factor != "increment/3" or any(m.unit in ("voxels", "mm3") for m in rule(name).minimum):
        return
    halves = np.repeat(hu, 2, axis=0)
    whole, split = both(hu, (3.0, pitch, pitch), name), both(halves, (1.5, pitch, pitch), name)
    assert split == pytest.approx(whole)


@given(images, square)
def test_whole_numbers_score_as_floats_do(hu: Array, spacing_mm: Any) -> None:
    for name in rule_ids():
        assert both(hu.astype(np.int16), spacing_mm, name) == pytest.approx(both(hu, spacing_mm, name))


@given(images, square, presets)
def test_rows_are_the_kernel_on_the_region(hu: Array, spacing_mm: Any, name: str) -> None:
    """The sum over 26-connected lesions is the score of the whole region, for every rule that sees no more."""
    counting, at = rule(name), limits(120.0)
    if counting.at(at).threshold_hu < at.threshold_hu and counting.comparison == ">=":
        return
    volume = volume_of(hu, spacing_mm)
    labels, count = ndimage.label(hu >= counting.at(at).threshold_hu, np.ones((3, 3, 3)))
    lesions = [lesion_of(labels == n, n) for n in range(1, count + 1)]
    sized = measure.lesions(volume, lesions, rule=counting, calibration=measure.stated(0.8), limits=at)
    rows = measure.scores(volume, sized, None, rule=counting, calibration=measure.stated(0.8), limits=at)
    found = {row.name: row.value for row in rows if row.structure == "total"}
    if not found:
        assert count == 0
        return
    score, size = both(hu, spacing_mm, name)
    assert (found["agatston"], found["volume"]) == pytest.approx((score, size))
    assert found["mass"] == pytest.approx(measure.mass_mg(hu, spacing_mm, measure.stated(0.8), counting))


@given(images, square)
def test_isotropic_volume_stays_inside_the_voxels_and_their_neighbours(hu: Array, spacing_mm: Any) -> None:
    counting = rule("no-minimum")
    found = measure.volume_isotropic_mm3(hu, spacing_mm, counting)
    near = ndimage.binary_dilation(hu >= 130, np.ones((3, 3, 3)))
    room = np.prod([n * s + spacing_mm[1] for n, s in zip(hu.shape, spacing_mm, strict=True)])
    assert 0.0 <= found <= room
    assert (found == 0.0) or near.any()


@given(images, square)
def test_isotropic_volume_flips_in_the_plane(hu: Array, spacing_mm: Any) -> None:
    one = measure.volume_isotropic_mm3(hu, spacing_mm)
    assert measure.volume_isotropic_mm3(hu[:, :, ::-1], spacing_mm) == pytest.approx(one)


@given(hnp.arrays(np.bool_, shapes), square)
def test_diameters_bound_each_other(bits: Array, spacing_mm: Any) -> None:
    whole, plane = measure.diameter_mm(bits, spacing_mm), measure.diameter_in_plane_mm(bits, spacing_mm)
    assert plane <= whole + 1e-9
    assert (whole > 0) == bool(bits.any())
    diagonal = float(np.linalg.norm([n * s for n, s in zip(bits.shape, spacing_mm, strict=True)]))
    assert whole <= diagonal + 1e-9
    assert measure.diameter_mm(np.flip(bits, (0, 1)), spacing_mm) == pytest.approx(whole)
