"""The tables that rows are compared with, made of the words of benchmark items (see contamination.py)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.contamination_tables import (
    ANCHOR,
    SHORT_ANCHOR,
    Bytes,
    Hashes,
    Ints,
    Keyed,
    Longs,
    bloom_bits,
    eight_at,
    run_hash,
    runs_of_four,
)  # fmt: skip
from assay.kernels.shingles import NO_NUMBER, PROSE, mixed, row_words

_BITS_A_KEY = 16


@kernel
def rows_words(offsets: Longs, data: Bytes, fold: NDArray[np.uint32], counts: Ints, out: Hashes, sizes: Ints) -> int:
    """The words of all rows one after the other; returns how many. counts: of each row; sizes: bytes of each word.

    out, sizes: with room for as many as there are bytes.
    """
    longest = 1
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    starts, ends = np.empty(longest, np.int32), np.empty(longest, np.int32)
    found = 0
    for row in range(len(offsets) - 1):
        n = row_words(data, offsets[row], offsets[row + 1], fold, PROSE, out[found:], starts, ends)
        for i in range(n):
            sizes[found + i] = ends[i] - starts[i]
        counts[row] = n
        found += n
    return found


@kernel
def rows_hashes(starts: Longs, words: Hashes, out: Hashes) -> None:
    """One hash for all words of each row: words[starts[row]:starts[row + 1]]."""
    for row in range(len(starts) - 1):
        out[row] = run_hash(words, starts[row], starts[row + 1] - starts[row])


@kernel
def rows_grams(
    starts: Longs, words: Hashes, longest: int, rows: Ints, grams: Hashes, anchors: Hashes
) -> int:  # fmt: skip
    """n-grams of each row of 8 words or more that hold a word with a letter, n the smaller of `longest` and its words.

    rows, grams, anchors: the row, hash and anchor (its run of 8 words of the lowest hash) of each are written to them,
    with room for as many as there are words. Returns how many.
    """
    found, room = 0, 1
    for row in range(len(starts) - 1):
        room = max(room, starts[row + 1] - starts[row])
    pairs, fours, letters = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room + 1, np.int64)
    for row in range(len(starts) - 1):
        first, n = starts[row], starts[row + 1] - starts[row]
        if n < ANCHOR:
            continue
        size = min(longest, n)
        runs_of_four(words[first:], n, pairs, fours)
        letters[0] = 0
        for i in range(n):
            letters[i + 1] = letters[i] + np.int64((words[first + i] & NO_NUMBER) != np.uint64(0))
        for i in range(n - size + 1):
            if letters[i + size] == letters[i]:
                continue
            best = eight_at(fours, i)
            lowest = mixed(best)
            for j in range(i + 1, i + size - ANCHOR + 1):
                h = eight_at(fours, j)
                if mixed(h) < lowest:
                    best, lowest = h, mixed(h)
            rows[found], grams[found], anchors[found] = row, run_hash(words, first + i, size), best
            found += 1
    return found


@kernel
def phrase_anchors(starts: Longs, words: Hashes, sizes: Ints, offsets: Ints, anchors: Hashes) -> None:
    """Of each row of 4 words or more, the run of 4 with the most bytes (long words are rare), first of equals."""
    pairs, fours = np.empty(64, np.uint64), np.empty(64, np.uint64)
    for row in range(len(starts) - 1):
        first, n = starts[row], starts[row + 1] - starts[row]
        if n > len(pairs):
            pairs, fours = np.empty(n, np.uint64), np.empty(n, np.uint64)
        runs_of_four(words[first:], n, pairs, fours)
        most = -1
        for i in range(n - SHORT_ANCHOR + 1):
            total = 0
            for j in range(SHORT_ANCHOR):
                total += sizes[first + i + j]
            if total > most:
                most, offsets[row], anchors[row] = total, i, fours[i]


@kernel
def _filled(keys: Hashes, slots: Ints) -> None:
    mask = len(slots) - 1
    for i in range(len(keys)):
        at = np.int64(keys[i] >> np.uint64(24)) & mask
        while slots[at] >= 0:
            at = (at + 1) & mask
        slots[at] = i


@kernel
def _fill_bloom(keys: Hashes, bloom: Hashes) -> None:
    mask = np.uint64(len(bloom) - 1)
    for i in range(len(keys)):
        bloom[(keys[i] >> np.uint64(40)) & mask] |= bloom_bits(keys[i])


def bloom_of(keys: Hashes) -> Hashes:
    """A filter of 16 bits or more a key: of hashes that are no key about one in 100 passes."""
    bloom = np.zeros(_power(len(keys) * _BITS_A_KEY // 64, 64), np.uint64)
    _fill_bloom(keys, bloom)
    return bloom


def keyed(keys: Hashes, sorted_by_key: Hashes | None = None) -> Keyed:
    """A table of distinct, sorted keys. sorted_by_key: the key of each entry of the lists, in order of keys."""
    slots = np.full(_power(2 * len(keys), 2), -1, np.int32)
    _filled(keys, slots)
    if sorted_by_key is None:
        starts = np.zeros(len(keys) + 1, np.int64)
    else:
        starts = np.append(np.searchsorted(sorted_by_key, keys), len(sorted_by_key)).astype(np.int64)
    return Keyed(keys, slots, starts)


def _power(at_least: int, smallest: int) -> int:
    return max(smallest, 1 << max(0, int(at_least - 1).bit_length()))
