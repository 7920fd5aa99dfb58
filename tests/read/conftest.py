"""Series made on the spot, and the reading corpus unpacked once."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from calcimetry import read
from calcimetry.core.image import Volume

SIDE = 24
Change = Callable[[Dataset, int], None]


def pixels_of(n: int, side: int = SIDE) -> np.ndarray:
    """Stored values of slice n: a body with a bright block, different on each slice."""
    rng = np.random.default_rng(100 + n)
    stored = rng.integers(1020, 1090, (side, side))
    stored[:3] = 24
    stored[8:11, 9:13] = 1700 + n
    return stored.astype(np.uint16)


def data_set(n: int, side: int = SIDE) -> FileDataset:
    """One axial slice of a made series, 3 mm apart; nobody's."""
    ds = FileDataset("", Dataset(), preamble=b"\0" * 128, file_meta=FileMetaDataset())
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = f"1.2.3.4.{n + 1}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "1.2.3.1", "1.2.3.2", "1.2.3.3"
    ds.PatientID, ds.PatientName, ds.PatientSex, ds.PatientAge = "P1", "Nobody^At All", "F", "061Y"
    ds.Modality, ds.StudyDate, ds.Manufacturer = "CT", "20260102", "NONE"
    ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = 2, n + 1, 1
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.KVP, ds.SliceThickness, ds.ConvolutionKernel = 120, 3, "B30f"
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [-10.0, -20.0, -30.0 + 3 * n]
    ds.PixelSpacing = [0.5, 0.5]
    ds.Rows = ds.Columns = side
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, -1024, "HU"
    ds.PixelData = pixels_of(n, side).tobytes()
    return ds


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """``make(count, change, name)``: a folder with a series; ``change(ds, n)`` alters each slice first."""

    def write(count: int = 6, change: Change | None = None, name: str = "series", side: int = SIDE) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        for n in range(count):
            ds = data_set(n, side)
            if change is not None:
                change(ds, n)
            dcmwrite(folder / f"{len(list(folder.iterdir())):03d}.dcm", ds, enforce_file_format=False)
        return folder

    return write


@pytest.fixture
def stored() -> Callable[..., np.ndarray]:
    """``stored(n)``: what slice n was written with."""
    return pixels_of


@pytest.fixture
def one() -> Callable[..., FileDataset]:
    """``one(n)``: slice n as a data set."""
    return data_set


@pytest.fixture
def volume(make: Callable[..., Path]) -> Volume:
    image = read.study(make(6)).images[0]
    assert isinstance(image, Volume)
    return image


@pytest.fixture
def labels(volume: Volume) -> np.ndarray:
    values = np.zeros(volume.pixels.shape, np.uint8)
    values[1:3, 8:11, 9:13] = 1
    values[4, 2:5, 2:9] = 2
    return values


@pytest.fixture(scope="session")
def corpus(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reading corpus, unpacked."""
    target = tmp_path_factory.mktemp("corpus")
    with tarfile.open(shared_data / "reading_corpus.tar.xz") as archive:
        archive.extractall(target, filter="data")
    return target / "reading_corpus"
