"""What a simulated group is called is what it is."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry.phantom.breast.groups import places_of
from calcimetry.phantom.breast.outline import outline


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("word", ["grouped", "segmental", "regional"])
def test_places_bear_their_word(word: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    body = outline((240, 160), 0.5, "CC", rng)
    places = places_of(body, word, rng)
    assert places is not None
    rows, columns = np.rint(places).astype(int).T
    on = (rows >= 0) & (rows < 240) & (columns >= 0) & (columns < 160)
    on[on] = body.inside[rows[on], columns[on]]
    assert on.mean() >= 0.8
    kept = places[on] * body.mm
    extent = np.hypot(*(kept[:, None] - kept[None]).transpose(2, 0, 1)).max()
    assert extent <= 20.0 if word == "grouped" else extent >= 20.0


def test_no_region_in_less_room_than_it_needs() -> None:
    rng = np.random.default_rng(1)
    body = outline((40, 30), 0.5, "CC", rng)
    assert places_of(body, "regional", rng) is None
