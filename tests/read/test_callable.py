"""The stage is a package and can be called, whatever was imported before."""

from __future__ import annotations

from pathlib import Path

import pytest

import calcimetry
import calcimetry.read.index
from calcimetry import phantom
from calcimetry.core.errors import InputError


def test_the_stage_can_be_called(tmp_path: Path) -> None:
    simulation = phantom.simulate("thorax-demo", seed=5)
    phantom.write_dicom(simulation.volume, tmp_path / "dicom", seed=5)
    study = calcimetry.read(tmp_path / "dicom")
    assert study.images[0].geometry.shape == simulation.volume.geometry.shape
    assert calcimetry.read.study(tmp_path / "dicom").images[0].geometry.shape == simulation.volume.geometry.shape


def test_an_empty_folder_is_refused_either_way(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        calcimetry.read(tmp_path)
