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
from assay.flows.measure import measure_signals
from assay.flows.rulesets import remember_ruleset
from assay.rules import DECISIONS, Ruleset, check_names, evaluate, load_ruleset
from assay.signals import SIGNALS, known_columns, signals_for
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
        return [*out, f"  {silent} rules fired nowhere"] if silent else out


def decide(
    ws: Workspace,
    dataset: str,
    rules: str | Path | Ruleset,
    *,
    ref: str | int | None = None,
    params: Mapping[str, Any] | None = None,
    message: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
) -> DecideResult:
    """Evaluate rules over every dataset that the name covers, after measuring what they mention.

    rules: a preset's name, a YAML file, or a ruleset. ref: an older version, which must hold the signals already.
    The same rules over the same version are not evaluated again. Errors: those of the rules (E101, E211 to E215);
    E207 when an older version lacks a signal that the rules read.
    """
    names = ws.names(dataset)
    ruleset = rules if isinstance(rules, Ruleset) else load_ruleset(rules)
    kinds = {ws.dataset(name).kind for name in names}
    applied = [rule for rule in ruleset.rules if any(rule.for_kind(kind) for kind in kinds)]
    check_names(applied, {kind: known_columns(kind) for kind in sorted(kinds)})
    parts = [
        _decide_one(ws, ws.dataset(name), ruleset, ref, params or {}, message, workers, progress, run_id)
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
) -> DecidedDataset:
    columns = ruleset.columns(data.kind)
    used = [name for name in columns if name in SIGNALS]
    version = data.resolve(ref)
    if version == data.head:
        signals = signals_for(data.kind, used) if used else []
        version = measure_signals(ws, data.name, signals, params, workers, message, progress, run_id).version
    else:
        _must_be_measured(data, version, used)
    table = _saved(ws, data, version, ruleset)
    cached = table is not None
    if table is None:
        table = _evaluate(data, version, ruleset, columns)
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


def _counts(table: pa.Table) -> dict[str, int]:
    found = dict.fromkeys(ACTIONS, 0)
    for entry in pc.value_counts(table["action"].combine_chunks()).to_pylist():
        found[entry["values"]] = entry["counts"]
    return found


def _must_be_measured(data: Dataset, version: int, used: Sequence[str]) -> None:
    there = data.signals(version)
    for name in used:
        if name not in there or there[name].unmeasured_fragments:
            raise UserError(
                "E207",
                f"{data.name}@{version} has no measured {name!r}",
                fix=f"decide on the newest version, or bring this one back first: assay rollback {data.name} {version}",
            )


def _evaluate(data: Dataset, version: int, ruleset: Ruleset, columns: Sequence[str]) -> pa.Table:
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
