"""What would change under other thresholds or conditions: both rule sets over the same rows, nothing written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow as pa

from assay.core.errors import UnknownName, UserError
from assay.core.results import Result
from assay.flows.decide import decisions_of, must_be_measured
from assay.flows.rulesets import named_ruleset
from assay.rules import Rule, Ruleset, check_names, reason, set_condition, set_thresholds
from assay.rules.reason import placeholders
from assay.signals import SIGNALS, known_columns
from assay.store import Dataset, Workspace

EXAMPLES = 3  # of each change
_EXCERPT = 120  # characters


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One record that would be decided otherwise. `reasons` are those of the new verdict, or of the lost old one."""

    record_id: str
    excerpt: str
    reasons: list[str]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one dataset that go from one action to another, by domain, with some of them."""

    dataset: str
    before: str
    after: str
    count: int
    by_domain: dict[str, int]
    examples: list[Change]


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many records a rule fires on, before and after."""

    before: int
    after: int


class WhatIfResult(Result, frozen=True, kw_only=True):
    """`changed` of `rows` records would be decided otherwise; `rules`: those that would fire more or less often."""

    asked: list[str]
    rows: int
    changed: int
    kept_before: int
    kept_after: int
    rules: dict[str, RuleCount]
    moves: list[Move]

    def lines(self) -> list[str]:
        asked = ", ".join(self.asked)
        out = [f"what if {asked}: {self.changed:,} of {self.rows:,} records change; nothing was written"]
        out.append(f"  kept {self.kept_before:,} -> {self.kept_after:,}")
        out += [f"  {name} fires on {count.before:,} -> {count.after:,}" for name, count in self.rules.items()]
        for move in self.moves:
            domains = ", ".join(f"{name} {count:,}" for name, count in list(move.by_domain.items())[:5])
            out.append(f"{move.dataset}: {move.count:,} {move.before} -> {move.after}  ({domains})")
            for one in move.examples:
                out.append(f"  {one.record_id}  {'; '.join(one.reasons)}")
                out += [f"    {one.excerpt}"] if one.excerpt else []
        return out


def what_if(
    ws: Workspace,
    dataset: str,
    asked: Sequence[str],
    rules: str | Path | Ruleset | None = None,
    *,
    ref: str | int | None = None,
) -> WhatIfResult:
    """Judge every dataset that the name covers by the rules and by the changed rules, and compare record by record.

    asked: "min_words=30" for a threshold, "short=word_count < 30" for a rule's condition; several count together.
    rules: a preset, a file or a ruleset; None takes those that decided each dataset last.
    Errors: E604 for an `asked` that cannot be read; E101 for a threshold or rule that is not there; E207 for a
    signal that is not measured yet; E208 when no rules are named and nothing was decided; those of conditions.
    """
    parts = []
    for name in ws.names(dataset):
        data = ws.dataset(name)
        version = data.resolve(ref)
        parts.append(_one(data, version, named_ruleset(ws, name, version, rules), asked))
    changed = [move for part in parts for move in part.moves]
    counts: dict[str, tuple[int, int]] = {}
    for part in parts:
        for rule, count in part.rules.items():
            old = counts.get(rule, (0, 0))
            counts[rule] = (old[0] + count.before, old[1] + count.after)
    return WhatIfResult(
        asked=list(asked),
        rows=sum(part.rows for part in parts),
        changed=sum(part.changed for part in parts),
        kept_before=sum(part.kept_before for part in parts),
        kept_after=sum(part.kept_after for part in parts),
        rules={name: RuleCount(before=a, after=b) for name, (a, b) in sorted(counts.items())},
        moves=changed,
    )


