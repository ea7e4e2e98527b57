"""What the scanners for personal data share: classes of ASCII bytes, word lists as flat bytes, words before a place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

CONTEXT_BYTES = 48  # how far before a candidate a word may stand that says what it is


def word_table(words: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Words between white space as bytes and int64[n + 1] offsets, sorted."""
    said = sorted(word.encode() for word in words.split())
    return np.frombuffer(b"".join(said), np.uint8), np.cumsum([0, *map(len, said)]).astype(np.int64)


@kernel
def is_digit(c: int) -> bool:
    return 48 <= c <= 57


@kernel
def is_letter(c: int) -> bool:
    return 65 <= c <= 90 or 97 <= c <= 122


@kernel
def is_word(c: int) -> bool:
    """ASCII letters, digits and the underscore."""
    return 48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c == 95


@kernel
def is_hex(c: int) -> bool:
    return 48 <= c <= 57 or 65 <= c <= 70 or 97 <= c <= 102


@kernel
def byte_at(data: NDArray[np.uint8], i: int, low: int, high: int) -> int:
    """data[i], or 0 outside of [low, high)."""
    return int(data[i]) if low <= i < high else 0


@kernel
def listed(data: NDArray[np.uint8], a: int, b: int, said: NDArray[np.uint8], ends: NDArray[np.int64]) -> bool:
    """Whether data[a:b], with ASCII letters in lower case, is one of the words of a word_table."""
    for k in range(len(ends) - 1):
        first = ends[k]
        if ends[k + 1] - first == b - a:
            n = 0
            while n < b - a:
                c = data[a + n]
                if 65 <= c <= 90:
                    c += np.uint8(32)
                if c != said[first + n]:
                    break
                n += 1
            if n == b - a:
                return True
    return False


@kernel
def said_before(data: NDArray[np.uint8], low: int, at: int, said: NDArray[np.uint8], ends: NDArray[np.int64]) -> bool:
    """Whether one of the words (letters and bytes from 0x80) stands whole in the CONTEXT_BYTES before `at`.

    The window is cut at a word's begin, and never reaches before `low`.
    """
    i = max(low, at - CONTEXT_BYTES)
    while i < at:
        c = data[i]
        if not (is_letter(c) or c >= 0x80):
            i += 1
            continue
        j = i
        while j < at and (is_letter(data[j]) or data[j] >= 0x80):
            j += 1
        whole = i == low or not (is_letter(data[i - 1]) or data[i - 1] >= 0x80)
        if whole and listed(data, i, j, said, ends):
            return True
        i = j
    return False
