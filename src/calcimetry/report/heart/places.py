"""The structures of heart and great vessels, in the order in which a reader goes through them."""

from __future__ import annotations

from dataclasses import dataclass

from calcimetry.core.lesion import Alternative, Lesion
from calcimetry.report.words import site_title, structure_title

__all__ = ["ARTERIES", "PLACES", "SITES", "Place", "heart_share", "name_of", "names_of_others", "place_of", "site_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """One structure of the drawing. ``structure`` is empty where the whole site is one place."""

    key: str
    site: str
    structure: str
    title: str
    short: str

    @property
    def is_artery(self) -> bool:
        """Whether it is one of the coronary arteries."""
        return self.site == "coronary_artery"


PLACES = (
    Place("lm", "coronary_artery", "left_main", "Left main", "LM"),
    Place("lad", "coronary_artery", "left_anterior_descending", "Left anterior descending", "LAD"),
    Place("lcx", "coronary_artery", "left_circumflex", "Left circumflex", "LCX"),
    Place("rca", "coronary_artery", "right_coronary", "Right coronary", "RCA"),
    Place("valve", "aortic_valve", "", "Aortic valve", "Aortic valve"),
    Place("annulus", "mitral_annulus", "", "Mitral annulus", "Mitral annulus"),
    Place("ascending", "aorta_thoracic", "ascending", "Ascending aorta", "Ascending"),
    Place("arch", "aorta_thoracic", "arch", "Aortic arch", "Arch"),
    Place("descending", "aorta_thoracic", "descending", "Descending aorta", "Descending"),
    Place("abdominal", "aorta_abdominal", "", "Abdominal aorta", "Abdominal"),
    Place("great", "great_vessel", "", "Great vessels", "Great vessels"),
    Place("pericardium", "pericardium", "", "Pericardium", "Pericardium"),
    Place("myocardium", "myocardium", "", "Myocardium", "Myocardium"),
)
"""Words are those of the contract; great vessels and abdominal aorta have parts of their own, shown as one."""

SITES = frozenset(place.site for place in PLACES)
ARTERIES = tuple(place for place in PLACES if place.is_artery)

_UNNAMED = {
    "coronary_artery": Place("coronary", "coronary_artery", "?", "Coronary, artery not named", "not named"),
    "aorta_thoracic": Place("aorta", "aorta_thoracic", "?", "Thoracic aorta, part not named", "not named"),
}
"""Where a lesion of a site with parts names none of them; shown in the table, not on the drawing."""


def place_of(site: str, structure: str) -> Place | None:
    """The place that a site and a structure name; ``None`` outside heart and great vessels.

    >>> place_of("coronary_artery", "left_main").short, place_of("mitral_annulus", "posterior").key
    ('LM', 'annulus')
    >>> place_of("coronary_artery", "total").title
    'Coronary, artery not named'
    """
    exact = next((p for p in PLACES if p.site == site and p.structure in ("", structure)), None)
    return exact or _UNNAMED.get(site)


def name_of(site: str, structure: str) -> str:
    """How a structure is called where it stands alone.

    >>> name_of("aorta_thoracic", "arch"), name_of("great_vessel", "left_carotid"), name_of("unassigned", "rib")
    ('Aortic arch', 'Great vessels, left carotid', 'Something else (rib)')
    """
    part = "" if structure in ("", "total") else structure_title(structure)
    if site == "unassigned":
        return f"Something else ({part.lower()})" if part else "Something else"
    place = place_of(site, structure)
    title = site_title(site) if place is None else place.title
    known = place is not None and bool(place.structure)
    return title if known or not part or part.lower() in title.lower() else f"{title}, {part.lower()}"


def heart_share(lesion: Lesion) -> float:
    """Probability that a lesion belongs to heart or great vessels at all, as far as its names tell."""
    own = lesion.probability if lesion.site in SITES else 0.0
    return own + sum(other.probability for other in lesion.alternatives if site_of(lesion, other) in SITES)


def site_of(lesion: Lesion, other: Alternative) -> str:
    """The site of an alternative: its own, else the lesion's."""
    return other.site or lesion.site


def names_of_others(lesion: Lesion) -> tuple[tuple[str, float], ...]:
    """Names of the alternatives with their probability, the likeliest first."""
    ranked = sorted(lesion.alternatives, key=lambda a: -a.probability)
    return tuple((name_of(site_of(lesion, a), a.structure), a.probability) for a in ranked)
