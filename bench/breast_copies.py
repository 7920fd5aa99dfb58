"""The same mammogram in changed copies: are the same groups reported? Prints Markdown.

    python bench/breast_copies.py --data FOLDER [--every 1] [--simulated 6] [--list]

``FOLDER`` holds ``mias``, ``ffdm`` and ``fullfield`` (see its own notes); simulated films come without it. Each film
is searched as it is and as a copy: mirrored, upside down, inverted (a picture with white air, or a header with
MONOCHROME1), with 8 bits where it had more (or 12 where it had 8), and with half as many pixels in both directions.
Then every pairing of MONOCHROME1 or 2, presentation shape IDENTITY or INVERSE, and window or table, each over stored
values that rise or fall with density, is written and read back: equal pixels are the same groups.

A group counts as the same where its center lies within 3 mm of one of the copy, or their boxes overlap by half.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry import detect, locate, read
from calcimetry.core.group import Group
from calcimetry.core.image import Projection
from calcimetry.phantom import breast

NEAR_MM = 3.0
ASSUMED_MM = {"mias": 0.2, "rmlo_mixed": 0.05, "lcc_person2": 0.07, "rcc_marker": 0.07, "mg1": 0.05}
Box = tuple[float, float, float, float]
Back = Callable[[Box], Box]


@dataclass
class Tally:
    """What became of the groups of all films in one kind of copy."""

    films: int = 0
    same: int = 0
    groups: int = 0
    kept: int = 0
    new: int = 0
    listed: int = 0
    listed_kept: int = 0
    moved_mm: float = 0.0
    surer: float = 0.0
    changed: list[str] = field(default_factory=list)


def films(folder: Path | None, every: int, simulated: int) -> Iterator[tuple[str, Projection]]:
    """Simulated films, then those of the folder."""
    for seed, protocol in zip(range(40, 40 + simulated), itertools.cycle(("film-200", "film-100", "digital-070"))):
        yield f"simulated {protocol} {seed}", breast.mammogram(seed, protocol).projection
    if folder is None:
        return
    found = sorted([*folder.glob("mias/*.png")])[::every]
    for file in [*found, *sorted(folder.glob("ffdm/*.[pj][np]g")), *sorted(folder.glob("fullfield/*.dcm"))]:
        mm = ASSUMED_MM.get(file.stem, ASSUMED_MM["mias"])
        (image,) = read.study(file, spacing_mm=mm).images
        assert isinstance(image, Projection)
        yield file.stem, image


def groups(projection: Projection) -> tuple[Group, ...]:
    """Every listed group."""
    located = locate.breast_map(projection)
    return () if located is None else detect.look_breast(projection, located.regions, located.mm).groups


def mirrored(film: Projection) -> tuple[Projection, Back]:
    """Left and right changed."""
    width = film.pixels.shape[1]
    return _with(film, film.pixels[:, ::-1]), lambda b: (b[0], width - b[3], b[2], width - b[1])


def upside_down(film: Projection) -> tuple[Projection, Back]:
    """Top and bottom changed."""
    height = film.pixels.shape[0]
    return _with(film, film.pixels[::-1]), lambda b: (height - b[2], b[1], height - b[0], b[3])


def inverted(film: Projection) -> tuple[Projection, Back]:
    """Stored with white air, and read back."""
    top = (1 << max(8, int(film.pixels.max()).bit_length())) - 1
    if film.kind != "picture":
        return _read_back(film, top - film.pixels, "MONOCHROME1", "INVERSE", "window"), _same
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "film.png"
        stored = (top - film.pixels).astype(np.uint8 if top == 255 else np.uint16)
        Image.fromarray(stored).save(file)
        (image,) = read.study(file, spacing_mm=_mm(film)).images
    assert isinstance(image, Projection)
    return image, _same


def other_bits(film: Projection) -> tuple[Projection, Back]:
    """8 bits of more, or 12 of 8."""
    top = max(8, int(film.pixels.max()).bit_length())
    return _with(film, film.pixels >> (top - 8) if top > 8 else film.pixels.astype(np.uint16) << 4), _same


def halved(film: Projection) -> tuple[Projection, Back]:
    """Means of two by two pixels."""
    rows, columns = (n // 2 for n in film.pixels.shape)
    whole = film.pixels[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    made = _with(film, np.rint(whole.mean(axis=(1, 3))).astype(film.pixels.dtype))
    mm = None if film.pixel_mm is None else (2 * film.pixel_mm[0], 2 * film.pixel_mm[1])
    return replace(made, pixel_mm=mm), lambda b: (2 * b[0], 2 * b[1], 2 * b[2], 2 * b[3])


COPIES = (mirrored, upside_down, inverted, other_bits, halved)


def _same(box: Box) -> Box:
    return box


def _mm(film: Projection) -> float:
    assert film.pixel_mm is not None
    return float(film.pixel_mm[0])


def _with(film: Projection, pixels: NDArray[Any]) -> Projection:
    padded = None if film.padded is None or film.padded.shape != pixels.shape else film.padded
    return replace(film, pixels=np.ascontiguousarray(pixels), padded=padded)


def _read_back(film: Projection, stored: NDArray[Any], photometric: str, shape: str, voi: str) -> Projection:
    """The film as a DICOM mammogram with this head, read."""
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.sequence import Sequence
    from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian

    ds = FileDataset("", Dataset(), preamble=b"\0" * 128, file_meta=FileMetaDataset())
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3.1", "1.2.3.2", "1.2.3.3"
    ds.PatientID, ds.Modality, ds.BodyPartExamined = "P1", "MG", "BREAST"
    ds.PresentationIntentType, ds.PresentationLUTShape = "FOR PRESENTATION", shape
    ds.ViewPosition, ds.ImagerPixelSpacing = film.view or "MLO", [f"{_mm(film):g}"] * 2
    ds.EstimatedRadiographicMagnificationFactor = "1"
    bits = max(8, int(stored.max()).bit_length(), int(film.pixels.max()).bit_length())
    if voi == "window":
        ds.WindowCenter, ds.WindowWidth = 1 << (bits - 1), 1 << bits
    else:
        item = Dataset()
        item.add_new(0x00283002, "US", [1 << bits, 0, bits])
        item.add_new(0x00283006, "OW", np.arange(1 << bits, dtype="<u2").tobytes())
        ds.VOILUTSequence = Sequence([item])
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, bits, bits - 1, 0
    ds.Rows, ds.Columns = stored.shape
    ds.PixelData = np.ascontiguousarray(stored, "<u2").tobytes()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    (image,) = read.study([ds]).images
    assert isinstance(image, Projection)
    return image


def heads(film: Projection) -> tuple[int, int, int]:
    """Of sixteen ways to write the film: those read back with equal pixels, honest ones among them, honest ones."""
    bits = max(8, int(film.pixels.max()).bit_length())
    equal = honest_equal = honest = 0
    for photometric, shape, voi, falling in itertools.product("12", ("IDENTITY", "INVERSE"), "wt", (False, True)):
        stored = (1 << bits) - 1 - film.pixels if falling else film.pixels
        words = f"MONOCHROME{photometric}", shape, "window" if voi == "w" else "table"
        same = np.array_equal(_read_back(film, stored, *words).pixels, film.pixels)
        true = (photometric == "1") == (shape == "INVERSE") == falling
        equal, honest, honest_equal = equal + same, honest + true, honest_equal + (same and true)
    return equal, honest_equal, honest


def box_of(group: Group) -> Box:
    """First and last row and column of a group."""
    (_, r0, c0), (_, r1, c1) = group.bounds_index
    return float(r0), float(c0), float(r1), float(c1)


def apart_mm(a: Box, b: Box, mm: float) -> float:
    """Between the middles of two boxes; nothing where they overlap by half."""
    sides = [max(0.0, min(a[k + 2], b[k + 2]) - max(a[k], b[k])) for k in (0, 1)]
    areas = [(one[2] - one[0]) * (one[3] - one[1]) for one in (a, b)]
    inner = sides[0] * sides[1]
    if inner >= 0.5 * (sum(areas) - inner):
        return 0.0
    return float(np.hypot((a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2)) * mm


def compare(name: str, first: tuple[Group, ...], copy: tuple[Group, ...], back: Back, mm: float, tally: Tally) -> None:
    """Add one film to the tally."""
    there = [(back(box_of(one)), one) for one in copy]
    kept, listed_kept, used = 0, 0, set()
    for one in first:
        far = sorted((apart_mm(box_of(one), box, mm), n) for n, (box, _) in enumerate(there))
        near = [(d, n) for d, n in far if d <= NEAR_MM]
        listed_kept += bool(near)
        again = [(d, n) for d, n in near if there[n][1].reported]
        if one.reported and again:
            kept += 1
            used.add(again[0][1])
            tally.moved_mm = max(tally.moved_mm, again[0][0])
            tally.surer = max(tally.surer, abs(there[again[0][1]][1].confidence - one.confidence))
    number = sum(one.reported for one in first)
    new = sum(one.reported for one in copy) - len(used)
    tally.films += 1
    tally.same += kept == number and new == 0
    tally.groups, tally.kept, tally.new = tally.groups + number, tally.kept + kept, tally.new + new
    tally.listed, tally.listed_kept = tally.listed + len(first), tally.listed_kept + listed_kept
    if kept != number or new:
        tally.changed.append(f"{name}: {number} reported, {kept} kept, {new} new")


def main() -> None:
    """Print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only every n-th film of mias")
    parser.add_argument("--simulated", type=int, default=6)
    parser.add_argument("--no-heads", action="store_true")
    parser.add_argument("--list", action="store_true", help="name the films whose groups changed")
    arguments = parser.parse_args()
    tallies = {(kind, copy.__name__): Tally() for kind in ("simulated", "real") for copy in COPIES}
    read_back: dict[str, list[tuple[int, int, int]]] = {"simulated": [], "real": []}
    for name, film in films(arguments.data, arguments.every, arguments.simulated):
        kind = "simulated" if name.startswith("simulated") else "real"
        first = groups(film)
        for copy in COPIES:
            changed, back = copy(film)
            compare(name, first, groups(changed), back, _mm(film), tallies[kind, copy.__name__])
        if not arguments.no_heads:
            read_back[kind].append(heads(film))
    print("| films | copy | films the same | reported groups kept | new | listed kept | moved mm | confidence by |")
    print("|---|---|---|---|---|---|---|---|")
    for (kind, name), one in tallies.items():
        if one.films:
            print(
                f"| {kind} | {name.replace('_', ' ')} | {one.same} of {one.films} "
                f"| {one.kept} of {one.groups} | {one.new} "
                f"| {one.listed_kept} of {one.listed} | {one.moved_mm:.1f} | {one.surer:.3f} |"
            )
    for kind, counts in read_back.items():
        if counts:
            equal, honest, of = (sum(c[n] for c in counts) for n in range(3))
            print(f"\n{kind}: {equal} of {16 * len(counts)} written films read back with equal pixels; ")
            print(f"of those whose head does not contradict itself {honest} of {of}.")
    if arguments.list:
        for (kind, name), one in tallies.items():
            for line in one.changed:
                print(f"* {kind}, {name.replace('_', ' ')}: {line}")


if __name__ == "__main__":
    main()
