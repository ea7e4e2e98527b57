"""Where two texts differ, word by word, in bounded time, with what is alike folded.

Words are those that near copies are compared by: case, accents, width, punctuation and spacing do not count, in code
marks do. Texts are aligned by runs of words that both have once, which are nearly all there is to copies; only what
lies between these runs is compared in full, and only where it is short.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from assay.kernels.fold_table import fold_table
from assay.kernels.shingles import CODE, PROSE, looks_like_code, row_words

Hashes = NDArray[np.uint64]
Block = tuple[int, int, int]  # first word left, first word right, how many are alike

MOST_BYTES = 400_000  # of each text; what follows is said to be left out
MOST_SHOWN = 250  # words of one side that are shown of one pair, however many places differ
MOST_WORDS = 60  # shown of one run that differs: its first words, and a few of its last
CONTEXT = 10  # words alike shown on either side of a difference
_ANCHORS = (6, 3, 1)  # words in a run that both texts must have once
_SHORT = 300  # words that are compared in full: its square is the most steps one gap takes


_BLANK = re.compile(r"\s*\n\s*\n")  # blank lines, which would push the two sides out of sight


@dataclass(frozen=True)
class Run:
    """Words of one side that are alike (form `same`), only here (`only`), or left out (`gap`, text says how many)."""

    form: str
    text: str


@dataclass(frozen=True)
class Text:
    """A text's words: hashes, and where each begins and ends in `data`. cut: bytes left out at the end."""

    data: bytes
    hashes: Hashes
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    cut: int

    def __len__(self) -> int:
        return len(self.hashes)

    def said(self, first: int, last: int) -> str:
        """Words first to last (not included), as written, with the marks behind each."""
        if first >= last:
            return ""
        begin = 0 if first == 0 else int(self.starts[first])
        end = int(self.starts[last]) if last < len(self) else len(self.data)
        return _BLANK.sub("\n", self.data[begin:end].decode("utf-8", "replace"))

    def marked(self, first: int, last: int) -> list[Run]:
        """Words that only this side has; what stands behind the last of them is not marked."""
        end = int(self.ends[last - 1])
        behind = int(self.starts[last]) if last < len(self) else len(self.data)
        words = self.data[int(self.starts[first]) : end].decode("utf-8", "replace")
        after = _BLANK.sub("\n", self.data[end:behind].decode("utf-8", "replace"))
        return [Run("only", _BLANK.sub("\n", words)), *([Run("same", after)] if after else [])]


@dataclass(frozen=True)
class Hunk:
    """One place that differs with the words around it. alike_before: words folded between it and the one before."""

    left: list[Run] = field(default_factory=list)
    right: list[Run] = field(default_factory=list)
    alike_before: int = 0


@dataclass(frozen=True)
class Diff:
    """only_left, only_right: words that the other text lacks at this place. more: places not shown.

    alike_after: words folded behind the last place shown. left_cut, right_cut: bytes not compared.
    """

    hunks: list[Hunk]
    only_left: int
    only_right: int
    words_left: int
    words_right: int
    alike_after: int
    more: int
    left_cut: int
    right_cut: int


def word_diff(left: str, right: str) -> Diff:
    """Compare two texts; nothing but their words is looked at."""
    a, b = texts(left, right)
    changes = list(differences(a.hashes, b.hashes))
    grouped = _grouped(changes)
    hunks, done = [], 0
    shown = 0
    for place, group in enumerate(grouped):
        if shown > MOST_SHOWN:
            break
        until = grouped[place + 1][0][0] if place + 1 < len(grouped) else len(a)
        hunks.append(_hunk(a, b, group, done, until))
        done = min(group[-1][1] + CONTEXT, until)
        shown += max(sum(min(one[k + 1] - one[k], MOST_WORDS) for one in group) for k in (0, 2)) + 2 * CONTEXT
    more = sum(len(group) for group in grouped[len(hunks) :])
    return Diff(
        hunks=hunks,
        only_left=sum(i2 - i1 for i1, i2, _, _ in changes),
        only_right=sum(j2 - j1 for _, _, j1, j2 in changes),
        words_left=len(a),
        words_right=len(b),
        alike_after=0 if more else len(a) - done,
        more=more,
        left_cut=a.cut,
        right_cut=b.cut,
    )


def texts(left: str, right: str) -> tuple[Text, Text]:
    """Both texts as words. If one of them looks like code, marks count as words in both."""
    cut = [_cut(text.encode("utf-8", "replace")) for text in (left, right)]
    arrays = [np.frombuffer(data, np.uint8) for data, _ in cut]
    mode = CODE if any(looks_like_code(data, 0, len(data)) for data in arrays) else PROSE
    a, b = (_text(data, cut_here, array, mode) for (data, cut_here), array in zip(cut, arrays, strict=True))
    return a, b


def _cut(data: bytes) -> tuple[bytes, int]:
    if len(data) <= MOST_BYTES:
        return data, 0
    kept = data[:MOST_BYTES].decode("utf-8", "ignore").encode()
    return kept, len(data) - len(kept)


def _text(data: bytes, cut: int, array: NDArray[np.uint8], mode: int) -> Text:
    hashes = np.zeros(len(data), np.uint64)
    starts, ends = np.zeros(len(data), np.int32), np.zeros(len(data), np.int32)
    n = row_words(array, 0, len(data), fold_table(), mode, hashes, starts, ends)
    return Text(data, hashes[:n], starts[:n], ends[:n], cut)


