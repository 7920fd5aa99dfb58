"""TotalSegmentator, where it is installed with its weights: run on this machine, told to send and to fetch nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from calcimetry.core.errors import InputError, MissingExtraError
from calcimetry.core.image import Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.read.masks import masks

__all__ = ["segmented"]

_WEIGHTS = {False: ("Dataset291", "Dataset292", "Dataset293", "Dataset294", "Dataset295"), True: ("Dataset297",)}
"""Weights of the task ``total``: in full (1.5 mm), and fast (3 mm)."""
_NOWHERE = "http://127.0.0.1:9"
"""A proxy where nobody listens."""
_CALL = """
import sys
from totalsegmentator.python_api import totalsegmentator
if __name__ == "__main__":
    totalsegmentator(sys.argv[1], sys.argv[2], ml=True, task="total", fast=sys.argv[3] == "fast", quiet=True)
"""


def segmented(volume: Volume) -> tuple[Regions, tuple[Note, ...]]:
    """Have the task ``total`` find the organs of an image; the result is that of :func:`calcimetry.read.masks`.

    It runs in a process of its own with a home folder of its own: no statistics are sent, and no weights are fetched.
    The fast model is used where only its weights are there.

    Raises
    ------
    MissingExtraError
        The program or its weights are not installed.
    InputError
        It failed, or what it made does not fit the image.
    """
    from calcimetry.read.nifti import write_nifti

    weights = _weights_folder()
    fast = _fast(weights)
    with tempfile.TemporaryDirectory(prefix="calcimetry-") as scratch:
        home = Path(scratch)
        settings = {"totalseg_id": "none", "send_usage_stats": False, "prediction_counter": 0}
        settings["statistics_disclaimer_shown"] = True
        (home / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        image, made = home / "image.nii.gz", home / "masks.nii.gz"
        write_nifti(image, volume.pixels, volume.geometry)
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), _NOWHERE)
        quiet = {"TOTALSEG_HOME_DIR": scratch, "TOTALSEG_WEIGHTS_PATH": str(weights), "NO_PROXY": "", "no_proxy": ""}
        done = subprocess.run(
            [sys.executable, "-c", _CALL, str(image), str(made), "fast" if fast else "full"],
            env={**os.environ, **proxies, **quiet, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0 or not made.is_file():
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise InputError("TotalSegmentator failed", found="".join(last)[:200] or f"exit code {done.returncode}")
        return masks(made, volume)


def _weights_folder() -> Path:
    """Where the program keeps its weights, by its own variables."""
    if importlib.util.find_spec("totalsegmentator") is None:
        raise MissingExtraError(
            "the locator 'totalsegmentator' needs the package 'totalsegmentator' and its weights, which are never "
            "fetched from here: install both as its authors describe, or give masks made elsewhere with --masks"
        )
    if "TOTALSEG_WEIGHTS_PATH" in os.environ:
        return Path(os.environ["TOTALSEG_WEIGHTS_PATH"])
    home = os.environ.get("TOTALSEG_HOME_DIR")
    return (Path(home) if home else Path.home() / ".totalsegmentator") / "nnunet" / "results"


def _fast(weights: Path) -> bool:
    """Which of the two models is there in full."""
    there = [entry.name for entry in weights.iterdir()] if weights.is_dir() else []
    for fast, wanted in _WEIGHTS.items():
        if all(any(name.startswith(one) for name in there) for one in wanted):
            return fast
    raise MissingExtraError(
        f"the locator 'totalsegmentator' finds no weights of the task 'total' in {weights}; they are never fetched "
        "from here: get them once with totalseg_download_weights -t total, or give masks made elsewhere with --masks"
    )
