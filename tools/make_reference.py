"""Write docs/reference/{scales,tables,notes,scores,settings}.md from the tables and the code; `--check` only compares.

Nothing here is written by hand: a page that differs from what the tables say fails the check.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import calcimetry.evaluate
import calcimetry.grade
import calcimetry.measure
from calcimetry.grade.scales import Band, Edition, Scale, needs, scales
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import source, sources, table, table_ids
from calcimetry.knowledge.units import known_units
from calcimetry.measure import rule, rule_ids
from calcimetry.measure.scores import SCORE_UNITS

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
PACKAGE = ROOT / "src" / "calcimetry"
HEAD = (
    "<!-- Written by tools/make_reference.py from the tables and the code; change those, then run `make reference`. -->"
)
STATUS = """Status words: *verified*, the number was seen in the named place; *memory*, widely published, not seen on
the date of the check; *uncertain*, may order a list, never decides; *ours*, a convention of this project."""


def cell(value: Any) -> str:
    """A value fit for a Markdown table."""
    if isinstance(value, list | tuple):
        value = ", ".join(str(v) for v in value)
    if isinstance(value, dict):
        value = ", ".join(f"{k} {v}" for k, v in value.items())
    return str("" if value is None else value).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").strip()


def grid(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(cell(v) for v in row)} |" for row in rows)])


def page(title: str, *parts: str) -> str:
    """A page: heading, mark, parts."""
    return "\n\n".join([f"# {title}", HEAD, *(p.strip() for p in parts if p.strip())]) + "\n"


def cite(source_id: str) -> str:
    """A link to the source in tables.md."""
    return f"[{source_id}](tables.md#{source_id})"


def condition(when: logic.Condition) -> str:
    """A condition as words."""
    parts = []
    for key, value in when.items():
        if key == "not":
            parts.append(f"not ({condition(value)})")
        elif key in ("all", "any"):
            parts.append("(" + {"all": " and ", "any": " or "}[key].join(condition(v) for v in value) + ")")
        else:
            tests = value if isinstance(value, dict) else {"is": value}
            parts += [f"`{key}` {test.replace('_', ' ')} {cell(wanted).lower()}" for test, wanted in tests.items()]
    return " and ".join(parts) or "always"


# --- scales.md --------------------------------------------------------------------------------------------------


def span(band: Band) -> str:
    """The limits of a band in words."""
    if band.high == band.low:
        return f"{band.low:g}"
    low = f"{'from' if band.low_closed else 'above'} {band.low:g}"
    return low if band.high is None else f"{low} {'to' if band.high_closed else 'to below'} {band.high:g}"


def edition_text(one: Edition) -> str:
    """One edition: its line and its bands."""
    line = f"**Edition {one.id}**, in force from {one.since}, {one.status}, checked {one.checked}, {cite(one.source)}"
    line += f", seen in {cite(one.seen_in)}" if one.seen_in else ""
    line += ", shown beside older editions" if one.beside_older else ""
    line += f". Note: {one.note}." if one.note else "."
    parts = [line]
    if one.reference:
        parts.append(f"Computed from the table `references/{one.reference}`.")
    for group in one.groups:
        rows = [(span(b), b.category, b.meaning, b.status) for b in group.bands]
        parts.append(
            (f"*{group.label}*\n\n" if group.label else "") + grid(("score", "category", "meaning", "status"), rows)
        )
    return "\n\n".join(parts)


def scale_text(one: Scale) -> str:
    """One scale."""
    facts = (
        f"Id `{one.id}`; grades `{one.score}` of `{one.site}` ({one.structure}); kind `{one.kind}`; unit `{one.unit}`."
    )
    shown = f"Shown where: {condition(one.applies)}." if one.applies else ""
    wanted = [f"[`{n.id}`](#conditions)" for n in one.needs]
    asks = (
        f"Asks for: {', '.join(wanted)}." if wanted else "Asks for nothing of the image: the points come from a reader."
    )
    return (
        "\n\n".join(p for p in (f"## {one.name}", one.title + ".", facts, shown, asks) if p)
        + "\n\n"
        + "\n\n".join(edition_text(e) for e in one.editions)
    )


def scales_page() -> str:
    """All scales, then the conditions they share."""
    lead = """A grade is the place of a score on a published scale. The edition in force on the day of the study is
