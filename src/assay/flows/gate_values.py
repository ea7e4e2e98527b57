"""What gates measure. Nothing that could not be measured passes: it is an error, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.flows.gate_rows import DecidedRows, Mask, condition, load_decided, write_failing
from assay.flows.gates import AGGREGATES, DIMENSIONS, ERROR, FAIL, OPERATORS, PASS, WARN, Gate, GateOutcome, Limit
from assay.rules import evaluate, record_verdicts
from assay.store import Workspace

_SHOWN = 50  # groups kept in an outcome, the worst first
_ORDER = (FAIL, ERROR, WARN, PASS)  # the status of a gate is the first of these that one of its groups has
_ACTIONS = {"kept": "keep", "dropped": "drop", "review": "review"}
_SHARES = {"kept_share": "keep", "drop_share": "drop", "review_share": "review"}


@dataclass(slots=True)
class _Seen:
    """One group's value. `bad`: where its rows that speak against the gate are, one mask per dataset."""

    name: str
    rows: int
    value: float | int | None
    reason: str = ""
    bad: Callable[[], list[Mask]] | None = None
    always: bool = False  # looked at however few rows it has


def check_gates(
    ws: Workspace,
    gates: Sequence[Gate],
    datasets: Sequence[str],
    decided: Mapping[str, Mapping[str, Any]],
    *,
    ingested: Mapping[str, Mapping[str, int]] | None = None,
    scope: str = "",
) -> list[GateOutcome]:
    """Measure every gate over decided rows; the rows that speak against one are noted in the workspace.

    datasets: the names that the gates are about. decided: full name -> {version, key} of its decisions.
    ingested: counts of each ingest, for counts_add_up.
    scope: whose gates these are, so that two recipes do not overwrite each other's failing rows.
    """
    everything = load_decided(ws, decided)
    outcomes = []
    for gate in gates:
        rows = [part for part in everything if gate.dataset is None or _covers(gate.dataset, part.name)]
        outcomes.append(_check(ws, gate, rows, datasets, ingested or {}, scope))
    return outcomes


def _covers(dataset: str, full: str) -> bool:
    return full == dataset or full.startswith(f"{dataset}.")


def _check(
    ws: Workspace,
    gate: Gate,
    rows: list[DecidedRows],
    datasets: Sequence[str],
    ingested: Mapping[str, Mapping[str, int]],
    scope: str,
) -> GateOutcome:
    total = sum(len(part) for part in rows)
    if total == 0:
        which = f"dataset {gate.dataset}" if gate.dataset else ", ".join(datasets) or "the recipe"
        return _outcome(gate, [_Seen("", 0, None, f"{which} has no decided rows: nothing was measured")])
    if gate.metric == "counts_add_up":
        return _outcome(gate, [_counts_add_up(rows, ingested)])
    if gate.metric in ("quarantined", "quarantined_share"):
        return _outcome(gate, [_quarantined(ws, gate, datasets, total)])
    seen = _groups(gate, rows)
    big = [group for group in seen if group.rows >= gate.min_rows or group.always]
    if not big:
        return _outcome(gate, [_Seen("", total, None, f"no group has {gate.min_rows} rows")])
    outcome = _outcome(gate, big)
    if outcome.status not in (FAIL, WARN):
        return outcome
    against = [group for group in big if group.bad and group.value is not None and gate.status(group.value) != PASS]
    masks = [np.zeros(len(part), np.bool_) for part in rows]
    names = [np.full(len(part), "", object) for part in rows]
    for group in against:
        assert group.bad is not None
        for mask, name, bad in zip(masks, names, group.bad(), strict=True):
            name[bad & ~mask] = group.name
            mask |= bad
    labels = [pa.array(name, pa.large_string()) for name in names]
    return _replaced(outcome, write_failing(ws, scope, gate, rows, masks, labels))


def _replaced(outcome: GateOutcome, rows: Any) -> GateOutcome:
    fields = {name: getattr(outcome, name) for name in outcome.__struct_fields__}
    return GateOutcome(**{**fields, "rows": rows})


def _outcome(gate: Gate, groups: Sequence[_Seen]) -> GateOutcome:
    status = {g.name: ERROR if g.value is None else gate.status(g.value) for g in groups}
    overall = next(s for s in _ORDER if s in status.values())
    candidates = [g for g in groups if status[g.name] == overall]
    sign = 1 if gate.lower_is_worse() else -1

    def badness(group: _Seen) -> tuple[float, str]:
        return (float("-inf") if group.value is None else sign * group.value, group.name)

    worst = min(candidates, key=badness)
    reasons = [worst.reason] if worst.reason else []
    if overall == FAIL and (unmeasured := sum(s == ERROR for s in status.values())):
        reasons.append(f"{unmeasured} groups could not be measured")
    return GateOutcome(
        name=gate.name,
        status=overall,
        value=worst.value,
        threshold=gate.threshold,
        reason="; ".join(reasons),
        group=worst.name or None,
        groups={g.name: g.value for g in sorted(groups, key=badness)[:_SHOWN]} if worst.name else {},
    )


# Groups and what is counted in them ------------------------------------------------------------------------------


