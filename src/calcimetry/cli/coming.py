"""Commands whose capability is still to come: they are named, say so, and leave with code 2."""

from __future__ import annotations

import typer

__all__ = ["register"]

COMING = {
    "compare": "Two results: new, gone, grown, unchanged.",
    "evaluate": "A result against a reference: lesion and score agreement.",
    "batch": "Many studies, one table.",
    "serve": "Web page, DICOM node and DICOMweb.",
}


def _command(app: typer.Typer, name: str, text: str) -> None:
    def coming() -> None:
        from calcimetry.core.errors import UsageError

        raise UsageError(f"'{name}' is still to come in this version")

    coming.__doc__ = f"{text} (Still to come.)"
    app.command(name, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(coming)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, text in COMING.items():
        _command(app, name, text)
