"""Versions of a table of a million records: diff in seconds, rollback in milliseconds, against an obvious oracle."""

from __future__ import annotations

import json
import shutil
import time
from typing import Any

import assay
from benchmarks.corpora import WORK


def run(records: int) -> dict[str, Any]:
    home = WORK / "history"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    first, second = home / "first.jsonl", home / "second.jsonl"
    with first.open("w") as one, second.open("w") as two:
        for n in range(records):
            one.write(json.dumps({"id": f"r{n}", "prompt": f"What is {n} + {n}?", "best_answer": str(2 * n)}) + "\n")
            if n % 100 == 0:  # one record in a hundred is corrected
                two.write(
                    json.dumps({"id": f"r{n}", "prompt": f"What is {n} + {n}?", "best_answer": f"{2 * n}."}) + "\n"
                )
        for n in range(records, records + 1000):
            two.write(json.dumps({"id": f"r{n}", "prompt": f"What is {n} + {n}?", "best_answer": str(2 * n)}) + "\n")
    ws = assay.open(home / "ws", create=True)
    ws.ingest("sums", [str(first)])
    ws["sums"].tag("first")
    ws.ingest("sums", [str(second)], on_conflict="new-version")
    timed: dict[str, Any] = {"records": records}

    started = time.perf_counter()
    found = ws["sums"].diff("first", "HEAD")
    timed["diff_s"] = round(time.perf_counter() - started, 3)
    timed["diff"] = {"added": found.added, "removed": found.removed, "changed": found.changed}

    started = time.perf_counter()
    expected = _oracle(ws)
    timed["oracle_s"] = round(time.perf_counter() - started, 3)
    if expected != timed["diff"]:
        raise AssertionError(f"the oracle says {expected}, diff said {timed['diff']}")

    started = time.perf_counter()
    ws["sums"].rollback("first")
    timed["rollback_ms"] = round((time.perf_counter() - started) * 1000, 1)
    timed["ratio diff to oracle"] = round(timed["oracle_s"] / timed["diff_s"], 1)
    return timed


def _oracle(ws: Any) -> dict[str, int]:
    """Two dictionaries of everything, compared."""
    table = ws.store.dataset("sums.qa")
    sides = []
    for ref in ("first", "HEAD"):
        rows: dict[str, str] = {}
        for batch in table.scan(ref, columns=["record_id", "prompt", "best_answer"]):
            rows.update({r["record_id"]: f"{r['prompt']}\0{r['best_answer']}" for r in batch.to_pylist()})
        sides.append(rows)
    a, b = sides
    return {
        "added": len(b.keys() - a.keys()),
        "removed": len(a.keys() - b.keys()),
        "changed": sum(a[k] != b[k] for k in a.keys() & b.keys()),
    }
