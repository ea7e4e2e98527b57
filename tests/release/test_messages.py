"""The chat form: what a trainer reads, and an honest count of what it does not hold."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from assay.formats.write_messages import CHAT_FORMS, MessagesWriter
from assay.records.schema import PAYLOADS
from tests.release.parts import decoded_rows, table_of


def chat(kind: str, *said: dict[str, Any]) -> tuple[list[dict[str, Any] | None], dict[str, Any]]:
    """The lines of some records and the loss report."""
    writer = MessagesWriter(kind, list(PAYLOADS[kind]))
    lines = [writer.encode(row) for row in table_of(kind, decoded_rows(kind, said)).to_pylist()]
    return [None if line is None else msgspec.json.decode(line) for line in lines], writer.loss.as_json()


def turns(kind: str, said: dict[str, Any]) -> list[tuple[str, str]]:
    (line,), _ = chat(kind, said)
    assert line is not None
    return [(turn["role"], turn["content"]) for turn in line["messages"]]


def test_a_question_and_its_answer() -> None:
    said = {"id": "q", "prompt": "When?", "best_answer": "Now."}
    assert chat("qa", said)[0] == [
        {"id": "q", "messages": [{"role": "user", "content": "When?"}, {"role": "assistant", "content": "Now."}]}
    ]


def test_a_passage_opens_the_users_turn() -> None:
    said = {"question": "Who?", "context": "Ann wrote it.", "answer": "Ann"}
    assert turns("qa", said) == [("user", "Ann wrote it.\n\nWho?"), ("assistant", "Ann")]


def test_a_chat_stays_as_it_is() -> None:
    said = {"messages": [{"role": r, "content": c} for r, c in (("system", "s"), ("user", "u"), ("assistant", "a"))]}
    assert turns("qa", said) == [("system", "s"), ("user", "u"), ("assistant", "a")]


def test_the_best_scored_answer_is_taken_and_the_others_counted() -> None:
    writer = MessagesWriter("qa", list(PAYLOADS["qa"]))
    row = dict.fromkeys(PAYLOADS["qa"]) | {
        "record_id": "q",
        "prompt": "p",
        "answers": [
            {"text": "low", "score": 1.0, "span_start": None},
            {"text": "high", "score": 2.0, "span_start": None},
        ],
    }
    line = msgspec.json.decode(writer.encode(row) or b"")
    assert line["messages"][1]["content"] == "high"
    assert set(writer.loss.lost) == {"answers.text", "answers.score"}


def test_reasoning_is_one_answer_with_its_steps() -> None:
    said = {"question": "4*7?", "chain_of_thought": ["1) 4*7", "2) 28"], "final_answer": "28"}
    assert turns("reasoning", said) == [("user", "4*7?"), ("assistant", "4*7\n28")]
    said = {"question": "4*7?", "chain_of_thought": ["multiply"], "final_answer": "28"}
    assert turns("reasoning", said)[1] == ("assistant", "multiply\n28")


OPENAI = {
    "id": "s",
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "how many?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "count", "arguments": '{"of": "x"}'}},
                {"id": "b", "type": "function", "function": {"name": "count", "arguments": "not json"}},
            ],
        },
        {"role": "tool", "tool_call_id": "b", "content": "error"},
        {"role": "tool", "tool_call_id": "a", "content": "3"},
        {"role": "assistant", "content": "Three."},
    ],
    "tools": [
        {"type": "function", "function": {"name": "count", "description": "counts", "parameters": {"type": "object"}}}
    ],
}


def test_a_session_keeps_calls_results_and_tools() -> None:
    (line,), loss = chat("agentic", OPENAI)
    assert line is not None
    roles = [turn["role"] for turn in line["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "assistant"]
    calls = line["messages"][2]["tool_calls"]
    assert [(c["id"], c["function"]["arguments"]) for c in calls] == [("a", '{"of":"x"}'), ("b", "not json")]
    assert {t["tool_call_id"]: t["content"] for t in line["messages"][3:5]} == {"a": "3", "b": "error"}
    tools = msgspec.json.decode(line["tools"])
    assert tools[0]["function"] == {"name": "count", "description": "counts", "parameters": {"type": "object"}}
    assert loss["written"] == 1
    assert not {path for path in loss["fields_lost"] if "text" in path or "json" in path}


def test_flat_steps_become_calls_with_results() -> None:
    said = {
        "session_id": "s",
        "task": "find it",
        "steps": [
            {"step_number": 1, "tool_name": "db", "tool_input": {"q": 1}, "tool_output": {"r": 2}, "reasoning": "look"}
        ],
        "final_answer": "found",
    }
    (line,), loss = chat("agentic", said)
    if line is None:  # a session without a user's turn trains nothing
        assert loss["skipped"] == {"no user turn": 1}
        return
    assistant = line["messages"][1]
    assert assistant["reasoning_content"] == "look"
    assert assistant["tool_calls"][0]["function"] == {"name": "db", "arguments": '{"q":1}'}
    assert line["messages"][2]["role"] == "tool"
    assert line["messages"][2]["content"] == '{"r":2}'


@pytest.mark.parametrize(
    ("kind", "said", "reason"),
    [
        ("qa", {"prompt": "p", "best_answer": ""}, "no answer"),
        ("qa", {"messages": [{"role": "user", "content": "hello?"}]}, "no assistant turn"),
        ("qa", {"messages": [{"role": "assistant", "content": "x"}]}, "no user turn"),
        ("agentic", {"session_id": "s", "steps": [{"tool_name": "t", "tool_input": {}}]}, "no user turn"),
    ],
)
def test_what_trains_nothing_is_left_out_and_counted(kind: str, said: dict[str, Any], reason: str) -> None:
    lines, loss = chat(kind, said)
    assert lines == [None]
    assert loss == {"written": 0, "skipped": {reason: 1}, "fields_lost": {}, "turn_members": []}


def test_a_field_that_a_chat_cannot_hold_is_counted_once_a_record() -> None:
    said = {"question": "q", "steps": [{"text": "a", "rating": 1}, {"text": "b", "rating": 0}], "final_answer": "b"}
    lines, loss = chat("reasoning", said, said)
    assert None not in lines
    assert loss["fields_lost"] == {"steps.rating": 2}


def test_an_image_in_a_chat_is_counted_as_lost() -> None:
    parts = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": "http://x/a.png"}}]
    said = {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": "a cat"}]}
    _, loss = chat("qa", said)
    assert "messages.parts.media.uri" in loss["fields_lost"]


def test_every_carried_path_exists() -> None:
    """A typing mistake in the list would hide a loss."""
    for kind, form in CHAT_FORMS.items():
        for path in form.carried:
            dtype = PAYLOADS[kind][path.split(".")[0]]
            for name in path.split(".")[1:]:
                while hasattr(dtype, "value_type"):
                    dtype = dtype.value_type
                assert name in [member.name for member in dtype], f"{kind}: {path}"
                dtype = dtype.field(name).type
