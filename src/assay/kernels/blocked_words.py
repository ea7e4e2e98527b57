"""Words of a list in UTF-8 rows: at each place those are compared that begin with the two bytes there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.endings import code_at
from assay.kernels.word_tables import ALNUM, MARK, TABLE_SIZE


@kernel
def _same(data: NDArray[np.uint8], i: int, said: NDArray[np.uint8], a: int, b: int) -> bool:
    k = a
    while k < b and data[i + k - a] == said[k]:
        k += 1
    return k == b


@kernel
def _wordlike(code: int, table: NDArray[np.uint8]) -> bool:
    """Python's \\w: letters, digits, marks that continue a word, and the underscore."""
    return code == 95 or (code < TABLE_SIZE and table[code] & (ALNUM | MARK) != 0)


@kernel
def _flanked(data: NDArray[np.uint8], lo: int, hi: int, i: int, j: int, table: NDArray[np.uint8]) -> bool:
    """Whether no letter, digit, mark or underscore stands directly before i or at j."""
    if i > lo:
        k = i - 1
        while k > lo and data[k] & 0xC0 == 0x80:
            k -= 1
        code, _ = code_at(data, k, hi)
        if _wordlike(code, table):
            return False
    if j < hi:
        code, _ = code_at(data, j, hi)
        if _wordlike(code, table):
            return False
    return True


@kernel
def first_bytes(said: NDArray[np.uint8], ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Words by their first two bytes: int64[65537] where each pair's begin, and the order of the words in it."""
    words = len(ends) - 1
    keys = np.empty(words, np.int64)
    for k in range(words):
        second = said[ends[k] + 1] if ends[k + 1] - ends[k] > 1 else np.uint8(0)
        keys[k] = np.int64(said[ends[k]]) << 8 | np.int64(second)
    order = np.argsort(keys, kind="mergesort")
    return np.searchsorted(keys[order], np.arange(65537)), order


@kernel
def blocked_words(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    said: NDArray[np.uint8],
    ends: NDArray[np.int64],
    anywhere: NDArray[np.bool_],
    table: NDArray[np.uint8],
) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m] of case-folded text  ->  int64[k, 2]: row and word of each occurrence.

    said, ends: case-folded words, none empty. anywhere: per word, whether it counts inside a word too. Occurrences of
    different words may overlap; those of one word do not. By row, then place, then word. O(m) but for words that
    share their first two bytes.
    """
    heads, order = first_bytes(said, ends)
    alone = heads[np.arange(256) * 256 + 1] > heads[np.arange(256) * 256]  # words of a single byte
    out, count = np.empty((64, 2), np.int64), 0
    free = np.zeros(len(ends) - 1, np.int64)  # where the next occurrence of a word may begin
    for row in range(len(offsets) - 1):
        lo, hi = offsets[row], offsets[row + 1]
        free[:] = 0
        for i in range(lo, hi):
            first = np.int64(data[i]) << 8
            for single in range(2):
                if single == 0 and not alone[data[i]]:
                    continue
                if single == 1 and (i + 1 >= hi or data[i + 1] == 0):
                    continue
                pair = first if single == 0 else first | np.int64(data[i + 1])
                for k in range(heads[pair], heads[pair + 1]):
                    word = order[k]
                    a, b = ends[word], ends[word + 1]
                    if i + b - a > hi or i - lo < free[word] or not _same(data, i, said, a, b):
                        continue
                    if not anywhere[word] and not _flanked(data, lo, hi, i, i + b - a, table):
                        continue
                    if count == len(out):
                        larger = np.empty((2 * count, 2), np.int64)
                        larger[:count] = out
                        out = larger
                    out[count, 0], out[count, 1] = row, word
                    count += 1
                    free[word] = i - lo + b - a
    return out[:count].copy()
