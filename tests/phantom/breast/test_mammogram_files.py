"""A simulated mammogram written as DICOM is read back as what it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calcimetry import read
from calcimetry.core.image import Projection
from calcimetry.phantom.breast import PROTOCOLS, Contents, mammogram
from calcimetry.phantom.breast.series import write_mammogram


@pytest.mark.parametrize("name", ["film-200", "digital-100", "magnified-050"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    height = (25.0, 26.0) if name == "magnified-050" else (70.0, 71.0)
    made = mammogram(7, replace(PROTOCOLS[name], height_mm=height), Contents(groups=2.0))
    file = tmp_path / "image.dcm"
    write_mammogram(made, file)
    (image,) = read.study(file).images
    assert isinstance(image, Projection)
    assert np.array_equal(image.pixels, made.projection.pixels)
    assert image.pixel_mm == pytest.approx(made.projection.pixel_mm)
    assert (image.laterality, image.kind, image.scale_plane) == (made.projection.laterality, "mammogram", "object")
    assert set(image.view_modifiers) == set(made.projection.view_modifiers)
    if made.projection.view:
        assert image.view == made.projection.view
    truth = json.loads(file.with_name("image.dcm.json").read_text("utf-8"))
    assert len(truth["particles"]) == len(made.particles)
    again = tmp_path / "again" / "image.dcm"
    again.parent.mkdir()
    write_mammogram(mammogram(7, replace(PROTOCOLS[name], height_mm=height), Contents(groups=2.0)), again)
    assert again.read_bytes() == file.read_bytes()
