"""Courses of the coronary arteries as lines with a spread: expected on the heart's shape, drawn to fat and threads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.anatomy import Landmark, Tube
from calcimetry.core.image import Volume
from calcimetry.locate.heart.evidence import Evidence, features, window
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.root import Root
from calcimetry.locate.heart.shape import TISSUES, Shape
from calcimetry.locate.heart.template import Course, Template, heart_axes, template
from calcimetry.locate.heart.threads import Thread, ThreadSettings, follow, steps

__all__ = ["CourseSettings", "Courses", "courses"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSettings:
    """How wide the arteries are looked for, and how far what is found is believed.

    across_mm, depth_mm : spread along the heart's surface, and into it: at the ostium, and from ``settle_mm`` on.
    doubt : these spreads grow by this share where root and shape are not believed at all.
    ostium_left, ostium_right : direction from the root's centre to the ostia: left, back, up.
    beyond_mm : an ostium lies so far beyond the circle of the root.
    anchor, anchor_mm : share and reach of the ostium's pull on the beginning of a course.
    above_mm : an artery on the surface lies so far above the muscle.
    surface : share of the surface (against the heart's size alone) in the depth of each course.
    settle : along the course, from which share on the surface counts.
    fork_mm : length of the left main: mean, spread (textbooks: about 10, 2 to 25 and more).
    most : evidence is cut at plus and minus this.
    none : evidence of places outside the image.
    honest : spreads are this much wider than the model's own, as found on simulated persons.
    least_sd_mm : no course is known better than this.
    least : where root and shape together are believed less, no course is given.
    good : mean evidence of a course that is seen well.
    radius_mm : of the vessels.
    shape_least : a shape believed less than this says nothing: then the heart is taken to lie as in most people.
    shapeless : and so much of the evidence counts, most of which hangs on the shape.
    middle_mm, apex_mm, volume_ml : there, from the root to its middle and apex (left, back, up), and its size.
    outside_mm : nodes farther outside of the image than this are left off.
    """

    across_mm: tuple[float, float] = (7.0, 11.0)
    depth_mm: tuple[float, float] = (5.0, 6.0)
    settle_mm: float = 30.0
    doubt: float = 0.7
    ostium_left: tuple[float, float, float] = (0.56, 0.53, 0.51)
    ostium_right: tuple[float, float, float] = (-0.1, -0.94, -0.1)
    beyond_mm: float = 2.0
    anchor: float = 0.8
    anchor_mm: float = 25.0
    above_mm: float = 4.0
    surface: dict[str, float] = field(
        default_factory=lambda: {
            "left_anterior_descending": 1.0,
            "left_circumflex": 0.4,
            "right_coronary": 0.4,
            "posterior_descending": 0.3,
        }
    )
    settle: tuple[float, float] = (0.3, 0.45)
    fork_mm: tuple[float, float] = (12.0, 5.0)
    most: tuple[float, float] = (-4.0, 3.0)
    none: float = -0.5
    honest: float = 1.3
    least_sd_mm: float = 2.5
    least: float = 0.05
    good: float = 0.8
    radius_mm: float = 2.0
    shape_least: float = 0.3
    shapeless: float = 0.15
    middle_mm: tuple[float, float, float] = (19.0, 6.0, -27.0)
    apex_mm: tuple[float, float, float] = (67.0, -20.0, -57.0)
    volume_ml: float = 550.0
    outside_mm: float = 10.0
    thread: ThreadSettings = ThreadSettings()


@dataclass(frozen=True, eq=False)
class Courses:
    """Tubes and points (``left_ostium``, ``right_ostium``, ``fork`` of the left main), by name."""

    tubes: dict[str, Tube]
    points: dict[str, Landmark]


def courses(
    volume: Volume,
    frame: Frame,
    form: Shape,
    base: Root,
    believed: float,
    settings: CourseSettings = CourseSettings(),
) -> Courses:
    """The courses of the arteries.

    Parameters
    ----------
    volume : Volume
    frame, form, base
        The working grid, the heart's shape and the root in it.
    believed : float
        0 to 1: how far the root is believed.
    """
    shaped = form.believed >= settings.shape_least
    believed = float(np.sqrt(believed * max(form.believed, 0.5 * settings.shape_least)))
    if believed < settings.least:
        return Courses({}, {})
    if not shaped:
        weight = settings.shapeless * settings.thread.weight
        settings = replace(settings, thread=replace(settings.thread, weight=weight))
    numbers = template()
    seen = _evidence(volume, frame, form, numbers, settings)
    place = _place(frame, form, base, shaped, 1.0 + settings.doubt * (1.0 - believed), settings)
    tubes: dict[str, Tube] = {}
    points: dict[str, Landmark] = {}
    found = {name: _followed(name, one, place, seen, settings) for name, one in numbers.courses.items()}
    for name, thread in found.items():
        first = 0
        if name in ("left_anterior_descending", "left_circumflex"):
            first = _node_at(thread.points_mm, settings.fork_mm[0])
        sure = believed * float(np.clip(0.3 + 0.7 * np.mean(thread.evidence) / settings.good, 0.1, 1.0))
        shown = _shown(thread.points_mm, volume, settings)
        if shown - first >= 2:
            tubes[name] = _tube(thread, slice(first, shown), sure, settings)
    left = found["left_anterior_descending"]
    fork = _node_at(left.points_mm, settings.fork_mm[0])
    if "left_anterior_descending" in tubes:
        tubes["left_main"] = _tube(left, slice(0, fork + 1), tubes["left_anterior_descending"].confidence, settings)
    for name, thread, node in (
        ("left_ostium", left, 0),
        ("right_ostium", found["right_coronary"], 0),
        ("fork", left, fork),
    ):
        along = settings.fork_mm[1] if name == "fork" else 0.0
        sd = float(np.hypot(max(settings.honest * thread.sd_mm[node], settings.least_sd_mm), along))
        x, y, z = (float(one) for one in thread.points_mm[node])
        points[name] = Landmark((x, y, z), (sd, sd, sd), round(believed, 2))
    return Courses(tubes, points)


@dataclass(frozen=True, eq=False)
class _Place:
    """Where the heart lies [mm], its size [cube root, mm], its muscle if that is believed, and how spreads widen."""

    frame: Frame
    root: F64
    radius_mm: float
    middle: F64
    apex: F64
    size_mm: float
    muscle: NDArray[np.bool_] | None
    widened: float


def _place(frame: Frame, form: Shape, base: Root, shaped: bool, widened: float, settings: CourseSettings) -> _Place:
    root = frame.to_lps(base.center(frame))
    if shaped:
        middle, apex, volume_ml = frame.to_lps(form.centroid), frame.to_lps(form.apex), form.volume_ml
    else:
        middle, apex, volume_ml = root + settings.middle_mm, root + settings.apex_mm, settings.volume_ml
    muscle = np.asarray(form.tissue == TISSUES.index("heart")) if shaped else None
    size = float(np.cbrt(volume_ml * 1000.0))
    return _Place(frame, root, base.radius_mm, middle, apex, size, muscle, widened)


def _shown(points: F64, volume: Volume, settings: CourseSettings) -> int:
    """So many nodes from the first on lie in the image or close to it."""
    index = volume.geometry.to_index(points)
    over = np.maximum(-index, index - (np.array(volume.geometry.shape) - 1.0)) * np.array(volume.geometry.spacing_mm)
    outside = np.asarray((over > settings.outside_mm).any(axis=1))
    return int(outside.argmax()) if outside.any() else len(points)


def _evidence(volume: Volume, frame: Frame, form: Shape, numbers: Template, settings: CourseSettings) -> Evidence:
    part = window(volume, frame, form)
    seen = features(part, frame, form)
    values = np.tensordot(numbers.weights[1:].astype(np.float32), seen, 1) + np.float32(numbers.weights[0])
    return Evidence(np.clip(values, *settings.most).astype(np.float32), part.geometry)


def _followed(name: str, course: Course, place: _Place, seen: Evidence, settings: CourseSettings) -> Thread:
    mean = _expected(name, course, place, settings)
    along = np.gradient(mean, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    outward = mean - place.middle
    outward -= (outward * along).sum(axis=1, keepdims=True) * along
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    sideward = np.cross(along, outward)
    settled = np.clip(_length(mean) / settings.settle_mm, 0.0, 1.0)
    if not _from_ostium(name):
        settled[:] = 1.0
    depth, across = (
        place.widened * (one[0] + (one[1] - one[0]) * settled) for one in (settings.depth_mm, settings.across_mm)
    )
    u, v = steps(float(depth.max()), settings.thread), steps(float(across.max()), settings.thread)
    scores = [
        seen.at(at + u[:, None, None] * out + v[None, :, None] * side, settings.none)
        for at, out, side in zip(mean, outward, sideward, strict=True)
    ]
    return follow(mean, outward, sideward, (depth, across), scores, settings.thread)


def _from_ostium(name: str) -> bool:
    return name != "posterior_descending"


def _expected(name: str, course: Course, place: _Place, settings: CourseSettings) -> F64:
    """The nodes on this heart (n, 3) [mm]: by its size, its surface, and the ostium."""
    axes = heart_axes(place.middle, place.apex, place.root)
    tilt, turn = np.radians(course.angles_deg.T)
    way = np.stack([np.cos(tilt), np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn)], axis=1) @ axes
    away = course.away * place.size_mm
    surface = _surface(place, way)
    surface = np.clip(np.where(np.isnan(surface), away, surface + settings.above_mm), away - 15.0, away + 20.0)
    share = np.linspace(0.0, 1.0, len(way))
    low, high = settings.settle
    on_surface = settings.surface[name] * (
        np.clip((share - low) / (high - low), 0.0, 1.0) if _from_ostium(name) else np.ones(len(way))
    )
    mean = place.middle + way * ((1.0 - on_surface) * away + on_surface * surface)[:, None]
    if not _from_ostium(name):
        return np.asarray(mean)
    side = np.array(settings.ostium_right if name == "right_coronary" else settings.ostium_left)
    ostium = place.root + (place.radius_mm + settings.beyond_mm) * side / np.linalg.norm(side)
    pull = settings.anchor * np.exp(-((_length(mean) / settings.anchor_mm) ** 2))
    return np.asarray(mean + pull[:, None] * (ostium - mean[0]))


def _surface(place: _Place, way: F64) -> F64:
    """How far from the middle the muscle ends in each direction [mm]; NaN where there is none."""
    if place.muscle is None:
        return np.full(len(way), np.nan)
    away = np.arange(10.0, 130.0, 1.5)
    index = np.rint(place.frame.to_index(place.middle + way[:, None, :] * away[:, None])).astype(np.intp)
    inside = np.asarray(((index >= 0) & (index < np.array(place.frame.shape))).all(axis=-1))
    index = np.where(inside[..., None], index, 0)
    muscle = place.muscle[index[..., 0], index[..., 1], index[..., 2]] & inside
    last = away[len(away) - 1 - muscle[:, ::-1].argmax(axis=1)]
    return np.where(muscle.any(axis=1), last, np.nan)


def _length(points: F64) -> F64:
    """Way along a line at each of its nodes [mm]."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])


def _node_at(points: F64, mm: float) -> int:
    return int(np.clip(np.abs(_length(points) - mm).argmin(), 1, len(points) - 2))


def _tube(thread: Thread, part: slice, sure: float, settings: CourseSettings) -> Tube:
    points = thread.points_mm[part]
    sd = np.maximum(settings.honest * thread.sd_mm[part], settings.least_sd_mm)
    return Tube(points.copy(), np.full(len(points), settings.radius_mm), sd.copy(), round(sure, 2))
