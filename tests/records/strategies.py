"""Objects as people write them, for every kind, and any JSON at all."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

text = st.text(st.characters(codec="utf-8"), max_size=12)
words = st.sampled_from(["", "yes", "The sun.", "1) one", "a\nb", "a\n\nb", "x\n#### 7", "é", "é", "NA", "4.50", "7"])
said = text | words
whole = st.integers(-(2**70), 2**70)
number = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5) | whole
scalar = st.none() | st.booleans() | number | said
key = st.sampled_from(["", "a.b", "$", "x=y;z", "text", "id", "100%", "-", "0", "Köln"]) | text
json_value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=3), max_leaves=8
)
time = st.sampled_from(
    ["2025-06-12T10:05:00Z", "2014-04-01 00:05:00", "2025-04-10", "12 June", "", "2025-06-12T10:05:00.1234567+02:00"]
) | st.sampled_from([1686286924.844282, 1686286924, 1686286924844, 0.033, -1, True])


def either(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what belongs there, now and then something else."""
    return st.one_of(strategy, strategy, strategy, json_value)


content_part = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "text", "image_url", "tool_result", "tool_call", "function_call"])},
    optional={"text": said, "tool_call_id": st.just("c1"), "image_url": said},
)
chat_message = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool", "User", "AI"])},
    optional={
        "content": either(said | st.lists(content_part, max_size=2)),
        "tool_calls": st.lists(
            st.fixed_dictionaries(
                {"id": st.sampled_from(["c1", "c2"])},
                optional={
                    "type": st.just("function"),
                    "function": st.fixed_dictionaries({"name": said, "arguments": said | st.just('{"a": 1}')}),
                },
            ),
            max_size=2,
        ),
        "tool_call_id": st.sampled_from(["c1", "c2"]) | json_value,
        "name": either(said),
        "weight": either(st.sampled_from([0, 1, 0.5])),
        "other": json_value,
    },
)
sharegpt = st.fixed_dictionaries(
    {"from": st.sampled_from(["human", "gpt", "system", "function_call", "observation", "bing"])},
    optional={"value": either(said), "weight": st.sampled_from([0, 1]), "other": json_value},
)
chat = st.lists(chat_message, max_size=4) | st.lists(sharegpt, max_size=4) | st.lists(said, max_size=3)
turn = st.sampled_from(
    [
        "\n\nHuman: hi\n\nAssistant: yo",
        "\n\nHuman: hi\n\nAssistant: no",
        "\n\nHuman: a\n\nAssistant:",
        "\n\nHuman: a\n\nAssistant: ",
    ]
)
flat_step = st.dictionaries(
    st.sampled_from(
        [
            "step_number",
            "step",
            "tool_name",
            "tool",
            "action",
            "tool_input",
            "action_input",
            "input",
            "tool_output",
            "observation",
            "output",
            "reasoning",
            "thought",
            "is_error",
            "error",
            "call_id",
            "ms",
            "tool_calls",
            "messages",
            "model",
            "usage",
            "start",
        ]
    ),
    either(said | st.integers(0, 4)),
    max_size=6,
)
trajectory = st.lists(
    st.fixed_dictionaries({"action": either(said)}, optional={"thought": said, "observation": said, "state": said}),
    max_size=3,
)

