"""Redaction of stored records: in the prose and in the strings of JSON columns, the same for any number of workers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.flows.ingest import ingest
from assay.flows.transform import transform
from assay.store import Workspace

SESSION = {
    "session_id": "a",
    "steps": [
        {
            "step_number": 1,
            "tool_name": "mail",
            "tool_input": {"to": ["jo@firm.com"], "n": 1.0},
            "tool_output": {"sent": "to jo@firm.com from 81.2.69.160"},
            "reasoning": "Jo is jo@firm.com",
        }
    ],
    "note": {"by": "ann@firm.com"},
}


def stored(folder: Path, workers: int) -> str:
    ws = Workspace.init(folder / ".assay")
    file = folder / "data.jsonl"
    file.write_text("".join(json.dumps({**SESSION, "session_id": f"s{n}"}) + "\n" for n in range(20)))
    ingest(ws, "data", [file])
    transform(ws, "data.agentic", "redact_pii", {"replace": "pseudonym", "key_env": "PII_KEY"}, workers=workers)
    batches = ws.dataset("data.agentic").scan()
    return json.dumps(
        sorted((row for b in batches for row in b.to_pylist()), key=lambda row: row["record_id"]), default=str
    )


def test_strings_in_json_are_redacted_with_the_same_pseudonym_for_any_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PII_KEY", "a key of more than sixteen bytes")
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = stored(tmp_path / "one", 1), stored(tmp_path / "two", 2)
    held = [{k: row[k] for k in row if k in ("steps", "text", "extra_json", "content_hash")} for row in json.loads(one)]
    assert "firm.com" not in json.dumps(held)
    assert "81.2.69.160" not in json.dumps(held)
    assert json.dumps(held).count("@example.org") > 0
    step = held[0]["steps"][0]
    pseudonym = step["reasoning"].removeprefix("Jo is ")
    assert pseudonym.endswith("@example.org")
    assert json.loads(step["tool_calls"][0]["tool_input_json"]) == {"to": [pseudonym], "n": 1.0}
    assert [row["content_hash"] for row in json.loads(one)] == [row["content_hash"] for row in json.loads(two)]
