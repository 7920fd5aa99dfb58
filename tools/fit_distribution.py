"""Fit the word for how a group lies on mammograms, and write plain numbers into ``describe/model.json``.

``collect`` simulates mammograms with one group each and keeps what the search says of all places on them; ``fit`` puts
groups of every known kind in the place of the simulated one, each particle with the confidence (or the miss) that the
search had for one of that image, lets the search's own rule form groups, and fits the answer. So each searched image
yields many arrangements, with its own strays and its own losses. Deterministic; no image of a person is used.

    python tools/fit_distribution.py collect --out build/distribution
    python tools/fit_distribution.py fit --data build/distribution
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fit_describe import classifier, report
from numpy.typing import NDArray

from calcimetry.describe import BreastWordSettings
from calcimetry.describe.arrangement import arrangement
from calcimetry.describe.distribution import distribution
from calcimetry.describe.likelihood import explained
from calcimetry.describe.model import SCHEMA, Classifier
from calcimetry.describe.place import breast_mm2
from calcimetry.describe.weighing import DISTRIBUTION_INPUTS, DISTRIBUTIONS, distribution_inputs
from calcimetry.detect import look_breast
from calcimetry.detect.breast.groups import grouped
from calcimetry.detect.breast.look import BreastFound
from calcimetry.detect.breast.settings import GroupSettings
from calcimetry.detect.breast.spot_model import shipped
from calcimetry.locate.breast import BreastMap, breast_map
from calcimetry.phantom import breast as simulated
from calcimetry.phantom.breast.groups import places_of
from calcimetry.phantom.breast.insert import outline_of

F64 = NDArray[np.float64]
Planted = tuple[F64, F64, NDArray[np.bool_], int]
"""Places, confidence and whether a speck, the particles of the group in question last; and how many these are."""
JOBS = (
    ("digital-100", None, 90000, 75),
    ("digital-050", (80.0, 95.0), 95000, 50),
    ("digital-050", (80.0, 95.0), 130000, 67),
)
"""Protocol, height of the image [mm], first seed, number of images."""
FORMS = ("br_round", "br_amorphous", "br_coarse_heterogeneous", "br_fine_pleomorphic", "br_fine_linear")
NO_SPECKS = {"br_vascular", "br_large_rodlike", "br_suture", "br_rim", "br_coarse_popcorn"}
GRID_MM = 0.5
EACH = ((4, False), (3, True))
"""Groups of each kind put into each image: so many times, and whether half of the images hold others beside it."""
MOST_MORE = 4
"""At most so many others beside it."""
PRIOR = np.log(19.0)
"""What the search's confidence holds against calcium before it looks."""
FOLDS = 4


@dataclass(frozen=True)
class Searched:
    """Places of one image as the search left them, without those of the simulated group, and what it made of that."""

    seed: int
    places: F64
    confidence: F64
    speck: NDArray[np.bool_]
    pool: F64
    """Confidence of the group's particles; not a number where one was missed."""
    breast: NDArray[np.bool_]
    nipple: tuple[float, float] | None
    """On the grid of ``breast``."""
    nipple_mm: tuple[float, float] | None
    """As it was located."""
    area_mm2: float


def image_of(protocol: str, height: tuple[float, float] | None, seed: int, n: int) -> simulated.SimulatedMammogram:
    """One image with one group, all kinds and forms in turn."""
    turn, rest = divmod(n, 25)
    i, j = divmod(rest, 5)
    form = FORMS[(i + j + turn) % 5]
    how = simulated.PROTOCOLS[protocol]
    contents = simulated.Contents(
        groups=1,
        singles=2.0,
        specks=3.0,
        arteries=0.2,
        cnr=(9.0, 20.0) if form == "br_amorphous" else (6.0, 14.0),
        distribution=simulated.DISTRIBUTIONS[j],
        pattern=form,
    )
    return simulated.mammogram(seed, how if height is None else replace(how, height_mm=height), contents)


