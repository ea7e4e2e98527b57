"""What rows are searched with for benchmark items: hash tables, filters, and how runs of words are hashed for them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.shingles import mixed

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

GRAM = 13  # words of an n-gram (GPT-3's length); items of 8 to 12 words are one n-gram
ANCHOR = 8  # words of an anchor of n-grams, and of the shortest n-gram
SHORT_ANCHOR = 4  # words of an anchor of phrases, and of the shortest phrase
# How an item is matched, weakest first.
ANSWER, SHORT, NGRAMS, PROMPT, TEXT = 1, 2, 3, 4, 5
HOW = ("", "answer", "short", "ngrams", "prompt", "text")
# What an equal text is of its item.
IS_WHOLE, IS_PROMPT, IS_ANSWER = 0, 1, 2
LENGTHS = 1 << 16
_STEP = np.uint64(0x9E3779B97F4A7C15)


class Keyed(NamedTuple):
    """A hash table with a list for each key.

    keys: uint64[k], sorted; slots: int32[2**b], the place of a key or -1; starts: int64[k + 1] of the lists.
    """

    keys: Hashes
    slots: Ints
    starts: Longs


class Tables(NamedTuple):
    """All that rows are compared with. Lists of the keyed tables lie in the arrays named after them.

    sizes: int64[], lengths of n-grams in words. lengths: uint8[65,536], 1 where some whole text, prompt or short answer
    has that many words; heads: a Bloom filter of the first 4 words of prompts and short answers. targets are the sets
    of n-grams of an item: of its prompt (else its whole text), of an answer. holds: uint8[items, 2], whether it has
    n-grams of its prompt, and an answer to look for. said: words of short answers, those of item i in runs
    said_starts[item_said[i]:item_said[i + 1] + 1].
    """

    bloom: Hashes
    anchors: Keyed
    grams: Keyed
    gram_targets: Ints
    sizes: Longs
    short_bloom: Hashes
    phrases: Keyed
    phrase_items: Ints
    phrase_words: Ints
    phrase_offsets: Ints
    phrase_hashes: Hashes
    equals: Keyed
    equal_items: Ints
    equal_what: Bytes
    lengths: Bytes
    heads: Hashes
    target_items: Ints
    target_is_answer: Bytes
    target_sizes: Ints
    holds: Bytes
    item_said: Longs
    said_starts: Longs
    said: Hashes


class Scratch(NamedTuple):
    """Room that one thread needs, zero before and after: one value for each target or item."""

    counts: Ints
    counted: Ints
    seen: Bytes
    touched: Ints
    how: Bytes
    said: Bytes
    shares: Floats


@kernel
def run_hash(words: Hashes, first: int, n: int) -> np.uint64:
    """One hash for words[first:first + n], another for another n."""
    h = np.uint64(n)
    for i in range(first, first + n):
        h = h * _STEP + words[i]
    return mixed(h)


@kernel
def runs_of_four(words: Hashes, n: int, pairs: Hashes, fours: Hashes) -> None:
    """fours[i]: the polynomial of words[i:i + 4] modulo 2**64; pairs: of two. Not mixed: words are hashes already."""
    for i in range(n - 1):
        pairs[i] = words[i] * _STEP + words[i + 1]
    square = _STEP * _STEP
    for i in range(n - 3):
        fours[i] = pairs[i] * square + pairs[i + 2]


@kernel
def eight_at(fours: Hashes, i: int) -> np.uint64:
    """The polynomial of the 8 words from i on."""
    square = _STEP * _STEP
    return np.uint64(fours[i] * (square * square) + fours[i + 4])


@kernel
def bloom_bits(h: np.uint64) -> np.uint64:
    """Three bits (or fewer) of a word of the filter; which word is said by the bits from 40 on."""
    one = np.uint64(1)
    low = np.uint64(63)
    return np.uint64(
        (one << ((h >> np.uint64(34)) & low))
        | (one << ((h >> np.uint64(28)) & low))
        | (one << ((h >> np.uint64(22)) & low))
    )


@kernel
def place_of(table: Keyed, key: np.uint64) -> int:
    """The number of a key, -1 where it is not in the table."""
    mask = len(table.slots) - 1
    at = np.int64(key >> np.uint64(24)) & mask
    while table.slots[at] >= 0:
        if table.keys[table.slots[at]] == key:
            return int(table.slots[at])
        at = (at + 1) & mask
    return -1
