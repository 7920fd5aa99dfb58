"""Whether a DICOM segmentation was drawn on this image: by its identifiers, never by its looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from calcimetry.core.errors import GeometryError, InputError
from calcimetry.core.image import Volume
from calcimetry.core.note import Note

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["mismatch", "tie_notes"]

_REMEDY = "Give the series that it was drawn on, or a map of this one."


def mismatch(ds: Dataset, volume: Volume, path: Path) -> InputError | None:
    """Why a segmentation cannot be of this image, by frame of reference, series and study; ``None`` where it can.

    A slice of the image among those that it was made from outweighs another series or study UID.
    """
    taken = volume.acquisition
    frame = _uid(ds, "FrameOfReferenceUID")
    if frame and volume.geometry.frame_uid and frame != volume.geometry.frame_uid:
        what = "the segmentation lies in another frame of reference than the image"
        return GeometryError(what, where=str(path), found=frame, expected=volume.geometry.frame_uid, remedy=_REMEDY)
    if _same_series(ds, volume):
        return None
    series, slices = set(_series(ds)), set(_slices(ds))
    study = _uid(ds, "StudyInstanceUID")
    if series and taken.series_uid:
        what, found, expected = "was drawn on another series", _few(series), taken.series_uid
    elif slices and _own_slices(volume):
        what, found = "was drawn on other slices", _few(slices)
        expected = f"slices of series {taken.series_uid or 'without UID'}"
    elif study and taken.study_uid and study != taken.study_uid:
        what, found, expected = "belongs to another study", study, taken.study_uid
    else:
        return None
    return InputError(f"the segmentation {what}", where=str(path), found=found, expected=expected, remedy=_REMEDY)


def tie_notes(ds: Dataset, volume: Volume) -> tuple[Note, ...]:
    """``regions-not-tied`` where segmentation or image does not say enough to tell that they belong together."""
    names_series = any(True for _ in _series(ds)) or any(True for _ in _slices(ds))
    lacking = [
        *([] if _uid(ds, "FrameOfReferenceUID") else ["the segmentation names no frame of reference"]),
        *([] if volume.geometry.frame_uid else ["the image names no frame of reference"]),
        *([] if names_series else ["the segmentation names no series"]),
        *(["the image names no series"] if names_series and not _same_series(ds, volume) else []),
    ]
    if not lacking:
        return ()
    text = f"{'; '.join(lacking)}: the map is placed by position alone, look whether it lies where it should"
    return (Note("regions-not-tied", text, "caution"),)


def _own_slices(volume: Volume) -> set[str]:
    return {s.sop_instance_uid for s in volume.sources if s.sop_instance_uid}


def _same_series(ds: Dataset, volume: Volume) -> bool:
    return volume.acquisition.series_uid in set(_series(ds)) or bool(_own_slices(volume) & set(_slices(ds)))


def _uid(ds: Dataset, name: str) -> str:
    return str(ds.get(name) or "").strip()


def _few(uids: set[str]) -> str:
    listed = sorted(uids)
    return ", ".join(listed[:2]) + (f" and {len(listed) - 2} more" if len(listed) > 2 else "")


def _items(ds: Dataset, name: str) -> Iterable[Dataset]:
    return ds.get(name) or ()


def _series(ds: Dataset) -> Iterator[str]:
    for item in _items(ds, "ReferencedSeriesSequence"):
        if uid := _uid(item, "SeriesInstanceUID"):
            yield uid


def _slices(ds: Dataset) -> Iterator[str]:
    """SOP instances that the segmentation, or a frame of it, says it was made from."""
    for item in _items(ds, "ReferencedSeriesSequence"):
        for one in _items(item, "ReferencedInstanceSequence"):
            yield _uid(one, "ReferencedSOPInstanceUID")
    for group in (*_items(ds, "SharedFunctionalGroupsSequence"), *_items(ds, "PerFrameFunctionalGroupsSequence")):
        for made in _items(group, "DerivationImageSequence"):
            for one in _items(made, "SourceImageSequence"):
                if uid := _uid(one, "ReferencedSOPInstanceUID"):
                    yield uid
