"""A line drawn to what is seen near where it is expected."""

from __future__ import annotations

import numpy as np

from calcimetry.locate.heart.threads import ThreadSettings, follow, steps

SETTINGS = ThreadSettings(weight=1.0)


def straight(count: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    mean = np.zeros((count, 3))
    mean[:, 2] = np.arange(count) * 5.0
    outward, sideward = np.tile([1.0, 0, 0], (count, 1)), np.tile([0, 1.0, 0], (count, 1))
    return mean, outward, sideward, (np.full(count, 6.0), np.full(count, 10.0))


def test_without_evidence_the_line_stays_with_its_spread() -> None:
    mean, out, side, sd = straight()
    u, v = steps(6.0, SETTINGS), steps(10.0, SETTINGS)
    found = follow(mean, out, side, sd, [np.zeros((len(u), len(v)))] * len(mean), SETTINGS)
    assert np.abs(found.points_mm - mean).max() < 1e-6
    assert (found.sd_mm > 6.0).all()


def test_the_line_goes_to_where_it_is_seen_and_its_spread_shrinks() -> None:
    mean, out, side, sd = straight()
    u, v = steps(6.0, SETTINGS), steps(10.0, SETTINGS)
    score = -0.5 * ((u[:, None] - 2.0) ** 2 + (v[None, :] - 8.0) ** 2) / 4.0
    found = follow(mean, out, side, sd, [score] * len(mean), SETTINGS)
    assert np.abs(found.points_mm[:, :2] - [2.0, 8.0]).max() < 1.0
    assert found.sd_mm.max() < 2.0


def test_a_gap_without_evidence_is_bridged_from_its_neighbours() -> None:
    mean, out, side, sd = straight()
    u, v = steps(6.0, SETTINGS), steps(10.0, SETTINGS)
    score = -0.5 * (u[:, None] ** 2 + (v[None, :] - 8.0) ** 2) / 4.0
    scores = [np.zeros_like(score) if n in (5, 6) else score for n in range(len(mean))]
    found = follow(mean, out, side, sd, scores, SETTINGS)
    assert found.points_mm[5, 1] > 6.0
    assert found.sd_mm[5] > found.sd_mm[2]
