"""Stored values of a projection -> values where dense is high, and the display that the maker meant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import HostileInputError
from calcimetry.core.image import Display
from calcimetry.core.note import Note
from calcimetry.imaging.voi import lookup
from calcimetry.knowledge.load import table

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from calcimetry.read.shot import Grey

__all__ = ["dense_is_high", "modality_table", "picture_vote", "voi"]

Function = Literal["linear", "linear_exact", "sigmoid"]
_FUNCTIONS: dict[str, Function] = {"LINEAR_EXACT": "linear_exact", "SIGMOID": "sigmoid"}
_LOG_SCALE = 1000.0
"""Ours: raw linear values become 1000 x ln(unattenuated / value), so that whole numbers would nearly do."""


def _lut(item: Dataset, where: str) -> tuple[int, tuple[int, ...], int] | None:
    """(first value, entries, bits) of one LUT item; ``None`` where it holds none."""
    head, data = item.get("LUTDescriptor"), item.get("LUTData")
    if head is None or data is None or len(head) != 3:
        return None
    count, first, bits = (int(v) for v in head)
    count = count or 65536
    if isinstance(data, (bytes, bytearray)):
        kind = "u1" if len(data) < 2 * count else "<u2"
        entries = tuple(int(v) for v in np.frombuffer(bytes(data[: len(data) // 2 * 2]), kind))
    else:
        entries = tuple(int(v) & 0xFFFF for v in ([data] if isinstance(data, int) else data))
    if not 0 < count <= 65536 or len(entries) < count or not 1 <= bits <= 16:
        raise HostileInputError(
            "a lookup table does not hold what it promises",
            where=where,
            found=f"{len(entries)} entries, {bits} bits",
            expected=f"{count} entries, 8 to 16 bits",
        )
    return first, entries[:count], bits


def modality_table(ds: Dataset, where: str) -> tuple[int, tuple[int, ...]] | None:
    """The Modality LUT, where there is one instead of slope and intercept."""
    items = ds.get("ModalityLUTSequence")
    found = _lut(items[0], where) if items else None
    return (found[0], found[1]) if found else None


def voi(
    ds: Dataset, where: str
) -> tuple[float | None, float | None, Function, tuple[int, tuple[int, ...], int] | None]:
    """The first window and its function, and the first VOI LUT."""

    def number(name: str) -> float | None:
        value = ds.get(name)
        if value is not None and not isinstance(value, (str, bytes, int, float)) and hasattr(value, "__len__"):
            value = value[0] if len(value) else None
        try:
            found = float(value) if value not in (None, "") else None
        except (TypeError, ValueError):
            return None
        return found if found is not None and math.isfinite(found) else None

    function = _FUNCTIONS.get(str(ds.get("VOILUTFunction") or "").strip().upper(), "linear")
    items = ds.get("VOILUTSequence")
    center, width = number("WindowCenter"), number("WindowWidth")
    usable = center is not None and width is not None and width > 0
    return (
        (center, width, function, _lut(items[0], where) if items else None)
        if usable
        else (
            None,
            None,
            function,
            _lut(items[0], where) if items else None,
        )
    )


def picture_vote(pixels: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> tuple[float, float]:
    """Share of the image that is one even grey at its dark and at its bright end and touches the border there.

    Air around a breast is such a grey; parenchyma is not.
    """
    step = max(1, int(max(pixels.shape) // 400))
    small = np.asarray(pixels[::step, ::step], np.float32)
    inside = np.ones(small.shape, bool) if valid is None else valid[::step, ::step]
    if int(inside.sum()) < 16:
        return 0.0, 0.0
    low, high = np.percentile(small[inside], (2, 98))
    if high <= low:
        return 0.0, 0.0
    near = float(table("projections/limits")["grey"]["near"]) * float(high - low)
    # A band, not a line: film has a frame or rounded corners outside its air.
    wide, border = max(2, min(small.shape) // 16), np.ones(small.shape, bool)
    border[wide:-wide, wide:-wide] = False
    shares = []
    for centers in (np.linspace(low, low + 0.35 * (high - low), 24), np.linspace(high, high - 0.35 * (high - low), 24)):
        # A strip, name field or frame may be more extreme than the air: the fullest band near that end is it.
        even = max((np.abs(small - c) <= near for c in centers), key=lambda m: int((m & inside).sum())) & inside
        touching = float((even & border).sum()) / max(int((border & inside).sum()), 1)
        shares.append(float(even.sum()) / int(inside.sum()) * min(1.0, 4.0 * touching))
    return shares[0], shares[1]


def _turned_by_picture(
    pixels: NDArray[Any], inverse: bool, valid: NDArray[np.bool_] | None, *, sure: bool
) -> bool | None:
    """Whether dense is low, by the picture; ``None`` where it does not say."""
    rules = table("projections/limits")["grey"]
    dark, bright = picture_vote(pixels, valid)
    share = rules["sure_share"] if sure else rules["least_share"]
    times = rules["sure_times"] if sure else rules["times"]
    if max(dark, bright) < share or max(dark, bright) < times * min(dark, bright):
        return None
    return bright > dark


def dense_is_high(
    stored: NDArray[Any], grey: Grey, *, breast: bool, close: bool, signed_bits: tuple[bool, int]
) -> tuple[NDArray[Any], NDArray[np.bool_] | None, Display | None, tuple[Note, ...]]:
    """Modality transformation, padding and direction of one image.

    Parameters
    ----------
    stored : (row, column) integer
    breast : bool
        Only there the picture may overrule the header: air beside the breast is known to be dark.
    close : bool
        A magnification or spot view: it may be collimated and hold no air, so its header stands.
    signed_bits : (bool, int)
        Whether stored values are signed, and how many bits they have.

    Returns
    -------
    pixels, padded, display, notes
    """
    padded = None
    if grey.padding is not None:
        low, high = grey.padding
        found = (stored >= low) & (stored <= high)
        padded = found if bool(found.any()) and not bool(found.all()) else None
    signed, bits = signed_bits
    ends = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    values = _modality(stored, grey)
    if grey.modality_table is not None:
        bottom, top = float(values.min()), float(values.max())
    else:
        both = [grey.slope * e + grey.intercept for e in ends]
        bottom, top = min(both), max(both)
    valid = None if padded is None else ~padded
    inverse, notes = _direction(values, grey, breast, close, valid)
    if grey.linear:
        return (*_logarithm(values, inverse, top, padded), None, notes)
    display = _display(grey, values, inverse, bottom + top, valid)
    if inverse:
        values = (
            _whole((bottom + top) - values.astype(np.float64))
            if values.dtype.kind != "f"
            else (np.float32(bottom + top) - values)
        )
    if padded is not None:
        values = values.copy()
        values[padded] = values[~padded].min()
    return values, padded, display, notes


def _modality(stored: NDArray[Any], grey: Grey) -> NDArray[Any]:
    if grey.modality_table is not None:
        first, entries = grey.modality_table
        return np.asarray(lookup(stored, first, np.array(entries, np.uint16)))
    if grey.slope == 1.0 and grey.intercept == 0.0:
        return _whole(stored)
    if float(grey.slope).is_integer() and float(grey.intercept).is_integer():
        return _whole(stored.astype(np.float64) * grey.slope + grey.intercept)
    return np.asarray(stored * np.float64(grey.slope) + np.float64(grey.intercept), np.float32)


def _whole(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the smallest type that holds them."""
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 65535:
        return np.ascontiguousarray(values, np.uint16)
    return np.asarray(values, np.int32 if abs(low) < 2**31 and high < 2**31 else np.float32)


