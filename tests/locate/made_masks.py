"""Masks of a drawn person, as TotalSegmentator would write them, from the truth."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
from scipy.spatial import cKDTree

from calcimetry.core.geometry import Geometry
from calcimetry.phantom import Simulation, person
from calcimetry.phantom.figure import draw_figure
from calcimetry.phantom.heart import Chamber
from calcimetry.phantom.organs import Organs, build_organs

VESSELS = {
    "aorta": ("ascending", "arch", "descending", "abdominal"),
    "superior_vena_cava": ("vena_cava_superior",),
    "brachiocephalic_trunk": ("brachiocephalic",),
    "common_carotid_artery_left": ("left_carotid",),
    "subclavian_artery_left": ("left_subclavian",),
    "trachea": ("trachea",),
    "pulmonary_artery": ("pulmonary_trunk", "pulmonary_left", "pulmonary_right"),
    "coronary_arteries": ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary"),
}
CHAMBERS = {
    "heart_atrium_left": "left_atrium",
    "heart_atrium_right": "right_atrium",
    "heart_ventricle_left": "left_ventricle",
    "heart_ventricle_right": "right_ventricle",
}


def drawn(seed: int, protocol: str, **kwargs: object) -> tuple[Simulation, Organs]:
    """A person with the organs that the image was painted from."""
    rng = np.random.default_rng([seed, 0])
    figure = draw_figure(rng, gated=protocol == "gated")
    return person(seed, protocol, **kwargs), build_organs(figure, rng)  # type: ignore[arg-type]


def truth_masks(scan: Simulation, organs: Organs, *, chambers: bool = False) -> dict[str, np.ndarray]:
    """Class -> mask (slice, row, column)."""
    grid = scan.volume.geometry
    assert scan.anatomy is not None
    out = {name: np.zeros(grid.shape, dtype=bool) for name in VESSELS}
    for name, tubes in VESSELS.items():
        for tube in tubes:
            one = scan.anatomy.tubes[tube]
            _ball_chain(out[name], grid, one.points_mm, np.maximum(one.radius_mm, 0.8))
    muscle, nearest = _muscle(grid, organs)
    muscle &= ~(out["aorta"] | out["pulmonary_artery"])
    out["heart"] = muscle
    for name, chamber in CHAMBERS.items():
        out[name] = muscle & (nearest == list(organs.chambers).index(chamber))
    out["heart_myocardium"] = out["heart_ventricle_left"] & ~_inside(grid, organs.cavity)
    out["heart_ventricle_left"] &= ~out["heart_myocardium"]
    if not chambers:
        for name in (*CHAMBERS, "heart_myocardium", "pulmonary_artery"):
            del out[name]
    return out | _vertebrae(grid, organs)


def write_folder(folder: Path, made: dict[str, np.ndarray], grid: Geometry) -> Path:
    """One file for each class."""
    folder.mkdir(exist_ok=True)
    for name, mask in made.items():
        write(folder / f"{name}.nii.gz", mask.astype(np.uint8), grid)
    return folder


def write(path: Path, values: np.ndarray, grid: Geometry) -> Path:
    """A NIfTI file."""
    ras = np.diag([-1.0, -1, 1, 1]) @ grid.affine[:, [2, 1, 0, 3]]
    nibabel.save(nibabel.Nifti1Image(values.transpose(2, 1, 0), ras), path)
    return path


def _ball_chain(out: np.ndarray, grid: Geometry, points: np.ndarray, radius: np.ndarray) -> None:
    reach = float(radius.max()) + 1.0
    low = grid.to_index(points).min(axis=0) - reach / np.array(grid.spacing_mm)
    high = grid.to_index(points).max(axis=0) + reach / np.array(grid.spacing_mm)
    start, stop = np.maximum(np.floor(low), 0).astype(int), np.minimum(np.ceil(high) + 1, grid.shape).astype(int)
    if (stop <= start).any():
        return
    index = np.indices(tuple(stop - start)).reshape(3, -1).T + start
    away, node = cKDTree(points).query(grid.to_lps_mm(index), distance_upper_bound=reach)
    near = np.isfinite(away)
    inside = np.zeros(len(index), dtype=bool)
    inside[near] = away[near] <= radius[node[near]]
    # a tube ends in a plane, not in half a ball
    first, last = ((points[0] - points[min(4, len(points) - 1)]), (points[-1] - points[-min(5, len(points))]))
    lps = grid.to_lps_mm(index)
    inside &= ~(((lps - points[0]) @ first > 0) & (node < 5)) & ~(
        ((lps - points[-1]) @ last > 0) & (node > len(points) - 6)
    )
    out[tuple(index[inside].T)] = True


def _axes(grid: Geometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    k, j, i = (np.arange(n) for n in grid.shape)
    y = (grid.affine[1, 3] + j * grid.affine[1, 1]).astype(np.float32)[:, None]
    x = (grid.affine[0, 3] + i * grid.affine[0, 2]).astype(np.float32)[None, :]
    return x, y, (grid.affine[2, 3] + k * grid.affine[2, 0]).astype(np.float32)


def _muscle(grid: Geometry, organs: Organs) -> tuple[np.ndarray, np.ndarray]:
    """The muscle of the heart with its blood, and which chamber is the nearest."""
    x, y, heights = _axes(grid)
    muscle, nearest = np.zeros(grid.shape, dtype=bool), np.zeros(grid.shape, dtype=np.uint8)
    for k, z in enumerate(heights):
        _, away, parts = organs.sac.surfaces(x, y, z)
        muscle[k] = away < 0
        nearest[k] = np.stack([parts[name] for name in organs.chambers]).argmin(axis=0)
    return muscle, nearest


def _inside(grid: Geometry, chamber: Chamber) -> np.ndarray:
    x, y, heights = _axes(grid)
    return np.stack([chamber.distance(x, y, z) < 0 for z in heights])


def _vertebrae(grid: Geometry, organs: Organs) -> dict[str, np.ndarray]:
    """A body of 24 mm with a spinous process, from T3 to L2; the lower border of T12 lies at the hiatus."""
    figure = organs.figure
    names = [*(f"T{n}" for n in range(3, 13)), "L1", "L2"]
    out = {}
    for number, name in enumerate(names):
        z = -161.0 * figure.tall + 26.0 * (names.index("T12") - number + 0.5)
        mask = np.zeros(grid.shape, dtype=bool)
        heights = np.linspace(z - 8.0, z + 8.0, 5)
        body = np.array([[figure.spine_x(one), figure.spine_y(one), one] for one in heights])
        _ball_chain(mask, grid, body, np.full(5, 15.0))
        process = np.array(
            [[figure.spine_x(z), figure.spine_y(z) + back, z - 0.3 * back] for back in (28.0, 40.0, 52.0)]
        )
        _ball_chain(mask, grid, process, np.full(3, 4.0))
        out[f"vertebrae_{name}"] = mask
    return {name: mask for name, mask in out.items() if mask.any()}
