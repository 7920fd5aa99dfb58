"""Outlines that a reader drew on three gated scans: what the reader's tool printed must come out again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from measure_phantoms import bodies_of
from measure_scans import scan, with_border

from calcimetry import measure
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.core.regions import Region, Regions
from calcimetry.knowledge.tube_voltage import limits

pytestmark = pytest.mark.shared_data

ARTERY = {
    "Right Coronary Artery": "right_coronary",
    "Left Anterior Descending Artery": "left_anterior_descending",
    "Left Circumflex Artery": "left_circumflex",
    "Left Coronary Artery": "left_main",
}


@pytest.mark.parametrize(("number", "outlines", "total"), [(0, 1, 5.9), (1, 16, 369.7), (3, 10, 470.9)])
def test_outlines(number: int, outlines: int, total: float, shared_data: Path) -> None:
    folder = shared_data / "ct" / f"coca_gated_{number}"
    volume = scan(folder, gated=True)
    told = json.loads((folder / "reader_outlines.json").read_text("utf-8"))
    assert len(told["rois"]) == outlines
    counting, spacing_mm = measure.rule("no-minimum"), volume.geometry.spacing_mm
    labels = np.zeros(volume.geometry.shape, np.uint8)
    for roi in told["rois"]:
        inside = with_border(roi["outline_px"], volume.geometry.shape[1:])
        hu = volume.pixels[roi["slice"]][None]
        area = measure.volume_mm3(hu, spacing_mm, counting, inside[None]) / spacing_mm[0]
        assert area == pytest.approx(roi["area_mm2"], abs=max(0.02 * roi["area_mm2"], volume.geometry.pixel_mm2))
        assert measure.peak_hu(hu, inside[None] & (hu >= 130)) == roi["max_hu"]
        score = measure.agatston(hu, spacing_mm, counting, inside[None])
        assert score == pytest.approx(roi["agatston"], abs=max(0.02 * roi["agatston"], volume.geometry.pixel_mm2))
        labels[roi["slice"]][inside] = list(ARTERY).index(roi["artery"]) + 1
    rows = _rows(volume, labels)
    assert rows["total"] == pytest.approx(total, rel=0.02)
    for artery, expected in told["agatston_per_artery"].items():
        assert rows[ARTERY[artery]] == pytest.approx(expected, abs=max(0.02 * expected, 0.06))


def _rows(volume: Volume, labels: np.ndarray) -> dict[str, float]:
    """The rows of the stage, with the four arteries given as regions."""
    named = tuple(Region(n, name, "coronary_artery", name, "given") for n, name in enumerate(ARTERY.values(), start=1))
    regions = Regions("i1", labels, volume.geometry, named)
    lesions: list[Lesion] = []
    for region in named:
        wanted = (labels == region.label) & (volume.pixels >= 130)
        lesions += bodies_of(wanted, len(lesions) + 1, site="coronary_artery", structure=str(region.structure))
    rows = measure.scores(
        volume,
        lesions,
        regions,
        rule=measure.rule("no-minimum"),
        calibration=None,
        limits=limits(120.0),
    )
    assert all(row.status == "final" for row in rows if row.name == "agatston")
    return {row.structure: float(row.value or 0.0) for row in rows if row.name == "agatston"}
