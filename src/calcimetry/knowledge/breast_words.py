"""Words for the calcium of a breast: which class each is of, and which of those that were weighed are meant."""

from __future__ import annotations

from functools import cache

from calcimetry.core.group import Group
from calcimetry.knowledge.load import table

__all__ = ["BENIGN", "ROUND", "arrangements", "by_concern", "class_of", "forms"]

ROUND = "br_round"
BENIGN = "benign"
_FORM = "br_"


@cache
def by_concern() -> tuple[str, ...]:
    """Words of form from the greatest to the least concern; typically benign ones come last.

    >>> by_concern()[0], by_concern()[4]
    ('br_fine_linear', 'br_round')
    """
    sets = table("reasoning/breast")["sets"]
    return (*reversed(sets["suspicious"]), ROUND, *sets["benign"])


def class_of(word: str) -> str:
    """The word itself, or ``benign`` for all that are typically benign.

    >>> class_of("br_rim"), class_of("br_amorphous")
    ('benign', 'br_amorphous')
    """
    return BENIGN if word in table("reasoning/breast")["sets"]["benign"] else word


def forms(group: Group) -> tuple[str, ...]:
    """The words of form that are meant, the one of most concern first: its own, and all that are about as likely."""
    found = _meant(group, group.morphology, form=True)
    return tuple(sorted((word for word in found if word in by_concern()), key=by_concern().index))


def arrangements(group: Group) -> tuple[str, ...]:
    """The words of distribution that are meant: its own first, then all that are about as likely."""
    return _meant(group, group.distribution, form=False)


def _meant(group: Group, own: str | None, *, form: bool) -> tuple[str, ...]:
    if own is None:
        return ()
    weighed = {one.word: one.probability for one in group.words if one.word.startswith(_FORM) == form}
    least = weighed.get(own, 1.0) - float(table("rules/birads_range")["close"]["margin"])
    # Of words that nearly nothing speaks for none is close to another.
    near = (word for word, sure in weighed.items() if word != own and sure >= max(least, 1e-6))
    return (own, *near)