def _groups(gate: Gate, rows: list[DecidedRows]) -> list[_Seen]:
    if gate.metric == "removed_share":
        return _by_rule(
            gate, rows, ("drop", "review"), (gate.axis,) if gate.axis not in (None, "rule") else ("kind", "source")
        )
    if gate.axis == "rule":
        return _by_rule(gate, rows, ("drop",), (None,))
    codes, names = _codes(rows, gate.axis)
    if gate.metric in ("mean", "min", "max"):
        return _aggregate(gate, rows, codes, names)
    hit, unknown, why = _hits(gate, rows)
    against = _against(gate, hit)
    joined_hit, joined_unknown, joined_codes = (np.concatenate(x) for x in (hit, unknown, codes))
    n = np.bincount(joined_codes, minlength=len(names))
    hits = np.bincount(joined_codes[joined_hit], minlength=len(names))
    lost = np.bincount(joined_codes[joined_unknown], minlength=len(names))
    counted = gate.metric in ("rows", *_ACTIONS)
    # What is not known speaks against the gate: no hit where hits are wanted, a hit where they are not.
    extra = np.zeros(len(names), np.int64) if gate.lower_is_worse() else lost
    seen = []
    for i, name in enumerate(names):
        total, known = int(n[i]), int(n[i] - lost[i])
        if known == 0:
            value: float | int | None = None
        else:
            value = int(hits[i]) if counted else float(hits[i] + extra[i]) / total
        reason = (f"{int(lost[i]):,} of {total:,} unknown" + (f" ({why})" if why else "")) if lost[i] else ""
        if known == 0 and reason:
            reason = f"not measured: {reason}"
        seen.append(_Seen(name, total, value, reason, _within(against, codes, i)))
    return seen


def _within(masks: Sequence[Mask], codes: Sequence[NDArray[np.int64]], group: int) -> Callable[[], list[Mask]]:
    return lambda: [mask & (code == group) for mask, code in zip(masks, codes, strict=True)]


def _against(gate: Gate, hit: Sequence[Mask]) -> list[Mask]:
    wanted = gate.lower_is_worse() and gate.metric != "rows"
    return [~mask if wanted else mask for mask in hit]


def _codes(rows: Sequence[DecidedRows], axis: str | None) -> tuple[list[NDArray[np.int64]], list[str]]:
    """Per dataset the number of each row's group, and the groups' names in order."""
    if axis is None:
        return [np.zeros(len(part), np.int64) for part in rows], [""]
    groups = [part.axis(axis) for part in rows]
    names = sorted({name for group in groups for name in pc.unique(group).to_pylist()})
    known = pa.array(names, pa.large_string())
    return [pc.index_in(group, known).to_numpy(zero_copy_only=False).astype(np.int64) for group in groups], names


def _hits(gate: Gate, rows: Sequence[DecidedRows]) -> tuple[list[Mask], list[Mask], str]:
    """Per dataset, where the metric's event is true and where it is unknown; and why it is unknown."""
    never = [np.zeros(len(part), np.bool_) for part in rows]
    if gate.metric == "rows":
        return [~mask for mask in never], never, ""
    if gate.metric in _ACTIONS or gate.metric in _SHARES:
        action = _ACTIONS.get(gate.metric) or _SHARES[gate.metric]
        return [part.is_action(action) for part in rows], never, ""
    if gate.metric in DIMENSIONS:
        return _dimension_hits(gate.metric, rows)
    if gate.metric == "null_share":
        columns = [part.column(gate.argument or "") for part in rows]
        hits = [n if c is None else np.asarray(c.is_null()) for c, n in zip(columns, never, strict=True)]
        return hits, [~n if c is None else n for c, n in zip(columns, never, strict=True)], f"no {gate.argument}"
    return _condition_hits(gate, rows)


def _dimension_hits(dimension: str, rows: Sequence[DecidedRows]) -> tuple[list[Mask], list[Mask], str]:
    hit, lost, silent = [], [], []
    for part in rows:
        rules, failed, unknown = record_verdicts(part.ruleset, part.decisions, part.kind)[dimension]
        hit.append(~failed & ~unknown)
        lost.append(unknown)
        if not rules:
            silent.append(part.kind)
    why = f"no drop or review rule judges the {dimension} of {', '.join(sorted(set(silent)))}" if silent else ""
    return hit, lost, why


def _condition_hits(gate: Gate, rows: Sequence[DecidedRows]) -> tuple[list[Mask], list[Mask], str]:
    ruleset = condition(gate)
    needed = list(ruleset.rules[0].expression.names)
    hit, lost, missing = [], [], set()
    for part in rows:
        lacking = [name for name in needed if part.column(name) is None]
        if lacking:
            missing.update(lacking)
            hit.append(np.zeros(len(part), np.bool_))
            lost.append(np.ones(len(part), np.bool_))
            continue
        verdict = evaluate(ruleset.rules, part.columns(needed), part.kind)
        told = [
            np.asarray(pc.greater(pc.list_value_length(verdict[name]), 0).to_numpy(zero_copy_only=False), np.bool_)
            for name in ("rules", "unknown")
        ]
        hit.append(told[0])
        lost.append(told[1])
    return hit, lost, f"no {', '.join(sorted(missing))}" if missing else ""


