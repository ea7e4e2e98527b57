"""Decide: rules over fields and signals give every row keep, drop or review, in a table beside the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.errors import UserError
from assay.core.failpoints import failpoint
from assay.core.results import Result
from assay.engine import Progress
from assay.flows.alarms import ALARM_SHARE, Alarm, removal_alarms
from assay.flows.measure import measure_signals
from assay.flows.rulesets import named_ruleset, remember_ruleset
from assay.rules import DECISIONS, Ruleset, check_names, evaluate
from assay.signals import SIGNALS, known_columns, signals_for
from assay.signals.base import check_params
from assay.store import Dataset, Workspace

ACTIONS = ("keep", "drop", "review")


class DecidedDataset(msgspec.Struct, frozen=True, kw_only=True):
    """rows = kept + dropped + review. `by_rule` names every rule of the kind, also those that fired nowhere.

    `key` is the ruleset's hash: with `version` it names the table of decisions. `signals`: those the rules read.
    """

    dataset: str
    version: int
    rows: int
    kept: int
    dropped: int
    review: int
    by_rule: dict[str, int]
    key: str
    ruleset: str
    signals: list[str]
    cached: bool
    alarms: list[Alarm] = []


class DecideResult(Result, frozen=True, kw_only=True):
    """Counts over all datasets that the name covers, then each of them."""

    kept: int
    dropped: int
    review: int
    by_rule: dict[str, int]
    datasets: list[DecidedDataset]

    @property
    def cached(self) -> bool:
        return all(part.cached for part in self.datasets)

    def lines(self) -> list[str]:
        out = []
        for part in self.datasets:
            said = f"{part.kept:,} kept + {part.dropped:,} dropped + {part.review:,} to review"
            cached = "  (cached)" if part.cached else ""
            out.append(f"{part.dataset} v{part.version}  {part.rows:,} rows = {said}{cached}")
        fired = sorted(((n, rule) for rule, n in self.by_rule.items() if n), key=lambda item: (-item[0], item[1]))
        out += [f"  {n:>9,}  {rule}" for n, rule in fired]
        silent = sum(n == 0 for n in self.by_rule.values())
        out += [f"  {silent} rules fired nowhere"] if silent else []
        return [*out, *(alarm.line() for part in self.datasets for alarm in part.alarms)]


def decide(
    ws: Workspace,
    dataset: str,
    rules: str | Path | Ruleset | None = None,
    *,
    ref: str | int | None = None,
    params: Mapping[str, Any] | None = None,
    message: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
    alarm_share: float | None = None,
) -> DecideResult:
    """Evaluate rules over every dataset that the name covers, after measuring what they mention.

    alarm_share: say so when one rule drops more than this share of a dataset or a source; None for ALARM_SHARE.
    rules: a preset's name, a YAML file, or a ruleset; None: those that decided each dataset last.
    ref: an older version, which must hold the signals already.
    The same rules over the same version are not evaluated again. Errors: those of the rules (E101, E211 to E215);
    E207 when an older version lacks a signal that the rules read.
    """
    names = ws.names(dataset)
    check_params(params or {})
    share = ALARM_SHARE if alarm_share is None else alarm_share
    rulesets = {name: named_ruleset(ws, name, ws.dataset(name).resolve(ref), rules) for name in names}
    for ruleset in {one.hash: one for one in rulesets.values()}.values():
        kinds = {ws.dataset(name).kind for name, mine in rulesets.items() if mine.hash == ruleset.hash}
        applied = [rule for rule in ruleset.rules if any(rule.for_kind(kind) for kind in kinds)]
        check_names(applied, {kind: known_columns(kind) for kind in sorted(kinds)})
    parts = [
        _decide_one(ws, ws.dataset(name), rulesets[name], ref, params or {}, message, workers, progress, run_id, share)
        for name in names
    ]
    by_rule: dict[str, int] = {}
    for part in parts:
        for rule, count in part.by_rule.items():
            by_rule[rule] = by_rule.get(rule, 0) + count
    return DecideResult(
        kept=sum(part.kept for part in parts),
        dropped=sum(part.dropped for part in parts),
        review=sum(part.review for part in parts),
        by_rule=dict(sorted(by_rule.items())),
        datasets=parts,
    )


def _decide_one(
    ws: Workspace,
    data: Dataset,
    ruleset: Ruleset,
    ref: str | int | None,
    params: Mapping[str, Any],
    message: str | None,
    workers: int | None,
    progress: Progress | None,
    run_id: str | None,
    alarm_share: float,
) -> DecidedDataset:
    columns = ruleset.columns(data.kind)
    used = [name for name in columns if name in SIGNALS]
    version = data.resolve(ref)
    if version == data.head:
        signals = signals_for(data.kind, used) if used else []
        version = measure_signals(ws, data.name, signals, params, workers, message, progress, run_id).version
    else:
        must_be_measured(data, version, used)
    table = _saved(ws, data, version, ruleset)
    cached = table is not None
    if table is None:
        table = decisions_of(data, version, ruleset, columns)
        remember_ruleset(ws, ruleset)
        failpoint("decide.before_save")
        ws.save_decisions(data.name, version, ruleset.hash, table)
        failpoint("decide.after_save")
    else:
        _make_latest(ws, data, version, ruleset)
    counts = dict.fromkeys(ACTIONS, 0)
    for entry in pc.value_counts(table["action"].combine_chunks()).to_pylist():
        counts[entry["values"]] = entry["counts"]
    rows = data.count(version)
    if rows != sum(counts.values()):
        raise RuntimeError(f"{data.name}@{version}: {rows} rows, but {counts}: decisions do not add up")
    return DecidedDataset(
        dataset=data.name,
        version=version,
        rows=rows,
        kept=counts["keep"],
        dropped=counts["drop"],
        review=counts["review"],
        by_rule=_by_rule(table, [rule.name for rule in ruleset.for_kind(data.kind)]),
        key=ruleset.hash,
        ruleset=ruleset.name,
        signals=used,
        cached=cached,
        alarms=removal_alarms(data, version, table, ruleset.for_kind(data.kind), alarm_share) if rows else [],
    )


def _make_latest(ws: Workspace, data: Dataset, version: int, ruleset: Ruleset) -> None:
    """Report and release use the decisions made last, also where these were made before others."""
    mine, newest = (ws.find_decisions(data.name, version, wanted) for wanted in (ruleset.hash, None))
    if mine is not None and newest is not None and newest.ruleset != mine.ruleset:
        ws.ledger.decision_save(mine)


def _saved(ws: Workspace, data: Dataset, version: int, ruleset: Ruleset) -> pa.Table | None:
    saved = ws.find_decisions(data.name, version, ruleset.hash)
    there = saved is not None and (ws.path / saved.path).is_file()
    return ws.load_decisions(data.name, version, ruleset.hash) if there else None


def must_be_measured(data: Dataset, version: int, used: Sequence[str]) -> None:
    """E207 for a signal that this version lacks, or has for some rows only."""
    there = data.signals(version)
    for name in used:
        if name not in there or there[name].unmeasured_fragments:
            raise UserError(
                "E207",
                f"{data.name}@{version} has no measured {name!r}",
                fix=f"assay {SIGNALS.get(name).made_by or f'measure --only {name}'} {data.name}"
                if version == data.head
                else f"decide on the newest version, or bring it back first: assay rollback {data.name} {version}",
            )


def decisions_of(data: Dataset, version: int, ruleset: Ruleset, columns: Sequence[str]) -> pa.Table:
    """A row for each record in scan order, as `evaluate` gives it; nothing is written."""
    if version == 0:
        return DECISIONS.empty_table()
    wanted = list(dict.fromkeys(["record_id", *columns]))
    rules = ruleset.for_kind(data.kind)
    parts = [evaluate(rules, pa.Table.from_batches([batch]), data.kind) for batch in data.scan(version, columns=wanted)]
    return pa.concat_tables(parts).combine_chunks() if parts else DECISIONS.empty_table()


def _by_rule(table: pa.Table, names: Sequence[str]) -> dict[str, int]:
    fired = pc.value_counts(table["rules"].combine_chunks().flatten()).to_pylist()
    found = {entry["values"]: entry["counts"] for entry in fired}
    return {name: found.get(name, 0) for name in sorted({*names, *found})}
