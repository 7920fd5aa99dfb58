"""The reading corpus row by row: what a good reader should do with each file, within 5 s and 1 GB."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.valuerep import PersonName

from calcimetry import read
from calcimetry.core.errors import AmbiguousInputError, CalcimetryError, InputError
from calcimetry.read.header import text
from calcimetry.read.index import index

pytestmark = pytest.mark.shared_data

GE_SLICE = "637c4c5b"  # the HU of syntax/implicit_le.dcm, whatever the coding
RLE_SLICE = "a109da37"
SMALL = "ddd13702"
BLOCK = "0dbbd0b1"

# file: what comes out: HU by the first 8 digits of their MD5 (None: not pinned), codes that must be noted
READ: dict[str, tuple[str | None, set[str]]] = {
    "syntax/ts_1_2_2.dcm": (GE_SLICE, {"single-slice"}),
    "syntax/ts_1_2_1_99.dcm": (GE_SLICE, {"single-slice"}),
    "syntax/ts_1_2_4_90.dcm": (GE_SLICE, {"single-slice"}),
    "syntax/ts_1_2_4_80.dcm": (GE_SLICE, {"single-slice"}),
    "syntax/ts_1_2_4_70.dcm": (GE_SLICE, {"single-slice"}),
    "syntax/ts_1_2_4_57.dcm": (GE_SLICE, {"single-slice"}),
    "syntax/implicit_le.dcm": (GE_SLICE, {"single-slice"}),
    "syntax/ts_1_2_5.dcm": (GE_SLICE, {"single-slice"}),
    "syntax/ts_1_2_4_91.dcm": (None, {"lossy"}),
    "syntax/ts_1_2_4_81.dcm": (None, {"lossy"}),
    "syntax/ts_1_2_4_51.dcm": (None, {"lossy"}),
    "syntax/ts_1_2_4_50.dcm": (None, {"lossy-8-bit"}),
    "syntax/ct_fragmented_no_bot_51.dcm": ("f6bfb85a", {"lossy", "hu-unknown", "contrast-named"}),
    "syntax/ct1_rle_frags.dcm": (RLE_SLICE, {"contrast-named"}),
    "syntax/ct1_ge_private_be.dcm": (RLE_SLICE, {"contrast-named"}),
    "syntax/signed_jpeg57.dcm": (None, {"hu-implausible"}),
    "enhanced/ect_supplemental.dcm": (None, {"hu-unknown", "contrast-named"}),
    "geometry/spine_gantry_tilt_5_5.dcm": (None, {"single-slice"}),
    "geometry/derived_axial_652x568.dcm": (None, {"single-slice", "derived"}),
    "geometry/gantry_tilt_siemens": (None, {"hu-implausible", "sheared-stack"}),
    "geometry/uneven_step_ge": (None, {"hu-implausible"}),
    "odd/CT_small.dcm": (SMALL, {"single-slice"}),
    "odd/J2K_pixelrep_mismatch.dcm": ("10d11444", set()),
    "odd/pancreas_vr_un_j2k.dcm": ("815b5ad5", {"kvp-missing"}),
    "odd/neck_bad_sequence.dcm": (None, set()),
    "made/series_ok": (BLOCK, set()),
    "made/series_gap": (None, {"missing-slices"}),
    "made/series_dup_uid": (BLOCK, {"duplicate-uid"}),
    "made/series_dup_position": (BLOCK, {"duplicate-position"}),
    "made/series_with_localizer": (BLOCK, set()),
    "made/series_mixed_rescale": (None, {"mixed-rescale"}),
    "made/series_order_lies": (BLOCK, set()),
    "made/series_mixed_spacing": (None, {"mixed-pixel-spacing"}),
    "made/no_pixel_spacing_ct.dcm": (SMALL, {"spacing-unknown"}),
    "made/zero_spacing.dcm": (SMALL, {"spacing-unknown"}),
    "made/no_rescale.dcm": (None, {"hu-unknown"}),
    "made/hostile_text.dcm": (SMALL, set()),
    "made/preamble_mz.dcm": (SMALL, set()),
    "made/zip_slip.zip": (SMALL, set()),
}

# file: words of the one sentence that says why it is not used
REFUSED: dict[str, str] = {
    "syntax/ts_1_2_4_55.dcm": "process 10 and 12",
    "syntax/ts_1_2_4_53.dcm": "process 6 and 8",
    "syntax/htj2k_rgb.dcm": "not CT",
    "geometry/philips_surview_localizer.dcm": "localizer",
    "geometry/us_no_pixel_spacing.dcm": "modality US",
    "odd/no_meta.dcm": "not a DICOM file",
    "odd/meta_missing_tsyntax.dcm": "no transfer syntax",
    "odd/MR_truncated.dcm": "modality MR",
    "odd/rtplan_truncated.dcm": "runs behind the end",
    "odd/badVR.dcm": "radiotherapy dose",
    "odd/image_dfl.dcm": "modality OT",
    "odd/MR_small_bigendian.dcm": "modality MR",
    "odd/examples_overlay.dcm": "modality MR",
    "odd/JPEG2000-embedded-sequence-delimiter.dcm": "modality NM",
    "odd/empty_charset_LEI.dcm": "not CT",
    "odd/nested_priv_SQ.dcm": "not CT",
    "odd/UN_sequence.dcm": "not CT",
    "odd/liver_1frame.dcm": "segmentation",
    "odd/test-SR.dcm": "modality SR",
    "odd/reportsi.dcm": "modality SR",
    "odd/rtstruct.dcm": "structure set",
    "odd/rtdose.dcm": "radiotherapy dose",
    "odd/no_pixeldata_dose_report.dcm": "without pixel data",
    "charset/chrKoreanMulti.dcm": "modality CR",
    "charset/chrJapMulti.dcm": "modality CR",
    "charset/chrRuss.dcm": "modality OT",
    "charset/chrArab.dcm": "modality OT",
    "charset/chrGB2312.dcm": "modality OT",
    "made/rows_60000.dcm": "60000 rows",
    "made/frames_2e9.dcm": "2000000000",
    "made/truncated_half.dcm": "13303 bytes",
    "made/empty.dcm": "empty file",
    "made/pdf_named_dcm.dcm": "not a DICOM file",
    "made/only_preamble.dcm": "no transfer syntax",
    "made/deflate_bomb_300MB.dcm": "deflated",
    "made/deep_nesting_1200.dcm": "nested too deep",
    "made/zip_bomb_200MB.zip": "at most 200 times",
    "dicomdir/DICOMDIR-empty.dcm": "names no files",
}


def _md5(pixels: np.ndarray) -> str:
    return hashlib.md5(pixels.astype(np.int32).tobytes()).hexdigest()[:8]


@pytest.mark.parametrize("name", READ)
def test_read_with_its_notes(corpus: Path, name: str) -> None:
    start = time.process_time()
    study = read.study(corpus / name)
    assert time.process_time() - start < 5
    md5, codes = READ[name]
    for image in study.images:
        assert codes <= {n.code for n in image.notes}
    if md5 is not None:
        assert _md5(study.images[0].pixels) == md5


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_sentence(corpus: Path, name: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError, match=REFUSED[name]) as caught:
        read.study(corpus / name)
    assert time.process_time() - start < 5
    assert "\n" not in str(caught.value)
    assert Path(name).name in str(caught.value) or "series" in str(caught.value)


def test_every_file_of_the_corpus_has_a_row(corpus: Path) -> None:
    rows = set(READ) | set(REFUSED)
    files = {str(p.relative_to(corpus)) for p in corpus.rglob("*") if p.is_file()}
    without = {f for f in files if f not in rows and str(Path(f).parent) not in rows and not f.startswith("dicomdir/")}
    assert without == set()


def test_all_of_it_in_one_gigabyte(corpus: Path) -> None:
    script = (
        "import json, sys\n"
        "from calcimetry import read\nfrom calcimetry.core.errors import CalcimetryError\n"
        "for name in json.loads(sys.argv[2]):\n"
        "    try: read.study(f'{sys.argv[1]}/{name}')\n"
        "    except CalcimetryError: pass\n"
        # Peak of this program's own memory: ru_maxrss would begin with that of the process that started it.
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    names = json.dumps([*READ, *REFUSED])
    done = subprocess.run(
        [sys.executable, "-c", script, str(corpus), names], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 1_000_000  # kilobytes
    assert done.stderr == ""


def test_two_parts_where_the_spacing_changes_or_slices_miss(corpus: Path) -> None:
    gap = read.study(corpus / "made/series_gap").images
    assert [len(v.pixels) for v in gap] == [5, 2]
    text = next(n.text for n in gap[0].notes if n.code == "missing-slices")
    assert "found a step of 10.00 mm, expected 5.00 mm" in text
    assert "1 slice missing between z=-55.70 mm and z=-45.70 mm" in text
    mixed = read.study(corpus / "made/series_mixed_spacing").images
    assert [v.geometry.spacing_mm[1] for v in mixed] == pytest.approx([0.661468, 0.9])


def test_the_block_is_48_voxels_of_600_hu(corpus: Path) -> None:
    image = read.study(corpus / "made/series_ok").images[0]
    assert np.argwhere(image.pixels == 600)[:, 0].tolist().count(2) >= 16
    assert (image.pixels[2:5, 46:50, 12:16] == 600).all()


def test_mixed_rescale_is_read_slice_by_slice(corpus: Path) -> None:
    mixed, plain = (read.study(corpus / f"made/{n}").images[0].pixels for n in ("series_mixed_rescale", "series_ok"))
    differences = {int(d) for d in np.unique(mixed.astype(int) - plain)}
    assert differences == {0, 1024}


def test_enhanced_geometry_comes_from_the_functional_groups(corpus: Path) -> None:
    image = read.study(corpus / "enhanced/ect_supplemental.dcm").images[0]
    ds = dcmread(corpus / "enhanced/ect_supplemental.dcm")
    groups = ds.PerFrameFunctionalGroupsSequence
    places = sorted(float(g.PlanePositionSequence[0].ImagePositionPatient[2]) for g in groups)
    assert image.geometry.to_lps_mm([[0, 0, 0], [1, 0, 0]])[:, 2].tolist() == pytest.approx(places)
    assert not image.acquisition.hu


@pytest.mark.parametrize("name", ["KoreanMulti", "JapMulti", "Russ", "Arab", "GB2312"])
def test_names_of_other_scripts_are_read_unharmed(corpus: Path, name: str) -> None:
    ds = dcmread(corpus / f"charset/chr{name}.dcm")
    raw = dcmread(corpus / f"charset/chr{name}.dcm").get_item("PatientName").value
    charset = ds.SpecificCharacterSet
    coded = charset.encode() if isinstance(charset, str) else "\\".join(charset).encode()
    value = raw.original_string if isinstance(raw, PersonName) else raw
    read_name = text(value, coded) or ""
    assert read_name.rstrip("=") == re.sub(r"\x1b[ -/]+[0-~]", "", str(ds.PatientName))
    assert read_name.isprintable()
    assert "\ufffd" not in read_name


@pytest.mark.parametrize("name", ["DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-implicit", "DICOMDIR-nooffset",
                                  "DICOMDIR-nopatient", "DICOMDIR-reordered"])  # fmt: skip
def test_dicomdir_gives_what_the_folder_gives(corpus: Path, name: str) -> None:
    folder, record = index(corpus / "dicomdir"), index(corpus / f"dicomdir/{name}")
    assert {s.sop_uid for s in record.slices} == {s.sop_uid for s in folder.slices}
    assert len(record.slices) == 11  # two of them localizers
    missing = [s for s in record.skipped if "missing" in s.reason]
    assert missing
    assert all("98892003" in s.what for s in missing if "->" in s.what)
    with pytest.raises(AmbiguousInputError) as caught:
        read.study(corpus / f"dicomdir/{name}")
    assert len(caught.value.choices) == 2
    for choice in caught.value.choices:
        uid = choice.split(" ")[0]
        a, b = (read.study(corpus / f"dicomdir/{n}", study_uid=uid) for n in (name, "."))
        assert len(a.images) == len(b.images)
        for mine, other in zip(a.images, b.images, strict=True):
            np.testing.assert_array_equal(mine.pixels, other.pixels)


def test_nothing_of_a_hostile_zip_is_written(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(p.name for p in corpus.parent.rglob("*"))
    study = read.study(corpus / "made/zip_slip.zip")
    assert [s.reason for s in study.skipped] == ["its path leads out of the archive"] * 2
    assert list(tmp_path.iterdir()) == []
    assert sorted(p.name for p in corpus.parent.rglob("*")) == before


CUT = [n for n in READ if n.endswith(".dcm")]


def _cut(source: bytes, at: int, path: Path) -> str | None:
    """The MD5 of the HU of the first ``at`` bytes, or None where they are refused."""
    path.write_bytes(source[:at])
    try:
        return hashlib.md5(read.study(path, jobs=1).images[0].pixels.tobytes()).hexdigest()
    except CalcimetryError:
        return None


def _check_cuts(corpus: Path, name: str, tmp_path: Path, points: int) -> None:
    whole = (corpus / name).read_bytes()
    right = _cut(whole, len(whole), tmp_path / "whole.dcm")
    rng = np.random.default_rng(5)
    spread = rng.integers(0, len(whole), points)
    ends = len(whole) - rng.integers(1, min(400, len(whole)), points // 2)
    for at in sorted({int(a) for a in (*spread, *ends)}):
        start = time.process_time()
        found = _cut(whole, at, tmp_path / "cut.dcm")
        assert found in (None, right), f"{name} cut at {at} of {len(whole)} gives other voxels"
        assert time.process_time() - start < 5


@pytest.mark.parametrize("name", CUT)
def test_a_file_cut_anywhere_gives_an_error_or_the_same_voxels(corpus: Path, name: str, tmp_path: Path) -> None:
    _check_cuts(corpus, name, tmp_path, 12)


@pytest.mark.heavy
@pytest.mark.parametrize("name", CUT)
def test_cut_at_very_many_bytes(corpus: Path, name: str, tmp_path: Path) -> None:
    _check_cuts(corpus, name, tmp_path, 1000)
