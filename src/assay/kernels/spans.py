"""Spans of bytes read eight at a time: hashes, the next byte of a sort, white space at the ends, numbers of equal keys.

A byte of eight is found by arithmetic on the whole (Hacker's Delight, 6-1): the lowest mark is always right, those
above it may be false.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.xxh64 import read64

_ONES, _TOPS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_BELOW = np.uint64(0x2121212121212121)
_FEED = np.uint64(0x0101010101010101 * 10)
# 256**k times this has k in its top three bits.
_PLACE = np.uint64(sum(k << (61 - 8 * k) for k in range(8)))
_P1, _P2 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xFF51AFD7ED558CCD)


@kernel
def place_of(marks: np.uint64) -> int:
    """Which byte of eight has the lowest mark (0x80); marks must not be 0."""
    return int((((marks & (~marks + np.uint64(1))) >> np.uint64(7)) * _PLACE) >> np.uint64(61))


@kernel
def stops(word: np.uint64) -> np.uint64:
    """Marks of bytes that are below 33 or not ASCII."""
    return np.uint64(((word - _BELOW) | word) & _TOPS)


@kernel
def _zeros(word: np.uint64) -> np.uint64:
    return np.uint64((word - _ONES) & ~word & _TOPS)


@kernel
def next_feed(data: NDArray[np.uint8], i: int, end: int) -> int:
    """Where the next line feed is, end for none."""
    while i + 8 <= end:
        marks = _zeros(read64(data, np.uint64(i)) ^ _FEED)
        if marks != np.uint64(0):
            return i + place_of(marks)
        i += 8
    while i < end and data[i] != 10:
        i += 1
    return i


@kernel
def _few(data: NDArray[np.uint8], start: int, n: int) -> np.uint64:
    """The n < 8 bytes from start on as a number, the first one lowest."""
    if start + 8 <= len(data):
        return np.uint64(read64(data, np.uint64(start)) & ((np.uint64(1) << np.uint64(8 * n)) - np.uint64(1)))
    word = np.uint64(0)
    for k in range(n):
        word |= np.uint64(data[start + k]) << np.uint64(8 * k)
    return word


@kernel
def blended(h: np.uint64, word: np.uint64) -> np.uint64:
    """Eight more bytes of a span_hash; h is 0 before the first ones."""
    if h == np.uint64(0):
        h = _P2
    h = (h ^ word) * _P1
    return h ^ (h >> np.uint64(32))


@kernel
def finished(h: np.uint64, word: np.uint64, n: int) -> np.uint64:
    """span_hash of n bytes: h of all whole eights of them, word of the rest, zeros above."""
    h ^= word | np.uint64(n) << np.uint64(56)
    h *= _P1
    h ^= h >> np.uint64(32)
    h *= _P2
    return h ^ (h >> np.uint64(29))


@kernel
def span_hash(data: NDArray[np.uint8], start: int, stop: int) -> np.uint64:
    """64-bit hash of data[start:stop]. Different spans of fewer than eight bytes have different hashes."""
    n, h = stop - start, np.uint64(0)
    while start + 8 <= stop:
        h = blended(h, read64(data, np.uint64(start)))
        start += 8
    return finished(h, _few(data, start, stop - start), n)


@kernel
def characters(data: NDArray[np.uint8], start: int, stop: int) -> int:
    """Code points of data[start:stop]."""
    span, n = data[start:stop], 0
    for k in range(len(span)):
        n += span[k] & 0xC0 != 0x80
    return n


@kernel
def stripped(data: NDArray[np.uint8], start: int, stop: int) -> tuple[int, int]:
    """A span without the white space at both ends, as str.strip()."""
    while start < stop and not 33 <= data[start] < 128:
        width = space_width(data, start, stop)
        if width == 0:
            break
        start += width
    while stop > start and not 33 <= data[stop - 1] < 128:
        at = stop - 1
        while at > start and data[at] & 0xC0 == 0x80:
            at -= 1
        if space_width(data, at, stop) == 0:
            break
        stop = at
    return start, stop


@kernel
def next_break(data: NDArray[np.uint8], i: int, end: int) -> tuple[int, int]:
    """Where the line at i stops and where the next one begins (beyond end for none), as str.splitlines()."""
    while i < end:
        c = data[i]
        if c == 10 or c == 11 or c == 12 or 28 <= c <= 30:
            return i, i + 1
        if c == 13:
            return i, i + (2 if i + 1 < end and data[i + 1] == 10 else 1)
        if c == 0xC2 and i + 1 < end and data[i + 1] == 0x85:
            return i, i + 2
        if c == 0xE2 and i + 2 < end and data[i + 1] == 0x80 and (data[i + 2] == 0xA8 or data[i + 2] == 0xA9):
            return i, i + 3
        i += 1
    return end, end + 1


@kernel
def find_lines(
    data: NDArray[np.uint8], start: int, end: int, feeds_only: bool, lines: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Lines of data[start:end], at least one: int64[k, 4] of (start, stop, the same stripped) with k >= n, and n.

    feeds_only: lines of str.split("\\n"); otherwise those of str.splitlines(), which opens none after the last break.
    """
    n, i = 0, start
    last = end + 1 if feeds_only else end
    while i < last:
        if feeds_only:
            stop = next_feed(data, i, end)
            following = stop + 1
        else:
            stop, following = next_break(data, i, end)
        if n == len(lines):
            larger = np.empty((2 * n + 64, 4), np.int64)
            larger[:n] = lines
            lines = larger
        a, b = stripped(data, i, stop)
        lines[n, 0], lines[n, 1], lines[n, 2], lines[n, 3] = i, stop, a, b
        n += 1
        i = following
    return lines, n


@kernel
def next_size(needed: int, size: int) -> int:
    """A power of two of at least `needed`, and not below `size`."""
    while size < needed:
        size *= 2
    return size


@kernel
def group(
    keys: NDArray[np.uint64],
    n: int,
    base: int,
    table: NDArray[np.uint64],
    groups: NDArray[np.int64],
    counts: NDArray[np.int64],
    firsts: NDArray[np.int64],
) -> int:
    """Number equal keys in the order in which they are first seen; returns how many there are.

    groups: int64[n], the number of each key. counts, firsts: by number, how often and where first.
    table: uint64[2 size], size a power of two of at least 2 n; pairs of a key and base + number. What stands there
    from calls with a smaller base (by at least their n) is taken as empty, so nobody has to clear it.
    """
    mask = np.uint64(next_size(2 * n, 8) - 1)
    total, one = 0, np.uint64(1)
    for i in range(n):
        key = keys[i]
        at = (key >> np.uint64(20)) & mask
        while True:
            g = np.int64(table[at * np.uint64(2) + one]) - base
            if g < 0:
                table[at * np.uint64(2)], table[at * np.uint64(2) + one] = key, np.uint64(base + total)
                groups[i], firsts[total], counts[total] = total, i, 1
                total += 1
                break
            if table[at * np.uint64(2)] == key:
                groups[i] = g
                counts[g] += 1
                break
            at = (at + one) & mask
    return total
