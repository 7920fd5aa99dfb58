"""Fit the decision of the stage ``assign`` on simulated persons, and write its plain numbers.

``collect`` simulates persons, looks at each as the program would, and keeps the features of every piece with its truth;
``fit`` makes ``src/calcimetry/assign/model.json`` of them. Both are deterministic. No image of a real person is used
unless ``--labels`` names scans whose terms allow it.

    python tools/fit_assign.py collect --persons 200 --out build/assign
    python tools/fit_assign.py fit --data build/assign
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import pickle
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from calcimetry import detect, locate, phantom
from calcimetry.assign.classes import CLASSES
from calcimetry.assign.features import table
from calcimetry.assign.model import SCHEMA, nearness
from calcimetry.assign.place import place
from calcimetry.assign.settings import AssignSettings
from calcimetry.core.anatomy import Anatomy, Landmark, Plane, Tube
from calcimetry.knowledge.tube_voltage import limits

NAMES = [one.name for one in CLASSES]
DECOYS = {
    "costal_cartilage": "bone", "sternum_edge": "bone", "rib": "bone", "osteophyte": "bone",
    "tracheal_cartilage": "airway", "bronchial_cartilage": "airway", "hilar_node": "node", "mediastinal_node": "node",
    "granuloma": "lung", "pleural_plaque": "pleura", "lead": "foreign", "clip": "foreign", "sternal_wire": "foreign",
    "staples": "foreign", "electrode": "foreign", "valve_prosthesis": "foreign", "motion_streak": "artefact",
    "aorta_abdominal": "abdominal",
}  # fmt: skip
"""Name in the truth -> class, where they differ."""
OFTEN = {
    "left_main": 1.4, "mitral_annulus": 1.6, "aorta_abdominal": 1.6, "great_vessel": 1.6, "pericardium": 5.0,
    "myocardium": 5.0, "granuloma": 1.6, "pleural_plaque": 2.0, "mediastinal_node": 1.5,
}  # fmt: skip
"""Rare structures are drawn this much more often: the model must know them, and takes no frequency from them."""
JITTERS = 3
"""Copies of each person with landmarks moved: the first as found, the others from where they truly are."""


GROWN = 1.0
"""Spread of the logarithm of volume by which bodies are made larger in the copies."""


def truth_class(structure: str, identifier: str) -> str:
    """Class of an object of the truth; a stent counts as the artery that it is in (its kind is told elsewhere)."""
    if structure == "stent":
        return next((name for name in NAMES[:4] if name in identifier), "foreign")
    if structure in ("brachiocephalic", "left_carotid", "left_subclavian", "right_carotid"):
        return "great_vessel"
    name = DECOYS.get(structure, structure)
    first = identifier.partition("/")[0]
    return name if name in NAMES else DECOYS.get(first, first)


def jittered(anatomy: Anatomy, rng: np.random.Generator, whole_mm: float = 4.0, each_mm: float = 3.0) -> Anatomy:
    """The landmarks moved: all alike and each by itself; now and then one is missing."""
    common = rng.normal(0.0, whole_mm, 3)

    def move(mm: Any, spread: float = each_mm) -> Any:
        return np.asarray(mm) + common + rng.normal(0.0, spread, 3)

    def kept() -> bool:
        return bool(rng.random() > 0.12)

    tubes = {}
    for name, tube in anatomy.tubes.items():
        if name != "ascending" and not kept():
            continue
        # The great vessels show their own walls: they are off by less.
        drift = rng.normal(0.0, 1.5, 3) if name not in ("spine", "airway") else np.zeros(3)
        if tube.radius_mm.mean() < 5.0:
            drift = common + rng.normal(0.0, each_mm, 3)
        radius = tube.radius_mm * float(np.exp(rng.normal(0.0, 0.06)))
        tubes[name] = Tube(tube.points_mm + drift, radius, tube.sd_mm, tube.confidence)
    points: dict[str, Landmark] = {}
    for name, point in anatomy.points.items():
        if name == "root" or kept():
            points[name] = replace(point, mm=tuple(float(v) for v in move(point.mm)))
    planes: dict[str, Plane] = {}
    for name, plane in anatomy.planes.items():
        if kept():
            normal = np.array(plane.normal) + rng.normal(0.0, 0.12, 3)
            normal /= np.linalg.norm(normal)
            planes[name] = replace(
                plane, mm=tuple(float(v) for v in move(plane.mm)), normal=tuple(float(v) for v in normal)
            )
    return replace(anatomy, tubes=tubes, points=points, planes=planes)


def corrected(found: Anatomy, truth: Anatomy) -> Anatomy:
    """What was found, put where it truly is; what was not found stays missing, and spreads stay as they were said."""
    tubes = {}
    for name, tube in found.tubes.items():
        true = truth.tubes.get(name)
        if true is None:
            tubes[name] = tube
            continue
        near = np.linalg.norm(true.points_mm[:, None] - tube.points_mm[None], axis=2).argmin(axis=1)
        tubes[name] = Tube(true.points_mm, true.radius_mm, tube.sd_mm[near], tube.confidence)
    points = {
        name: replace(point, mm=truth.points[name].mm) if name in truth.points else point
        for name, point in found.points.items()
    }
    if "fork" in points and "left_main" in truth.tubes:
        end = truth.tubes["left_main"].points_mm[-1]
        points["fork"] = replace(points["fork"], mm=(float(end[0]), float(end[1]), float(end[2])))
    planes = {
        name: replace(plane, mm=truth.planes[name].mm, normal=truth.planes[name].normal)
        if name in truth.planes
        else plane
        for name, plane in found.planes.items()
    }
    return replace(found, tubes=tubes, points=points, planes=planes)


def simulated(seed: int, protocol: str) -> phantom.Simulation:
    """A simulated person; kept in the folder ``CALCIMETRY_PERSONS`` where that is set: drawing takes longest."""
    folder = os.environ.get("CALCIMETRY_PERSONS")
    file = Path(folder) / f"{protocol}-{seed:05d}.pickle" if folder else None
    if file is not None and file.exists():
        with gzip.open(file, "rb") as stream:
            return pickle.load(stream)  # type: ignore[no-any-return]  # noqa: S301 (our own file, made by this tool)
    made = phantom.person(seed, protocol, often=OFTEN)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(file, "wb", compresslevel=1) as stream:
            pickle.dump(made, stream)
    return made


def look(seed: int, protocol: str, settings: AssignSettings) -> dict[str, Any] | None:
    """Features and truth of one simulated person."""
    simulation = simulated(seed, protocol)
    volume = simulation.volume
    body = locate.body(volume)
    anatomy = locate.anatomy(volume, body)
    if "root" not in anatomy.points:
        return None
    held = limits(volume.acquisition.kvp, volume.acquisition.kernel)
    found = detect.look(volume, [body], threshold_hu=held.threshold_hu).lesions
    found = tuple(
        one for one in found if one.mask is not None and one.mask.bits.sum() * volume.geometry.voxel_mm3 < 20000
    )
    rows = table(volume, found, anatomy, body, piece_mm=settings.piece_mm)
    if not len(rows.values):
        return None
    labels = simulation.regions
    classes, sizes = [], []
    at = {name: n for n, name in enumerate(rows.names)}
    for number, index in enumerate(rows.index):
        own = labels.at(volume.geometry, index)
        own = own[own > 0]
        sizes.append(len(index) * volume.geometry.voxel_mm3)
        if len(own) >= 0.3 * len(index):
            values, counts = np.unique(own, return_counts=True)
            one = simulation.truth[int(values[counts.argmax()]) - 1]
            classes.append(NAMES.index(truth_class(one.structure, one.id)))
        else:
            row = rows.values[number]
            bony = row[at["bone_mm"]] < 12.0 or row[at["in_wall"]] > 0.02 or row[at["in_bone"]] > 0.02
            classes.append(NAMES.index("bone" if bony else "artefact"))
    rng = np.random.default_rng([seed, 77])
    tables = [rows.values]
    for number in range(JITTERS):
        # On patients the vessels are found nearer to where they are than on persons drawn with simple fat.
        base = anatomy if number == 0 or simulation.anatomy is None else corrected(anatomy, simulation.anatomy)
        where = place(rows.middle_mm, jittered(base, rng), rows.lesion, np.array(sizes))
        tables.append(np.column_stack([*where.values(), rows.values[:, len(where) :]]))
    count = np.bincount(rows.lesion, minlength=len(found))[rows.lesion]
    return {
        "names": np.array(rows.names),
        "values": np.stack(tables).astype(np.float32),
        "classes": np.array(classes),
        "size_mm3": np.array(sizes),
        "pieces": count,
        "root_error": np.array(anatomy.points["root"].mm) - np.array(simulation.anatomy.points["root"].mm)
        if simulation.anatomy is not None
        else np.zeros(3),
    }


def collect(arguments: argparse.Namespace) -> None:
    """Simulate, look, keep."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    settings = AssignSettings()
    for seed in range(arguments.first, arguments.first + arguments.persons, arguments.step):
        for protocol in ("gated", "chest"):
            file = out / f"{protocol}-{seed:05d}.npz"
            if file.exists():
                continue
            start = time.perf_counter()
            found = look(seed, protocol, settings)
            if found is None:
                print(f"{file.name}: no landmarks", flush=True)
                np.savez_compressed(file, nothing=np.zeros(1))
                continue
            np.savez_compressed(file, **found)
            error = float(np.linalg.norm(found["root_error"]))
            print(
                f"{file.name}: {len(found['classes'])} pieces, root {error:.1f} mm off, "
                f"{time.perf_counter() - start:.1f} s",
                flush=True,
            )


