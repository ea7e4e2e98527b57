"""One dataset's rows as small arrays in scan order: action, domain, and which rules fired where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import one_array
from assay.report.model import ACTIONS, Subject
from assay.rules import DECISIONS, Rule

NOT_GIVEN = "not given"


@dataclass(frozen=True)
class Column:
    """A text column as codes into its distinct values."""

    codes: NDArray[np.int32]
    values: list[str]

    def counts(self, mask: NDArray[np.bool_] | None = None) -> dict[str, int]:
        codes = self.codes if mask is None else self.codes[mask]
        found = np.bincount(codes, minlength=len(self.values))
        return {value: int(n) for value, n in zip(self.values, found.tolist(), strict=True) if n}


@dataclass(frozen=True)
class Rows:
    """action: int8[n] into ACTIONS, keep where nothing was decided; fired, unknown: positions (int64) by rule name."""

    subject: Subject
    record_id: pa.Array
    action: NDArray[np.int8]
    domain: Column
    origin: Column
    license: Column
    split: Column
    path: Column
    fired: dict[str, NDArray[np.int64]]
    unknown: dict[str, NDArray[np.int64]]
    decisions: pa.Table | None  # in scan order

    @property
    def count(self) -> int:
        return len(self.action)

    def acted(self, action: str) -> NDArray[np.bool_]:
        out: NDArray[np.bool_] = self.action == ACTIONS.index(action)
        return out

    def rules(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in self.subject.rules}


def read_rows(subject: Subject) -> Rows:
    """One pass over the envelope's small columns. About 100 bytes of memory for each row."""
    texts: dict[str, list[pa.Array]] = {name: [] for name in ("domain", "origin", "license", "split", "path")}
    ids: list[pa.Array] = []
    for batch in subject.scan(["record_id", "domain", "origin", "license", "split", "source"]):
        ids.append(batch.column("record_id"))
        for name in ("domain", "origin", "license", "split"):
            texts[name].append(batch.column(name).dictionary_encode())
        texts["path"].append(pc.struct_field(batch.column("source"), "path").dictionary_encode())
    record_id = one_array(pa.chunked_array(ids, pa.large_string()))
    columns = {name: _column(chunks) for name, chunks in texts.items()}
    action = np.zeros(len(record_id), np.int8)
    fired: dict[str, NDArray[np.int64]] = {}
    unknown: dict[str, NDArray[np.int64]] = {}
    table = None
    if subject.decisions is not None:
        known = one_array(subject.decisions.column("record_id")).cast(pa.large_string())
        at = pc.index_in(record_id, value_set=known)
        if at.null_count:
            raise RuntimeError(f"{subject.dataset}: {at.null_count} records without a decision")
        table = subject.decisions.select(DECISIONS.names).take(at).cast(DECISIONS)
        codes = pc.index_in(table.column("action"), value_set=pa.array(ACTIONS))
        action = codes.to_numpy().astype(np.int8)
        fired = _positions(table.column("rules"))
        unknown = _positions(table.column("unknown"))
    return Rows(subject, record_id, action, **columns, fired=fired, unknown=unknown, decisions=table)


def _column(chunks: list[pa.Array]) -> Column:
    if not chunks:
        return Column(np.zeros(0, np.int32), [])
    whole = one_array(pa.chunked_array(chunks).unify_dictionaries())
    given = [value or NOT_GIVEN for value in whole.dictionary.to_pylist()]
    order = sorted({*given, *([NOT_GIVEN] if whole.null_count else [])})
    place = np.array([order.index(value) for value in given] or [0], np.int32)
    codes = whole.indices.fill_null(-1).to_numpy()
    missing = order.index(NOT_GIVEN) if NOT_GIVEN in order else 0
    return Column(np.where(codes < 0, missing, place[np.maximum(codes, 0)]).astype(np.int32), order)


def _positions(lists: pa.ChunkedArray) -> dict[str, NDArray[np.int64]]:
    column = one_array(lists)
    parents = pc.list_parent_indices(column).to_numpy()
    names = pc.list_flatten(column).dictionary_encode()
    codes = names.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(names.dictionary) + 1))
    found = names.dictionary.to_pylist()
    return {name: parents[order[edges[i] : edges[i + 1]]].astype(np.int64) for i, name in enumerate(found)}


def spread(positions: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Up to `count` of the positions, evenly apart: the first, the last and some between."""
    if len(positions) <= count:
        return positions
    return positions[np.linspace(0, len(positions) - 1, count).round().astype(np.int64)]
