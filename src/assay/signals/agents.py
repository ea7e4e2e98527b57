"""Agent sessions: calls and their results, errors, order of steps, and how the run ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.records.schema import TEXT, columns_of
from assay.signals.base import row_signal
from assay.signals.nested import Flags, Ints, flags, flat, lasts, lengths, member, ranks, share, tally, valid, visible

_COLUMNS = columns_of("agentic")
_STEPS = {"steps": _COLUMNS["steps"]}
_AGENTIC = ("agentic",)
# How tools report failure in plain text when the record has no flag for it.
_FAILED = (
    r"(?i)^\s*(error\b|errno|exception\b|traceback \(most recent call last\)|fatal:|command not found|"
    r"(http )?(4\d\d|5\d\d) (error|bad request|unauthorized|forbidden|not found|internal server error))"
)


@dataclass(slots=True)
class _Calls:
    items: pa.StructArray
    rows: Ints  # the session that each call belongs to
    sessions: int

    @classmethod
    def of(cls, steps: pa.ListArray) -> _Calls:
        flat_steps, step_rows = flat(steps)
        items, call_steps = flat(member(flat_steps, "tool_calls"))
        return cls(items, step_rows[call_steps] if len(call_steps) else np.zeros(0, np.int64), len(steps))

    def count(self, mask: Flags | None = None) -> Ints:
        return tally(self.rows, self.sessions, mask)

    def has_result(self) -> Flags:
        output = valid(member(self.items, "tool_output_json")) | valid(member(self.items, "tool_output_text"))
        return output | self.flagged()

    def flagged(self) -> Flags:
        """Where the record itself says that the call failed."""
        error = member(self.items, "error")
        said = visible(member(error, "type")) | visible(member(error, "code")) | visible(member(error, "message"))
        return flags(member(self.items, "is_error")) | said

    def failed(self) -> Flags:
        unsaid = ~valid(member(self.items, "is_error"))
        return self.flagged() | (
            unsaid & flags(pc.match_substring_regex(member(self.items, "tool_output_text"), _FAILED))
        )


@row_signal(dimension=None, kinds=_AGENTIC, reads=_STEPS, writes=pa.int64(), unit="calls", source="records.md: steps")
def tool_call_count(steps: pa.ListArray) -> pa.Int64Array:
    """Tool calls of the session; null without a list of steps."""
    return pa.array(_Calls.of(steps).count(), mask=~valid(steps))


@row_signal(
    dimension="accuracy",
    kinds=_AGENTIC,
    reads=_STEPS,
    writes=pa.float32(),
    unit="share of calls with a result, 0 to 1",
    source="is_error and error where given, else an output that opens like an error message",
)
def tool_error_share(steps: pa.ListArray) -> pa.FloatArray:
    """Share of the calls with a result that failed; null where no call has a result."""
    calls = _Calls.of(steps)
    return share(calls.count(calls.failed()), calls.count(calls.has_result()))


@row_signal(
    dimension="completeness",
    kinds=_AGENTIC,
    reads={**_STEPS, "completeness": _COLUMNS["completeness"]},
    writes=pa.int64(),
    unit="calls",
    source="a call without its result cannot be replayed or learnt from",
)
def calls_without_result(steps: pa.ListArray, completeness: pa.StructArray) -> pa.Int64Array:
    """Calls with neither output nor error. Null without calls, and where the source says it captured no content."""
    calls = _Calls.of(steps)
    silent = flags(pc.invert(member(completeness, "content_captured")))
    return pa.array(calls.count(~calls.has_result()), mask=(calls.count() == 0) | silent)


@row_signal(
    dimension="consistency",
    kinds=_AGENTIC,
    reads={**_STEPS, "tools": _COLUMNS["tools"]},
    writes=pa.list_(TEXT),
    unit="tool names",
    source="the session's own list of tools",
)
def undeclared_tools(steps: pa.ListArray, tools: pa.ListArray) -> pa.ListArray:
    """Names of called tools that the session does not declare, sorted. Null where it declares none."""
    calls = _Calls.of(steps)
    offered, offered_rows = flat(tools)
    known = pa.table({"row": offered_rows, "name": member(offered, "name")})
    called = pa.table({"row": calls.rows, "name": member(calls.items, "tool_name")})
    called = called.filter(called["name"].is_valid())
    strange = called.join(known, ["row", "name"], join_type="left anti", use_threads=False)
    strange = strange.group_by(["row", "name"], use_threads=False).aggregate([])
    strange = strange.sort_by([("row", "ascending"), ("name", "ascending")])
    counts = tally(strange["row"].to_numpy(), len(steps))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    names = strange["name"].combine_chunks() if strange.num_rows else pa.array([], TEXT)
    return pa.ListArray.from_arrays(offsets, names, mask=pa.array(lengths(tools) == 0)).cast(pa.list_(TEXT))


@row_signal(
    dimension="validity",
    kinds=_AGENTIC,
    reads=_STEPS,
    writes=pa.int64(),
    unit="calls",
    source="arguments that open like JSON and are not",
)
def invalid_tool_inputs(steps: pa.ListArray) -> pa.Int64Array:
    """Calls whose input opens like a JSON object or array and cannot be read as one. Null without calls."""
    calls = _Calls.of(steps)
    raw = member(calls.items, "tool_input_raw")
    broken = flags(pc.match_substring_regex(raw, r"^\s*[{\[]")) & ~valid(member(calls.items, "tool_input_json"))
    return pa.array(calls.count(broken), mask=calls.count() == 0)


@row_signal(
    dimension="consistency",
    kinds=_AGENTIC,
    reads=_STEPS,
    writes=pa.bool_(),
    unit="true or false",
    source="step numbers rise one by one; no step starts before the one above it",
)
def step_order_ok(steps: pa.ListArray) -> pa.BooleanArray:
    """Whether the steps stand in order, by their numbers and by their start times.

    Null without steps, and where neither numbers nor times are given.
    """
    items, parents = flat(steps)
    number, start = member(items, "step_number"), pc.cast(member(items, "start"), pa.int64())
    position = ranks(lengths(steps))
    bad = np.zeros(len(items), np.bool_)
    for values, step in ((number, True), (start, False)):
        known = valid(values)
        plain = np.asarray(pc.fill_null(values, 0).to_numpy(zero_copy_only=False), np.int64)
        both = known & np.roll(known, 1) & (position > 0) if len(items) else known
        before = np.roll(plain, 1)
        bad |= both & ((plain != before + 1) if step else (plain < before))
    told = tally(parents, len(steps), valid(number) | valid(start)) > 0
    return pa.array(tally(parents, len(steps), bad) == 0, mask=~told)


@row_signal(
    dimension="uniqueness",
    kinds=_AGENTIC,
    reads=_STEPS,
    writes=pa.int64(),
    unit="calls",
    source="an agent that repeats the very same call is stuck",
)
def repeated_calls(steps: pa.ListArray) -> pa.Int64Array:
    """Calls with the same tool and the same input as the call right before them. Null without calls."""
    calls = _Calls.of(steps)
    name = pc.fill_null(member(calls.items, "tool_name"), "")
    given = pc.fill_null(pc.coalesce(member(calls.items, "tool_input_json"), member(calls.items, "tool_input_raw")), "")
    same = np.zeros(len(calls.items), np.bool_)
    if len(same) > 1:
        alike = pc.and_(pc.equal(name[1:], name[:-1]), pc.equal(given[1:], given[:-1]))
        same[1:] = flags(alike) & (calls.rows[1:] == calls.rows[:-1]) & flags(pc.not_equal(name[1:], ""))
    return pa.array(calls.count(same), mask=calls.count() == 0)


@row_signal(
    dimension="completeness",
    kinds=_AGENTIC,
    reads={"outcome": _COLUMNS["outcome"]},
    writes=pa.bool_(),
    unit="true or false",
    source="a run whose end is not known is neither a good nor a bad example",
)
def outcome_missing(outcome: pa.StructArray) -> pa.BooleanArray:
    """Whether the session does not say how it ended: no status, success, reward or final answer. Never null."""
    said = visible(member(outcome, "status")) | visible(member(outcome, "final_answer"))
    return pa.array(~(said | valid(member(outcome, "success")) | valid(member(outcome, "reward"))))


@row_signal(
    dimension="accuracy",
    kinds=_AGENTIC,
    reads={**_STEPS, "outcome": _COLUMNS["outcome"]},
    writes=pa.bool_(),
    unit="true or false",
    source="a run that claims success right after a failed call",
)
def success_after_failed_call(steps: pa.ListArray, outcome: pa.StructArray) -> pa.BooleanArray:
    """Whether the session claims success although its last call with a result failed.

    Null where it claims nothing, or no call has a result.
    """
    calls = _Calls.of(steps)
    last = lasts(calls.rows, calls.sessions, calls.has_result())
    failed = calls.failed()
    ended_badly = failed[last] if len(failed) else np.zeros(calls.sessions, np.bool_)
    success = member(outcome, "success")
    return pa.array(flags(success) & ended_badly & (last >= 0), mask=~valid(success) | (last < 0))
