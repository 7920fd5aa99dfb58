"""Choices behind the landmarks that are taken from masks."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MaskSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskSettings:
    """All ours; lengths of grown people.

    grid_mm : masks are looked at on this pitch.
    least : a region that is believed less than this gives no landmark.
    least_ml : smaller pieces of the aorta are not followed.
    stub : a piece shorter than so many radii is followed by height, as it has no direction of its own.
    front_mm : further than this in front of the middle of the spine it is the ascending aorta, nearer the descending.
    rise, fall : the arch begins and ends so many radii below its highest point.
    root_mm : from the middle of the valve up to that of the root, half way in height between both ostia.
    sd_mm : spread of a centre line from a mask.
    end_sd_mm : spread of where a mask begins along the vessel, as programs differ in that.
    differ_mm : masks and image that put the root further apart than this are said to differ.
    split : the airway has parted where a slice is wider than this many times the median.
    spine_mm, spine_sd_mm : radius of the spine as a tube, and spread of its middle.
    base_mm : vessels at the base belong to the heart as a shape up to so far above the ostia.
    fat_mm : fat this near to the heart, and all in its convex hull, is epicardial.
    soft_hu : soft tissue.
    aside_mm : further than this from a course an artery of the mask is another one.
    course_sd_mm : spread of a course that a mask shows.
    believed : the most that landmarks from masks are believed, as the program has an error of its own.
    """

    grid_mm: float = 2.0
    least: float = 0.3
    least_ml: float = 3.0
    stub: float = 3.5
    front_mm: float = 50.0
    rise: float = 0.8
    fall: float = 1.1
    root_mm: float = 12.0
    sd_mm: float = 1.5
    end_sd_mm: float = 5.0
    differ_mm: float = 20.0
    split: float = 1.5
    spine_mm: float = 16.0
    spine_sd_mm: float = 3.0
    base_mm: float = 25.0
    fat_mm: float = 8.0
    soft_hu: float = 5.0
    aside_mm: float = 20.0
    course_sd_mm: float = 2.0
    believed: float = 0.95