def differences(a: Hashes, b: Hashes) -> Iterator[tuple[int, int, int, int]]:
    """(i1, i2, j1, j2) in order: a[i1:i2] stands where b has b[j1:j2]; one of the two may be empty."""
    i = j = 0
    left, right = a.tolist(), b.tolist()
    for i1, j1, size in [*_blocks(left, 0, len(a), right, 0, len(b), 0), (len(a), len(b), 0)]:
        if i < i1 or j < j1:
            yield i, i1, j, j1
        i, j = i1 + size, j1 + size


def _blocks(a: list[int], i: int, i_end: int, b: list[int], j: int, j_end: int, level: int) -> Iterator[Block]:
    """Runs that are alike in a[i:i_end] and b[j:j_end], in order; neighbours may touch."""
    head = _common(a, i, i_end, b, j, j_end)
    if head:
        yield i, j, head
    i, j = i + head, j + head
    tail = _common_end(a, i, i_end, b, j, j_end)
    i_end, j_end = i_end - tail, j_end - tail
    if i < i_end and j < j_end:
        if max(i_end - i, j_end - j) <= _SHORT:
            found = SequenceMatcher(None, a[i:i_end], b[j:j_end], autojunk=False).get_matching_blocks()
            yield from ((i + x, j + y, size) for x, y, size in found if size)
        elif level < len(_ANCHORS):
            yield from _between_anchors(a, i, i_end, b, j, j_end, level)
    if tail:
        yield i_end, j_end, tail


def _between_anchors(a: list[int], i: int, i_end: int, b: list[int], j: int, j_end: int, level: int) -> Iterator[Block]:
    size = _ANCHORS[level]
    for x, y in [*_anchors(a, i, i_end, b, j, j_end, size), (i_end, j_end)]:
        if x < i or y < j:
            continue  # inside the run that was found before
        yield from _blocks(a, i, x, b, j, y, level + 1)
        i, j = x, y
        if x < i_end:
            yield x, y, size
            i, j = x + size, y + size


def _anchors(
    a: list[int], i: int, i_end: int, b: list[int], j: int, j_end: int, size: int
) -> list[tuple[int, int]]:  # fmt: skip
    """Places of runs of `size` words that each text has once, in an order that both texts have them in."""
    here, there = _once(a, i, i_end, size), _once(b, j, j_end, size)
    pairs = [(x, there[run]) for run, x in here.items() if run in there]  # ordered by x: a dict keeps its order
    # The longest rising sequence of y, so that runs that were moved do not cross.
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for at, (_, y) in enumerate(pairs):
        k = bisect_left(ends, y)
        before.append(last[k - 1] if k else -1)
        if k == len(ends):
            ends.append(y)
            last.append(at)
        else:
            ends[k], last[k] = y, at
    found = []
    at = last[-1] if last else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _once(words: list[int], start: int, end: int, size: int) -> dict[tuple[int, ...], int]:
    seen: dict[tuple[int, ...], int] = {}
    for at in range(start, end - size + 1):
        run = tuple(words[at : at + size])
        seen[run] = -1 if run in seen else at
    return {run: at for run, at in seen.items() if at >= 0}


def _common(a: list[int], i: int, i_end: int, b: list[int], j: int, j_end: int) -> int:
    n = 0
    while i + n < i_end and j + n < j_end and a[i + n] == b[j + n]:
        n += 1
    return n


def _common_end(a: list[int], i: int, i_end: int, b: list[int], j: int, j_end: int) -> int:
    n = 0
    while i < i_end - n and j < j_end - n and a[i_end - 1 - n] == b[j_end - 1 - n]:
        n += 1
    return n


def _grouped(changes: Sequence[tuple[int, int, int, int]]) -> list[list[tuple[int, int, int, int]]]:
    """Changes with so few words between them that folding these would save nothing."""
    out: list[list[tuple[int, int, int, int]]] = []
    for change in changes:
        if out and change[0] - out[-1][-1][1] <= 2 * CONTEXT + 4 and len(out[-1]) < 8:
            out[-1].append(change)
        else:
            out.append([change])
    return out


def _hunk(a: Text, b: Text, group: Sequence[tuple[int, int, int, int]], done: int, until: int) -> Hunk:
    """The words of a group of changes; those before `done` are shown already, the next change begins at `until`."""
    first_i, first_j = group[0][0], group[0][2]
    lead = min(CONTEXT, first_i - done)
    i, j = first_i - lead, first_j - lead
    hunk = Hunk(alike_before=i - done)
    for i1, i2, j1, j2 in group:
        for runs, text, span, start, end in ((hunk.left, a, i, i1, i2), (hunk.right, b, j, j1, j2)):
            if start > span:
                runs.append(Run("same", text.said(span, start)))
            runs += _only(text, start, end)
        i, j = i2, j2
    trail = min(CONTEXT, until - i)
    for runs, text, at in ((hunk.left, a, i), (hunk.right, b, j)):
        if trail:
            runs.append(Run("same", text.said(at, at + trail)))
    return hunk


def _only(text: Text, start: int, end: int) -> list[Run]:
    if end - start <= MOST_WORDS:
        return text.marked(start, end) if end > start else []
    head, tail = MOST_WORDS - 15, 15
    return [
        *text.marked(start, start + head),
        Run("gap", f"… {end - start - head - tail:,} more words … "),
        *text.marked(end - tail, end),
    ]
