"""The drawn bodies of this folder and of ``locate``, and the lists of the bench, importable by name."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "locate"), str(HERE.parents[1] / "bench")]
