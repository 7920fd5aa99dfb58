"""Files -> a study: headers first, then the images that are worth it, then their pixels. Nothing is trusted."""

import sys
import types
from typing import Any

from calcimetry.core.study import Study
from calcimetry.read.array import from_array
from calcimetry.read.index import Index, Source, index
from calcimetry.read.masks import masks
from calcimetry.read.regions import grid_matches, regions_file, regions_with_notes
from calcimetry.read.segmentator import segmented
from calcimetry.read.series import Candidate, Choice, choose
from calcimetry.read.study import study
from calcimetry.read.subject import subject_file, subject_notes, subject_with_notes

__all__ = [
    "Candidate",
    "Choice",
    "Index",
    "choose",
    "from_array",
    "grid_matches",
    "index",
    "masks",
    "regions_file",
    "regions_with_notes",
    "segmented",
    "study",
    "subject_file",
    "subject_notes",
    "subject_with_notes",
]


class _Callable(types.ModuleType):
    """The module of this stage, which can be called: ``calcimetry.read(folder)`` is ``calcimetry.read.study(folder)``.

    Python binds a submodule to the package under its own name, so the two spellings can only live together this way.
    """

    def __call__(self, source: Source, **choices: Any) -> Study:
        return study(source, **choices)


sys.modules[__name__].__class__ = _Callable
