"""The case as one self-contained HTML page: the answer first; no script, no request, text of files escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from calcimetry._version import __version__
from calcimetry.core.case import Case
from calcimetry.core.lesion import Lesion
from calcimetry.report import words
from calcimetry.report.answer import Answer, answers, by_weight, cautions, notes_once, place_text, top_notes, where
from calcimetry.report.breast import Breasts, breasts, mammograms, without_mammograms
from calcimetry.report.breast.words import percent_text, sure_text, view_line
from calcimetry.report.heart import hearts, images_with_heart
from calcimetry.report.heart.places import SITES, names_of_others
from calcimetry.report.pictures import pictures
from calcimetry.report.record import created_now
from calcimetry.report.references import cited, settings_groups

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["MAX_ROWS", "environment", "page"]

MAX_ROWS = 200
"""Lesions in the page's tables; beyond, the page names ``lesions.tsv``."""
_OPEN_ROWS = 12
"""Of those that were found and not counted; the rest of the table is folded away."""

_POLICY = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def environment() -> Environment:
    """The template engine: autoescape for every template, an undefined name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("calcimetry.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["visible"] = words.visible
    found.filters["number"] = words.number_text
    found.filters["unit"] = words.unit_text
    found.filters["site"] = words.site_title
    found.filters["structure"] = words.structure_title
    found.filters["score"] = words.score_title
    found.filters["percent"] = percent_text
    found.filters["sure"] = sure_text
    found.filters["upper_first"] = words.first_upper
    found.globals["interval"] = words.interval_text
    found.globals["place"] = place_text
    found.globals["where"] = where
    found.globals["view_line"] = view_line
    found.globals["names_of_others"] = names_of_others
    found.globals["device_line"] = words.DEVICE_LINE
    return found


def style(name: str) -> str:
    """A style sheet of ours."""
    return resources.files("calcimetry.report").joinpath("templates", name).read_text("utf-8")


def page(case: Case, *, created: str | None = None) -> str:
    """The whole page.

    One file: pictures are inside it, the style is allowed by its hash, everything else is forbidden by its content
    security policy. The same case and ``created`` give the same bytes.

    Parameters
    ----------
    case : Case
        Pictures need its pixels; a case read back from a record gives the same page without them.
    created : str, optional
        Time to print; default now, or ``SOURCE_DATE_EPOCH``.
    """
    css = style("page.css") + style("heart.css") + style("breast.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            css=css,
            policy=f"{_POLICY}; style-src 'sha256-{digest}'",
            created=created_now() if created is None else created,
            **view(case),
        )
    )


def view(case: Case) -> dict[str, Any]:
    """What the templates show, gathered once."""
    projected, rest = breasts(case), without_mammograms(case)
    laid_open = hearts(rest)
    shown, without_picture = pictures(rest, apart=frozenset[str]().union(*(h.pictured for h in laid_open)))
    counted = by_weight([x for x in rest.lesions if x.counted])
    others = sorted((x for x in rest.lesions if not x.counted), key=lambda x: -x.confidence)
    given = answers(rest)
    empty = [a for a in given if laid_open and _says_nothing(a)]
    dates = sorted({image.study_date for image in case.images if image.study_date})
    return {
        "case": case,
        "version": __version__,
        "subject": words.subject_line(case.subject, with_name=True),
        "when": words.visible(", ".join(dates)),
        "answers": [a for a in given if a not in empty],
        "empty": empty,
        "top_notes": top_notes(case),
        "cautions": cautions(case),
        "image_notes": notes_once(case.images, None),
        "breasts": projected,
        "mammograms": mammograms(case),
        "anchors": _anchors(projected),
        "images": rest.images,
        "hearts": laid_open,
        "hearts_left": len(images_with_heart(rest)) - len(laid_open),
        "windows": sorted({p.window for p in shown}),
        "overviews": [p for p in shown if p.kind == "overview"],
        "crops": [p for p in shown if p.kind == "crop"],
        "without_picture": without_picture,
        "counted": _table(counted),
        "counted_left": max(0, len(counted) - MAX_ROWS),
        "others": others[:_OPEN_ROWS],
        "folded": _table(others)[_OPEN_ROWS:],
        "others_left": max(0, len(others) - MAX_ROWS),
        "settings": settings_groups(case),
        "cited": cited(case),
    }


def _anchors(found: Breasts | None) -> dict[str, str]:
    """Where on the page the close view of each reported group stands."""
    rows = [row for one in (found.shown if found is not None else ()) for row in one.groups]
    return {row.id: f"group{n}" for n, row in enumerate(rows, start=1)}


def _says_nothing(answer: Answer) -> bool:
    """Whether one line is enough for a site of heart and vessels: nothing counted, nothing graded or withheld."""
    known = answer.headline is not None and answer.headline.value == 0
    return known and answer.site in SITES - {"coronary_artery"} and not (answer.grades or answer.notes)


def _table(lesions: Sequence[Lesion]) -> list[Lesion]:
    return list(lesions[:MAX_ROWS])
