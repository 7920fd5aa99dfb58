"""Label maps made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from calcimetry.core.image import Volume


def save(path: Path, values: np.ndarray, affine: np.ndarray) -> Path:
    ras = np.diag([-1.0, -1, 1, 1]) @ affine[:, [2, 1, 0, 3]]
    nibabel.save(nibabel.Nifti1Image(values.transpose(2, 1, 0), ras), path)
    return path


def seg(
    path: Path,
    volume: Volume,
    labels: np.ndarray,
    *,
    binary: bool = True,
    change: Callable[[Dataset], None] | None = None,
) -> Path:
    """A segmentation object as small as the standard lets it be; planes without a segment are left out.

    ``labels`` (segment, slice, row, column) are masks that may overlap; ``change`` alters the object first.
    """
    masks = labels if labels.ndim == 4 else np.stack([labels == 1, labels == 2])
    labels = labels if labels.ndim == 3 else labels[0]
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4" if binary else "1.2.840.10008.5.1.4.1.1.66.7"
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, "1.2.3"
    ds.SOPInstanceUID, ds.Modality, ds.SegmentationType = "1.2.3", "SEG", "BINARY" if binary else "LABELMAP"
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = *labels.shape[1:], 1, "MONOCHROME2"
    bits = 1 if binary else 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    ds.SegmentSequence = Sequence([Dataset(), Dataset()])
    for n, item in enumerate(ds.SegmentSequence, start=1):
        item.SegmentNumber, item.SegmentLabel = n, f"part {n}"
    shared, turned, measured = Dataset(), Dataset(), Dataset()
    turned.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measured.PixelSpacing, measured.SliceThickness = [0.5, 0.5], 3
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = Sequence([turned]), Sequence([measured])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    groups, frames = [], []
    for segment in (1, 2) if binary else (0,):
        for k in reversed(range(len(labels))):
            plane = masks[segment - 1, k] if binary else labels[k]
            if not plane.any():
                continue
            group, placed, named = Dataset(), Dataset(), Dataset()
            placed.ImagePositionPatient = [float(v) for v in volume.geometry.to_lps_mm([k, 0, 0])]
            group.PlanePositionSequence = Sequence([placed])
            if binary:
                named.ReferencedSegmentNumber = segment
                group.SegmentIdentificationSequence = Sequence([named])
            groups.append(group)
            frames.append(plane)
    ds.PerFrameFunctionalGroupsSequence = Sequence(groups)
    ds.NumberOfFrames = len(frames)
    stack = np.array(frames, np.uint8)
    ds.PixelData = np.packbits(stack.reshape(-1), bitorder="little").tobytes() if binary else stack.tobytes()
    if change is not None:
        change(ds)
    ds.save_as(path, enforce_file_format=True)
    return path
