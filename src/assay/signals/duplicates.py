"""The same content more than once: by content hash, and by text after folding case, spaces and punctuation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.records.schema import SOURCE, TEXT
from assay.signals.base import dataset_signal
from assay.signals.nested import member
from assay.text.normal import folded_hash

# Who is first is decided by where a record stands in its source, never by the order of reading.
_PLACE = {"record_id": TEXT, "source": SOURCE}
_BY_CONTENT = {"content_hash": TEXT, **_PLACE}
_BY_TEXT = {"text": TEXT, **_PLACE}


def _places(key: pa.Array, record_id: pa.Array, source: pa.Array) -> pa.Table:
    return pa.table({"key": key, "path": member(source, "path"), "row": member(source, "row"), "record_id": record_id})


def _by_content(*, content_hash: pa.Array, record_id: pa.Array, source: pa.Array) -> pa.Table:
    return _places(content_hash, record_id, source)


def _by_text(*, text: pa.Array, record_id: pa.Array, source: pa.Array) -> pa.Table:
    return _places(folded_hash(text), record_id, source)


def _groups(rows: pa.Table) -> pa.Table:
    """Keys held by more than one record: (key, count, record_id of the first by (path, row, record_id))."""
    held = rows.filter(pc.is_valid(rows["key"]))
    counts = pc.value_counts(one_array(held["key"]))
    many = counts.filter(pc.greater(member(counts, "counts"), 1))
    held = held.filter(pc.is_in(held["key"], member(many, "values")))
    held = held.sort_by([(name, "ascending") for name in ("key", "path", "row", "record_id")])
    keys = one_array(held["key"])
    fresh = np.ones(len(keys), np.bool_)
    if len(keys) > 1:
        fresh[1:] = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1)).to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(fresh)
    firsts = held.take(pa.array(starts))
    return pa.table(
        {
            "key": firsts["key"],
            "count": pa.array(np.diff(np.append(starts, len(keys)))),
            "record_id": firsts["record_id"],
        }
    )


def _others(state: pa.Table, key: pa.Array) -> pa.Array:
    found = pc.index_in(key, one_array(state["key"]))
    counts = one_array(state["count"]).take(found)
    others = pc.subtract(pc.fill_null(counts, 1), 1)
    return pc.if_else(key.is_valid(), others, pa.scalar(None, pa.int64()))


def _first(state: pa.Table, key: pa.Array, record_id: pa.Array) -> pa.Array:
    keeper = one_array(state["record_id"]).take(pc.index_in(key, one_array(state["key"])))
    return pc.if_else(pc.fill_null(pc.not_equal(keeper, record_id), False), keeper, pa.scalar(None, TEXT))


_COMMON: dict[str, Any] = {"dimension": "uniqueness", "combine": _groups}


@dataset_signal(
    reads=_BY_CONTENT,
    writes=pa.int64(),
    unit="other records",
    source="equal content_hash (records.md)",
    summarise=_by_content,
    **_COMMON,
)
def content_duplicates(
    state: pa.Table, *, content_hash: pa.Array, record_id: pa.Array, source: pa.Array
) -> pa.Int64Array:
    """How many other records of the dataset hold exactly the same content; null without a content hash."""
    return _others(state, content_hash)


@dataset_signal(
    reads=_BY_CONTENT,
    writes=TEXT,
    unit="record_id",
    source="equal content_hash; the first by (source path, row, record_id) is the one kept",
    summarise=_by_content,
    **_COMMON,
)
def duplicate_of(state: pa.Table, *, content_hash: pa.Array, record_id: pa.Array, source: pa.Array) -> pa.Array:
    """The record that this one repeats exactly; null for the first of its content and for records without a twin."""
    return _first(state, content_hash, record_id)


@dataset_signal(
    reads=_BY_TEXT,
    writes=pa.int64(),
    unit="other records",
    source="equal text after NFKC, lower case, and runs of anything but letters and digits made one space",
    summarise=_by_text,
    **_COMMON,
)
def text_duplicates(state: pa.Table, *, text: pa.Array, record_id: pa.Array, source: pa.Array) -> pa.Int64Array:
    """How many other records have the same text view but for case, spaces and punctuation.

    Null where the text has no letter or digit.
    """
    return _others(state, folded_hash(text))


@dataset_signal(
    reads=_BY_TEXT,
    writes=TEXT,
    unit="record_id",
    source="as text_duplicates; the first by (source path, row, record_id) is the one kept",
    summarise=_by_text,
    **_COMMON,
)
def text_duplicate_of(state: pa.Table, *, text: pa.Array, record_id: pa.Array, source: pa.Array) -> pa.Array:
    """The first record whose text view is the same but for case, spaces and punctuation; null for that first one."""
    return _first(state, folded_hash(text), record_id)
