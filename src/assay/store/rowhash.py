"""128-bit hashes of Arrow values: equal values give equal hashes, however they are batched, sliced or chunked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import utf8_views

Hashes = NDArray[np.uint64]  # [n, 2]
_BYTES = 16


def xxh64_spans(data: NDArray[np.uint8], starts: NDArray[np.int64]) -> Hashes:
    """The kernel, imported when first used: Numba takes a second, and opening a workspace must not."""
    from assay.kernels import xxh64

    return xxh64.xxh64_spans(data, starts)


def hash_values(array: pa.Array, without: Sequence[str] = ()) -> Hashes:
    """One hash per value; a null is zeros, whatever its type.

    Text and binary: XXH64 of the bytes, under seeds 0 and 1. Numbers, times, booleans: of their little-endian
    bytes. A list: of its members' hashes, in order. A struct: of its members' hashes, in order of their names,
    less those named `without`.
    """
    n = len(array)
    if n == 0 or array.null_count == n:
        return np.zeros((n, 2), np.uint64)
    kind = array.type
    if pa.types.is_struct(kind):
        names = sorted(field.name for field in kind if field.name not in without)
        found = join([hash_values(array.field(name)) for name in names], n)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        offsets = array.offsets.to_numpy().astype(np.int64)
        members = hash_values(array.values.slice(offsets[0], offsets[-1] - offsets[0]))
        found = xxh64_spans(_bytes(members), (offsets - offsets[0]) * _BYTES)
    elif pa.types.is_fixed_size_list(kind):
        return hash_values(array.cast(pa.list_(kind.value_type)), without)
    elif pa.types.is_dictionary(kind):
        return hash_values(array.dictionary_decode(), without)
    elif pa.types.is_boolean(kind):
        return hash_values(array.cast(pa.uint8()), without)
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        return hash_values(array.cast(pa.large_string() if pa.types.is_string(kind) else pa.large_binary()), without)
    elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        starts, data = utf8_views(array)
        found = xxh64_spans(data, starts)
    else:
        width = kind.bit_width // 8
        data = np.frombuffer(array.buffers()[1], np.uint8)[array.offset * width : (array.offset + n) * width]
        found = xxh64_spans(data, np.arange(n + 1, dtype=np.int64) * width)
    if array.null_count:
        found[array.is_null().to_numpy(zero_copy_only=False)] = 0  # what lies under a null is anything
    return found


def join(parts: Sequence[Hashes], n: int) -> Hashes:
    """One hash per row of the row's parts, in order."""
    if not parts:
        return np.zeros((n, 2), np.uint64)
    whole = np.empty((n, len(parts), 2), np.uint64)
    for k, part in enumerate(parts):
        whole[:, k] = part
    found: Hashes = xxh64_spans(_bytes(whole), np.arange(n + 1, dtype=np.int64) * (_BYTES * len(parts)))
    return found


def hash_rows(
    batch: pa.RecordBatch,
    fields: Sequence[str],
    signals: Mapping[str, str] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
) -> Hashes:
    """One hash per row over `fields` (any order) and over the signals it has been measured for.

    Args
        signals: signal name -> stored struct column. A null struct, "not measured", adds nothing: a column
            nobody has filled is as if it were not there.
        without: members of struct columns that do not count.
    """
    n = batch.num_rows
    skip = without or {}
    parts = [hash_values(_column(batch, name), skip.get(name, ())) for name in sorted(fields)]
    measured = np.zeros((n, 2), np.uint64)
    for name in sorted(signals or {}):
        column = _column(batch, (signals or {})[name])
        there = column.is_valid().to_numpy(zero_copy_only=False)
        if not there.any():
            continue
        label = np.broadcast_to(hash_values(pa.array([name], pa.large_string())), (n, 2))
        chained = join([measured, label, hash_values(column.field("v"))], n)
        measured = np.where(there[:, None], chained, measured)
    return join([*parts, measured], n)


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    return batch.column(batch.schema.get_field_index(name))


def _bytes(hashes: Hashes) -> NDArray[np.uint8]:
    return np.ascontiguousarray(hashes, "<u8").view(np.uint8).reshape(-1)


def same(a: pa.Array, b: pa.Array) -> NDArray[np.bool_]:
    """Where two columns of one type hold equal values; null equals null."""
    if pa.types.is_nested(a.type):
        equal: NDArray[np.bool_] = (hash_values(a) == hash_values(b)).all(axis=1)
        return equal
    either = pc.fill_null(pc.equal(a, b), False)
    both_null = pc.and_(a.is_null(), b.is_null())
    found: NDArray[np.bool_] = pc.or_(either, both_null).to_numpy(zero_copy_only=False)
    return found
