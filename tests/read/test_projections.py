"""Mammograms and radiographs: which way up, how large, which view, whose; every way of writing the same film."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from calcimetry import read
from calcimetry.core.errors import AmbiguousInputError, InputError
from calcimetry.core.image import Projection

ROWS, COLUMNS = 96, 72


def film(bits: int = 12) -> np.ndarray:
    """A half disc of tissue with three specks on dark air: brighter is denser."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    top = (1 << bits) - 1
    inside = ((y - 48) / 40) ** 2 + (x / 50) ** 2 < 1
    out = np.where(inside, 0.35 + 0.2 * np.sin(x / 9) * np.cos(y / 7), 0.02)
    out[40, 20], out[44, 24], out[50, 22] = 0.9, 0.85, 0.95
    return np.rint(out * top).astype(np.uint16)


def mammogram(change: Callable[[Dataset], None] | None = None, pixels: np.ndarray | None = None) -> FileDataset:
    """One mammogram of nobody."""
    ds = FileDataset("", Dataset(), preamble=b"\0" * 128, file_meta=FileMetaDataset())
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.SOPInstanceUID = "1.2.3.9.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3.9", "1.2.3.9.2"
    ds.PatientID, ds.PatientName, ds.PatientSex = "P1", "Nobody^At All", "F"
    ds.Modality, ds.StudyDate, ds.BodyPartExamined = "MG", "20260102", "BREAST"
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageLaterality, ds.ViewPosition, ds.PatientOrientation = "L", "CC", ["A", "R"]
    ds.ImagerPixelSpacing, ds.EstimatedRadiographicMagnificationFactor = [0.1, 0.1], 1.05
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    stored = film() if pixels is None else pixels
    ds.Rows, ds.Columns = stored.shape[-2:]
    if stored.ndim == 3:
        ds.NumberOfFrames = len(stored)
    ds.PixelData = stored.tobytes()
    if change is not None:
        change(ds)
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    return ds


def one(
    change: Callable[[Dataset], None] | None = None, pixels: np.ndarray | None = None, **choices: Any
) -> Projection:
    study = read.study([mammogram(change, pixels)], **choices)
    (image,) = study.images
    assert isinstance(image, Projection)
    return image


def lut(first: int, entries: list[int], bits: int = 12) -> Sequence:
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries), first, bits])
    if len(entries) % 2:
        item.add_new(0x00283006, "US", entries)
    else:
        item.add_new(0x00283006, "OW", np.array(entries, "<u2").tobytes())
    return Sequence([item])


def codes(image: Projection) -> set[str]:
    return {n.code for n in image.notes}


@pytest.mark.parametrize(("photometric", "shape", "voi"), list(product(("1", "2"), ("IDENTITY", "INVERSE"), "wl")))
@pytest.mark.parametrize("stored_inverse", [False, True])
def test_every_combination_of_luts_gives_the_same_film(
    photometric: str, shape: str, voi: str, stored_inverse: bool
) -> None:
    """Eight headers, each on a film whose stored values rise or fall with density."""

    def change(ds: Dataset) -> None:
        ds.PhotometricInterpretation = f"MONOCHROME{photometric}"
        ds.PresentationLUTShape = shape
        if voi == "w":
            ds.WindowCenter, ds.WindowWidth = 2048, 4096
        else:
            ds.VOILUTSequence = lut(0, list(range(4096)))

    image = one(change, 4095 - film() if stored_inverse else film())
    assert np.array_equal(image.pixels, film())
    honest = (photometric == "1") == (shape == "INVERSE") == stored_inverse
    assert ("grey-direction" in codes(image)) != honest


