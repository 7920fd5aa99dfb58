"""Every lossless transfer syntax gives the same voxels; lossy ones say so; damaged ones are refused."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from calcimetry import read
from calcimetry.core.errors import CalcimetryError, DecodingError, MissingExtraError

JPEG = "1.2.840.10008.1.2.4."
ENCODED: dict[str, Callable[[np.ndarray], bytes]] = {
    JPEG + "57": lambda a: imagecodecs.ljpeg_encode(a, bitspersample=12),
    JPEG + "70": lambda a: imagecodecs.ljpeg_encode(a, bitspersample=12),
    JPEG + "80": imagecodecs.jpegls_encode,
    JPEG + "90": lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, bitspersample=12),
    JPEG + "201": lambda a: imagecodecs.htj2k_encode(a, reversible=True),
}
SIDE = 64


def _encapsulated(ds: Dataset, syntax: str, frame: bytes) -> None:
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = UID(syntax)


def _coded(ds: Dataset, syntax: str) -> None:
    pixels = np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns)
    if syntax in ENCODED:
        _encapsulated(ds, syntax, ENCODED[syntax](pixels))
    elif syntax == RLELossless:
        ds.compress(RLELossless, generate_instance_uid=False)
    else:
        ds.file_meta.TransferSyntaxUID = UID(syntax)
        if syntax == ExplicitVRBigEndian:
            ds.PixelData = pixels.astype(">u2").tobytes()


LOSSLESS = [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless, *ENCODED]


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("jobs", [1, 2])
def test_same_voxels(make: Callable[..., Path], stored: Callable[..., np.ndarray], syntax: str, jobs: int) -> None:
    # 16 slices: enough for two worker processes
    folder = make(16, lambda ds, n: _coded(ds, syntax), side=SIDE)
    image = read.study(folder, jobs=jobs).images[0]
    right = np.stack([stored(n, SIDE) for n in range(16)]).astype(np.int16) - 1024
    assert image.pixels.dtype == np.int16
    np.testing.assert_array_equal(image.pixels, right)
    assert image.acquisition.lossy is None
    assert not image.pixels.flags.writeable


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("signed", [False, True])
def test_signed_and_unsigned(make: Callable[..., Path], syntax: str, signed: bool) -> None:
    values = np.random.default_rng(3).integers(-900, 1500, (SIDE, SIDE)).astype(np.int16)

    def change(ds: Dataset, n: int) -> None:
        ds.BitsStored, ds.HighBit = 16, 15
        ds.PixelRepresentation = int(signed)
        ds.RescaleIntercept = 0 if signed else -1000
        raw = values if signed else (values + 1000).astype(np.uint16)
        if syntax in ENCODED:
            sixteen = {
                JPEG + "90": lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True),
                JPEG + "57": imagecodecs.ljpeg_encode,
                JPEG + "70": imagecodecs.ljpeg_encode,
            }
            # these codecs see bit patterns; DICOM's Pixel Representation says how to read them
            _encapsulated(ds, syntax, sixteen.get(syntax, ENCODED[syntax])(raw.view(np.uint16)))
        else:
            ds.PixelData = raw.astype("<i2").tobytes()
            _coded(ds, syntax)

    image = read.study(make(1, change, side=SIDE)).images[0]
    np.testing.assert_array_equal(image.pixels[0], values)


def test_near_lossless_is_marked(make: Callable[..., Path], stored: Callable[..., np.ndarray]) -> None:
    def change(ds: Dataset, n: int) -> None:
        _encapsulated(ds, JPEG + "81", imagecodecs.jpegls_encode(stored(n, SIDE), level=2))

    image = read.study(make(3, change, side=SIDE)).images[0]
    assert "JPEG-LS" in str(image.acquisition.lossy)
    assert "lossy" in {n.code for n in image.notes}
    right = np.stack([stored(n, SIDE) for n in range(3)]).astype(int) - 1024
    assert np.abs(image.pixels - right).max() <= 2


def test_declared_loss_counts_in_any_syntax(make: Callable[..., Path]) -> None:
    image = read.study(make(2, lambda ds, n: setattr(ds, "LossyImageCompression", "01"))).images[0]
    assert image.acquisition.lossy == "compressed with loss before it was stored"


def test_eight_bit_loss_is_withheld(make: Callable[..., Path], stored: Callable[..., np.ndarray]) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
        ds.RescaleSlope = 16
        _encapsulated(ds, JPEG + "50", imagecodecs.jpeg8_encode((stored(n, SIDE) // 16).astype(np.uint8)))

    image = read.study(make(2, change, side=SIDE)).images[0]
    assert ("lossy-8-bit", "withheld") in {(n.code, n.severity) for n in image.notes}


def test_twelve_bit_jpeg_without_its_extra_is_named(
    make: Callable[..., Path], stored: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(ds: Dataset, n: int) -> None:
        _encapsulated(ds, JPEG + "51", b"\xff\xd8\xff\xd9")

    folder = make(1, change)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(MissingExtraError, match=r"calcimetry\[jpeg12\]"):
        read.study(folder)


def test_ge_private_syntax_has_big_endian_pixels(make: Callable[..., Path], stored: Callable[..., np.ndarray]) -> None:
    folder = make(2, lambda ds, n: setattr(ds.file_meta, "TransferSyntaxUID", ImplicitVRLittleEndian))
    for n, path in enumerate(sorted(folder.iterdir())):
        data = path.read_bytes()
        swapped = stored(n).astype(">u2").tobytes()
        data = data.replace(stored(n).tobytes(), swapped).replace(b"1.2.840.10008.1.2\0", b"1.2.840.113619.5.2")
        path.write_bytes(data)
    image = read.study(folder).images[0]
    np.testing.assert_array_equal(image.pixels[1], stored(1).astype(int) - 1024)


def test_overlay_bits_are_dropped(make: Callable[..., Path], stored: Callable[..., np.ndarray]) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.PixelData = (stored(n) | 0x1000 | (0x8000 * (n % 2))).astype("<u2").tobytes()

    image = read.study(make(2, change)).images[0]
    np.testing.assert_array_equal(image.pixels[1], stored(1).astype(int) - 1024)


def test_twelve_signed_bits_carry_their_sign_up(make: Callable[..., Path]) -> None:
    values = np.arange(-288, 288, dtype=np.int16).reshape(24, 24)

    def change(ds: Dataset, n: int) -> None:
        ds.PixelRepresentation, ds.RescaleIntercept = 1, 0
        ds.PixelData = (values.view(np.uint16) & 0x0FFF).astype("<u2").tobytes()

    np.testing.assert_array_equal(read.study(make(1, change)).images[0].pixels[0], values)


def test_values_that_do_not_fit_sixteen_bits_become_int32(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.BitsStored, ds.HighBit = 16, 15
        ds.PixelData = np.full((24, 24), 40000 if n == 1 else 1000, "<u2").tobytes()

    image = read.study(make(3, change)).images[0]
    assert image.pixels.dtype == np.int32
    assert [int(p.max()) for p in image.pixels] == [-24, 38976, -24]
    assert "hu-implausible" in {n.code for n in image.notes}


def test_a_fractional_slope_gives_float32(make: Callable[..., Path], stored: Callable[..., np.ndarray]) -> None:
    image = read.study(make(2, lambda ds, n: setattr(ds, "RescaleSlope", "0.5"))).images[0]
    assert image.pixels.dtype == np.float32
    np.testing.assert_array_equal(image.pixels[0], stored(0) * 0.5 - 1024)


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_a_file_cut_anywhere(make: Callable[..., Path], tmp_path: Path, syntax: str) -> None:
    path = next(make(1, lambda ds, n: _coded(ds, syntax), side=SIDE).iterdir())
    whole, cut = path.read_bytes(), tmp_path / "cut.dcm"
    right = hashlib.md5(read.study(path).images[0].pixels.tobytes()).hexdigest()
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        cut.write_bytes(whole[:at])
        start = time.process_time()
        try:
            found = hashlib.md5(read.study(cut, jobs=1).images[0].pixels.tobytes()).hexdigest()
        except CalcimetryError:
            found = right
        assert found == right
        assert time.process_time() - start < 2


@pytest.mark.parametrize("syntax", [RLELossless, *ENCODED])
def test_a_shortened_item_is_refused(make: Callable[..., Path], syntax: str) -> None:
    """The wrapper is whole, the coded frame inside is not."""

    def change(ds: Dataset, n: int) -> None:
        _coded(ds, syntax)
        from pydicom.encaps import get_frame

        frame = get_frame(ds.PixelData, 0, number_of_frames=1)
        for keep in (0.3,):
            _encapsulated(ds, syntax, frame[: int(len(frame) * keep)])

    start = time.process_time()
    with pytest.raises(DecodingError):
        read.study(make(1, change, side=SIDE))
    assert time.process_time() - start < 2


def test_one_bad_slice_is_named_and_the_rest_is_kept_apart(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        _coded(ds, JPEG + "80")
        if n == 3:
            _encapsulated(ds, JPEG + "80", b"\xff\xd8" + b"\0" * 100)

    for jobs in (1, 2):
        study = read.study(make(20, change, name=f"j{jobs}", side=SIDE), jobs=jobs)
        assert [len(v.pixels) for v in study.images] == [3, 16]
        assert any("003.dcm" in s.what and "cut off" in s.reason for s in study.skipped)
        for image in study.images:
            assert {"missing-slices", "slices-refused"} <= {n.code for n in image.notes}


def test_a_decoder_that_dies_takes_only_its_slices(make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from calcimetry.read import pixels

    honest = pixels._decode

    def deadly(frame: bytes, one: object) -> np.ndarray:
        if one.instance == 2:  # type: ignore[attr-defined]
            os._exit(139)
        return honest(frame, one)  # type: ignore[arg-type]

    monkeypatch.setattr(pixels, "_decode", deadly)
    folder = make(40, lambda ds, n: _coded(ds, JPEG + "80"), side=SIDE)
    study = read.study(folder, jobs=2)
    assert sum(len(v.pixels) for v in study.images) >= 30
    assert any("died" in s.reason for s in study.skipped)
