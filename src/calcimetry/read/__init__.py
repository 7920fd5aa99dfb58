"""Files -> a study: headers first, then the images that are worth it, then their pixels. Nothing is trusted."""

from calcimetry.read.array import from_array
from calcimetry.read.index import Index, index
from calcimetry.read.regions import regions_file
from calcimetry.read.series import Candidate, Choice, choose
from calcimetry.read.study import study
from calcimetry.read.subject import subject_file, subject_notes

__all__ = [
    "Candidate",
    "Choice",
    "Index",
    "choose",
    "from_array",
    "index",
    "regions_file",
    "study",
    "subject_file",
    "subject_notes",
]
