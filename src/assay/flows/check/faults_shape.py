"""Faults of a record's shape: fields that no other record has, and what each kind says of itself is wrong."""

from __future__ import annotations

from typing import Any

from assay.flows.check.faults import Plant, breaks, fault, one
from assay.flows.check.seeds import Seed, encoded

# A shape is rare below one in a thousand; more records than this show it.
CROWD = 1200
_LONGEST = 4000  # bytes of a record worth copying so often
_ODD: dict[str, dict[str, Any]] = {
    "classification": {"label_set": "planted"},
    "qa": {"context": ["planted"]},
    "reasoning": {"verifier": {"name": "planted", "passed": True}, "final_answer": ""},
    "composite": {"media": [{"uri": "planted.png"}]},
    "agentic": {"parent_session_id": "planted"},
    "multimodal": {"annotations_json": {"planted": 1}},
    "simulation": {"task": "planted"},
    "domain_log": {"severity": "planted"},
    "preference": {"tools_json": [{"name": "planted"}]},
}


@breaks("field_set_share", "fields that no other record fills", most=1)
def _odd(seed: Seed, length: int) -> Plant | str:
    line = encoded(seed.obj)
    if len(line) > _LONGEST:
        return f"its records are too long to be copied {CROWD:,} times"
    obj = {**seed.canonical(), **_ODD[seed.kind]}
    changed = seed.read(obj)
    if changed is None or set(changed.payload) == set(seed.decoded.payload):
        return "it fills that field already"
    return Plant([*[line] * CROWD, encoded(obj)], CROWD)


@breaks("spilled_cells", "a cell that spilled into a column without a name")
def _spilled(seed: Seed, length: int) -> Plant | str:
    obj = {**seed.canonical(), "c97": " and the rest of the sentence"}
    return one(obj) if seed.read(obj) is not None else "so changed it is another kind of record"


@fault("a label with spaces around it", "label_spaces", kinds=("classification",))
def _spaced(seed: Seed, length: int) -> Plant | str:
    label = seed.decoded.payload.get("label")
    return one({**seed.canonical(), "label": f" {label} "}) if label else "it has no single label"


@breaks("validity_problems", "what its own kind does not allow")
def _against_its_kind(seed: Seed, length: int) -> Plant | str:
    obj = seed.canonical()
    payload = seed.decoded.payload
    # Only what no other rule of the set speaks of: the rule leaves those to them.
    if seed.kind == "classification" and payload.get("label"):
        obj["labels"] = ["planted", "not it"]
    elif seed.kind == "qa" and payload.get("messages"):
        obj["messages"] = [*obj["messages"], {"role": "user", "content": []}, {"role": "assistant", "content": "Yes."}]
    elif seed.kind == "composite":
        obj["text"] = f"{payload.get('text') or ''}\x00"
    elif seed.kind == "agentic":
        call = {"tool_name": "planted_tool", "call_id": "planted", "tool_input_json": "{}", "tool_output_json": "{}"}
        obj["steps"] = [*(obj.get("steps") or []), {"tool_calls": [call, call]}]
    elif seed.kind == "simulation":
        obj["step_index"] = -1
    elif seed.kind == "domain_log":
        obj["sensor_data"] = [{"channel": "planted", "value": 1.5}, {"channel": "planted", "value": 2.5}]
    elif seed.kind == "preference":
        obj["resolution"] = {"chosen": 7, "rejected": 0}
    else:
        return "whatever its kind does not allow has a rule of its own"
    return one(obj) if seed.read(obj) is not None else "so changed it is another kind of record"
