"""Words of UTF-8 rows by three stated rules, with their characters counted and their bytes hashed.

SPACES: runs without white space, as str.split(). PEELED: those runs with punctuation peeled off as words of its own,
after the rules that spaCy's English tokenizer applies most often. LETTERS: runs of letters and digits, punctuation
left out, after the word boundaries of Unicode (UAX 29); each character of an unspaced script is a word.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.endings import code_at, unspaced

SPACES, PEELED, LETTERS = 0, 1, 2
ALPHA, ALNUM, SYMBOL, FRONT, BACK, MARK, LOWER, UPPER = 1, 2, 4, 8, 16, 32, 64, 128
TABLE_SIZE = 0x32400  # above it no code point is a letter, a digit or punctuation

_QUOTES = (
    "'\"\u201d\u201c`\u2018\u00b4\u2019\u201a\u201e\u00bb\u00ab\u300c\u300d\u300e\u300f\uff08\uff09"
    "\u3014\u3015\u3010\u3011\u300a\u300b\u3008\u3009\u2039\u203a"
)
_MARKS = (
    ",:;!?()[]{}<>_#*&\u2026\u00bf\u061f\u00a1\u3002\uff1f\uff01\uff0c\u3001\uff1b\uff1a\uff5e\u00b7\u0964\u06d4\u060c"
)
# Characters that make no word alone: what datatrove calls punctuation (utils/text.py), the digit U+FF11 included.
_SYMBOLS = (
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u2014\u201d\uff05\uff11\u3008\u3001\u2501\u3010\u300d\uff0c\u3011\uff1b\u201c"
    "\u300a\u201e\u300c\u2019\u2236\u00b4\uff0e\uff08\u2013\uff1f\uff1a\uff01\u00ab\u3009\u300b\uff09\u3002\u2026"
    "\u00bb\u25ba\uff5e"
)


@lru_cache(maxsize=1)
def character_classes() -> NDArray[np.uint8]:
    """uint8[TABLE_SIZE]: bits of each code point, from Python's own tables. Made on first use, in 60 ms.

    ALPHA and ALNUM as str.isalpha and str.isalnum; SYMBOL makes no word alone; FRONT and BACK are peeled off words
    at their begin and end; MARK continues a word; LOWER and UPPER are cased letters.
    """
    table = np.zeros(TABLE_SIZE, np.uint8)
    for code in range(TABLE_SIZE):
        char = chr(code)
        category = unicodedata.category(char)
        bits = 0
        if char.isalnum():
            bits = ALNUM | (ALPHA if char.isalpha() else 0)
            bits |= LOWER if char.islower() else (UPPER if char.isupper() else 0)
        elif category in ("Mn", "Mc", "Me", "Cf"):
            bits = MARK
        elif category in ("Sc", "So"):
            bits = FRONT | BACK
        table[code] = bits
    for char in _QUOTES + _MARKS + "\u2014\u2013":
        table[ord(char)] |= FRONT | BACK
    for char in "%=\u00a7":
        table[ord(char)] |= FRONT
    for char in _SYMBOLS + "".join(map(chr, (*range(9), 11, 12, *range(13, 32), *range(127, 160)))):
        table[ord(char)] |= SYMBOL
    table.flags.writeable = False
    return table


@kernel
def class_of(code: int, table: NDArray[np.uint8]) -> int:
    return int(table[code]) if code < len(table) else 0


@kernel
def _roomy(words: NDArray[np.int64], n: int, more: int) -> NDArray[np.int64]:
    """words, or a larger copy of its first n, with room for `more` after them."""
    if n + more <= len(words):
        return words
    larger = np.empty((2 * n + more + 64, 2), np.int64)
    larger[:n] = words[:n]
    return larger


@kernel
def _before(data: NDArray[np.uint8], start: int, i: int) -> int:
    """Where the character that ends before i begins."""
    i -= 1
    while i > start and data[i] & 0xC0 == 0x80:
        i -= 1
    return i


@kernel
def _periods(data: NDArray[np.uint8], start: int, end: int) -> int:
    """How many periods stand directly before end."""
    i = end
    while i > start and data[i - 1] == 46:
        i -= 1
    return end - i


@kernel
def _contraction(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Bytes of an English contraction at the end ('s 'm 'd 're 've 'll n't), 0 for none or where nothing is before."""
    if end - start < 3:
        return 0
    z, y = data[end - 1] | 32, data[end - 2] | 32
    tail = 1 if (z == 115 or z == 109 or z == 100) and not 97 <= y <= 122 else 0
    if (y == 114 and z == 101) or (y == 118 and z == 101) or (y == 108 and z == 108):
        tail = 2
    negated = z == 116 and not 97 <= y <= 122
    if negated:
        tail = 1
    if tail == 0:
        return 0
    quote = 0
    at = end - tail
    if data[at - 1] == 39:
        quote = 1
    elif at - start >= 3 and data[at - 3] == 0xE2 and data[at - 2] == 0x80 and data[at - 1] == 0x99:
        quote = 3
    width = tail + quote
    if quote == 0:
        return 0
    if negated:
        if end - width - 1 < start or data[end - width - 1] | 32 != 110:
            return 0
        width += 1
    return width if end - width > start else 0


