"""Data sets that are in memory already, read the same way as files: by writing them out when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from calcimetry.core.errors import DecodingError, InputError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["DatasetPlace", "places"]


@dataclass(frozen=True, slots=True, eq=False)
class DatasetPlace:
    """A pydicom data set. It is written out each time it is read, so that nothing is held twice."""

    name: str
    data_set: Dataset
    size: int

    def read(self, start: int = 0, count: int | None = None) -> bytes:
        """A part of the written file."""
        data = _written(self.data_set, self.name)
        return data[start:] if count is None else data[start : start + count]


def _written(ds: Dataset, name: str) -> bytes:
    import warnings

    from pydicom import dcmwrite
    from pydicom.uid import ImplicitVRLittleEndian

    buffer = BytesIO()
    meta = getattr(ds, "file_meta", None)
    named = meta.get("TransferSyntaxUID") if meta is not None else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if named:
                dcmwrite(buffer, ds, enforce_file_format=False)
            else:
                implicit, little = ds.original_encoding
                if implicit is None:
                    implicit, little = ImplicitVRLittleEndian.is_implicit_VR, True
                dcmwrite(buffer, ds, implicit_vr=bool(implicit), little_endian=bool(little))
    except Exception as error:  # whatever a damaged element makes the writer throw
        raise DecodingError("the data set cannot be read", where=name, found=str(error)[:200]) from error
    return buffer.getvalue()


def places(data_sets: Iterable[Dataset]) -> Iterator[DatasetPlace]:
    """One place for each data set, named by its number.

    Raises
    ------
    InputError
        Something in the list is no data set.
    """
    for n, ds in enumerate(data_sets):
        if not hasattr(ds, "original_encoding"):
            raise InputError("this is no pydicom Dataset", where=f"item {n}", found=type(ds).__name__)
        name = str(getattr(ds, "filename", None) or f"data set {n}")
        yield DatasetPlace(name, ds, len(_written(ds, name)))
