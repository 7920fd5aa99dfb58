from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcimetry import report
from calcimetry.core.case import Case
from calcimetry.core.errors import MissingExtraError
from calcimetry.report.rows import cell, columns, columns_text, tsv

DANGEROUS = tuple('=+-@\t\r\n"＝＋－＠')


def _rows(text):
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


@given(st.text(max_size=30) | st.sampled_from(DANGEROUS).map(lambda c: c + "1+1"))
def test_text_is_one_cell_and_no_formula(text):
    found = cell(text)
    assert not found.lstrip(" ").startswith(DANGEROUS)
    assert not any(c in found for c in "\t\r\n\0\u2028\u2029")


def test_numbers_stay_numbers():
    assert (cell(-12.5), cell(3), cell(False), cell(None)) == ("-12.5", "3", "false", "")


@pytest.mark.parametrize("name", ["lesions", "scores"])
def test_every_row_has_every_column_and_the_dictionary_knows_it(rich, name):
    text = tsv(rich, name)
    lines = text.splitlines()
    heads = lines[0].split("\t")
    assert len(set(heads)) == len(heads)
    assert all(line.count("\t") == len(heads) - 1 for line in lines)
    assert len(lines) == 1 + len(getattr(rich, name))
    described = json.loads(columns_text(rich))[f"{name}.tsv"]
    assert [row["name"] for row in described] == heads
    assert all(row["meaning"] for row in described)


def test_values_are_those_of_the_case(rich):
    rows = _rows(tsv(rich, "lesions"))
    assert float(rows[0]["volume_mm3"]) == pytest.approx(rich.lesions[0].measures["volume"].value)
    assert float(rows[0]["agatston_low95"]) == pytest.approx(rich.lesions[0].measures["agatston"].interval95[0])
    assert rows[0]["peak_hu"] == "620.0"
    assert rows[-1]["counted"] == "false"
    assert rows[0]["alternatives"] == "left_main 0.20"
    scores = _rows(tsv(rich, "scores"))
    withheld = [row for row in scores if row["status"] == "withheld"]
    assert len(withheld) == 2
    assert {row["value"] for row in withheld} == {""}
    assert json.loads(scores[0]["settings"])["min_area_mm2"] == 1.0


def test_empty_case_has_heads_only():
    assert len(tsv(Case(), "lesions").splitlines()) == 1
    assert {"volume_mm3", "agatston", "mass_mg", "area_mm2", "peak_hu", "mean_hu", "diameter_mm", "count"} <= {
        c.name for c in columns(Case(), "lesions")
    }


def test_data_frame_in_one_line(rich):
    found = report.frame(rich)
    assert found["agatston"].dtype == "float64"
    assert found.groupby("site")["agatston"].sum()["aorta_thoracic"] > 0
    scores = report.frame(rich, "scores")
    assert scores["value"].isna().sum() == 2
    assert report.frame(Case()).empty


def test_missing_pandas_is_named(monkeypatch, rich):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"calcimetry\[pandas\]"):
        report.frame(rich)
