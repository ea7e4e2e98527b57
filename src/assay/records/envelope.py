"""What any record may say about itself, whatever its kind: domain, origin, license, split, tags, lineage."""

from __future__ import annotations

from typing import Any

from assay.records.codecs import (
    BOOL,
    INT32,
    INT64,
    NUMBER,
    SCALAR,
    STRUCTURE,
    TEXT,
    ListOf,
    ShortText,
    Struct,
)
from assay.records.kind import Field
from assay.records.schema import ORIGINS


class _Origin(ShortText):
    """One of our words for who made the content; any other text stays an unknown key (it may mean a web site)."""

    def fits(self, value: Any) -> bool:
        return isinstance(value, str) and value in ORIGINS


_GATE = Struct(name=TEXT, version=TEXT, passed=BOOL, detail=TEXT)
_GENERATOR = Struct(
    name=(TEXT, ("model",)),
    version=TEXT,
    params_json=(STRUCTURE, ("params", "parameters")),
    prompt_hash=TEXT,
    seed=INT64,
    attempts=INT32,
    gates=ListOf(_GATE),
    cost=NUMBER,
)
_NAME = ShortText()

# All lenient: these words mean other things elsewhere, and a value of another shape must not cost the record.
ENVELOPE_FIELDS: tuple[Field, ...] = (
    Field("domain", _NAME, lenient=True, weight=0.5),
    Field("origin", _Origin(), lenient=True, weight=0.25),
    Field("license", _NAME, ("licence", "spdx"), lenient=True, weight=0.25),
    Field("split", _NAME, ("subset",), lenient=True, weight=0.25),
    Field("tags", ListOf(TEXT), lenient=True, weight=0.25),
    Field("parents", ListOf(Struct(record_id=TEXT, content_hash=TEXT)), lenient=True, weight=0.25),
    Field("generator", _GENERATOR, lenient=True, weight=0.25),
)
RECORD_ID = "record_id"
ID_CODEC = SCALAR

# Where a record's own time is looked for, best first; also one level down, in its metadata.
TIME_NAMES = (
    "event_time",
    "timestamp",
    "datetime",
    "created_at",
    "published_at",
    "published",
    "date",
    "time",
    "tstamp",
    "updated_at",
)
