"""Where arteries run on a heart of any size and turn, and what speaks for them: plain numbers of a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from calcimetry.locate.heart.evidence import FEATURES

__all__ = ["CHAINS", "FILE", "SCHEMA", "Course", "Template", "heart_axes", "template"]

F64 = NDArray[np.float64]

FILE = "courses.json"
SCHEMA = "calcimetry-courses/1"

CHAINS = {
    "left_anterior_descending": ("left_main", "left_anterior_descending"),
    "left_circumflex": ("left_main", "left_circumflex"),
    "right_coronary": ("right_coronary",),
    "posterior_descending": ("posterior_descending",),
}
"""Each course as it is followed, from the ostium on, and the arteries along it."""


@dataclass(frozen=True, eq=False)
class Course:
    """Nodes of a course.

    ``angles_deg`` : (n, 2) angle from the axis that points from the heart's middle to its apex, and turn round it from
    the side of the root; ``away`` : (n,) distance from the middle in cube roots of the heart's volume [mm/mm].
    """

    angles_deg: F64
    away: F64


@dataclass(frozen=True, eq=False)
class Template:
    """Courses by name, and weights of the evidence for an artery: constant first, then one for each feature."""

    courses: dict[str, Course]
    weights: F64


@lru_cache(maxsize=1)
def template() -> Template:
    """The numbers that ship with the program."""
    data = json.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    if data["schema"] != SCHEMA or tuple(data["features"]) != FEATURES:
        raise ValueError(f"{FILE}: made for another version of this program")
    courses = {
        name: Course(np.array(one["angles_deg"], dtype=np.float64), np.array(one["away"], dtype=np.float64))
        for name, one in data["courses"].items()
    }
    return Template(courses, np.array(data["weights"], dtype=np.float64))


def heart_axes(middle: F64, apex: F64, root: F64) -> F64:
    """(3, 3): unit vectors to the apex, across it to the side of the root, and across both.

    >>> heart_axes(np.zeros(3), np.array([2.0, 0, 0]), np.array([-1.0, 0, 3.0])).astype(int).tolist()
    [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    """
    axis = (apex - middle) / np.linalg.norm(apex - middle)
    side = (root - middle) - axis * float((root - middle) @ axis)
    side /= np.linalg.norm(side)
    return np.stack([axis, side, np.cross(axis, side)])
