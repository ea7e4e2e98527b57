"""Gates: conditions that decided datasets must meet to be released. This file reads them; gate_values.py measures.

    uniqueness >= 0.95 in every domain        the worst domain decides
    kept >= 1000 for tickets.qa               one dataset only
    drop_share <= 0.2 by rule                 no single rule may drop more
    mean(word_count) >= 20                    a signal or a field; also min, max, null_share
    share(word_count < 5) <= 0.1              any condition a rule may use

or, with two limits, `{gate: completeness in every kind, warn_if: "< 0.98", error_if: "< 0.9"}`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from assay.core.errors import UserError
from assay.core.results import Result

PASS, WARN, FAIL, ERROR = "pass", "warn", "fail", "error"

DIMENSIONS = ("completeness", "accuracy", "consistency", "timeliness", "validity", "uniqueness")
COUNTS = ("rows", "kept", "dropped", "review", "quarantined")
SHARES = ("kept_share", "drop_share", "review_share", "quarantined_share")
AGGREGATES = ("mean", "min", "max", "null_share", "share")  # of a signal, a field or (share) a condition
ALARMS = ("removed_share", "counts_add_up")
METRICS = (*DIMENSIONS, *COUNTS, *SHARES, *AGGREGATES, *ALARMS)
AXES = ("domain", "origin", "license", "kind", "source", "split", "dataset", "rule")
BY_RULE = ("drop_share", "removed_share", "dropped")

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_LIMIT = re.compile(r"\s*(>=|<=|==|=|>|<)\s*(-?[\d_]*\.?\d+(?:e-?\d+)?)\s*(%?)\s*", re.ASCII | re.IGNORECASE)
_SUBJECT = re.compile(r"\s*([A-Za-z_]+)\s*")
_TAIL = re.compile(r"\s*(?:(?:in\s+every|by)\s+(?P<axis>\S+))?\s*(?:for\s+(?P<dataset>\S+))?\s*")


class Limit(msgspec.Struct, frozen=True):
    """`holds(value)` is true where the written comparison is."""

    op: str
    number: float

    def holds(self, value: float) -> bool:
        return OPERATORS[self.op](value, self.number)

    def __str__(self) -> str:
        return f"{self.op} {self.number:g}"


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One gate as read. `require` must hold, or the gate fails; `warn_if` and `error_if` must not."""

    name: str
    metric: str
    argument: str | None = None  # of an aggregate: a column name, or a condition for `share`
    axis: str | None = None
    dataset: str | None = None
    require: Limit | None = None
    warn_if: Limit | None = None
    error_if: Limit | None = None
    min_rows: int = 1  # groups with fewer rows are left out (and said)
    place: str = ""

    @property
    def threshold(self) -> str:
        parts = [str(self.require)] if self.require else []
        parts += [f"error_if {self.error_if}"] if self.error_if else []
        parts += [f"warn_if {self.warn_if}"] if self.warn_if else []
        return ", ".join(parts)

    def status(self, value: float) -> str:
        if (self.require and not self.require.holds(value)) or (self.error_if and self.error_if.holds(value)):
            return FAIL
        return WARN if self.warn_if and self.warn_if.holds(value) else PASS

    def lower_is_worse(self) -> bool:
        """Which group is the worst one: the lowest value where a minimum is asked for, else the highest."""
        if self.require:
            return self.require.op in (">=", ">", "=")
        limit = self.error_if or self.warn_if
        return limit is not None and limit.op in ("<", "<=")


class FailingRows(msgspec.Struct, frozen=True, kw_only=True):
    """The records behind a gate that did not pass: all of them in a Parquet file, the first few here."""

    count: int
    path: str  # in the workspace; columns dataset, record_id, group
    examples: list[str]  # "tickets.qa 8f0c...": the arguments of `assay show`


class GateOutcome(Result, frozen=True, kw_only=True):
    """What a gate found. `value` is that of the worst group, null where there was nothing to measure."""

    name: str
    status: str
    value: float | int | None
    threshold: str
    reason: str = ""
    group: str | None = None
    groups: dict[str, float | int | None] = msgspec.field(default_factory=dict)
    rows: FailingRows | None = None

    def lines(self) -> list[str]:
        value = "-" if self.value is None else f"{self.value:.6g}"
        where = f" ({self.group})" if self.group else ""
        line = f"{self.status:5} {self.name}: {value}{where}, wanted {self.threshold}"
        if self.reason:
            line += f"; {self.reason}"
        if self.rows:
            line += f"; {self.rows.count} records, such as {', '.join(self.rows.examples[:2])}"
        return [line]


