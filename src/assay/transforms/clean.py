"""Lines taken out of web pages, the way published pipelines rewrite a page while they judge it."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from assay.text.c4 import LineRules, Span, c4_spans
from assay.transforms.base import Changed, Edit, apply_edits, text_transform

_NEWLINES = re.compile(rb"\n{3,}")
_PAGES = ("composite", "classification", "multimodal")


@text_transform(
    name="c4_clean@datatrove",
    kinds=_PAGES,
    params={
        "end_punctuation": True,
        "min_words": 3,
        "max_word_length": 1000,
        "citations": True,
        "javascript": True,
        "policy": True,
    },
    source="datatrove c4_filters.py C4QualityFilter (Raffel et al. 2020)",
    python_bound=True,
)
def c4_clean(
    text: pa.LargeStringArray,
    *,
    end_punctuation: bool,
    min_words: int,
    max_word_length: int,
    citations: bool,
    javascript: bool,
    policy: bool,
) -> Changed:
    """A page rewritten to the lines that C4 keeps, each stripped, joined by newlines.

    Dropped are lines with a word over max_word_length, without an end mark (. ? ! " ' and not ...), of fewer than
    min_words words (counted before citations go), with "javascript", or with a cookie or privacy phrase; `[12]`,
    `[edit]` and `[citation needed]` are deleted. Counted by these reasons. FineWeb sets end_punctuation to false.
    Lines for which C4 drops the whole page ("lorem ipsum", "{") stay: rules see them and decide.
    """
    rules = LineRules(end_punctuation, min_words, max_word_length, citations, javascript, policy)
    edits = {}
    for row, page in enumerate(text.to_pylist()):
        if page:
            found = _edits(page, c4_spans(page, rules))
            if found:
                edits[row] = found
    return apply_edits(text, edits)


def _edits(page: str, spans: list[Span]) -> list[Edit]:
    if page.isascii():
        return [
            Edit(s.start, s.end, s.put, s.what) for s in spans if s.put is not None and page[s.start : s.end] != s.put
        ]
    data = np.frombuffer(page.encode(), np.uint8)
    place = np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data)).tolist()
    return [
        Edit(place[s.start], place[s.end], s.put, s.what)
        for s in spans
        if s.put is not None and page[s.start : s.end] != s.put
    ]


@text_transform(kinds=_PAGES, source="DCLM dclm_baseline_refinedweb.yaml, step 3")
def collapse_newlines(text: pa.LargeStringArray) -> Changed:
    """Three or more newlines in a row become two."""
    edits = {}
    for row, page in enumerate(text.to_pylist()):
        if page and "\n\n\n" in page:
            data = page.encode()
            edits[row] = [Edit(m.start(), m.end(), "\n\n", "newlines") for m in _NEWLINES.finditer(data)]
    return apply_edits(text, edits)
