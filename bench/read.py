"""Reading 300 slices: this package against SimpleITK's series reader, on the same files in the same run.

Run from the checkout: ``python bench/read.py [--slices N] [--repeat N] [--out FILE.md] [--work FOLDER]``. Writes a
Markdown table of seconds and ratios. The series is made here: noise with the texture of a chest, written once by
pydicom and encoded by dcmtk's tools where they are installed, by pydicom or imagecodecs elsewhere.

What is timed: ours is the whole of ``read.study(folder)`` (every file's header, choice of series, order, decoding,
rescale to HU); theirs is ``ImageSeriesReader.Execute`` with the file names already in order, and in a second column
with the search for them. Bar: ours at most theirs without the search; 1.25 times for 12-bit JPEG.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, RLELossless, generate_uid

from calcimetry import read

SYNTAXES: dict[str, tuple[str, ...]] = {
    "explicit LE": (),
    "implicit LE": ("dcmconv", "+ti"),
    "explicit BE": ("dcmconv", "+tb"),
    "deflated": ("dcmconv", "+td"),
    "RLE": ("pydicom", RLELossless),
    "JPEG lossless SV1": ("dcmcjpeg", "+e1"),
    "JPEG lossless .57": ("dcmcjpeg", "+el"),
    "JPEG extended 12 bit": ("dcmcjpeg", "+ee"),
    "JPEG-LS": ("dcmcjpls", "+el"),
    "JPEG-LS near-lossless": ("dcmcjpls", "+en"),
    "JPEG 2000 lossless": ("imagecodecs", "1.2.840.10008.1.2.4.90"),
    "JPEG 2000 lossy": ("imagecodecs", "1.2.840.10008.1.2.4.91"),
    "HTJ2K lossless": ("imagecodecs", "1.2.840.10008.1.2.4.201"),
}


def make(folder: Path, slices: int, side: int = 512) -> None:
    """An uncompressed chest-like series: 12 bits stored in 16, correlated noise, bright boxes."""
    rng = np.random.default_rng(7)
    study, series, frame = (generate_uid(entropy_srcs=[f"bench-{n}"]) for n in ("study", "series", "frame"))
    y, x = np.mgrid[:side, :side]
    body = ((x - side / 2) / (0.42 * side)) ** 2 + ((y - side / 2) / (0.33 * side)) ** 2 < 1
    lungs = (np.abs(x - side / 2) > 0.08 * side) & (
        ((x - side / 2) / (0.36 * side)) ** 2 + ((y - side / 2) / (0.25 * side)) ** 2 < 1
    )
    for n in range(slices):
        noise = rng.normal(0, 30, (side, side))
        noise = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1)) / 3**0.5
        hu = np.where(body, np.where(lungs, -850, 40), -1000) + noise
        for _ in range(2):
            j, i = rng.integers(100, side - 100, 2)
            hu[j : j + 6, i : i + 6] = rng.integers(280, 1000)
        ds = FileDataset("", Dataset(), preamble=b"\0" * 128, file_meta=FileMetaDataset())
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
        ds.SOPInstanceUID = generate_uid(entropy_srcs=[f"bench-{n}"])
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
        ds.PatientID, ds.PatientName, ds.Modality, ds.StudyDate = "bench", "Bench^Mark", "CT", "20260101"
        ds.Manufacturer, ds.SeriesDescription, ds.SeriesNumber, ds.InstanceNumber = "none", "bench", 1, n + 1
        ds.ImageType, ds.KVP, ds.SliceThickness = ["ORIGINAL", "PRIMARY", "AXIAL"], 120, 1.0
        ds.ConvolutionKernel, ds.ImageOrientationPatient = "B30f", [1, 0, 0, 0, 1, 0]
        ds.ImagePositionPatient, ds.PixelSpacing = [-180, -180, float(n)], [0.7, 0.7]
        ds.Rows = ds.Columns = side
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, -1024, "HU"
        block = ds.private_block(0x0009, "BENCH", create=True)
        for k in range(30):
            block.add_new(k, "LO", f"private {k}")
        ds.PixelData = np.clip(hu + 1024, 0, 4095).astype("<u2").tobytes()
        ds.save_as(folder / f"{n:04d}.dcm", enforce_file_format=True)


def encode(source: Path, target: Path, how: tuple[str, ...]) -> None:
    """Write the series in another transfer syntax."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        if how[0].startswith("dcm"):
            subprocess.run(
                [shutil.which(how[0]) or how[0], how[1], path, target / path.name], check=True, capture_output=True
            )
            continue
        ds = dcmread(path)
        if how[0] == "pydicom":
            ds.compress(UID(how[1]), generate_instance_uid=False)
        else:
            import imagecodecs

            pixels = ds.pixel_array
            if how[1].endswith(".201"):
                frame = imagecodecs.htj2k_encode(pixels, reversible=True)
            elif how[1].endswith(".90"):
                frame = imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", reversible=True, bitspersample=12)
            else:
                frame = imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", level=60, bitspersample=12)
            ds.PixelData = encapsulate([frame])
            ds["PixelData"].is_undefined_length = True
            ds.file_meta.TransferSyntaxUID = UID(how[1])
        ds.save_as(target / path.name)


