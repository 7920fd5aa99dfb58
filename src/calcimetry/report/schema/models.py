"""``analysis.json`` as strict pydantic models, made from the core types and the layout of the record.

pydantic is imported here and nowhere on the way from an image to its record.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from calcimetry.core.group import Group
from calcimetry.core.lesion import Alternative, Lesion
from calcimetry.core.regions import Region
from calcimetry.core.word import Word
from calcimetry.report.layout import INPUT_ROLES, PARTS, SCHEMA_ID, STATUS, Part, key_of

__all__ = ["model"]

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_SHARE = Annotated[float, Field(ge=0.0, le=1.0)]
_FRACTIONS = {
    *((Lesion, "probability"), (Lesion, "confidence"), (Alternative, "probability"), (Region, "confidence")),
    *((Group, "confidence"), (Word, "probability")),
}
_INSIDE = {
    **{"contrast": "contrast", "notes": "note", "alternatives": "alternative", "tables": "table"},
    **{"words": "word"},
}
"""Fields that hold other parts of the record."""


def _type(part: Part, name: str) -> Any:
    """The type of a field in the record, from the hint of the core dataclass."""
    if (part.of, name) in _FRACTIONS:
        return _SHARE
    if name == "measures":
        return dict.__class_getitem__((str, _part("measurement")))
    if name in _INSIDE:
        return _part(_INSIDE[name]) if name == "contrast" else _list_of(_part(_INSIDE[name]))
    return get_type_hints(part.of)[name]


@cache
def _part(part_name: str) -> type[BaseModel]:
    part = PARTS[part_name]
    fields: dict[str, Any] = {key: (Literal[text], ...) for key, text in part.constant.items()}
    if part_name == "region":
        fields["image"] = (str, ...)
    for name in part.fields:
        default = None if name in part.optional else ...
        fields[name] = (_type(part, name), Field(default, alias=key_of(part, name)))
    if part_name == "provenance":
        roles = tuple(_part(role) for role in INPUT_ROLES)
        fields["inputs"] = (_list_of(Annotated[_union(*roles, _study()), Field(discriminator="role")]), ...)
    title = "".join(word.title() for word in part_name.split("_"))
    found: type[BaseModel] = create_model(title, __config__=_STRICT, **fields)
    return found


def _list_of(item: Any) -> Any:
    """``list[item]`` of a type known only at run time."""
    return list.__class_getitem__(item)


def _union(first: Any, *others: Any) -> Any:
    for other in others:
        first = first | other
    return first


@cache
def _study() -> type[BaseModel]:
    fields: dict[str, Any] = {"role": (Literal["study"], ...), "study_uid": (str, ...)}
    return create_model("Study", __config__=_STRICT, **fields)


@cache
def model() -> type[BaseModel]:
    """The whole record as a strict pydantic model: no further keys, no text for a number, no NaN."""
    free = list[dict[str, Any]]
    fields: dict[str, Any] = {
        "schema_": (Literal[SCHEMA_ID], Field(alias="schema")),
        "version": (str, ...),
        "created": (str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")),
        "status": (Literal[STATUS], ...),
        "subject": (_part("subject"), ...),
        "images": (_list_of(_part("image")), ...),
        "regions": (_list_of(_part("region")), ...),
        "lesions": (_list_of(_part("lesion")), ...),
        "groups": (_list_of(_part("group")), ...),
        "scores": (_list_of(_part("score")), ...),
        "grades": (_list_of(_part("grade")), ...),
        "changes": (free, ...),
        "explanation": (dict[str, Any] | None, ...),
        "not_assessed": (_list_of(_part("not_assessed")), ...),
        "notes": (_list_of(_part("note")), ...),
        "provenance": (_part("provenance"), ...),
    }
    found: type[BaseModel] = create_model("Analysis", __config__=_STRICT, **fields)
    return found
