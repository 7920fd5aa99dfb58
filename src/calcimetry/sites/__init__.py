"""An organ is a folder of data. This module loads the profiles; it holds nothing about any organ."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from calcimetry.core.codes import Code
from calcimetry.core.errors import KnowledgeError, UnknownIdError
from calcimetry.core.site import Site
from calcimetry.knowledge.load import table, table_ids

__all__ = ["load", "profile_of", "profiles", "site_words"]


def load(folder: str, text: str) -> Site:
    """A profile from the text of its ``site.toml``.

    Raises
    ------
    KnowledgeError
        A key is missing or unknown, or a site word is not in ``knowledge/words/sites.toml``.
    """
    values: dict[str, Any] = tomllib.loads(text)
    try:
        profile = Site(
            id=values.pop("id"),
            title=values.pop("title"),
            status=values.pop("status"),
            modalities=tuple(values.pop("modalities")),
            locators=tuple(values.pop("locators")),
            scores=tuple(values.pop("scores")),
            scales={word: tuple(ids) for word, ids in values.pop("scales", {}).items()},
            structures={word: tuple(names) for word, names in values.pop("structures").items()},
            structure_codes={name: Code(**code) for name, code in values.pop("codes", {}).items()},
        )
    except (KeyError, TypeError) as error:
        raise KnowledgeError(f"sites/{folder}/site.toml: {error}") from error
    if values or profile.id != folder:
        raise KnowledgeError(f"sites/{folder}/site.toml: unknown keys {sorted(values)} or id {profile.id!r}")
    words = table("words/sites")["site"]
    if unknown := [word for word in profile.structures if word not in words]:
        raise KnowledgeError(f"sites/{folder}/site.toml: site words {unknown} are not in words/sites.toml")
    known = {name.removeprefix("scales/") for name in table_ids() if name.startswith("scales/")}
    named = {scale for ids in profile.scales.values() for scale in ids}
    if stray := sorted(set(profile.scales) - set(profile.structures)) + sorted(named - known):
        raise KnowledgeError(f"sites/{folder}/site.toml: scales name sites or tables that are not there: {stray}")
    if unlisted := [
        name for name in profile.structure_codes if not any(name in s for s in profile.structures.values())
    ]:
        raise KnowledgeError(f"sites/{folder}/site.toml: codes for unlisted structures {unlisted}")
    return profile


@cache
def profiles() -> tuple[Site, ...]:
    """All profiles, by id."""
    root = resources.files("calcimetry.sites")
    folders = sorted(f.name for f in root.iterdir() if f.is_dir() and not f.name.startswith("_"))
    return tuple(load(name, root.joinpath(name, "site.toml").read_text("utf-8")) for name in folders)


@cache
def site_words() -> dict[str, tuple[str, ...]]:
    """Every site word with its structures; an empty tuple where structures are free.

    >>> site_words()["coronary_artery"]
    ('left_main', 'left_anterior_descending', 'left_circumflex', 'right_coronary')
    """
    words: dict[str, tuple[str, ...]] = dict.fromkeys(table("words/sites")["site"], ())
    for profile in profiles():
        words.update(profile.structures)
    return words


def profile_of(word: str) -> Site:
    """The profile that serves a site word; sites without a folder of their own are served by ``elsewhere``."""
    if word not in site_words():
        raise UnknownIdError("site", word, site_words())
    found = [p for p in profiles() if word in p.structures]
    return found[0] if found else next(p for p in profiles() if p.id == "elsewhere")
