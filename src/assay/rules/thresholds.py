"""Numbers with names: a ruleset says `word_count < min_words` once, and `min_words` can be set from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from assay.core.errors import UnknownName
from assay.rules.rule import Rule, Ruleset
from assay.rules.sql import parse_expression


def with_thresholds(rule: Rule, numbers: Mapping[str, float]) -> Rule:
    """The rule with other numbers for those of its thresholds that are named; itself where none is."""
    mine = dict(rule.expression.thresholds)
    changed = {name: numbers[name] for name in mine if name in numbers and numbers[name] != mine[name]}
    if not changed:
        return rule
    return replace(rule, expression=parse_expression(rule.when, at=rule.at, thresholds={**mine, **changed}))


def set_thresholds(ruleset: Ruleset, numbers: Mapping[str, float], *, at: str = "") -> Ruleset:
    """The ruleset with other numbers. E101 with the nearest name for a threshold that no rule has."""
    known = ruleset.thresholds
    for name in numbers:
        if name not in known:
            raise UnknownName("threshold", name, known, at=at)
    return Ruleset.of(ruleset.name, [with_thresholds(rule, numbers) for rule in ruleset.rules], ruleset.tests)


def set_condition(ruleset: Ruleset, name: str, when: str, *, at: str = "") -> Ruleset:
    """The ruleset with another condition for one rule. E101 for no such rule, E212 for what no rule may say."""
    old = ruleset[name]
    expression = parse_expression(when, at=at, thresholds=ruleset.thresholds)
    new = replace(old, when=when.strip(), expression=expression)
    return Ruleset.of(ruleset.name, [new if rule is old else rule for rule in ruleset.rules], ruleset.tests)
