"""An organ as data: the profile that ``sites/<organ>/site.toml`` holds, loaded and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from calcimetry.core.codes import Code

__all__ = ["Site"]


@dataclass(frozen=True, slots=True)
class Site:
    """What can be assessed at a site, and how.

    ``ids`` are the site words of the ontology that this folder serves; ``structures`` the closed list of
    structure names, or empty where they are free; ``scores`` the scores computed for it; ``scales`` the scales
    its scores are placed on; ``locator`` how it is found (``builtin``, ``given``); ``status`` what works today
    in one sentence.
    """

    id: str
    title: str
    modalities: tuple[str, ...]
    structures: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    locators: tuple[str, ...] = ("given",)
    code: Code | None = None
    structure_codes: dict[str, Code] = field(default_factory=dict)
    status: str = ""
    series: dict[str, Any] = field(default_factory=dict)
