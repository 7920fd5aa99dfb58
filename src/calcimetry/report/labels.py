"""Label maps: every lesion with its number on the image's own grid, written plane by plane."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.case import Case
from calcimetry.core.errors import CalcimetryError
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Projection, Volume
from calcimetry.core.lesion import Lesion

__all__ = ["label_planes", "ras_affine", "write_labels"]

_VOX_OFFSET = 352
_SHEAR_DEG = 0.01
_Image = TypeVar("_Image", Volume, Projection)

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_GZIP_LEVEL = 1
"""A label map is nearly all zeros: level 1 is as small as 9 within a few kB, at a tenth of the time."""


def ras_affine(geometry: Geometry) -> NDArray[np.float64]:
    """Affine of NIfTI: index ``(column, row, slice, 1)`` to RAS mm.

    >>> ras_affine(Geometry.from_spacing((2, 4, 4), (3.0, 0.5, 0.5), (10, 20, 30)))[:3, 3].tolist()
    [-10.0, -20.0, 30.0]
    """
    return np.asarray(_LPS_TO_RAS @ geometry.affine[:, [2, 1, 0, 3]])


def label_planes(shape: Sequence[int], lesions: Sequence[Lesion]) -> Iterator[NDArray[np.unsignedinteger]]:
    """Planes (row, column) of the label map of one image, one after another; never the whole stack in memory.

    ``uint16``, or ``uint32`` where a label needs it. Where masks overlap, the later lesion stands. A lesion
    without a mask (read back from a record) leaves no trace.
    """
    top = max((lesion.label for lesion in lesions), default=0)
    dtype = np.dtype(np.uint16) if top <= np.iinfo(np.uint16).max else np.dtype(np.uint32)
    starting: dict[int, list[Lesion]] = {}
    for lesion in lesions:
        if lesion.mask is not None:
            starting.setdefault(lesion.mask.start[0], []).append(lesion)
    open_: list[Lesion] = []
    empty = np.zeros((int(shape[1]), int(shape[2])), dtype=dtype)
    order = {id(lesion): n for n, lesion in enumerate(lesions)}
    for k in range(int(shape[0])):
        open_ = [lesion for lesion in open_ if lesion.mask is not None and lesion.mask.stop[0] > k]
        open_ = sorted([*open_, *starting.get(k, [])], key=lambda lesion: order[id(lesion)])
        plane = empty.copy() if open_ else empty
        for lesion in open_:
            if lesion.mask is not None:
                _, rows, cols = lesion.mask.box
                plane[rows, cols][lesion.mask.bits[k - lesion.mask.start[0]]] = lesion.label
        yield plane


def write_labels(case: Case, folder: Path) -> list[Path]:
    """Write the label maps of all images in memory; returns the files.

    ``labels.nii.gz`` is of the main volume (the first that is used for a site, else the first), ``labels_<id>.nii.gz``
    of each further one that is used or has lesions; projections likewise as 16-bit ``labels.png``.
    """
    written: list[Path] = []
    volumes = [i for i in case.pixels.values() if isinstance(i, Volume)]
    for name, volume in _named(case, volumes):
        path = folder / f"{name}.nii.gz"
        _write_nifti(path, volume.geometry, _of(case, volume.id))
        written.append(path)
    projections = [i for i in case.pixels.values() if isinstance(i, Projection)]
    for name, projection in _named(case, projections):
        path = folder / f"{name}.png"
        _write_png(path, projection, _of(case, projection.id))
        written.append(path)
    return written


def _of(case: Case, image_id: str) -> list[Lesion]:
    return [lesion for lesion in case.lesions if lesion.image == image_id]


def _named(case: Case, images: list[_Image]) -> list[tuple[str, _Image]]:
    """File stems of the images whose label maps are written, the main one first."""
    used = {info.id for info in case.images if info.used_for}
    wanted = [image for image in images if image.id in used]
    main = wanted[0] if wanted else images[0] if images else None
    rest = [i for i in images if i is not main and (i.id in used or _of(case, i.id))]
    return ([("labels", main)] if main is not None else []) + [(f"labels_{i.id}", i) for i in rest]


def _write_nifti(path: Path, geometry: Geometry, lesions: list[Lesion]) -> None:
    """NIfTI-1, gzip without name and time (same labels, same bytes)."""
    import nibabel

    planes = label_planes(geometry.shape, lesions)
    first = next(planes, None)
    untyped: Any = nibabel
    header = untyped.Nifti1Header()
    header.set_data_dtype(first.dtype if first is not None else np.uint16)
    header.set_data_shape(tuple(reversed(geometry.shape)))
    affine = ras_affine(geometry)
    header.set_qform(affine, code=0 if geometry.shear_deg > _SHEAR_DEG else 1)  # a qform cannot hold a sheared stack
    header.set_sform(affine, code=1)
    header.set_xyzt_units("mm")
    header["descrip"] = b"calcimetry labels"
    header["magic"] = b"n+1"
    header["vox_offset"] = _VOX_OFFSET
    with path.open("wb") as raw, gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as out:
        out.write(header.binaryblock + bytes(_VOX_OFFSET - len(header.binaryblock)))
        for plane in () if first is None else chain([first], planes):
            # NIfTI runs through columns first, then rows, then slices: our own order of bytes.
            out.write(plane.astype(plane.dtype.newbyteorder("<"), copy=False).data)


def _write_png(path: Path, projection: Projection, lesions: list[Lesion]) -> None:
    from PIL import Image

    (plane,) = label_planes((1, *projection.pixels.shape), lesions)
    if plane.dtype != np.uint16:
        raise CalcimetryError(f"{path.name}: a label above 65535 does not fit into 16 bit")
    Image.fromarray(plane).save(path, compress_level=_GZIP_LEVEL)
