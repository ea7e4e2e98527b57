"""Personal data in a text column: the scan of kernels/pii.py behind names, for signals and for redaction."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.core.errors import UserError
from assay.kernels.pii import END, ROW, START, TYPE, TYPES, VALIDATED, code_points, pii_scan
from assay.records.schema import TEXT

# Street addresses are seldom found and often wrong (docs/decisions/pii.md); links are seldom personal.
FOUND = tuple(name for name in TYPES if name != "street_address")
REDACTED = tuple(name for name in FOUND if name != "url")
SPANS = pa.list_(
    pa.struct(
        [
            pa.field("start", pa.int64()),
            pa.field("end", pa.int64()),
            pa.field("type", TEXT),
            pa.field("validated", pa.bool_()),
        ]
    )
)
COUNTS = pa.struct([pa.field(name, pa.int64()) for name in TYPES])


def type_bits(types: Sequence[str]) -> int:
    """The types as bits; E104 for a name that is none, or for no type at all."""
    bits = 0
    for name in [types] if isinstance(types, str) else types:
        if name not in TYPES:
            near = get_close_matches(str(name), TYPES, 1)
            fix = f"did you mean {near[0]!r}?" if near else f"use some of: {', '.join(TYPES)}"
            raise UserError("E104", f"types: there is no personal data of type {name!r}", fix=fix)
        bits |= 1 << TYPES.index(name)
    if not bits:
        raise UserError("E104", "types: no type of personal data is named", fix=f"use some of: {', '.join(TYPES)}")
    return bits


def find_pii(
    text: pa.LargeStringArray, types: Sequence[str], public_ips: bool, keep_examples: bool
) -> NDArray[np.int64]:
    """int64[k, 5] by row and first byte: row, first byte and byte after of the row's UTF-8, type, validated.

    Types by their place in TYPES. Spans of one row do not overlap, except that a URL may hold others.
    """
    found = pii_scan(*utf8_views(text), type_bits(types), public_ips, keep_examples)
    return found[np.lexsort((-found[:, END], found[:, START], found[:, ROW]))]


def _offsets(text: pa.LargeStringArray, found: NDArray[np.int64]) -> pa.Array:
    """List offsets per row, null where the text is."""
    ends = np.searchsorted(found[:, ROW], np.arange(len(text) + 1)).astype(np.int32)
    missing = np.append(text.is_null().to_numpy(zero_copy_only=False), False)
    return pa.array(ends, pa.int32(), mask=missing)


def spans_column(text: pa.LargeStringArray, found: NDArray[np.int64]) -> pa.ListArray:
    """What find_pii found as a list of SPANS per row, in code points, as Python slices; null where the text is."""
    points = code_points(*utf8_views(text), found)
    names = pa.array(TYPES, TEXT).take(pa.array(found[:, TYPE]))
    items = pa.StructArray.from_arrays(
        [pa.array(points[:, 0]), pa.array(points[:, 1]), names, pa.array(found[:, VALIDATED] != 0)],
        fields=list(SPANS.value_type),
    )
    return pa.ListArray.from_arrays(_offsets(text, found), items, type=SPANS)


def counts_column(text: pa.LargeStringArray, found: NDArray[np.int64], types: Sequence[str]) -> pa.StructArray:
    """How many of each type per row; a type that was not looked for is null, and so is the whole where the text is."""
    table = np.zeros((len(text), len(TYPES)), np.int64)
    np.add.at(table, (found[:, ROW], found[:, TYPE]), 1)
    bits, none = type_bits(types), np.ones(len(text), np.bool_)
    columns = [pa.array(table[:, k], mask=None if bits >> k & 1 else none) for k in range(len(TYPES))]
    return pa.StructArray.from_arrays(columns, fields=list(COUNTS), mask=text.is_null())
