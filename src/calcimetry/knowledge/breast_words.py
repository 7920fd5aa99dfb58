"""Words for the calcium of a breast: which class each is of, and which of those that were weighed are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from calcimetry.core.group import Group
from calcimetry.core.lesion import Lesion
from calcimetry.core.word import Word
from calcimetry.knowledge.load import table

__all__ = [
    "BENIGN",
    "ROUND",
    "arrangements",
    "benign",
    "by_concern",
    "class_of",
    "forms",
    "forms_of_group",
    "suspicious",
    "typically_benign",
]

ROUND = "br_round"
BENIGN = "benign"
_FORM = "br_"


@cache
def suspicious() -> tuple[str, ...]:
    """Words of suspicious form, the least suspicious first.

    >>> suspicious()
    ('br_amorphous', 'br_coarse_heterogeneous', 'br_fine_pleomorphic', 'br_fine_linear')
    """
    return tuple(table("reasoning/breast")["sets"]["suspicious"])


@cache
def typically_benign() -> tuple[str, ...]:
    """Words of typically benign form, but for ``br_round``: that depends on how the particles lie.

    >>> "br_rim" in typically_benign(), "br_round" in typically_benign()
    (True, False)
    """
    return tuple(table("reasoning/breast")["sets"]["benign"])


@cache
def by_concern() -> tuple[str, ...]:
    """Words of form from the greatest to the least concern; typically benign ones come last.

    >>> by_concern()[0], by_concern()[4]
    ('br_fine_linear', 'br_round')
    """
    return (*reversed(suspicious()), ROUND, *typically_benign())


def class_of(word: str) -> str:
    """The word itself, or ``benign`` for all that are typically benign.

    >>> class_of("br_rim"), class_of("br_amorphous")
    ('benign', 'br_amorphous')
    """
    return BENIGN if word in typically_benign() else word


def forms(one: Group | Lesion) -> tuple[str, ...]:
    """The words of form that are meant, the one of most concern first: its own, and all that are about as likely.

    A benign word for something large does not hold for a particle that is measured to be smaller.
    """
    own = [one.morphology] if isinstance(one, Group) and one.morphology else []
    own += [word for word in one.pattern if not _too_small(one, word)] if isinstance(one, Lesion) else []
    found = _meant(own, [word for word in one.words if word.word.startswith(_FORM)])
    return tuple(sorted((word for word in found if word in by_concern()), key=by_concern().index))


def forms_of_group(group: Group, lesions: Mapping[str, Lesion]) -> tuple[str, ...]:
    """As :func:`forms`; typically benign only where every particle is, else nothing is said of the form.

    Parameters
    ----------
    group : Group
    lesions : mapping
        Id -> lesion, with the members of the group; one that is missing is not believed to be benign.
    """
    found = forms(group)
    if not found or any(class_of(word) != BENIGN for word in found):
        return found
    members = [lesions.get(name) for name in group.lesions]
    return found if all(one is not None and benign(one) for one in members) else ()


def benign(one: Lesion, *, or_round: bool = False) -> bool:
    """Whether a particle has words, and all that are meant are typically benign (or round)."""
    words = forms(one)
    return bool(words) and all(class_of(word) == BENIGN or (or_round and word == ROUND) for word in words)


def _too_small(one: Lesion, word: str) -> bool:
    least = table("rules/birads_range")["smallest"].get(word)
    size = one.measures.get("diameter")
    return least is not None and size is not None and size.value is not None and size.value < least["mm"]


def arrangements(group: Group) -> tuple[str, ...]:
    """The words of distribution that are meant: its own first, then all that are about as likely."""
    own = [group.distribution] if group.distribution else []
    return tuple(_meant(own, [word for word in group.words if not word.word.startswith(_FORM)]))


def _meant(own: list[str], weighed: Sequence[Word]) -> list[str]:
    """Own words, and those that lie close to the likeliest of them; nothing where there is none of its own."""
    if not own:
        return []
    margin = float(table("rules/birads_range")["close"]["margin"])
    least = max((one.probability for one in weighed if one.word in own), default=1.0) - margin
    # Of words that nearly nothing speaks for none is close to another.
    near = [one.word for one in weighed if one.word not in own and one.probability >= max(least, 1e-6)]
    return [*own, *near]
