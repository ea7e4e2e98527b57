"""Rules looked at without a dataset: are they right (lint), do they do what their tests say, what do they mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from assay.core.errors import UnknownName, UserError, UserErrors
from assay.core.results import Result
from assay.records import Decoder, RecordError, Row, to_batch
from assay.records.schema import KIND_NAMES
from assay.rules import Rule, Ruleset, RuleTest, check_names, evaluate, load_ruleset, reason
from assay.rules.evaluate import check_types
from assay.signals import SIGNALS, Signal, known_columns, measure_rows, signals_for

_NULL = {
    "pass": "does not fire where the condition is unknown",
    "fire": "fires where the condition is unknown",
    "review": "asks for review where the condition is unknown",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is that of an error; empty for advice."""

    code: str
    what: str
    at: str
    fix: str

    def line(self) -> str:
        fix = f"; {self.fix}" if self.fix else ""
        return f"{self.at or 'rules'}: {self.code + ' ' if self.code else ''}{self.what}{fix}"


class LintResult(Result, frozen=True, kw_only=True):
    """What is wrong with rules (`problems`: they would not run) and what is only odd (`advice`)."""

    rules: str
    count: int
    problems: list[Problem]
    advice: list[Problem]

    @property
    def exit_code(self) -> int:
        return 1 if self.problems else 0

    def lines(self) -> list[str]:
        out = [f"problem  {one.line()}" for one in self.problems] + [f"advice   {one.line()}" for one in self.advice]
        return [*out, f"{self.rules}: {self.count} rules, {len(self.problems)} problems, {len(self.advice)} advice"]


def lint_rules(named: str | Path) -> LintResult:
    """Everything that can be known about a rules file without data."""
    try:
        ruleset = load_ruleset(named)
    except UserError as error:
        found = list(error.errors) if isinstance(error, UserErrors) else [error]
        return LintResult(rules=str(named), count=0, problems=[_problem(one) for one in found], advice=[])
    kinds = [kind for kind in KIND_NAMES if ruleset.for_kind(kind)]
    known = {kind: known_columns(kind) for kind in kinds}
    problems: list[Problem] = []
    for look in (check_names, check_types):
        try:
            look(ruleset.rules, known)
        except UserErrors as error:
            problems += [_problem(one) for one in error.errors]
            break
    advice = list(_advice(ruleset)) if not problems else []
    return LintResult(rules=str(named), count=len(ruleset.rules), problems=problems, advice=advice)


def _problem(error: UserError) -> Problem:
    return Problem(code=error.code, what=error.what, at=error.at, fix=error.fix)


def _advice(ruleset: Ruleset) -> Iterator[Problem]:
    said: dict[tuple[str, str], Rule] = {}
    dear: set[str] = set()
    for rule in ruleset.rules:
        for name in rule.expression.names:
            if name in SIGNALS and name not in dear and not SIGNALS.get(name).default:
                dear.add(name)
                extra = SIGNALS.get(name).extra
                why = f" with the extra {extra!r}" if extra else ""
                yield Problem(code="", what=f"{name} is measured only because a rule reads it{why}", at=rule.at, fix="")
        if not rule.expression.names:
            fix = "name a field or a signal"
            yield Problem(code="", what=f"{rule.name} says the same of every record", at=rule.at, fix=fix)
        for kind in rule.kinds:
            other = said.setdefault((rule.expression.sql, kind), rule)
            if other is not rule:
                what = f"{rule.name} has the condition of {other.name}"
                yield Problem(code="", what=what, at=rule.at, fix="one of them is enough")
                break
    if not ruleset.tests:
        yield Problem(code="", what="the rules have no tests", at="", fix="add `tests:`, see docs/reference/rules.md")


class RuleOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`wrong` is empty for a test that passed. `action` and `fired` are what happened; null when it could not run."""

    name: str
    at: str
    action: str | None
    fired: dict[str, str]
    wrong: list[str]


class RuleTestsResult(Result, frozen=True, kw_only=True):
    rules: str
    passed: int
    failed: int
    tests: list[RuleOutcome]

    @property
    def exit_code(self) -> int:
        return 1 if self.failed or not self.tests else 0

    def lines(self) -> list[str]:
        out = []
        for test in self.tests:
            out.append(f"{'FAIL' if test.wrong else 'ok  '} {test.name}" + (f"  ({test.at})" if test.wrong else ""))
            out += [f"       {what}" for what in test.wrong]
        if not self.tests:
            return [f"{self.rules} has no tests: nothing was shown"]
        return [*out, f"{self.passed} passed, {self.failed} failed"]


def run_rule_tests(named: str | Path) -> RuleTestsResult:
    """Run the tests that stand beside the rules: measure the record, judge it, compare.

    Raises the errors of the rules themselves; a test whose record cannot be read fails, with the reason.
    """
    ruleset = load_ruleset(named)
    found = [_outcome(ruleset, test) for test in ruleset.tests]
    failed = sum(bool(one.wrong) for one in found)
    return RuleTestsResult(rules=str(named), passed=len(found) - failed, failed=failed, tests=found)


def _outcome(ruleset: Ruleset, test: RuleTest) -> RuleOutcome:
    try:
        kind, batch = _batch(test)
    except RecordError as error:
        return RuleOutcome(name=test.name, at=test.at, action=None, fired={}, wrong=[f"{error.reason}: {error.detail}"])
    table = _measured(ruleset, kind, batch, test.params)
    try:
        table = _with_given(ruleset, kind, table, test.given)
    except (UserError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        return RuleOutcome(name=test.name, at=test.at, action=None, fired={}, wrong=[str(error)])
    verdict = evaluate(ruleset.for_kind(kind), table, kind).to_pylist()[-1]
    row = table.slice(table.num_rows - 1).to_pylist()[0]
    fired = {name: reason(ruleset[name], row) for name in verdict["rules"]}
    wrong = [f"{name} did not fire" for name in test.fires if name not in fired]
    wrong += [f"{name} fired: {fired[name]}" for name in test.silent if name in fired]
    if test.action is not None and verdict["action"] != test.action:
        why = "; ".join(fired.values()) or "no rule fired"
        wrong.append(f"decided {verdict['action']}, not {test.action}: {why}")
    return RuleOutcome(name=test.name, at=test.at, action=verdict["action"], fired=fired, wrong=wrong)


def _batch(test: RuleTest) -> tuple[str, pa.RecordBatch]:
    """The record, last, behind those beside it that are of its kind."""
    decoder = Decoder(test.kind or "auto")
    decoded = [decoder.decode(_plain(record)) for record in (*test.beside, test.record)]
    kind = decoded[-1].kind
    rows = [
        Row(decoded=one, record_id=one.user_id or f"{i}", source={"path": "test", "row": i})
        for i, one in enumerate(decoded)
        if one.kind == kind
    ]
    return kind, to_batch(kind, rows)


def _plain(value: Any) -> Any:
    """YAML reads bare dates as dates; in a record they are text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else value


