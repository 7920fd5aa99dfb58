"""The command line: one file a command, imports only when a command runs (``--help`` needs typer alone).

Results go to stdout, progress and notes to stderr. Exit codes: 0 done (also with notes and withheld numbers),
2 wrong use, 3 the input cannot be read or holds nothing to assess, 1 a defect of ours.
"""

from __future__ import annotations

import os
import sys

import typer

from calcimetry.cli import analyze, check, coming, demo, doctor, explain, phantom, sites, tables

__all__ = ["app", "main"]

app = typer.Typer(
    name="calcimetry",
    help="Find, measure and grade calcium on medical images: every number with its error, every sentence with its "
    "source. It assists a reader and never signs in the reader's place; it is no medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from calcimetry._version import __version__

        typer.echo(f"calcimetry {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Find, measure and grade calcium on medical images.

    It assists a reader and never signs in the reader's place; it is no medical device.
    """


for module in (analyze, check, explain, phantom, sites, tables, doctor, demo, coming):
    module.register(app)


def main() -> None:
    """Run the command line and leave with the right exit code."""
    from calcimetry.core.errors import CalcimetryError

    try:
        app()
    except CalcimetryError as error:
        typer.echo(f"calcimetry: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of stdout has gone (| head): nothing to say, and Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("CALCIMETRY_TRACEBACK"):
            raise
        typer.echo(f"calcimetry: {_defect(error)}", err=True)
        sys.exit(1)


def _defect(error: Exception) -> str:
    """Type and place of an unknown error; never its message, which may quote the input."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "unknown place"
    return (
        f"a defect of ours ({type(error).__name__} at {place}). Please report it; CALCIMETRY_TRACEBACK=1 shows the "
        "whole trace (it may quote the input)."
    )