def larger(values: np.ndarray, names: list[str], rng: np.random.Generator) -> np.ndarray:
    """The same pieces as of larger bodies: plaques of patients grow beyond any that is drawn, and keep their place."""
    out = values.copy()
    more = np.abs(rng.normal(0.0, GROWN, len(out)))
    for name, share in (("log_body_mm3", 1.0), ("tall_mm", 0.4), ("wide_mm", 0.4), ("body_peak_hu", 0.1)):
        out[:, names.index(name)] += share * more
    return out


def read(folder: Path) -> dict[str, Any]:
    """All persons, joined."""
    values, classes, person, weight, names, sizes = [], [], [], [], None, []
    for file in sorted(folder.glob("*.npz")):
        with np.load(file, allow_pickle=False) as data:
            if "values" not in data:
                continue
            if names is None:
                names = [str(one) for one in data["names"]]
            if [str(one) for one in data["names"]] != names:
                raise SystemExit(f"{file}: other features; collect anew")
            copies = data["values"]
            seed = int(file.stem.split("-")[1])
            for number, copy in enumerate(copies):
                grown = np.random.default_rng([seed, number])
                values.append(copy if number == 0 else larger(copy, names, grown))
                classes.append(data["classes"])
                sizes.append(data["size_mm3"])
                person.append(np.full(len(copy), seed if number == 0 else -seed - 1))
                weight.append(1.0 / np.sqrt(data["pieces"]))
    if names is None:
        raise SystemExit(f"{folder}: no data")
    return {
        "names": names,
        "x": np.concatenate(values).astype(np.float64),
        "y": np.concatenate(classes),
        "person": np.concatenate(person),
        "weight": np.concatenate(weight),
        "size": np.concatenate(sizes),
    }