def test_a_falling_table_turns_the_film() -> None:
    def change(ds: Dataset) -> None:
        ds.VOILUTSequence = lut(0, list(range(4095, -1, -1)))

    image = one(change, 4095 - film())
    assert np.array_equal(image.pixels, film())
    assert image.display is not None
    assert image.display.table is not None
    assert bool((np.diff(image.display.table) >= 0).all())


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_a_window_follows_the_turn(function: str) -> None:
    from calcimetry.imaging.voi import window

    def change(ds: Dataset, inverse: bool = False) -> None:
        ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = 1200, 1500, function
        if inverse:
            ds.PhotometricInterpretation, ds.PresentationLUTShape = "MONOCHROME1", "INVERSE"
            ds.WindowCenter = 4095 - 1200 + (1 if function == "LINEAR" else 0)

    shown = []
    for inverse, pixels in ((False, film()), (True, 4095 - film())):
        image = one(lambda ds, inverse=inverse: change(ds, inverse), pixels)
        assert image.display is not None
        shown.append(window(image.pixels, image.display.center, image.display.width, image.display.function))
    np.testing.assert_allclose(shown[0], shown[1], atol=1e-5)


def test_rescale_modality_table_and_signed_values() -> None:
    def rescale(ds: Dataset) -> None:
        ds.RescaleSlope, ds.RescaleIntercept = 2, 5

    assert np.array_equal(one(rescale).pixels, 2 * film().astype(int) + 5)

    def fraction(ds: Dataset) -> None:
        ds.RescaleSlope, ds.RescaleIntercept = 0.5, 0

    assert one(fraction).pixels.dtype == np.float32

    def mapped(ds: Dataset) -> None:
        ds.ModalityLUTSequence = lut(0, [3 * v for v in range(4096)], 16)

    assert np.array_equal(one(mapped).pixels, 3 * film().astype(int))

    def signed(ds: Dataset) -> None:
        ds.PixelRepresentation, ds.RescaleSlope, ds.RescaleIntercept = 1, 1, 2048

    assert np.array_equal(one(signed, (film().astype(int) - 2048).astype(np.int16) & 0x0FFF).pixels, film())


def test_eight_bits_and_sixteen() -> None:
    def eight(ds: Dataset) -> None:
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit = 7
        ds.PixelData = film(8).astype(np.uint8).tobytes()

    assert np.array_equal(one(eight).pixels, film(8))

    def sixteen(ds: Dataset) -> None:
        ds.BitsStored, ds.HighBit = 16, 15

    assert np.array_equal(one(sixteen, film(16)).pixels, film(16))


def test_raw_data_become_the_logarithm_of_attenuation() -> None:
    rays = np.rint(4000 * np.exp(-3 * film().astype(float) / 4095)).astype(np.uint16)

    def raw(ds: Dataset) -> None:
        ds.SOPClassUID = DigitalMammographyXRayImageStorageForProcessing
        ds.PresentationIntentType = "FOR PROCESSING"
        ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = "LIN", 1
        ds.PhotometricInterpretation = "MONOCHROME1"

    image = one(raw, rays)
    assert image.intent == "processing"
    assert "raw-projection" in codes(image)
    wanted = 1000 * 3 * film().astype(float) / 4095
    np.testing.assert_allclose(image.pixels, wanted - wanted.min(), atol=6)


def test_the_raw_image_behind_a_processed_one_is_not_used_twice() -> None:
    def raw(ds: Dataset) -> None:
        ds.SOPClassUID = DigitalMammographyXRayImageStorageForProcessing
        ds.SOPInstanceUID, ds.PresentationIntentType = "1.2.3.9.7", "FOR PROCESSING"

    def shown(ds: Dataset) -> None:
        source = Dataset()
        source.ReferencedSOPInstanceUID = "1.2.3.9.7"
        ds.SourceImageSequence = Sequence([source])

    study = read.study([mammogram(raw), mammogram(shown)])
    assert [i.intent for i in study.images if isinstance(i, Projection)] == ["presentation"]
    assert any("raw data of the exposure" in s.reason for s in study.skipped)


def test_padding_is_told_and_no_tissue() -> None:
    pixels = film()
    pixels[:, 60:] = 4090

    def padded(ds: Dataset) -> None:
        ds.PixelPaddingValue, ds.PixelPaddingRangeLimit = 4090, 4095

    image = one(padded, pixels)
    assert image.padded is not None
    assert bool(image.padded[:, 60:].all())
    assert int(image.pixels[:, 60:].max()) == int(film().min())