def searched(image: simulated.SimulatedMammogram, located: BreastMap, found: BreastFound) -> Searched | None:
    """What the search says of one image; ``None`` where its group left fewer than two traces."""
    if not image.groups:
        return None
    mm = float(image.projection.pixel_mm[0]) if image.projection.pixel_mm else located.mm
    owners = {one.label: one.group for one in image.particles}
    places = np.array([one.center_index[1:] for one in found.lesions]).reshape(-1, 2) * mm
    own = np.zeros(len(found.lesions), bool)
    for k, one in enumerate(found.lesions):
        if one.mask is not None:
            _, i, j = one.mask.indices().T
            labels = image.labels[i, j]
            if (labels > 0).mean() > 0.25:
                own[k] = owners.get(int(Counter(labels[labels > 0].tolist()).most_common(1)[0][0])) is not None
    speck = np.array([one.kind == "calcification" and not set(one.pattern) & NO_SPECKS for one in found.lesions], bool)
    confidence = np.array([one.confidence for one in found.lesions])
    if (own & speck).sum() < 2:
        return None
    pool = np.full(len(image.groups[0].particles), np.nan)
    got = confidence[own & speck][: len(pool)]
    pool[: len(got)] = got
    step = max(1, round(GRID_MM / mm))
    return Searched(
        int(image.settings["seed"]),
        places[~own],
        confidence[~own],
        speck[~own],
        pool,
        image.breast[::step, ::step].copy(),
        None if image.nipple is None else (image.nipple[0] / step, image.nipple[1] / step),
        None if located.nipple_index is None else (located.nipple_index[0] * mm, located.nipple_index[1] * mm),
        breast_mm2(located.regions, mm),
    )


def planted(one: Searched, words: Sequence[str], rng: np.random.Generator) -> Planted | None:
    """New groups on one image, the last of them the one that is asked about; ``None`` where it finds no room."""
    body = outline_of(one.breast, one.nipple, GRID_MM)
    places, confidence, own = [one.places], [one.confidence], 0
    for word in words:
        points = places_of(body, word, rng)
        own = 0
        if points is None:
            continue
        rows, columns = np.clip(np.rint(points).astype(int), 0, np.array(one.breast.shape) - 1).T
        points = points[one.breast[rows, columns]] * GRID_MM
        sure = rng.choice(one.pool, len(points))
        points, sure = points[~np.isnan(sure)], sure[~np.isnan(sure)]
        kept: list[int] = []
        for n in np.argsort(-sure):
            # (what lies closer is one finding)
            if all(np.hypot(*(points[n] - points[m])) > 0.4 for m in kept):
                kept.append(int(n))
        places.append(points[kept] + rng.normal(0, 0.1, (len(kept), 2)))
        confidence.append(sure[kept])
        own = len(kept)
    if own == 0:
        return None
    every = np.concatenate(places)
    speck = np.concatenate([one.speck, np.ones(len(every) - len(one.places), bool)])
    return every, np.concatenate(confidence), speck, own


def examples(images: list[Searched], seed: int, each: int, others: bool) -> Iterator[tuple[F64, str, bool, int]]:
    """Inputs, truth, whether it is reported, and seed of the image, of every group that the search would list."""
    rng = np.random.default_rng(seed)
    for one in images:
        for _ in range(each):
            for word in DISTRIBUTIONS:
                words = [word]
                if others:
                    # What lies elsewhere must not change the word.
                    more = int(rng.integers(1, MOST_MORE + 1)) if rng.random() < 0.5 else 0
                    words = [*rng.choice(DISTRIBUTIONS[:4], more), word]
                made = planted(one, words, rng)
                row = None if made is None else inputs_of(one, *made)
                if row is not None:
                    yield row[0], word, row[1], one.seed


