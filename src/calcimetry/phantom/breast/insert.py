"""Calcium of known kinds put into a real mammogram (or another simulated one), at its own noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Projection
from calcimetry.phantom.breast.groups import group, single
from calcimetry.phantom.breast.mammogram import (
    BENIGN,
    Contents,
    SimulatedGroup,
    SimulatedParticle,
    drawn_groups,
    free_arteries,
    groups_of,
    local_noise,
    put,
)
from calcimetry.phantom.breast.outline import Outline
from calcimetry.phantom.breast.particles import Placed2D

__all__ = ["Inserted", "insert_calcium", "outline_of"]

Inserted = tuple[Projection, tuple[SimulatedParticle, ...], tuple[SimulatedGroup, ...], NDArray[np.uint16]]
"""Image, particles, groups and label image."""


def outline_of(inside: NDArray[np.bool_], nipple: tuple[float, float] | None, mm: float) -> Outline:
    """What drawing groups needs of a real breast: its mask, and the nipple that ducts run to.

    Without a nipple the ducts run to the farthest point from the mask's middle.
    """
    away = ndimage.distance_transform_edt(inside)
    depth = np.asarray(np.clip(away * mm / 12.0, 0, 1), np.float32)
    if nipple is None:
        rows, columns = np.nonzero(inside)
        far = int(np.argmax(np.hypot(rows - rows.mean(), columns - columns.mean())))
        nipple = (float(rows[far]), float(columns[far]))
    none = np.zeros(inside.shape, np.float32)
    return Outline(np.asarray(inside, bool), depth, none, none, nipple, "real", mm)


def insert_calcium(
    projection: Projection,
    inside: NDArray[np.bool_],
    nipple: tuple[float, float] | None,
    seed: int,
    contents: Contents | None = None,
    *,
    blur_mm: float = 0.08,
) -> Inserted:
    """Put groups and single calcifications into an image; the same seed gives the same bytes.

    Parameters
    ----------
    projection : Projection
        With a known pixel; its values stay whole numbers.
    inside : (row, column) bool
        Where calcium may lie (the breast without skin, frame and labels).
    nipple : (float, float) or None
        Row and column.
    seed : int
    contents : Contents, optional
        Decoys are not put into real images.
    blur_mm : float
        Standard deviation of the blur of the machine that took the image.

    Raises
    ------
    ValueError
        The projection has no pixel pitch.
    """
    if projection.pixel_mm is None:
        raise ValueError("calcium has a size: the pixel of the projection must be known")
    contents = contents or Contents()
    rng = np.random.default_rng([seed, 20_27])
    mm = float(np.sqrt(projection.pixel_mm[0] * projection.pixel_mm[1]))
    body = outline_of(inside, nipple, mm)
    placed: list[Placed2D] = []
    names: dict[str, tuple[str, str]] = {}
    for name, distribution, pattern, cnr in drawn_groups(contents, rng):
        made = group(body, name, distribution, pattern, cnr, rng)
        if len(made) >= 2:
            placed += made
            names[name] = (distribution, pattern)
    for _ in range(int(rng.poisson(contents.singles))):
        pattern = str(rng.choice(list(BENIGN), p=list(BENIGN.values())))
        placed += single(body, pattern, float(np.exp(rng.uniform(*np.log(contents.cnr)))), rng)
    for _ in range(int(rng.poisson(contents.specks))):
        placed += single(body, "br_round", float(np.exp(rng.uniform(*np.log(contents.cnr)))), rng)
    placed += free_arteries(body, contents, rng)
    local = local_noise(projection.pixels, mm)
    signal, particles, labels = put(placed, projection.pixels.shape, mm, blur_mm, local)
    top = float(projection.pixels.max())
    values = np.minimum(projection.pixels + signal, max(top, 1.0))
    pixels = np.rint(values).astype(projection.pixels.dtype) if projection.pixels.dtype.kind in "iu" else values
    from dataclasses import replace

    made_image = replace(projection, pixels=np.asarray(pixels))
    mine = tuple(particles)
    return made_image, mine, groups_of(mine, names), labels
