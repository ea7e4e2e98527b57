"""Each kind's own rules: one row that breaks it, and none that breaks it by silence."""

from __future__ import annotations

from typing import Any

import pytest

from assay.records import KINDS, Decoder, Row, find_problems, to_batch
from assay.records.schema import schema_of


def rules(obj: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    decoded = Decoder(kind).decode(obj)
    row = to_batch(kind, [Row(decoded, "r")]).to_pylist()[0]
    return [(problem.path, problem.rule) for problem in find_problems(kind, row)]


USER, ANSWER = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
STEP = {"tool_name": "f", "tool_input": "x"}


@pytest.mark.parametrize(
    ("kind", "obj", "found"),
    [
        ("classification", {"text": "a", "label": " Yes"}, ("$.label", "label_has_outer_spaces")),
        ("classification", {"text": "a", "label": ""}, ("$.label", "label_is_empty")),
        ("classification", {"text": "a", "labels": ["x", "x"]}, ("$.labels[1]", "label_repeated")),
        ("classification", {"text": "a", "label": "z", "labels": ["x"]}, ("$.label", "label_not_in_labels")),
        (
            "classification",
            {"text": "a", "soft_labels": {"x": 0.5, "y": 0.2}},
            ("$.soft_labels", "probabilities_do_not_add_up"),
        ),
        ("classification", {"text": "a", "soft_labels": {"x": 2}}, ("$.soft_labels[0].p", "probability_out_of_range")),
        ("qa", {"messages": [USER, USER, ANSWER]}, ("$.messages[1]", "role_repeated")),
        ("qa", {"messages": [USER, {"role": "system", "content": "s"}, ANSWER]}, ("$.messages[1]", "system_not_first")),
        ("qa", {"messages": [USER, ANSWER, USER]}, ("$.messages[2]", "no_final_answer")),
        ("qa", {"messages": [USER, {"role": "assistant"}]}, ("$.messages[1]", "message_is_empty")),
        ("qa", {"question": "a", "answer": "a"}, ("$.best_answer", "answer_repeats_prompt")),
        (
            "qa",
            {"question": "q", "context": "blue sky", "answers": [{"text": "sky", "answer_start": 0}]},
            ("$.answers[0].span_start", "span_mismatch"),
        ),
        ("reasoning", {"question": "q", "steps": ["1) a", "3) b"]}, ("$.steps[1].index", "step_number")),
        ("reasoning", {"question": "q", "steps": ["2) a"]}, ("$.steps[0].index", "step_number")),
        ("reasoning", {"question": "q", "steps": ["a", " "]}, ("$.steps[1].text", "step_is_empty")),
        ("reasoning", {"question": "q", "steps": []}, ("$.steps", "no_steps")),
        ("composite", {"text": "a\x00"}, ("$.text", "nul_character")),
        ("composite", {"text": "a\ufffd"}, ("$.text", "replacement_character")),
        ("agentic", {"steps": []}, ("$.steps", "no_steps")),
        (
            "agentic",
            {"steps": [{**STEP, "step_number": 1}, {**STEP, "step_number": 3}]},
            ("$.steps[1].step_number", "step_number"),
        ),
        (
            "agentic",
            {"steps": [STEP], "tools": [{"name": "g"}]},
            ("$.steps[0].tool_calls[0].tool_name", "tool_not_declared"),
        ),
        ("agentic", {"steps": [{"tool_input": "x"}]}, ("$.steps[0].tool_calls[0].tool_name", "tool_without_name")),
        (
            "agentic",
            {"steps": [{"tool_name": "f", "tool_input": '{"a": '}]},
            ("$.steps[0].tool_calls[0].tool_input_raw", "tool_input_not_json"),
        ),
        ("multimodal", {"media": [], "text": "a"}, ("$.media", "no_media")),
        ("multimodal", {"media": [{"path": "a.png", "width": 0}]}, ("$.media[0].width", "size_not_positive")),
        ("simulation", {"scenario_id": "s", "step": -1, "action": 1}, ("$.step_index", "step_negative")),
        ("simulation", {"step": 0, "is_first": False, "action": 1}, ("$.is_first", "first_step_unmarked")),
        ("simulation", {"step": 5, "is_first": True, "action": 1}, ("$.is_first", "first_step_late")),
        ("simulation", {"done": True, "is_last": False, "action": 1}, ("$.is_last", "ended_but_not_last")),
        ("simulation", {"scenario_id": "s", "result": "ok"}, ("$", "no_state_and_no_action")),
        ("domain_log", {"timestamp": "noon", "sensor_data": {"a": 1}}, ("$.timestamp", "time_unreadable")),
        ("domain_log", {"sensor_data": {"a": "high"}}, ("$.sensor_data[0].value", "value_not_a_number")),
        (
            "domain_log",
            {"sensor_data": [{"channel": "a", "value": 1}, {"channel": "a", "value": 2}]},
            ("$.sensor_data[1]", "channel_repeated"),
        ),
        ("preference", {"chosen": "a", "rejected": "a"}, ("$.candidates[1]", "candidates_equal")),
        ("preference", {"chosen": "a", "rejected": " "}, ("$.candidates[1]", "candidate_is_empty")),
        ("preference", {"prompt": "q", "chosen": "a"}, ("$.candidates", "too_few_candidates")),
        (
            "preference",
            {"candidates": ["a", "b"], "resolution": {"chosen": 4, "rejected": 0}},
            ("$.resolution.chosen", "no_such_candidate"),
        ),
        (
            "preference",
            {"candidates": ["a", "b"], "resolution": {"chosen": 0, "rejected": 0}},
            ("$.resolution", "chosen_is_rejected"),
        ),
    ],
)
def test_rule(kind: str, obj: dict[str, Any], found: tuple[str, str]) -> None:
    assert found in rules(obj, kind)


@pytest.mark.parametrize("kind", KINDS.names())
def test_a_row_of_nulls_breaks_no_rule_but_having_nothing_to_act_on(kind: str) -> None:
    found = find_problems(kind, dict.fromkeys(schema_of(kind).names))
    assert [p.rule for p in found] == (["no_state_and_no_action"] if kind == "simulation" else [])


@pytest.mark.parametrize(
    ("kind", "obj"),
    [
        ("qa", {"messages": [{"role": "system", "content": "s"}, USER, ANSWER]}),
        ("qa", {"turns": ["a", "b"], "answer": "c"}),
        ("reasoning", {"question": "q", "steps": ["1) a", "2) b"], "answer": "c"}),
        ("agentic", {"steps": [{**STEP, "step_number": 1}, {**STEP, "step_number": 2}], "tools": [{"name": "f"}]}),
        ("domain_log", {"timestamp": "2014-04-01 00:00:00", "value": "NA", "other": "1"}),
        ("preference", {"chosen": "a", "rejected": "b"}),
    ],
)
def test_a_sound_record_breaks_none(kind: str, obj: dict[str, Any]) -> None:
    assert rules(obj, kind) == []