def inputs_of(
    one: Searched, places: F64, confidence: F64, speck: NDArray[np.bool_], own: int
) -> tuple[F64, bool] | None:
    """Inputs of the surest group that is mostly of the planted particles; ``None`` where there is none."""
    settings, usual, limits = GroupSettings(), shipped().usual, BreastWordSettings()
    evidence = np.log(np.clip(confidence, 1e-6, None) / np.clip(1 - confidence, 1e-6, None)) + PRIOR
    found = grouped(places, evidence, np.where(speck, 0.0, 1.0), one.area_mm2, settings)
    sure = [usual.confidence(cluster.surprise) for cluster in found]
    mine = [
        n
        for n, cluster in enumerate(found)
        if sure[n] >= settings.floor
        and (cluster.members >= len(places) - own).sum() >= max(2, 0.5 * len(cluster.members))
    ]

    def reported(n: int) -> bool:
        distinct = int((confidence[found[n].members] >= 0.5).sum())
        return bool(found[n].surprise >= usual.reported_from and distinct >= settings.distinct)

    best = max(mine, key=lambda n: (reported(n), sure[n]), default=None)
    if best is None or len(found[best].members) < limits.distribution.least:
        return None
    members = found[best].members
    taking = speck & (confidence >= limits.distribution.least_confidence)
    taking[members] = False
    apart = np.flatnonzero(taking)
    order = np.concatenate([members, apart])
    where = {int(n): k for k, n in enumerate(order)}
    k = len(members)
    others = [
        np.array([where[int(m)] for m in cluster.members if int(m) in where], int)
        for n, cluster in enumerate(found)
        if n != best and sure[n] >= limits.patterns.group_from
    ]
    patch = arrangement(
        places[members], places[apart], one.area_mm2, limits.distribution, confidence[members], confidence[apart]
    )
    seen = explained(
        places[members],
        places[apart],
        confidence[order],
        [other for other in others if len(other) >= limits.distribution.least],
        one.area_mm2,
        None if one.nipple_mm is None else np.array(one.nipple_mm),
        limits.patterns,
    )
    said = distribution(patch, one.nipple_mm, limits.distribution)
    return distribution_inputs(k, patch, said, seen), reported(best)


def collect(arguments: argparse.Namespace) -> None:
    """Simulate and search; one file for each image."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    for protocol, height, first, count in JOBS:
        for n in range(count):
            image = image_of(protocol, height, first + n, n)
            located = breast_map(image.projection)
            if located is None or image.projection.pixel_mm is None:
                continue
            found = look_breast(image.projection, located.regions, float(image.projection.pixel_mm[0]))
            (out / f"{first + n}.pkl").write_bytes(pickle.dumps(searched(image, located, found)))
            print(first + n, flush=True)


def fit(arguments: argparse.Namespace) -> None:
    """Fit on all, after proving it on images left out."""
    images = [pickle.loads(path.read_bytes()) for path in sorted(Path(arguments.data).glob("*.pkl"))]  # noqa: S301
    images = [one for one in images if one is not None]
    parts = [list(examples(images, 11, each, others)) for each, others in EACH]
    rows, words, sure, seeds = zip(*(row for part in parts for row in part), strict=True)
    x, truth, reported, seed = np.array(rows), np.array(words), np.array(sure), np.array(seeds)
    alone = np.arange(len(truth)) < len(parts[0])
    weights = np.where(reported, 1.0, 0.5)
    settings = {"hidden": 12, "decay": 3e-3}
    said = np.empty(len(truth), object)
    for fold in range(FOLDS):
        left = seed % FOLDS == fold
        part = classifier(
            x[~left], truth[~left], weights[~left], DISTRIBUTION_INPUTS, DISTRIBUTIONS, seeds=2, **settings
        )
        made = Classifier.of(part).probabilities(x[left])
        said[left] = np.array(DISTRIBUTIONS, object)[made.argmax(axis=1)]
    for name, use in (("one group on the image", alone), ("up to five", ~alone)):
        report(f"{name}, all listed", said[use], truth[use], DISTRIBUTIONS)
        report(f"{name}, reported", said[use & reported], truth[use & reported], DISTRIBUTIONS)
    path = Path(arguments.model)
    record = json.loads(path.read_text("utf-8"))
    record["schema"] = SCHEMA
    record["distribution"] = classifier(x, truth, weights, DISTRIBUTION_INPUTS, DISTRIBUTIONS, seeds=3, **settings)
    record["made"] |= {"searched_images": len(images), "arrangements": len(truth)}
    path.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {path}: {path.stat().st_size / 1e3:.0f} kB")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = parser.add_subparsers(required=True)
    one = ways.add_parser("collect")
    one.add_argument("--out", required=True)
    one.set_defaults(run=collect)
    one = ways.add_parser("fit")
    one.add_argument("--data", required=True)
    one.add_argument("--model", default="src/calcimetry/describe/model.json")
    one.set_defaults(run=fit)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
