"""A stack of slices -> one array in HU, slice by slice into memory taken once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import DecodingError, HostileInputError, InputError
from calcimetry.read.guard import Limits
from calcimetry.read.header import Slice
from calcimetry.read.pixels import is_compressed
from calcimetry.read.workers import decode_here, decode_parallel

__all__ = ["Loaded", "load"]

_INT16, _INT32 = np.iinfo(np.int16), np.iinfo(np.int32)


@dataclass(frozen=True)
class Loaded:
    """Pixels in HU (or stored values without rescale), range before padding, and the slices that failed."""

    pixels: NDArray[np.generic]
    low: float
    high: float
    failed: tuple[tuple[Slice, InputError], ...] = ()


def load(
    slices: Sequence[Slice], *, limits: Limits, jobs: int | None, progress: Callable[[int, int], None] | None = None
) -> Loaded:
    """Decode and rescale.

    Each slice has its own slope and intercept. Integer results stay int16, or int32 where they do not fit;
    float32 only where a slope or intercept is no whole number.
    """
    rows, columns = slices[0].common.rows, slices[0].common.columns
    shape = (len(slices), rows, columns)
    if 2 * len(slices) * rows * columns > limits.volume_bytes:
        raise HostileInputError(
            "the image does not fit the memory limit",
            where=slices[0].place.name,
            found=f"{len(slices)} x {rows} x {columns}",
            expected=f"at most {limits.volume_bytes >> 30} GiB",
        )
    whole = all(float(s.slope or 1).is_integer() and float(s.intercept or 0).is_integer() for s in slices)
    out: NDArray[np.generic] = np.empty(shape, dtype=np.int16 if whole else np.float32)
    failed: list[tuple[Slice, InputError]] = []
    low, high = np.inf, -np.inf
    for n, decoded in _decoded(slices, limits, jobs):
        if isinstance(decoded, InputError):
            failed.append((slices[n], decoded))
            continue
        slope, intercept = slices[n].slope or 1.0, slices[n].intercept or 0.0
        ends = slope * int(decoded.min()) + intercept, slope * int(decoded.max()) + intercept
        least, most = min(ends), max(ends)
        if out.dtype.kind == "i" and not (_INT32.min <= least and most <= _INT32.max):
            failed.append((slices[n], _too_large(slices[n], least, most)))
            continue
        low, high = min(low, least), max(high, most)
        if out.dtype == np.int16 and not (_INT16.min <= least and most <= _INT16.max):
            out = out.astype(np.int32)
        _rescale(decoded, slope, intercept, out[n])
        if progress is not None:
            progress(n + 1, len(slices))
    return Loaded(out, float(low), float(high), tuple(failed))


def _too_large(one: Slice, least: float, most: float) -> DecodingError:
    return DecodingError(
        "the rescaled values are far outside any HU",
        where=one.place.name,
        found=f"{least:.4g} to {most:.4g} (slope {one.slope or 1:g}, intercept {one.intercept or 0:g})",
        expected=f"{_INT32.min} to {_INT32.max}",
    )


def _rescale(stored: NDArray[np.generic], slope: float, intercept: float, out: NDArray[np.generic]) -> None:
    """``stored * slope + intercept`` into ``out``; the range was checked, so integer arithmetic cannot wrap."""
    if out.dtype == np.float32:
        out[...] = np.multiply(stored, np.float64(slope)) + np.float64(intercept)
        return
    if slope == 1.0 and stored.dtype.itemsize <= out.dtype.itemsize:
        # uint16 -> int16 wraps modulo 2^16 and the sum wraps back: exact, since the result fits.
        whole = int(intercept)
        np.add(
            stored.astype(out.dtype, copy=False),
            out.dtype.type(whole) if _fits(whole, out.dtype) else whole,
            out=out,
            casting="unsafe",
        )
        return
    wide = stored.astype(np.int64)
    wide *= int(slope)
    wide += int(intercept)
    out[...] = wide.astype(out.dtype)


def _fits(value: int, dtype: np.dtype[np.generic]) -> bool:
    info = np.iinfo(dtype)  # type: ignore[type-var]
    return bool(info.min <= value <= info.max)


def _decoded(
    slices: Sequence[Slice], limits: Limits, jobs: int | None
) -> Iterator[tuple[int, NDArray[np.generic] | InputError]]:
    if jobs != 1 and is_compressed(slices[0].common.syntax):
        return decode_parallel(slices, limits, jobs)
    return decode_here(slices, range(len(slices)), limits)