# Keys that a kind reads, each with values that mostly belong there.
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "classification": {
        "text": said,
        "sentence1": said,
        "sentence2": said,
        "label": said | st.integers(0, 3) | st.booleans(),
        "category": said,
        "labels": st.lists(said, max_size=3) | st.lists(st.integers(0, 3), max_size=3),
        "soft_labels": st.dictionaries(said, st.floats(0, 1), max_size=3),
        "annotations": st.lists(st.fixed_dictionaries({"annotator": said, "label": said}, optional={"at": time})),
    },
    "qa": {
        "prompt": said,
        "question": said,
        "input": said,
        "messages": chat,
        "conversations": chat,
        "answer": said | st.lists(said, max_size=3) | number,
        "answers": st.lists(said | st.fixed_dictionaries({"text": said}, optional={"answer_start": st.integers()}))
        | st.fixed_dictionaries({"text": st.lists(said)}, optional={"answer_start": st.lists(st.integers(0, 9))}),
        "context": said | st.lists(said) | st.dictionaries(key, said, max_size=2),
    },
    "reasoning": {
        "question": said,
        "steps": st.lists(st.sampled_from(["1) a", "2) b", "02) c", "1. d", "Step 1: e", "f"]) | said, max_size=4)
        | said
        | st.lists(st.fixed_dictionaries({"text": said}, optional={"index": st.integers(), "rating": number})),
        "answer": said,
        "final_answer": said | number,
        "verifier": st.fixed_dictionaries({}, optional={"name": said, "passed": st.booleans()}),
    },
    "composite": {
        "text": said,
        "domain": said,
        "metadata": st.dictionaries(key, scalar, max_size=3) | st.fixed_dictionaries({"date": time}),
        "media": st.lists(said | st.fixed_dictionaries({"path": said}, optional={"width": number})),
    },
    "agentic": {
        "session_id": said,
        "steps": st.lists(flat_step, max_size=3),
        "messages": chat,
        "traj": chat,
        "trajectory": trajectory,
        "question": said | st.lists(chat, max_size=2),
        "task": said | st.fixed_dictionaries({}, optional={"id": said, "instruction": said}),
        "tools": st.lists(
            st.fixed_dictionaries({"name": said}, optional={"parameters": json_value})
            | st.fixed_dictionaries({"type": st.just("function"), "function": st.fixed_dictionaries({"name": said})})
        ),
        "reward": number,
        "info": st.fixed_dictionaries({"exit_status": said}, optional={"submission": said}),
        "success": st.booleans() | st.sampled_from([0, 1, "true", "False"]),
    },
    "multimodal": {
        "image_path": said,
        "images": st.lists(said | st.fixed_dictionaries({"path": said}, optional={"bytes": st.binary(max_size=4)})),
        "text_description": said,
        "file_name": st.just("a/b.PNG"),
        "label": said,
        "annotations": json_value,
    },
    "simulation": {
        "scenario_id": said,
        "episode_index": st.integers(0, 9) | said,
        "step": st.integers() | st.sampled_from(["3", "03", "x"]),
        "environment": said | st.fixed_dictionaries({}, optional={"id": said, "seed": whole, "dt": number}),
        "robot_position": json_value,
        "state_tensor": st.lists(number),
        "action_taken": json_value,
        "result": said | st.fixed_dictionaries({}, optional={"outcome": said, "reward": number, "info": json_value}),
        "reward": number | st.sampled_from(["0.5", "1", "1e3"]),
        "done": st.booleans() | st.sampled_from([0, 1, "True"]),
        "notes": said,
    },
    "domain_log": {
        "timestamp": time,
        "sensor_id": said,
        "sensor_data": st.dictionaries(said, either(number | st.sampled_from(["45.0", "-21", "NA", "1_0"])), max_size=3)
        | st.lists(st.fixed_dictionaries({"channel": said}, optional={"value": number, "unit": said})),
        "event_summary": said,
        "message": said,
        "level": said,
        "value": number | st.sampled_from(["45.0", "-21", "NA", "?", ""]),
        "pm2.5": st.sampled_from(["NA", "3", "1.50"]),
        "year": st.sampled_from([2010, "2010", "x"]),
        "month": st.sampled_from([1, "1", "01"]),
        "day": st.sampled_from([3, "3"]),
        "hour": st.sampled_from([0, "23"]),
        "labels": st.lists(st.fixed_dictionaries({"label": said}, optional={"start": time, "end": time})),
    },
    "preference": {
        "prompt": said | chat | turn,
        "input": said,
        "chosen": said | chat | turn,
        "rejected": said | chat | turn,
        "output_1": said,
        "output_2": said,
        "label": st.sampled_from([0, 1, 2, "1", "A", "tie", "model_b", "tie (bothbad)"]),
        "annotator2": st.sampled_from([0, 1, 2]),
        "completions": st.lists(said) | st.lists(st.fixed_dictionaries({"text": said}, optional={"score": number})),
        "score_chosen": number,
    },
}
ANY_RECORD = {
    "id": said | whole | json_value,
    "split": said,
    "tags": st.lists(said),
    "origin": st.sampled_from(["human", "model", "reddit"]),
    "license": said,
    "created_at": time,
    "parents": st.lists(st.fixed_dictionaries({"record_id": said})),
    "generator": said | st.fixed_dictionaries({"name": said}, optional={"seed": whole, "cost": number}),
}


def records(kind: str, *, clean: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the keys that a kind reads, some that any record may have, and some that none has."""
    fields = FIELDS[kind]
    mine = st.fixed_dictionaries({}, optional={name: v if clean else either(v) for name, v in fields.items()})
    common = st.fixed_dictionaries({}, optional={name: v if clean else either(v) for name, v in ANY_RECORD.items()})
    other = st.dictionaries(key, json_value, max_size=2)
    return st.tuples(other, common, mine).map(lambda parts: {**parts[0], **parts[1], **parts[2]})