def _aggregate(
    gate: Gate, rows: Sequence[DecidedRows], codes: Sequence[NDArray[np.int64]], names: Sequence[str]
) -> list[_Seen]:
    """mean, min or max of a numeric column; rows where it is null are left out, and said."""
    assert gate.metric in AGGREGATES
    values: list[NDArray[np.float64]] = []
    for part in rows:
        column = part.column(gate.argument or "")
        if column is None or not _is_number(column.type):
            values.append(np.full(len(part), np.nan))
        else:
            values.append(column.cast(pa.float64()).to_numpy())
    joined, where = np.concatenate(values), np.concatenate(codes)
    limit = gate.require or gate.error_if or gate.warn_if
    assert limit is not None
    against = [_beyond(limit, part, wanted=limit is gate.require) for part in values]
    seen = []
    for i, name in enumerate(names):
        mine = joined[where == i]
        known = mine[~np.isnan(mine)]
        lost = len(mine) - len(known)
        reason = f"{gate.argument} is unknown on {lost:,} of {len(mine):,}" if lost else ""
        value = _summary(gate.metric, known) if len(known) else None
        reason = f"not measured: {reason}" if value is None else reason
        seen.append(_Seen(name, len(mine), value, reason, _within(against, codes, i)))
    return seen


def _summary(metric: str, known: NDArray[np.float64]) -> float:
    if metric == "mean":
        return float(known.mean())
    return float(known.min() if metric == "min" else known.max())


def _beyond(limit: Limit, values: NDArray[np.float64], *, wanted: bool) -> Mask:
    """Where a single value is on the wrong side of the limit; unknown ones are not."""
    holds: Any = OPERATORS[limit.op](values, limit.number)
    return np.asarray(holds != wanted, np.bool_) & ~np.isnan(values)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _by_rule(
    gate: Gate, rows: Sequence[DecidedRows], actions: tuple[str, ...], axes: Sequence[str | None]
) -> list[_Seen]:
    """Per rule (and group of an axis): the share of rows that it took part in removing."""
    removed = [np.any([part.is_action(action) for action in actions], axis=0) for part in rows]
    rules = sorted({r.name for part in rows for r in part.ruleset.for_kind(part.kind) if r.action in actions})
    if not rules:
        return [_Seen("", sum(len(part) for part in rows), 0, "no rule removes anything")]
    seen = []
    for axis in axes:
        codes, names = _codes(rows, axis)
        for rule in rules:
            mine = [part.fired[rule] & gone if rule in part.fired else np.zeros(len(part), np.bool_)
                    for part, gone in zip(rows, removed, strict=True)]  # fmt: skip
            asked = [np.full(len(part), rule in part.fired) for part in rows]
            joined = np.concatenate(codes)
            total = np.bincount(joined[np.concatenate(asked)], minlength=len(names))
            hits = np.bincount(joined[np.concatenate(mine)], minlength=len(names))
            for i in np.flatnonzero(total):
                where = f" in {axis} {names[i]}" if axis else ""
                value = int(hits[i]) if gate.metric == "dropped" else float(hits[i] / total[i])
                # A file of three rows may well lose two of them; a kind is looked at whatever its size.
                always = gate.metric == "removed_share" and axis == "kind"
                seen.append(_Seen(f"{rule}{where}", int(total[i]), value, "", _within(mine, codes, int(i)), always))
    return seen


# Counts that are not of rows -------------------------------------------------------------------------------------


def _counts_add_up(rows: Sequence[DecidedRows], ingested: Mapping[str, Mapping[str, int]]) -> _Seen:
    """0 where read = added + duplicates + quarantined and rows = kept + dropped + review; else how far they are off."""
    missed, said = 0, []
    for step, counts in ingested.items():
        if "read" in counts:
            parts = [counts.get(name, 0) for name in ("added", "duplicates", "quarantined")]
            missed += abs(counts["read"] - sum(parts))
            said.append(
                f"{step}: {counts['read']:,} read; {parts[0]:,} added, {parts[1]:,} duplicates, {parts[2]:,} bad"
            )
    for part in rows:
        stored = part.ws.dataset(part.name).count(part.version)
        kept, dropped, review = (int(part.is_action(action).sum()) for action in ("keep", "drop", "review"))
        missed += abs(stored - kept - dropped - review)
        said.append(f"{part.name}: {stored:,} rows = {kept:,} kept + {dropped:,} dropped + {review:,} review")
    return _Seen("", sum(len(part) for part in rows), missed, "; ".join(said) if missed else "")


def _quarantined(ws: Workspace, gate: Gate, datasets: Sequence[str], total: int) -> _Seen:
    names = [gate.dataset] if gate.dataset else list(datasets)
    count = 0
    for name in names:
        base, _, kind = name.partition(".")
        count += len(ws.ledger.quarantine(base, kind=kind or None))
    value: float | int = count if gate.metric == "quarantined" else count / (count + total)
    reason = f"assay quarantine {names[0]} lists them" if count else ""
    return _Seen("", total, value, reason)
