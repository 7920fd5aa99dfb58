"""An organ as data: the profile that ``sites/<organ>/site.toml`` holds, loaded and checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from calcimetry.core.codes import Code

__all__ = ["Site"]


@dataclass(frozen=True, slots=True)
class Site:
    """What can be assessed at an organ, and how.

    Parameters
    ----------
    id : str
        Name of the folder.
    title : str
        For people.
    structures : dict of str to tuple of str
        Site words that this folder serves, each with the closed list of its structures (empty: free text).
    modalities : tuple of str
        DICOM modalities of the images it wants.
    locators : tuple of str
        How its regions are found today: ``given``, ``builtin``.
    scores : tuple of str
        Names of the scores computed for it.
    scales : dict of str to tuple of str
        Site word -> ids of the tables in ``knowledge/scales`` that its scores are placed on.
    status : str
        What works today, in one sentence.
    structure_codes : dict of str to Code
        Coded terms of structures, where DICOM carries one.
    """

    id: str
    title: str
    structures: dict[str, tuple[str, ...]]
    modalities: tuple[str, ...]
    locators: tuple[str, ...]
    scores: tuple[str, ...]
    scales: dict[str, tuple[str, ...]]
    status: str
    structure_codes: dict[str, Code] = field(default_factory=dict)
