"""Random rows of any kind, made from its Arrow schema: nulls everywhere, short lists, texts that signals look for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from assay.records.schema import schema_of

# Words that some signal gives a meaning to, so that random rows reach more than the null branches.
TELLING = (
    "",
    " ",
    "a",
    "A",
    "b!",
    "yes",
    "user",
    "assistant",
    "system",
    "tool",
    "length",
    "C",
    "temp_c",
    "ph",
    "wrong",
    "1) one",
    "Step 2: two",
    "3 + 4 = 8",
    "3 + 4 = 7",
    "<<6/2=3>>3",
    "x = 3 * (2 - 1) = 3",
    "{",
    '{"x": 1}',
    '{"x": NaN}',
    "```\nopen",
    "I'm sorry, but I can't help with that.",
    "As an AI language model, I",
    "\u00c3\u00a9",
    "\ufffd",
    "\x00",
    "Error: no",
    "image/png",
    "image",
    "a.png",
    "<image>",
    "2026-01-02 10:00",
    "\u4f60\u597d\u3002",
    "\U0001f600",
    "\u00e9",
    "e\u0301",
    'x" "finish_reason": "length"',
    "One. Two. " + "and so it went on and on " * 6,
)
texts = st.sampled_from(TELLING) | st.text(max_size=12)
_START = datetime(2026, 1, 1, tzinfo=UTC)
_SMALL = st.integers(-1, 3)


def values(dtype: pa.DataType) -> st.SearchStrategy[Any]:
    """Python values of an Arrow type, never null at the top."""
    if pa.types.is_large_string(dtype):
        return texts
    if pa.types.is_boolean(dtype):
        return st.booleans()
    if pa.types.is_integer(dtype):
        low = -(2 ** (dtype.bit_width - 1))
        return _SMALL | _SMALL | st.integers(low, -low - 1)
    if pa.types.is_floating(dtype):
        return st.sampled_from([0.0, 1.0, -1.0, 0.5, 37.2, -300.0, float("nan"), float("inf")]) | st.floats(-1e6, 1e6)
    if pa.types.is_timestamp(dtype):
        return st.integers(0, 20).map(lambda n: _START + timedelta(seconds=n))
    if pa.types.is_large_binary(dtype):
        return st.sampled_from([b"", b"\x89PNG\r\n\x1a\n..", b"\xff\xd8\xff\xe0"]) | st.binary(max_size=6)
    if pa.types.is_list(dtype):
        return st.lists(st.none() | values(dtype.value_type), max_size=3)
    if pa.types.is_struct(dtype):
        fields = {dtype.field(i).name: st.none() | values(dtype.field(i).type) for i in range(dtype.num_fields)}
        return st.fixed_dictionaries({}, optional=fields)
    raise TypeError(f"no strategy for {dtype}")


@st.composite
def tables(draw: st.DrawFn, columns: Mapping[str, pa.DataType], max_rows: int = 7) -> pa.Table:
    """A table of these columns. record_id is unique, source.path and row are set: what ingest promises."""
    rows = draw(st.integers(0, max_rows))
    arrays = {}
    for name, dtype in columns.items():
        if name == "record_id":
            ids = draw(st.permutations([f"r{i}" for i in range(rows)]))
            arrays[name] = pa.array(ids, dtype)
        elif name == "source":
            paths = draw(st.lists(st.sampled_from(["a.jsonl", "b.jsonl"]), min_size=rows, max_size=rows))
            arrays[name] = pa.array([{"path": path, "row": i} for i, path in enumerate(paths)], dtype)
        elif name in ("stream_id", "scenario_id", "episode_id"):
            few = st.none() | st.sampled_from(["s", "t"])
            arrays[name] = pa.array(draw(st.lists(few, min_size=rows, max_size=rows)), dtype)
        else:
            drawn = draw(st.lists(st.none() | values(dtype), min_size=rows, max_size=rows))
            arrays[name] = pa.array(drawn, dtype)
    return pa.table(arrays)


def whole_rows(kind: str) -> st.SearchStrategy[pa.Table]:
    return tables({field.name: field.type for field in schema_of(kind)}, max_rows=4)
