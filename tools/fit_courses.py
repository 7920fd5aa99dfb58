"""Fit where the arteries of the heart are expected, and what speaks for them, on simulated persons.

``collect`` simulates persons, finds their root and heart as the program would, and keeps the courses in the heart's own
axes and the features under and beside them; ``fit`` averages and weighs them into
``src/calcimetry/locate/heart/courses.json``. Both are deterministic. ``label`` does the same for a real scan with
courses drawn on it ({"courses": {name: [[x, y, z], ...]}}, LPS mm), where its terms allow that; they stay outside of
the repository.

    python tools/fit_courses.py collect --persons 30 --out build/courses
    python tools/fit_courses.py fit --data build/courses
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from fit_assign import simulated  # noqa: E402

from calcimetry import locate  # noqa: E402
from calcimetry.core.image import Volume  # noqa: E402
from calcimetry.locate.heart.evidence import FEATURES, features, window  # noqa: E402
from calcimetry.locate.heart.frame import frame  # noqa: E402
from calcimetry.locate.heart.shape import TISSUES, Shape  # noqa: E402
from calcimetry.locate.heart.template import CHAINS, SCHEMA, heart_axes  # noqa: E402

F64 = NDArray[np.float64]
FILE = ROOT / "src/calcimetry/locate/heart/courses.json"
NODES = {"left_anterior_descending": 22, "left_circumflex": 18, "right_coronary": 20, "posterior_descending": 10}
LIMIT_MM = 10.0  # a person whose root is found farther off teaches nothing about the courses
JITTER_MM = 2.0  # courses are not known better than this
AWAY_MM, NEAR_MM = 20.0, 5.0  # places beside a course, and how far they keep from every artery
RIDGE = 20.0


def resampled(points: F64, count: int) -> F64:
    """So many nodes at equal distances."""
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.linspace(0.0, way[-1], count)
    return np.stack([np.interp(at, way, points[:, axis]) for axis in range(3)], axis=1)


def looked_at(volume: Volume, courses: dict[str, F64], rng: np.random.Generator) -> dict[str, Any] | None:
    """Courses in the heart's axes, and features under (1) and beside (0) them."""
    regions = locate.body(volume)
    found = locate.anatomy(volume, regions)
    grid = frame(volume, regions)
    if found.tissue is None or grid is None:
        return None
    middle, apex, root = (np.array(found.points[one].mm) for one in ("heart", "apex", "root"))
    muscle = np.asarray(found.tissue.labels) == TISSUES.index("heart")
    chambers = muscle[round(float(grid.to_index(root)[0])) :]
    size = float(np.cbrt(chambers.sum() * np.prod(grid.mm)))
    axes = heart_axes(middle, apex, root)
    out: dict[str, Any] = {"root": root.tolist(), "courses": {}}
    for name, parts in CHAINS.items():
        if not all(part in courses for part in parts):
            continue
        line = resampled(np.concatenate([courses[part] for part in parts]), NODES[name]) - middle
        away = np.linalg.norm(line, axis=1)
        tilt = np.degrees(np.arccos(np.clip(line @ axes[0] / away, -1.0, 1.0)))
        turn = np.degrees(np.arctan2(line @ axes[2], line @ axes[1]))
        out["courses"][name] = np.stack([tilt, turn, away / size], axis=1).tolist()
    form = Shape(np.asarray(found.tissue.labels), grid.to_index(middle), grid.to_index(apex), 0.0, 0.0, 0.0, 1.0)
    part = window(volume, grid, form)
    values = features(part, grid, form)
    everything = np.concatenate([resampled(line, 100) for line in courses.values()])
    rows = []
    for name in {part for parts in CHAINS.values() for part in parts} & set(courses):
        line = resampled(courses[name], 50)
        under = np.repeat(line, 3, axis=0) + rng.normal(0.0, JITTER_MM, (150, 3))
        way = rng.normal(size=(50, 8, 3))
        way /= np.linalg.norm(way, axis=2, keepdims=True)
        beside = (line[:, None] + way * AWAY_MM * np.sqrt(rng.uniform(0.04, 1.0, (50, 8, 1)))).reshape(-1, 3)
        apart = np.array([np.linalg.norm(everything - one, axis=1).min() for one in beside])
        for truth, points in ((1.0, under), (0.0, beside[apart > NEAR_MM])):
            index = np.rint(part.geometry.to_index(points)).astype(int)
            index = index[((index >= 0) & (index < np.array(part.geometry.shape))).all(axis=1)]
            seen = values[:, index[:, 0], index[:, 1], index[:, 2]].T
            rows.append(np.concatenate([np.full((len(seen), 1), truth), seen], axis=1))
    out["rows"] = np.concatenate(rows).round(4).tolist()
    return out


