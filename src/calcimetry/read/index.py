"""What lies in a source: headers only, each file opened once, each file that is not used named with its reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from calcimetry.core.errors import DecodingError, HostileInputError, InputError
from calcimetry.core.study import Skipped
from calcimetry.read.enhanced import ENHANCED, frames
from calcimetry.read.guard import Limits, inflate
from calcimetry.read.header import WANTED, Header, Slice, SliceBuilder, text
from calcimetry.read.picture import Picture, is_picture, look_at_picture
from calcimetry.read.pixels import check_readable
from calcimetry.read.place import Place
from calcimetry.read.scan import DEFLATED, Meta, NeedMoreError, Scan, read_meta, scan
from calcimetry.read.shot import Shot, is_projection, refusal, shots
from calcimetry.read.walk import LINK_LEFT_OUT, walk
from calcimetry.read.zipped import members

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Index", "Progress", "Source", "index", "read_header"]

Source: TypeAlias = "str | os.PathLike[str] | Sequence[Dataset]"
Progress = Callable[[str, int, int], None]
"""Called with the step, how many are done and how many there are (0: not known)."""

VOLUME_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")

_NO_DICOM = "not a DICOM file"

_FIRST_BYTES = 1 << 14
"""Ours: most CT headers fit in 16 KiB; more is read where they do not."""

_NOT_IMAGES = {
    "1.2.840.10008.1.3.10": "a DICOMDIR inside the folder is not needed: the files are read themselves",
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation: give it with --regions",
    "1.2.840.10008.5.1.4.1.1.66.7": "a segmentation: give it with --regions",
    "1.2.840.10008.5.1.4.1.1.481.3": "a radiotherapy structure set, not an image",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose, not an image in HU",
    "1.2.840.10008.5.1.4.1.1.481.5": "a radiotherapy plan, not an image",
    "1.2.840.10008.5.1.4.1.1.104.1": "an encapsulated PDF, not an image",
}


@dataclass(frozen=True)
class Index:
    """Everything found in a source. ``volumes`` are files of the research formats, one image each.

    ``shots`` are frames of radiographs and mammograms, ``pictures`` plain picture files.

    ``links_left_out`` counts the symbolic links that lead to a folder or out of the tree.
    """

    source: str
    slices: tuple[Slice, ...] = ()
    volumes: tuple[Path, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    files: int = 0
    limits: Limits = field(default_factory=Limits)
    links_left_out: int = 0
    shots: tuple[Shot, ...] = ()
    pictures: tuple[Picture, ...] = ()


class _Collector:
    """Slices and reasons while walking; reasons are counted, and a few examples of each are named."""

    EXAMPLES = 20

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.builder = SliceBuilder(limits)
        self.slices: list[Slice] = []
        self.shots: list[Shot] = []
        self.pictures: list[Picture] = []
        self.reasons: Counter[str] = Counter()
        self.named: dict[str, list[str]] = {}
        self.files = 0

    def leave_out(self, what: str, reason: str) -> None:
        self.reasons[reason] += 1
        examples = self.named.setdefault(reason, [])
        if len(examples) < self.EXAMPLES:
            examples.append(what)

    def take(self, place: Place) -> None:
        self.files += 1
        try:
            header = read_header(place, self.builder)
        except InputError as error:
            self.leave_out(place.name, str(error).removeprefix(f"{place.name}: "))
        except (OSError, MemoryError) as error:
            self.leave_out(place.name, f"cannot be read: {getattr(error, 'strerror', None) or error}")
        else:
            if header.slices:
                self.slices += header.slices
            elif header.shots:
                self.shots += header.shots
            elif header.reason == _NO_DICOM and is_picture(place):
                self._picture(place)
            else:
                self.leave_out(place.name, header.reason)

    def _picture(self, place: Place) -> None:
        try:
            self.pictures.append(look_at_picture(place, self.limits))
        except InputError as error:
            self.leave_out(place.name, str(error).removeprefix(f"{place.name}: "))

    def skipped(self) -> tuple[Skipped, ...]:
        out: list[Skipped] = []
        for reason, count in self.reasons.items():
            names = self.named[reason]
            out += [Skipped(name, reason, "file-skipped") for name in names]
            if count > len(names):
                out.append(Skipped(f"{count - len(names)} more files", reason, "file-skipped"))
        return tuple(out)


def read_header(place: Place, builder: SliceBuilder) -> Header:
    """The slices of one file, or why it has none.

    Raises
    ------
    DecodingError, HostileInputError
        The file is damaged, cut off or not honest.
    """
    limits, where = builder.limits, place.name
    if place.size == 0:
        return Header(None, reason="an empty file")
    size = _FIRST_BYTES
    while True:
        data = place.read(0, size)
        whole = len(data) < size or len(data) >= place.size
        try:
            meta = read_meta(data, where)
            if meta is None:
                return Header(None, reason=_NO_DICOM)
            body, body_size, start = data, place.size, meta.start
            if meta.syntax == DEFLATED:
                body, whole = _inflated(place, meta, size, limits)
                body_size, start = len(body) if whole else limits.inflated_bytes, 0
            try:
                scanned = scan(body, meta, WANTED, size=body_size, where=where, limits=limits, start=start)
            except DecodingError as error:
                if whole or meta.syntax != DEFLATED:
                    raise
                raise HostileInputError(
                    "the deflated header grows beyond any CT header", where=where, found=error.expected
                ) from error
            return _understood(place, meta, scanned, body, builder)
        except NeedMoreError:
            if whole or size >= limits.header_bytes:
                raise DecodingError(
                    "the file ends inside its header", where=where, found=f"{place.size} bytes"
                ) from None
            size = min(size * 16, limits.header_bytes)


def _inflated(place: Place, meta: Meta, size: int, limits: Limits) -> tuple[bytes, bool]:
    """The first ``size`` inflated bytes of a deflated data set, and whether that is all."""
    body = inflate(place.read(meta.start), place.name, limit=limits.inflated_bytes, at_least=size)
    return bytes(body), len(body) < size


def _understood(place: Place, meta: Meta, scanned: Scan, body: bytes, builder: SliceBuilder) -> Header:
    values = scanned.values
    if scanned.pixel_offset < 0 and scanned.end <= meta.start:
        return Header(None, reason="a DICOM file without any content")
    sop_class = text(values.get(0x00080016)) or meta.sop_class
    modality = (text(values.get(0x00080060)) or "").upper()
    if _NOT_IMAGES.get(sop_class):
        return Header(None, reason=_NOT_IMAGES[sop_class])
    if modality != "CT":
        if is_projection(modality, sop_class, text(values.get(0x00180015))):
            return _projection(place, meta, scanned, body, builder, sop_class)
        return Header(None, reason=f"modality {modality or 'not given'}: not CT")
    if scanned.pixel_offset < 0:
        return Header(None, reason="a CT object without pixel data")
    if scanned.pixel_tag != 0x7FE00010:
        return Header(None, reason="pixels as floating point numbers: not a CT image")
    check_readable(meta.syntax, place.name)
    if sop_class in ENHANCED or (values.get(0x00280008) or b"1").strip(b"\0 ") not in (b"1", b"", b"0"):
        return frames(place, meta, scanned, body, builder)
    one = builder.slice(place, meta, scanned)
    if one.common.samples != 1:
        return Header(None, reason=f"a colour picture ({one.common.samples} samples for each pixel): no HU")
    if one.common.photometric not in ("MONOCHROME2", "MONOCHROME1", ""):
        return Header(None, reason=f"pixels are {one.common.photometric}: no HU")
    return Header(one.common, (one,))


def _projection(place: Place, meta: Meta, scanned: Scan, body: bytes, builder: SliceBuilder, sop_class: str) -> Header:
    """A radiograph or mammogram, or why it is none."""
    modality = (text(scanned.values.get(0x00080060)) or "").upper()
    named = f"modality {modality or 'not given'}"
    if scanned.pixel_offset < 0:
        return Header(None, reason=f"{named}: without pixel data")
    if scanned.pixel_tag != 0x7FE00010:
        return Header(None, reason=f"{named}: pixels as floating point numbers")
    if refusal(sop_class):
        return Header(None, reason=refusal(sop_class))
    check_readable(meta.syntax, place.name)
    found = shots(place, meta, scanned, body, builder)
    common = found[0].common
    if common.samples != 1 or common.photometric not in ("MONOCHROME2", "MONOCHROME1", ""):
        return Header(None, reason=f"{named}: a colour picture ({common.photometric})")
    if common.bits_allocated not in (8, 16):
        return Header(None, reason=f"{named}: {common.bits_allocated} bits a pixel, expected 8 or 16")
    return Header(common, shots=found)


def index(
    source: Source, *, progress: Progress | None = None, limits: Limits | None = None, follow_links: bool = False
) -> Index:
    """Look through a source without decoding pixels.

    Parameters
    ----------
    source : path or list of pydicom Datasets
        A folder, a file, a zip, a DICOMDIR, a NIfTI, NRRD, MHA or MHD file, a picture, or data sets in memory.
    progress : callable, optional
        Called as ``progress("headers", done, 0)``.
    follow_links : bool
        Follow symbolic links of a folder wherever they lead. By default those that lead to a folder or out of the
        tree are left out and counted.

    Raises
    ------
    InputError
        The path does not exist, or the archive or directory record cannot be read.
    """
    limits = limits or Limits()
    collector = _Collector(limits)
    if not isinstance(source, (str, os.PathLike)):
        from calcimetry.read.memory import places

        return _finish("data sets in memory", collector, places(source), progress)
    path = Path(source)
    if path.is_dir():
        return _folder(path, collector, progress, follow_links)
    if not path.exists():
        raise InputError("there is no such file or folder", where=str(path))
    if not path.is_file():
        raise InputError("this is neither a file nor a folder", where=str(path))
    if path.name.lower().endswith(VOLUME_ENDINGS):
        return Index(str(path), volumes=(path,), files=1, limits=limits)
    with path.open("rb") as file:
        first = file.read(4)
    if first[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _finish(str(path), collector, members(path, limits, collector.leave_out), progress)
    from calcimetry.read.dicomdir import is_dicomdir, referenced
    from calcimetry.read.place import FilePlace

    place = FilePlace(str(path), path.stat().st_size)
    if is_dicomdir(place, limits):
        return _finish(str(path), collector, referenced(place, limits, collector.leave_out), progress)
    return _finish(str(path), collector, [place], progress)


def _folder(path: Path, collector: _Collector, progress: Progress | None, follow_links: bool) -> Index:
    volumes: list[Path] = []

    def files() -> Iterator[Place]:
        for place in walk(path, collector.leave_out, follow_links=follow_links):
            if place.path.lower().endswith(VOLUME_ENDINGS):
                volumes.append(Path(place.path))
            elif place.path.lower().endswith(".zip"):
                # An archive in a folder counts as a folder; one inside an archive does not (bombs nest).
                try:
                    yield from members(Path(place.path), collector.limits, collector.leave_out)
                except InputError as error:
                    collector.leave_out(place.path, str(error).removeprefix(f"{place.path}: "))
            else:
                yield place

    found = _finish(str(path), collector, files(), progress)
    found = replace(found, files=found.files + len(volumes), links_left_out=collector.reasons[LINK_LEFT_OUT])
    if found.slices or found.shots or not volumes:
        extra = tuple(Skipped(str(v), "a volume file beside DICOM images", "file-skipped") for v in volumes)
        return replace(found, skipped=found.skipped + extra)
    return replace(found, volumes=tuple(volumes))


def _finish(name: str, collector: _Collector, places: Iterable[Place], progress: Progress | None) -> Index:
    for place in places:
        collector.take(place)
        if progress is not None and collector.files % 50 == 0:
            progress("headers", collector.files, 0)
    if progress is not None:
        progress("headers", collector.files, collector.files)
    return Index(
        name,
        tuple(collector.slices),
        skipped=collector.skipped(),
        files=collector.files,
        limits=collector.limits,
        shots=tuple(collector.shots),
        pictures=tuple(collector.pictures),
    )
