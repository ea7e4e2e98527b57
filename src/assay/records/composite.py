"""composite: a document of any domain: prose, code, a page, with what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.records.codecs import STRUCTURE, TEXT
from assay.records.kind import Field, Kind, Problem, problem
from assay.records.media import MEDIA_LIST, media_problems


def _problems(row: Mapping[str, Any]) -> list[Problem]:
    found = media_problems(row)
    text = row.get("text")
    if text is not None:
        if "\x00" in text:
            found.append(problem("$.text", "nul_character", f"{text.count(chr(0))} NUL characters"))
        if "\ufffd" in text:
            found.append(
                problem("$.text", "replacement_character", f"{text.count(chr(0xFFFD))} undecodable characters")
            )
    return found


KIND = Kind(
    name="composite",
    doc=__doc__,
    fields=(
        Field(
            "text",
            TEXT,
            ("full_text", "document", "raw_content", "page_content", "article", "markdown", "html", "code"),
            ("content", "body", "passage", "abstract"),
            weight=2.0,
            weak_weight=1.5,
        ),
        Field("metadata_json", STRUCTURE, ("metadata", "meta"), weight=1.5, lenient=True),
        Field("media", MEDIA_LIST, lenient=True),
    ),
    required=("text",),
    text_view=lambda row: row.get("text"),
    text_column="text",
    problems=_problems,
    id_fields=("id", "record_id", "uid", "uuid", "guid", "doc_id", "document_id"),
    refuse=frozenset({"role", "from"}),
)
