"""Great vessels, veins, airways and gullet of a drawn person."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from calcimetry.phantom.coronaries import Points, World
from calcimetry.phantom.figure import Figure
from calcimetry.phantom.heart import Chamber
from calcimetry.phantom.root import AorticRoot
from calcimetry.phantom.tubes import Tube, spline

__all__ = ["vessels"]

_SINUS_MM = 9.0
"""The sinuses end so far above the middle of the root: the ostia lie 4 mm below that on average."""


def vessels(
    figure: Figure, base: AorticRoot, chambers: Mapping[str, Chamber], world: World, rng: np.random.Generator
) -> dict[str, Tube]:
    """Every tube between the lungs that is no artery of the heart, by name."""
    root = np.array(figure.root_mm)
    asc, desc, trunk = figure.ascending_mm, figure.descending_mm, figure.trunk_mm
    cx, cy = figure.carina_mm
    top = figure.arch_top_mm

    def j(x: float, y: float, z: float, sd: float = 2.0) -> Points:
        return np.array([x, y, z]) + rng.normal(0, sd, 3)

    # Ascending: from the valve along the leaning axis of the root, then it turns upright, and back above.
    junction = root + _SINUS_MM * base.axis
    up = junction + 14.0 * np.array([0.65, 0.65, 1.0]) * base.axis / base.axis[2] + rng.normal(0, 2.0, 3)
    high = np.array([up[0] - 5.0, root[1] + 5.0, top - asc - 10.0]) + rng.normal(0, 2.0, 3)
    # The arch passes left of the trachea.
    beside = np.array([cx - 1 + figure.trachea_mm + asc * 0.82, cy - 10.0, top - asc * 0.82])
    spine = figure.spine_x, figure.spine_y
    down_z = top - asc - 14.0
    bulge_x, bulge_y = figure.aorta_bulge_mm

    def beside_spine(z: float) -> Points:
        t = float(np.clip((z + 165.0) / 115.0, 0, 1))  # 1 high: beside the vertebra; 0 at the hiatus: in front of it
        swing = np.sin(np.pi * np.clip((z + 160) / 180.0, 0, 1))
        x = spine[0](z) + (24.0 * t + 7.0 * (1 - t)) + bulge_x * swing
        y = spine[1](z) - (13.0 * t + (16.0 + desc) * (1 - t)) + bulge_y * swing
        return np.array([x, y, z])

    start = beside_spine(down_z)
    way = [base.valve, root, up, high, (high + beside) / 2 + np.array([0, 0, 4.0]), beside]
    way += [(beside + start) / 2 + np.array([2.0, 0, 4.0]), start]
    way += [beside_spine(z) + rng.normal(0, 1.0, 3) for z in np.arange(down_z - 35, -260, -38)]
    whole = spline(np.stack(way))
    radius_at = [figure.root_radius_mm * 0.88, figure.root_radius_mm, asc, asc * 0.97, asc * 0.9, asc * 0.85, asc * 0.8]
    radius_at += [desc * 1.04] + [desc] * (len(way) - 10) + [desc * 0.9, desc * 0.85]
    knots = np.array([np.argmin(((whole - w) ** 2).sum(axis=1)) for w in way])
    radius = np.interp(np.arange(len(whole)), knots, radius_at)
    # Parts by place: arch from the first great artery's level to where the vessel has turned down.
    rising = int(knots[3]) + int(np.argmax(whole[knots[3] : knots[5], 2] > top - 1.55 * asc)) if top else int(knots[3])
    falling = int(knots[7])
    hiatus = -161.0 * figure.tall
    low = falling + int(np.argmax(whole[falling:, 2] < hiatus))
    tubes = {
        "ascending": Tube(whole[: rising + 1], radius[: rising + 1]),
        "arch": Tube(whole[rising : falling + 1], radius[rising : falling + 1]),
        "descending": Tube(whole[falling : low + 1], radius[falling : low + 1]),
        "abdominal": Tube(whole[low:], radius[low:]),
    }
    first = whole[int(rising + 0.28 * (falling - rising))] + np.array([0, 0, asc * 0.75])
    second = whole[int(rising + 0.45 * (falling - rising))] + np.array([0, 0, asc * 0.75])
    third = whole[int(rising + 0.66 * (falling - rising))] + np.array([0, 0, asc * 0.7])
    tubes["brachiocephalic"] = Tube.through(
        [first, j(cx - 10, cy - 26, top + 22), j(cx - 21, cy - 20, top + 42), j(cx - 40, cy - 16, top + 58),
         j(cx - 70, cy - 10, top + 66)], [6.6, 6.0, 5.6, 4.6])  # fmt: skip
    tubes["right_carotid"] = Tube.through(
        [tubes["brachiocephalic"].path_mm[len(tubes["brachiocephalic"].path_mm) // 2],
         j(cx - 22, cy - 16, top + 62), j(cx - 24, cy - 12, top + 110)], [4.0, 3.5])  # fmt: skip
    tubes["left_carotid"] = Tube.through(
        [second, j(cx + 11, cy - 18, top + 24), j(cx + 20, cy - 14, top + 52), j(cx + 25, cy - 12, top + 110)],
        [4.2, 3.6])  # fmt: skip
    tubes["left_subclavian"] = Tube.through(
        [third, j(cx + 24, cy + 4, top + 24), j(cx + 36, cy + 2, top + 48), j(cx + 64, cy - 6, top + 66)], [5.6, 4.6]
    )
    fork = world((18, 8, 36))
    tubes["pulmonary_trunk"] = Tube.through(
        [world((26, -26, -22)), world((28, -20, -9)), world((25, -14, 4)), world((21, -6, 20)), fork],
        [trunk * 1.08, trunk * 1.05, trunk, trunk * 0.95])  # fmt: skip
    tubes["pulmonary_left"] = Tube.through(
        [fork, j(44, cy - 6, fork[2] + 6), j(54, cy + 10, fork[2] + 2), j(60, cy + 16, fork[2] - 20)],
        [trunk * 0.82, trunk * 0.72, 7])  # fmt: skip
    behind = np.array([high[0] + 4, root[1] + asc + trunk * 0.72 + 4, fork[2] - 3])
    tubes["pulmonary_right"] = Tube.through(
        [fork, (fork + behind) / 2, behind, j(-34, cy - 12, fork[2] - 9), j(-50, cy - 4, fork[2] - 17)],
        [trunk * 0.85, trunk * 0.78, trunk * 0.7, 8])  # fmt: skip
    ra = np.array(chambers["right_atrium"].center)
    caval = [j(high[0] - asc - 8, root[1] + 16, 42), j(high[0] - asc - 7, root[1] + 18, 12)]
    caval += [j(up[0] - asc - 7, root[1] + 18, root[2] + 18), ra + np.array([-3.0, 2.0, 18.0])]
    tubes["vena_cava_superior"] = Tube.through(np.stack(caval), [8.0, 9.0, 10.0])
    meet = caval[0]
    tubes["vein_left"] = Tube.through(
        [j(62, meet[1] + 4, top + 44), j(30, meet[1] - 18, top + 26), j(4, meet[1] - 18, top + 16), meet], [6, 6.5, 7]
    )
    tubes["vein_right"] = Tube.through([j(-62, meet[1] + 6, top + 46), j(-42, meet[1], top + 30), meet], [6, 7])
    bottom = ra + np.array([2.0, 8.0, -24.0 * figure.heart])
    tubes["vena_cava_inferior"] = Tube.through(
        [bottom, bottom + np.array([3.0, 8.0, -18.0]), j(figure.spine_x(-170) - 20, 26, -170), j(-19, 34, -260)],
        [11.5, 12.0, 11.0])  # fmt: skip
    la = chambers["left_atrium"]
    center, half = np.array(la.center), np.array(la.half)
    for name, s, dy, dz, out in (
        ("vein_lung_left_upper", 1, -6, 8, (66, cy - 16, 6)), ("vein_lung_left_lower", 1, 8, -6, (64, cy + 16, -22)),
        ("vein_lung_right_upper", -1, -8, 6, (-56, cy - 22, 4)),
        ("vein_lung_right_lower", -1, 8, -6, (-58, cy + 10, -24)),
    ):  # fmt: skip
        begin = center + np.array([s * half[2] * 0.75, dy, dz])
        end = np.array([out[0], out[1], center[2] + out[2]])
        tubes[name] = Tube.through([begin, (begin + end) / 2 + rng.normal(0, 3, 3), end], [8.0, 6.5, 5.0])
    tubes["left_ear"] = Tube.through(
        [world((40, 36, 4)), world((52, 24, 13)), world((54, 10, 19)), world((47, 1, 21))], [9, 8.5, 7, 5]
    )
    tubes["right_ear"] = Tube.through(
        [world((-16, 0, -14)), world((-17, -14, -4)), world((-9, -23, 2)), world((2, -26, 5))], [12, 11, 8, 5]
    )
    tubes["azygos"] = Tube.through(
        [(figure.spine_x(z) - 6, figure.spine_y(z) - 20, z) for z in (20, -40, -100, -200)], 3.2
    )
    r = figure.trachea_mm
    carina = np.array([cx, cy, 0.0])
    tubes["trachea"] = Tube.through(
        [(cx + 1, cy - 24, 130), (cx + 1, cy - 14, 80), (cx - 1, cy - 5, 32), (cx, cy, 2.0)], r
    )
    tubes["bronchus_right"] = Tube.through(
        [carina, j(cx - 16, cy + 3, -14), j(cx - 32, cy + 4, -28), j(cx - 46, cy + 6, -52)],
        [r * 0.86, r * 0.82, r * 0.6, 3.5])  # fmt: skip
    tubes["bronchus_left"] = Tube.through(
        [carina, j(cx + 17, cy + 4, -13), j(cx + 36, cy + 7, -26), j(cx + 52, cy + 10, -50)],
        [r * 0.76, r * 0.74, r * 0.6, 3.2])  # fmt: skip
    tubes["gullet"] = Tube.through(
        [(figure.spine_x(z) + dx, figure.spine_y(z) - dy, z)
         for dx, dy, z in ((0, 34, 130), (2, 30, 60), (1, 25, 0), (4, 27, -50), (8, 34, -100), (20, 48, -140),
                           (34, 56, -160))], float(rng.uniform(5.0, 8.5)))  # fmt: skip
    return tubes
