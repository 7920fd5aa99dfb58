"""Speed of the reasoning: time to load, time a case, over the worked cases of the tests.

Run: ``python bench/explain.py``. Processor time, which other programs on the machine do not stretch, and wall time.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[1] / "tests" / "explain" / "cases"
LOAD = """
import time
start, wall = time.process_time(), time.perf_counter()
from calcimetry.explain import explain
explain({"age": 60, "findings": [{"site": "lung", "pattern": ["central"]}],
         "labs": [{"analyte": "calcium_total", "value": 2.4, "unit": "mmol/L"}]})
print(time.process_time() - start, time.perf_counter() - wall)
"""


def main() -> None:
    from calcimetry.explain import explain
    from calcimetry.explain.reason import reason

    loads = [
        [float(t) for t in subprocess.check_output([sys.executable, "-c", LOAD], text=True).split()] for _ in range(5)
    ]
    cases = [v["input"] for path in sorted(CASES.glob("*.json")) for v in json.loads(path.read_text())["vignettes"]]
    explain(cases[0])
    ways = {
        "reasoning alone": lambda case: reason(case, units="mg/dL", region=None, as_of=None, where="bench"),
        "with texts": explain,
    }
    show("loading, with the first case", loads)
    for name, way in ways.items():
        show(f"{name}, a case", [timed(way, case) for case in cases for _ in range(3)])


def timed(way: Callable[[Any], object], case: Any) -> list[float]:
    """Seconds of the processor and of the wall clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    way(case)
    return [time.process_time() - cpu, time.perf_counter() - wall]


def show(what: str, found: list[list[float]]) -> None:
    cpu, wall = ([1000 * row[n] for row in found] for n in (0, 1))
    print(
        f"{what}: processor median {statistics.median(cpu):.1f} ms, longest {max(cpu):.1f} ms; "
        f"wall median {statistics.median(wall):.1f} ms ({len(found)} runs)"
    )


if __name__ == "__main__":
    main()
