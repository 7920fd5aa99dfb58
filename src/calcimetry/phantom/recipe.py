"""Recipes: which body, which scan, which objects. TOML in, checked values out; unknown keys name the nearest."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from calcimetry.core.errors import InputError, UnknownIdError, UsageError

__all__ = ["KERNELS", "Item", "Lottery", "Recipe", "Scan", "load", "recipes"]

Body = Literal["thorax", "qrm", "block"]
ShapeName = Literal["sphere", "ellipsoid", "cylinder", "plaque"]

KERNELS: dict[str, float] = {"smooth": 0.75, "standard": 0.6, "medium": 0.5, "sharp": 0.36}
"""Kernel -> sigma [mm] of the in-plane blur: half contrast at 0.25, 0.31, 0.37 and 0.52 line pairs/mm (ours)."""

_MAX_VOXELS = 600_000_000


@dataclass(frozen=True, kw_only=True)
class Scan:
    """How the simulated scanner looks: grid, slice profile, voltage, kernel, noise."""

    slices: int = 60
    rows: int = 512
    columns: int = 512
    pixel_mm: float = 0.7
    increment_mm: float = 3.0
    thickness_mm: float = 3.0
    first_z_mm: float = -140.0
    center_mm: tuple[float, float] = (0.0, 10.0)
    """Patient x and y in the middle of the field."""
    kvp: float = 120.0
    kernel: str = "standard"
    noise_hu: float = 15.0
    """Standard deviation in soft tissue at the centre."""
    gated: bool | None = None
    manufacturer: str = "calcimetry phantom"
    protocol: str = "Chest"
    patient_id: str = "PHANTOM"
    age_years: int | None = None
    sex: str | None = None

    def __post_init__(self) -> None:
        for name in ("pixel_mm", "increment_mm", "thickness_mm"):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0.05 <= value <= 50):
                raise UsageError(f"scan.{name}: found {value}, expected 0.05 to 50 mm")
        if min(self.slices, self.rows, self.columns) < 2 or self.slices * self.rows * self.columns > _MAX_VOXELS:
            raise UsageError(
                f"scan: found {self.slices} x {self.rows} x {self.columns} voxels, expected 2 or more along each axis "
                f"and at most {_MAX_VOXELS:,} in all"
            )
        if not 0 <= self.noise_hu <= 500:
            raise UsageError(f"scan.noise_hu: found {self.noise_hu}, expected 0 to 500 HU")
        if self.kernel not in KERNELS:
            raise UnknownIdError("kernel", self.kernel, KERNELS)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One object of a recipe.

    A sphere, ellipsoid or cylinder stands at ``center_mm``, or on a tube (``on``, ``at_mm`` along it). A plaque
    lies on a tube's wall: ``on``, ``at_mm``, ``length_mm``, ``thickness_mm``, ``angle_deg``, ``arc_deg``.
    """

    shape: ShapeName
    density_mg_cm3: float
    id: str = ""
    site: str = "unassigned"
    structure: str = ""
    center_mm: tuple[float, float, float] | None = None
    diameter_mm: float | None = None
    diameters_mm: tuple[float, float, float] | None = None
    length_mm: float | None = None
    direction: tuple[float, float, float] = (0.0, 0.0, 1.0)
    on: str | None = None
    at_mm: float = 0.0
    thickness_mm: float | None = None
    angle_deg: float = 0.0
    arc_deg: float = 120.0

    def __post_init__(self) -> None:
        if self.shape not in get_args(ShapeName):
            raise UnknownIdError("shape", str(self.shape), get_args(ShapeName))
        if not (math.isfinite(self.density_mg_cm3) and 0 <= self.density_mg_cm3 <= 3200):
            raise UsageError(f"density_mg_cm3: found {self.density_mg_cm3}, expected 0 to 3200 (solid hydroxyapatite)")


@dataclass(frozen=True, kw_only=True)
class Lottery:
    """Random lesions: how many, how large (equivalent diameter), how dense; drawn evenly in the logarithm."""

    count: int = 0
    diameter_mm: tuple[float, float] = (1.0, 8.0)
    density_mg_cm3: tuple[float, float] = (200.0, 1000.0)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole simulation but for its seed."""

    id: str
    title: str
    body: Body = "thorax"
    scan: Scan = field(default_factory=Scan)
    objects: tuple[Item, ...] = ()
    random: Lottery = field(default_factory=Lottery)

    def __post_init__(self) -> None:
        if self.body not in get_args(Body):
            raise UnknownIdError("body", str(self.body), get_args(Body))

    def settings(self) -> dict[str, Any]:
        """Scan and body as plain JSON values."""
        scan = asdict(self.scan)
        scan["center_mm"] = list(scan["center_mm"])
        return {"recipe": self.id, "body": self.body, "scan": scan}


def _root() -> Any:
    return resources.files("calcimetry.knowledge").joinpath("phantoms")


def recipes() -> dict[str, str]:
    """Ids of the recipes at hand -> their titles.

    >>> "thorax-demo" in recipes()
    True
    """
    found = {}
    for entry in sorted(_root().iterdir(), key=lambda e: str(e.name)):
        if entry.name.endswith(".toml"):
            found[entry.name.removesuffix(".toml")] = str(tomllib.loads(entry.read_text("utf-8"))["title"])
    return found


def load(recipe: str | Path | Mapping[str, Any] | Recipe) -> Recipe:
    """A recipe by id, file or plain values.

    Raises
    ------
    UnknownIdError
        For an unknown recipe, key, shape, body or kernel, with the three nearest names.
    UsageError
        For a value out of range or of the wrong type.
    """
    if isinstance(recipe, Recipe):
        return recipe
    if isinstance(recipe, Mapping):
        return _parse(recipe, "recipe")
    text = str(recipe)
    if not text.endswith(".toml"):
        if text not in recipes():
            raise UnknownIdError("recipe", text, recipes())
        return _parse(tomllib.loads(_root().joinpath(f"{text}.toml").read_text("utf-8")), text)
    try:
        with Path(text).open("rb") as file:
            values = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("not a recipe", where=text, found=str(error)[:160], expected="a TOML file") from error
    return _parse({"id": Path(text).stem, **values}, text)


def _parse(values: Mapping[str, Any], where: str) -> Recipe:
    values = dict(values)
    items = values.pop("object", values.pop("objects", []))
    top = _only(values, Recipe, where, but=("objects",))
    scan, lottery = top.pop("scan", {}), top.pop("random", {})
    if "id" not in top or "title" not in top:
        top = {"id": "own", "title": "Own recipe", **top}
    return _build(
        Recipe,
        where,
        **top,
        scan=_build(Scan, f"{where}: scan", **_only(scan, Scan, f"{where}: scan")),
        random=_build(Lottery, f"{where}: random", **_only(lottery, Lottery, f"{where}: random")),
        objects=tuple(
            _build(Item, f"{where}: object {n}", **_only(item, Item, f"{where}: object {n}"))
            for n, item in enumerate(items, 1)
        ),
    )


def _only(values: Any, kind: type, where: str, but: Iterable[str] = ()) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise UsageError(f"{where}: found {type(values).__name__}, expected a table of keys and values")
    known = [f.name for f in fields(kind) if f.name not in but]
    for key in values:
        if key not in known:
            raise UnknownIdError(f"key in {where}", str(key), known)
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


def _build(kind: Any, where: str, **values: Any) -> Any:
    try:
        return kind(**values)
    except TypeError as error:
        # A missing key, or a value of a type that does not compare with a number.
        raise UsageError(f"{where}: {error}") from error
