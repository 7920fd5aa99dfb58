"""Bodies cut into pieces, and pieces joined to parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcimetry.assign.parting import parts
from calcimetry.assign.pieces import cut, neighbours

SPACING = (3.0, 0.5, 0.5)
GROUPS = np.array([0, 0, 1, 2])


def _rod(columns: int) -> NDArray[np.int64]:
    return np.stack(np.meshgrid([4], [10, 11], np.arange(columns), indexing="ij"), axis=-1).reshape(-1, 3)


def test_a_small_body_stays_whole() -> None:
    assert cut(_rod(8), SPACING, 6.0).tolist() == [0] * 16


def test_a_long_body_is_cut_into_connected_pieces_of_about_the_size_asked() -> None:
    rod = _rod(80)
    owner = cut(rod, SPACING, 6.0)
    assert owner.min() == 0
    assert 4 <= owner.max() + 1 <= 12
    for piece in range(int(owner.max()) + 1):
        columns = rod[owner == piece][:, 2]
        assert np.ptp(columns) * 0.5 <= 12.0
        assert len(np.unique(columns)) == np.ptp(columns) + 1


def test_neighbours_of_a_rod_form_a_chain() -> None:
    rod = _rod(80)
    touch = neighbours(rod, cut(rod, SPACING, 6.0))
    assert sorted(touch.sum(axis=1).tolist())[:2] == [1, 1]
    assert set(touch.sum(axis=1).tolist()) == {1, 2}


def _parts(rows: list[list[float]], volumes: list[float]) -> list[list[int]]:
    p = np.array(rows)
    n = len(p)
    touch = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) == 1
    found = parts(p, touch, np.array(volumes), groups=GROUPS, lean=0.0, least_mm3=2.0, least_odds=4.0)
    return [one.pieces.tolist() for one in found]


LEFT, VALVE, REST = [0.9, 0.04, 0.03, 0.03], [0.03, 0.04, 0.9, 0.03], [0.02, 0.02, 0.02, 0.94]


def test_a_body_from_valve_to_artery_is_parted_where_its_answer_changes() -> None:
    assert _parts([VALVE, VALVE, LEFT, LEFT], [10, 10, 10, 10]) == [[0, 1], [2, 3]]


def test_a_crumb_joins_what_it_touches() -> None:
    assert _parts([VALVE, VALVE, LEFT], [10, 10, 1]) == [[0, 1, 2]]


def test_a_weak_difference_does_not_part() -> None:
    assert _parts([VALVE, [0.4, 0.1, 0.35, 0.15]], [10, 10]) == [[0, 1]]


def test_arteries_of_one_site_are_one_answer() -> None:
    assert _parts([[0.9, 0.08, 0.01, 0.01], [0.08, 0.9, 0.01, 0.01]], [10, 10]) == [[0, 1]]


def test_every_piece_is_in_one_part() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        n = int(rng.integers(1, 12))
        p = rng.dirichlet([0.4] * 4, n)
        upper = np.triu(rng.random((n, n)) < 0.4, 1)
        found = parts(
            p, upper | upper.T, rng.uniform(0.5, 20, n), groups=GROUPS, lean=0.5, least_mm3=2.0, least_odds=4.0
        )
        assert sorted(np.concatenate([one.pieces for one in found]).tolist()) == list(range(n))
        assert all(abs(one.probabilities.sum() - 1.0) < 1e-9 for one in found)
