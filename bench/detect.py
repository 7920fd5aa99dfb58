"""What the search finds and what it is fooled by, on every CT of the folder of real images; prints Markdown.

Run from the checkout: ``python bench/detect.py [--data FOLDER] [--scan NAME ...] [--list]``.
Nothing is given to the search.
A listed thing is *found* where a counted lesion (calcification of confidence 0.5 or more) lies at its place, and a
listed trap *fools* where one lies there. The lists are read from the folder when the bench runs: they are notes of
people who looked at pictures, not readings of radiologists, except the readers' outlines of the gated scans.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from calcimetry import detect, locate
from calcimetry.core.lesion import Lesion
from calcimetry.knowledge.tube_voltage import limits
from listed_findings import Listed, images, listed, near, scans


@dataclass(frozen=True)
class Result:
    """One scan: what was listed and hit, what else counts, and what it cost."""

    scan: str
    contrast: str
    hits: list[tuple[Listed, list[Lesion]]]
    others: list[Lesion]
    counted: list[Lesion]
    mm3: dict[tuple[str, int], float]
    locate_s: float
    detect_s: float
    peak_mb: float
    volume_mb: float


def memory_mb(name: str) -> float:
    """A figure of this process as the kernel keeps it, ``VmRSS`` or ``VmHWM`` [MB]; 0 where it keeps none."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), 0.0)


def forget_peak() -> None:
    """Let ``VmHWM`` start again from what is held now (Linux)."""
    switch = Path("/proc/self/clear_refs")
    if switch.exists():
        switch.write_text("5", encoding="ascii")


def look(job: tuple[Path, str]) -> Result:
    """Read, locate and detect one scan, nothing given, and compare with the lists."""
    folder, scan = job
    volumes = images(folder / scan)
    forget_peak()
    before, locating, detecting = memory_mb("VmRSS"), 0.0, 0.0
    states, counted, lesions = [], [], []
    for volume in volumes:
        start = time.perf_counter()
        body = locate.body(volume)
        contrast = locate.contrast(volume, body)
        middle = time.perf_counter()
        held = limits(volume.acquisition.kvp, volume.acquisition.kernel)
        threshold = max(held.threshold_hu, locate.contrast_threshold_hu(contrast))
        found = detect.find(volume, [body], threshold_hu=threshold)
        detecting += time.perf_counter() - middle
        locating += middle - start
        states.append(contrast.state)
        lesions += [(volume, one) for one in found]
    peak = memory_mb("VmHWM") - before
    counted = [(volume, one) for volume, one in lesions if one.counted]
    hits = []
    for one in listed(folder, scan, volumes):
        at = [lesion for volume, lesion in counted if near(volume, lesion, one)]
        hits.append((one, at))
    named = {(lesion.image, lesion.label) for _, at in hits for lesion in at}
    return Result(
        scan=scan,
        contrast=", ".join(sorted(set(states))),
        hits=hits,
        others=[one for _, one in counted if (one.image, one.label) not in named],
        counted=[one for _, one in counted],
        mm3={(v.id, o.label): float(o.mask.bits.sum()) * v.geometry.voxel_mm3 for v, o in lesions},
        locate_s=locating,
        detect_s=detecting,
        peak_mb=peak,
        volume_mb=sum(v.pixels.nbytes for v in volumes) / 2**20,
    )


def row(result: Result) -> str:
    """One line of the table."""
    real = [(one, at) for one, at in result.hits if not one.trap]
    traps = [(one, at) for one, at in result.hits if one.trap]
    other = sum(result.mm3[one.image, one.label] for one in result.others)
    found, fooled = sum(bool(at) for _, at in real), sum(bool(at) for _, at in traps)
    return (
        f"| {result.scan} | {result.contrast} | {found} of {len(real)} | {fooled} of {len(traps)} | "
        f"{len(result.counted)} | {len(result.others)} | {other:.0f} | {result.locate_s:.1f} | "
        f"{result.detect_s:.1f} | {result.peak_mb / max(result.volume_mb, 1e-9):.1f} |"
    )


def main() -> None:
    arguments = argparse.ArgumentParser()
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    arguments.add_argument("--data", type=Path, default=Path(os.environ.get("CALCIMETRY_DATA", default)))
    arguments.add_argument("--scan", nargs="*")
    arguments.add_argument("--list", action="store_true", help="every listed thing, and every other counted lesion")
    given = arguments.parse_args()
    folder = given.data / "ct"
    # a fresh process for each scan, so that memory is that of one scan
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        results = list(pool.map(look, [(folder, scan) for scan in given.scan or scans(folder)]))
    print(
        "| scan | contrast | listed found | traps counted | counted | of them not listed | mm³ of these | locate s | "
        "detect s | peak memory / volume |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for result in results:
        print(row(result))
    for result in results if given.list else ():
        print(f"\n{result.scan}\n")
        for one, at in result.hits:
            said = "trap" if one.trap else "listed"
            held = "; ".join(f"{x.id} {x.confidence:.2f} {result.mm3[x.image, x.label]:.0f} mm³" for x in at) or "-"
            print(f"- {said}: {one.what}: {held}")
        for one in result.others:
            place = tuple(round(x) for x in one.center_index)
            numbers = (
                f"{one.confidence:.2f}, {result.mm3[one.image, one.label]:.0f} mm³, {one.evidence['peak_hu']:.0f} HU"
            )
            print(f"- other: {one.image} {one.id} {one.structure} at {place}: {numbers}")


if __name__ == "__main__":
    main()
