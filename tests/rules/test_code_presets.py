"""The presets math, code and agents: every rule fires on a record that was broken for it, and none on a clean one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.records.schema import schema_of
from assay.rules import evaluate, load_ruleset
from assay.signals import measure_rows, signals_for


def fired(preset: str, kind: str, *rows: dict[str, Any], **params: Any) -> list[set[str]]:
    """Names of the rules that fire on each record."""
    filled = [
        {"record_id": f"r{i}", "source": {"uri": "u", "path": "f", "row": i}, **row} for i, row in enumerate(rows)
    ]
    table = pa.Table.from_pylist(filled, schema=schema_of(kind))
    ruleset = load_ruleset(preset)
    for name, value in measure_rows(signals_for(kind, list(ruleset.columns(kind))), [table], kind, params)[0].items():
        table = table.append_column(name, value)
    return [set(names) for names in evaluate(ruleset.for_kind(kind), table, kind)["rules"].to_pylist()]


def rules(preset: str, kind: str) -> set[str]:
    return {rule.name for rule in load_ruleset(preset).for_kind(kind)}


def solved(*steps: str, answer: str, gold: str) -> dict[str, Any]:
    return {
        "steps": [{"text": step} for step in steps],
        "final_answer": answer,
        "extra_json": json.dumps({"gold": gold}),
    }


def test_math() -> None:
    pytest.importorskip("math_verify")
    clean = solved("Step 1: A = 3 + 4 = 7", "Step 2: 7 * 2 = <<7*2=14>>14", answer="14", gold="14.0")
    broken = solved("Step 1: A = 3 + 4 = 7", "Step 3: 7 * 2 = <<7*2=15>>15", "Step 4: A = 9", answer="16", gold="14")
    assert fired("math", "reasoning", clean, broken) == [set(), rules("math", "reasoning")]


def test_code(tmp_path: Path) -> None:
    pytest.importorskip("tree_sitter")
    stated = tmp_path / "packages.txt"
    stated.write_text("numpy\n")
    clean = "```python\nimport numpy as np\nnp.zeros(3)\n```\n```sql\nSELECT 1\n```\n"
    broken = "```python\nimport numpy as np, nowhere\nnp.float(3\n```\n```sql\nSELECT FROM (\n```\n```sh\necho"
    found = fired("code", "composite", {"text": clean}, {"text": broken}, packages=str(stated))
    assert found == [set(), rules("code", "composite")]


def session(*calls: dict[str, Any], schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    steps = [{"step_number": i + 1, "tool_calls": [call]} for i, call in enumerate(calls)]
    return {"steps": steps, "tools": [{"name": "add", "parameters_json": json.dumps(schema)}], **more}


def test_agents() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    good = {"tool_name": "add", "tool_input_json": '{"a":1}', "tool_output_text": "2"}
    ended = {"outcome": {"success": True}}
    clean = session(good, schema=schema, **ended)
    failing = [{"tool_name": "sub", "tool_input_json": f'{{"a":{i}}}', "is_error": True} for i in range(3)]
    stuck = [{**good, "tool_input_json": '{"a":"x"}', "is_error": True}] * 5
    broken = session(
        good, {**good, "tool_output_text": None}, {**good, "tool_input_json": None, "tool_input_raw": '{"a":'},
        *stuck, *failing, schema={"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}}, **ended,
    )  # fmt: skip
    broken["steps"][0]["step_number"] = 9
    broken["steps"][-1]["finish_reason"] = "length"
    broken["tools"].append({"name": "bad", "parameters_json": '{"type": "dict"}'})
    silent = session(good, schema=schema)
    found = fired("agents", "agentic", clean, clean, broken, silent)
    assert found[:2] == [set(), set()]
    assert found[2] | found[3] == rules("agents", "agentic")
    assert found[3] == {"outcome_missing"}
