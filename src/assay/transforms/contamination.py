"""Benchmark items cut out of texts, for those who would rather trim a record than drop it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from assay.core.arrow import utf8_views
from assay.core.errors import UserError
from assay.kernels.contamination_tables import ANSWER
from assay.text.benchmark import MIN_SHARE, Index
from assay.transforms.base import Changed, Edit, apply_edits, text_transform, unchanged

_KINDS = ("classification", "qa", "reasoning", "composite", "agentic", "multimodal", "domain_log", "preference")
_FIX = "give against: the file that `assay contamination DATASET --against FILE --index PATH` wrote"


@text_transform(
    kinds=_KINDS,
    source="docs/decisions/contamination.md",
    params={"against": None, "min_share": MIN_SHARE},
    files=("against",),
)
def cut_contamination(text: pa.LargeStringArray, *, against: str | None, min_share: float) -> Changed:
    """Words of benchmark items cut out: of every item that a text holds by its own words, all that stands there of it.

    `against` is the file that `assay contamination --index` writes: items as hashes. Each text of a record is looked at
    by itself. Cut are whole words; white space and punctuation around them stay, and a space comes in where two words
    would grow together. A text that holds answers alone is left: an answer is no leak of its question.
    """
    if against is None:
        raise UserError("E104", "cut_contamination needs to know what to cut", at="against", fix=_FIX)
    index = _read(against)
    found = index.find(text, min_share=min_share)
    held = set(found.matches[found.matches[:, 2] > ANSWER, 0].tolist())
    if not held:
        return unchanged(text)
    offsets, data = utf8_views(text)
    edits: dict[int, list[Edit]] = {}
    for row, start, end in found.spans.tolist():
        if row in held:
            raw = data[offsets[row] : offsets[row + 1]]
            joins = chr(raw[start - 1]).isalnum() and chr(raw[end]).isalnum() if start > 0 and end < len(raw) else False
            edits.setdefault(row, []).append(Edit(start, end, " " if joins else "", "benchmark"))
    return apply_edits(text, edits)


def _read(path: str) -> Index:
    try:
        found = Path(path).stat()
        return _loaded(str(Path(path).resolve()), found.st_mtime_ns, found.st_size)
    except (OSError, ValueError) as error:
        raise UserError("E106", f"against: {path} is no benchmark index: {error}", fix=_FIX) from None


@lru_cache(maxsize=2)
def _loaded(path: str, modified: int, size: int) -> Index:
    return Index.load(path)
