"""The shapes in which each kind is published, and the columns that they become."""

from __future__ import annotations

from typing import Any

import pytest

from assay.core.ids import canonical_json
from assay.records import Decoded, Decoder, Row, restore, to_batch


def decode(obj: dict[str, Any], kind: str = "auto") -> Decoded:
    """Decoded, and proved to come back."""
    decoded = Decoder(kind).decode(obj)
    row = to_batch(decoded.kind, [Row(decoded, decoded.user_id or "r")]).to_pylist()[0]
    assert canonical_json(restore(decoded.kind, row), normal=False) == canonical_json(obj, normal=False)
    return decoded


def said(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(m["role"], "".join(part.get("text", "") for part in m["parts"])) for m in messages]


# classification


@pytest.mark.parametrize(
    ("label", "text"), [(1, "1"), (True, "true"), (0.5, "0.5"), ("spam", "spam"), (" Yes", " Yes"), (2**70, str(2**70))]
)
def test_a_label_is_text(label: Any, text: str) -> None:
    decoded = decode({"text": "a", "label": label})
    assert decoded.payload["label"] == text
    assert decoded.extra == {}


def test_label_shares_by_name() -> None:
    decoded = decode({"text": "a", "soft_labels": {"x": 0.25, "y": 0.75}})
    assert decoded.payload["soft_labels"] == [{"label": "x", "p": 0.25}, {"label": "y", "p": 0.75}]


def test_a_text_view_is_the_text_column_itself() -> None:
    decoded = decode({"text": "a", "text_pair": "b", "label": "c"})
    assert decoded.text is decoded.payload["text"]


# qa


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"text": ["blue"], "answer_start": [4]}, id="columns, as Hugging Face has SQuAD"),
        pytest.param([{"text": "blue", "answer_start": 4}], id="objects, as SQuAD itself has them"),
    ],
)
def test_squad_answers(answers: Any) -> None:
    decoded = decode({"id": "1", "question": "q", "context": "the blue sky", "answers": answers, "title": "t"})
    assert decoded.payload["answers"] == [{"text": "blue", "span_start": 4}]
    assert decoded.payload["best_answer"] == "blue"
    assert decoded.payload["context"] == [{"type": "text", "text": "the blue sky"}]
    assert decoded.extra == {"title": "t"}


def test_a_list_of_answers_has_a_best_one() -> None:
    decoded = decode({"question": "q", "answer": ["14 December", "December"]})
    assert decoded.payload["answers"] == [{"text": "14 December"}, {"text": "December"}]
    assert decoded.payload["best_answer"] == "14 December"


def test_alpaca_input_is_context() -> None:
    decoded = decode({"instruction": "Translate", "input": "Haus", "output": "house"})
    assert decoded.payload["context"] == [{"type": "text", "text": "Haus"}]
    assert decoded.text == "Haus\n\nTranslate\n\nhouse"


