"""A drawn chest into which dense things are put before blur and noise, and what the search says of them."""

import numpy as np
from locate_phantoms import chest, volume
from scipy import ndimage

from calcimetry import detect, locate

HEART, AORTA, LUNG = (85, 175), (140, 150), (100, 105)
"""Middles (row, column) of the parts of the drawn chest."""


def scene(put=(), *, slices=12, sd=12.0, seed=3, blur_mm=0.7):
    """The drawn chest with boxes ``((k0, k1), (j0, j1), (i0, i1), hu)`` in it; 1 mm pixels, 3 mm slices."""
    image = chest(slices, sd=0.0).astype(float)
    for (k0, k1), (j0, j1), (i0, i1), hu in put:
        image[k0:k1, j0:j1, i0:i1] = hu
    image = ndimage.gaussian_filter(image, (0.0, blur_mm, blur_mm))
    image += ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1.0, image.shape), (0, 0.6, 0.6)) * sd * 2.1
    return image.round().astype(np.int16)


def look(pixels, spacing_mm=(3.0, 1.0, 1.0), threshold_hu=130.0, body=True, **settings):
    image = volume(pixels, spacing_mm)
    regions = [locate.body(image)] if body else []
    return detect.look(image, regions, threshold_hu=threshold_hu, settings=detect.DetectSettings(**settings))


def search(pixels, **choices):
    return look(pixels, **choices).lesions


def at(lesions, row, column, k=None, mm=4.0):
    """Lesions with a voxel near a place (row, column)."""
    found = []
    for one in lesions:
        index = one.mask.indices()
        near = np.hypot(index[:, 1] - row, index[:, 2] - column) <= mm
        if (near & ((index[:, 0] == k) if k is not None else True)).any():
            found.append(one)
    return found


def counted(lesions):
    return [one for one in lesions if one.counted]
