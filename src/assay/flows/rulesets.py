"""Rules by hash: what decided a version stays readable when the file it came from is gone or changed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from assay.core.errors import UserError
from assay.core.files import whole_file
from assay.rules import Rule, Ruleset, load_ruleset, presets
from assay.rules.sql import parse_expression
from assay.store import Workspace


def remember_ruleset(ws: Workspace, ruleset: Ruleset) -> None:
    """Write the ruleset into the workspace, whole or not at all; knowing it already is fine."""
    path = _path(ws, ruleset.hash)
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    body = {"name": ruleset.name, "rules": [_said(rule) for rule in ruleset.rules]}
    with whole_file(path, sync=True) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(body), indent=2))


def known_ruleset(ws: Workspace, ruleset_hash: str) -> Ruleset:
    """The ruleset of that hash: remembered here, or a preset. E507 when it is neither."""
    path = _path(ws, ruleset_hash)
    if path.is_file():
        return _read(path.read_bytes(), ruleset_hash)
    for name in presets():
        found = load_ruleset(name)
        if found.hash == ruleset_hash:
            return found
    raise UserError(
        "E507", f"the rules {ruleset_hash[:12]} are not in this workspace", fix="assay decide DATASET --rules FILE"
    )


def named_ruleset(ws: Workspace, name: str, version: int, rules: str | Path | Ruleset | None) -> Ruleset:
    """The rules as given: a ruleset, a preset or file; None means those that decided this dataset last (else E208)."""
    if rules is not None:
        return rules if isinstance(rules, Ruleset) else load_ruleset(rules)
    for number in range(version, 0, -1):
        saved = ws.find_decisions(name, number)
        if saved is not None:
            return known_ruleset(ws, saved.ruleset)
    raise UserError("E208", f"nothing has decided {name} yet", fix="name the rules: --rules PRESET")


@lru_cache(maxsize=16)
def _read(data: bytes, ruleset_hash: str) -> Ruleset:
    """Parsing 65 rules takes 0.2 s, and one report may read the same ones for nine datasets."""
    body = msgspec.json.decode(data)
    return Ruleset(body["name"], tuple(_rule(said) for said in body["rules"]), ruleset_hash)


def _said(rule: Rule) -> dict[str, Any]:
    """The rule as written, with its thresholds: `when` names them, and a what-if sets them."""
    numbers = dict(rule.expression.thresholds)
    return {**rule.content(), "when": rule.when, **({"thresholds": numbers} if numbers else {})}


def _rule(said: dict[str, Any]) -> Rule:
    numbers = said.pop("thresholds", {})
    lists = {name: tuple(said[name]) for name in ("kinds", "overrides")}
    return Rule(**{**said, **lists, "at": "", "expression": parse_expression(said["when"], thresholds=numbers)})


def _path(ws: Workspace, ruleset_hash: str) -> Path:
    return ws.path / "rulesets" / f"{ruleset_hash}.json"
