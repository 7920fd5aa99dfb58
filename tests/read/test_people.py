"""One person, one study: by identifiers where they hold, by the images where they do not; never mixed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from calcimetry import read
from calcimetry.core.errors import AmbiguousInputError, UnknownIdError


def test_one_uid_shared_by_two_people(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        if n >= 4:
            ds.PatientID, ds.PatientName = "P2", "Other^Person"

    folder = make(9, change)
    with pytest.raises(AmbiguousInputError, match="more than one person shares one study UID") as caught:
        read.study(folder)
    ids = [c.split(" ")[0] for c in caught.value.choices]
    assert sorted(len(read.study(folder, study_uid=i).images[0].pixels) for i in ids) == [4, 5]
    with pytest.raises(AmbiguousInputError):
        read.study(folder, study_uid="1.2.3.1")


def _two_people(ds: Dataset, n: int) -> None:
    if n >= 4:
        ds.PatientID, ds.PatientName = "P2", "Other^Person"


def test_people_of_one_uid_are_chosen_by_number(make: Callable[..., Path]) -> None:
    folder = make(9, _two_people)
    with pytest.raises(AmbiguousInputError) as caught:
        read.study(folder, study_uid="1.2.3.1")
    assert caught.value.choices == (
        "1.2.3.1#1 (4 CT slices in 4 files, 2026-01-02, first series/000.dcm)",
        "1.2.3.1#2 (5 CT slices in 5 files, 2026-01-02, first series/004.dcm)",
    )
    assert "--study '1.2.3.1#1', study_uid='1.2.3.1#1'" in str(caught.value)
    for number, count, person in ((1, 4, "P1"), (2, 5, "P2")):
        study = read.study(folder, study_uid=f"1.2.3.1#{number}")
        assert (len(study.images[0].pixels), study.subject.id) == (count, person)
    with pytest.raises(UnknownIdError, match=r"1\.2\.3\.1#3"):
        read.study(folder, study_uid="1.2.3.1#3")


@pytest.mark.parametrize(
    "name, shown",
    [("other_person", "004.dcm"), ("box/P2", "004.dcm"), ("Person", "004.dcm"), ("x/visit 1", "visit 1/004.dcm")],
)
def test_a_listing_holds_no_names(make: Callable[..., Path], name: str, shown: str) -> None:
    with pytest.raises(AmbiguousInputError) as caught:
        read.study(make(9, _two_people, name=name))
    assert caught.value.choices[1].endswith(f"first {shown})")


def test_spelling_of_a_name_makes_no_second_person(make: Callable[..., Path]) -> None:
    names = ["Nobody^At All", "NOBODY^AT ALL", "Nobody^At  All^^"]
    folder = make(6, lambda ds, n: setattr(ds, "PatientName", names[n % 3]))
    assert len(read.study(folder).images[0].pixels) == 6


def test_files_without_name_belong_to_the_one_person(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        if n % 2:
            ds.PatientID = ds.PatientName = ""

    study = read.study(make(6, change))
    assert len(study.images[0].pixels) == 6
    assert study.subject.id == "P1"


def test_two_studies_are_listed_and_chosen(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        if n >= 6:
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.StudyDate = "1.2.9", "1.2.9.1", "20270101"

    folder = make(10, change)
    with pytest.raises(AmbiguousInputError, match="--study") as caught:
        read.study(folder)
    assert caught.value.choices == (
        "1.2.3.1 (6 CT slices in 6 files, 2026-01-02, first series/000.dcm)",
        "1.2.9 (4 CT slices in 4 files, 2027-01-01, first series/006.dcm)",
    )
    assert len(read.study(folder, study_uid="1.2.9").images[0].pixels) == 4
    with pytest.raises(UnknownIdError, match=r"1\.2\.9"):
        read.study(folder, study_uid="1.2.8")


def test_a_second_study_of_localizers_only_is_no_ambiguity(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        if n == 5:
            ds.StudyInstanceUID, ds.ImageType = "1.2.9", ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    assert read.study(make(6, change)).uid == "1.2.3.1"


@pytest.mark.parametrize("missing", ["absent", "own"])
def test_missing_uids(make: Callable[..., Path], missing: str) -> None:
    def change(ds: Dataset, n: int) -> None:
        if missing == "absent":
            del ds.StudyInstanceUID
            del ds.SeriesInstanceUID
        else:
            ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.7.{n}", f"1.2.8.{n}"

    study = read.study(make(8, change))
    assert [len(v.pixels) for v in study.images] == [8]
    assert study.uid is None
    assert {n.code for n in study.notes} == {"uids-missing"}


def test_own_uids_and_two_people_are_not_joined(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.7.{n}", f"1.2.8.{n}"
        ds.PatientID = "P1" if n < 5 else "P2"

    with pytest.raises(AmbiguousInputError) as caught:
        read.study(make(9, change))
    assert sorted(c.split("(")[1].split(" ")[0] for c in caught.value.choices) == ["4", "5"]


def test_own_series_uid_in_one_study(make: Callable[..., Path]) -> None:
    study = read.study(make(6, lambda ds, n: setattr(ds, "SeriesInstanceUID", f"1.2.8.{n}")))
    assert [len(v.pixels) for v in study.images] == [6]
    assert study.uid == "1.2.3.1"


@pytest.mark.parametrize(
    "age, birth, years",
    [("061Y", "", 61), ("018M", "", 1.5), ("", "19800601", 45), ("", "", None), ("x", "20300101", None)],
)
def test_age(make: Callable[..., Path], age: str, birth: str, years: float | None) -> None:
    def change(ds: Dataset, n: int) -> None:
        del ds.PatientAge
        if age.endswith(("Y", "M")):
            ds.PatientAge = age
        if birth:
            ds.PatientBirthDate = birth

    assert read.study(make(2, change)).subject.age_years == years


@pytest.mark.parametrize("sex, word", [("F", "female"), ("M", "male"), ("O", "other"), ("", None), ("X", None)])
def test_sex(make: Callable[..., Path], sex: str, word: str | None) -> None:
    assert read.study(make(2, lambda ds, n: setattr(ds, "PatientSex", sex))).subject.sex == word
