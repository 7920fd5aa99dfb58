"""A small block with two objects: quick to make and to write."""

from __future__ import annotations

SMALL = {
    "id": "small",
    "title": "Block",
    "body": "block",
    "scan": {"slices": 9, "rows": 48, "columns": 56, "pixel_mm": 0.5, "first_z_mm": -12.0, "center_mm": [0.0, 0.0]},
    "object": [
        {"shape": "sphere", "center_mm": [-5, 0, 0], "diameter_mm": 4, "density_mg_cm3": 500, "id": "A"},
        {"shape": "cylinder", "center_mm": [6, 2, 1], "diameter_mm": 3, "length_mm": 6, "density_mg_cm3": 300},
    ],
}