used; newer ones stand beside it where the table says so. A study older than a scale gets its oldest edition, and the
reason says so.
Limits are compared with the unrounded score. Outside its conditions a grade is withheld with the reason, or given as
an estimate."""
    shared = grid(
        ("condition", "holds when", "if not", "if not known", "reason printed", "status", "source"),
        [
            (f"`{n.id}`", condition(n.when), n.if_false, n.if_unknown, n.reason, n.status, cite(n.source))
            for n in needs().values()
        ],
    )
    words = """*withheld*: no grade. *estimated*: grade with that status. *caveat*: the grade stands and the reason is
printed. *pass*: nothing is said."""
    return page("Scales", lead, STATUS, *map(scale_text, scales().values()), f"## Conditions\n\n{words}\n\n{shared}")


# --- tables.md --------------------------------------------------------------------------------------------------


def named_sources(value: Any) -> set[str]:
    """Ids of all sources that a table names."""
    if isinstance(value, dict):
        here = {
            v
            for k in ("source", "sources")
            for v in ([value[k]] if isinstance(value.get(k), str) else value.get(k, []))
            if isinstance(v, str)
        }
        return here.union(*(named_sources(v) for v in value.values()))
    if isinstance(value, list):
        return set().union(*(named_sources(v) for v in value))
    return set()


def row_grids(table_id: str) -> Iterator[str]:
    """The rows of a table, for those that are lists of flat rows."""
    for key, value in table(table_id).items():
        if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            heads = list(dict.fromkeys(name for row in value for name in row))
            yield f"*{key}*\n\n" + grid(heads, [[row.get(h) for h in heads] for row in value])
        elif isinstance(value, dict):
            yield f"*{key}*\n\n" + grid(("name", "value"), value.items())


def tables_page() -> str:
    """The list of tables, the references in full, units, facts, sources."""
    kept = [t for t in table_ids() if not t.startswith("phantoms/")]
    index = grid(
        ("table", "edition", "sources"),
        [(f"`{t}`", table(t).get("edition"), " ".join(cite(s) for s in sorted(named_sources(table(t))))) for t in kept],
    )
    full = [t for t in kept if t.startswith("references/") or t in ("rules/tube_voltage", "rules/kernels", "materials")]
    scalars = {
        t: {k: v for k, v in table(t).items() if not isinstance(v, dict | list) or k in ("ages", "quantiles")}
        for t in full
    }
    texts = [
        f"## {t}\n\n{grid(('name', 'value'), scalars[t].items())}\n\n" + "\n\n".join(g for g in row_grids(t))
        for t in full
    ]
    units = grid(("unit (UCUM)", "meaning"), [(f"`{u}`", m) for u, m in known_units().items()])
    facts = grid(
        ("fact", "kind", "unit", "words", "implied by", "asked as"),
        [(f"`{f.name}`", f.kind, f.unit, f.words, f.implied_by, f.label) for f in logic.vocabulary().values()],
    )
    listed = [source_text(s) for s in sorted(sources())]
    return page(
        "Tables",
        "Every published number is a row of a table in `src/calcimetry/knowledge`; `calcimetry tables ID` prints one.",
        STATUS,
        index,
        *texts,
        f"## Units\n\n{units}",
        f"## Facts that conditions may name\n\n{facts}",
        "## Sources\n\n" + "\n\n".join(listed),
    )


def source_text(source_id: str) -> str:
    """One source with an anchor."""
    one = source(source_id)
    said = [one.authors, one.title, one.where, str(one.year or ""), f"doi:{one.doi}" if one.doi else "", one.url or ""]
    line = ". ".join(cell(part).rstrip(".") for part in said if part)
    return f'<a id="{one.id}"></a>**{one.id}** ({one.kind}). {line}.'


# --- notes.md ---------------------------------------------------------------------------------------------------


def notes_page() -> str:
    """All caveat codes."""
    lead = """A note is something a reader must know about an image or a result. Severity *withheld*: at least one
number is not given. *caution*: the number stands, compare with care. *info*: nothing follows. A code is retired, never
reused."""
    rows = [
        (f"`{r['code']}`", r["severity"], r["meaning"], r["consequence"]) for r in table("checks/notes").get("note", [])
    ]
    return page("Notes", lead, grid(("code", "severity", "what it says", "what follows"), sorted(rows)))


# --- scores.md --------------------------------------------------------------------------------------------------


def summary(thing: object) -> str:
    """First paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def kernels(module: Any) -> str:
    """Public functions of a package with their signature and first sentence."""
    found: list[tuple[str, str]] = []
    for name in sorted(module.__all__):
        thing = getattr(module, name)
        if inspect.isfunction(thing):
            found.append((f"`{name}({', '.join(inspect.signature(thing).parameters)})`", summary(thing)))
    return grid(("function", "what it gives"), found)


