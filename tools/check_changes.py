"""Check the changelog fragments: name `<topic>.<kind>.md`, a known kind, and text that says whose numbers change."""

from __future__ import annotations

import sys
from pathlib import Path

KINDS = ("site", "score", "scale", "report", "read", "fix", "api")
FOLDER = Path(__file__).resolve().parents[1] / "changes"


def faults(folder: Path) -> list[str]:
    """What is wrong with the fragments, one line each."""
    found = []
    for file in sorted(folder.glob("*.md")):
        if file.name == "README.md":
            continue
        parts = file.name.split(".")
        if len(parts) != 3 or parts[1] not in KINDS:
            found.append(f"{file.name}: name it <topic>.<kind>.md with a kind of {', '.join(KINDS)}")
        if "Numbers:" not in file.read_text("utf-8"):
            found.append(f"{file.name}: add a line 'Numbers: ...' that says whose numbers change and by how much")
    return found


if __name__ == "__main__":
    wrong = faults(FOLDER)
    print("\n".join(wrong) or "changelog fragments: in order")
    sys.exit(bool(wrong))
