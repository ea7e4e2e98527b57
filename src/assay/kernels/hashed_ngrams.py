"""The distinct hashed n-grams of UTF-8 rows: words, pairs of words, and runs of four bytes inside words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

BITS = 18  # 262,144 buckets: weights and marks together fit in a core's second-level cache
_WORD = np.uint64(0x9E3779B97F4A7C15)
_PAIR = np.uint64(0xC2B2AE3D27D4EB4F)
_RUN = np.uint64(0xD6E8FEB86659FD93)
_BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_FINAL = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT = np.uint64(64 - BITS)
_SPACE = np.uint64(32)
_FOUR_BYTES = np.uint64(0xFFFFFFFF)


@kernel
def _mixed(h: np.uint64) -> np.uint64:
    h = (h ^ (h >> np.uint64(32))) * _FINAL
    return np.uint64(h ^ (h >> np.uint64(29)))


# ASCII letters and digits in lower case, other ASCII as 32, everything else as it stands.
_LOWER = np.array(
    [c + 32 if 65 <= c <= 90 else c if 97 <= c <= 122 or 48 <= c <= 57 or c >= 128 else 32 for c in range(256)],
    np.uint8,
)


@kernel
def _folded(data: NDArray[np.uint8], i: int, start: int, end: int) -> np.uint64:
    """A letter or digit in lower case (ASCII), a byte of a longer character as it stands, and 32 for anything else.

    Of the longer ones, the punctuation of U+0080-00BF, U+2000-207F and U+3000-303F is 32 too, byte by byte.
    """
    c = _LOWER[data[i]]
    if c >= 128 and _in_mark(data, i, start, end):
        return _SPACE
    return np.uint64(c)


@kernel
def _in_mark(data: NDArray[np.uint8], i: int, start: int, end: int) -> bool:
    """Whether the byte at i, 0x80 or above, belongs to such punctuation."""
    c = data[i]
    if c >= 0xC0:  # begins a character
        return bool(c == 0xC2 or ((c == 0xE2 or c == 0xE3) and i + 1 < end and _is_mark(c, data[i + 1])))
    if i == start:
        return False
    b = data[i - 1]
    return bool(b == 0xC2 or _is_mark(b, c) or (i > start + 1 and b < 0xC0 and _is_mark(data[i - 2], b)))


@kernel
def _is_mark(first: np.uint8, second: np.uint8) -> bool:
    return bool((first == 0xE2 and (second == 0x80 or second == 0x81)) or (first == 0xE3 and second == 0x80))


@kernel
def row_ngrams(data: NDArray[np.uint8], start: int, end: int, marks: NDArray[np.int32], mark: int,
               out: NDArray[np.int32]) -> int:  # fmt: skip
    """Write the distinct buckets of data[start:end] to `out` in order of first sight; returns how many.

    marks: int32[2**BITS], whose entries differ from `mark` before the call and equal it for buckets seen after it.
    out: must have room for 3 * (end - start) + 3 entries, or 2**BITS. A word is a run of ASCII letters, digits and
    bytes of other characters but common punctuation; runs of four bytes are taken from " word ", so that they know
    where it begins and ends.
    """
    n, i, before = 0, start, np.uint64(0)
    while i < end:
        c = _folded(data, i, start, end)
        if c == _SPACE:
            i += 1
            continue
        word, run, length = _BASIS, _SPACE, 1
        while True:
            c = _folded(data, i, start, end) if i < end else _SPACE
            run = ((run << np.uint64(8)) | c) & _FOUR_BYTES
            length += 1
            if length >= 4:
                bucket = _mixed(run * _RUN) >> _SHIFT
                if marks[bucket] != mark:
                    marks[bucket] = np.int32(mark)
                    out[n] = bucket
                    n += 1
            if c == _SPACE:
                break
            word = (word ^ c) * _PRIME
            i += 1
        word = _mixed(word)
        bucket = (word * _WORD) >> _SHIFT
        if marks[bucket] != mark:
            marks[bucket] = np.int32(mark)
            out[n] = bucket
            n += 1
        if before != 0:
            bucket = _mixed(before * _PAIR + word) >> _SHIFT
            if marks[bucket] != mark:
                marks[bucket] = np.int32(mark)
                out[n] = bucket
                n += 1
        before = word
    return n


@kernel
def hashed_ngrams(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """offsets: int64[n + 1], data: uint8[m]  ->  int64[n + 1] starts and int32 buckets, row after row. O(m).

    Of each row the first `most` distinct buckets, in order of first sight; 0 <= bucket < 2**BITS.
    """
    rows = len(offsets) - 1
    starts, marks = np.zeros(rows + 1, np.int64), np.zeros(1 << BITS, np.int32)
    found = np.empty(1024, np.int32)
    scratch = np.empty(1024, np.int32)
    total = 0
    for row in range(rows):
        room = min(3 * (offsets[row + 1] - offsets[row]) + 3, 1 << BITS)
        if room > len(scratch):
            scratch = np.empty(2 * room, np.int32)
        n = min(row_ngrams(data, offsets[row], offsets[row + 1], marks, row + 1, scratch), most)
        if total + n > len(found):
            larger = np.empty(2 * (total + n), np.int32)
            larger[:total] = found[:total]
            found = larger
        found[total : total + n] = scratch[:n]
        total += n
        starts[row + 1] = total
    return starts, found[:total].copy()


@kernel
def ngram_scores(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], weights: NDArray[np.float32]
) -> NDArray[np.float64]:
    """weights: float32[2**BITS]  ->  float64[n]: the sum over a row's distinct buckets / square root of their number.

    The product of the weights with the row as a binary vector of length 1. NaN for a row without a word. O(m).
    """
    rows = len(offsets) - 1
    out = np.full(rows, np.nan)
    marks = np.zeros(1 << BITS, np.int32)
    scratch = np.empty(1024, np.int32)
    for row in range(rows):
        room = min(3 * (offsets[row + 1] - offsets[row]) + 3, 1 << BITS)
        if room > len(scratch):
            scratch = np.empty(2 * room, np.int32)
        n = row_ngrams(data, offsets[row], offsets[row + 1], marks, row + 1, scratch)
        total = 0.0
        for k in range(n):
            total += weights[scratch[k]]
        if n:
            out[row] = total / np.sqrt(n)
    return out
