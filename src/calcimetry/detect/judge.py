"""What a body of dense voxels is, and how sure: rules on its shape and surroundings, cut-offs from one table."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

from calcimetry.core.lesion import Kind
from calcimetry.detect.parting import Profile
from calcimetry.detect.shape import Shape
from calcimetry.detect.surroundings import Around
from calcimetry.knowledge.load import table

__all__ = ["TABLE", "Verdict", "in_region", "judge"]

TABLE = "detection"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Kind, confidence (0 to 1) that it is calcium at all, and why it is not counted (``None``: it is)."""

    kind: Kind
    confidence: float
    reason: str | None = None


def judge(
    shape: Shape,
    around: Around,
    word: str,
    threshold_hu: float,
    *,
    parted: Profile | None = None,
    rim_share: float | None = None,
    count_from: float = 0.5,
) -> Verdict:
    """Verdict where no region is given.

    Parameters
    ----------
    shape, around : Shape, Around
        Of the body.
    word : str
        Part of the human body it lies in.
    threshold_hu : float
    parted : Profile or None
        What lies before and behind it, where it was parted from bone.
    rim_share : float or None
        How much of it lies along a round soft body, where it is a strip that leaves bone.
    count_from : float
        Confidence from which it counts.
    """
    cuts = table(TABLE)
    special = _metal(shape, around, word, threshold_hu, cuts) or _marker(shape, around, cuts)
    if special is not None:
        return special
    weights = _weights(shape, around, word, threshold_hu, parted, rim_share, cuts)
    confidence = 1.0 / (1.0 + exp(-sum(weight for weight, _ in weights.values())))
    against = "noise" if weights["noise"][0] < -1.0 else min(weights, key=lambda name: weights[name][0])
    kind: Kind = "calcification"
    if (
        against in ("wall", "near_bone", "spongy", "skull", "cartilage", "parted", "strip")
        and weights[against][0] < 0.0
    ):
        kind = "bone" if confidence < count_from else kind
    elif against in ("soft", "gas") and confidence < count_from:
        kind = "artefact"
    elif against == "huge":
        kind = "unknown"
    reason = None if confidence >= count_from else weights[against][1]
    return Verdict(kind, round(confidence, 3), reason)


def in_region(shape: Shape, around: Around) -> Verdict:
    """Verdict inside a given region, where everything counts but metal beyond doubt."""
    cuts = table(TABLE)
    if shape.peak_hu >= cuts["metal"]["sure_hu"]:
        return Verdict("metal", 0.02, f"metal: peak {shape.peak_hu:.0f} HU, at the end of the scanner's scale")
    z = deviations(shape, around)
    weight = max(-cuts["noise"]["limit"], min(cuts["noise"]["limit"], cuts["noise"]["slope"] * (z - _middle(cuts))))
    return Verdict("calcification", round(1.0 / (1.0 + exp(-weight)), 3), None)


def deviations(shape: Shape, around: Around) -> float:
    """Noise deviations by which the peak stands above its background (never below plain soft tissue)."""
    least = float(table(TABLE)["noise"]["least_background_hu"])
    return (shape.peak_hu - max(around.background_hu, least)) / around.noise_sd_hu


def _middle(cuts: dict[str, Any]) -> float:
    return float(cuts["noise"]["middle"])


def _weights(
    shape: Shape,
    around: Around,
    word: str,
    threshold_hu: float,
    parted: Profile | None,
    rim_share: float | None,
    cuts: dict[str, Any],
) -> dict[str, tuple[float, str]]:
    """Log-odds of each rule that applies, with the reason it gives if it tips the balance."""
    z = deviations(shape, around)
    limit, soft, gas = cuts["noise"]["limit"], cuts["soft"], cuts["gas"]
    noise = max(-limit, min(limit, cuts["noise"]["slope"] * (z - _middle(cuts))))
    said = (
        f"peak {shape.peak_hu:.0f} HU is {z:.1f} noise deviations above its surroundings; noise alone reaches about 5"
    )
    weights = {"noise": (noise, said)}
    if shape.voxels == 1:
        weights["single_voxel"] = (cuts["single_voxel"]["weight"], "a single voxel, no neighbour confirms it")
    faint = shape.peak_hu < threshold_hu + soft["peak_above_threshold_hu"]
    faint &= shape.mean_hu < threshold_hu + soft["mean_above_threshold_hu"]
    if shape.piece_mm2 > soft["area_mm2"] and faint and rim_share is None:
        said = f"large and soft ({shape.piece_mm2:.0f} mm2, peak {shape.peak_hu:.0f} HU): motion or partial volume"
        weights["soft"] = (soft["weight"], said)
    if shape.volume_mm3 > cuts["huge"]["mm3"]:
        said = f"{shape.volume_mm3 / 1000:.0f} ml in one piece: contrast medium, filled bowel or a foreign body"
        weights["huge"] = (cuts["huge"]["weight"], said)
    if around.gas_share > gas["share"] and shape.peak_hu < gas["peak_hu"] and not _beside_gas(shape, around, word, gas):
        weights["gas"] = (gas["weight"], f"edge of gas ({around.gas_share:.0%} of the surroundings)")
    if rim_share is None:
        weights |= _bone_weights(shape, around, word, threshold_hu, parted, cuts)
    else:
        said = f"leaves bone as a thin strip, {rim_share:.0%} of it along a vessel: may be a lip of bone"
        weights["strip"] = (cuts["strip"]["weight"], said)
    if around.cut:
        weights["cut"] = (cuts["cut"]["weight"], "cut by the side of the image: cannot be judged")
    return weights