def test_sharegpt_speaks_as_openai_does() -> None:
    shared = [{"from": "system", "value": "s"}, {"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    plain = [{"role": r, "content": c} for r, c in (("system", "s"), ("user", "a"), ("assistant", "b"))]
    first, second = decode({"conversations": shared}), decode({"messages": plain})
    assert first.payload == second.payload
    assert first.text == second.text == "system: s\n\nuser: a\n\nassistant: b"
    assert first.extra == {}


def test_content_in_parts_with_a_picture() -> None:
    parts = [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": "http://x/a.png"}}]
    message = decode({"messages": [{"role": "user", "content": parts}]}).payload["messages"][0]
    assert message["parts"][0] == {"type": "text", "text": "what?"}
    assert message["parts"][1]["media"] == {"uri": "http://x/a.png", "modality": "image"}


def test_what_a_message_says_beyond_its_columns_is_kept_by_position() -> None:
    chat = [{"role": "User", "content": "a", "ts": 5}, {"role": "assistant", "content": None}]
    decoded = decode({"messages": chat})
    assert decoded.extra == {"messages": {"0": {"role": "User", "ts": 5}, "1": {"content": None}}}
    assert decoded.payload["messages"][0]["role"] == "user"


# reasoning


@pytest.mark.parametrize(
    ("written", "steps"),
    [
        pytest.param(["1) a", "2) b"], [(1, "a"), (2, "b")], id="1)"),
        pytest.param(["1. a", "2. b"], [(1, "a"), (2, "b")], id="1."),
        pytest.param(["Step 1: a", "Step 3: b"], [(1, "a"), (3, "b")], id="the written number, even a wrong one"),
        pytest.param(["1) a", "b"], [(1, "a"), (None, "b")], id="a step without a number"),
        pytest.param(["01) a"], [(None, "01) a")], id="a number that would not come back"),
        pytest.param(["a", "b"], [(None, "a"), (None, "b")], id="no numbers"),
        pytest.param("a\nb", [(None, "a"), (None, "b")], id="lines of one text"),
        pytest.param("1. a\n2. b", [(1, "a"), (2, "b")], id="numbered lines of one text"),
        pytest.param("a\n\nb", [(None, "a"), (None, "b")], id="paragraphs of one text"),
        pytest.param("a\n\n\nb", [(None, "a\n\n\nb")], id="one step where lines are not steps"),
        pytest.param([{"text": "a", "index": 4}], [(4, "a")], id="objects"),
    ],
)
def test_steps(written: Any, steps: list[tuple[int | None, str]]) -> None:
    decoded = decode({"question": "q", "steps": written, "final_answer": "x"})
    assert [(step.get("index"), step["text"]) for step in decoded.payload["steps"]] == steps
    assert decoded.extra == {}


def test_gsm8k_is_steps_and_a_result() -> None:
    decoded = decode({"question": "q", "answer": "a = 2\nb = 3\n#### 3"})
    assert decoded.payload == {"question": "q", "steps": [{"text": "a = 2"}, {"text": "b = 3"}], "final_answer": "3"}
    assert decoded.text == "q\n\na = 2\nb = 3\n\n3"


# agentic

CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}}


def test_a_chat_with_tools_is_steps_whose_calls_have_their_results() -> None:
    chat = [
        {"role": "system", "content": "be good"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "found", "name": "find"},
        {"role": "assistant", "content": "b"},
    ]
    decoded = decode({"messages": chat})
    assert decoded.kind == "agentic"
    steps = decoded.payload["steps"]
    assert [step["source"] for step in steps] == ["system", "user", "assistant", "assistant"]
    assert steps[2]["tool_calls"] == [
        {
            "call_id": "c1",
            "tool_name": "find",
            "tool_input_raw": '{"q": 1}',
            "tool_input_json": '{"q":1}',
            "tool_output_text": "found",
        }
    ]
    assert "text" not in steps[2]["messages"][1]["parts"][0], "the result lies once, in its call"
    assert decoded.payload["system_prompt"] == "be good"
    assert decoded.text is not None
    assert "found" in decoded.text


def test_swe_agent() -> None:
    item = {"action": "ls -F\n", "observation": "a.py", "thought": "look", "response": "look ls", "state": "{}"}
    obj = {"environment": "e", "trajectory": [item], "history": [], "info": {"exit_status": "submitted"}}
    decoded = decode(obj)
    assert decoded.payload["steps"] == [
        {
            "reasoning": "look",
            "tool_calls": [{"tool_name": "ls", "tool_input_raw": "ls -F\n", "tool_output_text": "a.py"}],
        }
    ]
    assert decoded.payload["outcome"] == {"termination_reason": "submitted"}
    assert decoded.extra["trajectory"] == {"0": {"response": "look ls", "state": "{}"}}


@pytest.mark.parametrize(
    ("tool", "given", "got"),
    [("tool_name", "tool_input", "tool_output"), ("action", "action_input", "observation"), ("tool", "args", "result")],
)
def test_flat_steps_by_any_of_their_names(tool: str, given: str, got: str) -> None:
    steps = [{"step": 1, tool: "f", given: {"a": 1}, got: "out", "ms": 3}, {"step": 2, tool: "g", given: "x"}]
    decoded = decode({"session_id": "s", "steps": steps})
    assert decoded.payload["steps"] == [
        {
            "step_number": 1,
            "tool_calls": [{"tool_name": "f", "tool_input_json": '{"a":1}', "tool_output_text": "out"}],
        },
        {"step_number": 2, "tool_calls": [{"tool_name": "g", "tool_input_raw": "x"}]},
    ]
    assert decoded.extra == {"steps": {"0": {"ms": 3}}}


def test_toolbench() -> None:
    chain = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "function_call": {"name": "f"}}]
    inner = {"query": "q", "train_messages": [chain], "function": [{"name": "f"}], "finish_type": "give_answer"}
    decoded = decode({"win": True, "tree": {}, "answer_generation": inner})
    assert decoded.payload["task"] == {"instruction": "q"}
    assert decoded.payload["outcome"] == {"termination_reason": "give_answer", "success": True}
    assert decoded.payload["steps"][1]["tool_calls"] == [{"tool_name": "f"}]


