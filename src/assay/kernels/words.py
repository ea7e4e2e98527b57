"""Words of UTF-8 rows by three stated rules, with their characters counted and their bytes hashed.

SPACES: runs without white space, as str.split(). PEELED: those runs with punctuation peeled off as words of its own,
by the rules of spaCy's English tokenizer (peel.py). LETTERS: runs of letters and digits, punctuation
left out, after the word boundaries of Unicode (UAX 29). Each character of a script without spaces is a word, but for
runs of Katakana: Chinese, Hiragana, Thai, Lao, Khmer, Burmese and their like.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.endings import code_at
from assay.kernels.peel import peel
from assay.kernels.word_tables import ALNUM, ALONE, ALPHA, MARK, SYMBOL, TABLE_SIZE, character_classes

__all__ = [
    "ALNUM", "ALPHA", "LETTERS", "PEELED", "SPACES", "SYMBOL", "character_classes", "class_of", "span_hash",
    "split_words", "word_places",
]  # fmt: skip

SPACES, PEELED, LETTERS = 0, 1, 2


@kernel
def class_of(code: int, table: NDArray[np.uint8]) -> int:
    return int(table[code]) if code < TABLE_SIZE else 0


@kernel
def _roomy(words: NDArray[np.int64], n: int, more: int) -> NDArray[np.int64]:
    """words, or a larger copy of its first n, with room for `more` after them."""
    if n + more <= len(words):
        return words
    larger = np.empty((2 * n + more + 64, 2), np.int64)
    larger[:n] = words[:n]
    return larger


@kernel
def katakana(code: int) -> bool:
    """Letters that join among themselves only, as in UAX 29."""
    return (0x30A1 <= code <= 0x30FF and code != 0x30FB) or 0x31F0 <= code <= 0x31FF or 0xFF66 <= code <= 0xFF9D


@kernel
def _letters(
    data: NDArray[np.uint8], i: int, end: int, table: NDArray[np.uint8], words: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    n = 0
    while i < end:
        code, width = code_at(data, i, end)
        bits = class_of(code, table)
        start, wanted, joined = i, bits & ALNUM != 0, code
        i += width
        if not (wanted or code == 95):
            continue
        alone, kana = bits & ALONE != 0, katakana(code)
        while i < end:
            code, width = code_at(data, i, end)
            next_bits = class_of(code, table)
            if next_bits & MARK:
                i += width
                continue
            if alone or next_bits & ALONE:
                break
            if next_bits & ALNUM or code == 95:
                if joined != 95 and code != 95 and kana != katakana(code):
                    break
                i += width
                bits, joined, kana = next_bits, code, katakana(code)
                continue
            both = code in (39, 46, 0x2018, 0x2019, 0x2024, 0xFF07, 0xFF0E)  # UAX 29: MidNumLet, MidLetter, MidNum
            letter = both or code in (58, 0xB7, 0x387, 0x2027, 0xFF1A)
            number = both or code in (44, 59, 0x60C, 0x66C, 0x2044, 0xFF0C, 0xFF1B)
            if not (letter or number) or i + width >= end or kana:
                break
            following, _ = code_at(data, i + width, end)
            after = class_of(following, table)
            joins = (letter and bits & ALPHA and after & ALPHA) or (
                number and bits & ALNUM and not bits & ALPHA and after & ALNUM and not after & ALPHA
            )
            if not joins or after & ALONE or katakana(following):
                break
            i += width
        if wanted:
            if n == len(words):
                words = _roomy(words, n, n + 64)
            words[n, 0], words[n, 1] = start, i
            n += 1
    return words, n


@kernel
def split_words(
    data: NDArray[np.uint8], i: int, end: int, table: NDArray[np.uint8], rule: int, words: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Places of the words of data[i:end] by one rule: int64[k, 2] of (start, stop) with k >= n, and n.

    words: room to write in; a larger array is returned where it does not suffice. Valid UTF-8 is assumed. O(m).
    """
    if rule == LETTERS:
        return _letters(data, i, end, table, words)
    n = 0
    while i < end:
        if not 33 <= data[i] < 128:
            width = space_width(data, i, end)
            if width:
                i += width
                continue
        start = i
        while i < end and (33 <= data[i] < 128 or space_width(data, i, end) == 0):
            i += 1
        if n + i - start > len(words):
            words = _roomy(words, n, i - start)
        if rule == PEELED:
            n = peel(data, start, i, table, words, n)
        else:
            words[n, 0], words[n, 1] = start, i
            n += 1
    return words, n


@kernel
def span_hash(data: NDArray[np.uint8], start: int, stop: int) -> tuple[np.uint64, int]:
    """64-bit hash of a span, and its characters (code points)."""
    h, chars = np.uint64(0xCBF29CE484222325), stop - start
    for i in range(start, stop):
        c = data[i]
        chars -= c & 0xC0 == 0x80
        h = (h ^ np.uint64(c)) * np.uint64(0x100000001B3)
    h ^= h >> np.uint64(32)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    return h ^ (h >> np.uint64(29)), chars


@kernel
def word_places(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], table: NDArray[np.uint8], rule: int
) -> NDArray[np.int64]:
    """int64[k, 2]: (start, stop) of every word of every row, one after the other. For tests and callers in Python."""
    out, total = np.empty((64, 2), np.int64), 0
    words = np.empty((64, 2), np.int64)
    for row in range(len(offsets) - 1):
        words, n = split_words(data, offsets[row], offsets[row + 1], table, rule, words)
        out = _roomy(out, total, n)
        out[total : total + n] = words[:n]
        total += n
    return out[:total]
