"""Reference pages from what is registered: kinds, signals, transforms, rules, formats, recipe steps, gates, errors."""

from __future__ import annotations

import msgspec

from assay.core.errors import CODES
from assay.flows.gates import AGGREGATES, ALARMS, AXES, COUNTS, SHARES
from assay.formats import FORMATS
from assay.recipes.steps import STEPS
from assay.records import KINDS
from assay.rules import load_ruleset, presets
from assay.rules.rule import DIMENSIONS
from assay.signals import SIGNALS, dimension_coverage
from assay.transforms import TRANSFORMS

_HEAD = "Written by `make docs` from the registries; edit the code, not this page."


def reference() -> dict[str, str]:
    """File name -> Markdown."""
    pages = {
        "kinds.md": _kinds(),
        "signals.md": _signals(),
        "transforms.md": _transforms(),
        "rules.md": _rules(),
        "formats.md": _formats(),
        "recipes.md": _recipes(),
        "errors.md": _errors(),
    }
    return {name: "\n".join(lines) + "\n" for name, lines in pages.items()}


def _table(*rows: tuple[str, ...]) -> list[str]:
    head, *body = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in body), ""]


def _first_line(doc: str) -> str:
    return doc.strip().partition("\n")[0]


def _kinds() -> list[str]:
    out = ["# Kinds of records", "", _HEAD, ""]
    for kind in KINDS:
        columns = [("column", "type", "also called"), *((c, f"`{t}`", "") for c, t in kind.payload.items())]
        names = [("field", "names seen in the wild"), *((f, ", ".join(a)) for f, a in kind.aliases.items())]
        needs = ", ".join(f"`{name}`" for name in kind.required)
        out += [f"## {kind.name}", "", kind.doc.strip(), "", f"Required: {needs}.", ""]
        out += [*_table(*names), "Columns:", "", *_table(*((c, t) for c, t, _ in columns))]
    return out


def _signals() -> list[str]:
    out = [
        "# Signals",
        "",
        _HEAD,
        "",
        "Null means unknown, never 0. Starred ones are measured only when asked for.",
        "",
    ]
    kinds = KINDS.names()
    grid = [("dimension", *kinds)]
    for dimension in DIMENSIONS:
        cells = (", ".join(dimension_coverage(kind)[dimension]) or "**not measured**" for kind in kinds)
        grid.append((dimension, *cells))
    out += ["## What gives evidence for which dimension", "", *_table(*grid)]
    for signal in SIGNALS:
        star = "" if signal.default else " *"
        where = "every kind" if set(signal.kinds) == set(kinds) else ", ".join(signal.kinds)
        facts = [
            ("what", "value"),
            ("dimension", signal.dimension or "descriptive"),
            ("kinds", where),
            ("scope", signal.scope),
            ("gives", f"`{signal.writes}`, {signal.unit}"),
            ("source", signal.source),
            ("version", str(signal.version)),
            ("parameters", ", ".join(f"{name} = {value!r}" for name, value in signal.params.items()) or "none"),
        ]
        out += [f"## {signal.name}{star}", "", signal.doc.strip(), "", *_table(*facts)]
    return out


def _transforms() -> list[str]:
    out = ["# Transforms", "", _HEAD, "", "`assay transform DATASET --with NAME --param name=value`, or in a recipe"]
    out += ["`transform: [{with: NAME, params: {name: value}}]`. Each makes a new version.", ""]
    for transform in TRANSFORMS:
        where = "every kind" if set(transform.kinds) == set(KINDS.names()) else ", ".join(transform.kinds)
        facts = [
            ("what", "value"),
            ("kinds", where),
            ("strings inside JSON", "changed too" if transform.json else "left alone"),
            ("source", transform.source),
            ("version", str(transform.version)),
            ("parameters", ", ".join(f"{name} = {value!r}" for name, value in transform.params.items()) or "none"),
        ]
        out += [f"## {transform.name}", "", transform.doc.strip(), "", *_table(*facts)]
    return out


def _rules() -> list[str]:
    out = ["# Rules", "", _HEAD, "", "`assay decide DATASET --rules PRESET`, or a YAML file of your own.", ""]
    rows = [("preset", "rules", "kinds", "thresholds")]
    for name in presets():
        ruleset = load_ruleset(name)
        covered = {kind for rule in ruleset.rules for kind in rule.kinds}
        where = "every kind" if len(covered) == len(KINDS) else ", ".join(sorted(covered))
        numbers = ", ".join(f"{named} = {number:g}" for named, number in ruleset.thresholds.items())
        rows.append((f"`{name}`", str(len(ruleset.rules)), where, numbers))
    out += [*_table(*rows), "Every rule of `default`:", ""]
    for rule in load_ruleset("default").rules:
        kinds = "every kind" if set(rule.kinds) == set(KINDS.names()) else ", ".join(rule.kinds)
        out += [
            f"## {rule.name}",
            "",
            f"**{rule.action}** ({rule.dimension}) when `{rule.when}`; unknown: {rule.on_null}.",
        ]
        out += [f"Kinds: {kinds}. {rule.reason}".strip(), *([f"Fix: {rule.fix}."] if rule.fix else []), ""]
    return out


def _formats() -> list[str]:
    rows = [("format", "what it reads"), *((one.name, _first_line(one.doc)) for one in FORMATS)]
    return [
        "# Formats",
        "",
        _HEAD,
        "",
        "Each also inside `.gz` and `.zst`, from files, folders, globs, URLs, `-`.",
        "",
        *_table(*rows),
    ]


def _recipes() -> list[str]:
    out = ["# Recipes", "", _HEAD, ""]
    for step in STEPS:
        fields = [("key", "type", "default")]
        for field in msgspec.structs.fields(step.params):
            default = "required" if field.required else repr(_default(field))
            fields.append((field.encode_name, f"`{_type_name(field.type)}`", default))
        out += [f"## {step.section}", "", step.doc.strip(), "", *_table(*fields)]
    out += ["## Gate metrics", "", f"- dimensions: {', '.join(DIMENSIONS)}", f"- counts: {', '.join(COUNTS)}"]
    out += [f"- shares: {', '.join(SHARES)}", f"- of a signal, field or condition: {', '.join(AGGREGATES)}"]
    out += [f"- alarms: {', '.join(ALARMS)}", f"- `in every` / `by`: {', '.join(AXES)}", ""]
    return out


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default


def _type_name(kind: object) -> str:
    return str(getattr(kind, "__name__", kind)) if isinstance(kind, type) else str(kind).replace("typing.", "")


def _errors() -> list[str]:
    rows = [("code", "what"), *((f"[{code}](../errors/{code}.md)", what) for code, what in CODES.items())]
    return ["# Errors", "", _HEAD, "", *_table(*rows)]
