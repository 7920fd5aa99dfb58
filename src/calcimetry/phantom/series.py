"""Volumes as real DICOM CT files, and the truth in files beside them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Literal

import nibabel
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, RLELossless

from calcimetry._version import __version__
from calcimetry.core.errors import UsageError
from calcimetry.core.image import Volume
from calcimetry.core.regions import Regions
from calcimetry.core.study import Subject
from calcimetry.phantom.simulate import Simulation
from calcimetry.phantom.truth import truth_record
from calcimetry.phantom.uids import uid

__all__ = ["write_dicom", "write_regions", "write_study"]

# Simulated time: fixed, so that the same seed gives the same bytes.
_DATE, _TIME = "20260101", "120000"


def write_dicom(
    volume: Volume,
    folder: str | Path,
    *,
    seed: int = 0,
    subject: Subject | None = None,
    compression: Literal["none", "rle"] = "none",
) -> tuple[Path, ...]:
    """Write a volume as a classic CT series, one file for each slice, named in order.

    Parameters
    ----------
    volume : Volume
        int16 pixels [HU].
    folder : path
        Made where absent; must hold no ``.dcm`` files.
    seed : int
        UIDs that the volume does not carry follow from it.
    subject : Subject, optional
        Name, id, age and sex for the header; without it ``PHANTOM``.
    compression : {"none", "rle"}
        Explicit VR little endian, or RLE lossless.

    Returns
    -------
    tuple of Path
        The files, lowest slice first.

    Raises
    ------
    UsageError
        If the folder already holds DICOM files, or the pixels are no int16.
    """
    out = Path(folder)
    if out.exists() and any(out.glob("*.dcm")):
        raise UsageError(f"{out} already holds DICOM files; name a new folder")
    if volume.pixels.dtype != np.int16:
        raise UsageError(f"pixels: found {volume.pixels.dtype}, expected int16")
    if compression not in ("none", "rle"):
        raise UsageError(f"compression: found {compression!r}, expected 'none' or 'rle'")
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for k in range(volume.geometry.shape[0]):
        ds = _slice(volume, k, seed, subject or Subject(id="PHANTOM"))
        if compression == "rle":
            ds.compress(RLELossless, generate_instance_uid=False)
        path = out / f"slice{k + 1:04d}.dcm"
        ds.save_as(path, enforce_file_format=True)
        files.append(path)
    return tuple(files)


def _slice(volume: Volume, k: int, seed: int, subject: Subject) -> Dataset:
    """One slice as a data set of the CT image object."""
    taken, grid = volume.acquisition, volume.geometry
    pixels = np.ascontiguousarray(volume.pixels[k])
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = UID(uid(taken.series_uid, seed, "slice", k))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid("calcimetry"))
    meta.ImplementationVersionName = f"CALCIMETRY_{__version__}"[:16]
    ds = Dataset()
    ds.file_meta = meta
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    _who(ds, subject)
    _which(ds, volume, seed)
    ds.InstanceNumber = k + 1
    ds.ImageType = list(taken.image_type) or ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.AcquisitionNumber = 1
    for name in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(ds, name, taken.study_date or _DATE)
    for name in ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime"):
        setattr(ds, name, _TIME)
    # Place and scale.
    ds.ImagePositionPatient = [_ds(v) for v in grid.to_lps_mm((k, 0, 0))]
    columns_way = grid.affine[:3, 2] / grid.spacing_mm[2]
    rows_way = grid.affine[:3, 1] / grid.spacing_mm[1]
    ds.ImageOrientationPatient = [_ds(v) for v in (*columns_way, *rows_way)]
    ds.PixelSpacing = [_ds(grid.spacing_mm[1]), _ds(grid.spacing_mm[2])]
    ds.SliceThickness = _ds(taken.thickness_mm if taken.thickness_mm is not None else grid.spacing_mm[0])
    ds.SliceLocation = _ds(float(grid.to_lps_mm((k, 0, 0)) @ grid.normal))
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "HU"
    ds.WindowCenter, ds.WindowWidth = "40", "400"
    ds.PixelData = pixels.astype("<i2").tobytes()
    return ds


def _who(ds: Dataset, subject: Subject) -> None:
    ds.PatientName = subject.name or "Phantom^Simulated"
    ds.PatientID = subject.id or "PHANTOM"
    ds.PatientBirthDate = ""
    ds.PatientSex = {"female": "F", "male": "M", "other": "O"}.get(subject.sex or "", "")
    if subject.age_years is not None:
        ds.PatientAge = f"{int(subject.age_years):03d}Y"


def _which(ds: Dataset, volume: Volume, seed: int) -> None:
    """Study, series, equipment and how the image was taken."""
    taken = volume.acquisition
    ds.StudyInstanceUID = taken.study_uid or uid(volume.id, seed, "study")
    ds.SeriesInstanceUID = taken.series_uid or uid(volume.id, seed, "series")
    ds.FrameOfReferenceUID = volume.geometry.frame_uid or uid(volume.id, seed, "frame")
    ds.PositionReferenceIndicator = ""
    ds.StudyID = "1"
    ds.AccessionNumber = ""
    ds.ReferringPhysicianName = ""
    ds.StudyDescription = "Simulated CT with known calcium"
    ds.SeriesNumber = taken.series_number or 1
    ds.SeriesDescription = taken.series_description or "simulated"
    ds.Modality = "CT"
    ds.Manufacturer = taken.manufacturer or "calcimetry phantom"
    ds.ManufacturerModelName = taken.model or "phantom"
    ds.SoftwareVersions = __version__
    ds.DeviceSerialNumber = "0"
    ds.PatientPosition = "HFS"
    ds.BodyPartExamined = taken.body_part or "CHEST"
    if taken.kvp is not None:
        ds.KVP = _ds(taken.kvp)
    if taken.kernel is not None:
        ds.ConvolutionKernel = taken.kernel
    if taken.gated:
        # The CT object has no field of its own for gating; scanners say it here and in the protocol's name.
        ds.ScanOptions = "CARDIAC_GATED"
        ds.ProtocolName = "CaScore gated"
        ds.CardiacSynchronizationTechnique = "PROSPECTIVE"
    else:
        ds.ScanOptions = "AXIAL"
        ds.ProtocolName = "Chest without contrast"
    if taken.field_of_view_mm is not None:
        ds.ReconstructionDiameter = _ds(taken.field_of_view_mm)
        ds.DataCollectionDiameter = _ds(500)


def _ds(value: float) -> str:
    """A decimal string of at most 16 characters."""
    text = f"{float(value):.10g}"
    return text if len(text) <= 16 else f"{float(value):.8g}"


def write_regions(regions: Regions, path: str | Path) -> tuple[Path, Path]:
    """Write a label map as ``NAME.nii.gz`` with its names in ``NAME.json``; same input, same bytes."""
    target = Path(path)
    names = target.with_name(target.name.removesuffix(".nii.gz") + ".json")
    # NIfTI counts columns first and points right and front where DICOM points left and back.
    turned: NDArray[Any] = np.ascontiguousarray(regions.labels.transpose(2, 1, 0)).astype(np.uint16)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ regions.geometry.affine[:, [2, 1, 0, 3]]
    image = nibabel.Nifti1Image(turned, affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")  # type: ignore[no-untyped-call]
    target.write_bytes(gzip.compress(image.to_bytes(), compresslevel=6, mtime=0))
    record = {
        str(row.label): {"site": row.site, "structure": row.structure}
        if row.site not in (None, "unassigned")
        else row.name
        for row in regions.regions
    }
    names.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return target, names


def write_study(simulation: Simulation, folder: str | Path, *, seed: int = 0) -> Path:
    """Write ``dicom/``, ``truth.json``, ``regions.nii.gz`` and ``regions.json`` into a folder; gives ``dicom/``."""
    out = Path(folder)
    scan = simulation.settings["scan"]
    age = scan["age_years"]
    subject = Subject(id=scan["patient_id"], age_years=None if age is None else float(age), sex=scan["sex"])
    write_dicom(simulation.volume, out / "dicom", seed=seed, subject=subject)
    record = truth_record(simulation.truth, simulation.settings)
    (out / "truth.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if simulation.regions.regions:
        write_regions(simulation.regions, out / "regions.nii.gz")
    return out / "dicom"
