"""Words of UTF-8 rows as hashes with their places, and shingles of them: what texts are compared by.

Equal words but for case, accents, width and spelling of the same character have equal hashes (fold_table.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.endings import code_at
from assay.kernels.fold_table import ALONE, BMP, MANY, PART, SKIP

Ints = NDArray[np.int32]
Hashes = NDArray[np.uint64]

PROSE, CODE, AUTO = 0, 1, 2  # CODE: every mark of ASCII is a word too; AUTO: CODE where looks_like_code
_BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_CHARS = np.uint64(0x84222325CBF29CE4)
NO_DIGIT, NO_NUMBER, NO_IDENTIFIER = np.uint64(1), np.uint64(2), np.uint64(4)
_NOTHING = NO_DIGIT | NO_NUMBER | NO_IDENTIFIER


@kernel
def mixed(h: np.uint64) -> np.uint64:
    """The finaliser of MurmurHash3, 64 bits."""
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.uint64(h ^ (h >> np.uint64(33)))


@kernel
def _folded(data: NDArray[np.uint8], i: int, end: int, table: NDArray[np.uint32]) -> tuple[int, int]:
    """What the character at i counts as (an entry of the table), and its width in bytes."""
    c = data[i]
    if c < 128:
        return int(table[c]), 1
    code, width = code_at(data, i, end)
    if code < BMP:
        return int(table[code]), width
    if 0x1F000 <= code <= 0x1FAFF or code >= 0xE0000:
        return PART, width
    return (code | ALONE if 0x20000 <= code <= 0x3FFFF else code), width


@kernel
def row_words(
    data: NDArray[np.uint8], start: int, end: int, table: NDArray[np.uint32], mode: int,
    hashes: Hashes, starts: Ints, ends: Ints,
) -> int:  # fmt: skip
    """Write hash, first byte and end of each word of data[start:end], places counted from `start`; returns how many.

    table: fold_table(). hashes, starts, ends: with room for end - start entries. The three lowest bits of a hash
    say what the word is not: NO_DIGIT, it has none of 0 to 9; NO_NUMBER, it has something else than these; and
    NO_IDENTIFIER, it has fewer than five of them, as dates and versions have. A word is a run of letters, digits and
    their marks; a character of a script without spaces is one alone; in CODE, so is a mark of ASCII. Ill-formed bytes
    part words.
    """
    n, i = 0, start
    while i < end:
        c = data[i]
        if c < 128:
            code = table[c]
            if code == PART:
                if mode == CODE and c > 32 and c != 127:
                    hashes[n] = mixed((_BASIS ^ np.uint64(c)) * _PRIME) | _NOTHING
                    starts[n], ends[n] = i - start, i + 1 - start
                    n += 1
                i += 1
                continue
        h, begin, digits, letters = _BASIS, i, 0, False
        while i < end:
            c = data[i]
            if c < 128:
                code = table[c]
                if code == PART:
                    break
                h = (h ^ np.uint64(code)) * _PRIME
                digit = 48 <= code <= 57
                digits += digit
                letters |= not digit
                i += 1
                continue
            value, width = _folded(data, i, end, table)
            if value == PART:
                break
            if value == SKIP:
                i += width
                continue
            if value & MANY:
                at = value ^ MANY
                parted = False
                for k in range(int(table[at])):
                    one = int(table[at + 1 + k])
                    if one == PART:
                        parted = True
                        continue
                    one &= ~ALONE
                    h = (h ^ np.uint64(one)) * _PRIME
                    digit = 48 <= one <= 57
                    digits += digit
                    letters |= not digit
                i += width
                if parted:  # such as one half: what stands on both sides of a stroke ends here
                    break
                continue
            if value & ALONE:
                if digits > 0 or letters:
                    break
                h = (h ^ np.uint64(value & ~ALONE)) * _PRIME
                letters = True
                i += width
                break
            h = (h ^ np.uint64(value)) * _PRIME
            digit = 48 <= value <= 57
            digits += digit
            letters |= not digit
            i += width
        if digits > 0 or letters:
            h = mixed(h) | _NOTHING
            if digits > 0:
                h ^= NO_DIGIT
                h = h if letters else h ^ NO_NUMBER
                h = h if digits < 5 else h ^ NO_IDENTIFIER
            hashes[n] = h
            starts[n], ends[n] = begin - start, i - start
            n += 1
        elif i == begin:
            i += _folded(data, i, end, table)[1]
    return n


@kernel
def word_shingles(words: Hashes, n: int, size: int, out: Hashes) -> int:
    """Write the hash of each run of `size` words of words[:n] to `out` (room for n), in order; returns how many.

    One polynomial modulo 2**64, rolled over the words, then mixed. None where there are fewer words.
    """
    if n < size:
        return 0
    top = np.uint64(1)
    for _ in range(size):
        top *= _STEP
    h = np.uint64(0)
    for i in range(size):
        h = h * _STEP + words[i]
    out[0] = mixed(h)
    for i in range(size, n):
        h = h * _STEP + words[i] - top * words[i - size]
        out[i - size + 1] = mixed(h)
    return n - size + 1


@kernel
def row_chars(
    data: NDArray[np.uint8], start: int, end: int, table: NDArray[np.uint32], out: Hashes
) -> int:  # fmt: skip
    """Write the folded characters of data[start:end], one space between words, none at the ends; returns how many.

    out: room for 20 * (end - start): some characters stand for up to 18.
    """
    n, i, gap = 0, start, False
    while i < end:
        value, width = _folded(data, i, end, table)
        i += width
        if value == PART:
            gap = n > 0
            continue
        if value == SKIP:
            continue
        if gap:
            out[n] = np.uint64(32)
            n += 1
            gap = False
        if value & MANY:
            at = value ^ MANY
            for k in range(int(table[at])):
                one = int(table[at + 1 + k])
                out[n] = np.uint64(32 if one == PART else one & ~ALONE)
                n += 1
        else:
            out[n] = np.uint64(value & ~ALONE)
            n += 1
    return n


@kernel
def char_shingles(chars: Hashes, n: int, size: int, out: Hashes) -> int:
    """As word_shingles, of characters; fewer than `size` of them are one shingle. Equal to words' only by chance."""
    if n == 0:
        return 0
    width = min(size, n)
    for i in range(n - width + 1):
        h = _CHARS
        for k in range(width):
            h = (h ^ chars[i + k]) * _PRIME
        out[i] = mixed(h)
    return n - width + 1


@kernel
def looks_like_code(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """Whether one in 25 of the first 4,096 bytes, white space left out, is one of ( ) { } = ;, and six or half are.

    Marks of tables, links and identifiers are no sign: counted too, they made code of a fifth of technical pages. A
    pair of brackets or an equation makes no code of a short question.
    """
    marks, seen = 0, 0
    for i in range(start, min(end, start + 4096)):
        c = data[i]
        if c <= 32:
            continue
        seen += 1
        if c == 40 or c == 41 or c == 59 or c == 61 or c == 123 or c == 125:
            marks += 1
    return 25 * marks >= seen and (marks >= 6 or (2 * marks >= seen and seen > 0))
