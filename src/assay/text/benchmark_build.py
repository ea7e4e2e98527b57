"""Benchmark items, in columns, made into the hashes and tables that texts are searched with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.kernels.contamination_index import bloom_of, keyed, phrase_anchors, rows_grams, rows_hashes, rows_words
from assay.kernels.contamination_tables import (
    ANCHOR,
    GRAM,
    IS_ANSWER,
    IS_PROMPT,
    IS_WHOLE,
    LENGTHS,
    SHORT_ANCHOR,
    Tables,
)
from assay.kernels.fold_table import fold_table
from assay.kernels.shingles import NO_NUMBER, PROSE, row_words
from assay.text.benchmark import Index, Items

# What more items than this have in common is the set's template, not a question: it says nothing about a leak.
COMMON_ITEMS = 10
COMMON_SHARE = 0.02
MIN_ANSWER_WORDS = 3  # of an answer looked for by itself: names and numbers are the answer to many questions


def build(items: Items, *, inside: bool = True, min_prompt_words: int = SHORT_ANCHOR) -> Index:
    """An index of items.

    inside: short items and answers are looked for too; without it only whole texts, prompts and n-grams of 8 words and
    more. min_prompt_words: of a prompt that is compared with prompts as a whole.
    """
    return _Builder(items, inside, min_prompt_words).index()


def words_in(text: str) -> list[str]:
    """The words of one text, as they are told apart here and as they stand there."""
    raw = text.encode("utf-8", "replace")
    data, room = np.frombuffer(raw, np.uint8), len(raw)
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    n = row_words(data, 0, room, fold_table(), PROSE, np.empty(room, np.uint64), starts, ends)
    return [raw[a:b].decode() for a, b in zip(starts[:n].tolist(), ends[:n].tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of rows, one after the other: starts int64[rows + 1], words uint64, sizes int32 (bytes of each)."""

    starts: NDArray[np.int64]
    words: NDArray[np.uint64]
    sizes: NDArray[np.int32]

    @classmethod
    def of(cls, text: pa.LargeStringArray) -> _Words:
        offsets, data = utf8_views(text)
        room = int(offsets[-1] - offsets[0])
        counts, words, sizes = np.zeros(len(text), np.int32), np.empty(room, np.uint64), np.empty(room, np.int32)
        n = rows_words(offsets, data, fold_table(), counts, words, sizes)
        return cls(np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]), words[:n].copy(), sizes[:n].copy())

    @property
    def counts(self) -> NDArray[np.int64]:
        return np.diff(self.starts)

    def take(self, rows: NDArray[np.int64], most: int | None = None) -> _Words:
        """These rows; of each the first `most` words."""
        counts = self.counts[rows] if most is None else np.minimum(self.counts[rows], most)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        at = np.repeat(self.starts[rows] - starts[:-1], counts) + np.arange(int(starts[-1]))
        return _Words(starts, self.words[at], self.sizes[at])

    def hashes(self) -> NDArray[np.uint64]:
        out = np.empty(len(self.starts) - 1, np.uint64)
        rows_hashes(self.starts, self.words, out)
        return out

    def lettered(self) -> NDArray[np.bool_]:
        """Whether a row has a word that is not of digits alone."""
        sums = np.concatenate([[0], np.cumsum((self.words & NO_NUMBER) != 0)])
        return np.asarray(sums[self.starts[1:]] > sums[self.starts[:-1]])

    @classmethod
    def joined(cls, a: _Words, b: _Words) -> _Words:
        starts = np.concatenate([a.starts, b.starts[1:] + a.starts[-1]])
        return cls(starts, np.concatenate([a.words, b.words]), np.concatenate([a.sizes, b.sizes]))


