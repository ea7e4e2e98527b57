"""The content hash: equal for equal content, whatever the order, the normal form, the format or the names."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.records import KINDS, Decoded, Decoder, RecordError
from tests.records.strategies import records


def decode(obj: dict[str, Any], kind: str = "auto") -> Decoded:
    return Decoder(kind).decode(obj)


def shuffled(value: Any, pick: st.DataObject) -> Any:
    if isinstance(value, dict):
        return {k: shuffled(v, pick) for k, v in pick.draw(st.permutations(list(value.items())))}
    return [shuffled(v, pick) for v in value] if isinstance(value, list) else value


def decomposed(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFD", value)
    if isinstance(value, dict):
        return {k: decomposed(v) for k, v in value.items()}
    return [decomposed(v) for v in value] if isinstance(value, list) else value


@settings(max_examples=40)
@given(obj=st.sampled_from(KINDS.names()).flatmap(records), pick=st.data())
def test_order_of_keys_does_not_count(obj: dict[str, Any], pick: st.DataObject) -> None:
    try:
        first = decode(obj)
    except RecordError:
        return
    second = decode(shuffled(obj, pick))
    assert (first.kind, first.content_hash) == (second.kind, second.content_hash)


@given(st.text(st.characters(codec="utf-8")), st.dictionaries(st.sampled_from(["é", "n", "ä"]), st.text("aé̈\u0338=\n")))
def test_normal_form_does_not_count(text: str, metadata: dict[str, str]) -> None:
    obj = {"text": text, "metadata": metadata}
    composed = json.loads(unicodedata.normalize("NFC", json.dumps(obj, ensure_ascii=False)))
    if decomposed(composed) == decomposed(obj):  # composing over JSON's quotes may change the text: not our case
        assert decode(composed).content_hash == decode(decomposed(obj)).content_hash == decode(obj).content_hash


@given(st.lists(st.tuples(st.text("ab,\"'é "), st.sampled_from(["x", "y", ""])), min_size=1, max_size=4))
def test_csv_and_json_of_the_same_texts_agree(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([("text", "label"), *rows])
    file.seek(0)
    from_csv = [decode(dict(row)).content_hash for row in csv.DictReader(file)]
    assert from_csv == [decode({"label": label, "text": text}).content_hash for text, label in rows]


def test_the_id_does_not_count() -> None:
    plain = decode({"text": "a", "label": "b"})
    assert plain.content_hash == decode({"id": 7, "text": "a", "label": "b"}).content_hash
    assert plain.content_hash == decode({"uid": "x", "text": "a", "label": "b"}).content_hash


def test_the_session_id_does_not_count() -> None:
    steps = [{"tool_name": "f", "tool_input": "x"}]
    assert decode({"session_id": "1", "steps": steps}).content_hash == decode({"id": "2", "steps": steps}).content_hash


def test_the_step_of_a_simulation_counts() -> None:
    rows = [{"scenario_id": "s", "step": i, "state": {}, "action": 0} for i in (0, 1)]
    assert len({decode(row).content_hash for row in rows}) == 2


def test_names_do_not_count() -> None:
    assert (
        decode({"question": "a", "answer": "b"}).content_hash
        == decode({"prompt": "a", "best_answer": "b"}).content_hash
    )
    assert decode({"text_input": "a", "label": "b"}).content_hash == decode({"text": "a", "category": "b"}).content_hash


def test_a_null_member_does_not_count_and_comes_back() -> None:
    with_null = decode({"text": "a", "label": "b", "x": None, "y": {"z": None}})
    without = decode({"text": "a", "label": "b", "y": {}})
    assert with_null.content_hash == without.content_hash
    assert with_null.extra == {"x": None, "y": {"z": None}}


def test_empty_and_absent_differ() -> None:
    hashes = {decode(obj, "classification").content_hash for obj in (
        {"text": "a", "label": "b"},
        {"text": "a", "label": "b", "text_pair": ""},
        {"text": "a", "label": ""},
        {"text": "a", "label": "b", "labels": []},
    )}  # fmt: skip
    assert len(hashes) == 4


def test_the_word_null_in_a_text_is_a_text() -> None:
    assert decode({"text": "null", "label": "b"}).content_hash != decode({"text": "nul", "label": "b"}).content_hash


def test_every_unknown_key_counts() -> None:
    assert decode({"text": "a"}).content_hash != decode({"text": "a", "x": 1}).content_hash


def test_a_key_called_like_a_field_that_another_key_fills_is_not_lost() -> None:
    first = decode({"question": "a", "prompt": "b", "answer": "c"}, "qa")
    second = decode({"question": "a", "prompt": "B", "answer": "c"}, "qa")
    assert first.content_hash != second.content_hash


def test_a_known_hash_stays() -> None:
    """Changing this changes the identity of every record without an id in every workspace there is."""
    assert decode({"text": "a", "label": "b"}).content_hash == "124cba611650640349278326e6cea514"