def parse_gate(entry: Any, *, at: str = "") -> Gate:
    """A gate from a recipe's text or mapping. Raises UserError E206 with the nearest name."""
    if isinstance(entry, str):
        return _parse_text(entry, at)
    if not isinstance(entry, Mapping) or "gate" not in entry:
        what = f"a gate is a text or a mapping with `gate`, got {entry!r}"
        raise UserError("E206", what, at=at, fix='such as "uniqueness >= 0.95 in every domain"')
    known = ("gate", "name", "warn_if", "error_if", "min_rows")
    for key in entry:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(known)}"
            raise UserError("E206", f"a gate has no key {key!r}", at=at, fix=fix)
    min_rows = entry.get("min_rows", 1)
    if isinstance(min_rows, bool) or not isinstance(min_rows, int) or min_rows < 1:
        raise UserError("E206", f"min_rows must be a whole number from 1, got {min_rows!r}", at=at)
    limits = {key: _parse_limit(entry[key], key, at) for key in ("warn_if", "error_if") if key in entry}
    gate = _parse_text(str(entry["gate"]), at, limits=limits)
    return msgspec.structs.replace(gate, name=str(entry.get("name", gate.name)), min_rows=min_rows, **limits)


def _parse_limit(text: Any, key: str, at: str) -> Limit:
    found = _LIMIT.fullmatch(str(text))
    if not found:
        raise UserError("E206", f"{key} must be a comparison, got {text!r}", at=at, fix=f'such as {key}: "< 0.9"')
    return _limit(found)


def _limit(found: re.Match[str]) -> Limit:
    op, number, percent = found.groups()
    return Limit("=" if op == "==" else op, float(number.replace("_", "")) / (100 if percent else 1))


def _parse_text(text: str, at: str, *, limits: Mapping[str, Limit] | None = None) -> Gate:
    subject = _SUBJECT.match(text)
    metric = subject.group(1) if subject else ""
    if subject is None or metric not in METRICS:
        near = get_close_matches(metric, METRICS, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(METRICS)}"
        raise UserError("E206", f"no gate metric called {metric or text!r}", at=at, fix=fix)
    rest = text[subject.end() :]
    argument, rest = _parse_argument(metric, rest, text, at)
    found = _LIMIT.match(rest)
    require = _limit(found) if found else None
    rest = rest[found.end() :] if found else rest
    tail = _TAIL.fullmatch(rest)
    if tail is None:
        fix = "METRIC >= NUMBER [in every AXIS | by rule] [for DATASET]"
        raise UserError("E206", f"cannot read {rest.strip()!r} in gate {text!r}", at=at, fix=fix)
    if require is None and not limits and metric != "counts_add_up":
        raise UserError("E206", f"gate {text!r} compares with nothing", at=at, fix=f'such as "{text.strip()} >= 0.9"')
    if require is not None and limits:
        fix = "put the number in error_if (and warn_if) only"
        raise UserError("E206", f"gate {text!r} has a limit in its text and in {', '.join(limits)}", at=at, fix=fix)
    axis = _parse_axis(tail["axis"], metric, at)
    name = metric + (f"({argument})" if argument else "")
    name += (" by rule" if axis == "rule" else f" in every {axis}") if axis else ""
    name += f" for {tail['dataset']}" if tail["dataset"] else ""
    if metric == "counts_add_up":
        require = Limit("=", 0)
    return Gate(
        name=name, metric=metric, argument=argument, axis=axis, dataset=tail["dataset"], require=require, place=at
    )


def _parse_argument(metric: str, rest: str, text: str, at: str) -> tuple[str | None, str]:
    if metric not in AGGREGATES:
        return None, rest
    depth = 0
    for i, letter in enumerate(rest):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            argument = rest[1:i].strip()
            if i and argument:
                return argument, rest[i + 1 :]
            break
    raise UserError("E206", f"{metric} needs something in brackets in {text!r}", at=at, fix=f"{metric}(word_count)")


def _parse_axis(axis: str | None, metric: str, at: str) -> str | None:
    if axis is None:
        return None
    if axis not in AXES:
        near = get_close_matches(axis, AXES, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(AXES)}"
        raise UserError("E206", f"gates cannot be grouped by {axis!r}", at=at, fix=fix)
    if axis == "rule" and metric not in BY_RULE:
        fix = f"only {', '.join(BY_RULE)} have a value per rule"
        raise UserError("E206", f"{metric} cannot be taken by rule", at=at, fix=fix)
    if axis != "rule" and metric in ("quarantined", "quarantined_share", "counts_add_up"):
        raise UserError(
            "E206", f"{metric} cannot be taken by {axis}", at=at, fix="quarantined records have no fields yet"
        )
    return axis