@kernel
def _back_width(data: NDArray[np.uint8], start: int, end: int, table: NDArray[np.uint8]) -> int:
    """Bytes to peel off the end of data[start:end], 0 for none."""
    if data[end - 1] == 46:
        run = _periods(data, start, end)
        if run > 1:
            return run
        if end - 1 == start:
            return 0
        at = _before(data, start, end - 1)
        code, _ = code_at(data, at, end)
        bits = class_of(code, table)
        if bits & UPPER:
            if at == start:
                return 0
            code, _ = code_at(data, _before(data, start, at), end)
            return 1 if class_of(code, table) & UPPER else 0
        if bits & ALPHA and at > start and data[at - 1] == 46:  # e.g. and i.e.
            return 0
        return 1 if bits & (ALNUM | BACK) or code == 37 or code == 43 or code == 45 else 0
    width = _contraction(data, start, end)
    if width:
        return width
    at = _before(data, start, end)
    code, width = code_at(data, at, end)
    return width if class_of(code, table) & BACK else 0


@kernel
def _front_width(data: NDArray[np.uint8], start: int, end: int, table: NDArray[np.uint8]) -> int:
    """Bytes to peel off the begin of data[start:end], 0 for none."""
    c = data[start]
    if c == 46:
        i = start
        while i < end and data[i] == 46:
            i += 1
        return i - start if i - start > 1 else 0
    if c == 43:
        return 1 if start + 1 >= end or not 48 <= data[start + 1] <= 57 else 0
    code, width = code_at(data, start, end)
    return width if class_of(code, table) & FRONT else 0


@kernel
def _cuts(code: int, before: int, after: int) -> bool:
    """Whether a character between two others, given by their bits, is a word of its own."""
    if code == 45 or code == 0x2013 or code == 0x2014 or code == 126:
        if before & ALPHA and after & ALPHA:
            return True
        return code == 45 and before & ALNUM != 0 and before & ALPHA == 0 and after & ALNUM != 0 and after & ALPHA == 0
    if code == 58 or code == 60 or code == 61 or code == 62 or code == 47:
        return before & ALNUM != 0 and after & ALPHA != 0
    if code == 44:
        return before & ALPHA != 0 and after & ALPHA != 0
    if code == 46:
        return before & LOWER != 0 and after & UPPER != 0
    return code == 0x2026


@kernel
def _peel(
    data: NDArray[np.uint8], start: int, end: int, table: NDArray[np.uint8], words: NDArray[np.int64], n: int
) -> int:
    """The words of one run without white space, into words[n:], which has room; returns how many there are now."""
    plain = True
    for i in range(start, end):
        c = data[i]
        plain &= 97 <= c <= 122 or 65 <= c <= 90
    if plain:  # most runs of most texts
        words[n, 0], words[n, 1] = start, end
        return n + 1
    while start < end:
        width = _front_width(data, start, end, table)
        if width == 0:
            break
        words[n, 0], words[n, 1] = start, start + width
        n += 1
        start += width
    core = end
    while core > start:
        width = _back_width(data, start, core, table)
        if width == 0:
            break
        core -= width
    address = False
    for i in range(start, core - 2):
        address |= data[i] == 58 and data[i + 1] == 47 and data[i + 2] == 47
    piece, i, before = start, start, 0
    while i < core:
        code, width = code_at(data, i, core)
        bits = class_of(code, table)
        if i > start and i + width < core and not address and bits & ALNUM == 0:
            following, _ = code_at(data, i + width, core)
            if _cuts(code, before, class_of(following, table)):
                if i > piece:
                    words[n, 0], words[n, 1] = piece, i
                    n += 1
                words[n, 0], words[n, 1] = i, i + width
                n += 1
                piece = i + width
        before = bits
        i += width
    if piece < core:
        words[n, 0], words[n, 1] = piece, core
        n += 1
    first = n  # what was peeled off the end, found from right to left, put down from left to right
    at = end
    while at > core:
        width = _back_width(data, start, at, table)
        words[n, 0], words[n, 1] = at - width, at
        n += 1
        at -= width
    last = n - 1
    while first < last:
        for k in range(2):
            words[first, k], words[last, k] = words[last, k], words[first, k]
        first += 1
        last -= 1
    return n


@kernel
def _letters(
    data: NDArray[np.uint8], i: int, end: int, table: NDArray[np.uint8], words: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    n = 0
    while i < end:
        code, width = code_at(data, i, end)
        bits = class_of(code, table)
        start, wanted = i, bits & ALNUM != 0
        i += width
        if not (wanted or code == 95):
            continue
        alone = unspaced(code)
        while i < end:
            code, width = code_at(data, i, end)
            next_bits = class_of(code, table)
            if next_bits & MARK:
                i += width
                continue
            if alone or unspaced(code):
                break
            if next_bits & ALNUM or code == 95:
                i += width
                bits = next_bits
                continue
            letter = code == 39 or code == 0x2019 or code == 46 or code == 58 or code == 0xB7
            number = code == 39 or code == 0x2019 or code == 46 or code == 44 or code == 59
            if not (letter or number) or i + width >= end:
                break
            following, _ = code_at(data, i + width, end)
            after = class_of(following, table)
            joins = (letter and bits & ALPHA and after & ALPHA) or (
                number and bits & ALNUM and not bits & ALPHA and after & ALNUM and not after & ALPHA
            )
            if not joins or unspaced(following):
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
            n = _peel(data, start, i, table, words, n)
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
