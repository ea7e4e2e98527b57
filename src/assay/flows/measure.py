"""Measure: signals become columns beside the rows. Only (fragment, signal) pairs that are missing are computed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import pyarrow as pa

from assay.core.ids import fingerprint
from assay.core.results import Result
from assay.engine import Progress, run
from assay.flows.measure_bound import bound_values
from assay.flows.quality import with_model
from assay.flows.rows_digest import rows_digest
from assay.flows.verb_made import bring_up_to_date
from assay.signals import Signal, signals_for
from assay.signals.base import SIGNALS, check_params, run_together
from assay.store import Dataset, SignalSpec, Workspace

# Below this many rows of Python-bound signals, starting worker processes (a second each) costs more than it saves.
INLINE_ROWS = 20_000
_KEY = "measure"  # of the job: the store adds the signals' fingerprints and the head


class MeasuredDataset(msgspec.Struct, frozen=True, kw_only=True):
    """`signals`: name -> measured (at least one fragment was computed) or cached. `version` is the newest after it."""

    dataset: str
    version: int
    rows: int
    signals: dict[str, Literal["measured", "cached"]]
    seconds: float


class MeasureResult(Result, frozen=True, kw_only=True):
    datasets: list[MeasuredDataset]

    @property
    def cached(self) -> bool:
        """Nothing had to be computed."""
        return all(status == "cached" for part in self.datasets for status in part.signals.values())

    def lines(self) -> list[str]:
        out = []
        for part in self.datasets:
            new = [name for name, status in part.signals.items() if status == "measured"]
            said = f"measured {', '.join(new)}" if new else f"cached: all {len(part.signals)} signals are up to date"
            out.append(f"{part.dataset} v{part.version}  {part.rows:,} rows  {part.seconds:.2f} s  {said}")
        return out or ["no rows to measure"]


def measure(
    ws: Workspace,
    dataset: str,
    *,
    only: Sequence[str] = (),
    also: Sequence[str] = (),
    params: Mapping[str, Any] | None = None,
    workers: int | None = None,
    message: str | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
) -> MeasureResult:
    """Measure every dataset that the name covers, each with the signals of its kind.

    only: names of signals; none means the kind's default profile. also: names on top of those.
    params: values for signal parameters, such as as_of ("2025-11-20T00:00:00Z").
    Nothing to do makes no new version. A killed run goes on from its last finished fragment.
    Raises UnknownName E101 for a dataset, a signal or a parameter.
    """
    names = ws.names(dataset)
    for name in (*only, *also):
        SIGNALS.get(name)
    check_params(params or {})
    done = []
    for name in names:
        kind = ws.dataset(name).kind
        wanted = {signal.name for signal in signals_for(kind, only)}
        wanted |= {signal.name for signal in signals_for(kind, also)} if also else set()
        signals = [signal for signal in SIGNALS if signal.name in wanted]
        done.append(measure_signals(ws, name, signals, params or {}, workers, message, progress, run_id))
    return MeasureResult(datasets=done)


def measure_signals(
    ws: Workspace,
    name: str,
    signals: Sequence[Signal],
    params: Mapping[str, Any],
    workers: int | None = None,
    message: str | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
) -> MeasuredDataset:
    """One dataset, these signals. Those that a verb measures are brought up to date by that verb, after the others."""
    started = time.perf_counter()
    data, params = ws.dataset(name), with_model(ws, params)
    made = [signal for signal in signals if signal.scope == "verb"]
    signals = [signal for signal in signals if signal.scope != "verb"]
    plan = _plan(ws, data, signals, params)
    if plan.todo:
        with ws.lock(name):  # the head may have moved before we had the lock: look again under it
            plan = _plan(ws, data, signals, params)
            _compute(data, plan, params, workers, message, progress, run_id)
    renewed = bring_up_to_date(ws, data, made, workers=workers, progress=progress, run_id=run_id) if made else set()
    return MeasuredDataset(
        dataset=name,
        version=data.head,
        rows=data.count(),
        signals={
            s.name: "measured" if s.name in plan.todo or s.name in renewed else "cached" for s in [*signals, *made]
        },
        seconds=round(time.perf_counter() - started, 3),
    )


@dataclass(slots=True)
class _Plan:
    signals: list[Signal]
    specs: dict[str, SignalSpec]
    fragments: list[int]
    todo: dict[str, set[int]] = field(default_factory=dict)  # signal -> fragments that lack it


def _plan(ws: Workspace, data: Dataset, signals: Sequence[Signal], params: Mapping[str, Any]) -> _Plan:
    specs = {s.name: _spec(ws, data, s, params) for s in signals}
    fragments = [part.id for part in data.fragments()]
    there = data.signals()
    plan = _Plan(list(signals), specs, fragments)
    for signal in signals:
        column = there.get(signal.name)
        fresh = column is not None and column.fingerprint == specs[signal.name].fingerprint
        missing = set(column.unmeasured_fragments) if fresh and column is not None else set(fragments)
        if missing:
            plan.todo[signal.name] = missing
    return plan


def _spec(ws: Workspace, data: Dataset, signal: Signal, params: Mapping[str, Any]) -> SignalSpec:
    known = signal.fingerprint(data.kind, params)
    if signal.scope == "dataset":  # depends on all rows: any change of them makes another measurement of it
        known = fingerprint(known, rows_digest(ws, data))
    return SignalSpec(fingerprint=known, type=signal.writes, unit=signal.unit)


def _compute(
    data: Dataset,
    plan: _Plan,
    params: Mapping[str, Any],
    workers: int | None,
    message: str | None,
    progress: Progress | None,
    run_id: str | None,
) -> None:
    if not plan.todo:
        return
    specs = {name: plan.specs[name] for name in plan.todo}
    with data.begin_measure(_KEY, specs, message=message, author=None, run=run_id) as job:
        done = job.done
        states = _States(data, plan, params, workers)
        todo = {
            fragment: [
                s for s in plan.signals if fragment in plan.todo.get(s.name, ()) and (fragment, s.name) not in done
            ]
            for fragment in plan.fragments
        }
        work = _Work(data, params, states.of([s for signals in todo.values() for s in signals]))
        fragments = [fragment for fragment in plan.fragments if todo[fragment]]
        if progress is not None:
            progress.start(f"measure {data.name}", None)
        rows = {part.id: part.rows for part in data.fragments()}
        bound = {f: [s for s in todo[f] if s.python_bound and s.scope == "row"] for f in fragments}
        if sum(rows[f] for f in fragments if bound[f]) < INLINE_ROWS:
            bound = {fragment: [] for fragment in fragments}

        def one(fragment: int) -> int:
            values = work.values(fragment, [s for s in todo[fragment] if s not in bound[fragment]])
            job.write(fragment, values)
            return fragment

        for fragment in run(one, fragments, workers=workers, mode="threads"):
            if progress is not None:
                progress.add(rows=rows[fragment])
        for fragment, values in bound_values(data, bound, params, workers):
            job.write(fragment, values)
        job.commit(stats={"signals": sorted(plan.todo)})


class _States:
    """States of dataset-scope signals: summaries of every fragment, combined. Signals that share both functions
    (how often a content occurs, and its first record) share the work."""

    def __init__(self, data: Dataset, plan: _Plan, params: Mapping[str, Any], workers: int | None) -> None:
        self.data, self.plan, self.params, self.workers = data, plan, params, workers

    def of(self, signals: Sequence[Signal]) -> dict[str, pa.Table]:
        wanted = {s.name: s for s in signals if s.scope == "dataset"}
        groups: dict[Any, list[Signal]] = {}
        for signal in wanted.values():
            assert signal.steps is not None
            own = tuple(sorted((name, str(self.params.get(name, value))) for name, value in signal.params.items()))
            groups.setdefault((signal.steps[0], signal.steps[1], own), []).append(signal)
        if not groups:
            return {}
        leaders = [members[0] for members in groups.values()]
        columns = sorted({name for signal in leaders for name in signal.columns(self.data.kind)})
        summaries: list[list[pa.Table]] = [[] for _ in leaders]

        def summarise(fragment: int) -> list[list[pa.Table]]:
            found: list[list[pa.Table]] = [[] for _ in leaders]
            for batch in self.data.scan(columns=columns, fragment=fragment):
                for out, signal in zip(found, leaders, strict=True):
                    out.append(signal.summarise(batch, self.data.kind))
            return found

        for found in run(summarise, self.plan.fragments, workers=self.workers, mode="threads"):
            for out, tables in zip(summaries, found, strict=True):
                out += tables
        states: dict[str, pa.Table] = {}
        for members, tables in zip(groups.values(), summaries, strict=True):
            state = members[0].combine(tables)
            states.update({member.name: state for member in members})
        return states


@dataclass(slots=True)
class _Work:
    data: Dataset
    params: Mapping[str, Any]
    states: Mapping[str, pa.Table]

    def values(self, fragment: int, signals: Sequence[Signal]) -> dict[str, pa.Array]:
        """Values of one fragment, batch by batch: memory stays that of a batch, and no batch size changes a value."""
        return self._joined(signals, (self._batch(batch, signals) for batch in self._scan(fragment, signals)))

    def _scan(self, fragment: int, signals: Sequence[Signal]) -> Iterator[pa.RecordBatch]:
        columns = sorted({name for signal in signals for name in signal.columns(self.data.kind)})
        return self.data.scan(columns=columns, fragment=fragment) if signals else iter(())

    def _batch(self, batch: pa.RecordBatch, signals: Sequence[Signal]) -> dict[str, pa.Array]:
        kind = self.data.kind
        values = run_together([s for s in signals if s.scope == "row"], batch, kind, self.params)
        wide = [s for s in signals if s.scope == "dataset"]
        return values | {s.name: s.apply(self.states[s.name], batch, kind, self.params) for s in wide}

    def _joined(self, signals: Sequence[Signal], parts: Iterator[Mapping[str, pa.Array]]) -> dict[str, pa.Array]:
        chunks: dict[str, list[pa.Array]] = {signal.name: [] for signal in signals}
        for values in parts:
            for name, array in values.items():
                chunks[name].append(array)
        return {s.name: pa.chunked_array(chunks[s.name], s.writes).combine_chunks() for s in signals}
