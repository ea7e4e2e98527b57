"""C4's line rules as datatrove has them: which lines of a page stay, and what is left of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CITATION = re.compile(r"\[\d*]|\[edit]|\[citation needed]")
_END_MARKS = (".", "?", "!", '"', "'")
_POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
_PAGE_FAULTS = ("lorem ipsum", "{")


@dataclass(frozen=True, slots=True)
class LineRules:
    """Which lines go: the arguments of datatrove's C4QualityFilter, by its defaults. 0 is no limit."""

    end_punctuation: bool = True
    min_words: int = 3
    max_word_length: int = 1000
    citations: bool = True
    javascript: bool = True
    policy: bool = True


@dataclass(slots=True)
class Span:
    """Characters of the old text: kept as they are (`put` is None), or replaced by `put` because of `what`."""

    start: int
    end: int
    put: str | None = None
    what: str = ""


def kept_text(page: str, rules: LineRules) -> str:
    """The page as C4 rewrites it."""
    return "".join(page[s.start : s.end] if s.put is None else s.put for s in c4_spans(page, rules))


def c4_spans(page: str, rules: LineRules) -> list[Span]:
    """All of the page in order, cut into what stays and what goes.

    Lines for which C4 drops the page ("lorem ipsum", "{") stay: that is a verdict, and not an edit.
    """
    return _stripped(page, list(_spans(page, rules)))


def _spans(page: str, rules: LineRules) -> Iterator[Span]:
    at = 0
    for whole in page.splitlines(keepends=True):
        line = whole.strip()
        words = line.split()
        start = at + len(whole) - len(whole.lstrip()) if line else at
        short = _CITATION.sub("", line) if rules.citations else line
        lower = short.lower()
        why = ""
        if rules.max_word_length and any(len(word) > rules.max_word_length for word in words):
            why = "long_word"
        elif rules.end_punctuation and (not short.endswith(_END_MARKS) or short.endswith("...")):
            why = "no_end_mark"
        elif rules.min_words and len(words) < rules.min_words:
            why = "few_words"
        elif _PAGE_FAULTS[0] not in lower and rules.javascript and "javascript" in lower:
            why = "javascript"
        elif not any(fault in lower for fault in _PAGE_FAULTS) and rules.policy and any(p in lower for p in _POLICY):
            why = "policy"
        if why:
            yield Span(at, at + len(whole), "", why)
        else:
            yield Span(at, start, "", "spaces")
            inner = start
            for cite in _CITATION.finditer(line) if rules.citations else ():
                yield Span(inner, start + cite.start())
                yield Span(start + cite.start(), start + cite.end(), "", "citation")
                inner = start + cite.end()
            yield Span(inner, start + len(line))
            yield Span(start + len(line), at + len(whole), "\n", "line_breaks")
        at += len(whole)


def _stripped(page: str, spans: list[Span]) -> list[Span]:
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
                        spans.append(Span(span.start - edge, span.start, "", "spaces"))
                    else:
                        span.end -= edge
                        spans.append(Span(span.end, span.end + edge, "", "spaces"))
                break
            span.put, span.what = "", span.what or "spaces"
    return sorted(spans, key=lambda span: (span.start, span.end))
