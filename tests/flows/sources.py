"""Small input files with known faults, and a workspace taken through ingest, measure and decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay.flows.decide import decide
from assay.flows.ingest import ingest
from assay.store import Workspace

RULES = """
name: tests
rules:
  - {name: copies, dimension: uniqueness, when: duplicate_of is not null, action: drop}
  - {name: short, dimension: completeness, kinds: [qa], when: word_count < 4, action: review}
  - {name: old, dimension: timeliness, when: age_days > 100, action: warn, on_null: pass}
"""


def write_sources(folder: Path) -> Path:
    """Two folders of QA and one of reasoning: 60 + 30 + 10 records, some copied, some short, some broken."""
    made: dict[str, list[dict[str, Any]]] = {"qa/a.jsonl": [], "qa/b.jsonl": [], "maths/c.jsonl": []}
    for i in range(60):
        said: dict[str, Any] = {"id": f"a{i}", "prompt": f"What is item number {i}?", "best_answer": f"It is {i}."}
        if i % 10 == 0:
            said["best_answer"] = said["prompt"] = "hm"
        if i % 7 == 0:
            said["split"] = "test"
        made["qa/a.jsonl"].append(said)
    for i in range(30):
        said = {"question": f"Why does thing {i // 2} happen so often?", "answer": f"Because of cause {i // 2}."}
        made["qa/b.jsonl"].append({**said, "domain": ("legal", "sports")[i % 4 // 2]})
    for i in range(10):
        steps = [f"1) take {i}", "2) double it"]
        made["maths/c.jsonl"].append({"id": f"r{i}", "question": f"2*{i}?", "steps": steps, "final_answer": str(2 * i)})
    for name, rows in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(row) for row in rows]
        if name == "qa/b.jsonl":
            lines.insert(3, '{"question": "broken')
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    return folder


def decided(folder: Path, *, workers: int = 1, **options: Any) -> Workspace:
    """A workspace in `folder`, with the sources beside it ingested and decided."""
    sources = write_sources(folder / "in")
    ws = Workspace.init(folder / "ws")
    ingest(ws, "tickets", [sources / "qa", sources / "maths"], license="MIT", workers=workers, **options)
    decide(ws, "tickets", sources / "rules.yaml", workers=workers)
    return ws
