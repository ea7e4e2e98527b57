"""A table row as one line of JSON that reads back to the same record: same id, same content hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from assay.records import KINDS, restore
from assay.records.keys import parse_keys

RECORD_ID = "record_id"


def line_encoder(kind: str) -> Callable[[Mapping[str, Any]], bytes]:
    """Rows of `kind` to lines without their end: the original object, with `record_id` where it had no id itself.

    What the record did not say (a domain given at ingest) is not added, because that would change its content hash;
    the Parquet form holds it, under one set of column names.
    """
    encode = msgspec.json.Encoder().encode
    id_column = KINDS.get(kind).id_column

    def line(row: Mapping[str, Any]) -> bytes:
        said = restore(kind, row)
        if not _says_its_id(row, id_column):
            said = {RECORD_ID: row[RECORD_ID], **said}
        return encode(said)

    return line


def _says_its_id(row: Mapping[str, Any], id_column: str | None) -> bool:
    keys = (row["source"] or {}).get("keys")
    if keys and any(entry.ours == RECORD_ID for entry in parse_keys(keys)):
        return True
    return id_column is not None and row[id_column] == row[RECORD_ID]