def scores_page() -> str:
    """Scores, presets of the rule, limits by tube voltage, kernels."""
    named = grid(("score", "unit"), [(f"`{n}`", f"`{u}`") for n, u in SCORE_UNITS.items()])
    facts = ("threshold", "comparison", "dimensions", "connectivity", "peak", "factor", "rounding")
    rows = []
    for rule_id in rule_ids():
        one = rule(rule_id)
        row = next(r for r in table("rules/agatston")["rule"] if r["id"] == rule_id)
        size = " and ".join(str(m) for m in one.minimum) or "none"
        rows.append(
            (
                f"`{rule_id}`",
                one.title,
                *(getattr(one, f, "") for f in facts),
                size,
                row["status"],
                cite(row["source"]),
                row.get("note"),
            )
        )
    presets = grid(("preset", "title", *facts, "minimum", "status", "source", "note"), rows)
    steps = grid(
        ("kV", "threshold and steps [HU]", "status", "source"),
        [(r["kvp"], r["steps_hu"], r["status"], cite(r["source"])) for r in table("rules/tube_voltage")["row"]],
    )
    return page(
        "Scores",
        "One row for each score, site, structure and image; the settings stand inside the row.",
        named,
        f"## Presets of the Agatston rule\n\nDefault: `{table('rules/agatston')['default_rule']}`.\n\n{presets}",
        f"## Limits by tube voltage\n\nNo row, no Agatston score.\n\n{steps}",
        f"## Kernels: measure\n\n{kernels(calcimetry.measure)}",
        f"## Kernels: grade\n\n{kernels(calcimetry.grade)}",
        f"## Kernels: evaluate\n\n{kernels(calcimetry.evaluate)}",
    )


# --- settings.md ------------------------------------------------------------------------------------------------


def setting_classes() -> Iterator[tuple[str, ast.ClassDef, str]]:
    """Every class named ...Settings, with its module and the module's text, in the order of their names."""
    for file in sorted(PACKAGE.rglob("*.py")):
        text = file.read_text("utf-8")
        if "Settings:" not in text:
            continue
        module = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and node.name.endswith("Settings"):
                yield module, node, text


def settings_page() -> str:
    """Every setting with its default, as the code has it."""
    parts = []
    for module, node, text in setting_classes():
        doc = ast.get_docstring(node) or ""
        rows = [
            (
                f"`{f.target.id}`",
                f"`{ast.get_source_segment(text, f.annotation)}`",
                f"`{ast.get_source_segment(text, f.value)}`" if f.value else "required",
            )
            for f in node.body
            if isinstance(f, ast.AnnAssign) and isinstance(f.target, ast.Name)
        ]
        first, _, rest = doc.partition("\n\n")
        more = f"\n\n```text\n{rest.strip()}\n```" if rest.strip() else ""
        what = f"`{module}`. {' '.join(first.split())}{more}"
        parts.append(f"## {node.name}\n\n{what}\n\n{grid(('setting', 'type', 'default'), rows)}")
    lead = """Choices of ours, each with its reason. A settings file (TOML) or the command line may change those of a
run; `calcimetry analyze --show-settings` prints each value with its origin."""
    return page("Settings", lead, *parts)


PAGES: dict[str, Callable[[], str]] = {
    "scales": scales_page,
    "tables": tables_page,
    "notes": notes_page,
    "scores": scores_page,
    "settings": settings_page,
}


def stale(folder: Path) -> list[str]:
    """Names of pages that are not there or say something else than the tables."""
    return [
        name
        for name, make in PAGES.items()
        if not (folder / f"{name}.md").is_file() or (folder / f"{name}.md").read_text("utf-8") != make()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with --check say which are stale."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare; fails where a page is stale")
    if parser.parse_args(arguments).check:
        wrong = stale(FOLDER)
        print("reference pages: " + (f"stale: {', '.join(wrong)}; run `make reference`" if wrong else "in order"))
        return int(bool(wrong))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / f"{name}.md").write_text(make(), "utf-8")
        print(f"wrote docs/reference/{name}.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
