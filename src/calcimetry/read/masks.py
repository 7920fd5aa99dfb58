"""Masks of TotalSegmentator: a folder with one file for each class, or one image with all labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import HostileInputError, InputError
from calcimetry.core.image import Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Region, Regions
from calcimetry.knowledge.load import table
from calcimetry.read.formats import VOLUME_FORMATS, read_grid
from calcimetry.read.guard import Limits
from calcimetry.read.names import check_count, header_names, json_names
from calcimetry.read.regions import as_labels, beside_json, on_grid

__all__ = ["masks"]

Labels = NDArray[np.unsignedinteger[Any]]
Box = tuple[slice, slice, slice]

_TABLE = "words/totalsegmentator"
_MOST_FILES = 4096
"""Ours: one file for each class of every task there is comes to a few hundred."""
_NAME = re.compile(rb'<Label\s+Key="(\d{1,5})"[^>]{0,200}>\s*(?:<!\[CDATA\[)?([^\]<>]{1,100})')
"""A row of the label table in the header. Read as text: an XML parser would follow whatever the file asks it to."""


def masks(path: str | Path, volume: Volume, *, limits: Limits | None = None) -> tuple[Regions, tuple[Note, ...]]:
    """Read masks for an image.

    Parameters
    ----------
    path : path
        A folder (``aorta.nii.gz``, ``heart.nii.gz``, ...), or one multilabel file (NIfTI, NRRD, MHA, DICOM SEG). Names
        of labels come from ``<name>.json`` beside it, from the header, or, for want of both, are those of the task
        ``total``.
    volume : Volume
        The image; masks on another grid are brought to it by position, nearest voxel.
    limits : Limits, optional

    Returns
    -------
    regions : Regions
        On the image's grid, one region for each class that is known here and not empty, under the name that the
        program gives it. ``confidence``: share of its voxels that can be what they are called.
    notes : tuple of Note
        ``masks-names``, ``masks-fit``, ``regions-resampled``.

    Raises
    ------
    InputError
        Nothing there that is known, damaged, no masks, or not of this image.
    GeometryError
        Masks and image do not overlap.
    """
    where, limits = Path(path), limits or Limits()
    if where.is_dir():
        found = _from_folder(where, volume, limits)
    elif where.is_file():
        found = _from_file(where, volume, limits)
    else:
        raise InputError("there are no such masks", where=str(where))
    labels, names, notes = found
    if not names:
        raise InputError(
            "no mask of a class that is known here",
            where=str(where),
            expected="files or labels named as TotalSegmentator names them (aorta, heart, vertebrae_T12, ...)",
        )
    regions, fit = _checked(labels, names, volume, where)
    return Regions(volume.id, labels, volume.geometry, regions), (*notes, *fit)


def _from_folder(where: Path, volume: Volume, limits: Limits) -> tuple[Labels, dict[int, str], tuple[Note, ...]]:
    files: dict[str, Path] = {}
    for number, entry in enumerate(where.iterdir()):
        if number >= _MOST_FILES:
            raise HostileInputError(
                "too many files for a folder of masks", where=str(where), found=f"{number} and more"
            )
        name = _class_of(entry.name)
        if name is not None and entry.is_file() and not entry.is_symlink():
            if name in files:
                first, second = sorted((files[name].name, entry.name))
                raise InputError("one class twice", where=str(where), found=f"{first} and {second}")
            files[name] = entry
    out = np.zeros(volume.geometry.shape, dtype=np.uint8)
    names: dict[int, str] = {}
    moved = False
    for label, name in enumerate(table(_TABLE)["class"], start=1):
        if name not in files:
            continue
        values, grid, _ = read_grid(files[name], limits)
        one = as_labels(values, files[name])
        if not one.any():
            continue
        if one.min() != 0 or len(np.unique(one[one > 0])) != 1:
            raise InputError(
                "this is no mask of one class",
                where=str(files[name]),
                found="several labels",
                remedy="A file with all classes is given by itself, not by its folder.",
            )
        moved = moved or not grid.same_grid_as(volume.geometry)
        laid = on_grid(one, grid, volume.geometry, files[name])
        if laid.any():
            out[laid > 0] = label
            names[label] = name
    present = np.bincount(out.reshape(-1), minlength=256)
    names = {label: name for label, name in names.items() if present[label]}
    return out, names, _moved(moved)


def _class_of(file: str) -> str | None:
    """The class that a file is named after, if it is one of ours."""
    for ending in VOLUME_FORMATS:
        if file.lower().endswith(ending) and file[: -len(ending)] in table(_TABLE)["class"]:
            return file[: -len(ending)]
    return None


def _from_file(where: Path, volume: Volume, limits: Limits) -> tuple[Labels, dict[int, str], tuple[Note, ...]]:
    beside = beside_json(where)
    given: Mapping[int, Any] = {} if beside is None else json_names(beside)
    notes: tuple[Note, ...] = ()
    if where.name.lower().endswith(VOLUME_FORMATS):
        values, grid, header = read_grid(where, limits)
        labels = as_labels(values, where)
        given = given or header_names(header) or _extension_names(where)
        if not given:
            given = dict(enumerate(table(_TABLE)["total"], start=1))
            text = "the masks carry no names: labels were taken for those of the task 'total', version 2"
            notes = (Note("masks-names", text, "caution"),)
    else:
        from calcimetry.read.seg import read_seg

        labels, grid, named, notes = read_seg(where, volume, limits, given or None)
        given = given or named
    counts = np.bincount(labels.reshape(-1))
    check_count(int(np.count_nonzero(counts[1:])), where)
    wanted = {label: name for label, name in _known(given) if label < len(counts) and counts[label]}
    order = {name: number for number, name in enumerate(table(_TABLE)["class"], start=1)}
    to = np.zeros(len(counts), dtype=np.uint8)
    for label, name in wanted.items():
        to[label] = order[name]
    laid = on_grid(to[labels], grid, volume.geometry, where)
    present = np.bincount(laid.reshape(-1), minlength=256)
    names = {order[name]: name for name in wanted.values() if present[order[name]]}
    return laid, names, (*notes, *_moved(not grid.same_grid_as(volume.geometry)))


def _known(given: Mapping[int, Any]) -> Iterator[tuple[int, str]]:
    """Labels whose name is a class that is read here, whatever else stands in the list."""
    for label, named in given.items():
        if isinstance(named, Mapping):
            named = named.get("name") or named.get("structure")
        word = str(named).strip().replace(" ", "_")
        if word in table(_TABLE)["class"]:
            yield label, word


def _extension_names(where: Path) -> dict[int, str]:
    if not where.name.lower().endswith((".nii", ".nii.gz")):
        return {}
    from calcimetry.read.nifti import nifti_extension

    return {int(key): name.decode("utf-8", "replace").strip() for key, name in _NAME.findall(nifti_extension(where))}


def _moved(moved: bool) -> tuple[Note, ...]:
    if not moved:
        return ()
    text = "the masks lie on another grid than the image and were laid onto it by position, nearest voxel"
    return (Note("regions-resampled", text, "caution"),)


def _checked(
    labels: Labels, names: Mapping[int, str], volume: Volume, where: Path
) -> tuple[tuple[Region, ...], tuple[Note, ...]]:
    """Each class with the share of voxels that can be what they are called; masks of another image are refused."""
    from scipy import ndimage

    kinds, classes = table(_TABLE)["kind"], table(_TABLE)["class"]
    boxes = ndimage.find_objects(labels)
    regions: list[Region] = []
    asked, wrong = 0, []
    for label, name in names.items():
        box: Box = boxes[label - 1]
        kind = kinds[classes[name]["kind"]]
        hu = volume.pixels[box][labels[box] == label]
        low, high = kind["hu"]
        share = float(((hu >= low) & (hu <= high)).mean())
        if kind["share"] > 0.0:
            asked += 1
            if share < kind["share"]:
                wrong.append(f"{name} with {100 * share:.0f} % of {low:g} to {high:g} HU")
                labels[box][labels[box] == label] = 0
                continue
        regions.append(Region(label, name, source="totalsegmentator", confidence=round(share, 2)))
    listed = ", ".join(wrong[:4]) + (f" and {len(wrong) - 4} more" if len(wrong) > 4 else "")
    if not regions or 2 * len(wrong) > asked:
        raise InputError(
            "the masks do not lie on the organs of this image",
            where=str(where),
            found=listed,
            expected="masks made from this very series",
            remedy="Are they of another person or series, or is the order of labels another one?",
        )
    if not wrong:
        return tuple(regions), ()
    text = f"masks that do not fit the image were left out: {listed}; what they show was looked for in the image"
    return tuple(regions), (Note("masks-fit", text, "caution"),)
