"""Agreement statistics against published tables and slow twins."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcimetry.evaluate import binary_metrics, bland_altman, confusion, icc_2_1, kappa, wilson_interval

CACS_4X4 = [[62, 11, 0, 0], [6, 395, 2, 0], [0, 13, 260, 1], [0, 2, 9, 152]]
NLST = [[59, 32, 4, 0], [24, 94, 8, 1], [0, 11, 37, 7], [1, 3, 20, 95]]


@pytest.mark.parametrize(
    "matrix, expected",
    [
        (CACS_4X4, {"plain": 0.9282, "linear": 0.9457, "quadratic": 0.9633}),
        (NLST, {"plain": 0.6178, "linear": 0.7549, "quadratic": 0.8570}),
    ],
)
def test_kappa_of_published_tables(matrix, expected) -> None:
    assert kappa(CACS_4X4).accuracy == pytest.approx(0.9518, abs=5e-5)
    for weights, value in expected.items():
        found = kappa(matrix, weights)
        assert found.value == pytest.approx(value, abs=5e-5)
        assert found.interval95[0] < found.value < found.interval95[1]


def test_kappa_interval_is_as_wide_as_resampling_finds() -> None:
    pairs = np.repeat(np.array(list(itertools.product(range(4), range(4)))), np.array(NLST).ravel(), axis=0)
    rng = np.random.default_rng(7)
    drawn = []
    for _ in range(400):
        a, b = pairs[rng.integers(0, len(pairs), len(pairs))].T
        counts = np.zeros((4, 4))
        np.add.at(counts, (a, b), 1)
        drawn.append(kappa(counts, "quadratic").value)
    low, high = kappa(NLST, "quadratic").interval95
    assert high - low == pytest.approx(np.quantile(drawn, 0.975) - np.quantile(drawn, 0.025), rel=0.15)


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3))
def test_kappa_is_symmetric_and_at_most_one(rows) -> None:
    table = np.array(rows) + np.eye(3)
    for weights in ("plain", "linear", "quadratic"):
        found = kappa(table, weights).value
        assert found <= 1 + 1e-12
        assert kappa(table.T, weights).value == pytest.approx(found)
        assert kappa(table[::-1, ::-1], weights).value == pytest.approx(found)


def test_kappa_refuses_what_has_no_answer() -> None:
    for bad in ([[5, 0], [0, 0]], [[1, 2, 3], [4, 5, 6]], [[-1, 2], [3, 4]], [[3]]):
        with pytest.raises(ValueError):
            kappa(bad)
    with pytest.raises(ValueError, match="none of plain"):
        kappa(NLST, "cubic")
    with pytest.raises(ValueError, match="'c'"):
        confusion(["a", "c"], ["a", "b"], ["a", "b"])


def test_binary_metrics() -> None:
    found = binary_metrics(tn=73, fp=10, fn=31, tp=80)
    assert found.accuracy == pytest.approx(0.788659793814433, abs=1e-12)
    assert found.sensitivity == pytest.approx(0.7207207207207207, abs=1e-12)
    assert found.specificity == pytest.approx(0.8795180722891566, abs=1e-12)
    assert found.f1 == pytest.approx(0.7960199004975125, abs=1e-12)
    empty = binary_metrics(tp=0, fp=0, fn=0, tn=4)
    assert (empty.sensitivity, empty.f1, empty.specificity) == (None, None, 1.0)
    assert set(empty.intervals) == {"accuracy", "specificity", "npv"}
    with pytest.raises(ValueError):
        binary_metrics(tp=-1, fp=0, fn=0, tn=4)


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilson_holds_the_share(part, whole) -> None:
    part = min(part, whole)
    low, high = wilson_interval(part, whole)
    assert 0 <= low <= part / whole + 1e-12
    assert part / whole - 1e-12 <= high <= 1


def test_icc_twin_by_sums_of_squares() -> None:
    x = np.random.default_rng(3).normal(size=(20, 3)) + np.arange(20)[:, None] + np.array([0.0, 2.0, 0.5])
    n, k = x.shape
    total = ((x - x.mean()) ** 2).sum()
    rows = k * sum((row.mean() - x.mean()) ** 2 for row in x)
    columns = n * sum((column.mean() - x.mean()) ** 2 for column in x.T)
    ms_r, ms_c = rows / (n - 1), columns / (k - 1)
    ms_e = (total - rows - columns) / ((n - 1) * (k - 1))
    assert icc_2_1(x) == pytest.approx((ms_r - ms_e) / (ms_r + (k - 1) * ms_e + k * (ms_c - ms_e) / n))
    assert icc_2_1(np.column_stack([x[:, 0], x[:, 0]])) == pytest.approx(1.0)
    assert icc_2_1(np.column_stack([x[:, 0], x[:, 0] + 50])) < 0.05  # absolute agreement, not mere correlation
    for bad in ([[1, 2]], [[1.0], [2.0]], [[1, np.nan], [2, 3]], [[2, 2], [2, 2]]):
        with pytest.raises(ValueError):
            icc_2_1(bad)


def test_bland_altman_limits_hold_the_differences() -> None:
    rng = np.random.default_rng(11)
    a = rng.uniform(0, 400, 4000)
    b = a + rng.normal(5, 3, 4000)
    found = bland_altman(a, b)
    assert found.bias == pytest.approx(5, abs=0.2)
    assert found.bias_interval95[0] < 5 < found.bias_interval95[1]
    assert np.mean((b - a > found.lower) & (b - a < found.upper)) == pytest.approx(0.95, abs=0.01)
    with pytest.raises(ValueError):
        bland_altman([1, 2], [1, 2, 3])


@pytest.mark.shared_data
def test_peer_checks(shared_data) -> None:
    checks = json.loads((shared_data / "numbers" / "peer_checks.json").read_text())
    done = []
    for check in checks:
        given_, expected, tolerance = check["input"], check["expect"], check["tolerance"]
        if check["kind"] == "kappa":
            found = {name: kappa(given_["matrix"], name).value for name in expected}
        elif check["kind"] == "binary_metrics":
            found = {name: getattr(binary_metrics(**given_), name) for name in expected}
        else:
            continue
        assert found == pytest.approx(expected, abs=tolerance), check["id"]
        done.append(check["id"])
    assert sorted(done) == ["kappa-4x4", "kappa-nlst", "metrics-2x2"]
