"""How often words for simulated groups are right, the whole way: the search finds them, ``describe`` names them.

    python bench/breast_words.py --protocol digital-100 --first 98000 --count 50
    python bench/breast_words.py --protocol digital-050 --first 99000 --count 25 --height 80 95

One group an image, each distribution with each morphology in turn, among rings, rods, specks and arteries. A simulated
group counts as found where the search reports a group of which half of the members or more are its own; of several the
surest is looked at. Seeds are none of those that were fitted on.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from scipy import ndimage

from calcimetry import describe
from calcimetry.core.group import Group
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.detect import look_breast
from calcimetry.locate.breast import breast_map
from calcimetry.phantom import breast as simulated

FORMS = ("br_round", "br_amorphous", "br_coarse_heterogeneous", "br_fine_pleomorphic", "br_fine_linear")
CLASSES = ("typically benign", "amorphous", "coarse heterogeneous or fine pleomorphic", "linear or branching")
OF_WORD = {
    "br_amorphous": CLASSES[1],
    "br_coarse_heterogeneous": CLASSES[2],
    "br_fine_pleomorphic": CLASSES[2],
    "br_fine_linear": CLASSES[3],
}


@dataclass(frozen=True)
class Answer:
    """What was said about one simulated group; words are empty where it was not found or left without."""

    distribution: str
    form: str
    found: bool
    reported: bool
    said_distribution: str = ""
    said_form: str = ""


def images(
    protocol: str, first: int, count: int, height: tuple[float, float] | None, cache: Path | None, start: int = 0
) -> Iterator[simulated.SimulatedMammogram]:
    """Simulated mammograms, kept in a folder where one is given; ``start`` leaves out so many of the ``count``."""
    for n in range(start, count):
        turn, rest = divmod(n, 25)
        i, j = divmod(rest, 5)
        form = FORMS[(i + j + turn) % 5]
        how = simulated.PROTOCOLS[protocol]
        if height is not None:
            how = replace(how, height_mm=height)
        contents = simulated.Contents(
            groups=1,
            singles=2.0,
            specks=3.0,
            arteries=0.2,
            cnr=(9.0, 20.0) if form == "br_amorphous" else (6.0, 14.0),
            distribution=simulated.DISTRIBUTIONS[j],
            pattern=form,
        )
        kept = None if cache is None else cache / f"t_{protocol}_{first + n}.pkl"
        if kept is not None and kept.exists():
            yield pickle.loads(kept.read_bytes())
            continue
        image = simulated.mammogram(first + n, how, contents)
        if kept is not None:
            kept.write_bytes(pickle.dumps(image, protocol=5))
        yield image


def drawn(image: simulated.SimulatedMammogram) -> tuple[tuple[Lesion, ...], tuple[Group, ...]]:
    """All simulated particles and groups, as if the search had found each and nothing else."""
    by_label = {one.label: one for one in image.particles}
    lesions, ids = [], {}
    for number, box in enumerate(ndimage.find_objects(image.labels), start=1):
        if box is None:
            continue
        mask = Mask((0, box[0].start, box[1].start), (image.labels[box] == number)[None])
        center = mask.indices().mean(axis=0)
        ids[by_label[number].id] = f"L{number}"
        lesions.append(
            Lesion(
                id=f"L{number}",
                image="i1",
                label=number,
                kind="calcification",
                center_index=(0.0, float(center[1]), float(center[2])),
                center_mm=None,
                bounds_index=(mask.start, mask.stop),
                peak_index=mask.start,
                confidence=1.0,
                pattern=("br_vascular",) if by_label[number].pattern == "br_vascular" else (),
                mask=mask,
            )
        )
    groups = tuple(
        Group(
            id=f"G{n}",
            image="i1",
            lesions=tuple(ids[name] for name in one.particles if name in ids),
            confidence=1.0,
            reported=True,
            center_index=(0.0, *one.center),
            bounds_index=((0, *one.bounds[0]), (1, *one.bounds[1])),
        )
        for n, one in enumerate(image.groups, start=1)
    )
    return tuple(lesions), groups


def answers(image: simulated.SimulatedMammogram, outlines: str) -> list[Answer]:
    """The words for the groups of one image."""
    found_map = breast_map(image.projection)
    if found_map is None or image.projection.pixel_mm is None:
        return []
    mm = float(image.projection.pixel_mm[0])
    if outlines == "true":
        lesions, groups = drawn(image)
    else:
        found = look_breast(image.projection, found_map.regions, mm)
        lesions, groups = found.lesions, found.groups
    made = describe.breast(
        image.projection, lesions, groups, found_map.regions, mm, nipple_index=found_map.nipple_index
    )
    owner = {one.id: belongs(one, image) for one in made.lesions}
    out = []
    for one in image.groups:
        mine = [group for group in made.groups if majority(group, owner) == one.id]
        best = max(mine, key=lambda group: (group.reported, group.confidence), default=None)
        out.append(
            Answer(one.distribution, one.pattern, False, False)
            if best is None
            else Answer(
                one.distribution, one.pattern, True, best.reported, best.distribution or "", best.morphology or ""
            )
        )
    return out


def belongs(lesion: Lesion, image: simulated.SimulatedMammogram) -> str:
    """The simulated group that a found particle belongs to; empty for none."""
    if lesion.mask is None:
        return ""
    _, rows, columns = lesion.mask.indices().T
    labels = image.labels[rows, columns]
    if (labels > 0).mean() <= 0.25:
        return ""
    label = Counter(labels[labels > 0].tolist()).most_common(1)[0][0]
    return next((one.group or "" for one in image.particles if one.label == label), "")


def majority(group: Group, owner: dict[str, str]) -> str:
    """The simulated group that half of the members or more belong to; empty for none."""
    own = Counter(owner[name] for name in group.lesions if owner.get(name))
    if not own:
        return ""
    name, count = own.most_common(1)[0]
    return name if count >= max(2, 0.5 * len(group.lesions)) else ""


def table(title: str, pairs: list[tuple[str, str]], classes: tuple[str, ...]) -> None:
    """A confusion table in Markdown: rows are the truth."""
    right = sum(a == b for a, b in pairs)
    print(f"\n{title}: {right} of {len(pairs)} right ({right / max(len(pairs), 1):.2f})\n")
    print("| truth | " + " | ".join(classes) + " | no word |")
    print("|---|" + "---|" * (len(classes) + 1))
    for one in classes:
        said = Counter(b for a, b in pairs if a == one)
        print(f"| {one} | " + " | ".join(str(said[other]) for other in (*classes, "")) + " |")


def shown(title: str, of: list[Answer]) -> None:
    """Both tables."""
    print(f"\n## {title}: {len(of)}")
    table("Distribution", [(one.distribution, one.said_distribution) for one in of], simulated.DISTRIBUTIONS)
    benign = CLASSES[0]
    pairs = [(OF_WORD.get(a.form, benign), OF_WORD.get(a.said_form, benign) if a.said_form else "") for a in of]
    table("Morphology", pairs, CLASSES)
    table("Word of morphology", [(a.form, a.said_form if a.said_form in FORMS else "") for a in of], FORMS)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocol", default="digital-100", choices=sorted(simulated.PROTOCOLS))
    parser.add_argument("--first", type=int, default=98000)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--height", type=float, nargs=2, default=None, help="height of the image [mm], from and to")
    parser.add_argument("--cache", type=Path, default=None, help="folder in which simulated images are kept")
    parser.add_argument(
        "--outlines", default="found", choices=("found", "true"), help="as the search found them, or as simulated"
    )
    asked = parser.parse_args(argv)
    every: list[Answer] = []
    for image in images(asked.protocol, asked.first, asked.count, asked.height, asked.cache):
        every += answers(image, asked.outlines)
    print(f"# {asked.protocol}: {len(every)} simulated groups, {sum(one.found for one in every)} listed")
    shown("Groups reported", [one for one in every if one.reported])
    shown("All groups listed", [one for one in every if one.found])
    return 0


if __name__ == "__main__":
    sys.exit(main())
