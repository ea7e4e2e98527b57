"""Lists and structs without a Python loop per row: flat children, and which row each child belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def lengths(column: pa.ListArray) -> Ints:
    """Items per row; 0 for a null list."""
    return np.asarray(pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False), np.int64)


def flat(column: pa.ListArray) -> tuple[pa.Array, Ints]:
    """All items in order, and for each the row it belongs to.

    Not pyarrow's list_parent_indices: it also counts items hidden under a null list, which flatten() leaves out.
    """
    return column.flatten(), np.repeat(np.arange(len(column)), lengths(column))


def member(column: pa.StructArray, name: str) -> pa.Array:
    """One member of a struct column; null where the struct is."""
    return pc.struct_field(column, name)


def flags(mask: pa.Array) -> Flags:
    """A boolean column as numpy; null is False."""
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), np.bool_)


def valid(column: pa.Array) -> Flags:
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def tally(parents: Ints, rows: int, mask: Flags | None = None) -> Ints:
    """How many (marked) items each row has."""
    chosen = parents if mask is None else parents[mask]
    return np.bincount(chosen, minlength=rows).astype(np.int64)


def ranks(counts: Ints) -> Ints:
    """0, 1, 2, ... within each row, for rows of these lengths, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)


def firsts(parents: Ints, rows: int, mask: Flags) -> Ints:
    """Index of each row's first marked item; -1 where there is none."""
    out = np.full(rows, -1, np.int64)
    chosen = np.flatnonzero(mask)[::-1]
    out[parents[chosen]] = chosen
    return out


def lasts(parents: Ints, rows: int, mask: Flags) -> Ints:
    """Index of each row's last marked item; -1 where there is none."""
    out = np.full(rows, -1, np.int64)
    chosen = np.flatnonzero(mask)
    out[parents[chosen]] = chosen
    return out


def pick(values: pa.Array, index: Ints) -> pa.Array:
    """values[index], null where the index is -1."""
    return values.take(pa.array(index, pa.int64(), mask=index < 0))


def column(values: NDArray[Any], dtype: pa.DataType, unknown: Flags | None = None) -> pa.Array:
    """A numpy vector as an Arrow column, null where unknown."""
    return pa.array(values, mask=unknown).cast(dtype) if unknown is not None else pa.array(values).cast(dtype)


def share(part: NDArray[Any], whole: NDArray[Any], unknown: Flags | None = None) -> pa.Array:
    """part / whole as float32; a share of nothing is null."""
    none = whole <= 0 if unknown is None else (whole <= 0) | unknown
    out = np.divide(part, whole, out=np.zeros(len(part)), where=~none)
    return pa.array(out.astype(np.float32), mask=none)


def visible(text: pa.Array) -> Flags:
    """Where a text has at least one character that is not white space; null text has none."""
    return flags(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(text)), 0))


def relisted(items: pa.Array, counts: Ints, null: pa.Array) -> pa.LargeListArray:
    """Flat items put back into lists of these lengths; null where `null` is true."""
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), items, mask=null)


def join_lists(lists: pa.Array, separator: str) -> pa.LargeStringArray:
    """Each list of texts as one text; a null item counts as an empty one, a null list gives null."""
    items, _ = flat(lists)
    filled = relisted(pc.fill_null(items, ""), lengths(lists), lists.is_null())
    return pc.binary_join(filled, pa.scalar(separator, pa.large_string()))


def in_order(table: pa.Table) -> pa.Table:
    """Rows sorted by every column from left to right: the same for any order that they came in."""
    return table.sort_by([(name, "ascending") for name in table.column_names]).combine_chunks()