SPACING = [
    ({"ImagerPixelSpacing": [0.1, 0.1]}, 0.1, "detector"),
    ({"ImagerPixelSpacing": [0.1, 0.1], "EstimatedRadiographicMagnificationFactor": 2.0}, 0.05, "object"),
    (
        {"ImagerPixelSpacing": [0.1, 0.1], "DistanceSourceToDetector": 660, "DistanceSourceToPatient": 600},
        0.1 / 1.1,
        "object",
    ),
    ({"PixelSpacing": [0.08, 0.08], "PixelSpacingCalibrationType": "GEOMETRY"}, 0.08, "object"),
    ({"PixelSpacing": [0.08, 0.08], "ImagerPixelSpacing": [0.1, 0.1]}, 0.08, "object"),
    ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.1, 0.1]}, 0.1, "detector"),
    ({"PixelSpacing": [0.1, 0.1]}, 0.1, "detector"),
    ({"NominalScannedPixelSpacing": [0.05, 0.05]}, 0.05, "detector"),
    ({"ImagerPixelSpacing": [0, 0]}, None, None),
    ({"ImagerPixelSpacing": [25.4, 25.4]}, None, None),
    ({}, None, None),
]


@pytest.mark.parametrize(("fields", "mm", "plane"), SPACING)
def test_spacing_of_the_object(fields: dict[str, Any], mm: float | None, plane: str | None) -> None:
    def change(ds: Dataset) -> None:
        del ds.ImagerPixelSpacing, ds.EstimatedRadiographicMagnificationFactor
        for name, value in fields.items():
            setattr(ds, name, value)

    image = one(change)
    assert (image.pixel_mm is None) == (mm is None)
    if mm is not None and image.pixel_mm is not None:
        assert image.pixel_mm == pytest.approx((mm, mm))
    assert image.scale_plane == plane
    assert ("scale-unknown" in codes(image)) == (mm is None)
    assert ("scale-of-detector" in codes(image)) == (plane == "detector")
    said = one(change, spacing_mm=0.2)
    assert said.pixel_mm == pytest.approx((0.2, 0.2) if plane != "object" else (mm, mm))
    assert ("spacing-not-used" in codes(said)) == (plane == "object")


def view_code(code: str, *modifiers: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", "as coded"
    changed = []
    for value in modifiers:
        one_more = Dataset()
        one_more.CodeValue, one_more.CodingSchemeDesignator, one_more.CodeMeaning = value, "SCT", "as coded"
        changed.append(one_more)
    item.ViewModifierCodeSequence = Sequence(changed)
    return Sequence([item])


def test_views_by_code_and_by_word() -> None:
    def coded(ds: Dataset) -> None:
        ds.ViewCodeSequence = view_code("399368009", "399163009", "399055006", "399209000")
        ds.BreastImplantPresent, ds.PaddleDescription = "YES", "SPOT PADDLE"

    image = one(coded)
    assert (image.view, image.view_modifiers) == ("MLO", ("magnification", "spot", "implant_displaced"))
    assert (image.implant, image.paddle, image.laterality) == (True, "SPOT PADDLE", "L")
    assert (image.kind, image.orientation) == ("mammogram", ("A", "R"))
    for word, view, modifiers in [
        ("XCCL", "XCCL", ()),
        ("MLOID", "MLO", ("implant_displaced",)),
        ("MCC", "CC", ("magnification",)),
        ("ML", "ML", ()),
        ("CC MAG", "CC", ("magnification",)),
        ("AP", None, ()),
    ]:
        image = one(lambda ds, word=word: setattr(ds, "ViewPosition", word))
        assert (image.view, image.view_modifiers) == (view, modifiers)
        assert ("view-unknown" in codes(image)) == (view is None)


def test_film_in_secondary_capture_is_a_mammogram_by_body_part() -> None:
    def capture(ds: Dataset) -> None:
        ds.SOPClassUID, ds.Modality, ds.ViewPosition = SecondaryCaptureImageStorage, "RG", "MLO"
        del ds.ImageLaterality
        ds.Laterality = "R"

    image = one(capture)
    assert (image.kind, image.view, image.laterality) == ("mammogram", "MLO", "R")


def test_a_radiograph_is_one_and_its_header_says_which_way_is_up() -> None:
    def hip(ds: Dataset) -> None:
        ds.SOPClassUID, ds.Modality, ds.BodyPartExamined = DigitalXRayImageStorageForPresentation, "DX", "HIP"
        del ds.ViewPosition

    image = one(hip, 4095 - film())
    assert image.kind == "radiograph"
    assert np.array_equal(image.pixels, 4095 - film())


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, RLELossless])
def test_lossless_compression_changes_nothing(syntax: str) -> None:
    ds = mammogram()
    ds.compress(syntax)
    (image,) = read.study([ds]).images
    assert np.array_equal(image.pixels, film())
    assert "lossy-projection" not in {n.code for n in image.notes}