# simulation and logs


def test_a_gym_transition() -> None:
    decoded = decode({"obs": [1.0, 2.0], "action": 1, "reward": 0.5, "next_obs": [3.0, 4.0], "done": False})
    assert decoded.payload == {
        "state_json": "[1.0,2.0]",
        "action_json": "1",
        "result": {"reward": 0.5, "next_state_json": "[3.0,4.0]", "terminated": False},
    }


@pytest.mark.parametrize(
    ("written", "channel"),
    [
        pytest.param(37.2, {"value": 37.2}, id="a number"),
        pytest.param(37, {"value": 37.0, "value_text": "37"}, id="a whole number, which must not become 37.0"),
        pytest.param(None, {}, id="null"),
        pytest.param(True, {"value_text": "true"}, id="a boolean is no measurement"),
        pytest.param({"value": 37, "unit": "C"}, {"value": 37.0, "value_text": "37", "unit": "C"}, id="with a unit"),
    ],
)
def test_readings(written: Any, channel: dict[str, Any]) -> None:
    decoded = decode({"timestamp": "2025-06-12T10:05:00Z", "sensor_data": {"t": written}})
    assert decoded.payload["sensor_data"] == [{"channel": "t", **channel}]


@pytest.mark.parametrize(
    ("written", "channel"),
    [
        pytest.param("45.0", {"value": 45.0}, id="the text that the number has"),
        pytest.param("-21", {"value": -21.0, "value_text": "-21"}, id="another text of the number"),
        pytest.param("1.790", {"value": 1.79, "value_text": "1.790"}, id="a last zero"),
    ],
)
def test_table_cells(written: str, channel: dict[str, Any]) -> None:
    decoded = decode({"timestamp": "2014-04-01 00:00:00", "value": written})
    assert decoded.payload["sensor_data"] == [{"channel": "value", **channel}]
    assert decoded.extra == {}


@pytest.mark.parametrize("missing", ["NA", "?", ""])
def test_a_missing_cell_is_a_channel_without_a_value(missing: str) -> None:
    row = {"No": "1", "year": "2010", "month": "1", "day": "1", "pm2.5": missing, "TEMP": "-11.5", "cbwd": "NW"}
    decoded = decode(row)
    assert decoded.payload["sensor_data"] == [
        {"channel": "pm2.5", "value_text": missing},
        {"channel": "TEMP", "value": -11.5},
    ]
    assert decoded.extra == {"No": "1", "cbwd": "NW"}


# preference


