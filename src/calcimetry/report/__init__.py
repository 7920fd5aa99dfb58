"""A case -> what people and programs read: record, tables, label maps, page, terminal summary.

Reads the case only and computes no medicine.

=====================  ===========================================  =========================
file                   made by                                      media type
=====================  ===========================================  =========================
``analysis.json``      :func:`record` (back: :func:`read_record`)   application/json
``page.html``          :func:`page`                                 text/html
``lesions.tsv``        :func:`frame` as a data frame                text/tab-separated-values
``scores.tsv``         the same                                     text/tab-separated-values
``groups.tsv``         the same; only where mammograms were looked  text/tab-separated-values
                       at, also if they show no group
``columns.json``       meaning and unit of every column             application/json
``labels.nii.gz``      ``labels.png`` for projections               application/gzip, image/png
=====================  ===========================================  =========================

Template engine, picture library, nibabel and pydantic are imported by the functions that need them: a record needs
none of them.
"""

from __future__ import annotations

from calcimetry.report.anonymous import anonymised
from calcimetry.report.notebook import notebook
from calcimetry.report.page import page
from calcimetry.report.place import check_place
from calcimetry.report.reader import read_record
from calcimetry.report.record import record, record_text
from calcimetry.report.rows import frame
from calcimetry.report.schema import schema
from calcimetry.report.text import text
from calcimetry.report.write import write

__all__ = [
    "anonymised",
    "check_place",
    "frame",
    "notebook",
    "page",
    "read_record",
    "record",
    "record_text",
    "schema",
    "text",
    "write",
]
