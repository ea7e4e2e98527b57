"""Where the elements of a JSON list or object end, found on whole blocks of bytes without building any value."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

OPEN, CLOSE, COMMA, QUOTE = 1, 2, 3, 4
_CLASS = np.zeros(256, np.uint8)
_CLASS[[ord("["), ord("{")]] = OPEN
_CLASS[[ord("]"), ord("}")]] = CLOSE
_CLASS[ord(",")] = COMMA
_CLASS[ord('"')] = QUOTE
_STEP = np.array([0, 1, -1, 0, 0], np.int64)  # of depth, by class
_BACKSLASH = 92


class JsonScanner:
    """Depth and strings carried over blocks. About 200 MB/s: a parent process cuts faster than workers decode."""

    def __init__(self) -> None:
        self.depth = 0
        self.in_string = False
        self.escaped = False  # the next byte follows an odd run of backslashes

    def structure(self, block: bytes) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        """Positions, classes and depths (after them) of the brackets and commas outside strings in `block`."""
        data = np.frombuffer(block, np.uint8)
        kinds = _CLASS[data]
        at = np.flatnonzero(kinds)
        kind = kinds[at]
        quotes = kind == QUOTE
        self._drop_escaped(data, at, quotes)
        inside = np.cumsum(quotes) + int(self.in_string)
        outside = (inside & 1 == 0) & (kind != QUOTE)
        if len(inside):
            self.in_string = bool(inside[-1] & 1)
        at, kind = at[outside], kind[outside]
        depth = np.cumsum(_STEP[kind]) + self.depth
        if len(depth):
            self.depth = int(depth[-1])
        return at, kind, depth

    def _drop_escaped(self, data: NDArray[np.uint8], at: NDArray[np.int64], quotes: NDArray[np.bool_]) -> None:
        """Quotes after an odd run of backslashes do not count. (Outside strings JSON has no backslash.)"""
        slashes = np.flatnonzero(data == _BACKSLASH)
        carried = self.escaped
        self.escaped = False
        if len(slashes) == 0:
            if carried and len(at) and at[0] == 0:
                quotes[0] = False
            self.escaped = carried and len(data) == 0
            return
        starts = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)  # of runs, within `slashes`
        lengths = np.diff(np.append(starts, len(slashes)))
        first, after = slashes[starts], slashes[starts] + lengths
        odd = lengths % 2 == 1
        if carried and first[0] == 0:
            odd[0] = not odd[0]
        elif carried and len(at) and at[0] == 0:
            quotes[0] = False
        ended = after[odd]
        if len(ended) and ended[-1] == len(data):
            self.escaped = True
        where = np.searchsorted(at, ended)
        where = where[where < len(at)]
        hit = np.isin(at[where], ended)
        quotes[where[hit]] = False


class ElementFinder:
    """Elements of an open list or object: each ends before the comma at its level, the last before the closing bracket.

    With `values` true: whole values side by side, as in concatenated JSON; each ends at its closing bracket.
    """

    def __init__(self, *, values: bool = False) -> None:
        self.closed = False
        self.values = values
        self._scanner = JsonScanner()

    def ends(self, data: bytes, seen: int, final: bool) -> NDArray[np.int64]:
        if seen == 0:
            self._scanner = JsonScanner()
        at, kind, depth = self._scanner.structure(data[seen:])
        if self.values:
            # A closing bracket too many ends a value of its own; what follows is counted from there.
            ground = np.minimum.accumulate(np.minimum(depth, 0))
            if len(ground):
                self._scanner.depth -= int(ground[-1])
            return _positive(at[(kind == CLOSE) & (depth == ground)] + (seen + 1))
        over = np.flatnonzero(depth < 0)
        if len(over):
            last = int(over[0])
            self.closed = True
            commas = (kind[:last] == COMMA) & (depth[:last] == 0)
            ends = np.append(at[:last][commas], at[last]) + seen
            return _positive(ends)
        ends = at[(kind == COMMA) & (depth == 0)] + seen
        return _positive(ends)

    def rescue(self, data: bytes) -> tuple[int, str, str]:
        """A record without end most often lacks a bracket or quote: look for the next one's first line."""
        return (
            next_sibling(data),
            "broken_json",
            "No end found for this record; reading goes on at the next line like its first",
        )

    def pass_over(self, data: bytes) -> int:
        at, kind, depth = self._scanner.structure(data)
        hits = at[(depth <= 0) & (kind == CLOSE)] + 1 if self.values else at[(depth == 0) & (kind == COMMA)]
        over = at[depth < 0]
        if len(over) and not self.values and (not len(hits) or over[0] < hits[0]):
            self.closed = True
            return int(over[0])
        return int(hits[0]) if len(hits) else -1


def _positive(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = ends[ends > 0]
    return found


_FIRST_LINE = re.compile(rb"[\s,]*?\n([ \t]*)([{\[\"])")


def next_sibling(data: bytes) -> int:
    """Where the next line begins like the first line of `data` (same indent, same bracket); 0 when none does.

    Written out over lines, the elements of a list begin alike, and what they hold is indented further.
    """
    first = _FIRST_LINE.match(data)
    if first is None:
        return 0
    return max(data.find(b"\n" + first[1] + first[2], first.end()), 0)
