"""A few records behind every number: some for each rule in each domain, and some that were kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from assay.report.model import ACTIONS, Example
from assay.report.rows import Rows, spread
from assay.rules import Rule, reason
from assay.rules.reason import placeholders

PER_RULE_AND_DOMAIN = 2
PER_RULE = 8
KEPT_PER_DOMAIN = 2
LIMIT = 400  # of one dataset; about 1 kB of HTML each
EXCERPT = 480  # characters


def examples_of(rows: Rows) -> list[Example]:
    """Evenly spread over the dataset, so that one bad file does not fill the list. In scan order."""
    chosen = _choose(rows)
    if not len(chosen):
        return []
    rules = rows.rules()
    names = {name for rule in rows.subject.rules for name in (*rule.expression.names, *placeholders(rule.reason))}
    columns = ["record_id", "source", "text", *sorted(names - {"record_id", "source", "text"})]
    ids = rows.record_id.take(chosen).to_pylist()
    table = rows.subject.take(ids, columns)
    by_id = {row["record_id"]: row for row in table.to_pylist()}
    at_row = {int(position): [] for position in chosen}  # type: dict[int, list[str]]
    for name, positions in rows.fired.items():
        for position in positions[np.isin(positions, chosen)].tolist():
            at_row[position].append(name)
    return [
        _example(rows, position, by_id[record_id], [rules[n] for n in sorted(at_row[position]) if n in rules])
        for position, record_id in zip(chosen.tolist(), ids, strict=True)
    ]


def _choose(rows: Rows) -> Any:
    chosen: set[int] = set()
    order = sorted(rows.fired, key=lambda name: (len(rows.fired[name]), name))  # the rarest are not crowded out
    for name in order:
        positions = np.sort(rows.fired[name])
        chosen.update(spread(positions, PER_RULE).tolist())
        domain = rows.domain.codes[positions]
        for code in np.unique(domain)[:20].tolist():
            chosen.update(spread(positions[domain == code], PER_RULE_AND_DOMAIN).tolist())
        if len(chosen) >= LIMIT:
            break
    kept = np.flatnonzero(rows.acted("keep"))
    domain = rows.domain.codes[kept]
    for code in np.unique(domain)[:20].tolist():
        chosen.update(spread(kept[domain == code], KEPT_PER_DOMAIN).tolist())
    return np.array(sorted(chosen), np.int64)[: LIMIT + 40]


def _example(rows: Rows, position: int, row: dict[str, Any], fired: list[Rule]) -> Example:
    source = row["source"] or {}
    return Example(
        dataset=rows.subject.dataset,
        record_id=row["record_id"],
        action=ACTIONS[rows.action[position]],
        domain=rows.domain.values[rows.domain.codes[position]],
        place=place_of(source),
        excerpt=excerpt_of(row["text"]),
        reasons=[(rule, reason(rule, row)) for rule in fired],
    )


def place_of(source: dict[str, Any]) -> str:
    """`path:row`, counting lines from 1 as editors do where the file is one of lines."""
    path, row = source.get("path") or "", source.get("row")
    if row is None:
        return path
    lines = source.get("format") in ("jsonl", "ndjson")
    return f"{path}:{row + 1}" if lines else f"{path}, row {row + 1}"


def excerpt_of(text: str | None) -> str:
    """The beginning and, of a long text, the end: cut-off answers show only there."""
    if text is None:
        return ""
    if len(text) <= EXCERPT:
        return text
    return f"{text[: EXCERPT * 3 // 4]} […] {text[-EXCERPT // 4 :]}"
