"""Rows for the store's tests: small sound ones, and random ones as deep as the schemas allow."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from assay.core.ids import content_hash
from assay.records.schema import schema_of


def qa(record_id: str, answer: str = "yes", **columns: Any) -> dict[str, Any]:
    """One sound qa row. Columns given replace the defaults."""
    payload = {"prompt": f"about {record_id}?", "best_answer": answer}
    return {
        "record_id": record_id,
        "kind": "qa",
        "schema_version": 1,
        "domain": "support",
        "source": {"uri": "/in", "path": "a.jsonl", "row": 0, "offset": 0, "format": "jsonl"},
        "content_hash": content_hash(payload),
        "text": f"{payload['prompt']} {answer}",
        **payload,
        **columns,
    }


def batch(rows: Iterable[dict[str, Any]], kind: str = "qa") -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=schema_of(kind))


def table(rows: Iterable[dict[str, Any]], kind: str = "qa") -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema_of(kind))


def random_rows(kind: str, n: int, seed: int, *, start: int = 0) -> list[dict[str, Any]]:
    """Rows with every column of the kind filled at random: nulls, empty lists, null structs, text of any plane."""
    rng = random.Random(f"{kind}/{seed}")
    rows = []
    for k in range(n):
        row = {field.name: _value(field.type, rng, 0) for field in schema_of(kind)}
        rows.append({**row, "record_id": f"r{start + k:05d}", "kind": kind})
    return rows


_TEXTS = ("", "a", "plain words", "naïve café", "日本語の文", "😀" * 3, "line\nline", "\u0000", "x" * 300)


def _value(kind: pa.DataType, rng: random.Random, depth: int) -> Any:
    if rng.random() < 0.3:
        return None
    if pa.types.is_struct(kind):
        return {field.name: _value(field.type, rng, depth + 1) for field in kind}
    if pa.types.is_list(kind):
        return [_value(kind.value_type, rng, depth + 1) for _ in range(rng.choice((0, 0, 1, 2, 3 if depth < 3 else 1)))]
    if pa.types.is_large_string(kind):
        return rng.choice(_TEXTS)
    if pa.types.is_large_binary(kind):
        return rng.randbytes(rng.randrange(20))
    if pa.types.is_boolean(kind):
        return rng.random() < 0.5
    if pa.types.is_integer(kind):
        return rng.randrange(-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1))
    if pa.types.is_floating(kind):
        return rng.choice((0.0, -0.0, 1.5, -1e300, 5e-324))
    if pa.types.is_timestamp(kind):
        return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=rng.randrange(10**15))
    raise AssertionError(f"no random value for {kind}")
