"""What a rule is, and a set of them with its hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from assay.core.errors import UnknownName, UserError, UserErrors
from assay.core.ids import content_hash
from assay.records.schema import KIND_NAMES
from assay.rules.sql import Expression
from assay.rules.testing import RuleTest

DIMENSIONS = ("completeness", "accuracy", "consistency", "timeliness", "validity", "uniqueness")
ACTIONS = ("keep", "drop", "review", "warn")
ON_NULL = ("pass", "fire", "review")
SEVERITIES = ("error", "warning", "note")
SEVERITY_OF = {"drop": "error", "review": "warning", "warn": "note", "keep": "note"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of judgement: where `when` holds, the action applies, for a reason of one quality dimension.

    kinds: the kinds it applies to; every kind when the file names none.
    on_null: what an unknown `when` means: pass (nothing), fire (as if true), review.
    overrides: for `keep`: the rules that it takes back on the records where it fires, and no others.
    reason: text for people with {column} places; empty means one is made from `when` and the row.
    at: where it is written, as `file:line`.
    """

    name: str
    dimension: str
    kinds: tuple[str, ...]
    when: str
    action: str
    on_null: str
    reason: str
    overrides: tuple[str, ...]
    severity: str
    fix: str
    at: str
    expression: Expression

    def for_kind(self, kind: str) -> bool:
        return kind in self.kinds

    def content(self) -> dict[str, object]:
        """What the rule says, whatever file it stands in and however its SQL is spaced."""
        return {
            "name": self.name,
            "dimension": self.dimension,
            "kinds": sorted(self.kinds),
            "when": self.expression.sql,
            "action": self.action,
            "on_null": self.on_null,
            "reason": self.reason,
            "overrides": sorted(self.overrides),
            "severity": self.severity,
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Rules by name, sorted. `hash` (32 hex digits) depends on what they say, not on file, order or layout.

    `tests` play no part in the hash: they say what the rules should do.
    """

    name: str
    rules: tuple[Rule, ...]
    hash: str
    tests: tuple[RuleTest, ...] = ()

    @classmethod
    def of(cls, name: str, rules: tuple[Rule, ...] | list[Rule], tests: tuple[RuleTest, ...] = ()) -> Ruleset:
        ordered = tuple(sorted(rules, key=lambda rule: rule.name))
        return cls(name, ordered, content_hash([rule.content() for rule in ordered]), tests)

    @property
    def thresholds(self) -> dict[str, float]:
        """The named numbers of all rules."""
        return dict(sorted({pair for rule in self.rules for pair in rule.expression.thresholds}))

    def for_kind(self, kind: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.for_kind(kind)]

    def columns(self, kind: str) -> list[str]:
        """Every field and signal that the rules of this kind read, sorted."""
        return sorted({name for rule in self.for_kind(kind) for name in rule.expression.names})

    def __getitem__(self, name: str) -> Rule:
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise UnknownName("rule", name, [rule.name for rule in self.rules])


def columns_used(rule: Rule, known: Mapping[str, pa.DataType]) -> list[str]:
    """The fields and signals that a rule reads, sorted. E101 for one that is not known, with the nearest name."""
    for name in rule.expression.names:
        if name not in known:
            raise UnknownName("field or signal", name, known, at=rule.at)
    return list(rule.expression.names)


def check_names(rules: tuple[Rule, ...] | list[Rule], known: Mapping[str, Mapping[str, pa.DataType]]) -> None:
    """Every name in every rule exists for every kind the rule applies to; all errors at once.

    known: kind -> name -> type, for fields and signals. E101 for a name that no kind has; E213 for one that only
    other kinds have; E211 for a threshold with the name of a field or signal.
    """
    errors: list[UserError] = []
    everything = {name for columns in known.values() for name in columns}
    for rule in rules:
        for name, _ in rule.expression.thresholds:
            if name in everything:
                what = f"the threshold {name!r} has the name of a field or signal"
                errors.append(UserError("E211", what, at=rule.at, fix=f"call it min_{name} or max_{name}"))
        for name in rule.expression.names:
            if name not in everything:
                errors.append(UnknownName("field or signal", name, everything, at=rule.at))
                continue
            lacking = [kind for kind in rule.kinds if kind in known and name not in known[kind]]
            if lacking:
                having = [kind for kind in KIND_NAMES if kind in known and name in known[kind]]
                shared = [kind for kind in having if kind in rule.kinds] or having
                errors.append(
                    UserError(
                        "E213",
                        f"rule {rule.name!r} reads {name!r}, which {', '.join(lacking)} records do not have",
                        at=rule.at,
                        fix=f"limit the rule: kinds: [{', '.join(shared)}]",
                    )
                )
    if errors:
        raise UserErrors(errors)
