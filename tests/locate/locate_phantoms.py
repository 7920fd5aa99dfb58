"""Small bodies drawn with numpy: enough to tell a lung from room air and a rib from a plaque."""

from functools import cache

import numpy as np

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from listed_findings import images


@cache
def series(folder):
    """Images of a folder of real data (of all its studies), read once for all tests."""
    return images(folder)


def volume(pixels, spacing_mm=(3.0, 1.0, 1.0), affine=None, **header):
    grid = Geometry.from_spacing(pixels.shape, spacing_mm) if affine is None else Geometry(pixels.shape, affine)
    return Volume("i1", pixels, grid, Acquisition("CT", **{"kvp": 120.0, **header}))


def ellipse(shape, center, radii):
    j, i = np.ogrid[: shape[0], : shape[1]]
    return ((j - center[0]) / radii[0]) ** 2 + ((i - center[1]) / radii[1]) ** 2 <= 1.0


def chest(slices=24, sd=12.0, seed=1, blood=45.0, cut=0):
    """A trunk of 220 x 300 mm with lungs, heart, spine, ribs and a table; 1 mm pixels, 3 mm slices."""
    rng = np.random.default_rng(seed)
    shape = (240, 340)
    plane = np.full(shape, -1000.0)
    plane[225:229, 40:300] = 150.0  # table
    plane[ellipse(shape, (110, 170), (100, 145))] = -100.0  # fat
    plane[ellipse(shape, (110, 170), (88, 130))] = 50.0
    for x in (100, 240):
        plane[ellipse(shape, (105, x), (70, 52))] = -820.0
    plane[ellipse(shape, (85, 175), (45, 38))] = blood  # heart
    plane[ellipse(shape, (140, 150), (13, 13))] = blood  # descending aorta
    plane[ellipse(shape, (165, 170), (18, 20))] = 400.0  # vertebra: cortex and marrow
    plane[ellipse(shape, (165, 170), (14, 16))] = 180.0
    plane[183:205, 165:176] = 350.0
    image = np.repeat(plane[None], slices, axis=0)
    for k in range(slices):
        for n, (y, x) in enumerate([(60, 45), (120, 38), (60, 295), (120, 302)]):
            rib = ellipse(shape, (y + (k * 3 + 9 * n) % 30, x), (10, 4))
            image[k][rib] = 350.0
    lung = (image > -850.0) & (image < -800.0)
    texture = np.repeat(np.repeat(rng.normal(0, 60, (slices, 30, 43)), 8, axis=1), 8, axis=2)[:, : shape[0], : shape[1]]
    image[lung] += texture[lung]
    image += rng.normal(0, sd, image.shape)
    image = image.round().astype(np.int16)
    return image[:, cut : image.shape[1] - cut, cut : image.shape[2] - cut] if cut else image
