"""--map ours=theirs.path[0]."""

from __future__ import annotations

from typing import Any

import pytest

from assay.core.errors import UserError
from assay.core.ids import canonical_json
from assay.records import Decoder, RecordError, Row, parse_map, restore, to_batch


def decode(pairs: list[str], obj: dict[str, Any], kind: str = "auto") -> Any:
    decoded = Decoder(kind, mapping=parse_map(pairs)).decode(obj)
    row = to_batch(decoded.kind, [Row(decoded, decoded.user_id or "r")]).to_pylist()[0]
    assert canonical_json(restore(decoded.kind, row)) == canonical_json(obj)
    return decoded


def test_a_name() -> None:
    decoded = decode(["prompt=frage", "best_answer=antwort"], {"frage": "a", "antwort": "b", "z": 1})
    assert (decoded.kind, decoded.payload, decoded.extra) == ("qa", {"prompt": "a", "best_answer": "b"}, {"z": 1})


def test_a_path_through_objects_is_taken_out_of_its_parent() -> None:
    decoded = decode(["text=data.body"], {"data": {"body": "long text", "n": 1}})
    assert decoded.payload["text"] == "long text"
    assert decoded.extra == {"data": {"n": 1}}


def test_a_path_into_an_array_leaves_it_whole() -> None:
    decoded = decode(["prompt=turns[0].q", "best_answer=turns[0].a"], {"turns": [{"q": "x", "a": "y"}, {"q": "z"}]})
    assert decoded.payload == {"prompt": "x", "best_answer": "y"}
    assert decoded.extra == {"turns": [{"q": "x", "a": "y"}, {"q": "z"}]}


def test_a_key_with_a_dot_is_that_key() -> None:
    assert decode(["text=a.b"], {"a.b": "x", "a": {"b": "y"}}).payload["text"] == "x"


def test_an_id_by_path() -> None:
    decoded = decode(["record_id=meta.key", "text=body"], {"meta": {"key": 5}, "body": "x"})
    assert decoded.user_id == "5"
    other = decode(["record_id=meta.key", "text=body"], {"meta": {"key": 6}, "body": "x"})
    assert decoded.content_hash == other.content_hash


def test_a_mapping_beats_the_names_that_are_known() -> None:
    assert decode(["best_answer=b"], {"question": "q", "answer": "a", "b": "B"}).payload["best_answer"] == "B"


def test_a_mapped_value_of_a_wrong_type_says_where() -> None:
    with pytest.raises(RecordError, match=r"Expected `str`, got `array` - at `\$\.data\.body`"):
        decode(["text=data.body"], {"data": {"body": []}}, "composite")


def test_a_record_without_the_mapped_path_misses_the_field() -> None:
    with pytest.raises(RecordError, match="missing required field `text`"):
        decode(["text=data.body"], {"data": {}}, "composite")


def test_a_mapped_envelope_field() -> None:
    assert decode(["domain=meta.field", "text=t"], {"t": "x", "meta": {"field": "law"}}).envelope == {"domain": "law"}


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        pytest.param(
            "text", r"E301: 'text' is not of the form ours=theirs - at --map text\n  fix: ", id="no equals sign"
        ),
        pytest.param("=a", "E301", id="nothing on the left"),
        pytest.param("text=", "E301", id="nothing on the right"),
        pytest.param("text=a[b]", r"E301: 'a\[b\]' is not a path", id="a path that is none"),
        pytest.param("text=[0]", "E301", id="a path that starts with a position"),
        pytest.param(
            "best_anwser=a",
            r"E302: no kind has a field called 'best_anwser'.*\n  fix: did you mean 'best_answer'",
            id="a slip",
        ),
    ],
)
def test_a_bad_mapping_says_what_where_and_how(pair: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_map([pair])


def test_a_field_mapped_twice() -> None:
    with pytest.raises(UserError, match="E301: 'text' is mapped twice"):
        parse_map(["text=a", "text=b"])


def test_fields_of_two_kinds() -> None:
    with pytest.raises(UserError, match="E303: --map names sensor_data, soft_labels"):
        Decoder(mapping=parse_map(["sensor_data=a", "soft_labels=b"]))


def test_a_field_of_another_kind() -> None:
    with pytest.raises(UserError, match=r"E303.*kind 'qa'"):
        Decoder("qa", mapping=parse_map(["sensor_data=a"]))


def test_an_unknown_kind() -> None:
    with pytest.raises(UserError, match="E101: no kind called 'chat'"):
        Decoder("chat")
