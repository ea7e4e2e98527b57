"""Per kind, what the rules of a run need: which signals, which columns. Told once, used by workers and the parent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import pyarrow as pa

from assay.core.errors import UserError
from assay.records.schema import KIND_NAMES, columns_of
from assay.rules import Rule, Ruleset, check_names, columns_used, load_ruleset
from assay.signals import SIGNALS, Signal, known_columns

DEFAULT = ("default",)


@dataclass(frozen=True, slots=True)
class Profile:
    """`summaries` has one signal for every distinct way of summarising; `dataset_signals` share their states."""

    kind: str
    rules: tuple[Rule, ...]
    row_signals: tuple[Signal, ...]
    dataset_signals: tuple[Signal, ...]
    summaries: tuple[Signal, ...]
    columns: tuple[str, ...]

    def state_of(self, signal: Signal) -> int:
        """Which of `summaries` this signal's state comes from."""
        return [_steps(other, self.kind) for other in self.summaries].index(_steps(signal, self.kind))


@lru_cache(maxsize=8)
def ruleset(named: tuple[str, ...] = DEFAULT) -> Ruleset:
    """The rules of several sets as one. What a later set says again is left out; a rule that only has the name of
    an earlier one is called by its set's name too, as in `agents_truncated`."""
    sets = [load_ruleset(name) for name in named]
    merged = {rule.name: rule for rule in sets[0].rules}
    for added in sets[1:]:
        for rule in added.rules:
            there = merged.get(rule.name)
            if there is None:
                merged[rule.name] = rule
            elif there.expression.sql != rule.expression.sql or not set(rule.kinds) <= set(there.kinds):
                own = f"{added.name}_{rule.name}"
                merged[own] = replace(rule, name=own)
    return Ruleset.of(" ".join(named), list(merged.values()))


def check_rules(named: tuple[str, ...]) -> None:
    """Everything that may be wrong with the rules, told before any data is read: E101, E105, E211 to E215."""
    known = {kind: known_columns(kind) for kind in KIND_NAMES}
    for name in named:
        check_names(load_ruleset(name, known=known).rules, known)
    for rule in ruleset(named).rules:
        for name in rule.expression.names:
            if name in SIGNALS:
                _in_files(SIGNALS.get(name), rule)
                SIGNALS.get(name).check_extra(at=rule.at)


def _in_files(signal: Signal, rule: Rule) -> None:
    """E104 for a rule about a signal that needs a workspace."""
    if signal.scope == "verb":
        what = f"rule {rule.name!r} reads {signal.name!r}, which `assay {signal.made_by}` measures in a workspace"
        raise UserError("E104", what, at=rule.at, fix="ingest the files, then decide by these rules")


@lru_cache(maxsize=64)
def profile(kind: str, named: tuple[str, ...] = DEFAULT) -> Profile:
    known = known_columns(kind)
    rules = tuple(rule for rule in ruleset(named).rules if kind in rule.kinds)
    used = {name for rule in rules for name in columns_used(rule, known)}
    signals = [signal for signal in SIGNALS if signal.name in used and signal.for_kind(kind)]
    datasets = tuple(signal for signal in signals if signal.scope == "dataset")
    summaries: dict[tuple[object, ...], Signal] = {}
    for signal in datasets:
        summaries.setdefault(_steps(signal, kind), signal)
    columns = {"record_id", "text", *(name for signal in datasets for name in signal.columns(kind))}
    columns |= used
    return Profile(
        kind=kind,
        rules=rules,
        row_signals=tuple(signal for signal in signals if signal.scope == "row"),
        dataset_signals=datasets,
        summaries=tuple(summaries.values()),
        columns=tuple(name for name in columns_of(kind) if name in columns),
    )


def _steps(signal: Signal, kind: str) -> tuple[object, ...]:
    """Signals with equal steps have equal states: duplicates are counted once for all who ask about them."""
    steps: tuple[Callable[..., pa.Table], ...] = () if signal.steps is None else signal.steps[:2]
    return (*steps, *sorted(signal.params.items()), *sorted(signal.columns(kind)))
