"""Fit the words of the stage ``describe`` on mammograms, and write plain numbers.

``collect`` simulates mammograms, looks at them as the program would, and keeps the form of every particle, outlined by
the search and as simulated, with its truth; ``fit`` makes ``src/calcimetry/describe/model.json`` of them. Both are
deterministic. No image of a person is used.

    python tools/fit_describe.py collect --out build/describe
    python tools/fit_describe.py fit --data build/describe
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy import ndimage
from scipy.optimize import minimize

from calcimetry.core.lesion import Mask
from calcimetry.describe.model import SCHEMA, Classifier
from calcimetry.describe.morphology import group_input_names, group_inputs
from calcimetry.describe.place import depths_mm
from calcimetry.describe.shape import SHAPE, shape_of
from calcimetry.detect import look_breast
from calcimetry.imaging.networks import squeezed
from calcimetry.knowledge.breast_words import suspicious
from calcimetry.locate.breast import breast_map
from calcimetry.phantom import breast as simulated

CLASSES = (
    "br_round",
    *suspicious(),
    "br_rim",
    "br_coarse_popcorn",
    "br_large_rodlike",
    "br_dystrophic",
    "br_skin",
    "br_suture",
    "none",
)
"""Answers for particles; ``none``: no calcium. Milk of calcium is told by its level on a true lateral."""
GROUPS = ("br_round", *suspicious())
LEAST_PX = 2.0
FOLDS = 3
FIRST, COUNT = 71000, 69
PROTOCOLS = (
    "digital-100",
    "digital-050",
    "digital-100",
    "digital-050",
    "film-100",
    "digital-050",
    "digital-100",
    "film-050",
)


def image_of(seed: int) -> simulated.SimulatedMammogram:
    """One image to learn from: a small breast with three groups of one form, so that all forms are found often."""
    number = seed - FIRST
    pattern = GROUPS[number % len(GROUPS)]
    how = replace(simulated.PROTOCOLS[PROTOCOLS[number % len(PROTOCOLS)]], height_mm=(50.0, 62.0))
    contents = simulated.Contents(
        groups=3,
        singles=3.0,
        specks=2.0,
        arteries=0.15,
        # Hazy small ones must be brighter to be found at all.
        cnr=(9.0, 26.0) if pattern == "br_amorphous" else (6.0, 18.0),
        distribution=("grouped", "linear")[(number // 5) % 3 == 2],
        pattern=pattern,
    )
    return simulated.mammogram(seed, how, contents)


def collect(arguments: argparse.Namespace) -> None:
    """Simulate and look; one file for each image."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    for seed in range(arguments.first, arguments.first + arguments.count):
        one = gathered(image_of(seed))
        (out / f"{seed}.pkl").write_bytes(pickle.dumps([one] if one else []))
        print(seed, flush=True)


def gathered(image: simulated.SimulatedMammogram) -> dict[str, Any] | None:
    """Form and truth of all particles of one image, of both kinds of outline; ``None`` without a breast."""
    found_map = breast_map(image.projection)
    if found_map is None:
        return None
    mm = float(image.projection.pixel_mm[0]) if image.projection.pixel_mm else found_map.mm
    found = look_breast(image.projection, found_map.regions, mm)
    by_label = {one.label: one for one in image.particles}
    things = [("found", one.mask, one.confidence, one.pattern) for one in found.lesions if one.kind == "calcification"]
    for number, box in enumerate(ndimage.find_objects(image.labels), start=1):
        if box is not None:
            start = (0, int(box[0].start), int(box[1].start))
            things.append(("true", Mask(start, (image.labels[box] == number)[None]), 1.0, ()))
    places = np.array([mask.indices().mean(axis=0)[1:] for _, mask, _, _ in things]).reshape(-1, 2)
    depth = depths_mm(found_map.regions, places, mm)
    rows, truth, group, own_id, sure, kind, pattern, width = [], [], [], [], [], [], [], []
    for (source, mask, confidence, words), far in zip(things, depth, strict=True):
        if words == ("br_vascular",):
            continue
        shape = shape_of(image.projection.pixels, mask, mm, float(far))
        _, i, j = mask.indices().T
        labels = image.labels[i, j]
        label = int(np.bincount(labels[labels > 0]).argmax()) if (labels > 0).mean() > 0.25 else 0
        one = by_label.get(label)
        rows.append(shape.row)
        width.append(shape.width_px)
        truth.append(one.pattern if one else "none")
        group.append((one.group or "") if one else "")
        own_id.append(label)
        sure.append(confidence)
        kind.append(source)
        pattern.append(words[0] if words else "")
    names = [one.id for one in found.lesions if one.kind == "calcification" and one.pattern != ("br_vascular",)]
    return {
        "protocol": str(image.settings["protocol"]),
        "seed": int(image.settings["seed"]),
        "mm": mm,
        "values": np.array(rows),
        "truth": np.array(truth),
        "group": np.array(group),
        "particle": np.array(own_id),
        "sure": np.array(sure),
        "kind": np.array(kind),
        "pattern": np.array(pattern),
        "width_px": np.array(width),
        "groups": {one.id: (one.distribution, one.pattern) for one in image.groups},
        "found": [
            (one.confidence, one.reported, [names.index(n) for n in one.lesions if n in names]) for one in found.groups
        ],
    }


