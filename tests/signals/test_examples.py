"""What signals mean, by example: one record in, one value out."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from assay.records.schema import schema_of
from assay.signals import SIGNALS, measure_rows


def table(kind: str, *rows: dict[str, Any]) -> pa.Table:
    """Rows of a kind; record_id and source are filled in where a test does not care."""
    filled = [{"record_id": f"r{i}", "source": {"path": "f", "row": i}, **row} for i, row in enumerate(rows)]
    return pa.Table.from_pylist(filled, schema=schema_of(kind))


def values(name: str, kind: str, *rows: dict[str, Any], **params: Any) -> list[Any]:
    return measure_rows([SIGNALS.get(name)], [table(kind, *rows)], kind, params)[0][name].to_pylist()


def said(role: str, *texts: str | None) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "text": text} for text in texts]}


LONG = "The first point was made. The second point followed at once. And then it went on for quite a while "
CUT = LONG + "because there was still so much more to say about the"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(CUT, True, id="prose that stops in its sentence"),
        pytest.param(CUT + " end.", False, id="prose that ends its sentence"),
        pytest.param(CUT + ' end."', False, id="a closing quote may follow the end"),
        pytest.param(CUT + " rest,", True, id="a comma ends nothing"),
        pytest.param("```python\nprint(1)\n", True, id="an open fence"),
        pytest.param("```python\nprint(1)\n```", None, id="a closed fence says nothing"),
        pytest.param("Paris", None, id="a short answer is not judged"),
        pytest.param("It is in France and it is called Paris", None, id="one sentence without an end is not judged"),
        pytest.param(LONG + "\n- one\n- two and a few more words of it", None, id="a list is not judged"),
        pytest.param(LONG + "\n    return the value of this function here", None, id="indented code is not judged"),
        pytest.param(
            LONG + "see the page of the project at https://example.org/a", None, id="an address is not judged"
        ),
        pytest.param(LONG + "so that the sum is x = 4", None, id="a formula is not judged"),
        pytest.param(
            "他说了很多话。" * 4 + "然后他又开始说起那个很久以前的故事他说", True, id="Chinese without an end"
        ),
        pytest.param("他说了很多话。" * 8, False, id="Chinese with an end"),
        pytest.param(None, None, id="no text"),
    ],
)
def test_truncated(text: str | None, expected: bool | None) -> None:
    assert values("truncated", "composite", {"text": text}) == [expected]


def test_truncated_believes_the_source() -> None:
    rows = ({"text": "Paris.", "extra_json": '{"finish_reason": "length"}'}, {"text": "Paris.", "extra_json": "{}"})
    assert values("truncated", "composite", *rows) == [True, False]
    step = {"finish_reason": "max_tokens"}
    assert values("truncated", "agentic", {"steps": [{"finish_reason": "stop"}, step]}, {"steps": [step, {}]}) == [
        True,
        None,
    ]


def test_truncated_reads_what_is_learnt_of_each_kind() -> None:
    assert values(
        "truncated", "qa", {"prompt": CUT, "best_answer": "Yes."}, {"messages": [said("assistant", CUT)]}
    ) == [False, True]
    assert values(
        "truncated", "reasoning", {"steps": [{"text": CUT}], "final_answer": "4"}, {"steps": [{"text": CUT}]}
    ) == [False, True]
    pair = [{"messages": [said("assistant", "Yes.")]}, {"messages": [said("assistant", CUT)]}]
    assert values("truncated", "preference", {"candidates": pair}) == [True]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        pytest.param("caf\u00c3\u00a9", 2 / 5, id="e acute read as two characters"),
        pytest.param("it\u00e2\u20ac\u2122s", 3 / 6, id="an apostrophe read as three"),
        pytest.param("\u00c3\u00a4\u00c3\u00b6", 1.0, id="nothing else"),
        pytest.param("S\u00c3O PAULO, \u00c2ngela", 0.0, id="capitals of Portuguese are letters"),
        pytest.param("\u00e0\u00a0\u00ab Paris \u00bb", 0.0, id="French typography is not mojibake"),
        pytest.param("\u201eMa\u00df\u201c", 0.0, id="a German word before a closing quote"),
        pytest.param("", None, id="nothing to measure is unknown"),
    ],
)
def test_mojibake_share(text: str, share: float | None) -> None:
    assert values("mojibake_share", "composite", {"text": text}) == (
        [None] if share is None else [pytest.approx(share)]
    )


def test_missing_fields_lists_what_a_trainer_needs() -> None:
    rows = (
        {"text": "a", "label": "x"},
        {"text": " ", "labels": []},
        {"text": "a", "soft_labels": [{"label": "x", "p": 1.0}]},
    )
    assert values("missing_fields", "classification", *rows) == [
        [],
        ["text", "label|labels|soft_labels|annotations"],
        [],
    ]


def test_duplicates_keep_the_first_in_source_order() -> None:
    rows = [{"content_hash": hash_, "source": {"path": path, "row": row}} for hash_, path, row in
            [("h", "b", 0), ("h", "a", 9), ("k", "a", 1), (None, "a", 2), ("h", "a", 3)]]  # fmt: skip
    assert values("content_duplicates", "qa", *rows) == [2, 2, 0, None, 2]
    assert values("duplicate_of", "qa", *rows) == ["r4", "r4", None, None, None]


def test_text_duplicates_fold_case_spaces_and_punctuation() -> None:
    rows = [{"text": text} for text in ("Hello,  World!", "hello world", "h\u00e9llo", "He\u0301llo", "...", "other")]
    assert values("text_duplicates", "composite", *rows) == [1, 1, 1, 1, None, 0]
    assert values("text_duplicate_of", "composite", *rows) == [None, "r0", None, "r2", None, None]


def test_times() -> None:
    from datetime import UTC, datetime

    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    rows = (
        {"event_time": noon},
        {"event_time": noon, "event_time_raw": "2026-01-01 12:00"},
        {"event_time_raw": "soon"},
        {},
    )
    assert values("age_days", "qa", *rows, as_of="2026-01-02") == [0.5, 0.5, None, None]
    assert values("age_days", "qa", *rows) == [None] * 4
    assert values("future_time", "qa", *rows, as_of="2025-12-01") == [True, True, None, None]
    assert values("event_time_missing_zone", "qa", *rows) == [False, True, False, None]
    assert values("unreadable_time", "qa", *rows) == [False, False, True, None]


def test_labels() -> None:
    rows = [
        {"text": text, "label": label}
        for text, label in [("Good film!", "Pos"), ("good film", "neg"), ("x", "pos"), ("y", "Pos"), ("z", None)]
    ]
    assert values("label_conflicts", "classification", *rows) == [1, 1, 0, 0, None]
    assert values("label_variant_of", "classification", *rows) == [None, None, "Pos", None, None]
    assert values("label_count", "classification", *rows) == [2, 1, 1, 2, None]
    many = [{"label": "a"}] * 30 + [{"label": "b"}] * 29 + [{"label": "c"}]
    assert values("label_in_vocabulary", "classification", *many)[-2:] == [True, False]
    voted = {"label": "a", "annotations": [{"label": "a"}, {"label": "b"}, {"label": None}]}
    assert values("annotator_agreement", "classification", voted, {"label": "a"}) == [0.5, None]
    soft = {"label": "a", "soft_labels": [{"label": "a", "p": 0.25}, {"label": "b", "p": 0.75}]}
    assert values("label_probability", "classification", soft, {"label": "c", "soft_labels": soft["soft_labels"]}) == [
        0.25,
        0.0,
    ]


def test_answers() -> None:
    context = [
        {
            "type": "text",
            "text": "The tower of London was begun in 1066 by William, who wanted to keep the city in hand for good.",
        }
    ]
    rows = (
        {"best_answer": "in 1066", "context": context},
        {"best_answer": "1166", "context": context},
        {"best_answer": "yes", "context": context},
        {"best_answer": "1066"},
    )
    assert values("answer_in_context", "qa", *rows) == [True, False, None, None]
    spans = [{"text": "London", "span_start": 13}, {"text": "London", "span_start": 12}]
    assert values("span_mismatches", "qa", {"answers": spans, "context": context}, {"answers": spans}) == [1, None]
    assert values("answer_repeats_prompt", "qa", {"prompt": "Why?", "best_answer": "why"}, {"prompt": "Why?"}) == [
        True,
        None,
    ]
    assert values("empty_answer", "qa", {"best_answer": " "}, {"messages": [said("assistant", "a")]}, {}) == [
        True,
        False,
        True,
    ]
    assert values(
        "refusal",
        "qa",
        {"best_answer": "I\u2019m sorry, but I can\u2019t help with that."},
        {"best_answer": "I can help."},
    ) == [True, False]
    assert values(
        "ai_boilerplate", "qa", {"best_answer": "As an AI language model, I"}, {"best_answer": "An AI model is"}
    ) == [True, False]


@pytest.mark.parametrize(
    ("roles", "ok"),
    [
        pytest.param(["system", "user", "assistant"], True, id="system first"),
        pytest.param(["user", "assistant", "tool", "assistant"], True, id="a tool after the assistant"),
        pytest.param(["user", "user", "assistant"], False, id="two users"),
        pytest.param(["assistant", "user", "assistant"], False, id="the assistant first"),
        pytest.param(["user", "assistant", "user"], False, id="no last answer"),
        pytest.param(["user", "system", "assistant"], False, id="system in the middle"),
        pytest.param(["user", "narrator"], False, id="an unknown role"),
        pytest.param([], None, id="no messages"),
    ],
)
def test_role_order(roles: list[str], ok: bool | None) -> None:
    assert values("role_order_ok", "qa", {"messages": [said(role, "x") for role in roles]}) == [ok]


def test_reasoning() -> None:
    steps = [{"text": "1) 48/2 = 24"}, {"text": "2) 48 + 24 = 73"}, {"text": "3) So it is 1,073."}]
    row = {"question": "How many?", "steps": steps, "final_answer": "1073"}
    assert values("arithmetic_errors", "reasoning", row, {"steps": [{"text": "x + 1 = 2"}]}) == [1, None]
    assert values("answer_in_last_step", "reasoning", row, {**row, "final_answer": "99"}, {**row, "steps": []}) == [
        True,
        False,
        None,
    ]
    gap = [{"text": "1) a"}, {"text": "3) c"}]
    indexed = [{"index": 0, "text": "a"}, {"index": 1, "text": "b"}]
    numbered = (row, {"steps": gap}, {"steps": indexed}, {"steps": [{"text": "a"}]})
    assert values("step_numbering_ok", "reasoning", *numbered) == [True, False, True, None]
    assert values("empty_steps", "reasoning", {"steps": [{"text": " "}, {"text": "a"}]}, {}) == [1, None]
    assert values("verifier_failed", "reasoning", {"verifier": {"passed": False}}, {}) == [True, None]


def call(name: str, given: str = "{}", **more: Any) -> dict[str, Any]:
    return {"tool_name": name, "tool_input_json": given, **more}


def test_agents() -> None:
    calls = [
        call("a", tool_output_text="Error: no"),
        call("a", tool_output_text="fine"),
        call("b", is_error=True),
        call("c"),
    ]
    row = {
        "steps": [{"step_number": i + 1, "tool_calls": [one]} for i, one in enumerate(calls)],
        "tools": [{"name": "a"}],
    }
    assert values("tool_error_share", "agentic", row, {"steps": []}) == [pytest.approx(2 / 3), None]
    assert values("calls_without_result", "agentic", row, {**row, "completeness": {"content_captured": False}}) == [
        1,
        None,
    ]
    assert values("undeclared_tools", "agentic", row, {**row, "tools": None}) == [["b", "c"], None]
    assert values("repeated_calls", "agentic", row, {"steps": [{"tool_calls": [call("a"), call("a", '{"x":1}')]}]}) == [
        1,
        0,
    ]
    assert values("step_order_ok", "agentic", row, {"steps": row["steps"][::-1]}, {"steps": [{}]}) == [
        True,
        False,
        None,
    ]
    broken = {
        "steps": [
            {
                "tool_calls": [
                    {"tool_name": "a", "tool_input_raw": '{"x": '},
                    {"tool_name": "a", "tool_input_raw": "cats"},
                ]
            }
        ]
    }
    assert values("invalid_tool_inputs", "agentic", broken) == [1]
    assert values("outcome_missing", "agentic", {"outcome": {"success": False}}, {}) == [False, True]
    failed = {"steps": [{"tool_calls": [call("a", is_error=True)]}], "outcome": {"success": True}}
    assert values("success_after_failed_call", "agentic", failed, {**row, "outcome": {"success": True}}, row) == [
        True,
        True,
        None,
    ]


def test_media() -> None:
    png = {"uri": "a.jpg", "mime": "image/jpeg", "bytes": b"\x89PNG\r\n\x1a\n0000"}
    assert values("media_type_mismatches", "multimodal", {"media": [png]}, {"media": [{"uri": "x"}]}) == [1, None]
    assert values("media_without_source", "multimodal", {"media": [png, {"mime": "image/png"}]}, {}) == [1, None]
    two = {"text": "<image> and <image>", "media": [png]}
    assert values("media_places_ok", "multimodal", two, {**two, "media": [png, png]}, {"text": "none"}) == [
        False,
        True,
        None,
    ]
    assert values("media_duplicates", "multimodal", {"media": [png, png]}, {"media": [png]}, {"media": []}) == [
        1,
        1,
        None,
    ]


def test_episodes() -> None:
    def step(n: int, state: str, following: str | None, **more: Any) -> dict[str, Any]:
        result = {"next_state_json": following, **more}
        return {"scenario_id": "s", "episode_id": "e", "step_index": n, "state_json": state, "result": result}

    rows = [
        step(2, '{"x": 3, "y": 0}', None, terminated=False),
        step(0, '{"x": 1}', '{"x":2.0}'),
        step(1, '{"x": 2}', '{"y": 0, "x": 4}'),
        step(5, "{}", None, terminated=False),
        {"state_json": "{}"},
    ]
    assert values("state_continuity", "simulation", *rows) == [None, True, False, None, None]
    assert values("missing_steps_before", "simulation", *rows) == [0, 0, 0, 2, None]
    assert values("episode_end_missing", "simulation", *rows) == [None, None, None, True, None]
    assert values("repeated_steps", "simulation", *rows, step(5, "{}", None)) == [0, 0, 0, 1, None, 1]
    bad = (
        {"state_tensor": [1.0, float("nan"), float("inf")], "result": {"reward": float("nan")}},
        {"state_json": '{"x": NaN}'},
        {},
    )
    assert values("nonfinite_numbers", "simulation", *bad) == [3, 1, None]


def test_sensors() -> None:
    from datetime import UTC, datetime, timedelta

    def reading(seconds: int, **channels: float | None) -> dict[str, Any]:
        data = [{"channel": name, "value": value, "unit": "C"} for name, value in channels.items()]
        return {
            "stream_id": "s",
            "timestamp": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds),
            "sensor_data": data,
        }

    rows = [reading(10 * i, temp_c=20.0 + i, ph=7.0) for i in range(30)] + [
        reading(590, temp_c=-400.0),
        reading(590, ph=None),
    ]
    assert values("sensor_gap_s", "domain_log", *rows)[-3:] == [10.0, 300.0, 0.0]
    assert values("sensor_gap_ratio", "domain_log", *rows)[-2] == 30.0
    assert values("duplicate_timestamps", "domain_log", *rows)[-3:] == [0, 1, 1]
    assert values("dropped_channels", "domain_log", *rows)[-3:] == [[], ["ph"], ["ph", "temp_c"]]
    assert values("out_of_range", "domain_log", *rows)[-3:] == [[], ["temp_c"], None]
    assert values("empty_readings", "domain_log", *rows)[-2:] == [0, 1]
    assert values("out_of_order", "domain_log", reading(5, ph=7.0), reading(3, ph=7.0), {}) == [False, True, None]
    kelvin = {**reading(600, temp_c=293.0)}
    kelvin["sensor_data"][0]["unit"] = "K"
    assert values("unit_changes", "domain_log", *rows, kelvin)[-1] == ["temp_c"]
    stuck = [reading(i, temp_c=float(min(i, 12))) for i in range(20)]
    assert values("flatline_run", "domain_log", *stuck)[10:14] == [1, 1, 8, 8]
    setting = [reading(i, temp_c=5.0) for i in range(20)]
    assert values("flatline_run", "domain_log", *setting) == [1] * 20


def test_preferences() -> None:
    def pair(left: str, right: str, **more: Any) -> dict[str, Any]:
        texts = [{"messages": [said("assistant", text)]} for text in (left, right)]
        return {"prompt": [said("user", "p")], "candidates": texts, "resolution": {"chosen": 0, "rejected": 1}, **more}

    assert values("chosen_equals_rejected", "preference", pair("a", "a "), pair("a", "b"), {}) == [True, False, None]
    assert values("empty_candidates", "preference", pair("", "b"), {}) == [1, None]
    assert values("repeated_candidates", "preference", pair("a", "a"), pair("a", "b")) == [1, 0]
    assert values("length_ratio", "preference", pair("aaaa", "bb"), pair("", "b")) == [2.0, None]
    votes = [{"choice": 0}, {"choice": 1}, {"choice": 1}, {"tie": True}]
    assert values("votes_against_resolution", "preference", pair("a", "b", votes=votes), pair("a", "b")) == [
        pytest.approx(2 / 3),
        None,
    ]
    assert values("vote_agreement", "preference", pair("a", "b", votes=votes), pair("a", "b", votes=votes[:1])) == [
        0.5,
        None,
    ]
    assert values("preference_conflicts", "preference", pair("a", "b"), pair("b", "a"), pair("a", "c")) == [1, 1, 0]


def test_language_is_told_by_the_bundled_model_and_not_guessed_for_a_few_letters() -> None:
    rows = [
        {"text": t}
        for t in (
            "The quick brown fox jumps over the lazy dog.",
            "Der schnelle braune Fuchs springt \u00fcber den Hund.",
            "ok",
            None,
        )
    ]
    assert values("language", "composite", *rows) == ["en", "de", None, None]
    scores = values("language_score", "composite", *rows)
    assert scores[0] > 0.5
    assert scores[2:] == [None, None]
