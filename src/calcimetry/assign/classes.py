"""What a dense body can belong to: the structures that are scored, and what lies among them and is not."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BY_NAME", "CLASSES", "Structure"]


@dataclass(frozen=True, slots=True)
class Structure:
    """One answer.

    ``name`` as the model has it; ``site`` and ``structure`` as the lesion gets them; ``scored``: whether calcium there
    enters the scores of its site. ``said`` ends the sentence "looks like ...".
    """

    name: str
    site: str
    structure: str
    scored: bool
    said: str


CLASSES = (
    Structure("left_main", "coronary_artery", "left_main", True, "left main coronary artery"),
    Structure("left_anterior_descending", "coronary_artery", "left_anterior_descending", True, "anterior descending"),
    Structure("left_circumflex", "coronary_artery", "left_circumflex", True, "circumflex artery"),
    Structure("right_coronary", "coronary_artery", "right_coronary", True, "right coronary artery"),
    Structure("aortic_valve", "aortic_valve", "aortic_valve", True, "aortic valve"),
    Structure("mitral_annulus", "mitral_annulus", "mitral_annulus", True, "mitral annulus"),
    Structure("ascending", "aorta_thoracic", "ascending", True, "ascending aorta"),
    Structure("arch", "aorta_thoracic", "arch", True, "aortic arch"),
    Structure("descending", "aorta_thoracic", "descending", True, "descending thoracic aorta"),
    Structure("abdominal", "aorta_abdominal", "", True, "abdominal aorta"),
    Structure("great_vessel", "great_vessel", "", True, "artery that leaves the arch"),
    Structure("pericardium", "pericardium", "pericardium", True, "pericardium"),
    Structure("myocardium", "myocardium", "myocardium", True, "wall of the left ventricle"),
    Structure("airway", "airway", "cartilage", False, "cartilage of trachea or bronchus"),
    Structure("node", "mediastinal_node", "node", False, "mediastinal or hilar lymph node"),
    Structure("lung", "lung", "nodule", False, "nodule in the lung"),
    Structure("pleura", "pleura", "plaque", False, "pleura"),
    Structure("bone", "unassigned", "bone", False, "bone or cartilage of the chest wall or spine"),
    Structure("foreign", "unassigned", "foreign_body", False, "wire, clip, lead or other foreign body"),
    Structure("artefact", "unassigned", "artefact", False, "noise, motion or another artefact"),
)
"""In the order of the model's outputs."""

BY_NAME = {one.name: one for one in CLASSES}
