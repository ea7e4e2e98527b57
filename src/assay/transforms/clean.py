"""Lines taken out of web pages, the way published pipelines rewrite a page while they judge it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from assay.transforms.base import Changed, Edit, apply_edits, text_transform

_CITATION = re.compile(r"\[\d*]|\[edit]|\[citation needed]")
_END_MARKS = (".", "?", "!", '"', "'")
_POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
_PAGE_FAULTS = ("lorem ipsum", "{")
_NEWLINES = re.compile(rb"\n{3,}")
_PAGES = ("composite", "classification", "multimodal")


@dataclass(slots=True)
class _Span:
    """Characters of the old text: kept as they are (`put` is None), or replaced by `put` because of `what`."""

    start: int
    end: int
    put: str | None = None
    what: str = ""


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
    edits = {}
    for row, page in enumerate(text.to_pylist()):
        if page:
            spans = list(_c4_spans(page, end_punctuation, min_words, max_word_length, citations, javascript, policy))
            found = _edits(page, _stripped(page, spans))
            if found:
                edits[row] = found
    return apply_edits(text, edits)


def _c4_spans(
    page: str, end_punctuation: bool, min_words: int, max_word_length: int, citations: bool, javascript: bool,
    policy: bool,
) -> Iterator[_Span]:  # fmt: skip
    at = 0
    for whole in page.splitlines(keepends=True):
        line = whole.strip()
        words = line.split()
        start = at + len(whole) - len(whole.lstrip()) if line else at
        short = _CITATION.sub("", line) if citations else line
        lower = short.lower()
        why = ""
        if max_word_length and any(len(word) > max_word_length for word in words):
            why = "long_word"
        elif end_punctuation and (not short.endswith(_END_MARKS) or short.endswith("...")):
            why = "no_end_mark"
        elif min_words and len(words) < min_words:
            why = "few_words"
        elif _PAGE_FAULTS[0] not in lower and javascript and "javascript" in lower:
            why = "javascript"
        elif not any(fault in lower for fault in _PAGE_FAULTS) and policy and any(p in lower for p in _POLICY):
            why = "policy"
        if why:
            yield _Span(at, at + len(whole), "", why)
        else:
            yield _Span(at, start, "", "spaces")
            inner = start
            for cite in _CITATION.finditer(line) if citations else ():
                yield _Span(inner, start + cite.start())
                yield _Span(start + cite.start(), start + cite.end(), "", "citation")
                inner = start + cite.end()
            yield _Span(inner, start + len(line))
            yield _Span(start + len(line), at + len(whole), "\n", "line_breaks")
        at += len(whole)


def _stripped(page: str, spans: list[_Span]) -> list[_Span]:
    """Without white space at both ends of what is left."""
    for order, cut in ((spans, str.lstrip), (spans[::-1], str.rstrip)):
        for span in order:
            kept = page[span.start : span.end] if span.put is None else span.put
            left = cut(kept)
            if left:
                if span.put is None and len(left) != len(kept):
                    edge = len(kept) - len(left)
                    if cut is str.lstrip:
                        span.start += edge
                        spans.append(_Span(span.start - edge, span.start, "", "spaces"))
                    else:
                        span.end -= edge
                        spans.append(_Span(span.end, span.end + edge, "", "spaces"))
                break
            span.put, span.what = "", span.what or "spaces"
    return sorted(spans, key=lambda span: (span.start, span.end))


def _edits(page: str, spans: list[_Span]) -> list[Edit]:
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
