"""A plaque and some specks, every preset of the Agatston rule: a bar for each.

python examples/02_presets.py presets.png
"""

import sys

import numpy as np
from PIL import Image, ImageDraw

from calcimetry import measure

out = sys.argv[1] if len(sys.argv) > 1 else "presets.png"

# A plaque whose peak differs from slice to slice, and faint specks of one to five voxels.
z, y, x = np.mgrid[-4:5, -12:13, -12:13]
hu = 40 + 480 * np.exp(-((z * 2.5) ** 2 / 30 + (y * 0.5) ** 2 / 3 + (x * 0.5) ** 2 / 3))
for n in range(1, 6):
    hu[n, 2, 2 : 2 + n] = 190
    hu[n, 22, 20 - n : 20] = 210
hu = hu.astype(np.int16)

scores = {}
for name in measure.rule_ids():
    scores[name] = measure.agatston(hu, (2.5, 0.5, 0.5), measure.rule(name))
    print(f"{name:20} {scores[name]:7.1f}")

row, left, width = 22, 170, 640
picture = Image.new("RGB", (width, row * len(scores) + 12), "white")
draw = ImageDraw.Draw(picture)
most = max(scores.values())
for n, (name, score) in enumerate(scores.items()):
    top = 6 + n * row
    draw.text((8, top + 4), name, fill="black")
    draw.rectangle((left, top + 3, left + (width - left - 70) * score / most, top + row - 4), fill=(11, 91, 120))
    draw.text((width - 60, top + 4), f"{score:.1f}", fill="black")
picture.save(out)
print(f"picture: {out}")