def softmax_network(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, answers: int, hidden: int, decay: float, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """One hidden layer, fitted on all examples at once (L-BFGS) with weight decay."""
    rng = np.random.default_rng(seed)
    shapes = [(x.shape[1], hidden), (hidden,), (hidden, answers), (answers,)]
    start = [rng.normal(0, np.sqrt(1.0 / s[0]), s) if len(s) == 2 else np.zeros(s) for s in shapes]
    cuts = np.cumsum([part.size for part in start])[:-1]
    w = w / w.sum()
    rows = np.arange(len(x))

    def apart(flat: np.ndarray) -> list[np.ndarray]:
        return [part.reshape(s) for part, s in zip(np.split(flat, cuts), shapes, strict=True)]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        first, bias, second, offset = apart(flat)
        before = x @ first + bias
        h = np.maximum(before, 0)
        z = h @ second + offset
        z = z - z.max(axis=1, keepdims=True)
        odds = np.exp(z)
        total = odds.sum(axis=1, keepdims=True)
        value = -float((w * (z[rows, y] - np.log(total[:, 0]))).sum())
        off = odds / total
        off[rows, y] -= 1
        off *= w[:, None]
        back = (off @ second.T) * (before > 0)
        slopes = [x.T @ back + decay * first, back.sum(axis=0), h.T @ off + decay * second, off.sum(axis=0)]
        value += 0.5 * decay * float((first**2).sum() + (second**2).sum())
        return value, np.concatenate([s.ravel() for s in slopes])

    flat = np.concatenate([part.ravel() for part in start])
    first, bias, second, offset = apart(minimize(loss, flat, jac=True, method="L-BFGS-B", options={"maxiter": 250}).x)
    return [(first, bias), (second, offset)]


def classifier(
    x: np.ndarray, truth: np.ndarray, w: np.ndarray, inputs: tuple[str, ...], classes: tuple[str, ...], *,
    hidden: int, decay: float, seeds: int,
) -> dict[str, Any]:  # fmt: skip
    """Networks with all that is needed to use them, as plain numbers; every class weighs the same in sum."""
    z = squeezed(x)
    mean, scale = z.mean(axis=0), np.maximum(z.std(axis=0), 1e-3)
    z = np.clip((z - mean) / scale, -4, 4)
    y = np.array([classes.index(one) for one in truth])
    total = np.bincount(y, weights=w, minlength=len(classes))
    w = w / np.maximum(total, 1e-9)[y]
    networks = [softmax_network(z, y, w, len(classes), hidden, decay, seed) for seed in range(seeds)]

    def plain(values: np.ndarray) -> list[Any]:
        return [float(f"{v:.4g}") for v in values] if values.ndim == 1 else [plain(row) for row in values]

    return {
        "inputs": list(inputs),
        "classes": list(classes),
        "mean": plain(mean),
        "scale": plain(scale),
        "networks": [[{"weights": plain(a), "bias": plain(b)} for a, b in layers] for layers in networks],
    }


def particle_examples(images: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, truth and weights of all particles that have a shape."""
    x, truth, w = [], [], []
    for one in images:
        use = np.isin(one["truth"], CLASSES) & (one["width_px"] >= LEAST_PX)
        x.append(with_pixel(one["values"], one["mm"])[use])
        truth.append(one["truth"][use])
        w.append(np.where(one["kind"] == "found", 1.0, 0.5)[use])
    return np.concatenate(x), np.concatenate(truth), np.concatenate(w)


def with_pixel(rows: np.ndarray, mm: float) -> np.ndarray:
    """Forms with the pixel beside them."""
    return np.concatenate([rows, np.full((len(rows), 1), mm)], axis=1)


def group_examples(
    images: list[dict[str, Any]], shares: list[np.ndarray], classes: tuple[str, ...], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and truth of groups: as found, parts of them, with strays of the search, and as simulated."""
    rng = np.random.default_rng(seed)
    x, truth = [], []

    def take(one: dict[str, Any], share: np.ndarray, members: np.ndarray, pattern: str) -> None:
        members = members[one["width_px"][members] >= LEAST_PX]
        if len(members) >= 3:
            weights = np.maximum(one["sure"][members], 0.05)
            x.append(group_inputs(one["values"][members], share[members], classes, weights, one["mm"]))
            truth.append(pattern)

    for one, share in zip(images, shares, strict=True):
        for _, _, members in one["found"]:
            name = majority(one, np.array(members, int))
            if name:
                for _ in range(2):
                    take(one, share, np.array(members, int), one["groups"][name][1])
        strays = np.flatnonzero((one["kind"] == "found") & (one["truth"] == "none"))
        for name, (_, pattern) in one["groups"].items():
            found = np.flatnonzero((one["kind"] == "found") & (one["group"] == name))
            take(one, share, np.flatnonzero((one["kind"] == "true") & (one["group"] == name)), pattern)
            for _ in range(3):
                part = found[rng.random(len(found)) < rng.uniform(0.5, 1.0)]
                add = rng.permutation(strays)[: int(rng.integers(0, 1 + len(part) // 3))]
                take(one, share, np.concatenate([part, add]), pattern)
    return np.array(x), np.array(truth)


def majority(one: dict[str, Any], members: np.ndarray) -> str:
    """The simulated group that most members of a found one belong to; empty where it is none."""
    own = [name for name in one["group"][members] if name]
    if not own:
        return ""
    best = max(sorted(set(own)), key=own.count)
    return best if own.count(best) >= max(2, 0.5 * len(members)) else ""


def fit(arguments: argparse.Namespace) -> None:
    """Fit on all, after proving it on seeds left out."""
    images: list[dict[str, Any]] = []
    for path in sorted(Path(arguments.data).glob("*.pkl")):
        images += pickle.loads(path.read_bytes())  # noqa: S301 (what collect wrote)
    inputs = (*SHAPE, "pixel_mm")
    settings = {"hidden": 20, "decay": 1e-4, "seeds": 1}
    shares: list[np.ndarray] = [np.zeros(0)] * len(images)
    for fold in range(FOLDS):
        kept = [one for n, one in enumerate(images) if n % FOLDS != fold]
        x, truth, w = particle_examples(kept)
        forms = Classifier.of(classifier(x, truth, w, inputs, CLASSES, **settings))
        for n, one in enumerate(images):
            if n % FOLDS == fold:
                shares[n] = forms.probabilities(with_pixel(one["values"], one["mm"]))
    report("particles", *particle_answers(images, shares), CLASSES)
    answers, truths = [], []
    group_settings = {"hidden": 12, "decay": 1e-3, "seeds": 1}
    for fold in range(FOLDS):
        kept = [n for n in range(len(images)) if n % FOLDS != fold]
        left = [n for n in range(len(images)) if n % FOLDS == fold]
        x, truth = group_examples([images[n] for n in kept], [shares[n] for n in kept], CLASSES, fold)
        made = Classifier.of(classifier(x, truth, np.ones(len(x)), group_input_names(), GROUPS, **group_settings))
        for n in left:
            for _, _, members in images[n]["found"]:
                own = np.array(members, int)
                name = majority(images[n], own)
                own = own[images[n]["width_px"][own] >= LEAST_PX]
                if name and len(own) >= 3:
                    weights = np.maximum(images[n]["sure"][own], 0.05)
                    row = group_inputs(images[n]["values"][own], shares[n][own], CLASSES, weights, images[n]["mm"])
                    answers.append(GROUPS[int(made.probabilities(row[None])[0].argmax())])
                    truths.append(images[n]["groups"][name][1])
    report("groups as found", np.array(answers), np.array(truths), GROUPS)
    x, truth, w = particle_examples(images)
    particle = classifier(x, truth, w, inputs, CLASSES, hidden=20, decay=1e-4, seeds=3)
    gx, gtruth = group_examples(images, shares, CLASSES, 0)
    group = classifier(gx, gtruth, np.ones(len(gx)), group_input_names(), GROUPS, hidden=12, decay=1e-3, seeds=3)
    record = {
        "schema": SCHEMA,
        "made": {
            "images": len(images),
            "particles": len(truth),
            "groups": len(gtruth),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "data_sha256": hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest(),
        },
        "particle": particle,
        "group": group,
        # (fitted by tools/fit_distribution.py, and kept)
        "distribution": json.loads(Path(arguments.model).read_text("utf-8"))["distribution"],
    }
    Path(arguments.model).write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {arguments.model}: {Path(arguments.model).stat().st_size / 1e3:.0f} kB")


def particle_answers(images: list[dict[str, Any]], shares: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Likeliest word and truth of the particles as found that have a shape."""
    said, truth = [], []
    for one, share in zip(images, shares, strict=True):
        use = (one["kind"] == "found") & np.isin(one["truth"], CLASSES) & (one["width_px"] >= LEAST_PX)
        said += [CLASSES[int(n)] for n in share[use].argmax(axis=1)]
        truth += one["truth"][use].tolist()
    return np.array(said), np.array(truth)


def report(title: str, said: np.ndarray, truth: np.ndarray, classes: tuple[str, ...]) -> None:
    """Print a table: rows are the truth."""
    print(f"{title}: {len(truth)}, right {np.mean(said == truth):.3f}")
    for one in classes:
        row = [int(((truth == one) & (said == other)).sum()) for other in classes]
        print(f"  {one:26}" + "".join(f"{v:6d}" for v in row))


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("collect")
    one.add_argument("--out", default="build/describe")
    one.add_argument("--first", type=int, default=FIRST)
    one.add_argument("--count", type=int, default=COUNT)
    one.set_defaults(run=collect)
    two = commands.add_parser("fit")
    two.add_argument("--data", default="build/describe")
    two.add_argument("--model", default="src/calcimetry/describe/model.json")
    two.set_defaults(run=fit)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
