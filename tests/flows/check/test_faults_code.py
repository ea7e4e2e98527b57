"""A tool input that breaks its schema, planted into a user's sessions, is caught by its rule and by no clean record."""

from __future__ import annotations

import json
from pathlib import Path

from assay.flows.check import check


def test_a_planted_tool_input_is_caught_and_clean_sessions_are_silent(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    rows = []
    for i in range(20):
        call = {"tool_name": "weather", "tool_input_json": json.dumps({"city": f"Town {i}"}), "tool_output_text": "sun"}
        rows.append(
            {
                "session_id": f"s{i}",
                "task": {"instruction": f"How is the weather in town {i}?"},
                "tools": [{"name": "weather", "parameters": schema}],
                "steps": [{"step_number": 1, "tool_calls": [call]}],
                "outcome": {"success": True, "final_answer": f"It is sunny in town {i}."},
            }
        )
    path = tmp_path / "sessions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = check([str(path)], prove=True)
    [proof] = [one for one in result.proof if one.rule == "tool_input_schema_errors"]
    assert proof.planted > 0
    assert proof.caught == proof.planted
    assert "tool_input_schema_errors" not in "\n".join(check([str(path)]).lines())
