"""``calcimetry tables``: the knowledge tables with their sources; show, search, cite."""

from __future__ import annotations

from typing import Any

import typer

from calcimetry.cli.options import FORMAT, Format, emit_json

__all__ = ["register"]


def tables(
    table: str | None = typer.Argument(None, help="Id of a table, e.g. scales/cac_drs; without one, the list."),
    search: str | None = typer.Option(None, "--search", metavar="TEXT", help="Tables and rows that contain the text."),
    cite: bool = typer.Option(False, "--cite", help="The sources behind the table."),
    format: Format = FORMAT,
) -> None:
    """Show the tables of published numbers: edition, status, source of each row."""
    from calcimetry.cli import show_tables

    if cite:
        value: Any = show_tables.citations(table)
    elif search:
        value = show_tables.matches(search, table)
    elif table:
        value = show_tables.content(table)
    else:
        value = show_tables.overview()
    if format is Format.json:
        emit_json(value)
    else:
        typer.echo(show_tables.text(value))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(tables)
