"""Which fields a record fills, against what training on its kind needs and against the rest of its dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.records import find_problems
from assay.records.schema import PAYLOADS, TEXT, columns_of
from assay.signals.base import dataset_signal, row_signal
from assay.signals.nested import Flags, lengths, valid, visible

# What a trainer needs of each kind, beyond what makes a record readable at all: every line must be met by at
# least one of its columns. `outcome.success` and the like are left to the kind's own signals.
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "classification": (("text",), ("label", "labels", "soft_labels", "annotations")),
    "qa": (("prompt", "messages"), ("best_answer", "answers", "messages")),
    "reasoning": (("question",), ("final_answer",), ("steps",)),
    "composite": (("text", "media"),),
    "agentic": (("steps",),),  # a session without an outcome is usual: `outcome_missing` says so
    "multimodal": (("media",), ("text", "label", "annotations_json")),
    "simulation": (("state_json", "state_tensor"), ("action_json",)),  # demonstrations have no result
    "domain_log": (("timestamp",), ("sensor_data", "event_summary", "raw_line")),
    "preference": (("prompt",), ("candidates",), ("votes", "resolution")),
}


def _filled(values: pa.Array) -> Flags:
    """Where a field says something: not null, not white space, not an empty list, not a struct of nulls."""
    if pa.types.is_large_string(values.type):
        return visible(values)
    if pa.types.is_list(values.type):
        return lengths(values) > 0
    if pa.types.is_struct(values.type):
        some = np.zeros(len(values), np.bool_)
        for index in range(values.type.num_fields):
            some |= valid(pc.struct_field(values, [index]))
        return some
    return valid(values)


def _needed_columns(kind: str) -> dict[str, pa.DataType]:
    types = columns_of(kind)
    return {name: types[name] for group in NEEDED[kind] for name in group}


@row_signal(
    dimension="completeness",
    reads=_needed_columns,
    writes=pa.list_(TEXT),
    unit="field names",
    source="signals/fields.py: what a trainer needs of each kind",
)
def missing_fields(*, kind: str, **columns: pa.Array) -> pa.ListArray:
    """Needed fields that the record does not fill; alternatives are written `label|labels`. Never null."""
    rows = len(next(iter(columns.values())))
    names, gaps = [], []
    for group in NEEDED[kind]:
        met = np.zeros(rows, np.bool_)
        for name in group:
            met |= _filled(columns[name])
        names.append("|".join(group))
        gaps.append(~met)
    grid = np.column_stack(gaps)
    offsets = np.concatenate([[0], np.cumsum(grid.sum(axis=1))]).astype(np.int32)
    items = pa.array(names, TEXT).take(pa.array(np.nonzero(grid)[1]))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items).cast(pa.list_(TEXT))


def _said(kind: str) -> dict[str, pa.DataType]:
    """What find_problems looks at: the payload, and how the time was written."""
    types = columns_of(kind)
    return {**PAYLOADS[kind], **{name: types[name] for name in ("event_time", "event_time_raw")}}


@row_signal(
    dimension="validity",
    reads=_said,
    writes=pa.list_(TEXT),
    unit="rule names",
    source="records/<kind>.py: each kind's own rules",
    python_bound=True,
)
def validity_problems(*, kind: str, **columns: pa.Array) -> pa.ListArray:
    """The rules of its kind that the record breaks, sorted, each once. Never null: a null field breaks no rule."""
    names = list(columns)
    rows = zip(*(_whole_items(column) for column in columns.values()), strict=True)
    found = [sorted({p.rule for p in find_problems(kind, dict(zip(names, row, strict=True)))}) for row in rows]
    return pa.array(found, pa.list_(TEXT))


def _whole_items(values: pa.Array) -> list[Any]:
    """Python values; null items of lists are left out, as the kinds' rules speak of items that are there.

    Readers refuse such items (`Expected object, got null`), so this costs a look at the null counts and no more.
    """
    rows = values.to_pylist()
    return [_pruned(row) for row in rows] if _has_null_items(values) else rows


def _has_null_items(values: pa.Array) -> bool:
    if pa.types.is_list(values.type):
        items = values.flatten()
        return items.null_count > 0 or _has_null_items(items)
    if pa.types.is_struct(values.type):
        return any(_has_null_items(pc.struct_field(values, [i])) for i in range(values.type.num_fields))
    return False


def _pruned(value: Any) -> Any:
    if isinstance(value, list):
        return [_pruned(item) for item in value if item is not None]
    return {name: _pruned(item) for name, item in value.items()} if isinstance(value, dict) else value


def _payload(kind: str) -> dict[str, pa.DataType]:
    return dict(PAYLOADS[kind])


def _shapes(kind: str, columns: dict[str, pa.Array]) -> pa.Array:
    """One integer per record: bit i is set where payload column i is filled."""
    out = np.zeros(len(next(iter(columns.values()))), np.int64)
    for bit, name in enumerate(PAYLOADS[kind]):
        out |= _filled(columns[name]).astype(np.int64) << bit
    return pa.array(out)


def _shape_counts(*, kind: str, **columns: pa.Array) -> pa.Table:
    counted = pc.value_counts(_shapes(kind, columns))
    return pa.table({"shape": pc.struct_field(counted, "values"), "count": pc.struct_field(counted, "counts")})


def _shape_totals(parts: pa.Table) -> pa.Table:
    totals = parts.group_by("shape", use_threads=False).aggregate([("count", "sum")])
    return totals.sort_by("shape")


@dataset_signal(
    dimension="consistency",
    reads=_payload,
    writes=pa.float32(),
    unit="share of the dataset's records, 0 to 1",
    source="a few records of another shape in one dataset are usually a reader's or a writer's mistake",
    summarise=_shape_counts,
    combine=_shape_totals,
)
def field_set_share(state: pa.Table, *, kind: str, **columns: pa.Array) -> pa.FloatArray:
    """Share of the dataset's records that fill the same payload fields as this one. Never null."""
    counts = one_array(state["count_sum"])
    total = pc.sum(counts).as_py() or 1
    mine = counts.take(pc.index_in(_shapes(kind, columns), one_array(state["shape"])))
    return pc.divide(pc.cast(mine, pa.float64()), float(total)).cast(pa.float32())
