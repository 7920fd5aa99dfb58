"""PNG, TIFF, JPEG and PGM: the same grey values from each; damaged, coloured and absurd ones refused by name."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calcimetry import read
from calcimetry.core.errors import AmbiguousInputError, InputError
from calcimetry.core.image import Projection


def grey(bits: int) -> np.ndarray:
    y, x = np.mgrid[:60, :40]
    inside = ((y - 30) / 24) ** 2 + (x / 28) ** 2 < 1
    values = np.where(inside, 0.4 + 0.2 * np.sin(x / 5), 0.01) * ((1 << bits) - 1)
    return np.rint(values).astype(np.uint16 if bits > 8 else np.uint8)


def one(path: Path, **choices: float) -> Projection:
    (image,) = read.study(path, **choices).images
    assert isinstance(image, Projection)
    return image


def pgm(path: Path, array: np.ndarray, most: int, plain: bool = False) -> None:
    head = f"{'P2' if plain else 'P5'}\n# made by hand\n{array.shape[1]} {array.shape[0]}\n{most}\n".encode()
    body = (
        " ".join(map(str, array.ravel())).encode() if plain else array.astype(">u2" if most > 255 else "u1").tobytes()
    )
    path.write_bytes(head + body)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("kind", ["png", "tif", "pgm", "plain.pgm"])
def test_the_same_values_from_each_format(tmp_path: Path, bits: int, kind: str) -> None:
    path = tmp_path / f"film.{kind}"
    if kind.endswith("pgm"):
        pgm(path, grey(bits), (1 << bits) - 1, kind.startswith("plain"))
    else:
        Image.fromarray(grey(bits)).save(path)
    image = one(path, spacing_mm=0.2)
    assert np.array_equal(image.pixels, grey(bits))
    assert (image.pixel_mm, image.scale_plane, image.kind) == ((0.2, 0.2), "object", "picture")
    assert {n.code for n in image.notes} == {"picture-unnamed", "spacing-stated"}


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate"])
def test_tiff_compressions(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "film.tiff"
    Image.fromarray(grey(16)).save(path, compression=compression)
    assert np.array_equal(one(path).pixels, grey(16))


def test_jpeg_is_lossy_and_grey_in_three_channels(tmp_path: Path) -> None:
    path = tmp_path / "film.jpg"
    Image.fromarray(grey(8)).convert("RGB").save(path, quality=95)
    image = one(path)
    assert image.acquisition.lossy
    assert {"lossy-projection", "scale-unknown"} <= {n.code for n in image.notes}
    assert float(np.abs(image.pixels.astype(int) - grey(8)).mean()) < 3


def test_a_negative_is_turned_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    Image.fromarray(255 - grey(8)).save(path)
    image = one(path)
    assert "grey-direction" in {n.code for n in image.notes}
    assert int(image.pixels[:, -1].max()) < int(image.pixels[30, 5])


def test_two_pictures_are_not_one_study(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.fromarray(grey(8)).save(tmp_path / name)
    with pytest.raises(AmbiguousInputError, match="plain pictures") as caught:
        read.study(tmp_path)
    assert set(caught.value.choices) == {"a.png", "b.png"}
    assert read.study(tmp_path, study_uid="b.png").images[0].sources[0].file.endswith("b.png")


def test_colour_transparency_and_one_bit_are_refused(tmp_path: Path) -> None:
    colour = np.zeros((40, 40, 3), np.uint8)
    colour[..., 0] = 200
    Image.fromarray(colour).save(tmp_path / "colour.png")
    Image.fromarray(grey(8) > 100).save(tmp_path / "bits.png")
    clear = np.zeros((40, 40, 4), np.uint8)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    for name, words in (("colour", "colour"), ("bits", "black and white"), ("clear", "transparent")):
        with pytest.raises(InputError, match=words):
            read.study(tmp_path / f"{name}.png")


@pytest.mark.parametrize("kind", ["png", "tif", "jpg", "pgm"])
def test_cut_anywhere_is_an_error_of_ours(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"film.{kind}"
    rng = np.random.default_rng(1)
    array = (grey(8) // 2 + rng.integers(0, 60, grey(8).shape)).astype(np.uint8)
    if kind == "pgm":
        pgm(path, array, 255)
    else:
        Image.fromarray(array).save(path)
    whole = path.read_bytes()
    for share in (0.02, 0.1, 0.3, 0.6, 0.9, 0.98):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError):
            read.study(path)


def test_flipped_bytes_never_end_otherwise_than_in_pixels_or_an_error_of_ours(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    shown = refused = 0
    for kind in ("png", "tif", "jpg", "pgm"):
        path = tmp_path / f"film.{kind}"
        pgm(path, grey(8), 255) if kind == "pgm" else Image.fromarray(grey(8)).save(path)
        whole = bytearray(path.read_bytes())
        for _ in range(40):
            bad = bytearray(whole)
            bad[int(rng.integers(len(bad)))] = int(rng.integers(256))
            path.write_bytes(bytes(bad))
            try:
                (image,) = read.study(path).images
            except InputError:
                refused += 1
            else:
                assert isinstance(image, Projection)
                assert 0 < image.pixels.size <= 4 * grey(8).size
                shown += 1
    assert shown > 10
    assert refused > 10


def test_a_bomb_is_refused_by_its_head(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 16000, 16000, 16, 0, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(InputError, match="impossible size"):
        read.study(path)
    (tmp_path / "bomb.pgm").write_bytes(b"P5\n99999 99999\n65535\n")
    with pytest.raises(InputError, match="impossible size"):
        read.study(tmp_path / "bomb.pgm")


@pytest.mark.shared_data
def test_the_shared_pictures(shared_data: Path) -> None:
    clip = one(shared_data / "breast/ffdm/lcc_person2.png", spacing_mm=0.07)
    assert (clip.pixels.shape, int(clip.pixels.max())) == ((3328, 2560), 4095)
    assert one(shared_data / "breast/ffdm/rmlo_mixed.jpg").acquisition.lossy
