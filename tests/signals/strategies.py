"""Random rows made from an Arrow schema: nulls now and then, short lists, texts and names that signals look for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

# Texts that some signal gives a meaning to, so that random rows reach more than the null branches. Each of the long
# ones speaks to many signals at once: the fewer there are, the oftener rows agree and disagree.
_DECLINED = "I'm sorry, but I can't help with that. "
_DECLINED += "As an AI language model, I say caf\u00c3\u00a9 \ufffd\x00 <image>\n```\nopen"
_CUT = "It was said. It was done. " + "And so it went on and on " * 6 + "until the"
TELLING = (
    "", " ", "a", "A", "b!", "yes", "1) one", "2) 3 + 4 = 8 a", "<<6/2=3>>3", '{"x": 1}', '{"finish_reason": "length"}',
    "Error: no", "wrong", "\u4f60\u597d\u3002", "e\u0301", "\u00e9", _DECLINED, _DECLINED, _CUT, _CUT,
    "a word among twenty others, all of which are here only to make this text long enough to be a context of the a",
)  # fmt: skip
_TELLING = st.sampled_from(TELLING)
texts = st.one_of(_TELLING, _TELLING, _TELLING, st.text(max_size=12))
# Few words where records meet by them: roles, labels, channels, tools, names of all sorts.
_SMALL_WORDS = {
    "role": ("user", "assistant", "user", "assistant", "system", "tool"),
    "channel": ("temp_c", "ph", "x"),
    "unit": ("C", "K", "%rh"),
    "label": ("Pos", "pos", "neg"),
    "name": ("a", "b"),
    "tool_name": ("a", "b"),
    "finish_reason": ("stop", "length"),
    "mime": ("image/png", "audio/wav", "text/plain"),
    "modality": ("image", "audio"),
    "uri": ("a.png", "b.wav", "c"),
    "stream_id": ("s", "t"),
    "scenario_id": ("s", "t"),
    "episode_id": ("e",),
    "state_json": ('{"x": 1}', '{"x": 1.0}', '{"x": 2}', '{"x": NaN}'),
    "next_state_json": ('{"x": 1}', '{"x": 2}', "["),
    "content_hash": ("h", "k"),
    "tool_input_raw": ('{"x": ', "cats"),
    "event_time_raw": ("2026-01-02 10:00", "2026-01-02T10:00Z", "soon"),
}
_START = datetime(2026, 1, 1, tzinfo=UTC)


def values(dtype: pa.DataType, name: str = "") -> st.SearchStrategy[Any]:
    """Python values of an Arrow type, never null at the top; `name` is the member's, for members with few words."""
    if pa.types.is_large_string(dtype):
        return st.sampled_from(_SMALL_WORDS[name]) if name in _SMALL_WORDS else texts
    if pa.types.is_boolean(dtype):
        return st.booleans()
    if pa.types.is_integer(dtype):
        low = -(2 ** (dtype.bit_width - 1))
        small = st.integers(0, 2)
        return st.one_of(small, small, small, st.sampled_from([-1, 3, low, -low - 1]))
    if pa.types.is_floating(dtype):
        odd = st.sampled_from([-1.0, -300.0, float("nan"), float("inf")])
        return st.one_of(
            st.sampled_from([0.0, 0.25, 1.0, 37.2]), st.sampled_from([0.0, 1.0]), odd, st.floats(-1e6, 1e6)
        )
    if pa.types.is_timestamp(dtype):
        return st.integers(0, 20).map(lambda n: _START + timedelta(seconds=n)) | st.just(_START + timedelta(days=9))
    if pa.types.is_large_binary(dtype):
        return st.sampled_from([b"", b"\x89PNG\r\n\x1a\n..", b"\xff\xd8\xff\xe0"]) | st.binary(max_size=6)
    if pa.types.is_list(dtype):
        items = often(values(dtype.value_type, name))
        some = st.lists(items, min_size=1, max_size=3)
        return st.one_of(some, some, some, st.lists(items, min_size=2, max_size=2), st.just([]))
    if pa.types.is_struct(dtype):
        members = (dtype.field(i) for i in range(dtype.num_fields))
        return st.fixed_dictionaries({member.name: often(values(member.type, member.name)) for member in members})
    raise TypeError(f"no strategy for {dtype}")


def often(given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Null now and then."""
    return st.one_of(*[given] * 9, st.none())


@st.composite
def tables(draw: st.DrawFn, columns: Mapping[str, pa.DataType]) -> pa.Table:
    """A table of these columns, of up to 7 rows, or of 60 made from few. record_id is unique, source says where.

    Every column draws from a pool of at most four values, so that rows repeat, agree and contradict each other.
    """
    rows = draw(st.one_of(st.integers(0, 7), st.integers(2, 7), st.just(60)))
    arrays = {}
    for name, dtype in columns.items():
        if name == "record_id":
            step = draw(st.sampled_from([1, 7, 11]))  # no divisor of 60: another order of the same names
            ids = [f"r{i * step % 60:02}" for i in range(rows)]
            arrays[name] = pa.array(ids, dtype)
        elif name == "source":
            second = draw(st.integers(0, 7))
            arrays[name] = pa.array([{"path": "b" if i < second else "a", "row": i} for i in range(rows)], dtype)
        elif name in ("step_index", "timestamp") and draw(st.booleans()):  # as a simulator or a logger would
            late = draw(st.integers(1, 60))
            numbers = [i if i < late else i + 20 for i in range(rows)]
            arrays[name] = pa.array(
                [n if name == "step_index" else _START + timedelta(seconds=n) for n in numbers], dtype
            )
        else:
            pool = draw(st.lists(often(values(dtype, name)), min_size=1, max_size=4))
            if rows == 60:
                stride = draw(st.integers(0, 3))
                picked = [pool[(i * stride + i // 7) % len(pool)] for i in range(rows)]
            else:
                picked = draw(st.lists(st.sampled_from(pool), min_size=rows, max_size=rows))
            arrays[name] = pa.array(picked, dtype)
    return pa.table(arrays)