def _direction(
    values: NDArray[Any], grey: Grey, breast: bool, close: bool, valid: NDArray[np.bool_] | None
) -> tuple[bool, tuple[Note, ...]]:
    inverse = grey.inverse != _falling(grey, values, valid)
    if not breast or (close and not grey.doubt):
        return inverse, ()
    seen = _turned_by_picture(values, inverse, valid, sure=not grey.doubt)
    if grey.doubt:
        how = "the air around the breast decided" if seen is not None else "the header's first word was taken"
        text = f"the header contradicts itself about black and white ({grey.doubt}): {how}"
        return (inverse if seen is None else seen), (Note("grey-direction", text, "caution"),)
    if seen is None or seen == inverse:
        return inverse, ()
    text = "by its header this image would show the air around the breast white: it was read the other way round"
    return seen, (Note("grey-direction", text, "caution"),)


def _falling(grey: Grey, values: NDArray[Any], valid: NDArray[np.bool_] | None) -> bool:
    """Whether the VOI table turns black and white round."""
    if grey.voi_table is None:
        return False
    first, entries, _ = grey.voi_table
    used = values[::8, ::8] if valid is None else values[valid][::64]
    ends = np.percentile(used, (2, 98)) if used.size else (first, first + len(entries))
    shown = lookup(np.array(ends), first, np.array(entries, np.int64))
    return bool(shown[1] < shown[0])


def _logarithm(
    values: NDArray[Any], inverse: bool, top: float, padded: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Raw linear values as attenuation, which is what adds up along a ray."""
    rays = values.astype(np.float32) if inverse else np.float32(top) - values.astype(np.float32)
    inside = rays if padded is None else rays[~padded]
    most = float(inside.max())
    out = np.asarray(-_LOG_SCALE * np.log(np.maximum(rays, 1.0) / max(most, 1.0)), np.float32)
    np.maximum(out, 0.0, out=out)
    if padded is not None:
        out[padded] = 0.0
    return out, padded


def _display(
    grey: Grey, values: NDArray[Any], inverse: bool, ends: float, valid: NDArray[np.bool_] | None
) -> Display | None:
    """The window or table in values behind the turn: 0 black, 1 white, white dense."""
    if grey.voi_table is not None:
        first, entries, bits = grey.voi_table
        shown = np.array(entries, np.float32) / ((1 << bits) - 1)
        if inverse:
            shown = shown[::-1]
            first = round(ends - (first + len(entries) - 1))
        if inverse != _falling(grey, values, valid):
            shown = 1.0 - shown
        return Display(function="table", first=float(first), table=np.clip(shown, 0, 1))
    if grey.center is None or grey.width is None:
        return None
    center = grey.center
    if inverse:
        center = ends - center + (1.0 if grey.function == "linear" else 0.0)
    return Display(center, grey.width, grey.function)