class _Builder:
    def __init__(self, items: Items, inside: bool, min_prompt_words: int) -> None:
        self.items, self.inside, self.min_prompt_words = items, inside, min_prompt_words
        self.n = len(items.at)
        self.prompt, self.whole = _Words.of(items.prompt), _Words.of(items.whole)
        answers, of = (items.answers, items.answer_of) if inside else (items.answers[:0], items.answer_of[:0])
        self.answer, self.answer_of = _Words.of(answers), of
        # Copies of one item are one: a question that stands twelve times in a set is not its template.
        self.group = np.unique(self.whole.hashes(), return_inverse=True)[1]
        self.common = max(COMMON_ITEMS, COMMON_SHARE * (int(self.group.max()) + 1 if self.n else 0))

    def index(self) -> Index:
        grams, sizes = self._grams()
        phrases = self._phrases()
        equals = self._equals()
        said_of, said = self._said()
        holds = np.zeros((self.n, 2), np.uint8)
        holds[:, 0] = sizes[: self.n] > 0
        holds[self.answer_of[sizes[self.n :] > 0], 1] = 1
        holds[said_of, 1] = 1
        tables = Tables(
            **grams,
            **phrases,
            **equals,
            target_items=np.concatenate([np.arange(self.n), self.answer_of]).astype(np.int32),
            target_is_answer=np.repeat([0, 1], [self.n, len(self.answer_of)]).astype(np.uint8),
            target_sizes=sizes.astype(np.int32),
            holds=holds,
            item_said=np.searchsorted(said_of, np.arange(self.n + 1)).astype(np.int64),
            said_starts=said.starts,
            said=said.words,
        )
        words = np.maximum(self.prompt.counts, self.whole.counts)
        inner = holds[:, 0].astype(bool)
        inner[tables.phrase_items] = True
        return Index(
            self.items.at,
            tables,
            wordless=int((words == 0).sum()),
            short=int(((words > 0) & (words < SHORT_ANCHOR)).sum()),
            covered=int(inner.sum()),
        )

    def _rare(self, hashes: NDArray[np.uint64], item: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which hashes few items have."""
        if not len(hashes):
            return np.zeros(0, np.bool_)
        keys, where = np.unique(hashes, return_inverse=True)
        pairs = np.unique(where.astype(np.int64) * np.int64(self.n) + self.group[item])
        return np.asarray(np.bincount(pairs // np.int64(self.n), minlength=len(keys))[where] <= self.common)

    def _grams(self) -> tuple[dict[str, Any], NDArray[np.int64]]:
        """Tables of n-grams, and how many distinct ones each target has: items first, then answers."""
        items = np.arange(self.n)
        asked = self.prompt.counts >= ANCHOR
        # The prompt decides where it is long enough; else the whole text, so that no item is left out.
        rows = np.where(asked, items, items + self.n)
        own = _Words.joined(self.prompt, self.whole).take(rows)
        words = _Words.joined(own, self.answer)
        room = len(words.words)
        target, gram, anchor = np.empty(room, np.int32), np.empty(room, np.uint64), np.empty(room, np.uint64)
        found = rows_grams(words.starts, words.words, GRAM, target, gram, anchor)
        target, gram, anchor = target[:found], gram[:found], anchor[:found]
        order = np.lexsort((target, gram))
        target, gram, anchor = target[order], gram[order], anchor[order]
        once = np.ones(found, np.bool_)
        once[1:] = (gram[1:] != gram[:-1]) | (target[1:] != target[:-1])
        target, gram, anchor = target[once], gram[once], anchor[once]
        item = np.concatenate([items, self.answer_of])[target]
        rare = self._rare(gram, item)
        target, gram, anchor = target[rare], gram[rare], anchor[rare]
        anchors = np.unique(anchor)
        lengths = np.unique(np.minimum(words.counts[np.unique(target)], GRAM)).astype(np.int64)
        tables = {
            "bloom": bloom_of(anchors),
            "anchors": keyed(anchors),
            "grams": keyed(np.unique(gram), gram),
            "gram_targets": target,
            "sizes": lengths,
        }
        return tables, np.bincount(target, minlength=len(words.counts))

    def _phrases(self) -> dict[str, Any]:
        """Tables of items of 4 to 7 words: of the prompt, else of the whole text."""
        asked, said = self.prompt.counts, self.whole.counts
        from_prompt = (asked >= SHORT_ANCHOR) & (asked < ANCHOR)
        from_whole = (asked < SHORT_ANCHOR) & (said >= SHORT_ANCHOR) & (said < ANCHOR)
        item = np.flatnonzero(from_prompt | from_whole) if self.inside else np.zeros(0, np.int64)
        words = _Words.joined(self.prompt, self.whole).take(np.where(from_prompt[item], item, item + self.n))
        hashes = words.hashes()
        kept = np.flatnonzero(words.lettered() & self._rare(hashes, item))
        words, hashes, item = words.take(kept), hashes[kept], item[kept]
        offsets, anchors = np.zeros(len(item), np.int32), np.zeros(len(item), np.uint64)
        phrase_anchors(words.starts, words.words, words.sizes, offsets, anchors)
        order = np.argsort(anchors, kind="stable")
        keys = np.unique(anchors)
        return {
            "short_bloom": bloom_of(keys),
            "phrases": keyed(keys, anchors[order]),
            "phrase_items": item[order].astype(np.int32),
            "phrase_words": words.counts[order].astype(np.int32),
            "phrase_offsets": offsets[order],
            "phrase_hashes": hashes[order],
        }

    def _equals(self) -> dict[str, Any]:
        """Tables of whole texts, prompts and short answers."""
        items = np.arange(self.n)
        parts, heads = [], []
        for words, item, what, fewest, most in (
            (self.whole, items, IS_WHOLE, 1, None),
            (self.prompt, items, IS_PROMPT, self.min_prompt_words, None),
            (self.answer, self.answer_of, IS_ANSWER, MIN_ANSWER_WORDS, ANCHOR),
        ):
            count, hashes = words.counts, words.hashes()
            kept = count >= fewest
            if most is not None:
                kept &= (count < most) & words.lettered()
            if what != IS_WHOLE:
                kept &= self._rare(hashes, item)
                heads.append(words.take(np.flatnonzero(kept), SHORT_ANCHOR).hashes())
            parts.append((hashes[kept], item[kept], np.full(int(kept.sum()), what), count[kept]))
        hashes, item, whats, count = (np.concatenate([part[i] for part in parts]) for i in range(4))
        order = np.lexsort((whats, item, hashes))
        lengths = np.zeros(LENGTHS, np.uint8)
        lengths[np.minimum(count, LENGTHS - 1)] = 1
        return {
            "equals": keyed(np.unique(hashes), hashes[order]),
            "equal_items": item[order].astype(np.int32),
            "equal_what": whats[order].astype(np.uint8),
            "lengths": lengths,
            "heads": bloom_of(np.unique(np.concatenate(heads))),
        }

    def _said(self) -> tuple[NDArray[np.int64], _Words]:
        """Short answers, by item."""
        count = self.answer.counts
        kept = np.flatnonzero((count >= MIN_ANSWER_WORDS) & (count < ANCHOR))
        return self.answer_of[kept], self.answer.take(kept)
