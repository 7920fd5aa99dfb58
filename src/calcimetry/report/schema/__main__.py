"""``python -m calcimetry.report.schema [PATH]`` writes the JSON Schema of ``analysis.json``."""

from __future__ import annotations

import sys
from pathlib import Path

from calcimetry.report.schema import schema_text

__all__ = ["main"]

DEFAULT_PATH = Path("docs/reference/analysis.schema.json")


def main(path: Path = DEFAULT_PATH) -> None:
    """Write the schema; the default place is that of the documentation, seen from the root of a checkout."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(given) for given in sys.argv[1:2]))
