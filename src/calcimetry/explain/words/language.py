"""Words by id in one language: ``knowledge/text/<language>/*.toml``. A new language is a folder with the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from calcimetry.core.errors import KnowledgeError, UnknownIdError
from calcimetry.knowledge.load import table, table_ids

__all__ = ["DEFAULT", "LABELS", "fact", "keys", "knows", "languages", "listed", "name", "plain", "rows", "say", "word"]

DEFAULT = "en"
LABELS = ("causes", "tests", "specialists", "types", "places", "shapes", "person", "blood", "flags", "scale", "facts")
"""Files whose every top-level table is a kind of word: kind -> id -> name, plain."""

_HEAD = frozenset({"edition", "checked", "status", "source"})


@cache
def languages() -> tuple[str, ...]:
    """Languages that have a folder.

    >>> languages()
    ('de', 'en')
    """
    return tuple(sorted({one.split("/")[1] for one in table_ids() if one.startswith("text/") and one.count("/") == 2}))


def rows(language: str, file: str) -> Mapping[str, Any]:
    """One file of a language.

    Raises
    ------
    UnknownIdError
        No such language; those that there are are named.
    """
    if language not in languages():
        raise UnknownIdError("language", language, languages())
    return table(f"text/{language}/{file}")


@cache
def _labels(language: str) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    found: dict[str, Mapping[str, Mapping[str, str]]] = {}
    for file in LABELS:
        found |= {kind: words for kind, words in rows(language, file).items() if kind not in _HEAD}
    return found


def name(language: str, kind: str, word: str) -> str:
    """The clinicians' name of a word; one that no table names is written out as it is.

    >>> name("en", "cause", "br_dcis")
    'ductal carcinoma in situ (DCIS)'
    """
    row = _labels(language)[kind].get(word)
    return row["name"] if row else word.replace("_", " ")


def knows(language: str, kind: str, word: str) -> bool:
    """Whether a table names the word.

    >>> knows("en", "site", "ovary"), knows("en", "site", "moon")
    (True, False)
    """
    return word in _labels(language)[kind]


def plain(language: str, kind: str, word: str) -> str | None:
    """The plain words, or ``None`` where there are none (a cause that is not named to the person).

    >>> plain("en", "cause", "phlebolith"), plain("en", "cause", "br_dcis")
    ('an old clot in a vein', None)
    """
    row = _labels(language)[kind].get(word)
    return row.get("plain") if row else None


_SAME = {"calcium": "calcium_total", "pth": "pth_intact", "vitamin_d": "vitamin_d_25oh"}
# Facts of the reasoning that are an analyte under another name.


def fact(language: str, word: str) -> str:
    """What to call a fact that is asked for: an analyte, or a fact of the reasoning's vocabulary.

    >>> fact("en", "pth"), fact("de", "phosphate")
    ('PTH', 'Phosphat')
    """
    analyte = _SAME.get(word, word)
    if analyte in _labels(language)["analyte"]:
        return name(language, "analyte", analyte)
    return name(language, "fact", word)


def say(language: str, file: str, key: str, section: str = "sentence", /, **values: object) -> str:
    """A sentence of a table with its places filled in.

    Raises
    ------
    KnowledgeError
        No such sentence, or a place that nothing fills.
    """
    row = rows(language, file).get(section, {}).get(key)
    text = row["text"] if isinstance(row, Mapping) else row
    if not isinstance(text, str):
        raise KnowledgeError(f"table text/{language}/{file}: no [{section}] {key}")
    try:
        return text.format_map(values)
    except KeyError as error:
        raise KnowledgeError(f"table text/{language}/{file}, {key}: nothing fills {error}") from error


def word(language: str, file: str, key: str, /, **values: object) -> str:
    """A part of a sentence: the ``words`` of a file."""
    return say(language, file, key, "words", **values)


def listed(language: str, items: Iterable[str], joiner: str = "and") -> str:
    """Items in a row, the last one joined by a word.

    >>> listed("en", ["a", "b", "c"]), listed("de", ["a", "b"], "or")
    ('a, b and c', 'a oder b')
    """
    found = list(dict.fromkeys(items))
    if len(found) < 2:
        return "".join(found)
    return f"{', '.join(found[:-1])} {word(language, 'patient', joiner)} {found[-1]}"


def keys(value: Any, path: str = "") -> frozenset[str]:
    """Every key of a table as a path, and the places that its sentences leave open: what two languages must share."""
    if isinstance(value, Mapping):
        return frozenset().union(*(keys(inner, f"{path}/{key}") for key, inner in value.items() if key not in _HEAD))
    open_places = sorted(part.split("}")[0] for part in value.split("{")[1:]) if isinstance(value, str) else []
    if isinstance(value, str) and path.rsplit("/", maxsplit=1)[-1] in {"forbids", "unless"}:
        open_places = []
    return frozenset({f"{path} {' '.join(open_places)}".rstrip()})
