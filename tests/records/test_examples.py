"""The eight lines of the design, exactly as people write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.core.ids import canonical_json
from assay.records import Decoder, Row, find_problems, record_id_of, restore, to_batch
from assay.records.schema import schema_of

LINES = {
    "classification": '{"id":"ml_class_01","text_input":"The delivery was quick.","label":"positive"}',
    "qa": '{"id":"qa_014","prompt":"What is a stop order?","best_answer":"An order that waits for a price."}',
    "reasoning": '{"id":"reason_220","question":"What is 4 times 7?",'
    '"chain_of_thought":["1) 4 times 7 is four sevens.","2) Four sevens are 28."],"final_answer":"28"}',
    "composite": '{"id":"composite_005","domain":"legal","text":"This agreement is made between the parties.",'
    '"metadata":{"source":"court","date":"2025-04-10"}}',
    "agentic": '{"session_id":"agent_8392","steps":[{"step_number":1,"tool_name":"InventoryDB",'
    '"tool_input":{"sku":"A1"},"tool_output":{"stock":3},"reasoning":"The stock must be known first."}]}',
    "multimodal": '{"id":"multi_031","text_description":"Red running shoes, size 9",'
    '"image_path":"images/run_shoe_red.jpg","label":"footwear"}',
    "simulation": '{"scenario_id":"sim_101","environment":"warehouse_sim",'
    '"robot_position":{"x":4.2,"y":7.9,"theta":90},"action_taken":"pick_box","result":"success","notes":"second try"}',
    "domain_log": '{"record_id":"hyper_774","domain":"biotech_lab","sensor_data":{"temp_c":37.2,"ph_level":6.9},'
    '"timestamp":"2025-06-12T10:05:00Z","event_summary":"Feed pump switched on."}',
}
COLUMNS: dict[str, dict[str, Any]] = {
    "classification": {"text": "The delivery was quick.", "label": "positive", "record_id": "ml_class_01"},
    "qa": {"prompt": "What is a stop order?", "best_answer": "An order that waits for a price."},
    "reasoning": {"question": "What is 4 times 7?", "final_answer": "28", "record_id": "reason_220"},
    "composite": {"domain": "legal", "metadata_json": '{"source":"court","date":"2025-04-10"}'},
    "agentic": {"session_id": "agent_8392", "record_id": "agent_8392"},
    "multimodal": {"text": "Red running shoes, size 9", "label": "footwear"},
    "simulation": {
        "scenario_id": "sim_101",
        "state_json": '{"x":4.2,"y":7.9,"theta":90}',
        "action_json": '"pick_box"',
        "notes": "second try",
    },
    "domain_log": {"event_summary": "Feed pump switched on.", "domain": "biotech_lab", "event_time_raw": None},
}


@pytest.mark.parametrize("kind", LINES)
def test_the_example_line_loads_as_its_kind(kind: str) -> None:
    obj = json.loads(LINES[kind])
    decoded = Decoder().decode(obj)
    assert decoded.kind == kind
    assert decoded.exact
    assert decoded.extra == {}
    batch = to_batch(kind, [Row(decoded, record_id_of(decoded, "lines.jsonl", 0, 0))])
    assert batch.schema.equals(schema_of(kind), check_metadata=True)
    row = batch.to_pylist()[0]
    assert {name: row[name] for name in COLUMNS[kind]} == COLUMNS[kind]
    assert canonical_json(restore(kind, row)) == canonical_json(obj)
    assert find_problems(kind, row) == []


def test_all_eight_in_one_file_say_why() -> None:
    decoder = Decoder()
    for line in LINES.values():
        decoder.decode(json.loads(line))
    why = decoder.why()
    assert sorted(why) == sorted(LINES)
    assert why["reasoning"] == "has question, chain_of_thought as steps, final_answer"


def test_the_flat_step_becomes_a_step_with_one_call() -> None:
    step = Decoder().decode(json.loads(LINES["agentic"])).payload["steps"][0]
    assert step["step_number"] == 1
    assert step["reasoning"] == "The stock must be known first."
    assert step["tool_calls"] == [
        {"tool_name": "InventoryDB", "tool_input_json": '{"sku":"A1"}', "tool_output_json": '{"stock":3}'}
    ]


def test_numbered_thoughts_become_steps_with_their_numbers() -> None:
    steps = Decoder().decode(json.loads(LINES["reasoning"])).payload["steps"]
    assert steps == [
        {"index": 1, "text": "4 times 7 is four sevens."},
        {"index": 2, "text": "Four sevens are 28."},
    ]


def test_readings_become_channels() -> None:
    decoded = Decoder().decode(json.loads(LINES["domain_log"]))
    assert decoded.payload["sensor_data"] == [
        {"channel": "temp_c", "value": 37.2},
        {"channel": "ph_level", "value": 6.9},
    ]
    assert decoded.payload["timestamp"] == decoded.envelope["event_time"]
