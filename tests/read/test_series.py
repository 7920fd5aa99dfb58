"""Which images are used, in words; and what their headers make a reader think of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from calcimetry import read
from calcimetry.core.errors import InputError
from calcimetry.knowledge.load import table
from calcimetry.read.checks import kernel_character, rules


def codes(image: object) -> set[str]:
    return {n.code for n in image.notes}  # type: ignore[attr-defined]


# what the second series of the same part is, and which of the two is used for which reason
RIVALS: list[tuple[dict[str, object], int, str]] = [
    ({"ConvolutionKernel": "B70f"}, 2, "its kernel is soft"),
    ({"ConvolutionKernel": "B20f", "SliceThickness": 5}, 2, "its slice thickness is nearest to 3 mm"),
    ({"ContrastBolusAgent": "IOMERON"}, 2, "its header names no contrast medium"),
    ({"SeriesDescription": "ECG gated"}, 3, "it is ECG-gated"),
    ({"LossyImageCompression": "01"}, 2, "it was not compressed with loss"),
    ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}, 2, "it is an original reconstruction"),
    ({"RescaleType": "US"}, 2, "its values are HU"),
    ({}, 2, "it has the lower series number"),
]


@pytest.mark.parametrize("changed, used, why", RIVALS)
def test_best_of_two_reconstructions(
    make: Callable[..., Path], changed: dict[str, object], used: int, why: str
) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.ContrastBolusAgent = ""
        if n >= 5:
            ds.SeriesInstanceUID, ds.SeriesNumber = "1.2.3.9", 3
            ds.ImagePositionPatient = [-10, -20, -30 + 3 * (n - 5)]
            for name, value in changed.items():
                setattr(ds, name, value)

    folder = make(10, change)
    choice = read.choose(read.index(folder))
    assert [c.acquisition.series_number for c in choice.used] == [used]
    assert len(choice.not_used) == 1
    assert why in choice.not_used[0].reason
    assert why in choice.used[0].reasons[0]
    assert choice.used[0].files == 5


def test_other_parts_of_the_body_are_used_too(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        if n >= 5:
            ds.SeriesInstanceUID, ds.SeriesNumber = "1.2.3.9", 3
            ds.ImagePositionPatient = [-10, -20, 300 + 3 * n]

    study = read.study(make(10, change))
    assert [(v.id, v.acquisition.series_number) for v in study.images] == [("i1", 2), ("i2", 3)]
    assert study.skipped == ()


@pytest.mark.parametrize("word", ["MIP", "VRT", "SCREEN SAVE", "LOCALIZER"])
def test_renderings_are_never_measured(make: Callable[..., Path], word: str) -> None:
    with pytest.raises(InputError, match="series 2"):
        read.study(make(4, lambda ds, n: setattr(ds, "ImageType", ["DERIVED", "PRIMARY", word])))


# a header -> the codes that must and must not be noted
HEADERS: list[tuple[dict[str, object], str, bool]] = [
    ({"KVP": None}, "kvp-missing", True),
    ({"KVP": 0}, "kvp-missing", True),
    ({}, "kvp-missing", False),
    ({"SliceThickness": 1}, "thickness-not-3mm", True),
    ({"SliceThickness": 2.5}, "thickness-not-3mm", False),
    ({"SliceThickness": 5}, "thickness-above-3mm", True),
    ({"SliceThickness": 7}, "thickness-above-5mm", True),
    ({"SliceThickness": None}, "thickness-missing", True),
    ({"SliceThickness": 3}, "thickness-not-increment", False),
    ({"SliceThickness": 5}, "thickness-not-increment", True),
    ({"ConvolutionKernel": "BONE"}, "kernel-sharp", True),
    ({"ConvolutionKernel": "whatever"}, "kernel-unknown", True),
    ({"ContrastBolusAgent": "IOMERON"}, "contrast-named", True),
    ({"ContrastBolusAgent": ""}, "contrast-named", False),
    ({}, "gating-unknown", True),
    ({"HeartRate": 62}, "gating-unknown", False),
    ({"RescaleSlope": None}, "hu-unknown", True),
    ({"RescaleSlope": 0}, "hu-unknown", True),
    ({"RescaleType": "US"}, "hu-unknown", True),
    ({"RescaleIntercept": -8000}, "hu-implausible", True),
    ({"PixelSpacing": None}, "spacing-unknown", True),
    ({"PixelSpacing": [0, 0]}, "spacing-unknown", True),
    ({"PixelSpacing": [-1, 1]}, "spacing-unknown", True),
]


@pytest.mark.parametrize("header, code, noted", HEADERS)
def test_header_checks(make: Callable[..., Path], header: dict[str, object], code: str, noted: bool) -> None:
    def change(ds: Dataset, n: int) -> None:
        for name, value in header.items():
            if value is None:
                delattr(ds, name)
            else:
                setattr(ds, name, value)

    image = read.study(make(4, change)).images[0]
    assert (code in codes(image)) is noted


@pytest.mark.parametrize(
    "header, expected",
    [
        ({"CardiacSynchronizationTechnique": "PROSPECTIVE"}, True),
        ({"CardiacSynchronizationTechnique": "NONE"}, False),
        ({"HeartRate": 62}, True),
        ({"ScanOptions": ["TP70PC0901", "OSCRATEAVG066BPM"]}, True),
        ({"ScanOptions": "HELICAL MODE"}, None),
        ({"SeriesDescription": "SmartScore - Gated 0.5 sec"}, True),
        ({"SeriesDescription": "Chest non-gated"}, False),
        ({"ProtocolName": "Calcium Score (Volume)"}, None),
        ({"SeriesDescription": "navigated"}, None),
        ({}, None),
    ],
)
def test_gating(make: Callable[..., Path], header: dict[str, object], expected: bool | None) -> None:
    def change(ds: Dataset, n: int) -> None:
        for name, value in header.items():
            setattr(ds, name, value)

    assert read.study(make(3, change)).images[0].acquisition.gated is expected


def test_contrast_absent_empty_and_named_differ(make: Callable[..., Path]) -> None:
    absent = read.study(make(3, name="a")).images[0].acquisition.contrast_header
    empty = read.study(make(3, lambda ds, n: setattr(ds, "ContrastBolusAgent", ""), name="b")).images[0].acquisition
    assert (absent, empty.contrast_header) == (None, "")


def test_padding(make: Callable[..., Path]) -> None:
    def named(ds: Dataset, n: int) -> None:
        ds.RescaleIntercept, ds.PixelPaddingValue, ds.PixelRepresentation, ds.BitsStored, ds.HighBit = (
            -1000,
            -2000,
            1,
            16,
            15,
        )
        values = bytearray(ds.PixelData)
        values[:96] = b"\x30\xf8" * 48  # -2000
        ds.PixelData = bytes(values)

    assert read.study(make(3, named, name="a")).images[0].padding_hu == -3000

    def unnamed(ds: Dataset, n: int) -> None:
        named(ds, n)
        del ds.PixelPaddingValue

    assert read.study(make(3, unnamed, name="b")).images[0].padding_hu == -3000
    assert read.study(make(3, name="c")).images[0].padding_hu is None


@pytest.mark.parametrize(
    "kernel, character",
    [
        ("STANDARD", "soft"), ("SOFT", "soft"), ("B30f", "soft"), ("B19f", "soft"), ("I30f\\3", "soft"),
        ("Br36d", "soft"),
        ("Qr36f", "soft"), ("FC12", "soft"), ("FC03", "soft"), ("B", "soft"), ("C", "soft"), ("STD+", "soft"),
        ("BONE", "sharp"), ("LUNG", "sharp"), ("B50f", "sharp"), ("B70f", "sharp"), ("Br64", "sharp"),
        ("FC51", "sharp"),
        ("D", "sharp"), ("YB", "sharp"), ("", "unknown"), (None, "unknown"), ("nonsense", "unknown"),
    ],
)  # fmt: skip
def test_kernels(kernel: str | None, character: str) -> None:
    assert kernel_character(kernel) == character


def test_the_table_is_whole() -> None:
    assert {"refuse", "prefer", "kernel", "gating", "thickness", "range", "not_hu", "same_part"} <= set(rules())
    for row in rules()["prefer"]:
        assert row["words"]
        assert {"order", "nearest", "largest", "smallest"} & set(row)


def test_every_note_of_this_stage_has_its_row() -> None:
    import re

    import calcimetry.read

    known = {row["code"] for row in table("checks/notes")["note"]}
    source = "".join(p.read_text() for p in Path(calcimetry.read.study.__code__.co_filename).parent.glob("*.py"))
    used = set(re.findall(r'Note\(\s*"([a-z0-9-]+)"', source))
    assert len(used) > 25
    assert used <= known
