"""Release parts of every kind, decoded from plain JSON as an ingest would, without a store."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from assay.core.ids import canonical_json
from assay.records import Decoder, Row, record_id_of, to_batch
from assay.records.schema import schema_of
from assay.release import Part

# One of each kind, as people write them (records.md), and a few without an id or with more than the columns hold.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "classification": [
        {"id": "c1", "text_input": "fine", "label": "positive"},
        {"id": "c2", "text_input": "bad", "label": "negative", "split": "test", "note": {"by": ["x", None]}},
        {"text": "no id here", "label": "neutral", "domain": "shops"},
    ],
    "qa": [
        {"id": "q1", "prompt": "When is it due?", "best_answer": "In thirty days."},
        {"id": 7, "question": "Why?", "answer": "Because.", "context": "It is so because.", "license": "MIT"},
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}], "score": 0.5},
        {"id": "q4", "question": "No answer?", "answer": ""},
    ],
    "reasoning": [
        {"id": "r1", "question": "4*7", "chain_of_thought": ["1) 4*7", "2) = 28"], "final_answer": "28"},
        {"question": "2+2", "chain_of_thought": ["two and two"], "final_answer": "4", "level": 3},
    ],
    "composite": [
        {"id": "d1", "domain": "legal", "text": "Whereas.", "metadata": {"source": "x", "date": "2025-04-10"}}
    ],
    "agentic": [
        {
            "session_id": "s1",
            "steps": [
                {
                    "step_number": 1,
                    "tool_name": "InventoryDB",
                    "tool_input": {"sku": 1},
                    "tool_output": {"left": 3},
                    "reasoning": "look first",
                }
            ],
        }
    ],
    "multimodal": [{"id": "m1", "text_description": "Red shoes", "image_path": "images/a.jpg", "label": "footwear"}],
    "simulation": [
        {
            "scenario_id": "sim_101",
            "environment": "warehouse_sim",
            "robot_position": {"x": 4.2, "y": 7.9, "theta": 90},
            "action_taken": "pick_box",
            "result": "success",
            "notes": "fine",
        }
    ],
    "domain_log": [
        {
            "record_id": "h1",
            "domain": "biotech_lab",
            "sensor_data": {"temp_c": 37.2, "ph_level": 6.9},
            "timestamp": "2025-06-12T10:05:00Z",
            "event_summary": "calm",
        }
    ],
    "preference": [{"prompt": "Say hi", "chosen": "hi", "rejected": "no", "id": "p1"}],
}


def decoded_rows(
    kind: str, objects: Sequence[dict[str, Any]], *, path: str = "a.jsonl", domain: str | None = "given"
) -> list[Row]:
    decoder, rows, seen, offset = Decoder(kind), [], {}, 0
    for row, said in enumerate(objects):
        decoded = decoder.decode(said)
        occurrence = seen.get(decoded.content_hash, 0)
        seen[decoded.content_hash] = occurrence + 1
        length = len(canonical_json(said))
        source = {"uri": "/home/me/in", "path": path, "row": row, "offset": offset, "format": "jsonl"}
        rows.append(
            Row(
                decoded,
                record_id_of(decoded, path, occurrence, row),
                source,
                {"offset": offset, "length": length},
                domain=domain,
                origin="human",
                license="CC-BY-4.0",
            )
        )
        offset += length + 1
    return rows


def table_of(kind: str, rows: Sequence[Row]) -> pa.Table:
    if not rows:
        return schema_of(kind).empty_table()
    return pa.Table.from_batches([to_batch(kind, rows)])


def many(count: int, *, seed: int = 0) -> pa.Table:
    """QA records from three files, in the order of reading."""
    rng = random.Random(seed)
    files: dict[str, list[dict[str, Any]]] = {"a.jsonl": [], "b/c.jsonl": [], "b/d.jsonl": []}
    for i in range(count):
        said: dict[str, Any] = {"prompt": f"question {i} " + "x" * rng.randint(0, 90), "best_answer": f"answer {i}"}
        if rng.random() < 0.5:
            said["id"] = f"id-{i}"
        if rng.random() < 0.1:
            said["split"] = rng.choice(("train", "test", "Dev Set"))
        if rng.random() < 0.2:
            said["domain"] = rng.choice(("legal", "sports"))
        files[rng.choice(sorted(files))].append(said)
    return pa.concat_tables([table_of("qa", decoded_rows("qa", said, path=path)) for path, said in files.items()])


def decisions_of(table: pa.Table, drop_every: int = 3, review_every: int = 7) -> pa.Table:
    """The last of every three rows dropped; of the others, the last of every seven for review."""
    actions, rules = [], []
    for i in range(table.num_rows):
        out = (
            "drop" if i % drop_every == drop_every - 1 else "review" if i % review_every == review_every - 1 else "keep"
        )
        actions.append(out)
        rules.append([] if out == "keep" else [f"{out}_rule"])
    return pa.table(
        {
            "record_id": table["record_id"],
            "action": pa.array(actions),
            "rules": pa.array(rules, pa.list_(pa.large_string())),
        }
    )


def part_of(
    table: pa.Table,
    kind: str = "qa",
    *,
    name: str = "tickets",
    decisions: pa.Table | None = None,
    batch_rows: int = 100,
) -> Part:
    def scan(columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        chosen = table if columns is None else table.select(list(columns))
        yield from chosen.to_batches(max_chunksize=batch_rows)

    return Part(
        dataset=f"{name}.{kind}", kind=kind, schema=schema_of(kind), scan=scan, digest="d" * 64, decisions=decisions
    )
