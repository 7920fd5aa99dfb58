"""The lists of findings and traps that lie beside the real images, read from their files and texts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calcimetry import read
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.read.people import studies

__all__ = ["Listed", "images", "listed", "near", "scans"]

PLACE_MM = 3.0
"""A lesion is at a listed place when a voxel of it is this near to the ball of the listed volume around it."""

_NOT_CALCIUM = re.compile(
    r"not calcium|staple|motion|no calcium|partial-volume|\brib\b|rib-neck|cartilage|sternum|vertebral edge|marker"
    r"|\bport\b|catheter|hyoid|couch|coccyx tip|\brod\b|'bone'",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Listed:
    """One thing on a list, at ``mm`` (LPS); ``trap``: it is dense and must not count."""

    what: str
    trap: bool
    mm: tuple[float, float, float]
    volume_mm3: float = 0.0


def scans(folder: Path) -> list[str]:
    """Names of the scans: folders that hold one, and single slices."""
    names = [one.name for one in sorted(folder.iterdir()) if one.is_dir() and one.name != "single_slices"]
    return names + [f"single_slices/{one.name}" for one in sorted((folder / "single_slices").glob("*.dcm"))]


def near(volume: Volume, lesion: Lesion, one: Listed) -> bool:
    """Whether a lesion lies at a listed place."""
    reach = PLACE_MM + (0.75 * one.volume_mm3 / np.pi) ** (1 / 3)
    mm: NDArray[np.float64] = volume.geometry.to_lps_mm(lesion.mask.indices()) - np.array(one.mm)
    return bool((np.linalg.norm(mm, axis=1) <= reach).any())


def images(path: Path) -> list[Volume]:
    """CT volumes of all studies at a path."""
    groups = studies(read.index(path).slices)
    uids = [group.id for group in groups] if len(groups) > 1 else [None]
    found = [image for uid in uids for image in read.study(path, study_uid=uid).images if isinstance(image, Volume)]
    return [replace(image, id=f"i{n}") for n, image in enumerate(found, start=1)]


def listed(folder: Path, scan: str, volumes: Sequence[Volume]) -> list[Listed]:
    """All that is listed for a scan, as far as it lies inside its images."""
    parts = (_findings(folder, scan, volumes), _table(folder, scan), _outlines(folder, scan), _inserts(folder, scan))
    found = [one for part in parts for one in part] + _traps(folder, scan, volumes)
    return [one for one in found if any(_inside(volume, one) for volume in volumes)]


def _inside(volume: Volume, one: Listed) -> bool:
    at = volume.geometry.to_index(np.array(one.mm))
    return bool((at > -1.0).all() and (at < np.array(volume.geometry.shape)).all())


def _mm(volumes: Sequence[Volume], index: Sequence[float]) -> tuple[float, float, float]:
    """Place of an index (slice, row, column) where slices count through all images from the feet up."""
    rest = float(index[0])
    for volume in sorted(volumes, key=lambda v: float(v.geometry.to_lps_mm(np.zeros(3))[2])):
        if rest < volume.geometry.shape[0] or volume is volumes[-1]:
            break
        rest -= volume.geometry.shape[0]
    x, y, z = volume.geometry.to_lps_mm(np.array([rest, index[1], index[2]], dtype=float))
    return float(x), float(y), float(z)


def _findings(folder: Path, scan: str, volumes: Sequence[Volume]) -> list[Listed]:
    found = json.loads((folder / "other_findings.json").read_text(encoding="utf-8")).get(scan, {}).get("findings", [])
    out = []
    for one in found:
        middle = sum(one["slice_index"]) / 2.0
        mm = one.get("lps_mm") or _mm(volumes, (middle, one["centroid_row"], one["centroid_col"]))
        what = f"{one['what']} ({one['confidence']}, {one['peak_hu']} HU, listed at {one['threshold_hu']} HU)"
        out.append(Listed(what, False, tuple(mm), one["volume_mm3"]))
    return out


def _section(folder: Path, name: str, scan: str) -> str:
    """The part of a text under the heading that begins with the name of the scan."""
    text = (folder / name).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(scan)}\b.*?$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def _table(folder: Path, scan: str) -> list[Listed]:
    """Rows ``| [px] | [mm] | mm3 | HU | what |``."""
    rows = re.findall(
        r"^\| \[[^]]*\] \| \[([^]]*)\] \| ([\d.]+) \| (\d+) \| (.*?) \|$",
        _section(folder, "HEART.md", scan),
        re.MULTILINE,
    )
    return [
        Listed(f"{what} ({peak} HU)", bool(_NOT_CALCIUM.search(what)), _three(mm.split(",")), float(mm3))
        for mm, mm3, peak, what in rows
    ]


def _outlines(folder: Path, scan: str) -> list[Listed]:
    """Readers' outlines; those below 1 mm² are below the floor of the list and left out."""
    path = folder / scan / "reader_outlines.json"
    rois = json.loads(path.read_text(encoding="utf-8"))["rois"] if path.exists() else []
    return [
        Listed(
            f"outline, {one['artery']}, {one['area_mm2']:.1f} mm², {one['max_hu']:.0f} HU",
            False,
            _three(one["center_lps_mm"]),
        )
        for one in rois
        if one["area_mm2"] >= 1.0
    ]


