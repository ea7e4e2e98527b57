"""Per kind, what the default rules need: which signals, which columns. Told once, used by workers and the parent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa

from assay.records.schema import columns_of
from assay.rules import Rule, Ruleset, columns_used, load_ruleset
from assay.signals import SIGNALS, Signal, known_columns

RULESET = "default"


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


@lru_cache(maxsize=1)
def ruleset() -> Ruleset:
    return load_ruleset(RULESET)


@lru_cache(maxsize=32)
def profile(kind: str) -> Profile:
    known = known_columns(kind)
    rules = tuple(rule for rule in ruleset().rules if kind in rule.kinds)
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