def changed_ruleset(ruleset: Ruleset, asked: Sequence[str]) -> Ruleset:
    """The ruleset with every asked change made; errors as `what_if`."""
    numbers: dict[str, float] = {}
    for text in asked:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not name or not equals or not value:
            raise UserError("E604", f"cannot read the what-if {text!r}", fix='such as "min_words=30"')
        if name in ruleset.thresholds:
            numbers[name] = _number(name, value)
        elif name in {rule.name for rule in ruleset.rules}:
            ruleset = set_condition(ruleset, name, value, at="--what-if")
        else:
            known = [*ruleset.thresholds, *(rule.name for rule in ruleset.rules)]
            raise UnknownName("threshold or rule", name, known, at="--what-if")
    return set_thresholds(ruleset, numbers) if numbers else ruleset


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if number != number or abs(number) == float("inf"):
        raise UserError("E604", f"the threshold {name!r} needs a number, got {value!r}", fix=f'such as "{name}=30"')
    return int(number) if number == int(number) and "." not in value and "e" not in value.lower() else number


def _one(data: Dataset, version: int, ruleset: Ruleset, asked: Sequence[str]) -> WhatIfResult:
    altered = changed_ruleset(ruleset, asked)
    known = {data.kind: known_columns(data.kind)}
    check_names(altered.for_kind(data.kind), known)
    columns = sorted({*ruleset.columns(data.kind), *altered.columns(data.kind)})
    must_be_measured(data, version, [name for name in columns if name in SIGNALS])
    before = decisions_of(data, version, ruleset, columns)
    after = decisions_of(data, version, altered, columns)
    domains = [d for batch in data.scan(version, columns=["domain"]) for d in batch.column(0).to_pylist()]
    old, new = before["action"].to_pylist(), after["action"].to_pylist()
    groups: dict[tuple[str, str], list[int]] = {}
    for row, (a, b) in enumerate(zip(old, new, strict=True)):
        if a != b:
            groups.setdefault((a, b), []).append(row)
    moves = [
        Move(
            dataset=data.name,
            before=a,
            after=b,
            count=len(rows),
            by_domain=dict(Counter(domains[row] or "(none)" for row in rows).most_common()),
            examples=_examples(data, version, rows, before, after, ruleset, altered),
        )
        for (a, b), rows in sorted(groups.items())
    ]
    fired = [Counter(name for names in table["rules"].to_pylist() for name in names) for table in (before, after)]
    rules = {
        name: RuleCount(before=fired[0][name], after=fired[1][name])
        for name in sorted({*fired[0], *fired[1]})
        if fired[0][name] != fired[1][name]
    }
    return WhatIfResult(
        asked=list(asked),
        rows=len(old),
        changed=sum(move.count for move in moves),
        kept_before=old.count("keep"),
        kept_after=new.count("keep"),
        rules=rules,
        moves=moves,
    )


def _examples(
    data: Dataset, version: int, rows: list[int], before: pa.Table, after: pa.Table, old: Ruleset, new: Ruleset
) -> list[Change]:
    """Some of the records, evenly spread, each with the reasons that it gains; or, gaining none, those it loses."""
    chosen = rows[:: -(-len(rows) // EXAMPLES)]
    ids = before["record_id"].take(pa.array(chosen)).to_pylist()
    named = {row: (set(before["rules"][row].as_py()), set(after["rules"][row].as_py())) for row in chosen}
    rules = {row: _told(*named[row], old, new) for row in chosen}
    wanted = {name for told in rules.values() for rule in told for name in rule.expression.names}
    wanted |= {name for told in rules.values() for rule in told for name in placeholders(rule.reason)}
    columns = sorted({"record_id", "text", *wanted})
    found = {row["record_id"]: row for row in data.take(ids, columns=columns, ref=version).to_pylist()}
    return [
        Change(
            record_id=record_id,
            excerpt=_excerpt(found[record_id].get("text")),
            reasons=[
                reason(replace(rule, reason=""), found[record_id]) + (" no longer" if rule.name in gone else "")
                for rule in rules[row]
            ],
        )
        for row, record_id in zip(chosen, ids, strict=True)
        for gone in [named[row][0] - named[row][1]]
    ]


def _told(was: set[str], now: set[str], old: Ruleset, new: Ruleset) -> list[Rule]:
    gained = sorted(now - was)
    return [new[name] for name in gained] if gained else [old[name] for name in sorted(was - now)]


def _excerpt(text: str | None) -> str:
    words = " ".join((text or "").split())
    return words if len(words) <= _EXCERPT else words[: _EXCERPT - 3] + "..."
