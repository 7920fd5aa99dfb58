"""``calcimetry doctor``: the installation, what it can read, and what is missing."""

from __future__ import annotations

import typer

from calcimetry.cli.options import FORMAT, Format, emit_json, table

__all__ = ["register"]

NEEDED = ("numpy", "scipy", "pydicom", "python-gdcm", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle")
MORE = ("nibabel", "pynrrd", "pillow", "pydantic", "typer", "jinja2")


def doctor(format: Format = FORMAT) -> None:
    """Check the installation: versions, decoders, extras, tables. Nothing is sent anywhere."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from calcimetry._version import __version__
    from calcimetry.core.extras import EXTRAS, PACKAGES
    from calcimetry.knowledge.load import table as load_table
    from calcimetry.knowledge.load import table_ids

    def installed(package: str) -> str | None:
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    packages = {name: installed(name) for name in (*NEEDED, *MORE)}
    extras = {
        module: {"extra": extra, "for": purpose, "version": installed(PACKAGES.get(module, module))}
        for module, (extra, purpose) in EXTRAS.items()
    }
    for name in table_ids():
        load_table(name)
    healthy = all(packages.values())
    result = {
        "calcimetry": __version__,
        "python": platform.python_version(),
        "healthy": healthy,
        "packages": packages,
        "extras": extras,
        "tables": len(table_ids()),
    }
    if format is Format.json:
        emit_json(result)
    else:
        rows = [(name, found or "MISSING", "default install") for name, found in packages.items()]
        rows += [
            (m, str(e["version"] or "not installed"), f"extra {e['extra']}: {e['for']}") for m, e in extras.items()
        ]
        typer.echo(table(rows, ("package", "version", "what for")))
        typer.echo(f"\ncalcimetry {__version__}, Python {platform.python_version()}, {len(table_ids())} tables sound.")
        typer.echo("All is there." if healthy else "Something is missing: reinstall with pip install calcimetry.")
    if not healthy:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)
