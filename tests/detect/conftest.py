"""The drawn bodies of this folder and of ``locate``, importable by name (tests are collected in importlib mode)."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "locate")]
