"""MinHash signatures of UTF-8 rows, folded into band hashes: equal bands propose that two rows are near copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.shingles import (
    AUTO,
    CODE,
    PROSE,
    char_shingles,
    looks_like_code,
    mixed,
    row_chars,
    row_words,
    word_shingles,
)

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Ints = NDArray[np.int32]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def permutations(number: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """`number` odd factors and as many addends, uint32 each, by SplitMix64: h -> a * h + b modulo 2**32.

    A permutation of the 32-bit numbers each. What they leave to be wished for in independence is measured against
    the theoretical detection curve (docs/decisions/near-duplicates.md).
    """
    state, out = seed & 0xFFFFFFFFFFFFFFFF, np.empty(2 * number, np.uint64)
    for i in range(2 * number):
        state = (state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        out[i] = z ^ (z >> 31)
    high = (out >> np.uint64(32)).astype(np.uint32)
    return high[:number] | np.uint32(1), high[number:]


@kernel
def row_shingles(
    data: Bytes, start: int, end: int, table: NDArray[np.uint32], mode: int, size: int,
    words: Hashes, places: Ints, out: Hashes,
) -> tuple[int, int]:  # fmt: skip
    """Write the shingles of data[start:end] to `out`, repetitions included, and its words to `words`.

    Returns how many words and how many shingles. Runs of `size` words; a text of fewer words gives runs of `size`
    characters, and one of fewer characters itself. A text without a word has none. words, out: room for
    20 * (end - start); places: room for 2 * (end - start).
    """
    room = end - start
    if mode == AUTO:
        mode = CODE if looks_like_code(data, start, end) else PROSE
    n = row_words(data, start, end, table, mode, words, places[:room], places[room:])
    if n >= size or n == 0:
        return n, word_shingles(words, n, size, out)
    chars = row_chars(data, start, end, table, words[n:])
    if chars == 0:  # marks of CODE alone
        return n, word_shingles(words, n, n, out)
    return n, char_shingles(words[n:], chars, size, out)


@kernel
def _lower(
    least: NDArray[np.uint32], shingles: Hashes, count: int, factors: NDArray[np.uint32], addends: NDArray[np.uint32]
) -> None:
    """least[k] becomes the smallest of itself and every permuted shingle. Four at a time: one load, one store."""
    number = len(factors)
    i = 0
    while i + 4 <= count:
        h0, h1 = np.uint32(shingles[i] >> _HALF), np.uint32(shingles[i + 1] >> _HALF)
        h2, h3 = np.uint32(shingles[i + 2] >> _HALF), np.uint32(shingles[i + 3] >> _HALF)
        for k in range(number):
            a, b = factors[k], addends[k]
            v = min(np.uint32(a * h0 + b), np.uint32(a * h1 + b))
            w = min(np.uint32(a * h2 + b), np.uint32(a * h3 + b))
            least[k] = min(least[k], min(v, w))
        i += 4
    while i < count:
        h0 = np.uint32(shingles[i] >> _HALF)
        for k in range(number):
            least[k] = min(least[k], np.uint32(factors[k] * h0 + addends[k]))
        i += 1


@kernel
def sign_rows(
    offsets: NDArray[np.int64], data: Bytes, table: NDArray[np.uint32], mode: int, size: int,
    factors: NDArray[np.uint32], addends: NDArray[np.uint32], bands: int,
) -> tuple[Hashes, Hashes, NDArray[np.int32]]:  # fmt: skip
    """uint64[bands, n] band hashes, uint64[n] hashes of all shingles, int32[n] shingles, repetitions counted.

    Equal signatures do not do for equal shingles: of rows of one template, 97 % alike, 3 in 100 pairs have the same.
    len(factors) is bands times the rows of a band. Hashes are 0 where there is no shingle. O(m * len(factors)).
    """
    n = len(offsets) - 1
    number = len(factors)
    per_band = number // bands
    out, whole, counts = np.zeros((bands, n), np.uint64), np.zeros(n, np.uint64), np.zeros(n, np.int32)
    room = 1024
    words, shingles = np.empty(20 * room, np.uint64), np.empty(20 * room, np.uint64)
    places = np.empty(2 * room, np.int32)
    least = np.empty(number, np.uint32)
    for row in range(n):
        start, end = offsets[row], offsets[row + 1]
        if end - start > room:
            room = 2 * (end - start)
            words, shingles = np.empty(20 * room, np.uint64), np.empty(20 * room, np.uint64)
            places = np.empty(2 * room, np.int32)
        _, count = row_shingles(data, start, end, table, mode, size, words, places, shingles)
        counts[row] = count
        if count == 0:
            continue
        least[:] = np.uint32(0xFFFFFFFF)
        _lower(least, shingles, count, factors, addends)
        total = np.uint64(count)
        for i in range(count):
            total += shingles[i]
        for band in range(bands):
            h = np.uint64(band + 1)
            for k in range(band * per_band, (band + 1) * per_band):
                h = h * _STEP + np.uint64(least[k])
            out[band, row] = mixed(h)
        whole[row] = mixed(total)
    return out, whole, counts


@kernel
def rows_as_words(
    offsets: NDArray[np.int64], data: Bytes, wanted: NDArray[np.int64], table: NDArray[np.uint32], mode: int, size: int
) -> tuple[Hashes, NDArray[np.int64], Hashes, NDArray[np.int64]]:
    """Words of the wanted rows, and the shingles of those too short to make them of words.

    Flat uint64 words with int64[k + 1] starts; flat shingles with starts, empty for a row of `size` words or more.
    """
    k = len(wanted)
    word_at, short_at = np.zeros(k + 1, np.int64), np.zeros(k + 1, np.int64)
    all_words, all_short = np.empty(4096, np.uint64), np.empty(64, np.uint64)
    room = 1024
    words, shingles = np.empty(20 * room, np.uint64), np.empty(20 * room, np.uint64)
    places = np.empty(2 * room, np.int32)
    for i in range(k):
        start, end = offsets[wanted[i]], offsets[wanted[i] + 1]
        if end - start > room:
            room = 2 * (end - start)
            words, shingles = np.empty(20 * room, np.uint64), np.empty(20 * room, np.uint64)
            places = np.empty(2 * room, np.int32)
        n, count = row_shingles(data, start, end, table, mode, size, words, places, shingles)
        all_words = _roomy(all_words, word_at[i], n)
        all_words[word_at[i] : word_at[i] + n] = words[:n]
        word_at[i + 1] = word_at[i] + n
        short = count if n < size else 0
        all_short = _roomy(all_short, short_at[i], short)
        all_short[short_at[i] : short_at[i] + short] = shingles[:short]
        short_at[i + 1] = short_at[i] + short
    return all_words[: word_at[k]].copy(), word_at, all_short[: short_at[k]].copy(), short_at


@kernel
def all_shingles(
    words: Hashes, word_at: NDArray[np.int64], short: Hashes, short_at: NDArray[np.int64], size: int
) -> tuple[Hashes, NDArray[np.int64]]:
    """Shingles of every row of rows_as_words, repetitions included: flat, and int64[k + 1] starts."""
    k = len(word_at) - 1
    starts = np.zeros(k + 1, np.int64)
    for i in range(k):
        n = word_at[i + 1] - word_at[i]
        starts[i + 1] = starts[i] + (n - size + 1 if n >= size else short_at[i + 1] - short_at[i])
    out = np.empty(starts[k], np.uint64)
    for i in range(k):
        if short_at[i + 1] > short_at[i]:
            out[starts[i] : starts[i + 1]] = short[short_at[i] : short_at[i + 1]]
        else:
            word_shingles(words[word_at[i] : word_at[i + 1]], word_at[i + 1] - word_at[i], size, out[starts[i] :])
    return out, starts


@kernel
def _roomy(held: Hashes, used: int, more: int) -> Hashes:
    if used + more <= len(held):
        return held
    larger = np.empty(2 * (used + more), np.uint64)
    larger[:used] = held[:used]
    return larger


def sorted_sets(shingles: Hashes, starts: NDArray[np.int64]) -> tuple[Hashes, NDArray[np.int64]]:
    """Sorted distinct shingles of each run shingles[starts[i]:starts[i + 1]], and their starts. Works in place.

    NumPy's vectorised sort, row by row: ten times as fast as a sort inside a kernel.
    """
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        shingles[start:end].sort()
    return _distinct(shingles, starts)


@kernel
def _distinct(held: Hashes, starts: NDArray[np.int64]) -> tuple[Hashes, NDArray[np.int64]]:
    at, new_starts = 0, np.zeros(len(starts), np.int64)
    for row in range(len(starts) - 1):
        for i in range(starts[row], starts[row + 1]):
            if i == starts[row] or held[i] != held[i - 1]:
                held[at] = held[i]
                at += 1
        new_starts[row + 1] = at
    return held[:at], new_starts


@kernel
def word_digests(
    offsets: NDArray[np.int64], data: Bytes, table: NDArray[np.uint32]
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """uint64[n, 2] digests of the rows' sequences of words, and int32[n] how many words."""
    n = len(offsets) - 1
    out, counts = np.zeros((n, 2), np.uint64), np.zeros(n, np.int32)
    room = 1024
    words, places = np.empty(room, np.uint64), np.empty(2 * room, np.int32)
    for row in range(n):
        start, end = offsets[row], offsets[row + 1]
        if end - start > room:
            room = 2 * (end - start)
            words, places = np.empty(room, np.uint64), np.empty(2 * room, np.int32)
        count = row_words(data, start, end, table, PROSE, words, places[:room], places[room:])
        a, b = np.uint64(count), np.uint64(~count)
        for i in range(count):
            a = a * _STEP + words[i]
            b = (b ^ words[i]) * np.uint64(0xC2B2AE3D27D4EB4F)
            b ^= b >> np.uint64(32)
        out[row, 0], out[row, 1], counts[row] = mixed(a), mixed(b), count
    return out, counts
