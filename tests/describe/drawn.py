"""Small images with calcium of known form, outlined as drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import ndimage

from calcimetry.core.geometry import Geometry
from calcimetry.core.group import Group
from calcimetry.core.image import Acquisition, Projection
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.core.regions import Region, Regions
from calcimetry.phantom.breast import draw, thickness


@dataclass
class Drawing:
    """An even breast (everything but a strip of air at the right) to which particles are added."""

    mm: float = 0.05
    side_mm: float = 60.0
    seed: int = 1
    view: str = "CC"
    lossy: str | None = None
    lesions: list[Lesion] = field(default_factory=list)

    def __post_init__(self) -> None:
        n = round(self.side_mm / self.mm)
        self.rng = np.random.default_rng(self.seed)
        self.signal = np.zeros((n, n), np.float32)

    def add(
        self, pattern: str, at_mm: tuple[float, float], *, size_mm: float | None = None, angle: float = 0.0
    ) -> None:
        """One particle of the phantom."""
        at = (at_mm[0] / self.mm, at_mm[1] / self.mm)
        patch, row, column = thickness(draw(pattern, self.rng, size_mm=size_mm, angle=angle), self.mm, at)
        self.put(patch * 900.0, row, column)

    def put(self, patch: np.ndarray, row: int, column: int, **more: object) -> None:
        """Any signal, as one more lesion."""
        rows, columns = patch.shape
        soft = ndimage.gaussian_filter(np.pad(patch, 6).astype(np.float32), 0.05 / self.mm)
        part = self.signal[row - 6 : row + rows + 6, column - 6 : column + columns + 6]
        part += soft
        bits = soft > 0.42 * soft.max()
        box = ndimage.find_objects(bits.astype(np.uint8))[0]
        start = (0, row - 6 + box[0].start, column - 6 + box[1].start)
        mask = Mask(start, bits[box][None])
        center = mask.indices().mean(axis=0)
        number = len(self.lesions) + 1
        one = Lesion(
            id=f"L{number}",
            image="i1",
            label=number,
            kind="calcification",
            center_index=(0.0, float(center[1]), float(center[2])),
            center_mm=None,
            bounds_index=(mask.start, mask.stop),
            peak_index=(0, round(center[1]), round(center[2])),
            confidence=0.9,
            mask=mask,
        )
        self.lesions.append(replace(one, **more))

    @property
    def projection(self) -> Projection:
        noise = np.random.default_rng(self.seed + 7).normal(0, 6, self.signal.shape)
        return Projection(
            id="i1",
            pixels=(1000 + self.signal + noise).astype(np.float32),
            acquisition=Acquisition("MG", hu=False, lossy=self.lossy),
            pixel_mm=(self.mm, self.mm),
            view=self.view,
            laterality="L",
            kind="mammogram",
        )

    @property
    def regions(self) -> Regions:
        labels = np.ones((1, *self.signal.shape), np.uint8)
        labels[:, :, -round(2.0 / self.mm) :] = 0
        geometry = Geometry.from_spacing(labels.shape, (1.0, self.mm, self.mm))
        return Regions("i1", labels, geometry, (Region(1, "breast"),))

    def group(self, ids: tuple[str, ...] | None = None) -> Group:
        mine = [one for one in self.lesions if ids is None or one.id in ids]
        low = np.min([one.bounds_index[0] for one in mine], axis=0)
        high = np.max([one.bounds_index[1] for one in mine], axis=0)
        center = np.mean([one.center_index for one in mine], axis=0)
        return Group(
            id="G1",
            image="i1",
            lesions=tuple(one.id for one in mine),
            confidence=0.9,
            reported=True,
            center_index=tuple(center.tolist()),
            bounds_index=(tuple(low.tolist()), tuple(high.tolist())),
        )
