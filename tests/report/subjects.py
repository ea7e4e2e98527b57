"""Datasets made of plain Arrow, as the report takes them: rows, signals and rules, without a store."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from assay.records.schema import schema_of
from assay.report.model import SignalInfo, Subject
from assay.rules import Ruleset, evaluate, parse_rules

RULES = """
name: test
rules:
  - {name: too_short, dimension: completeness, when: word_count < 4, action: drop}
  - {name: long_answer, dimension: validity, when: word_count > 400, action: review}
  - {name: odd_bullets, dimension: validity, when: bullet_line_share > 0.9, action: drop, on_null: pass}
  - {name: exact_duplicate, dimension: uniqueness, when: copies > 0, action: drop}
  - {name: not_english, dimension: consistency, when: language_score < 0.6 and language <> 'en', action: review}
  - {name: old, dimension: timeliness, when: age_days > 1000, action: warn, on_null: pass}
  - {name: never, dimension: accuracy, when: arithmetic_errors > 5, action: drop}
"""
SIGNALS: dict[str, tuple[pa.DataType, str, str | None]] = {
    "word_count": (pa.int64(), "words", "completeness"),
    "bullet_line_share": (pa.float64(), "share of lines", "validity"),
    "copies": (pa.int64(), "records", "uniqueness"),
    "language": (pa.large_string(), "", None),
    "language_score": (pa.float64(), "probability", "consistency"),
    "age_days": (pa.float64(), "days", "timeliness"),
    "arithmetic_errors": (pa.int64(), "errors", "accuracy"),
    "truncated": (pa.bool_(), "", "completeness"),
}
DOMAINS = ("billing", "legal", "medical", "shipping", "software", "sports", "travel")
TEXT = (
    "the customer asked whether an invoice could be paid later and we said that it can be paid within thirty days"
    " of receipt unless the contract names another term which the account manager would then confirm in writing"
)
WORDS = TEXT.split()


def rows_of(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """QA rows with uneven domains; legal is full of copies, sports of lists, medical lacks dates."""
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        domain = rng.choices(DOMAINS, (30, 14, 12, 9, 20, 5, 10))[0]
        words = max(1, int(rng.lognormvariate(4.2, 1.0)))
        copy = rng.random() < (0.2 if domain == "legal" else 0.02)
        rows.append(
            {
                "record_id": f"{domain}-{i:06d}",
                "kind": "qa",
                "schema_version": 1,
                "domain": domain if i % 97 else None,
                "origin": rng.choices(("human", "model", "unknown"), (70, 22, 8))[0],
                "license": rng.choices(("CC-BY-4.0", "MIT", None), (60, 30, 10))[0],
                "source": {"path": f"{domain}/part-{i % 3}.jsonl", "row": i, "offset": i * 400, "format": "jsonl"},
                "content_hash": f"{i:032x}",
                "raw": {"length": 400},
                "text": " ".join(rng.choices(WORDS, k=min(words, 90))).capitalize() + ".",
                "prompt": "What is the term?",
                "best_answer": "Thirty days.",
                "word_count": words,
                "bullet_line_share": None
                if i % 11 == 0
                else min(1.0, rng.betavariate(1, 9 if domain != "sports" else 1)),
                "copies": rng.randint(1, 4) if copy else 0,
                "language": rng.choices(("en", "de", "fr", "es"), (88, 6, 4, 2))[0],
                "language_score": min(1.0, rng.betavariate(9, 1)),
                "age_days": None if domain == "medical" else rng.uniform(3, 1400),
                "arithmetic_errors": 0,
                "truncated": rng.random() < 0.03,
            }
        )
    return rows


def table_of(rows: Sequence[dict[str, Any]], kind: str = "qa") -> pa.Table:
    fields = [*schema_of(kind), *(pa.field(name, dtype) for name, (dtype, _, _) in SIGNALS.items())]
    return pa.Table.from_pylist(list(rows), schema=pa.schema(fields))


def ruleset_of(text: str = RULES) -> Ruleset:
    return Ruleset.of("test", parse_rules(text))


def subject_of(
    table: pa.Table, *, dataset: str = "support.qa", ruleset: Ruleset | None = None, batch_rows: int = 1000
) -> Subject:
    kind = dataset.rpartition(".")[2]

    def scan(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from table.select(list(columns)).to_batches(max_chunksize=batch_rows)

    def take(ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        wanted = {record_id: place for place, record_id in enumerate(table["record_id"].to_pylist())}
        return table.select(list(columns)).take([wanted[record_id] for record_id in ids])

    return Subject(
        dataset=dataset,
        kind=kind,
        version="v3",
        scan=scan,
        take=take,
        decisions=None if ruleset is None else evaluate(ruleset.rules, table, kind),
        ruleset=ruleset,
        signals=[SignalInfo(name, unit, dim, 1, "0" * 32) for name, (_, unit, dim) in SIGNALS.items()],
        coverage={"completeness": ["word_count"], "uniqueness": ["copies"]},
        digest="d" * 64,
    )
