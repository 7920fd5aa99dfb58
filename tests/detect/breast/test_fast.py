"""The search finds the same with the extra ``fast`` and without it."""

import numpy as np
import pytest

from calcimetry import detect, locate
from calcimetry.imaging import filters
from calcimetry.phantom import breast


def findings(simulated):
    projection = simulated.projection
    located = locate.breast_map(projection)
    found = detect.look_breast(projection, located.regions, located.mm)
    lesions = [(one.id, one.kind, one.pattern, one.bounds_index, one.mask.bits.tobytes()) for one in found.lesions]
    groups = [(one.id, one.lesions, one.reported) for one in found.groups]
    return lesions, groups, np.array([one.confidence for one in found.lesions])


@pytest.mark.parametrize("protocol", ["film-200", "film-100"])
def test_both_installs_find_the_same(protocol, monkeypatch):
    pytest.importorskip("cv2", reason="the extra 'fast' is not installed: its findings are not compared")
    simulated = breast.mammogram(5, protocol, breast.Contents(groups=2.0, arteries=1.0))
    seen = []
    for switch in ("0", "1"):
        monkeypatch.setenv(filters.SWITCH, switch)
        filters.opencv.cache_clear()
        assert (filters.opencv() is None) == (switch == "0")
        seen.append(findings(simulated))
    filters.opencv.cache_clear()
    (lesions, groups, sure), (other_lesions, other_groups, other_sure) = seen
    assert lesions
    assert lesions == other_lesions
    assert groups == other_groups
    assert np.abs(sure - other_sure).max() < 1e-4
