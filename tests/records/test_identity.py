"""record_id: stable across places and runs, different for duplicates."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.records import Decoder, record_id_of, stream_key

OBJECTS = st.lists(
    st.sampled_from(
        [
            {"text": "a", "label": "x"},
            {"text": "b", "label": "x"},
            {"text": "a"},
            {"timestamp": "2020-01-01", "value": "1"},
            {"timestamp": "2020-01-01", "value": "2"},
            {"scenario_id": "s", "step": 0, "action": 1},
            {"scenario_id": "s", "action": 1},
        ]
    ),
    max_size=8,
)


def ids_of(objects: list[dict[str, Any]], path: str) -> list[str]:
    """As a reader of one source gives them: counting contents and stream times."""
    decoder, contents, times = Decoder(), Counter[str](), Counter[str | None]()
    ids = []
    for obj in objects:
        decoded = decoder.decode(obj)
        key = stream_key(decoded, path)
        ids.append(record_id_of(decoded, path, contents[decoded.content_hash], times[key]))
        contents[decoded.content_hash] += 1
        times[key] += 1
    return ids


@given(OBJECTS)
def test_reading_again_gives_the_same_ids(objects: list[dict[str, Any]]) -> None:
    assert ids_of(objects, "a/b.jsonl") == ids_of(objects, "a/b.jsonl")


@given(OBJECTS, OBJECTS)
def test_a_grown_file_keeps_its_old_ids(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    assert ids_of(old + new, "f.jsonl")[: len(old)] == ids_of(old, "f.jsonl")


@given(OBJECTS)
def test_duplicates_get_ids_of_their_own(objects: list[dict[str, Any]]) -> None:
    first = ids_of(objects, "a.jsonl")
    assert len(set(first)) == len(first)
    # A named scenario is the same in every file; all else is told apart by its file.
    second = [one for one in ids_of(objects, "b.jsonl") if not one.startswith("s//0")]
    assert not set(first) & set(second)


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param({"id": "q1", "question": "a", "answer": "b"}, "q1", id="the user's own"),
        pytest.param({"id": 7, "question": "a", "answer": "b"}, "7", id="a number is its text"),
        pytest.param({"session_id": "s9", "steps": [{"tool_name": "f"}]}, "s9", id="a session's"),
        pytest.param(
            {"scenario": "s/1", "episode": 2, "step": 3, "action": 0}, "s%2F1/2/3/4", id="a step of an episode"
        ),
        pytest.param({"scenario_id": "s", "step": 3, "action": 0}, "s//3/4", id="a step without an episode"),
        pytest.param(
            {"episode_index": 1, "frame_index": 2, "action": [0]}, "dir%2Ff.csv/1/2/4", id="a file is a scenario"
        ),
        pytest.param(
            {"device_id": "d", "ts": "2020-01-01 05:00:00", "value": 1},
            "d/2020-01-01T05:00:00Z/4",
            id="a stream's time",
        ),
        pytest.param({"ts": "2020-01-01", "value": 1}, "dir%2Ff.csv/2020-01-01T00:00:00Z/4", id="a file is a stream"),
    ],
)
def test_identity(obj: dict[str, Any], expected: str) -> None:
    assert record_id_of(Decoder().decode(obj), "dir/f.csv", 0, 4) == expected


@pytest.mark.parametrize("value", ["", None, 1.5, True, ["a"], {"$oid": "a"}])
def test_what_cannot_be_an_id_is_kept_as_an_unknown_key(value: Any) -> None:
    decoded = Decoder().decode({"id": value, "text": "a"})
    assert decoded.user_id is None
    assert decoded.extra == {"id": value}


def test_without_an_id_it_is_a_hash_of_content_place_and_occurrence() -> None:
    decoded = Decoder().decode({"text": "a"})
    ids = {record_id_of(decoded, path, i, 0) for path in ("a", "b") for i in (0, 1)}
    assert len(ids) == 4
    assert all(len(one) == 32 for one in ids)
