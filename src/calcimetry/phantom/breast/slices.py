"""Slices of a simulated tomosynthesis: one group through some depth, sharp in its own slices, blurred in the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Projection
from calcimetry.phantom.breast.mammogram import Contents, local_noise, mammogram, put
from calcimetry.phantom.breast.particles import Placed2D, draw
from calcimetry.phantom.breast.protocols import MammogramProtocol, protocol

__all__ = ["SimulatedSlices", "simulated_slices"]

_BLUR_MM = 0.08
_SPREAD = 0.22
"""Millimeters of blur for each millimeter off the focus: rays of a sweep of 15 to 25 degrees part so far."""
_FADE_MM = 1.0
"""Height off the focus at which a particle has lost half of its contrast."""


@dataclass(frozen=True, eq=False)
class SimulatedSlices:
    """Slices from below, and the truth: place (row, column) and height [mm] of each particle of the one group."""

    slices: tuple[Projection, ...]
    places: NDArray[np.float64]
    heights_mm: NDArray[np.float64]


def simulated_slices(
    seed: int,
    protocol_id: str | MammogramProtocol = "digital-100",
    *,
    count: int = 7,
    step_mm: float = 1.0,
    particles: int = 8,
    depth_mm: float = 3.0,
    cnr: float = 14.0,
) -> SimulatedSlices:
    """One group of round particles in a stack of slices; the same seed gives the same bytes.

    Tissue is the same in all slices but for the noise: what is tried with them is what becomes of calcium that
    several slices show, not how well it is found.

    Parameters
    ----------
    seed : int
    protocol_id : str or MammogramProtocol
    count, step_mm : int, float
        Slices and their distance.
    particles : int
    depth_mm : float
        Height that the group reaches through, about the middle of the stack.
    cnr : float
        Contrast in focus (peak of a 0.4 mm ball over the local noise).
    """
    how = protocol(protocol_id) if isinstance(protocol_id, str) else protocol_id
    rng = np.random.default_rng([seed, 20_29])
    nothing = Contents(groups=0, singles=0, specks=0, arteries=0, decoys=False, view="CC", density=0.3)
    made = mammogram(seed, how, nothing)
    whole, mm = made.projection.pixels.astype(np.float32), how.pixel_mm
    rows, columns = np.nonzero(made.breast)
    middle = np.array([np.median(rows), np.median(columns)])
    places = middle + rng.uniform(-3.0, 3.0, (particles, 2)) / mm
    top = (count - 1) * step_mm
    heights = top / 2 + rng.uniform(-0.5, 0.5, particles) * depth_mm
    drawn = [draw("br_round", rng, size_mm=float(rng.uniform(0.3, 0.5))) for _ in range(particles)]
    local = local_noise(whole, mm)
    noise = float(np.median(local[made.breast]))
    slices = []
    for n in range(count):
        signal = np.zeros(whole.shape, np.float32)
        for one, place, height in zip(drawn, places, heights, strict=True):
            off = abs(n * step_mm - height)
            faded = Placed2D(one, (float(place[0]), float(place[1])), cnr / (1 + off / _FADE_MM))
            signal += put([faded], whole.shape, mm, float(np.hypot(_BLUR_MM, _SPREAD * off)), local)[0]
        image = whole + signal + made.breast * rng.normal(0, 0.7 * noise, whole.shape)
        stored = np.clip(np.rint(image), 0, 65535).astype(np.uint16)
        taken = replace(made.projection.acquisition, series_uid="2.25.2029", modality="MG")
        slices.append(
            replace(
                made.projection, id=f"i{n + 1}", pixels=stored, acquisition=taken, kind="tomosynthesis",
                height_mm=n * step_mm, intent="presentation",
            )
        )  # fmt: skip
    return SimulatedSlices(tuple(slices), places, heights)
