"""Words for what a mammogram shows: forms, arrangements, masked parts, reasons, views and sides."""

from __future__ import annotations

from collections.abc import Sequence

from calcimetry.core.case import ImageInfo
from calcimetry.core.word import Word
from calcimetry.knowledge.load import table
from calcimetry.report.words import first_upper, visible

__all__ = [
    "REGIONS",
    "SIDES",
    "is_benign",
    "side_title",
    "view_title",
    "weighed",
    "why_not",
    "word_short",
    "word_title",
]

SIDES = {"R": "Right breast", "L": "Left breast", "B": "Both breasts"}
_SHORT_SIDES = {"R": "right", "L": "left", "B": "both"}

SHUT = frozenset({"skin", "edge", "paddle_edge", "scanner_line", "scratch", "label", "frame"})
"""Regions in which nothing is looked for; the others are only named."""

REGIONS = {
    "breast": ("Breast", "looked through"),
    "pectoral_muscle": ("Pectoral muscle", "looked through; it helps to tell the quadrant and to judge the view"),
    "implant": ("Implant", "covers what lies behind it"),
    "skin_fold": ("Fold below the breast", "looked through, but skin of the belly and no breast"),
    "skin": ("Skin line", "nothing is looked for in it: its edge rings through every filter"),
    "nipple": ("Nipple", "looked through; segments of a breast are judged by it"),
    "edge": ("Edge of the image", "nothing is looked for in a narrow strip along it"),
    "paddle_edge": ("Edge of the paddle", "nothing is looked for on it: it is of the machine"),
    "scanner_line": ("Line of the scanner", "nothing is looked for on it: it is of the digitizer"),
    "scratch": ("Scratch", "nothing is looked for on it: it is of the film"),
    "label": ("Label beside the breast", "left out: lettering and markers"),
    "frame": ("Frame or tape", "left out: white strips of the film or its frame"),
}
"""What a region of the map of a mammogram is called, and what follows for the search."""

_REASONS = {
    "below the operating point": "less sure than the operating point asks for",
    "metal": "saturated, with a sharp rim",
    "marker": "an even disc: a marker of the examiner",
    "artefact": "sharper than any optics draw: dust, a scratch or a fault of the image",
    "dust": "dust on the film: sharper than its optics draw",
}


def word_title(word: str) -> str:
    """A form or an arrangement as it is said; an unknown word as it is.

    >>> word_title("br_fine_pleomorphic"), word_title("grouped")
    ('fine pleomorphic', 'grouped')
    """
    shapes = table("text/en/shapes")
    row = shapes["pattern"].get(word) or shapes["distribution"].get(word)
    return str(row["name"]) if row else visible(word.removeprefix("br_").replace("_", " "))


def word_short(word: str) -> str:
    """The same in as few words as will do.

    >>> word_short("br_fine_linear"), word_short("br_rim")
    ('fine linear', 'rim')
    """
    return word_title(word).split(" (")[0].split(" or ")[0].removesuffix(" type")


def percent_text(probability: float) -> str:
    """A probability in hundredths; never all or nothing.

    >>> percent_text(0.624), percent_text(0.9951), percent_text(0.001)
    ('62 %', '>99 %', '<1 %')
    """
    if probability > 0.99:
        return ">99 %"
    return "<1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def sure_text(confidence: float) -> str:
    """A confidence with two decimals; never all or nothing.

    >>> sure_text(0.874), sure_text(0.9987)
    ('0.87', '>0.99')
    """
    if confidence > 0.99:
        return ">0.99"
    return "<0.01" if confidence < 0.01 else f"{confidence:.2f}"


def is_benign(pattern: Sequence[str]) -> bool:
    """Whether all words are typically benign ones of the lexicon, arteries included."""
    benign = table("reasoning/breast")["sets"]["benign"]
    return bool(pattern) and all(word in benign for word in pattern)


def weighed(words: Sequence[Word], kind: str, most: int = 3, least: float = 0.05) -> tuple[tuple[str, float], ...]:
    """Titles and probabilities of the likeliest words of one kind (``pattern`` or ``distribution``)."""
    known = table("words/findings")[kind]
    mine = sorted((one for one in words if one.word in known), key=lambda one: -one.probability)
    return tuple((word_short(one.word), one.probability) for one in mine[:most] if one.probability >= least)


def why_not(reason: str | None) -> str:
    """Why a thing is not counted, as a sentence's part."""
    return _REASONS.get(reason or "", visible(reason or "no reason is given"))


def side_title(laterality: str | None) -> str:
    """A breast by its side.

    >>> side_title("R"), side_title(None)
    ('Right breast', 'Breast, side not stated')
    """
    return SIDES.get(laterality or "", "Breast, side not stated")


def view_title(image: ImageInfo) -> str:
    """Side and view of an image, as far as they are stated, else its id."""
    side = image.laterality if image.laterality in SIDES else None
    parts = [part for part in (side, image.view) if part]
    return visible(" ".join(parts)) if parts else f"image {visible(image.id)}"


def view_line(image: ImageInfo) -> str:
    """The same in words."""
    meanings = {row["word"]: row["meaning"] for row in table("projections/views")["view"]}
    view = meanings.get(image.view or "", visible(image.view or "view not stated"))
    return first_upper(f"{_SHORT_SIDES.get(image.laterality or '', 'side not stated')}, {view}")
