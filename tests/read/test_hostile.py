"""Inputs that mean harm: refused by name, in 5 s and 1 GB (an address-space limit stands over the worst of them)."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from calcimetry import read
from calcimetry.core.errors import CalcimetryError, HostileInputError, InputError
from calcimetry.read.guard import Limits, check_jpeg_end, inflate
from calcimetry.read.index import index


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < 5


def element(group: int, number: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """One explicit little endian element; ``length`` may lie."""
    said = len(value) if length is None else length
    if vr in (b"OB", b"OW", b"SQ", b"UN", b"UT"):
        return struct.pack("<HH2sHI", group, number, vr, 0, said) + value
    return struct.pack("<HH2sH", group, number, vr, said) + value


HEAD = b"\0" * 128 + b"DICM" + element(2, 0x10, b"UI", b"1.2.840.10008.1.2.1\0") + element(8, 0x60, b"CS", b"CT")
SIZE = (
    element(0x28, 2, b"US", b"\x01\0")
    + element(0x28, 0x10, b"US", b"\x04\0")
    + element(0x28, 0x11, b"US", b"\x04\0")
    + element(0x28, 0x100, b"US", b"\x10\0")
)
PIXELS = element(0x7FE0, 0x10, b"OW", b"\0" * 32)


def refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read.study(path)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_the_bare_image_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(HEAD + SIZE + PIXELS)
    assert read.study(tmp_path / "a").images[0].pixels.shape == (1, 4, 4)


def test_lengths_that_lie(tmp_path: Path) -> None:
    for length in (0xFFFFFFFE, 0x7FFFFFFF, 40, 33):
        text = refused(tmp_path / "a", HEAD + SIZE + element(0x7FE0, 0x10, b"OW", b"\0" * 16, length))
        assert "shorter than the image" in text
    long = element(9, 0x1001, b"OB", b"\0" * 10, 0xFFFFFFF0)
    assert "runs behind the end" in refused(tmp_path / "a", HEAD + long + SIZE + PIXELS)


@pytest.mark.parametrize("defined", [True, False])
def test_deep_nesting(tmp_path: Path, defined: bool) -> None:
    depth = 5000
    if defined:
        inner = b""
        for _ in range(depth):
            inner = element(8, 0x1140, b"SQ", struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner)
    else:
        opening = struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
            "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
        )
        closing = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
        inner = opening * depth + closing * depth
    path = tmp_path / "a"
    path.write_bytes(HEAD + inner + SIZE + PIXELS)
    if defined:
        assert len(read.study(path).images) == 1  # stepped over, never entered
    else:
        assert "nested too deep" in refused(path, path.read_bytes())


def test_deep_nesting_in_the_frames_of_an_enhanced_object(tmp_path: Path) -> None:
    inner = b""
    for _ in range(3000):
        inner = element(0x5200, 0x9230, b"SQ", struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner)
    enhanced = element(8, 0x16, b"UI", b"1.2.840.10008.5.1.4.1.1.2.1\0")
    frames = element(0x28, 8, b"IS", b"1 ")
    (tmp_path / "a").write_bytes(HEAD + enhanced + SIZE + frames + inner + PIXELS)
    assert read.study(tmp_path / "a").images[0].pixels.shape == (1, 4, 4)  # what nobody asked for is not entered


def test_a_million_elements(tmp_path: Path) -> None:
    many = element(9, 0x1001, b"SH", b"") * 300_000
    assert "more header elements" in refused(tmp_path / "a", HEAD + many + SIZE + PIXELS)


@pytest.mark.parametrize(
    "rows, columns, frames", [(65535, 65535, 1), (0, 4, 1), (16000, 16000, 1), (4, 4, 2_000_000_000), (4, 4, -1)]
)
def test_sizes_that_no_image_has(tmp_path: Path, rows: int, columns: int, frames: int) -> None:
    size = (
        element(0x28, 8, b"IS", str(frames).encode().ljust(12))
        + element(0x28, 0x10, b"US", struct.pack("<H", rows))
        + element(0x28, 0x11, b"US", struct.pack("<H", columns))
        + element(0x28, 0x100, b"US", b"\x10\0")
    )
    text = refused(tmp_path / "a", HEAD + size + PIXELS)
    assert "impossible" in text or "shorter than" in text


@pytest.mark.parametrize(
    "allocated, stored, high", [(7, 7, 6), (64, 64, 63), (16, 17, 16), (16, 0, 0), (16, 12, 0), (16, 12, 200)]
)
def test_depths_that_no_pixel_has(make: Callable[..., Path], allocated: int, stored: int, high: int) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, stored, high

    with pytest.raises(InputError):
        read.study(make(1, change))


@pytest.mark.parametrize("value", ["1e400", "nan", "inf", "abc", "1,5", ""])
def test_numbers_that_are_none(make: Callable[..., Path], value: str) -> None:
    folder = make(3)
    for path in folder.iterdir():
        data = path.read_bytes()
        padded = value.encode().ljust(4)
        data = data.replace(b"\x28\0\x30\0DS\x08\0" + b"0.5\\0.5 ", b"\x28\0\x30\0DS\x08\0" + padded[:4].ljust(8))
        data = data.replace(b"\x18\0\x60\0DS\x04\x00120 ", b"\x18\0\x60\0DS\x04\0" + padded[:4])
        path.write_bytes(data)
    image = read.study(folder).images[0]
    assert {"spacing-unknown"} <= {n.code for n in image.notes}


def _zip(path: Path, entries: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as out:
        for name, data in entries.items():
            out.writestr(name, data)
    return path


def test_zip_bombs_of_each_kind(tmp_path: Path) -> None:
    zeros = b"\0" * (64 << 20)
    assert "times its packed size" in refused_zip(_zip(tmp_path / "flat.zip", {"a.dcm": zeros}))
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.dcm", zeros)
    nested = inner.getvalue()
    assert "not a DICOM file" in refused_zip(_zip(tmp_path / "nested.zip", {f"{n}.zip": nested for n in range(50)}))


def refused_zip(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read.study(path)
    return str(caught.value)


def test_a_zip_that_lies_about_sizes(make: Callable[..., Path], tmp_path: Path) -> None:
    good = next(make(1).iterdir()).read_bytes()
    path = _zip(tmp_path / "a.zip", {"a.dcm": good + b"\0" * (4 << 20)})
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, len(good))  # the directory says less than the member unpacks to
    path.write_bytes(bytes(data))
    text = refused_zip(path)
    assert "damaged" in text or "more than it says" in text


def test_overlapping_members_cost_no_more_than_they_say(make: Callable[..., Path], tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {f"{n}.dcm": next(make(1, name=f"s{n}").iterdir()).read_bytes() for n in range(3)})
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:  # all members begin where the first does
        struct.pack_into("<I", data, at + 42, 0)
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(bytes(data))
    study = read.study(path)
    assert len(study.images[0].pixels) == 1


@pytest.mark.parametrize("name", ["../a.dcm", "/a.dcm", "x/../../a.dcm", "C:\\a.dcm", "..\\a.dcm", "c:/a.dcm"])
def test_paths_out_of_a_zip(make: Callable[..., Path], tmp_path: Path, name: str) -> None:
    good = next(make(1).iterdir()).read_bytes()
    assert "leads out of the archive" in refused_zip(_zip(tmp_path / "a.zip", {name: good}))


def test_an_encrypted_and_an_oddly_packed_member(make: Callable[..., Path], tmp_path: Path) -> None:
    good = next(make(1).iterdir()).read_bytes()
    assert "method" in refused_zip(_zip(tmp_path / "a.zip", {"a.dcm": good}, zipfile.ZIP_BZIP2))
    path = _zip(tmp_path / "b.zip", {"a.dcm": good})
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    assert "encrypted" in refused_zip(path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_cut_anywhere(make: Callable[..., Path], tmp_path: Path, packing: int) -> None:
    whole = _zip(tmp_path / "a.zip", {p.name: p.read_bytes() for p in make(2).iterdir()}, packing).read_bytes()
    right = np.asarray(read.study(tmp_path / "a.zip").images[0].pixels)
    for at in range(4, len(whole), max(1, len(whole) // 60)):
        (tmp_path / "cut.zip").write_bytes(whole[:at])
        try:
            np.testing.assert_array_equal(read.study(tmp_path / "cut.zip").images[0].pixels, right)
        except InputError:
            continue


def test_a_zip_with_a_flipped_byte_is_noticed(make: Callable[..., Path], tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {p.name: p.read_bytes() for p in make(1).iterdir()}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    assert "damaged" in refused_zip(path)


def _dicomdir(path: Path, named: list[list[str]]) -> Path:
    from pydicom.dataset import FileMetaDataset
    from pydicom.sequence import Sequence
    from pydicom.uid import ExplicitVRLittleEndian

    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = "1.2.840.10008.1.3.10", "1.2.3"
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    records = []
    for parts in named:
        record = Dataset()
        record.OffsetOfTheNextDirectoryRecord = 8  # a loop, for whoever follows it
        record.RecordInUseFlag, record.OffsetOfReferencedLowerLevelDirectoryEntity = 0xFFFF, 8
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", parts
        records.append(record)
    ds.DirectoryRecordSequence = Sequence(records)
    ds.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.filterwarnings("ignore:The value length")
def test_dicomdir_paths(make: Callable[..., Path], tmp_path: Path) -> None:
    secret = make(1, name="secret")
    medium = make(3, name="medium")
    (medium / "LINK").symlink_to(secret / "000.dcm")
    tricks = [["..", "secret", "000.dcm"], ["/etc", "passwd"], ["..\\secret"], ["LINK"], ["NOT", "THERE"], ["."]]
    record = _dicomdir(medium / "DICOMDIR", [["000.dcm"], ["001.dcm"], ["001.dcm"], ["002.DCM"], *tricks])
    study = read.study(record)
    assert len(study.images[0].pixels) == 3
    reasons = [s.reason for s in study.skipped]
    assert sum("leads out of the medium" in r for r in reasons) == 5
    assert sum("missing" in r for r in reasons) == 1


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_a_dicomdir_cut_anywhere(make: Callable[..., Path]) -> None:
    folder = make(2)
    record = _dicomdir(folder / "DICOMDIR", [["000.dcm"], ["001.dcm"]])
    whole = record.read_bytes()
    for at in range(0, len(whole), 7):
        record.write_bytes(whole[:at])
        try:
            assert len(read.study(record).images[0].pixels) in (1, 2)
        except InputError:
            continue


def test_inflate_stops_at_its_limit() -> None:
    machine = zlib.compressobj(1, zlib.DEFLATED, -15)
    bomb = b"".join(machine.compress(b"\0" * (1 << 20)) for _ in range(40)) + machine.flush()
    with pytest.raises(HostileInputError, match="at most 8 MiB"):
        inflate(bomb, "bomb", limit=8 << 20)
    with pytest.raises(InputError, match="cut off"):
        inflate(bomb[:-5], "bomb", limit=1 << 30)


def test_jpeg_end() -> None:
    check_jpeg_end(b"\xff\xd8\xff\xd9", "a")
    check_jpeg_end(b"\xff\xd8\xff\xd9\0\0", "a")
    for bad in (b"", b"\0\0", b"\xff\xd8\xff", b"\xff\xd9\x01"):
        with pytest.raises(InputError, match="expected ff d9"):
            check_jpeg_end(bad, "a")


def test_memory_limit_names_the_size(make: Callable[..., Path]) -> None:
    with pytest.raises(HostileInputError, match="expected at most 0 GiB"):
        read.study(make(6), limits=Limits(volume_bytes=1000))


def test_bombs_in_one_gigabyte(tmp_path: Path) -> None:
    """In a process that may not have more: 300 MB of zeros deflated and gzipped, headers that ask for more."""
    machine = zlib.compressobj(1, zlib.DEFLATED, -15)
    deflated = b"".join(machine.compress(b"\0" * (1 << 20)) for _ in range(300)) + machine.flush()
    head = b"\0" * 128 + b"DICM" + element(2, 0x10, b"UI", b"1.2.840.10008.1.2.1.99")
    (tmp_path / "deflated.dcm").write_bytes(head + deflated)
    gz = zlib.compressobj(1, zlib.DEFLATED, 31)
    (tmp_path / "a.nii.gz").write_bytes(b"".join(gz.compress(b"\0" * (1 << 20)) for _ in range(300)) + gz.flush())
    (tmp_path / "a.mha").write_bytes(
        b"DimSize = 30000 30000 3\nElementType = MET_SHORT\nCompressedData = True\nElementDataFile = LOCAL\nxx"
        + deflated
    )
    (tmp_path / "a.nrrd").write_bytes(
        b"NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 60000 60000 60000\n"
        b"space directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\nencoding: raw\nendian: little\n\n"
    )
    (tmp_path / "long.dcm").write_bytes(HEAD + SIZE + element(0x7FE0, 0x10, b"OW", b"\0" * 8, 0xFFFFFFF0))
    script = (
        "import sys, time, pathlib\n"
        "from calcimetry import read\nfrom calcimetry.core.errors import CalcimetryError\n"
        "import nibabel, nrrd, pydicom\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    start = time.process_time()\n"
        "    try: read.study(path); print('read', path)\n"
        "    except CalcimetryError as error: assert error.exit_code == 3, error\n"
        "    assert time.process_time() - start < 5, path\n"
        # Peak of this program's own memory: ru_maxrss would begin with that of the process that started it.
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1_000_000


@given(data=st.binary(max_size=400))
def test_any_bytes_at_all(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.dcm"
    for head in (b"", HEAD, HEAD + SIZE):
        path.write_bytes(head + data)
        try:
            read.study(path, jobs=1)
        except CalcimetryError:
            continue  # anything else would fail the test


@given(at=st.integers(132, 1500), value=st.integers(0, 255))
def test_any_byte_of_a_header_changed(at: int, value: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.dcm"
    whole = bytearray(_sample())
    whole[at % len(whole)] = value
    path.write_bytes(bytes(whole))
    with contextlib.suppress(CalcimetryError):  # anything else would fail the test
        read.study(path, jobs=1)


def _sample() -> bytes:
    return HEAD + element(0x28, 0x30, b"DS", b"1\\1 ") + element(0x20, 0x32, b"DS", b"0\\0\\0 ") + SIZE + PIXELS


def test_one_bad_file_does_not_stop_the_others(make: Callable[..., Path]) -> None:
    folder = make(5)
    (folder / "cut.dcm").write_bytes((folder / "000.dcm").read_bytes()[:900])
    (folder / "empty").write_bytes(b"")
    found = index(folder)
    assert len(found.slices) == 5
    assert {Path(s.what).name for s in found.skipped} == {"cut.dcm", "empty"}
