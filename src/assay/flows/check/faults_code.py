"""Faults of tool inputs that are JSON and not what the tool takes; by the signal that sees them."""

from __future__ import annotations

from assay.flows.check.faults import Plant, breaks, one
from assay.flows.check.seeds import Seed

_TAKES = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


@breaks("tool_input_schema_errors", "a tool input against the tool's JSON Schema")
def _wrong_input(seed: Seed, length: int) -> Plant | str:
    obj = seed.canonical()
    steps = list(obj.get("steps") or [])
    last = max((step.get("step_number") or 0 for step in steps), default=0)
    call = {"tool_name": "planted_tool", "tool_input_json": '{"n":"one"}', "tool_output_json": '{"ok":true}'}
    tools = [*(obj.get("tools") or []), {"name": "planted_tool", "description": "Planted.", "parameters": _TAKES}]
    changed = {**obj, "steps": [*steps, {"step_number": last + 1, "tool_calls": [call]}], "tools": tools}
    decoded = seed.read(changed)
    if decoded is None:
        return "so changed it is another kind of record"
    return one(changed)
