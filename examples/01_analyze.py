"""From an array to a page with a picture: a plaque in a box that is said to be the left main artery.

python examples/01_analyze.py result
"""

import sys

import numpy as np

import calcimetry
from calcimetry.locate import drawn

out = sys.argv[1] if len(sys.argv) > 1 else "example-01"

hu = np.full((24, 96, 96), 40, dtype=np.int16)
hu[10:13, 40:46, 40:47] = 380
hu += np.random.default_rng(1).normal(0, 12, hu.shape).astype(np.int16)  # noise of a scanner, the same every time

study = calcimetry.read.from_array(hu, (3.0, 0.5, 0.5), kvp=120, thickness_mm=3.0, gated=True)
artery = {
    "shape": "box",
    "units": "index",
    "from": [8, 30, 30],
    "to": [15, 56, 56],
    "site": "coronary_artery",
    "structure": "left_main",
}
case = calcimetry.analyze(study, regions=drawn([artery], study.images[0]))

print(calcimetry.report.text(case))
calcimetry.report.write(case, out, overwrite=True)
print(f"picture: {out}/page.html")