def _measured(ruleset: Ruleset, kind: str, batch: pa.RecordBatch, params: Mapping[str, Any]) -> pa.Table:
    names = [name for name in ruleset.columns(kind) if name in SIGNALS]
    signals = signals_for(kind, names) if names else []
    values = measure_rows(signals, [batch], kind, {name: str(value) for name, value in params.items()})[0]
    table = pa.Table.from_batches([batch])
    for name, array in values.items():
        table = table.append_column(name, array)
    return table


def _with_given(ruleset: Ruleset, kind: str, table: pa.Table, given: Mapping[str, Any]) -> pa.Table:
    """With the signals that no row alone can give: null, but for what the test gives its record."""
    wanted = [name for name in ruleset.columns(kind) if name in SIGNALS and SIGNALS.get(name).scope == "verb"]
    for name in given:
        if name not in wanted:
            raise UnknownName("signal of a verb that these rules read", name, wanted)
    for name in wanted:
        dtype = SIGNALS.get(name).writes
        values = [None] * (len(table) - 1) + [given.get(name)]
        table = table.append_column(name, pa.array(values, dtype))
    return table


class ExplainedRule(msgspec.Struct, frozen=True, kw_only=True):
    """`reads`: each field or signal with what it is; `thresholds`: the named numbers in `when`."""

    name: str
    action: str
    dimension: str
    kinds: list[str]
    when: str
    thresholds: dict[str, float]
    unknown: str
    overrides: list[str]
    reads: dict[str, str]
    fix: str


class ExplainResult(Result, frozen=True, kw_only=True):
    rules: list[ExplainedRule]

    def lines(self) -> list[str]:
        out: list[str] = []
        for rule in self.rules:
            kinds = "every kind" if len(rule.kinds) == len(KIND_NAMES) else ", ".join(rule.kinds)
            out += [f"{rule.name}: {rule.action}, for {rule.dimension}, on {kinds}", f"  when {rule.when}"]
            numbers = ", ".join(f"{name} = {number:g}" for name, number in rule.thresholds.items())
            out += [f"  with {numbers}"] if numbers else []
            out.append(f"  {rule.unknown}")
            out += [f"  takes back {', '.join(rule.overrides)}"] if rule.overrides else []
            out += [f"  {name}: {what}" for name, what in rule.reads.items()]
            out += [f"  fix: {rule.fix}"] if rule.fix else []
        return out


def explain_rules(named: str | Path, rule: str | None = None) -> ExplainResult:
    """What each rule (or the one that is named) asks, of what, and what follows. E101 for no such rule."""
    ruleset = load_ruleset(named)
    chosen: Sequence[Rule] = ruleset.rules if rule is None else [ruleset[rule]]
    return ExplainResult(rules=[_explained(one) for one in chosen])


def _explained(rule: Rule) -> ExplainedRule:
    return ExplainedRule(
        name=rule.name,
        action=rule.action,
        dimension=rule.dimension,
        kinds=list(rule.kinds),
        when=rule.when,
        thresholds=dict(rule.expression.thresholds),
        unknown=_NULL[rule.on_null],
        overrides=list(rule.overrides),
        reads={name: _what(name, rule) for name in rule.expression.names},
        fix=rule.fix,
    )


def _what(name: str, rule: Rule) -> str:
    if name in SIGNALS:
        return describe(SIGNALS.get(name))
    types = {str(known_columns(kind)[name]) for kind in rule.kinds if name in known_columns(kind)}
    return f"a field, {' or '.join(sorted(types))}" if types else "not known"


def describe(signal: Signal) -> str:
    """One line: what it is, its unit, whether it is measured unasked."""
    first = " ".join(signal.doc.split("\n\n")[0].split())
    asked = "" if signal.default else " Measured on request."
    return f"{first} [{signal.unit}]{asked}"
