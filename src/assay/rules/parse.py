"""Rules from YAML: a list, or {name, extends, without, thresholds, rules, tests}. All mistakes at once, with lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.core.errors import UnknownName, UserError, UserErrors
from assay.core.marked import Places, load_marked
from assay.records.schema import KIND_NAMES
from assay.rules.evaluate import check_types
from assay.rules.reason import placeholders
from assay.rules.rule import ACTIONS, DIMENSIONS, ON_NULL, SEVERITIES, SEVERITY_OF, Rule, Ruleset, check_names
from assay.rules.sql import Expression, parse_expression
from assay.rules.testing import RuleTest, parse_tests, tests_about_nothing
from assay.rules.thresholds import with_thresholds

_Path = tuple[str | int, ...]
_CHOICES = {"dimension": DIMENSIONS, "action": ACTIONS, "on_null": ON_NULL, "severity": SEVERITIES}
_TEXTS = ("name", "when", "reason", "fix", *_CHOICES)
_LISTS = ("kinds", "overrides")
_FIELDS = (*_TEXTS, *_LISTS)
_REQUIRED = ("name", "dimension", "when", "action")
_KEYS = ("name", "extends", "without", "thresholds", "rules", "tests")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def presets() -> list[str]:
    """Names of the rule presets that come with the package."""
    folder = files("assay.rules") / "presets"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def preset_text(name: str, *, at: str = "") -> str:
    """The YAML of a preset. E101 with the nearest name when there is none."""
    if name not in presets():
        raise UnknownName("rules preset", name, presets(), at=at)
    return (files("assay.rules") / "presets" / f"{name}.yaml").read_text("utf-8")


def load_ruleset(
    named: str | Path, *, known: Mapping[str, Mapping[str, pa.DataType]] | None = None, at: str = ""
) -> Ruleset:
    """A preset by name, or a YAML file by path (anything with a slash or ending in .yaml or .yml).

    known: kind -> field or signal -> type; when given, every name in the rules is checked against it.
    E101 unknown preset or name, E211 no such file, E201 broken YAML, E211 to E215 mistakes in the rules.
    """
    text = str(named)
    if isinstance(named, Path) or "/" in text or text.endswith((".yaml", ".yml")):
        path = Path(named)
        try:
            content = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            what = f"cannot read the rules file {text!r}: {getattr(error, 'strerror', None) or 'not UTF-8'}"
            raise UserError("E211", what, at=at, fix=f"give a path, or a preset: {', '.join(presets())}") from error
        ruleset = parse_ruleset(content, text, name=path.stem)
    else:
        ruleset = parse_ruleset(preset_text(text, at=at), f"preset {text}", name=text)
    if known is not None:
        check_names(ruleset.rules, known)
        check_types(ruleset.rules, known)
    return ruleset


def parse_rules(text: str, at: str = "rules") -> list[Rule]:
    """The rules of a YAML text, sorted by name; `at` is the file's name for errors."""
    return list(parse_ruleset(text, at).rules)


def parse_ruleset(text: str, at: str = "rules", *, name: str = "") -> Ruleset:
    """As load_ruleset, from text."""
    value, places = load_marked(text, at)
    errors: list[UserError] = []
    base: tuple[Rule, ...] = ()
    where: _Path = ()
    thresholds: dict[str, float] = {}
    tests: tuple[RuleTest, ...] = ()
    if isinstance(value, dict):
        _unknown_keys(value, _KEYS, (), places, errors)
        name = value["name"] if isinstance(value.get("name"), str) else name
        thresholds = _thresholds(value, places, errors)
        base = tuple(with_thresholds(rule, thresholds) for rule in _base(value, places, errors))
        tests = parse_tests(value.get("tests", []), ("tests",), places, errors)
        where, value = ("rules",), value.get("rules", [])
    if not isinstance(value, list):
        errors.append(UserError("E211", "rules are a list", at=places.at(where), fix="begin each rule with `- name:`"))
        value = []
    read = (_rule(item, (*where, i), thresholds, places, errors) for i, item in enumerate(value))
    own = [rule for rule in read if rule is not None]
    rules = [rule for rule in base if rule.name not in {mine.name for mine in own}] + own
    _cross_check(rules, own, errors)
    used = {named for rule in (*own, *base) for named, _ in rule.expression.thresholds}
    if not errors:
        for named in thresholds:
            if named not in used:
                fix = "write it in a rule's `when`, or leave it out"
                at_it = places.at(("thresholds", named))
                errors.append(UserError("E211", f"no rule uses the threshold {named!r}", at=at_it, fix=fix))
        errors += tests_about_nothing(tests, rules)
    if not rules and not errors:
        errors.append(UserError("E211", "no rules", at=places.at(where), fix="write one, or use the preset `default`"))
    if errors:
        raise UserErrors(sorted(errors, key=_by_place))
    return Ruleset.of(name or "rules", rules, tests)


def _thresholds(value: dict[str, Any], places: Places, errors: list[UserError]) -> dict[str, float]:
    """Numbers by name. A name is what SQL reads as one: letters, digits, underscores."""
    found = value.get("thresholds", {})
    if not isinstance(found, dict):
        fix = "thresholds: {min_words: 50}"
        errors.append(UserError("E211", "`thresholds` gives names numbers", at=places.at(("thresholds",)), fix=fix))
        return {}
    numbers: dict[str, float] = {}
    for name, number in found.items():
        at = places.at(("thresholds", name))
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            errors.append(UserError("E211", f"{name!r} is no name of a threshold", at=at, fix="such as min_words"))
        elif isinstance(number, bool) or not isinstance(number, (int, float)) or not isfinite(number):
            errors.append(UserError("E211", f"the threshold {name!r} is no number: {number!r}", at=at))
        else:
            numbers[name] = number
    return numbers


