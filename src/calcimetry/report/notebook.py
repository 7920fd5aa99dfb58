"""The case in a notebook: the answers and one picture, as an HTML fragment that brings its own small style."""

from __future__ import annotations

from calcimetry.core.case import Case
from calcimetry.report import words
from calcimetry.report.answer import answers, cautions, top_notes
from calcimetry.report.page import environment, style
from calcimetry.report.pictures import PictureSettings, pictures

__all__ = ["notebook"]

_ONE = PictureSettings(max_overviews=1, max_crops=0)


def notebook(case: Case) -> str:
    """An HTML fragment for ``_repr_html_``: text escaped, no script, no request, no name."""
    shown, _ = pictures(case, _ONE)
    fragment = (
        environment()
        .get_template("notebook.html.j2")
        .render(
            css=style("notebook.css"),
            subject=words.subject_line(case.subject, with_name=False),
            case=case,
            answers=answers(case),
            cautions=cautions(case),
            top_notes=top_notes(case),
            overviews=shown,
        )
    )
    return fragment