def test_loss_is_told() -> None:
    image = one(lambda ds: setattr(ds, "LossyImageCompression", "01"))
    assert image.acquisition.lossy
    assert "lossy-projection" in codes(image)


def test_tomosynthesis_slices_and_the_view_made_of_them() -> None:
    stack = np.stack([film(), film() // 2, film() // 3])

    def tomo(ds: Dataset) -> None:
        ds.SOPClassUID = BreastTomosynthesisImageStorage
        ds.ImageType = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"]
        shared = Dataset()
        measures = Dataset()
        measures.PixelSpacing, measures.SliceThickness = [0.09, 0.09], 1
        shared.PixelMeasuresSequence = Sequence([measures])
        anatomy = Dataset()
        anatomy.FrameLaterality = "R"
        shared.FrameAnatomySequence = Sequence([anatomy])
        ds.SharedFunctionalGroupsSequence = Sequence([shared])
        del ds.ImageLaterality
        frames = []
        for n in range(3):
            frame, place = Dataset(), Dataset()
            place.ImagePositionPatient = [0, 0, float(n)]
            frame.PlanePositionSequence = Sequence([place])
            frames.append(frame)
        ds.PerFrameFunctionalGroupsSequence = Sequence(frames)

    def synthetic(ds: Dataset) -> None:
        ds.ImageType, ds.SOPInstanceUID = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"], "1.2.3.9.5"

    study = read.study([mammogram(tomo, stack), mammogram(synthetic)])
    images = [i for i in study.images if isinstance(i, Projection)]
    assert sorted(i.kind for i in images) == ["synthetic", "tomosynthesis", "tomosynthesis", "tomosynthesis"]
    slices = [i for i in images if i.kind == "tomosynthesis"]
    assert [i.height_mm for i in slices] == [0, 1, 2]
    assert all(i.pixel_mm == (0.09, 0.09) and i.laterality == "R" for i in slices)
    assert np.array_equal(slices[2].pixels, film() // 3)
    assert any("synthetic-view" in codes(i) for i in images)


def four(tmp_path: Path, change: Callable[[Dataset, int], None] | None = None) -> Path:
    for n, (side, view) in enumerate(product("RL", ("CC", "MLO"))):
        ds = mammogram()
        ds.SOPInstanceUID, ds.ImageLaterality, ds.ViewPosition, ds.InstanceNumber = f"1.2.3.9.{n + 10}", side, view, n
        if change is not None:
            change(ds, n)
        dcmwrite(tmp_path / f"{n}.dcm", ds, enforce_file_format=True)
    return tmp_path


def test_four_views_are_one_study(tmp_path: Path) -> None:
    study = read.study(four(tmp_path))
    found = [(i.id, i.laterality, i.view) for i in study.images if isinstance(i, Projection)]
    assert found == [("i1", "R", "CC"), ("i2", "R", "MLO"), ("i3", "L", "CC"), ("i4", "L", "MLO")]
    assert study.subject.id == "P1"


def test_several_people_are_refused_without_a_name(tmp_path: Path) -> None:
    def other(ds: Dataset, n: int) -> None:
        if n == 3:
            ds.PatientID, ds.PatientName, ds.StudyInstanceUID = "P2", "Somebody^Else", "1.2.3.10"

    with pytest.raises(AmbiguousInputError) as caught:
        read.study(four(tmp_path, other))
    assert len(caught.value.choices) == 2
    assert "projections" in str(caught.value)
    assert "Somebody" not in str(caught.value)
    assert len(read.study(tmp_path, study_uid="1.2.3.9").images) == 3


def test_same_study_uid_of_two_people_is_refused(tmp_path: Path) -> None:
    def other(ds: Dataset, n: int) -> None:
        if n == 3:
            ds.PatientID, ds.PatientName = "P2", "Somebody^Else"

    with pytest.raises(AmbiguousInputError, match="shares one study UID"):
        read.study(four(tmp_path, other))


def test_the_same_object_twice_counts_once(tmp_path: Path) -> None:
    def same(ds: Dataset, n: int) -> None:
        ds.SOPInstanceUID, ds.ImageLaterality, ds.ViewPosition = "1.2.3.9.1", "L", "CC"

    assert len(read.study(four(tmp_path, same)).images) == 1


def test_colour_and_cut_pixels_are_refused_by_name() -> None:
    def cut(ds: Dataset) -> None:
        ds.PixelData = ds.PixelData[:100]

    with pytest.raises(InputError, match=r"cut off|bytes"):
        one(cut)

    def colour(ds: Dataset) -> None:
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit, ds.PixelData = 7, bytes(ROWS * COLUMNS * 3)

    with pytest.raises(InputError, match="colour"):
        one(colour)


def test_a_table_that_promises_too_much_is_refused() -> None:
    def short(ds: Dataset) -> None:
        ds.VOILUTSequence = lut(0, [0, 1, 2])
        ds.VOILUTSequence[0][0x00283002].value = [4096, 0, 12]

    with pytest.raises(InputError, match="lookup table"):
        one(short)


@pytest.mark.shared_data
def test_the_shared_film(shared_data: Path) -> None:
    (image,) = read.study(shared_data / "breast/fullfield/mg1.dcm").images
    assert isinstance(image, Projection)
    assert (image.kind, image.view, image.laterality, image.pixel_mm) == ("mammogram", "MLO", "L", None)
    assert image.pixels.shape == (4664, 3064)
    assert codes(image) == {"scale-unknown", "lossy-projection"}
    (hip,) = read.study(shared_data / "radiograph/hip_rg2.dcm").images
    assert isinstance(hip, Projection)
    assert hip.kind == "radiograph"


def test_flipped_bytes_of_a_header_end_in_pixels_or_an_error_of_ours(tmp_path: Path) -> None:
    def rich(ds: Dataset) -> None:
        ds.ViewCodeSequence = view_code("399368009", "399163009")
        ds.VOILUTSequence = lut(0, list(range(64)))
        ds.WindowCenter, ds.WindowWidth, ds.PixelPaddingValue = [2000, 100], [3000, 50], 7

    path = tmp_path / "film.dcm"
    dcmwrite(path, mammogram(rich), enforce_file_format=True)
    whole = path.read_bytes()
    head = whole.index(b"\xe0\x7f\x10\x00") + 12
    rng = np.random.default_rng(0)
    shown = refused = 0
    for n in range(150):
        bad = bytearray(whole)
        for _ in range(1 + n % 3):
            bad[int(rng.integers(132, head))] = int(rng.integers(256))
        path.write_bytes(bytes(bad))
        try:
            images = read.study(path).images
        except InputError:
            refused += 1
        else:
            assert all(image.pixels.size > 0 for image in images)
            shown += 1
    assert shown > 10
    assert refused > 10
