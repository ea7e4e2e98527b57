"""Which kind a record is of, why, and what is said where that cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from assay.records import KINDS, Decoder, RecordError
from assay.records.schema import KIND_NAMES

CHAT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("obj", "kind"),
    [
        pytest.param({"text": "a", "category": "b"}, "classification", id="banking77"),
        pytest.param({"v1": "ham", "v2": "Ok lar...", "": ""}, "classification", id="sms spam"),
        pytest.param({"premise": "a", "hypothesis": "b", "label": 0}, "classification", id="a pair of texts"),
        pytest.param({"text": "a", "labels": ["x", "y"]}, "classification", id="several labels"),
        pytest.param({"text": "a", "label": None}, "classification", id="a label that is null"),
        pytest.param({"text": "a clause", "answer": "Yes"}, "classification", id="a short answer beside a text"),
        pytest.param({"question": "a", "answer": ["b", "c"]}, "qa", id="natural questions"),
        pytest.param({"instruction": "a", "input": "b", "output": "c"}, "qa", id="alpaca"),
        pytest.param({"conversations": [{"from": "human", "value": "a"}]}, "qa", id="sharegpt"),
        pytest.param({"messages": CHAT}, "qa", id="a chat"),
        pytest.param({"QUESTION": "a", "LONG_ANSWER": "b", "CONTEXTS": ["c"]}, "qa", id="capital names"),
        pytest.param({"input": "a", "target": "b"}, "qa", id="big bench hard"),
        pytest.param({"prompt": "a", "completion": "b", "label": True}, "qa", id="a judged completion"),
        pytest.param({"question": "a", "answer": "b\n#### 3"}, "reasoning", id="gsm8k"),
        pytest.param({"problem": "a", "solution": "b", "answer": "3"}, "reasoning", id="math"),
        pytest.param({"question": "a", "rationale": "b", "answer": "3"}, "reasoning", id="a rationale"),
        pytest.param({"input": "a", "steps": ["b"], "target": "c", "answer": "d"}, "reasoning", id="bbh mistake"),
        pytest.param({"text": "a"}, "composite", id="a text alone"),
        pytest.param({"url": "u", "content": "a", "date": "2024-01-01"}, "composite", id="a page"),
        pytest.param({"text": "a", "timestamp": "2024-01-01", "score": 0.5}, "composite", id="a text with a number"),
        pytest.param({"messages": [*CHAT, {"role": "assistant", "tool_calls": [CALL]}]}, "agentic", id="calls tools"),
        pytest.param({"id": "1", "question": [[CHAT[0]]], "function": [{"name": "f"}]}, "agentic", id="bfcl"),
        pytest.param(
            {"environment": "e", "trajectory": [{"action": "ls"}], "history": CHAT}, "agentic", id="swe-agent"
        ),
        pytest.param({"task_id": 0, "reward": 0.0, "traj": CHAT, "trial": 0}, "agentic", id="tau-bench"),
        pytest.param({"question": "a", "history": CHAT, "ground_truth": "8"}, "agentic", id="who and when"),
        pytest.param({"images": ["a.png"], "text": "b"}, "multimodal", id="data-juicer"),
        pytest.param({"file_name": "a.wav", "transcription": "b"}, "multimodal", id="a sound by its name"),
        pytest.param({"file_name": "a.csv", "text": "b"}, "composite", id="a table's name is no picture"),
        pytest.param(
            {"obs": [1.0], "action": 0, "reward": 1, "next_obs": [2.0], "done": False}, "simulation", id="gym"
        ),
        pytest.param({"observation.state": [1.0], "action": [0.5], "episode_index": 0}, "simulation", id="lerobot"),
        pytest.param({"timestamp": "2014-04-01 00:00:00", "value": "45.0"}, "domain_log", id="nab"),
        pytest.param(
            {
                "No": "1",
                "year": "2010",
                "month": "1",
                "day": "1",
                "hour": "0",
                "pm2.5": "NA",
                "TEMP": "-11",
                "cbwd": "NW",
            },
            "domain_log",
            id="beijing",
        ),
        pytest.param({"ts": 1686286924, "level": "INFO", "message": "started"}, "domain_log", id="a log line"),
        pytest.param({"chosen": "a", "rejected": "b"}, "preference", id="a pair"),
        pytest.param(
            {"prompt": "a", "chosen": CHAT, "rejected": CHAT, "messages": CHAT}, "preference", id="ultrafeedback"
        ),
        pytest.param({"input": "a", "output_1": "b", "output_2": "c", "label": 1}, "preference", id="llmbar"),
        pytest.param(
            {"instruction": "a", "response1": "b", "response2": "c", "annotator1": 2}, "preference", id="pandalm"
        ),
    ],
)
def test_kind(obj: dict[str, Any], kind: str) -> None:
    assert Decoder().decode(obj).kind == kind


def test_order_of_keys_does_not_decide() -> None:
    obj = {"question": "q", "answer": "a", "Question": "Q", "context": "c", "input": "i"}
    first, second = Decoder().decode(obj), Decoder().decode(dict(reversed(obj.items())))
    assert first.payload == second.payload
    assert first.content_hash == second.content_hash


def test_gsm8k_says_why() -> None:
    decoder = Decoder()
    decoder.decode({"question": "a", "answer": "b\n#### 3"})
    decoder.decode({"question": "a", "answer": "3"})  # the same keys and types: still looked at
    assert decoder.why() == {
        "qa": "has question as prompt, answer as best_answer",
        "reasoning": "has question, answer as solution (`#### ` before the result marks worked steps (GSM8K))",
    }


def refusal(obj: Any, kind: str = "auto") -> RecordError:
    with pytest.raises(RecordError) as caught:
        Decoder(kind).decode(obj)
    return caught.value


def test_an_unknown_record_lists_keys_and_the_two_closest_kinds() -> None:
    error = refusal({"question_id": 1, "answer_id": "x", "choices": []})
    assert error.reason == "unknown_kind"
    assert "`question_id`, `answer_id`, `choices`" in error.detail
    assert "Closest: " in error.detail
    assert error.detail.count("lacks") == 2
    assert "--kind" in error.detail
    assert "--map" in error.detail


def test_what_two_kinds_claim_equally_is_refused() -> None:
    error = refusal({"prompt": "a", "text": "b"})
    assert error.reason == "unknown_kind"
    assert "fit" in error.detail
    assert "--kind qa" in error.detail
    assert "--kind composite" in error.detail


def test_a_refusal_does_not_depend_on_what_was_refused_before() -> None:
    decoder, said = Decoder(), set()
    for obj in ({"a": "long text", "b": ""}, {"a": "", "b": "long text"}, {"a": "x", "b": "x"}):
        with pytest.raises(RecordError) as caught:
            decoder.decode(obj)
        assert caught.value.detail == refusal(obj).detail
        said.add(caught.value.detail)
    assert len(said) == 1


def test_a_turn_of_a_dialogue_is_no_record() -> None:
    assert "join the turns" in refusal({"role": "User", "text": "hi"}).detail


@pytest.mark.parametrize(
    ("obj", "kind", "said"),
    [
        pytest.param([1], "auto", "Expected `object`, got `array` - at `$`", id="an array"),
        pytest.param(None, "qa", "Expected `object`, got `null` - at `$`", id="null"),
        pytest.param(
            {"question": "q", "steps": 5}, "reasoning", "Expected `array`, got `int` - at `$.steps`", id="steps"
        ),
        pytest.param(
            {"session_id": "a", "steps": "oops"}, "auto", "Expected `array`, got `str` - at `$.steps`", id="auto, too"
        ),
        pytest.param({"text": 5, "label": "a"}, "auto", "Expected `str`, got `int` - at `$.text`", id="a text"),
        pytest.param(
            {"messages": [{"role": "user", "content": 5}]},
            "auto",
            "Expected `str | array`, got `int` - at `$.messages[0].content`",
            id="deep inside",
        ),
        pytest.param(
            {"messages": [{"content": "a", "role": None}]},
            "qa",
            "Object missing required field `role` - at `$.messages[0]`",
            id="a message without a role",
        ),
        pytest.param({"text": "a"}, "classification", "Object missing required field `label`", id="no label"),
        pytest.param({"odd key": 1}, "composite", "Object missing required field `text`", id="no text"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(obj: Any, kind: str, said: str) -> None:
    assert refusal(obj, kind).detail.startswith(said)


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        pytest.param({"text": "a", "n": float("nan")}, "nan", id="NaN"),
        pytest.param({"text": "a", "n": {"x": [float("inf")]}}, "nan", id="infinity"),
        pytest.param({"text": "a\ud800"}, "invalid_text", id="a lone surrogate"),
        pytest.param({"text": "a", "\udfff": 1}, "invalid_text", id="a lone surrogate in a key"),
        pytest.param({"text": "a", 5: 1}, "wrong_type", id="a key that is no text"),
        pytest.param({"text": "a", "x": object()}, "wrong_type", id="no JSON value"),
        pytest.param({"text": "a", "x": {1, 2}.__iter__()}, "wrong_type", id="an iterator"),
        pytest.param({"text": "a", "n": 10**5000}, "number_out_of_range", id="five thousand digits"),
    ],
)
def test_what_json_or_a_column_cannot_hold_is_refused(obj: Any, reason: str) -> None:
    error = refusal(obj)
    assert error.reason == reason


@pytest.mark.parametrize("levels", [102, 900, 100_000])
def test_too_deep_is_refused(levels: int) -> None:
    value: Any = []
    for _ in range(levels):
        value = [value]
    assert refusal({"text": "a", "x": value}).reason == "too_deep"


def test_ninety_levels_are_fine() -> None:
    value: Any = "x"
    for _ in range(90):
        value = {"a": value}
    assert Decoder().decode({"text": "a", "x": value}).extra == {"x": value}


def test_a_whole_number_beyond_its_column_is_refused_under_our_name() -> None:
    with pytest.raises(RecordError, match=r"number_out_of_range.*\$\.steps\[0\]\.step_number"):
        Decoder("agentic").decode({"steps": [{"step_number": 2**40, "tool_name": "x"}]})


def test_the_kinds_are_those_of_the_schemas_in_their_order() -> None:
    assert tuple(KINDS.names()) == KIND_NAMES


@pytest.mark.parametrize("kind", list(KINDS), ids=lambda kind: kind.name)
def test_every_kind_is_described_and_consistent(kind: Any) -> None:
    assert kind.doc.startswith(f"{kind.name}: ")
    columns = set(kind.payload)
    for group in kind.required:
        assert set(group.split("|")) <= columns
    for field in kind.fields:
        assert field.path[0] in columns, field.name
    names = [field.name for field in kind.fields]
    assert len(names) == len(set(names))
    assert set(kind.notes) <= set(names)
    assert kind.text_column is None or kind.text_column in columns
