"""Plain pictures (PNG, TIFF, JPEG, PGM): one grey image each, and nothing known of whom, of what or how large."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import DecodingError, HostileInputError, InputError
from calcimetry.core.image import Acquisition, Projection, SliceSource
from calcimetry.core.note import Note
from calcimetry.read.grey import picture_vote
from calcimetry.read.guard import Limits, check_jpeg_end
from calcimetry.read.pitch import Pitch, pitch_note, stated_pitch
from calcimetry.read.place import Place

__all__ = ["Picture", "is_picture", "load_picture", "look_at_picture"]

_STARTS = ((b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"))
_PGM = re.compile(rb"P([25])\s")
_COLOUR_APART = 2
"""Ours: three channels of a grey JPEG differ by rounding only."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file and what its head says."""

    place: Place
    format: str
    columns: int
    rows: int

    def line(self) -> str:
        """What it is, in words."""
        return f"{self.format} picture, {self.rows} x {self.columns} pixels"


def _format(head: bytes) -> str | None:
    if head[128:132] == b"DICM":
        return None
    if _PGM.match(head):
        return "PGM"
    return next((name for start, name in _STARTS if head.startswith(start)), None)


def is_picture(place: Place) -> bool:
    """Whether the file begins like a picture that is read here."""
    return _format(place.read(0, 132)) is not None


def look_at_picture(place: Place, limits: Limits) -> Picture:
    """Format and size, from the head alone.

    Raises
    ------
    DecodingError, HostileInputError
        Damaged, or larger than any radiograph.
    """
    found = _format(place.read(0, 132))
    if found is None:
        raise DecodingError("this is no picture", where=place.name)
    if found == "PGM":
        columns, rows, _, _ = _pgm_head(place.read(0, 4096), place.name)
    else:
        # A TIFF may keep its head behind its pixels.
        count = limits.picture_head_bytes if found != "TIFF" else limits.picture_file_bytes
        with _opened(place, found, place.read(0, count)) as image:
            columns, rows = image.size
    if not (0 < rows <= limits.side and 0 < columns <= limits.side) or rows * columns > limits.picture_pixels:
        raise HostileInputError(
            "the picture has an impossible size",
            where=place.name,
            found=f"{rows} x {columns}",
            expected=f"1 to {limits.side} a side and at most {limits.picture_pixels // 1_000_000} million pixels",
        )
    return Picture(place, found, columns, rows)


def _opened(place: Place, name: str, data: bytes) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data), formats=(name,))
    except Image.DecompressionBombError as error:
        raise HostileInputError("the picture has an impossible size", where=place.name, found=str(error)) from error
    except UnidentifiedImageError as error:
        raise DecodingError("the head of the picture cannot be read", where=place.name, found=name) from error
    except Exception as error:  # whatever a damaged head makes the parser throw
        raise DecodingError(
            "the head of the picture cannot be read", where=place.name, found=str(error)[:120]
        ) from error


def _pgm_head(data: bytes, where: str) -> tuple[int, int, int, int]:
    """Columns, rows, greatest value and where the pixels begin."""
    tokens: list[int] = []
    at = 2
    while len(tokens) < 3:
        match = re.compile(rb"(?:\s+|#[^\n]*\n)*(\d{1,9})").match(data, at)
        if match is None:
            raise DecodingError("the head of the PGM picture is damaged", where=where)
        tokens.append(int(match[1]))
        at = match.end()
    columns, rows, most = tokens
    if not 0 < most <= 65535:
        raise DecodingError("the PGM picture has an impossible depth", where=where, found=str(most))
    return columns, rows, most, at + 1


def _pgm(data: bytes, where: str) -> NDArray[Any]:
    columns, rows, most, at = _pgm_head(data[:4096], where)
    count = columns * rows
    if data[:2] == b"P2":
        text = re.sub(rb"#[^\n]*", b"", data[at - 1 :]).split(maxsplit=count)[:count]
        if len(text) < count or not all(t.isdigit() and int(t) <= most for t in text):
            raise DecodingError("the PGM picture was cut off or is damaged", where=where, found=f"{len(text)} values")
        return np.array(text, dtype=np.int64).astype(np.uint16).reshape(rows, columns)
    kind = np.dtype(">u2" if most > 255 else "u1")
    if len(data) - at < count * kind.itemsize:
        raise DecodingError(
            "the picture was cut off", where=where, found=f"{len(data) - at} bytes", expected=f"{count * kind.itemsize}"
        )
    return np.frombuffer(data, kind, count, at).reshape(rows, columns).astype(np.uint16)


