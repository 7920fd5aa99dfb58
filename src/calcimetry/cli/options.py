"""What several commands share: the format option, progress on stderr, JSON on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import typer

__all__ = ["FORMAT", "Format", "emit_json", "progress", "table"]


class Format(StrEnum):
    """How a result is printed."""

    text = "text"
    json = "json"


FORMAT = typer.Option(Format.text, "--format", help="text for people, json for programs: one document, nothing else.")


def emit_json(value: Any) -> None:
    """One JSON document on stdout."""
    json.dump(value, sys.stdout, indent=1, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def progress(quiet: bool) -> Callable[[str, int, int], None] | None:
    """A callback ``(step, done, of)`` that writes to stderr: one living line on a terminal, a line a step elsewhere."""
    if quiet:
        return None
    living = sys.stderr.isatty()
    seen: set[str] = set()

    def tell(step: str, done: int = 0, of: int = 0) -> None:
        if living:
            sys.stderr.write(f"\r\x1b[2K{step} {done}/{of}" if of else f"\r\x1b[2K{step}")
            if not of or done >= of:
                sys.stderr.write("\n" if not of else "\r\x1b[2K")
            sys.stderr.flush()
        elif step not in seen:
            seen.add(step)
            sys.stderr.write(f"{step}\n")

    return tell


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Rows as aligned text columns.

    >>> print(table([("a", "1")], ("name", "n")))
    name  n
    a     1
    """
    widths = [max(len(r[c]) for r in [head, *rows]) for c in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]
    return "\n".join(lines)
