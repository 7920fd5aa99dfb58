"""One real scan of a phantom with known calcium: scores of its nine inserts, given as regions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from measure_phantoms import bodies_of
from measure_scans import cylinders, scan

from calcimetry import measure
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Score
from calcimetry.core.regions import Regions
from calcimetry.knowledge.tube_voltage import limits

pytestmark = pytest.mark.shared_data

DIAMETER_MM = {"Large": 5.0, "Medium": 3.0, "Small": 1.0}
AROUND_MM = 2.5
"""A region reaches so far past its insert: past the blur, not to the next insert."""
SLICES = slice(20, 25)
"""The inserts lie in slices 21 to 23; one more on either side."""
UNSEEN = {"Small_MD": (196.0, 269.0), "Small_LD": (239.0, 271.5)}
"""Places of the two inserts that cannot be seen: on the line of their larger sisters."""


@pytest.fixture(scope="module")
def qrm(shared_data: Path) -> Volume:
    return scan(shared_data / "ct" / "qrm_canon_phantom")


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> dict[str, object]:
    return json.loads((shared_data / "ct" / "qrm_canon_phantom" / "reference.json").read_text("utf-8"))


def inserts(volume: Volume, reference: dict[str, object]) -> Regions:
    places = {}
    for one in reference["inserts"]:  # type: ignore[attr-defined]
        if one["name"] in UNSEEN:
            row, column = UNSEEN[one["name"]]
        else:
            column, row = (float(part) for part in one["px"].split(","))
        radius_mm = DIAMETER_MM[one["name"].split("_")[0]] / 2 + AROUND_MM
        places[one["name"]] = (row, column, radius_mm / volume.geometry.spacing_mm[1])
    return cylinders(volume, places, SLICES)


def scored(
    volume: Volume, regions: Regions, rule: str, factor: float, spread: bool = False
) -> dict[tuple[str, str], Score]:
    lesions: list[Lesion] = []
    for region in regions.regions:
        wanted = (regions.labels == region.label) & (volume.pixels >= 130)
        lesions += bodies_of(wanted, len(lesions) + 1, site="unassigned", structure=region.name)
    rows = measure.scores(
        volume,
        lesions,
        regions,
        rule=measure.rule(rule),
        calibration=measure.stated(factor),
        limits=limits(120.0),
        spread=spread,
    )
    return {(row.name, row.structure): row for row in rows}


def test_default_rule_by_insert_and_in_total(qrm: Volume, reference: dict[str, object]) -> None:
    factor = float(reference["mass_factor"])  # type: ignore[arg-type]
    found = scored(qrm, inserts(qrm, reference), "agatston-1990", factor)
    for one in reference["inserts"]:  # type: ignore[attr-defined]
        assert found["agatston", one["name"]].value == pytest.approx(one["agatston"], abs=3.0), one["name"]
        assert found["volume", one["name"]].value == pytest.approx(one["volume_mm3"], abs=3.0), one["name"]
        assert found["mass", one["name"]].value == pytest.approx(one["mass_mg"], abs=0.5), one["name"]
    totals = reference["totals"]["default"]  # type: ignore[index]
    for name in ("agatston", "volume", "mass"):
        assert found[name, "total"].value == pytest.approx(totals[name], rel=0.01)


def test_siemens_rule_in_total(qrm: Volume, reference: dict[str, object]) -> None:
    factor = float(reference["mass_factor"])  # type: ignore[arg-type]
    found = scored(qrm, inserts(qrm, reference), "siemens", factor)
    assert found["agatston", "total"].value == pytest.approx(970.2, rel=0.01)
    assert found["volume_isotropic", "total"].value == pytest.approx(957.02, rel=0.01)


@pytest.mark.parametrize(
    ("rule", "total"), [("philips", 964.25), ("ge-terarecon", 962.82), ("four-neighbours", 962.82)]
)
def test_other_totals_that_were_handed_down(rule: str, total: float, qrm: Volume, reference: dict[str, object]) -> None:
    found = scored(qrm, inserts(qrm, reference), rule, 0.722)
    assert found["agatston", "total"].value == pytest.approx(total, abs=0.05)


def test_all_presets_lie_between_960_and_980_except_one_weight_for_a_body(
    qrm: Volume, reference: dict[str, object]
) -> None:
    factor = float(reference["mass_factor"])  # type: ignore[arg-type]
    row = scored(qrm, inserts(qrm, reference), "agatston-1990", factor, spread=True)["agatston", "total"]
    said = dict(row.settings["spread"])
    assert said.pop("ai-cac") > 1050.0
    assert all(960.0 < value < 980.0 for value in said.values()), said


def test_another_count_of_the_same_discs(qrm: Volume, shared_data: Path) -> None:
    table = json.loads((shared_data / "numbers" / "peer_checks.json").read_text("utf-8"))
    cases = [case for case in table if case["kind"] == "agatston_dicom"]
    assert len(cases) == 6
    row, column = np.mgrid[: qrm.pixels.shape[1], : qrm.pixels.shape[2]]
    for case in cases:
        told, expect = case["input"], case["expect"]
        middle = told["centre_row_col"]
        disc = (row - middle[0]) ** 2 + (column - middle[1]) ** 2 <= told["radius_px"] ** 2
        first, last = told["slices"]
        hu = qrm.pixels[first : last + 1]
        inside = np.broadcast_to(disc, hu.shape)
        score = measure.agatston(hu, qrm.geometry.spacing_mm, inside=inside)
        mass = measure.mass_mg(hu, qrm.geometry.spacing_mm, measure.stated(told["mass_factor"] * 1000), inside=inside)
        assert score == pytest.approx(expect["agatston_ours"], abs=0.1), case["id"]
        assert mass == pytest.approx(expect["mass_ours_mg"], abs=0.02), case["id"]
        assert score == pytest.approx(expect["agatston_peer"], rel=0.05), case["id"]


def test_the_rod_in_the_field_gives_nearly_the_factor_of_the_script(qrm: Volume, reference: dict[str, object]) -> None:
    row, column = np.mgrid[: qrm.pixels.shape[1], : qrm.pixels.shape[2]]
    rod = np.zeros(qrm.pixels.shape, bool)
    rod[30:37, (row - 218) ** 2 + (column - 258) ** 2 <= 14**2] = True
    found = measure.from_rod(qrm.pixels, rod, 200.0)
    assert found.mg_cm3_per_hu == pytest.approx(float(reference["mass_factor"]), rel=0.1)  # type: ignore[arg-type]


def test_the_page_that_explains_presets_prints_these_numbers(qrm: Volume, reference: dict[str, object]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "why" / "two-programs-two-scores.md").read_text("utf-8")
    rows = {row.name: row.settings["spread"] for row in _total(qrm, reference) if "spread" in row.settings}
    printed = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 7 and cells[1].startswith("`"):
            for name in re.findall(r"`([^`]+)`", cells[1]):
                printed[name] = (float(cells[2]), float(cells[4]))
    assert set(printed) == set(measure.rule_ids())
    for name, (score, volume) in printed.items():
        assert rows["agatston"][name] == pytest.approx(score, abs=0.06), name
        assert rows["volume"][name] == pytest.approx(volume, abs=0.06), name


def _total(qrm: Volume, reference: dict[str, object]) -> list[Score]:
    found = scored(qrm, inserts(qrm, reference), "agatston-1990", 0.722, spread=True)
    return [row for (_, structure), row in found.items() if structure == "total"]