def _beside_gas(shape: Shape, around: Around, word: str, gas: dict[str, Any]) -> bool:
    """Whether a body at gas is denser than the edge of soft tissue can be, with soft tissue on its other side."""
    edge_hu = max(around.background_hu, 0.0) + gas["overshoot_hu"] + gas["deviations"] * around.noise_sd_hu
    soft = around.background_hu >= 0.0 and around.gas_share <= gas["most"]
    return bool(soft and word in gas["words"] and shape.peak_hu > edge_hu)


def _bone_weights(
    shape: Shape, around: Around, word: str, threshold_hu: float, parted: Profile | None, cuts: dict[str, Any]
) -> dict[str, tuple[float, str]]:
    """Log-odds of the rules that know where bone is to be expected."""
    weights: dict[str, tuple[float, str]] = {}
    near, skull, cartilage = cuts["near_bone"], cuts["skull"], cuts["cartilage"]
    rib, spongy = cuts["rib"], cuts["spongy"]
    hollow = around.hollow_share > rib["hollow_share"] and around.wall_mm <= rib["wall_mm"]
    if around.wall_share > cuts["wall"]["share"] or (hollow and parted is None):
        weights["wall"] = (cuts["wall"]["weight"], "in the wall of the trunk: rib, sternum or cartilage")
    elif (
        parted is None
        and around.bone_mm <= near["mm"]
        and around.bone_behind < near["behind"]
        and word in near["words"]
    ):
        weights["near_bone"] = (near["weight"], f"{around.bone_mm:.0f} mm beside or behind bone: a piece of it")
    solid = shape.volume_mm3 > spongy["mm3"] and 2.0 * shape.axes_mm[0] > spongy["thick_mm"]
    if solid and shape.mean_hu < threshold_hu + spongy["mean_above_threshold_hu"] and around.bone_mm <= spongy["mm"]:
        said = f"as soft as spongy bone (mean {shape.mean_hu:.0f} HU), {around.bone_mm:.0f} mm from bone"
        weights["spongy"] = (spongy["weight"], said)
    if word == "head" and around.bone_mm <= skull["mm"]:
        beside_air = around.gas_share > skull["gas_share"] or around.dark_share > skull["gas_share"]
        if shape.volume_mm3 > skull["piece_mm3"] or beside_air:
            weights["skull"] = (skull["weight"], f"{around.bone_mm:.0f} mm from the skull: a thin plate of bone")
    if word in cartilage["words"] and shape.volume_mm3 > cartilage["mm3"]:
        weights["cartilage"] = (cartilage["weight"], "large piece in the neck: hyoid or larynx")
    if parted is not None:
        rule = cuts["parted"]
        plaque = parted.rise_hu >= rule["rise_hu"] and parted.ahead_hu <= rule["ahead_hu"]
        denser = parted.crest_hu >= rule["denser"] * (parted.valley_hu + parted.rise_hu)
        plaque &= parted.valley_hu < threshold_hu or denser
        plaque &= shape.peak_hu >= rule["peak_hu"] and 2.0 * shape.axes_mm[0] <= rule["thick_mm"]
        plaque &= shape.volume_mm3 <= rule["mm3"]
        plaque &= word in rule["words"] and around.gas_share <= rule["gas_share"]
        said = "touches bone and cannot be told from a spur or a grain of it"
        weights["parted"] = (rule["weight" if plaque else "aside"], said)
    return weights


def _metal(shape: Shape, around: Around, word: str, threshold_hu: float, cuts: dict[str, Any]) -> Verdict | None:
    metal, wire = cuts["metal"], cuts["wire"]
    if shape.peak_hu >= metal["sure_hu"]:
        return Verdict("metal", 0.02, f"metal: peak {shape.peak_hu:.0f} HU, at the end of the scanner's scale")
    if shape.peak_hu >= metal["hu"] and around.dark_share > metal["dark_share"]:
        return Verdict("metal", 0.05, f"metal: peak {shape.peak_hu:.0f} HU with dark streaks around it")
    if word in metal["words"] and shape.peak_hu >= max(metal["hu"], metal["thresholds"] * threshold_hu):
        return Verdict("metal", 0.1, f"metal: peak {shape.peak_hu:.0f} HU, denser than any calcium of the chest")
    thin, middle, long = (2.0 * half for half in shape.axes_mm)
    if long > wire["length_mm"] and middle < wire["width_mm"] and shape.peak_hu > wire["peak_hu"]:
        areas = [area for area in shape.pieces_mm2[1:-1] if area > 0.0]
        mean = sum(areas) / max(len(areas), 1)
        even = all(abs(area - mean) < wire["wander"] * mean for area in areas)
        if len(areas) >= 4 and even:
            return Verdict("metal", 0.1, f"wire or catheter: {long:.0f} mm long, {thin:.0f} mm wide throughout")
    return None


def _marker(shape: Shape, around: Around, cuts: dict[str, Any]) -> Verdict | None:
    marker = cuts["marker"]
    if around.skin_mm <= marker["skin_mm"] and shape.peak_hu > marker["peak_hu"] and around.bone_share < 0.1:
        return Verdict("marker", 0.05, f"on the skin ({around.skin_mm:.0f} mm from the surface): lead, clip or pellet")
    return None
