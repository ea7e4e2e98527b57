"""`assay check` on QA records: seconds and peak memory, start-up apart, against json.loads of every line."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from benchmarks.corpora import WORK, qa_lines
from benchmarks.measure import cost


def run(records: int) -> dict[str, Any]:
    WORK.mkdir(parents=True, exist_ok=True)
    source, tiny = WORK / f"check_{records}.jsonl", WORK / "one.jsonl"
    source.write_bytes(b"".join(qa_lines(records)))
    tiny.write_bytes(next(qa_lines(1)))
    command = [sys.executable, "-m", "assay.cli.main", "--json", "check"]
    start = cost([*command, str(tiny)])
    spent = cost([*command, str(source)])
    started = time.perf_counter()
    with source.open() as lines:
        seen = sum(1 for line in lines if json.loads(line))
    oracle = time.perf_counter() - started
    return spent.as_json() | {
        "records": seen,
        "start_up_s": round(start.wall_s, 2),
        "json_loads_s": round(oracle, 2),
        "times json.loads": round(spent.wall_s / oracle, 1),
    }
