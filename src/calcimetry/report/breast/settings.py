"""Choices of the part of the page that shows mammograms."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BreastPageSettings"]


@dataclass(frozen=True, slots=True)
class BreastPageSettings:
    """What of a mammogram is shown, and how large. All are choices of ours.

    Parameters
    ----------
    view_px : int
        Longest side of the picture of a whole view.
    max_views : int
        Views that are shown; where there are more (slices), those with the surest groups. The rest stands in the files.
    window : (float, float)
        Percentiles of the breast's own values between which the grey scale of a whole view runs, ...
    below : float
        ... and how much farther down it begins, as a share of that range: skin and fat at the edge stay visible.
    crop_window : (float, float)
        The same percentiles for a close view, of the values in it.
    field_mm : float
        Least side of a close view [mm].
    margin_mm : float
        Least distance of what is shown from its edge [mm].
    field_px : int
        Least side of a close view where nobody says how large a pixel is.
    max_crop_px : int
        Greatest side of a close view in pixels; up to there it has the pixels of the image itself.
    max_crops : int
        Close views of one image.
    max_bytes : int
        Of the close views of one image, as base64 text; what goes beyond is left out and said.
    lossless_px : int
        Close views of up to so many pixels are kept without loss.
    jpeg_quality, crop_quality : int
        Of whole views, and of larger close views.
    larger_mm : float
        From this diameter on a calcification is listed by itself.
    max_rows : int
        Rows of each table of the page; beyond, the page names the file with all of them.
    max_path_chars : int
        Of the outlines of one picture; lighter things beyond stay without.
    """

    view_px: int = 1000
    max_views: int = 8
    window: tuple[float, float] = (1.0, 99.8)
    below: float = 0.2
    crop_window: tuple[float, float] = (1.0, 99.95)
    field_mm: float = 15.0
    margin_mm: float = 2.5
    field_px: int = 160
    max_crop_px: int = 400
    max_crops: int = 24
    max_bytes: int = 1_800_000
    lossless_px: int = 22_500
    jpeg_quality: int = 86
    crop_quality: int = 90
    larger_mm: float = 1.0
    max_rows: int = 60
    max_path_chars: int = 60_000