def collect(persons: int, out: Path, first: int) -> None:
    """One file for each person and protocol."""
    out.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + persons):
        for protocol in ("gated", "chest"):
            scan = simulated(seed, protocol)
            if scan.anatomy is None:
                continue
            courses = {
                name: tube.points_mm
                for name, tube in scan.anatomy.tubes.items()
                if name in {part for parts in CHAINS.values() for part in parts} or "diagonal" in name or "marg" in name
            }
            seen = looked_at(scan.volume, courses, np.random.default_rng(seed))
            off = seen is None or np.abs(np.subtract(seen["root"], scan.anatomy.points["root"].mm)).max() > LIMIT_MM
            if seen is not None and not off:
                (out / f"{protocol}_{seed}.json").write_text(json.dumps(seen))
            print(protocol, seed, "left out" if off else "kept")


def averaged(courses: list[list[list[float]]]) -> F64:
    """Mean of nodes given as tilt, turn and distance; turns go round."""
    values = np.array(courses, dtype=np.float64)
    turn = np.radians(values[..., 1])
    mean = values.mean(axis=0)
    mean[:, 1] = np.degrees(np.arctan2(np.sin(turn).mean(axis=0), np.cos(turn).mean(axis=0)))
    return np.asarray(mean)


def weighed(rows: F64) -> list[float]:
    """Weights of a logistic regression with a ridge; both sides count the same."""
    truth, values = rows[:, 0], rows[:, 1:]
    mean, spread = values.mean(axis=0), values.std(axis=0)
    table = np.concatenate([np.ones((len(rows), 1)), (values - mean) / spread], axis=1)
    share = np.where(truth > 0, 0.5 / truth.sum(), 0.5 / (1.0 - truth).sum()) * len(rows)
    beta = np.zeros(table.shape[1])
    for _ in range(30):
        likely = 1.0 / (1.0 + np.exp(-table @ beta))
        slope = table.T @ (share * (truth - likely)) - RIDGE * beta
        bend = (table * (share * likely * (1.0 - likely))[:, None]).T @ table + RIDGE * np.eye(len(beta))
        beta += np.linalg.solve(bend, slope)
    own = beta[1:] / spread
    return [round(float(one), 2) for one in (beta[0] - (own * mean).sum(), *own)]


def fit(data: Path, more: list[Path]) -> None:
    """Write the numbers; every folder in ``more`` weighs as much in the courses as ``data`` does."""
    groups = [[json.loads(one.read_text()) for one in sorted(folder.glob("*.json"))] for folder in (data, *more)]
    courses = {}
    for name in CHAINS:
        own = [[p["courses"][name] for p in g if name in p["courses"]] for g in groups]
        mean = averaged([averaged(one).tolist() for one in own if one])
        courses[name] = {
            "angles_deg": [[round(float(a), 1), round(float(b), 1)] for a, b in mean[:, :2]],
            "away": [round(float(one), 4) for one in mean[:, 2]],
        }
    numbers = {
        "schema": SCHEMA,
        "made_by": "tools/fit_courses.py",
        "fitted_on": f"{len(groups[0])} scans of simulated persons; as much each: {', '.join(o.name for o in more)}",
        "features": list(FEATURES),
        "weights": weighed(np.concatenate([np.array(one["rows"]) for one in groups[0]])),
        "courses": courses,
    }
    text = re.sub(r"\[\s+(-?[\d.]+),\s+(-?[\d.]+)\s+\]", r"[\1, \2]", json.dumps(numbers, indent=1))
    FILE.write_text(text + "\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    one = steps.add_parser("collect")
    one.add_argument("--persons", type=int, default=30)
    one.add_argument("--first", type=int, default=1)
    one.add_argument("--out", type=Path, default=Path("build/courses"))
    one = steps.add_parser("label", help="courses drawn on a real scan")
    one.add_argument("--scan", type=Path, required=True)
    one.add_argument("--labels", type=Path, required=True)
    one.add_argument("--out", type=Path, required=True)
    one = steps.add_parser("fit")
    one.add_argument("--data", type=Path, default=Path("build/courses"))
    one.add_argument("--more", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    if given.step == "collect":
        collect(given.persons, given.out, given.first)
    elif given.step == "label":
        from calcimetry.read import study

        volume = next(image for image in study(given.scan).images if isinstance(image, Volume))
        drawn = {name: np.array(line, float) for name, line in json.loads(given.labels.read_text())["courses"].items()}
        seen = looked_at(volume, drawn, np.random.default_rng(0))
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / f"{given.labels.stem}.json").write_text(json.dumps(seen))
    else:
        fit(given.data, given.more)


if __name__ == "__main__":
    main()