def test_hh_dialogues_share_their_prompt() -> None:
    start = "\n\nHuman: hi\n\nAssistant: yes?\n\nHuman: how?\n\nAssistant:"
    decoded = decode({"chosen": start + " so", "rejected": start + " no"})
    assert said(decoded.payload["prompt"]) == [("user", "hi"), ("assistant", "yes?"), ("user", "how?")]
    assert [said(c["messages"]) for c in decoded.payload["candidates"]] == [
        [("assistant", "so")],
        [("assistant", "no")],
    ]
    assert decoded.payload["resolution"] == {"chosen": 0, "rejected": 1}
    assert decoded.extra == {}


def test_an_hh_dialogue_may_end_in_an_empty_turn() -> None:
    start = "\n\nHuman: hi\n\nAssistant:"
    decoded = decode({"chosen": start + " ", "rejected": start + " no"})
    assert said(decoded.payload["prompt"]) == [("user", "hi")]
    assert [said(c["messages"]) for c in decoded.payload["candidates"]] == [[("assistant", "")], [("assistant", "no")]]
    assert decoded.exact


def test_message_lists_that_repeat_the_prompt() -> None:
    asked = {"role": "user", "content": "q"}
    sides = {side: [asked, {"role": "assistant", "content": side}] for side in ("chosen", "rejected")}
    decoded = decode({"prompt": "q", **sides, "score_chosen": 8.5, "score_rejected": 6})
    assert said(decoded.payload["prompt"]) == [("user", "q")]
    assert [said(c["messages"]) for c in decoded.payload["candidates"]] == [
        [("assistant", "chosen")],
        [("assistant", "rejected")],
    ]
    assert [c["score"] for c in decoded.payload["candidates"]] == [8.5, 6.0]


@pytest.mark.parametrize(
    ("label", "vote"),
    [
        (1, {"choice": 0}),
        (2, {"choice": 1}),
        (0, {"tie": True}),
        ("model_b", {"choice": 1}),
        ("tie (bothbad)", {"tie": True, "both_bad": True}),
    ],
)
def test_votes_keep_ties(label: Any, vote: dict[str, Any]) -> None:
    decoded = decode({"instruction": "q", "output_1": "a", "output_2": "b", "label": label})
    assert decoded.payload["votes"] == [vote]


def test_pandalm_has_three_votes_and_an_input() -> None:
    obj = {"instruction": "Shorten", "input": "long text", "response1": "a", "response2": "b"}
    decoded = decode(obj | {"annotator1": 2, "annotator2": 0, "annotator3": 1})
    assert said(decoded.payload["prompt"]) == [("user", "Shorten"), ("user", "long text")]
    assert decoded.payload["votes"] == [{"choice": 1}, {"tie": True}, {"choice": 0}]


# the envelope


def test_what_a_record_says_about_itself_beats_the_defaults() -> None:
    decoded = decode(
        {"text": "a", "domain": "law", "origin": "human", "license": "MIT", "split": "train", "tags": ["x"]}
    )
    row = Row(decoded, "r", domain="web", origin="unknown", license="CC0")
    got = to_batch("composite", [row]).to_pylist()[0]
    assert [got[name] for name in ("domain", "origin", "license", "split", "tags")] == [
        "law",
        "human",
        "MIT",
        "train",
        ["x"],
    ]


def test_defaults_apply_where_it_says_nothing_and_do_not_come_back() -> None:
    decoded = decode({"text": "a"})
    row = to_batch("composite", [Row(decoded, "r", domain="web", origin="human", license="CC0")]).to_pylist()[0]
    assert (row["domain"], row["origin"], row["license"]) == ("web", "human", "CC0")
    assert restore("composite", row) == {"text": "a"}


def test_an_origin_that_is_not_ours_is_an_unknown_key() -> None:
    decoded = decode({"text": "a", "origin": "reddit"})
    assert decoded.envelope == {}
    assert decoded.extra == {"origin": "reddit"}


def test_rows_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="other kinds"):
        to_batch("qa", [Row(Decoder().decode({"text": "a"}), "r")])