def _by_place(error: UserError) -> tuple[str, int]:
    file, _, line = error.at.rpartition(":")
    return (file, int(line)) if line.isdigit() else (error.at, 0)


def _base(value: dict[str, Any], places: Places, errors: list[UserError]) -> tuple[Rule, ...]:
    """The preset that `extends` names, less the rules in `without`."""
    extends, without = value.get("extends"), value.get("without", [])
    if extends is None:
        if without:
            errors.append(UserError("E211", "`without` needs `extends`", at=places.at(("without",))))
        return ()
    if not isinstance(extends, str) or not isinstance(without, list):
        errors.append(UserError("E211", "`extends` is a preset's name, `without` a list", at=places.at(("extends",))))
        return ()
    try:
        base = parse_ruleset(preset_text(extends, at=places.at(("extends",))), f"preset {extends}").rules
    except UserError as error:
        errors.append(error)
        return ()
    names = [rule.name for rule in base]
    for i, left_out in enumerate(without):
        if left_out not in names:
            errors.append(UnknownName("rule", str(left_out), names, at=places.at(("without", i))))
    return tuple(rule for rule in base if rule.name not in without)


def _unknown_keys(
    item: dict[Any, Any], allowed: tuple[str, ...], path: _Path, places: Places, errors: list[UserError]
) -> None:
    for key in item:
        if key not in allowed:
            near = get_close_matches(str(key), allowed, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(allowed)}"
            errors.append(UserError("E211", f"no field called {key!r}", at=places.at((*path, key)), fix=fix))


def _rule(
    item: Any, path: _Path, thresholds: Mapping[str, float], places: Places, errors: list[UserError]
) -> Rule | None:
    """One rule, or None with at least one error added."""
    before = len(errors)
    if not isinstance(item, dict):
        errors.append(UserError("E211", f"a rule is a mapping, got {item!r}", at=places.at(path)))
        return None
    _unknown_keys(item, _FIELDS, path, places, errors)
    for field in _REQUIRED:
        if field not in item:
            errors.append(UserError("E211", f"a rule needs {field!r}", at=places.at(path), fix=f"add `{field}:`"))
    for field in _TEXTS:
        if field in item and not (isinstance(item[field], str) and item[field].strip()):
            what = f"{field!r} must be text, got {item[field]!r}"
            errors.append(UserError("E211", what, at=places.at((*path, field)), fix="quote it"))
        elif field in item and field in _CHOICES and item[field] not in _CHOICES[field]:
            near = get_close_matches(item[field], _CHOICES[field], n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(_CHOICES[field])}"
            errors.append(UserError("E211", f"no {field} {item[field]!r}", at=places.at((*path, field)), fix=fix))
    for field in _LISTS:
        _text_list(item, field, path, places, errors)
    expression = _expression(item.get("when"), places.at((*path, "when")), thresholds, errors)
    if len(errors) > before or expression is None:
        return None
    action = item["action"]
    rule = Rule(
        name=item["name"],
        dimension=item["dimension"],
        kinds=tuple(kind for kind in KIND_NAMES if kind in item["kinds"]) if "kinds" in item else KIND_NAMES,
        when=item["when"].strip(),
        action=action,
        on_null=item.get("on_null", "pass"),
        reason=item.get("reason", ""),
        overrides=tuple(sorted(item.get("overrides", ()))),
        severity=item.get("severity", SEVERITY_OF[action]),
        fix=item.get("fix", ""),
        at=places.at(path),
        expression=expression,
    )
    for name in placeholders(rule.reason):
        if name not in rule.expression.names:
            what = f"the reason shows {{{name}}}, which `when` does not read"
            known = ", ".join(rule.expression.names)
            errors.append(UserError("E211", what, at=places.at((*path, "reason")), fix=f"one of {known}"))
    return rule


def _text_list(item: dict[Any, Any], field: str, path: _Path, places: Places, errors: list[UserError]) -> None:
    values = item.get(field, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        errors.append(UserError("E211", f"{field!r} must be a list of names", at=places.at((*path, field))))
        return
    if field == "kinds":
        if "kinds" in item and not values:
            errors.append(
                UserError("E211", "`kinds` is empty: the rule would never apply", at=places.at((*path, field)))
            )
        for i, kind in enumerate(values):
            if kind not in KIND_NAMES:
                errors.append(UnknownName("kind", kind, KIND_NAMES, at=places.at((*path, field, i))))


def _expression(when: Any, at: str, thresholds: Mapping[str, float], errors: list[UserError]) -> Expression | None:
    if not isinstance(when, str) or not when.strip():
        return None
    try:
        return parse_expression(when, at=at, thresholds=thresholds)
    except UserError as error:
        errors.append(error)
        return None


def _cross_check(rules: list[Rule], own: list[Rule], errors: list[UserError]) -> None:
    """Names are unique; `keep` names what it overrides, and only rules that exist; no other action overrides."""
    seen: dict[str, str] = {}
    for rule in own:
        if rule.name in seen:
            errors.append(UserError("E215", f"rule {rule.name!r} is written twice", at=rule.at, fix=seen[rule.name]))
        seen.setdefault(rule.name, f"rename one; the first is at {rule.at}")
    names = [rule.name for rule in rules]
    for rule in rules:
        if (rule.action == "keep") != bool(rule.overrides):
            what = "a keep rule names the rules that it overrides" if rule.action == "keep" else "only keep overrides"
            errors.append(UserError("E215", f"{what}: {rule.name!r}", at=rule.at, fix="overrides: [rule, ...]"))
        for other in rule.overrides:
            if other not in names:
                errors.append(UnknownName("rule", other, names, at=rule.at))