def train(
    x: np.ndarray, near: np.ndarray, y: np.ndarray, w: np.ndarray, *, hidden: int, epochs: int, seed: int, decay: float
) -> list[tuple[np.ndarray, np.ndarray]]:
    """A network by Adam, with weight decay, feature noise and features left out by chance."""
    rng = np.random.default_rng(seed)
    sizes = [x.shape[1], hidden, hidden // 2, len(NAMES)]
    layers = [
        (rng.normal(0, np.sqrt(2.0 / a), (a, b)).astype(np.float32), np.zeros(b, dtype=np.float32))
        for a, b in pairwise(sizes)
    ]
    moments = [[np.zeros_like(part), np.zeros_like(part)] for layer in layers for part in layer]
    x = x.astype(np.float32)
    batch, step = 512, 0
    steps = epochs * (len(x) // batch + 1)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for first in range(0, len(x), batch):
            mine = order[first : first + batch]
            inputs = x[mine] + np.float32(0.12) * rng.standard_normal((len(mine), x.shape[1]), dtype=np.float32)
            inputs[rng.random(inputs.shape, dtype=np.float32) < 0.05] = 0.0
            acts = [inputs]
            for number, (weights, bias) in enumerate(layers):
                out = acts[-1] @ weights + bias
                acts.append(np.maximum(out, 0) if number + 1 < len(layers) else out)
            logits = acts[-1] + near[mine]
            odds = np.exp(logits - logits.max(axis=1, keepdims=True))
            p = odds / odds.sum(axis=1, keepdims=True)
            target = np.full_like(p, 0.02 / len(NAMES))
            target[np.arange(len(mine)), y[mine]] += 0.98
            grad = (p - target) * w[mine, None].astype(np.float32) / len(mine)
            step += 1
            rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * step / steps))
            for number in range(len(layers) - 1, -1, -1):
                weights, bias = layers[number]
                parts = (acts[number].T @ grad, grad.sum(axis=0))
                if number:
                    grad = (grad @ weights.T) * (acts[number] > 0)
                for part, (value, slope) in enumerate(zip((weights, bias), parts, strict=True)):
                    first_moment, second = moments[2 * number + part]
                    first_moment *= 0.9
                    first_moment += 0.1 * slope
                    second *= 0.999
                    second += 0.001 * slope**2
                    change = (first_moment / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
                    value -= rate * (change + decay * value * (part == 0))
    return layers


def answer(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray, near: np.ndarray) -> np.ndarray:
    """(pieces, classes)."""
    hidden = x.astype(np.float32)
    for number, (weights, bias) in enumerate(layers):
        hidden = hidden @ weights + bias
        if number + 1 < len(layers):
            hidden = np.maximum(hidden, 0)
    hidden = hidden + near
    odds = np.exp(hidden - hidden.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def fit(arguments: argparse.Namespace) -> None:
    """Fit on all, after proving it on persons left out."""
    data = read(Path(arguments.data))
    x, y, person = data["x"], data["y"], data["person"]
    who = np.where(person < 0, -person - 1, person)
    mean = np.nanmean(x, axis=0)
    scale = np.maximum(np.nanstd(x, axis=0), 1e-3)
    z = (x - mean) / scale
    z = np.clip(np.where(np.isfinite(z), z, 0.0), -5, 5).astype(np.float32)
    near = nearness(data["names"], x).astype(np.float32)
    share = np.bincount(y, minlength=len(NAMES)) / len(y)
    w = data["weight"] / np.sqrt(np.maximum(share, 1e-4))[y]
    w /= w.mean()
    folds = arguments.folds
    out = np.zeros((len(y), len(NAMES)))
    networks = []
    for fold in range(folds):
        test = who % folds == fold
        layers = train(
            z[~test],
            near[~test],
            y[~test],
            w[~test],
            hidden=arguments.hidden,
            epochs=arguments.epochs,
            seed=fold,
            decay=0.02,
        )
        out[test] = answer(layers, z[test], near[test])
        networks.append(layers)
        print(
            f"fold {fold}: accuracy {(out[test & (person >= 0)].argmax(1) == y[test & (person >= 0)]).mean():.3f}",
            flush=True,
        )
    own = person >= 0
    confusion(y[own], out[own], data["size"][own])
    classes = NAMES
    record = {
        "schema": SCHEMA,
        "features": data["names"],
        "classes": classes,
        "mean": [float(f"{v:.6g}") for v in mean],
        "scale": [float(f"{v:.6g}") for v in scale],
        "persons": len(np.unique(who)),
        "pieces": int(own.sum()),
        "networks": [
            [
                {
                    "weights": [[float(f"{v:.3g}") for v in row] for row in weights],
                    "bias": [float(f"{v:.4g}") for v in bias],
                }
                for weights, bias in layers
            ]
            for layers in networks
        ],
    }
    Path(arguments.model).write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {arguments.model}: {Path(arguments.model).stat().st_size / 1e3:.0f} kB")


def confusion(y: np.ndarray, p: np.ndarray, size: np.ndarray) -> None:
    """Right answers a class, and what is taken for what, persons left out."""
    best = p.argmax(axis=1)
    for number, name in enumerate(NAMES):
        mine = y == number
        if not mine.any():
            print(f"{name:28s} none")
            continue
        taken = np.bincount(best[mine], minlength=len(NAMES))
        order = np.argsort(-taken)
        said = ", ".join(f"{NAMES[n]} {taken[n] / mine.sum():.0%}" for n in order[:5] if taken[n])
        print(f"{name:28s} {mine.sum():6d}  {said}")
    coronary = np.arange(len(NAMES)) < 4
    is_coronary, said_coronary = coronary[y], p[:, :4].sum(axis=1) > 0.5
    wrong, rest = ~is_coronary & said_coronary, ~is_coronary
    print(
        f"coronary pieces found {said_coronary[is_coronary].mean():.3f}; of the rest taken for coronary "
        f"{wrong.sum() / rest.sum():.4f}, of its volume {size[wrong].sum() / size[rest].sum():.4f}"
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("collect")
    one.add_argument("--persons", type=int, default=200)
    one.add_argument("--first", type=int, default=1000)
    one.add_argument("--step", type=int, default=1)
    one.add_argument("--out", default="build/assign")
    one.set_defaults(run=collect)
    two = commands.add_parser("fit")
    two.add_argument("--data", default="build/assign")
    two.add_argument("--hidden", type=int, default=128)
    two.add_argument("--epochs", type=int, default=50)
    two.add_argument("--folds", type=int, default=5)
    two.add_argument("--model", default="src/calcimetry/assign/model.json")
    two.set_defaults(run=fit)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
