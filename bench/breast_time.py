"""Time and memory of a whole mammogram behind decoding: map, search, words, measures.

    python bench/breast_time.py [--image FILE] [--spacing 0.05] [--runs 3] [--steps]

Without ``--image`` a film of 4664 x 3064 pixels of 0.05 mm is simulated. Prints the least of the runs in seconds of
wall time and of work (all threads), the peak memory over that after import in float32 copies of the image, and a short
sum of what was found: two runs of the same program on the same image give the same one. ``--steps`` adds where the time
goes. ``CALCIMETRY_FAST=0`` in the environment leaves the extra ``fast`` aside.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import io
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SHAPE, SPACING_MM = (4664, 3064), 0.05
STEPS = ("map", "search", "words")
"""Words with measures."""


def simulated(folder: Path) -> Path:
    """A simulated film enlarged to full size, with grain of that size, as a 16-bit PNG."""
    from PIL import Image
    from scipy import ndimage

    from calcimetry.phantom import breast

    pixels = breast.mammogram(11, "film-200").projection.pixels.astype(np.float32)
    large = ndimage.zoom(pixels, (SHAPE[0] / pixels.shape[0], SHAPE[1] / pixels.shape[1]), order=1)
    large = 16.0 * large + np.random.default_rng(1).normal(0.0, 24.0, SHAPE).astype(np.float32)
    path = folder / "film.png"
    Image.fromarray(np.clip(np.rint(large), 0, 4095).astype(np.uint16)).save(path)
    return path


def work_s() -> float:
    """Seconds of work of all threads so far."""
    spent = os.times()
    return spent.user + spent.system


def peak_mb(name: str = "VmHWM") -> float:
    """A figure of this process as the kernel keeps it [MB]; 0 where it keeps none."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), 0.0)


def run(path: Path, spacing_mm: float, steps: bool) -> dict[str, Any]:
    """One search in this process, whose memory is counted from after decoding, less the image itself."""
    from calcimetry import describe, detect, locate, measure, read
    from calcimetry.imaging import filters

    # (an import is no part of the time)
    fast = filters.opencv()
    projection = read.study(path, spacing_mm=spacing_mm).images[0]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = peak_mb("VmRSS") - projection.pixels.nbytes / 2**20
    profile = cProfile.Profile()
    if steps:
        profile.enable()
    wall, work = [time.perf_counter()], [work_s()]
    located = locate.breast_map(projection)
    wall.append(time.perf_counter())
    work.append(work_s())
    assert located is not None
    found = detect.look_breast(projection, located.regions, located.mm)
    wall.append(time.perf_counter())
    work.append(work_s())
    said = describe.breast(
        projection, found.lesions, found.groups, located.regions, located.mm, nipple_index=located.nipple_index
    )
    measure.breast_scores(projection, measure.projected(projection, said.lesions), said.groups)
    wall.append(time.perf_counter())
    work.append(work_s())
    profile.disable()
    text = io.StringIO()
    if steps:
        pstats.Stats(profile, stream=text).sort_stats("cumtime").print_stats("calcimetry", 25)
    return {
        "shape": projection.pixels.shape,
        **{f"{name}_s": wall[n + 1] - wall[n] for n, name in enumerate(STEPS)},
        **{f"{name}_work_s": work[n + 1] - work[n] for n, name in enumerate(STEPS)},
        "fast": f"OpenCV {fast.__version__}" if fast else "no OpenCV",
        "copies": (peak_mb() - before) * 2**20 / (4.0 * projection.pixels.size),
        "lesions": len(found.lesions),
        "groups": len(found.groups),
        "reported": sum(one.reported for one in found.groups),
        "sum": digest(located, found, said),
        "steps": text.getvalue(),
    }


def digest(located: Any, found: Any, said: Any) -> str:
    """A short sum of the map, of all findings, their outlines and their words."""
    made = hashlib.sha256(np.ascontiguousarray(located.regions.labels).tobytes())
    for one in found.lesions:
        made.update(repr((one.id, one.kind, one.center_index, one.bounds_index, round(one.confidence, 6))).encode())
        made.update(one.mask.bits.tobytes())
    for one in found.groups:
        made.update(repr((one.id, one.lesions, one.bounds_index, round(one.confidence, 6), one.reported)).encode())
    for one in said.lesions:
        made.update(repr((one.id, one.pattern)).encode())
    for one in said.groups:
        made.update(repr((one.id, one.morphology, one.distribution)).encode())
    return made.hexdigest()[:12]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path)
    parser.add_argument("--spacing", type=float, default=SPACING_MM)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(run(arguments.image, arguments.spacing, arguments.steps)))
        return
    with tempfile.TemporaryDirectory() as folder:
        image = arguments.image or simulated(Path(folder))
        # A process of its own for each run: the memory of one is not that of another.
        command = [sys.executable, __file__, "--once", "--image", str(image), "--spacing", str(arguments.spacing)]
        runs = []
        for n in range(arguments.runs):
            more = ["--steps"] if arguments.steps and n == arguments.runs - 1 else []
            done = subprocess.run([*command, *more], check=True, capture_output=True, text=True)
            runs.append(json.loads(done.stdout))
    print(f"{image.name} {tuple(runs[0]['shape'])}: {runs[0]['lesions']} lesions, {runs[0]['groups']} groups of which")
    print(f"{runs[0]['reported']} reported; sums {sorted({one['sum'] for one in runs})}; {runs[0]['fast']}")
    print("| step | wall s | work s |\n|---|---|---|")
    for name in STEPS:
        print(f"| {name} | {min(r[f'{name}_s'] for r in runs):.2f} | {min(r[f'{name}_work_s'] for r in runs):.2f} |")
    wall, work = (min(sum(one[f"{name}{what}"] for name in STEPS) for one in runs) for what in ("_s", "_work_s"))
    print(f"| all | {wall:.2f} | {work:.2f} |")
    print(f"peak memory beside the image: {max(one['copies'] for one in runs):.1f} float32 copies of it")
    print(runs[-1]["steps"])


if __name__ == "__main__":
    main()
