"""Does the training data hold the evaluation set? Exact after folding, prompt alone, or by word n-grams.

Folding takes away case, punctuation and spacing, because re-wrapped lines alone took a published
decontamination from 0.87 recall to 0. Items of fewer than 8 words match as a whole or not at all; items of
8 to 12 words count when all their words stand in a row; longer ones when at least half of their distinct
13-grams (GPT-3's length) stand in one training record. An n-gram of digits alone never counts: `0 0 0 ...`
was behind 20 of 20 false removals of a well-known tool.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xxhash
from numpy.typing import NDArray

GRAM = 13
SHORTEST_GRAM = 8
MIN_SHARE = 0.5
# An n-gram in more items than this is the set's template, not a question: it says nothing about a leak.
COMMON_ITEMS = 10
COMMON_SHARE = 0.02

Words = NDArray[np.uint64]

# Scripts written without spaces: every character is a word of its own.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")

_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
_INVERSE = pow(_BASE, -1, 1 << 64)
_CACHE_LIMIT = 1 << 20  # distinct words remembered; beyond it the cache starts again


def fold(text: str) -> list[str]:
    """The words of a text without case, punctuation, marks of width or spacing: `It's 3 PM` -> it s 3 pm."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class _WordHashes(dict[str, int]):
    """64-bit hash of a word; the lowest bit says whether it has a letter (so that digits can be told)."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        found = xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass")) | 1
        if word.isdecimal():
            found ^= 1
        self[word] = found
        return found


_hashes = _WordHashes()


def word_hashes(text: str) -> Words:
    words = fold(text)
    return np.fromiter(map(_hashes.__getitem__, words), np.uint64, len(words))


def whole_hash(words: Words) -> int:
    """One number for a whole folded text."""
    return xxhash.xxh3_64_intdigest(words.tobytes())


class _Powers:
    """Powers of the base and of its inverse, grown as texts need them."""

    def __init__(self) -> None:
        self.up = self.down = np.ones(1, np.uint64)

    def upto(self, n: int) -> tuple[Words, Words]:
        if len(self.up) < n:
            size = max(n, 2 * len(self.up), 1024)
            factors = np.full(size, _BASE, np.uint64)
            inverses = np.full(size, _INVERSE, np.uint64)
            factors[0] = inverses[0] = 1
            self.up, self.down = np.cumprod(factors), np.cumprod(inverses)
        return self.up[:n], self.down[:n]


_powers = _Powers()


class Grams:
    """All n-gram hashes of one text for any n: polynomial prefix sums modulo 2**64, so each n costs one pass."""

    def __init__(self, words: Words) -> None:
        self.n = len(words)
        up, self._down = _powers.upto(self.n)
        self._sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(words * up)])
        self._letters = np.concatenate([np.zeros(1, np.int64), np.cumsum((words & np.uint64(1)).astype(np.int64))])

    def of(self, n: int) -> Words:
        """Hashes of the n-grams that hold at least one word with a letter, in order."""
        if self.n < n:
            return np.zeros(0, np.uint64)
        grams = (self._sums[n:] - self._sums[:-n]) * self._down[: self.n - n + 1]
        kept: Words = grams[self._letters[n:] > self._letters[:-n]]
        return kept


@dataclass(frozen=True, slots=True)
class Match:
    """A training record that holds an evaluation item. `how` is text, prompt or ngrams; `share` of its n-grams."""

    how: str
    item: int
    share: float


@dataclass
class Index:
    """The evaluation set, as hashes. `at` names each item's place; add items, then `seal`."""

    at: list[str] = field(default_factory=list)
    unread: int = 0  # records of the evaluation files that could not be read
    _whole: dict[int, int] = field(default_factory=dict)
    _prompt: dict[int, int] = field(default_factory=dict)
    _grams: dict[int, list[tuple[int, Words]]] = field(default_factory=dict)
    _sealed: dict[int, tuple[Words, NDArray[np.int64]]] = field(default_factory=dict)
    _sizes: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.at)

    def add(self, at: str, prompt: str, whole: str) -> None:
        item = len(self.at)
        self.at.append(at)
        asked, said = word_hashes(prompt), word_hashes(whole)
        if len(said):
            self._whole.setdefault(whole_hash(said), item)
        if len(asked):
            self._prompt.setdefault(whole_hash(asked), item)
        # A long text with a short question in front is found by its whole; the prompt decides where there is one.
        words = asked if len(asked) >= SHORTEST_GRAM else said
        n = min(GRAM, len(words))
        grams = np.unique(Grams(words).of(n)) if n >= SHORTEST_GRAM else np.zeros(0, np.uint64)
        self._sizes.append(len(grams))
        if len(grams):
            self._grams.setdefault(n, []).append((item, grams))

    def seal(self) -> Index:
        """Sort the n-grams for searching, without those that many items share (a system prompt, a template)."""
        common = max(COMMON_ITEMS, COMMON_SHARE * len(self.at))
        for n, found in self._grams.items():
            hashes = np.concatenate([grams for _, grams in found])
            items = np.concatenate([np.full(len(grams), item, np.int64) for item, grams in found])
            order = np.argsort(hashes, kind="stable")
            hashes, items = hashes[order], items[order]
            _, where, counts = np.unique(hashes, return_inverse=True, return_counts=True)
            rare = counts[where] <= common
            self._sealed[n] = hashes[rare], items[rare]
            for item, lost in zip(*np.unique(items[~rare], return_counts=True), strict=True):
                self._sizes[item] -= int(lost)
        self._sealed = {n: pair for n, pair in self._sealed.items() if len(pair[0])}
        return self

    def find(self, prompt: str, whole: str) -> Match | None:
        """The strongest match of one training record: its text, else its prompt, else the best-covered item."""
        if not self.at:
            return None
        asked, said = word_hashes(prompt), word_hashes(whole)
        if len(said):
            item = self._whole.get(whole_hash(said))
            if item is not None:
                return Match("text", item, 1.0)
        if len(asked):
            item = self._prompt.get(whole_hash(asked))
            if item is not None:
                return Match("prompt", item, 1.0)
        return self._by_grams(said)

    def _by_grams(self, words: Words) -> Match | None:
        if len(words) < SHORTEST_GRAM or not self._sealed:
            return None
        grams = Grams(words)
        best: Match | None = None
        for n in sorted(self._sealed, reverse=True):
            hashes, items = self._sealed[n]
            # Looking up every gram first keeps records that share nothing, nearly all of them, at one pass.
            here = grams.of(n)
            left = np.searchsorted(hashes, here)
            hit = np.unique(here[hashes[np.minimum(left, len(hashes) - 1)] == here])
            if not len(hit):
                continue
            start, stop = np.searchsorted(hashes, hit), np.searchsorted(hashes, hit, side="right")
            touched = np.concatenate([items[a:b] for a, b in zip(start, stop, strict=True)])
            found, counts = np.unique(touched, return_counts=True)
            shares = counts / np.array([self._sizes[item] for item in found])
            at = int(np.argmax(shares))  # ties: the first item
            if shares[at] >= MIN_SHARE and (best is None or shares[at] > best.share):
                best = Match("ngrams", int(found[at]), float(shares[at]))
        return best


def build(items: Sequence[tuple[str, str, str]], unread: int = 0) -> Index:
    """An index of (place, prompt, whole text) items, ready to search."""
    index = Index(unread=unread)
    for at, prompt, whole in items:
        index.add(at, prompt, whole)
    return index.seal()
