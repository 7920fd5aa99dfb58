"""The main job as a whole process on a simulated 250-slice chest: time against one labelling, memory, start-up.

    python bench/analyze.py [--study FOLDER] [--runs 5]

Bars: wall time less our own reading at most 10 times one 26-connected ``scipy.ndimage.label`` at 130 HU; peak memory
under three times the volume; ``import calcimetry`` at most 1.5 times ``import numpy``; ``calcimetry --help`` under
twice bare Python with typer. All in one run, medians, so that a slow machine slows both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = [sys.executable, "-c", "from calcimetry.cli import main; main()"]
LABEL = """
import sys, time
import numpy as np
from scipy import ndimage
from calcimetry.read import study
pixels = study(sys.argv[1]).images[0].pixels
mask = pixels >= 130
start = time.perf_counter()
ndimage.label(mask, structure=np.ones((3, 3, 3)))
print(time.perf_counter() - start, pixels.nbytes)
"""
TYPER = "import typer; app = typer.Typer(rich_markup_mode=None); app.command()(lambda: None); app(['--help'])"


def timed(command: list[str]) -> tuple[float, float, str, str]:
    """Wall seconds, peak MB, stdout and stderr of one process."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said, complained = out.read(), err.read()
    if process.returncode:
        raise SystemExit(f"{command}: exit {process.returncode}\n{complained}")
    return wall, usage.ru_maxrss / 1024, said, complained


def median(values: list[float]) -> float:
    return statistics.median(values)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--study", type=Path)
    arguments.add_argument("--runs", type=int, default=5)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        study = given.study or Path(scratch) / "study"
        if not study.exists():
            from calcimetry import phantom

            phantom.write_study(phantom.simulate("thorax-250", seed=1), study, seed=1)
        dicom = study / "dicom"
        walls, peaks, steps, labels = [], [], [], []
        volume = 0.0
        for _ in range(given.runs):
            wall, peak, _, told = timed([*PROGRAM, "analyze", str(dicom), "--format", "json", "--timings"])
            walls.append(wall)
            peaks.append(peak)
            steps.append(json.loads(told.strip().splitlines()[-1]))
            seconds, size = timed([sys.executable, "-c", LABEL, str(dicom)])[2].split()
            labels.append(float(seconds))
            volume = float(size) / 2**20
    label, read = median(labels), median([s["read"] for s in steps])
    rest = median([w - s["read"] for w, s in zip(walls, steps, strict=True)])
    print("| what | median | bar |\n|---|---|---|")
    print(f"| one 26-connected label at 130 HU | {label:.2f} s | |")
    print(f"| analyze as a process | {median(walls):.2f} s | |")
    print(f"| of it reading | {read:.2f} s | |")
    print(f"| all but reading, over one label | {rest / label:.1f} | at most 10 |")
    print(f"| peak memory over the volume ({volume:.0f} MB) | {median(peaks) / volume:.2f} | under 3 |")
    for step in steps[0]:
        print(f"| step {step} | {median([s[step] for s in steps]):.2f} s | |")
    known = sum(median([s[k] for s in steps]) for k in steps[0])
    print(f"| start of Python, imports, printing | {median(walls) - known:.2f} s | |")

    def start(code: str) -> float:
        return median([timed([sys.executable, "-c", code])[0] for _ in range(15)])

    ratio = start("import calcimetry") / start("import numpy")
    print(f"| import calcimetry over import numpy | {ratio:.2f} | at most 1.5 |")
    ours = median([timed([*PROGRAM, "--help"])[0] for _ in range(15)])
    print(f"| calcimetry --help over bare Python with typer | {ours / start(TYPER):.2f} | under 2 |")


if __name__ == "__main__":
    main()
