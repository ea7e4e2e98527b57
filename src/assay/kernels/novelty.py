"""The distinct hashed word n-grams of UTF-8 rows, 64 bits each, sampled by their hash where a row has many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

GRAM = 5  # words
WHOLE = 64  # a row with fewer n-grams than this gives them all
ONE_OF = 8  # of the others: those whose hash is a multiple of it
_BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_ONE_OF = np.uint64(ONE_OF)


@kernel
def _mixed(h: np.uint64) -> np.uint64:
    """The finaliser of MurmurHash3."""
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.uint64(h ^ (h >> np.uint64(33)))


@kernel
def row_words(data: NDArray[np.uint8], start: int, end: int, out: NDArray[np.uint64]) -> int:
    """Write a hash of each word of data[start:end] to `out` (room for end - start); returns how many.

    A word is a run of ASCII letters in lower case, digits, and bytes of 0x80 and above; a character of U+3000 to
    U+9FFF (lead bytes E3 to E9: Chinese and Japanese, written without spaces) is a word of its own.
    """
    n, i = 0, start
    while i < end:
        c = data[i]
        if 0xE3 <= c <= 0xE9 and i + 2 < end:
            h = _BASIS
            for k in range(3):
                h = (h ^ np.uint64(data[i + k])) * _PRIME
            i += 3
        else:
            h, length = _BASIS, 0
            while i < end:
                c = data[i]
                if 65 <= c <= 90:
                    c += np.uint8(32)
                if not (97 <= c <= 122 or 48 <= c <= 57 or c >= 128) or (0xE3 <= c <= 0xE9 and i + 2 < end):
                    break
                h = (h ^ np.uint64(c)) * _PRIME
                length += 1
                i += 1
            if length == 0:
                i += 1
                continue
        out[n] = _mixed(h)
        n += 1
    return n


@kernel
def row_grams(words: NDArray[np.uint64], n: int, out: NDArray[np.uint64]) -> int:
    """Write the distinct n-gram hashes of words[:n] to `out` (room for n), sorted; returns how many.

    Fewer than GRAM words are one n-gram. Where there are WHOLE n-grams or more, repetitions counted, only those with
    hash % ONE_OF == 0 are given, and where there is none of these the smallest.
    """
    if n == 0:
        return 0
    width = min(GRAM, n)
    total = n - width + 1
    sampled = total >= WHOLE
    kept, least = 0, ~np.uint64(0)
    for i in range(total):
        h = np.uint64(width)
        for k in range(width):
            h = h * _STEP + words[i + k]
        h = _mixed(h)
        least = min(least, h)
        if not sampled or h % _ONE_OF == 0:
            out[kept] = h
            kept += 1
    if kept == 0:
        out[0] = least
        return 1
    out[:kept].sort()
    count = 1
    for i in range(1, kept):
        if out[i] != out[count - 1]:
            out[count] = out[i]
            count += 1
    return count


@kernel
def distinct_grams(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """offsets: int64[n + 1], data: uint8[m]  ->  int64[n + 1] starts and uint64 hashes, sorted within each row.

    See row_words and row_grams for what is hashed and which hashes are given. O(m log m of the longest row).
    """
    rows = len(offsets) - 1
    starts = np.zeros(rows + 1, np.int64)
    found, words, grams = np.empty(1024, np.uint64), np.empty(1024, np.uint64), np.empty(1024, np.uint64)
    total = 0
    for row in range(rows):
        room = offsets[row + 1] - offsets[row]
        if room > len(words):
            words, grams = np.empty(2 * room, np.uint64), np.empty(2 * room, np.uint64)
        n = row_grams(words, row_words(data, offsets[row], offsets[row + 1], words), grams)
        if total + n > len(found):
            larger = np.empty(2 * (total + n), np.uint64)
            larger[:total] = found[:total]
            found = larger
        found[total : total + n] = grams[:n]
        total += n
        starts[row + 1] = total
    return starts, found[:total].copy()
