"""What a JSON document holds: a list of records, records by id, a list under a name, splits, or values side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assay.formats.json_value import BadValue, parse_value
from assay.formats.scan import CLOSE, COMMA, JsonScanner

HEAD_BYTES = 16 << 20  # looked at to tell the shape; documents up to this size are known whole
WRAPPERS = ("data", "examples", "rows", "records", "items", "instances", "samples", "entries")
_SPLIT = re.compile(r"train|test|val|dev|eval|holdout|oos")
_KEY = re.compile(rb'[\s,]*"((?:[^"\\]|\\.)*+)"\s*:\s*')
_SPACE = b" \t\r\n"
_CARRIED_BYTES = 1024  # a value beside the list of records goes along with each of them up to this size
_SQUAD = re.compile(rb'"paragraphs"\s*:\s*\[')


@dataclass(frozen=True)
class Section:
    """Bytes of a document that hold records: a `list`'s elements, an object's `members`, or `values` side by side."""

    start: int
    end: int | None  # None: where the brackets say
    mode: str
    extra: Mapping[str, Any]  # goes into each record that does not say it itself

    def plain(self) -> list[Any]:
        return [self.start, self.end, self.mode, dict(self.extra)]


@dataclass(frozen=True)
class Layout:
    sections: tuple[Section, ...]
    rows: bool = False  # elements are lists of cells: named c0, c1, ...
    explode: bool = False  # SQuAD: articles of paragraphs of questions
    outside: tuple[tuple[int, int, str], ...] = ()  # members that are no records and too long to go along
    top: bool = False  # the list is the document

    def options(self) -> dict[str, Any]:
        return {
            "sections": [section.plain() for section in self.sections],
            "rows": self.rows,
            "explode": self.explode,
            "outside": [list(span) for span in self.outside],
            "top": self.top,
        }


@dataclass(frozen=True)
class Member:
    key: str
    start: int  # of the value
    end: int | None

    def first(self, head: bytes) -> bytes:
        return head[self.start : self.start + 1]

    def element(self, head: bytes) -> bytes:
        """The first byte of the value's first element."""
        return head[self.start + 1 : self.start + 4096].lstrip(_SPACE)[:1]


def layout_of(head: bytes, complete: bool) -> Layout:
    """The layout told from the first HEAD_BYTES; `complete` when they are the whole document."""
    start = len(head) - len(head.lstrip(_SPACE))
    if head.startswith(b"\xef\xbb\xbf"):
        start = len(head) - len(head[3:].lstrip(_SPACE))
    first = head[start : start + 1]
    if first == b"[":
        return replace(_list(head, start, None, {}), top=True)
    whole = Layout((Section(start, None, "values", {}),))
    if first != b"{":
        return whole
    at, kind, depth = JsonScanner().structure(head)
    closed = np.flatnonzero((kind == CLOSE) & (depth == 0))
    if len(closed):
        last = int(closed[0])
        if head[int(at[last]) + 1 :].strip(_SPACE):
            return whole  # more values follow
        at, kind, depth = at[: last + 1], kind[: last + 1], depth[: last + 1]
    elif complete:
        return whole
    commas = at[(kind == COMMA) & (depth == 1)].tolist()
    edges = [start + 1, *commas, *([int(at[-1])] if len(closed) else [])]
    members = _members(head, edges, bool(len(closed)))
    if members is None:
        return whole
    return _wrapped(head, members) or _splits(head, members) or _keyed(head, start, members) or whole


def _list(head: bytes, start: int, end: int | None, extra: Mapping[str, Any]) -> Layout:
    """The list whose opening bracket is at `start`."""
    near = head[start + 1 : start + 4096].lstrip(_SPACE)[:1]
    squad = bool(_SQUAD.search(head[start : start + (1 << 20)])) and b'"qas"' in head[start : start + (4 << 20)]
    return Layout((Section(start + 1, end, "list", extra),), rows=near == b"[", explode=squad and near == b"{")


def _members(head: bytes, edges: list[int], closed: bool) -> list[Member] | None:
    members: list[Member] = []
    for n, begin in enumerate(edges[:-1] if closed else edges):
        end = edges[n + 1] if n + 1 < len(edges) else None
        key = _KEY.match(head, begin, len(head) if end is None else end)
        if key is None:
            if end is None:
                break  # the head stops inside this key
            return None
        try:
            members.append(Member(parse_value(b'"' + key[1] + b'"'), key.end(), end))
        except BadValue:
            return None
    return members or None


def _wrapped(head: bytes, members: list[Member]) -> Layout | None:
    named = [m for m in members if m.key in WRAPPERS and m.first(head) == b"[" and m.element(head) in (b"{", b"[")]
    if len(named) != 1:
        return None
    extra: dict[str, Any] = {}
    outside: list[tuple[int, int, str]] = []
    for member in members:
        if member is named[0] or member.end is None:
            continue
        raw = head[member.start : member.end].strip(_SPACE)
        try:
            value = parse_value(raw)
        except BadValue:
            value = None
        if value is not None and len(raw) <= _CARRIED_BYTES:
            extra[member.key] = value
        else:
            outside.append((member.start, member.start + len(raw), member.key))
    found = _list(head, named[0].start, named[0].end, extra)
    return Layout(found.sections, found.rows, found.explode, tuple(outside))


def _splits(head: bytes, members: list[Member]) -> Layout | None:
    """{"train": [...], "test": [...]}: each record learns its split."""
    if not all(_SPLIT.search(m.key.lower()) and m.first(head) == b"[" and m.end is not None for m in members):
        return None
    elements = {m.element(head) for m in members} - {b"]"}
    if not elements or elements - {b"{", b"["}:
        return None
    sections = tuple(Section(m.start + 1, m.end, "list", {"split": m.key}) for m in members)
    return Layout(sections, rows=elements == {b"["})


def _keyed(head: bytes, start: int, members: list[Member]) -> Layout | None:
    """{"id1": {...}, "id2": {...}}: objects that share keys, by id."""
    objects = [m for m in members if m.first(head) == b"{"]
    if len(objects) < 2 or len(objects) < 0.9 * len(members):
        return None
    seen: list[set[str]] = []
    for member in objects[:20]:
        try:
            if member.end is not None:
                seen.append(set(parse_value(head[member.start : member.end].strip(_SPACE))))
        except BadValue:
            continue
    if len(seen) < 2:
        return None
    shared, union = set.intersection(*seen), set.union(*seen)
    if len(shared) * 2 < len(union):
        return None
    return Layout((Section(start + 1, None, "members", {}),))
