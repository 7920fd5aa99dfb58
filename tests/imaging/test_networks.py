"""Small networks: the same numbers whatever the machine has."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

from calcimetry.imaging.networks import output

PROGRAM = """
import hashlib, numpy as np
from calcimetry.imaging.networks import output
r = np.random.default_rng(0)
layers = tuple((r.normal(size=(a, b)), r.normal(size=b)) for a, b in ((60, 64), (64, 12)))
print(hashlib.sha256(output(layers, r.normal(size=(3001, 60))).tobytes()).hexdigest())
"""


def test_many_rows_are_as_each_by_itself() -> None:
    r = np.random.default_rng(1)
    layers = tuple((r.normal(size=(a, b)), r.normal(size=b)) for a, b in ((30, 40), (40, 3)))
    x = r.normal(size=(700, 30))
    assert np.allclose(output(layers, x), np.concatenate([output(layers, row[None]) for row in x]), rtol=1e-9)
    assert output(layers, x[:0]).shape == (0, 3)


def test_threads_do_not_show() -> None:
    """The same bits whatever number of threads the library of products may use."""
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for count in ("1", "2")
    }
    assert len(found) == 1
