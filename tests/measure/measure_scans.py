"""The real scans that scores are checked on, read by plain pydicom: no reader of ours stands between."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pydicom

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.regions import Region, Regions


def scan(folder: Path, *, gated: bool | None = None) -> Volume:
    """The series in ``series.zip``, slices by rising z."""
    with zipfile.ZipFile(folder / "series.zip") as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        planes = [pydicom.dcmread(io.BytesIO(archive.read(name))) for name in names]
    planes.sort(key=lambda plane: float(plane.ImagePositionPatient[2]))
    first = planes[0]
    pixels = np.stack(
        [
            (p.pixel_array.astype(np.int32) * int(p.RescaleSlope) + int(p.RescaleIntercept)).astype(np.int16)
            for p in planes
        ]
    )
    z = [float(p.ImagePositionPatient[2]) for p in planes]
    spacing_mm = (float(np.diff(z).mean()), *(float(s) for s in first.PixelSpacing))
    geometry = Geometry.from_spacing(pixels.shape, spacing_mm, [float(v) for v in first.ImagePositionPatient])
    kernel = first.ConvolutionKernel
    acquisition = Acquisition(
        "CT",
        kvp=float(first.KVP),
        thickness_mm=float(first.SliceThickness),
        kernel=kernel if isinstance(kernel, str) else kernel[0],
        gated=gated,
    )
    return Volume("i1", pixels, geometry, acquisition)


def _hu(plane: pydicom.Dataset) -> np.ndarray:
    stored = plane.pixel_array.astype(np.int32)
    return (stored * int(plane.RescaleSlope) + int(plane.RescaleIntercept)).astype(np.int16)


def cylinders(volume: Volume, places: dict[str, tuple[float, float, float]], slices: slice) -> Regions:
    """Named discs (row, column, radius in pixels) over some slices."""
    labels = np.zeros(volume.geometry.shape, np.uint16)
    row, column = np.mgrid[: labels.shape[1], : labels.shape[2]]
    for number, (middle_row, middle_column, radius) in enumerate(places.values(), start=1):
        labels[slices, (row - middle_row) ** 2 + (column - middle_column) ** 2 <= radius**2] = number
    named = tuple(Region(number, name, "unassigned", name, "given") for number, name in enumerate(places, start=1))
    return Regions("i1", labels, volume.geometry, named)


def with_border(outline: list[list[float]], shape: tuple[int, int]) -> np.ndarray:
    """Pixels of a drawn outline (column, row): what it encloses, and what its line touches."""
    corners = np.array(outline, float)
    inside = np.zeros(shape, bool)
    low = np.floor(corners.min(axis=0)).astype(int)
    high = np.ceil(corners.max(axis=0)).astype(int)
    for row in range(low[1], high[1] + 1):
        for column in range(low[0], high[0] + 1):
            inside[row, column] = _encloses(corners, column, row)
    for one, two in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        steps = int(np.abs(two - one).max()) + 1
        for t in np.linspace(0.0, 1.0, steps + 1):
            column, row = np.rint(one + t * (two - one)).astype(int)
            inside[row, column] = True
    return inside


def _encloses(corners: np.ndarray, x: float, y: float) -> bool:
    crossings = 0
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            crossings += 1
    return crossings % 2 == 1