def _inserts(folder: Path, scan: str) -> list[Listed]:
    path = folder / scan / "reference.json"
    inserts = json.loads(path.read_text(encoding="utf-8"))["inserts"] if path.exists() else []
    return [
        Listed(f"insert {one['name']}", False, _three([*one["mm"].split(","), 600.9]), one["volume_mm3"])
        for one in inserts
        if one["agatston"] > 0.0
    ]


def _three(numbers: Sequence[float | str]) -> tuple[float, float, float]:
    x, y, z = (float(number) for number in numbers)
    return x, y, z


def _traps(folder: Path, scan: str, volumes: Sequence[Volume]) -> list[Listed]:
    """Places named in the running text: ``px (column,row[,slice])``, or ``index K, row R, col C``.

    In the cropped series pixels count from the corner of the box that the manifest names.
    """
    manifest = folder / scan / "manifest.json"
    box = json.loads(manifest.read_text(encoding="utf-8")).get("exact_box") if manifest.exists() else None
    corner = np.array([box["z"][0], box["y"][0], box["x"][0]] if box else [0, 0, 0], dtype=float)
    out = []
    for line in re.findall(r"^- (Not .*|Content.*)$", _section(folder, "HEART.md", scan), re.MULTILINE):
        what, plain = "dense spot", re.sub(r"\([^()\d]*\)", "", line)
        for before, column, row, k in re.findall(r"([^()]*)\((?:px )?([\d.]+),([\d.]+)(?:,([\d.]+))?", plain):
            words = [
                w.strip(" ,*")
                for w in re.split(r"[;:.]\s", before)
                if re.search(r"[a-z]{4}", w.replace("outlined", ""))
            ]
            what = words[-1].removesuffix("px").strip() if words else what
            slices = re.search(rf"{column},{row}, slices (\d+)-(\d+)", plain)
            middle = sum(map(float, slices.groups())) / 2 if slices else float(k or volumes[0].geometry.shape[0] // 2)
            mm = _mm(volumes, corner + np.array([middle, float(row), float(column)]))
            out.append(Listed(f"{what} (column {column}, row {row})", bool(_NOT_CALCIUM.search(what)), mm))
    place = (
        r"([^,;.()|\n]*?)(?:\(|at )(?:slice|slices|index|indices|about)? ?(?:index )?(\d+)(?:-(\d+))?"
        r"(?:, | \()row (\d+), col (\d+)"
    )
    for what, low, high, row, column in re.findall(place, _section(folder, "OTHER.md", scan)):
        mm = _mm(volumes, ((float(low) + float(high or low)) / 2.0, float(row), float(column)))
        out.append(Listed(f"{what.strip()} (slice {low}, row {row})", True, mm))
    return out
