"""A sheet of paper as data: sections of sentences, lists and tables; shown as text or as HTML."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from calcimetry.explain.words.say import Violation, kept
from calcimetry.explain.words.sentence import Sentence

__all__ = ["Document", "Section", "checked"]

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:1.6rem}table{border-collapse:collapse}"
    "td,th{border:1px solid #999;padding:.2rem .5rem;text-align:left;vertical-align:top}"
    "section.alarm{border:2px solid #a00;padding:.2rem 1rem}@media print{body{margin:0}}"
)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it.

    ``bullets`` shows each sentence on a line of its own; ``rows`` is a table whose first row holds the heads;
    ``alarm`` marks what must be read first.
    """

    heading: str
    sentences: tuple[Sentence, ...] = ()
    bullets: bool = False
    rows: tuple[tuple[str, ...], ...] = ()
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A sheet: title, sections, language."""

    title: str
    sections: tuple[Section, ...]
    language: str = "en"

    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences in order."""
        return tuple(one for section in self.sections for one in section.sentences)

    def record(self) -> dict[str, Any]:
        """Plain values: every sentence with what it stands on."""
        sections = [
            {
                "heading": section.heading,
                "alarm": section.alarm,
                "rows": [list(row) for row in section.rows],
                "sentences": [one.record() for one in section.sentences],
            }
            for section in self.sections
        ]
        return {"title": self.title, "language": self.language, "sections": sections}

    def text(self, *, width: int = 80) -> str:
        """Plain text; each sentence whole, lines of at most ``width`` characters."""
        lines = [self.title, "=" * len(self.title), ""]
        for section in self.sections:
            lines += [section.heading, "-" * len(section.heading)] if section.heading else []
            lines += [" | ".join(row) for row in section.rows]
            if section.bullets:
                for one in section.sentences:
                    lines += textwrap.wrap(one.text, width, initial_indent="- ", subsequent_indent="  ") or ["-"]
            elif section.sentences:
                lines += textwrap.wrap(" ".join(one.text for one in section.sentences), width)
            lines.append("")
        return "\n".join(lines)

    def html(self) -> str:
        """One HTML page without scripts or anything from outside; the sources of a sentence are in its title."""
        body = "\n".join(_section(section) for section in self.sections)
        title = html.escape(self.title)
        return (
            f'<!doctype html>\n<html lang="{html.escape(self.language)}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
            f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
        )


def checked(document: Document) -> tuple[Document, tuple[Violation, ...]]:
    """The sheet without sentences that may not be said, and the rules that those broke."""
    broken: list[Violation] = []
    sections = []
    for section in document.sections:
        good, faults = kept(section.sentences, document.language)
        broken.extend(faults)
        sections.append(Section(section.heading, good, section.bullets, section.rows, section.alarm))
    return Document(document.title, tuple(sections), document.language), tuple(broken)


def _section(section: Section) -> str:
    parts = [f"<h2>{html.escape(section.heading)}</h2>"] if section.heading else []
    if section.rows:
        head, *rows = section.rows
        body = "".join(_row(row, "td") for row in rows)
        parts.append(f"<table>\n<thead>{_row(head, 'th')}</thead>\n<tbody>{body}</tbody>\n</table>")
    said = [
        f'<span title="{html.escape(", ".join(one.sources))}">{html.escape(one.text)}</span>'
        for one in section.sentences
    ]
    if said and section.bullets:
        parts.append("<ul>\n" + "\n".join(f"<li>{one}</li>" for one in said) + "\n</ul>")
    elif said:
        parts.append(f"<p>{' '.join(said)}</p>")
    mark = ' class="alarm"' if section.alarm else ""
    return f"<section{mark}>\n" + "\n".join(parts) + "\n</section>"


def _row(cells: Iterable[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
