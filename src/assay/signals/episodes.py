"""Simulated episodes, one row per step: numbering, continuity of state, ends, and numbers that are none."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.core.ids import canonical_json, xxh3_hex
from assay.records.schema import SOURCE, TEXT, columns_of
from assay.signals.base import dataset_signal, row_signal
from assay.signals.nested import Flags, flags, flat, in_order, member, tally, valid

_COLUMNS = columns_of("simulation")
_STEP = {name: _COLUMNS[name] for name in ("scenario_id", "episode_id", "step_index")}
_PLACED = {**_STEP, "record_id": TEXT, "source": SOURCE}
_STATES = {**_STEP, "record_id": TEXT, "state_json": TEXT, "result": _COLUMNS["result"]}
_ENDS = {**_STEP, "record_id": TEXT, "result": _COLUMNS["result"], "is_last": pa.bool_()}
_SIMULATION = ("simulation",)
DIGITS = 9  # significant digits that two states must share: float32 states printed twice differ beyond


def _episode(scenario_id: pa.Array, episode_id: pa.Array) -> pa.Array:
    """scenario and episode as one key; null where neither is named."""
    named = pc.or_(scenario_id.is_valid(), episode_id.is_valid())
    parts = (pc.fill_null(scenario_id, ""), pc.fill_null(episode_id, ""))
    key = pc.binary_join_element_wise(*parts, pa.scalar("\u241e", TEXT))
    return pc.if_else(named, key, pa.scalar(None, TEXT))


def _breaks(keys: pa.Array) -> Flags:
    """Where a sorted key differs from the one before."""
    fresh = np.ones(len(keys), np.bool_)
    if len(keys) > 1:
        fresh[1:] = flags(pc.not_equal(keys[1:], keys[:-1]))
    return fresh


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def _state_hash(text: str | None) -> str | None:
    """Hash of a JSON state after rounding, so that key order and spelling of numbers do not matter."""
    if text is None:
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return xxh3_hex(text.encode())
    # 4 and 4.0 are the same state.
    return xxh3_hex(canonical_json(_rounded(_as_floats(value))))


def _as_floats(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value) if abs(value) < 2**53 else value
    if isinstance(value, dict):
        return {key: _as_floats(item) for key, item in value.items()}
    return [_as_floats(item) for item in value] if isinstance(value, list) else value


def _state_rows(
    *,
    scenario_id: pa.Array,
    episode_id: pa.Array,
    step_index: pa.Array,
    record_id: pa.Array,
    state_json: pa.Array,
    result: pa.Array,
) -> pa.Table:
    following = member(result, "next_state_json")
    return pa.table(
        {
            "episode": _episode(scenario_id, episode_id),
            "step": step_index,
            "record_id": record_id,
            "state": pa.array([_state_hash(text) for text in state_json.to_pylist()], TEXT),
            "next": pa.array([_state_hash(text) for text in following.to_pylist()], TEXT),
        }
    )


def _continuity(parts: pa.Table) -> pa.Table:
    """record_id and verdict of every step that has a successor to compare with, sorted by record_id."""
    rows = parts.filter(pc.and_(parts["episode"].is_valid(), parts["step"].is_valid()))
    rows = rows.sort_by([("episode", "ascending"), ("step", "ascending"), ("record_id", "ascending")])
    rows = rows.combine_chunks()
    if rows.num_rows < 2:
        return pa.table({"record_id": pa.array([], TEXT), "ok": pa.array([], pa.bool_())})
    episode, step = one_array(rows["episode"]), one_array(rows["step"])
    same = ~_breaks(episode)[1:]
    number = step.to_numpy()
    adjacent = same & (number[1:] == number[:-1] + 1)
    left, right = one_array(rows["next"])[:-1], one_array(rows["state"])[1:]
    judged = adjacent & valid(left) & valid(right)
    ok = flags(pc.equal(left, right))
    return in_order(
        pa.table(
            {
                "record_id": one_array(rows["record_id"])[:-1].filter(pa.array(judged)),
                "ok": pa.array(ok[judged]),
            }
        )
    )


def _looked_up(state: pa.Table, record_id: pa.Array, column: str) -> pa.Array:
    return one_array(state[column]).take(pc.index_in(record_id, one_array(state["record_id"])))


@dataset_signal(
    dimension="accuracy",
    kinds=_SIMULATION,
    reads=_STATES,
    writes=pa.bool_(),
    unit="true or false",
    source="what a step says comes next is what the next step says it sees",
    summarise=_state_rows,
    combine=_continuity,
    python_bound=True,
)
def state_continuity(state: pa.Table, *, record_id: pa.Array, **columns: pa.Array) -> pa.BooleanArray:
    """Whether result.next_state of this step equals the state of the next step of its episode, to 9 digits.

    Null for the last step, where the next number is missing, and where either state is not given as JSON.
    """
    return _looked_up(state, record_id, "ok")


def _numbered(
    *, scenario_id: pa.Array, episode_id: pa.Array, step_index: pa.Array, record_id: pa.Array, source: pa.Array
) -> pa.Table:
    return pa.table({"episode": _episode(scenario_id, episode_id), "step": step_index, "record_id": record_id})


def _missing_before(parts: pa.Table) -> pa.Table:
    rows = parts.filter(pc.and_(parts["episode"].is_valid(), parts["step"].is_valid()))
    rows = rows.sort_by([("episode", "ascending"), ("step", "ascending"), ("record_id", "ascending")])
    rows = rows.combine_chunks()
    fresh, number = _breaks(one_array(rows["episode"])), one_array(rows["step"]).to_numpy()
    before = np.where(fresh, -1, np.roll(number, 1)) if len(number) else number
    # A first step numbered 1 counts from one: nothing is missing. Repeated numbers have nothing missing between.
    missing = np.maximum(number - before - 1, 0)
    missing = np.where(fresh & (number == 1), 0, missing)
    repeats = ~fresh & (number == before) if len(number) else np.zeros(0, np.bool_)
    group = np.cumsum(~repeats) - 1
    same = np.bincount(group)[group] - 1 if len(group) else group
    return in_order(pa.table({"record_id": rows["record_id"], "missing": missing, "same": same}))


@dataset_signal(
    dimension="consistency",
    kinds=_SIMULATION,
    reads=_PLACED,
    writes=pa.int64(),
    unit="steps",
    source="records.md: scenario/episode/step_index",
    summarise=_numbered,
    combine=_missing_before,
)
def missing_steps_before(state: pa.Table, *, record_id: pa.Array, **columns: pa.Array) -> pa.Int64Array:
    """Step numbers missing right before this step of its episode; an episode may start at 0 or 1.

    Null without a step number, or without a scenario and episode.
    """
    return _looked_up(state, record_id, "missing")


@dataset_signal(
    dimension="uniqueness",
    kinds=_SIMULATION,
    reads=_PLACED,
    writes=pa.int64(),
    unit="other records",
    source="records.md: scenario/episode/step_index names one step",
    summarise=_numbered,
    combine=_missing_before,
)
def repeated_steps(state: pa.Table, *, record_id: pa.Array, **columns: pa.Array) -> pa.Int64Array:
    """How many other records have the same scenario, episode and step number. Null where these are not given."""
    return _looked_up(state, record_id, "same")


def _end_rows(
    *,
    scenario_id: pa.Array,
    episode_id: pa.Array,
    step_index: pa.Array,
    record_id: pa.Array,
    result: pa.Array,
    is_last: pa.Array,
) -> pa.Table:
    ended = pc.or_kleene(is_last, pc.or_kleene(member(result, "terminated"), member(result, "truncated")))
    told = is_last.is_valid()
    for name in ("terminated", "truncated"):
        told = pc.or_(told, member(result, name).is_valid())
    episode = _episode(scenario_id, episode_id)
    return pa.table(
        {
            "episode": episode,
            "step": step_index,
            "record_id": record_id,
            "ended": pc.fill_null(ended, False),
            "told": told,
        }
    )


def _endless(parts: pa.Table) -> pa.Table:
    """The last step of every episode that says of any step whether it ended: record_id, and whether the end is said."""
    rows = parts.filter(pc.and_(parts["episode"].is_valid(), parts["step"].is_valid()))
    rows = rows.sort_by([("episode", "ascending"), ("step", "ascending"), ("record_id", "ascending")])
    rows = rows.combine_chunks()
    fresh = _breaks(one_array(rows["episode"]))
    starts = np.flatnonzero(fresh[: rows.num_rows])
    if not len(starts):
        return pa.table({"record_id": pa.array([], TEXT), "missing": pa.array([], pa.bool_())})
    ends = np.append(starts[1:], rows.num_rows) - 1
    told = np.logical_or.reduceat(flags(one_array(rows["told"])), starts)
    ended = np.logical_or.reduceat(flags(one_array(rows["ended"])), starts)
    last = one_array(rows["record_id"]).take(pa.array(ends[told]))
    return in_order(pa.table({"record_id": last, "missing": pa.array(~ended[told])}))


@dataset_signal(
    dimension="completeness",
    kinds=_SIMULATION,
    reads=_ENDS,
    writes=pa.bool_(),
    unit="true or false",
    source="an episode without an end was cut off while running",
    summarise=_end_rows,
    combine=_endless,
)
def episode_end_missing(state: pa.Table, *, record_id: pa.Array, **columns: pa.Array) -> pa.BooleanArray:
    """On the last step of an episode: whether no step of it says that it ended. Null on every other step.

    Null as well where the episode never speaks of ends (no is_last, terminated or truncated at all).
    """
    return _looked_up(state, record_id, "missing")


@row_signal(
    dimension="validity",
    kinds=_SIMULATION,
    reads={"state_tensor": _COLUMNS["state_tensor"], "result": _COLUMNS["result"], "state_json": TEXT},
    writes=pa.int64(),
    unit="numbers",
    source="a diverged solver writes NaN and infinity",
)
def nonfinite_numbers(state_tensor: pa.ListArray, result: pa.StructArray, state_json: pa.Array) -> pa.Int64Array:
    """NaN, infinite and null numbers in the state tensor, the reward, and JSON states (`NaN`, `Infinity`).

    Null where the step holds none of these.
    """
    items, parents = flat(state_tensor)
    rows = len(state_tensor)
    bad = tally(parents, rows, ~flags(pc.is_finite(items)))
    reward = member(result, "reward")
    bad += flags(pc.invert(pc.is_finite(reward)))
    following = member(result, "next_state_json")
    for text in (state_json, following):
        pattern = r'(?i)[\[:,]\s*"?-?(nan|inf(inity)?)"?\s*[,\]}]'
        bad += np.asarray(pc.fill_null(pc.count_substring_regex(text, pattern), 0).to_numpy(zero_copy_only=False))
    some = valid(state_tensor) | valid(reward) | valid(state_json) | valid(following)
    return pa.array(bad, mask=~some)
