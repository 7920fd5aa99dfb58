"""A simulated mammogram as a DICOM file, with its truth beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from calcimetry.phantom.breast.mammogram import SimulatedMammogram
from calcimetry.phantom.uids import uid

__all__ = ["mammogram_truth", "write_mammogram"]

_VIEWS = {"CC": ("399162004", "cranio-caudal"), "MLO": ("399368009", "medio-lateral oblique")}
_MODIFIERS = {"magnification": ("399163009", "Magnification"), "spot": ("399055006", "Spot Compression")}


def mammogram_truth(made: SimulatedMammogram) -> dict[str, Any]:
    """Particles, groups and decoys as plain values; places are (row, column) of the image."""
    return {
        "schema": "calcimetry-mammogram-truth/1",
        "settings": made.settings,
        "spacing_mm": made.projection.pixel_mm[0] if made.projection.pixel_mm else None,
        "nipple": made.nipple,
        "particles": [asdict(p) for p in made.particles],
        "groups": [asdict(g) for g in made.groups],
        "decoys": [asdict(d) for d in made.decoys],
        "crossings": np.round(made.crossings, 1).tolist(),
    }


def write_mammogram(made: SimulatedMammogram, file: Path, *, patient: str = "SIMULATED") -> None:
    """Write ``file`` (DICOM, digital mammogram for presentation or film as secondary capture) and ``file``.json.

    Nothing about it looks like a person's: name and number say that it is simulated.
    """
    from pydicom import dcmwrite
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.sequence import Sequence
    from pydicom.uid import (
        UID,
        DigitalMammographyXRayImageStorageForPresentation,
        ExplicitVRLittleEndian,
        SecondaryCaptureImageStorage,
    )

    projection = made.projection
    film = projection.acquisition.modality != "MG"
    seed = f"{made.settings['seed']}-{made.settings['protocol']}"
    ds = FileDataset(str(file), Dataset(), preamble=b"\0" * 128, file_meta=FileMetaDataset())
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = SecondaryCaptureImageStorage if film else DigitalMammographyXRayImageStorageForPresentation
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    own = UID(uid("mammogram", seed, file.name))
    ds.SOPInstanceUID, ds.file_meta.MediaStorageSOPInstanceUID = own, own
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid("mammogram study", patient), uid("mammogram series", seed)
    ds.PatientName, ds.PatientID, ds.PatientSex = f"{patient}^Nobody", patient, "F"
    ds.StudyDate, ds.Modality, ds.BodyPartExamined = "20260101", projection.acquisition.modality, "BREAST"
    ds.ImageLaterality, ds.ImageType = projection.laterality, ["ORIGINAL", "PRIMARY"]
    ds.SeriesDescription = f"simulated {made.settings['protocol']}"
    if not film:
        ds.PresentationIntentType, ds.PresentationLUTShape = "FOR PRESENTATION", "IDENTITY"
    if projection.view in _VIEWS:
        ds.ViewPosition = projection.view
        ds.ViewCodeSequence = Sequence([_code(*_VIEWS[projection.view])])
    if projection.view_modifiers:
        view = ds.ViewCodeSequence[0] if "ViewCodeSequence" in ds else _code(*_VIEWS["CC"])
        view.ViewModifierCodeSequence = Sequence([_code(*_MODIFIERS[m]) for m in projection.view_modifiers])
        ds.ViewCodeSequence = Sequence([view])
    factor = projection.magnification or 1.0
    if projection.pixel_mm is not None:
        detector = [f"{mm * factor:.6g}" for mm in projection.pixel_mm]
        if film:
            ds.NominalScannedPixelSpacing = detector
        else:
            ds.ImagerPixelSpacing = detector
        ds.EstimatedRadiographicMagnificationFactor = f"{factor:g}"
    bits = int(projection.pixels.max()).bit_length()
    ds.Rows, ds.Columns = projection.pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored = 16, max(bits, 8)
    ds.HighBit = ds.BitsStored - 1
    ds.PixelData = np.ascontiguousarray(projection.pixels, "<u2").tobytes()
    dcmwrite(file, ds, enforce_file_format=True)
    file.with_name(file.name + ".json").write_text(json.dumps(mammogram_truth(made), indent=1) + "\n", "utf-8")


def _code(value: str, meaning: str) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item
