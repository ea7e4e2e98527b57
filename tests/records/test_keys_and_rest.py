"""The two small languages of restoring: names used, and what the columns do not hold."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from assay.records.keys import Entry, entry_text, parse_keys
from assay.records.rest import NOTHING, CannotSubtract, merge, same, subtract
from tests.records.strategies import json_value, key

paths = st.lists(key, max_size=3).map(tuple)
shapes = st.sampled_from(["", "n", "lp", "f0-1", "1pm"])


@given(
    st.lists(st.tuples(st.sampled_from(["text", "outcome.reward", "record_id"]), paths, shapes), min_size=1, max_size=4)
)
def test_entries_come_back(entries: list[tuple[str, tuple[str, ...], str]]) -> None:
    text = ";".join(entry_text(*entry) for entry in entries)
    assert parse_keys(text) == tuple(Entry(*entry) for entry in entries)


def test_an_entry_reads_plainly() -> None:
    assert entry_text("prompt", ("question",)) == "prompt=question"
    assert entry_text("text", ("text",)) == "text"
    assert entry_text("text", ("data", "body")) == "text=$.data.body"
    assert entry_text("sensor_data", (), "s") == "sensor_data=$:s"


@given(json_value, json_value)
def test_merging_the_rest_gives_the_value(value: Any, built: Any) -> None:
    try:
        rest = subtract(value, built)
    except CannotSubtract:
        return
    assert same(merge(built, rest) if rest is not NOTHING else built, value)


@given(st.dictionaries(key, json_value, max_size=4), st.data())
def test_a_part_of_an_object_can_always_be_subtracted(value: dict[str, Any], data: st.DataObject) -> None:
    kept = data.draw(st.sets(st.sampled_from(sorted(value)))) if value else set()
    built = {name: value[name] for name in kept}
    rest = subtract(value, built)
    assume(rest is not NOTHING)
    assert set(rest) == set(value) - kept
