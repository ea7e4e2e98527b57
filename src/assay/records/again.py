"""A stored row whose texts were changed: what it says now, hashed and viewed as if it had been read so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from assay.records.batch import restore
from assay.records.canonical import hash_of, sorted_json
from assay.records.decode import Decoder
from assay.records.errors import RecordError
from assay.records.keys import parse_keys
from assay.records.kind import KINDS

Row = Mapping[str, Any]


def first_hash(row: Row) -> str:
    """The content hash a record was read with, before any transform: among its parents, under its own id."""
    for parent in row.get("parents") or ():
        if parent["record_id"] == row["record_id"]:
            return str(parent["content_hash"])
    return str(row["content_hash"])


def hash_again(kind: str, old: Row, new: Row) -> str:
    """The content hash of the row `new`, which is `old` with other texts: what reading it from a file would give."""
    said, before = _said(kind, new), _said(kind, old)
    for keys in (None, (old.get("source") or {}).get("keys")):
        # Its reader may have been told names (--map); what reads the old row to the hash it has reads the new one too.
        decoder = _decoder(kind, keys)
        try:
            if decoder.decode(before).content_hash == old["content_hash"]:
                return decoder.decode(said).content_hash
        except RecordError:
            continue
    return hash_of(sorted_json(said))


def _said(kind: str, row: Row) -> dict[str, Any]:
    others = [parent for parent in row.get("parents") or () if parent["record_id"] != row["record_id"]] or None
    return restore(kind, {**row, "parents": others})


def text_again(kind: str, row: Row) -> str | None:
    """The text view of a row as its columns stand."""
    spec = KINDS.get(kind)
    payload = {name: _without_nulls(row[name]) for name in spec.payload if row.get(name) is not None}
    return spec.text_view(payload)


@lru_cache(64)
def _decoder(kind: str, keys: str | None) -> Decoder:
    """Reads records whose names are told by a `source.keys`."""
    entries = parse_keys(keys) if keys else ()
    known = {field.name for field in KINDS.get(kind).fields}
    paths = {
        entry.ours: ".".join(entry.path)
        for entry in entries
        if entry.path and entry.path != (entry.ours,) and entry.ours in known | {"record_id"}
    }
    return Decoder(kind, mapping=paths)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
