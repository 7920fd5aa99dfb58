"""Everything that ``--out`` holds, written as one."""

from __future__ import annotations

import os
from pathlib import Path

from calcimetry.core.case import Case
from calcimetry.report.anonymous import anonymised
from calcimetry.report.labels import write_labels
from calcimetry.report.page import page
from calcimetry.report.place import check_place, placed
from calcimetry.report.record import created_now, record_text
from calcimetry.report.rows import columns_text, table_names, tsv

__all__ = ["write"]


def write(
    case: Case,
    out: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    anonymous: bool = False,
    source: str | os.PathLike[str] | None = None,
) -> Path:
    """Write ``analysis.json``, ``page.html``, the tables with ``columns.json`` and the label maps into ``out``.

    The folder appears whole or not at all, also when the process is killed; an existing one stays until the new one
    stands.

    Parameters
    ----------
    case : Case
    out : path
        Folder of results; folders above it are made.
    overwrite : bool
        Replace an existing folder. Files in it that this program does not write are kept in ``<out>.replaced-<n>``.
    anonymous : bool
        Leave the person's name and number out of everything.
    source : path, optional
        The input, which the results must not touch.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        If ``out`` may not or cannot be written.
    """
    target = check_place(Path(out), overwrite=overwrite, source=None if source is None else Path(source))
    told = anonymised(case) if anonymous else case
    created = created_now()
    texts = {
        "analysis.json": record_text(told, created=created),
        "page.html": page(told, created=created),
        **{f"{name}.tsv": tsv(told, name) for name in table_names(told)},
        "columns.json": columns_text(told),
    }
    with placed(target) as folder:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        write_labels(told, folder)
    return target
