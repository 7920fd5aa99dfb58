"""Why measured is not true: one rod of known mass, imaged ever more softly.

python examples/03_blur.py blur.png
"""

import sys

import numpy as np
from PIL import Image

from calcimetry import measure, phantom

out = sys.argv[1] if len(sys.argv) > 1 else "blur.png"

scan = {
    "slices": 8,
    "rows": 64,
    "columns": 64,
    "pixel_mm": 0.5,
    "first_z_mm": -10.5,
    "center_mm": [0, 0],
    "noise_hu": 8,
}
rod = {"shape": "cylinder", "center_mm": [0, 0, 0], "diameter_mm": 4, "length_mm": 6, "density_mg_cm3": 500}
rule = measure.rule("agatston-1990")

panels = []
print("kernel     true mg  true mm3  measured mm3  Agatston  peak HU")
for kernel in ("sharp", "medium", "standard", "smooth"):
    one = phantom.simulate({"body": "block", "scan": {**scan, "kernel": kernel}, "object": [rod]}, seed=1)
    hu, spacing_mm, truth = one.volume.pixels, one.volume.geometry.spacing_mm, one.truth[0]
    # Only the middle: the block's own border is not of interest.
    middle = hu[:, 16:48, 16:48]
    volume_mm3 = measure.volume_mm3(middle, spacing_mm, rule)
    score = measure.agatston(middle, spacing_mm, rule)
    true = f"{truth.mass_mg:7.1f}  {truth.volume_mm3:8.1f}"
    print(f"{kernel:10} {true}  {volume_mm3:12.1f}  {score:8.1f}  {middle.max():7.0f}")
    gray = np.clip((middle[4].astype(float) + 100) / 600, 0, 1) * 255
    panels.append(np.kron(gray.astype(np.uint8), np.ones((6, 6), np.uint8)))
Image.fromarray(np.hstack(panels)).save(out)
print(f"picture: {out}")