def ours(folder: Path) -> np.ndarray:
    """Our whole reading."""
    return read.study(folder).images[0].pixels


def theirs(names: list[str]) -> sitk.Image:
    """SimpleITK's reader on files that are in order already."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(names)
    return reader.Execute()


def search(folder: Path) -> list[str]:
    """SimpleITK's search for the files of a series, in order."""
    return list(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))


def timed(call, *arguments):
    """Result and seconds."""
    start = time.perf_counter()
    result = call(*arguments)
    return result, time.perf_counter() - start


def measure(folder: Path, repeat: int) -> tuple[float, float | None, float | None, str]:
    """Best seconds of ours, theirs, theirs with search; and whether the voxels agree."""
    mine, other, whole, agree = [], [], [], ""
    for _ in range(repeat):
        a, seconds = timed(ours, folder)
        mine.append(seconds)
        try:
            names, found = timed(search, folder)
            b, seconds = timed(theirs, names)
        except RuntimeError:
            agree = "SimpleITK cannot"
            continue
        other.append(seconds)
        whole.append(seconds + found)
        worst = int(np.abs(a.astype(np.int32) - sitk.GetArrayViewFromImage(b)).max())
        agree = "equal" if worst == 0 else f"differ by {worst} at most"
        del b
    return min(mine), min(other, default=None), min(whole, default=None), agree


def main() -> None:
    """Make, time, print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--slices", type=int, default=300)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--work", type=Path, help="keeps the series between runs")
    arguments.add_argument("--only", default="")
    given = arguments.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="bench-read-"))
    work.mkdir(parents=True, exist_ok=True)
    plain = work / "explicit LE"
    if not plain.exists():
        plain.mkdir()
        make(plain, given.slices)
    lines = [
        f"Reading {given.slices} slices of 512 x 512, best of {given.repeat}, seconds:",
        "",
        "| syntax | ours | SimpleITK | SimpleITK with search | ours / SimpleITK | voxels |",
        "|---|---|---|---|---|---|",
    ]
    for name, how in SYNTAXES.items():
        if given.only not in name:
            continue
        folder = work / name
        if not folder.exists():
            encode(plain, folder, how)
        mine, other, whole, agree = measure(folder, given.repeat)
        ratio = "-" if other is None else f"{mine / other:.2f}"
        shown = ("-", "-") if other is None else (f"{other:.2f}", f"{whole:.2f}")
        lines.append(f"| {name} | {mine:.2f} | {shown[0]} | {shown[1]} | {ratio} | {agree} |")
        print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")
    if not given.work:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
