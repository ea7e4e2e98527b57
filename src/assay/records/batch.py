"""Decoded records to Arrow batches of exactly their kind's schema, and table rows back to the original objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from assay.records.codecs import from_json, json_text
from assay.records.envelope import RECORD_ID
from assay.records.keys import parse_keys
from assay.records.kind import KINDS
from assay.records.mapping import ABSENT
from assay.records.plan import all_fields
from assay.records.reading import Decoded, write_field
from assay.records.rest import merge
from assay.records.schema import ENVELOPE, RAW, SCHEMA_VERSION, SOURCE, schema_of


@dataclass(slots=True)
class Row:
    """A decoded record with its identity and where it came from.

    `source` and `raw` hold members of those envelope columns (`source.keys` is filled in here). `domain`, `origin` and
    `license` apply where the record itself says none.
    """

    decoded: Decoded
    record_id: str
    source: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)
    domain: str | None = None
    origin: str | None = None
    license: str | None = None


def to_batch(kind: str, rows: Sequence[Row]) -> pa.RecordBatch:
    """Rows of one kind as a batch of `schema_of(kind)`.

    Raises
        TypeError: a row of another kind (a bug of the caller).
    """
    schema = schema_of(kind)
    decoded = [row.decoded for row in rows]
    if any(one.kind != kind for one in decoded):
        raise TypeError(f"to_batch({kind!r}) was given rows of other kinds")
    payloads = [one.payload for one in decoded]
    envelopes = [one.envelope for one in decoded]
    text_column = KINDS.get(kind).text_column
    columns: dict[str, Any] = {
        "record_id": [row.record_id for row in rows],
        "kind": [kind] * len(rows),
        "schema_version": [SCHEMA_VERSION] * len(rows),
        "domain": [env.get("domain", row.domain) for env, row in zip(envelopes, rows, strict=True)],
        "origin": [env.get("origin", row.origin) for env, row in zip(envelopes, rows, strict=True)],
        "license": [env.get("license", row.license) for env, row in zip(envelopes, rows, strict=True)],
        "source": _struct_of(SOURCE, [row.source for row in rows], keys=[one.keys for one in decoded]),
        "raw": _struct_of(RAW, [row.raw for row in rows]),
        "content_hash": [one.content_hash for one in decoded],
        "extra_json": [json_text(one.extra) if one.extra else None for one in decoded],
        "text": [payload.get(text_column) for payload in payloads] if text_column else [one.text for one in decoded],
    }
    arrays = []
    for column in schema:
        values = columns.get(column.name)
        if values is None:
            home = envelopes if column.name in ENVELOPE else payloads
            values = [said.get(column.name) for said in home]
        arrays.append(values if isinstance(values, pa.Array) else pa.array(values, column.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _struct_of(dtype: pa.StructType, rows: Sequence[Mapping[str, Any]], **given: list[Any]) -> pa.StructArray:
    """A struct column from one mapping per row; columns of their own are several times faster than rows of dicts."""
    children = [
        pa.array(given[part.name] if part.name in given else [row.get(part.name) for row in rows], part.type)
        for part in dtype
    ]
    return pa.StructArray.from_arrays(children, fields=list(dtype))


def restore(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The original object from a table row (python values, as `to_pylist` gives them).

    Canonically equal to what was read, for every record (`Decoded.exact`). Keys come back in our order, not theirs.
    """
    spec = KINDS.get(kind)
    fields = {field.name: field for field in all_fields(spec)}
    built: dict[str, Any] = {}
    keys = (row.get("source") or {}).get("keys")
    if keys is None:
        for name in spec.payload:
            if name not in fields or (name in ENVELOPE and name != "text") or row.get(name) is None:
                continue
            built[name] = write_field(fields[name], "", row)
    for entry in parse_keys(keys) if keys else ():
        if entry.ours == RECORD_ID:
            value: Any = from_json(row[RECORD_ID]) if entry.shape == "n" else row[RECORD_ID]
        else:
            value = write_field(fields[entry.ours], entry.shape, row)
        if value is ABSENT:
            continue
        if not entry.path:
            built.update(value)
            continue
        home = built
        for step in entry.path[:-1]:
            home = home.setdefault(step, {})
        home[entry.path[-1]] = value
    extra = row.get("extra_json")
    restored: dict[str, Any] = merge(built, from_json(extra)) if extra else built
    return restored
