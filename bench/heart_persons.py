"""How well calcium of the heart and great vessels is found and named: simulated persons that no fit has seen.

    python bench/heart_persons.py [--persons N] [--first SEED] [--protocol gated|chest|both] [--zero]

Every calcification of at least 3 mm³ that the image shows at its threshold is looked for in the result of the whole way
(``calcimetry.analyze``). Printed: share found (a counted lesion holds it), share with the right structure of thirteen,
with the right artery, what was taken for what, and the calcium of decoys that was counted as coronary. ``--zero`` takes
the calcium out: nothing may be counted as coronary.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from typing import Any

import numpy as np

import calcimetry
from calcimetry import phantom
from calcimetry.knowledge.tube_voltage import limits

ARTERIES = ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary")
SCORED = {
    "coronary_artery", "aortic_valve", "mitral_annulus", "aorta_thoracic", "aorta_abdominal", "great_vessel",
    "pericardium", "myocardium",
}  # fmt: skip


def name_of(site: str, structure: str) -> str:
    """One of the thirteen, or the site."""
    if site in ("coronary_artery", "aorta_thoracic"):
        return structure
    return site


def person(seed: int, protocol: str, tally: Any, zero: bool) -> None:
    """Simulate, analyze, compare."""
    often = dict.fromkeys(phantom.burden.STRUCTURES, 0.0) if zero else None
    simulation = phantom.person(seed, protocol, often=often)
    volume = simulation.volume
    start = time.perf_counter()
    case = calcimetry.analyze(volume)
    tally["seconds"].append(time.perf_counter() - start)
    threshold = limits(volume.acquisition.kvp, volume.acquisition.kernel).threshold_hu
    owner = np.full(volume.geometry.shape, -1, dtype=np.int32)
    for number, lesion in enumerate(case.lesions):
        if lesion.mask is not None:
            k, j, i = lesion.mask.indices().T
            owner[k, j, i] = number
    labels = simulation.regions.labels
    voxel = volume.geometry.voxel_mm3
    where = (
        [np.flatnonzero(labels.ravel() == n + 1) for n in range(len(simulation.truth))] if len(simulation.truth) else []
    )
    counted = {
        n
        for n, one in enumerate(case.lesions)
        if one.counted and one.kind == "calcification" and one.site == "coronary_artery"
    }
    coronary_mm3 = sum(case.lesions[n].mask.bits.sum() * voxel for n in counted)  # type: ignore[union-attr]
    truly = np.zeros(labels.shape, dtype=bool).ravel()
    for one, at in zip(simulation.truth, where, strict=True):
        if one.site == "coronary_artery":
            truly[at] = True
    wrong = sum(
        float((~truly[np.ravel_multi_index(tuple(case.lesions[n].mask.indices().T), labels.shape)]).sum()) * voxel  # type: ignore[union-attr]
        for n in counted
        if not truly[np.ravel_multi_index(tuple(case.lesions[n].mask.indices().T), labels.shape)].any()  # type: ignore[union-attr]
    )
    tally["coronary_mm3"] += coronary_mm3
    tally["wrong_mm3"] += wrong
    if zero:
        tally["zeros"].append(
            next(
                (
                    s.value
                    for s in case.scores
                    if (s.name, s.site, s.structure) == ("agatston", "coronary_artery", "total")
                ),
                None,
            )
        )
        return
    flat, hu = owner.ravel(), volume.pixels.ravel()
    for one, at in zip(simulation.truth, where, strict=True):
        if one.site not in SCORED or one.kind != "calcification":
            continue
        bright = at[hu[at] >= threshold]
        if one.volume_mm3 < 3.0 or len(bright) * voxel < 1.0:
            continue
        truth = name_of(one.site, one.structure) or one.site
        held = flat[bright]
        held = held[held >= 0]
        said = "-"
        if len(held):
            values, counts = np.unique(held, return_counts=True)
            best = case.lesions[int(values[counts.argmax()])]
            said = (
                name_of(best.site, best.structure)
                if best.counted and best.kind == "calcification"
                else f"({best.kind})"
            )
        tally["named"][truth][said] += 1


def main(argv: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--protocol", default="both")
    parser.add_argument("--zero", action="store_true")
    arguments = parser.parse_args(argv)
    protocols = ("gated", "chest") if arguments.protocol == "both" else (arguments.protocol,)
    for protocol in protocols:
        tally: Any = defaultdict(float, seconds=[], zeros=[], named=defaultdict(Counter))
        for seed in range(arguments.first, arguments.first + arguments.persons):
            person(seed, protocol, tally, arguments.zero)
        report(protocol, tally, arguments.zero)


def report(protocol: str, tally: Any, zero: bool) -> None:
    """Print one protocol."""
    print(f"{protocol}: {len(tally['seconds'])} persons, {np.median(tally['seconds']):.1f} s each (median)")
    if zero:
        print(f"  coronary totals: {[None if v is None else round(v, 1) for v in tally['zeros']]}")
        return
    named = tally["named"]
    total = sum(sum(row.values()) for row in named.values())
    lost = sum(n for row in named.values() for said, n in row.items() if said == "-" or said.startswith("("))
    right = sum(row[truth] for truth, row in named.items())
    arteries = {truth: row for truth, row in named.items() if truth in ARTERIES}
    n = sum(sum(row.values()) for row in arteries.values())
    ok = sum(row[truth] for truth, row in arteries.items())
    any_artery = sum(row[said] for row in arteries.values() for said in ARTERIES)
    print(f"  lesions {total}: found {1 - lost / max(total, 1):.1%}, right structure {right / max(total, 1):.1%}")
    print(f"  in arteries {n}: called coronary {any_artery / max(n, 1):.1%}, right artery {ok / max(n, 1):.1%}")
    mm3, wrong = tally["coronary_mm3"], tally["wrong_mm3"]
    print(f"  counted as coronary {mm3:.0f} mm3, of it wrong {wrong / max(mm3, 1e-9):.1%}")
    for truth, row in sorted(named.items()):
        said = ", ".join(f"{name} {k}" for name, k in row.most_common(5))
        print(f"    {truth:26s} {sum(row.values()):4d}: {said}")


if __name__ == "__main__":
    main()