def _grey(image: Any, where: str) -> NDArray[Any]:
    """One channel of whole numbers; three equal ones count as one."""
    mode = image.mode
    if mode in ("P", "PA"):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif mode == "1":
        raise InputError("a picture of black and white alone: no grey to look at", where=where)
    array = np.asarray(image)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all() or (array != np.rint(array)).any() or array.min() < 0 or array.max() > 65535:
            raise InputError("a picture of broken numbers: no grey values that can be told", where=where)
        array = array.astype(np.uint16)
    if array.ndim == 3:
        if array.shape[2] in (2, 4):
            if mode == "CMYK" or int(array[..., -1].min()) < int(np.iinfo(array.dtype).max):
                raise InputError("a picture with transparent parts or print colours: not a radiograph", where=where)
            array = array[..., :-1]
        if array.shape[2] == 3:
            first = array[..., 0].astype(np.int32)
            apart = max(int(np.abs(first - array[..., c]).max()) for c in (1, 2))
            if apart > _COLOUR_APART:
                raise InputError("a colour picture: no radiograph", where=where, found=f"channels {apart} grey apart")
        array = array[..., 0]
    if array.ndim != 2:
        raise DecodingError("the picture is none of grey values", where=where, found=f"mode {mode}")
    if array.dtype.itemsize > 2 and (int(array.min()) < 0 or int(array.max()) > 65535):
        raise InputError("the picture has more than 16 bits", where=where, found=f"up to {int(array.max())}")
    return np.ascontiguousarray(array, np.uint16)


def _decoded(picture: Picture, limits: Limits) -> tuple[NDArray[Any], bool]:
    """Pixels, and whether compression lost something."""
    place = picture.place
    if place.size > limits.picture_file_bytes:
        raise HostileInputError("the file is too large to be read whole", where=place.name, found=f"{place.size} bytes")
    data = place.read()
    if picture.format == "PGM":
        return _pgm(data, place.name), False
    if picture.format == "JPEG":
        check_jpeg_end(data[: data.rfind(b"\xff\xd9") + 2] or data, place.name)
    with _opened(place, picture.format, data) as image:
        if getattr(image, "n_frames", 1) > 1:
            raise InputError(
                "a file of several pictures", where=place.name, found=str(image.n_frames), expected="one picture"
            )
        lossy = picture.format == "JPEG" or image.info.get("compression") in ("jpeg", "tiff_jpeg", "webp")
        white_is_zero = picture.format == "TIFF" and image.tag_v2.get(262) == 0
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image.load()
        except MemoryError as error:
            raise DecodingError("the picture asks for too much memory", where=place.name) from error
        except Exception as error:  # whatever a damaged picture makes the decoder throw
            raise DecodingError(
                "the picture was cut off or is damaged", where=place.name, found=str(error)[:120]
            ) from error
        if image.size != (picture.columns, picture.rows):
            raise DecodingError("the picture has another size than its head says", where=place.name)
        array = _grey(image, place.name)
    # Pillow turns 8-bit white-is-zero round by itself and leaves 16-bit alone.
    if white_is_zero and array.max() > 255:
        array = np.asarray(65535 - array, np.uint16)
    return array, lossy


def load_picture(picture: Picture, limits: Limits, spacing_mm: float | None) -> Projection:
    """The picture as a projection; what it is, whose it is and which view it shows stay unknown.

    Raises
    ------
    InputError
        Damaged, cut off, in colour, or with more than 16 bits.
    """
    array, lossy = _decoded(picture, limits)
    notes: list[Note] = [
        Note(
            "picture-unnamed",
            "a plain picture carries no person, view, side or date: nothing that rests on them is said",
            "info",
        )
    ]
    dark, bright = picture_vote(array)
    if bright > 0.1 and bright > 3 * dark:
        array = np.asarray(int(array.max()) - array, np.uint16)
        text = "the wide even ground of this picture is white: it was turned, so that dense is white"
        notes.append(Note("grey-direction", text, "caution"))
    if lossy:
        notes.append(lossy_note("JPEG (8 bit, lossy)"))
    pitch, said = stated_pitch(Pitch(words="a plain picture has no pixel spacing"), spacing_mm)
    notes += [*said, *pitch_note(pitch, magnified=False)]
    return Projection(
        id="i1",
        pixels=array,
        acquisition=Acquisition(modality="OT", hu=False, lossy="JPEG (8 bit, lossy)" if lossy else None),
        pixel_mm=pitch.mm,
        scale_plane=pitch.plane,
        sources=(SliceSource(picture.place.name),),
        notes=tuple(notes),
        kind="picture",
    )


def lossy_note(words: str) -> Note:
    """What loss means for small bright spots."""
    text = (
        f"{words}: small spots have been smoothed, and squares and rings put round them; "
        "no word for the shape of a small particle is given, send the original for that"
    )
    return Note("lossy-projection", text, "caution")
