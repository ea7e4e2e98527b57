"""The document rules of Gopher (Rae et al. 2021, A.1.1) as numbers, as three published code bases count them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.endings import code_at
from assay.kernels.repetition import DATATROVE, DCLM, stripped
from assay.kernels.words import ALNUM, ALPHA, PEELED, SPACES, SYMBOL, class_of, split_words

WORDS, LENGTH, SYMBOLS, ELLIPSES, BULLET_LINES, ELLIPSIS_LINES, ALPHA_WORDS, STOP_WORDS = range(8)


@kernel
def line_end(data: NDArray[np.uint8], i: int, end: int, feeds_only: bool) -> tuple[int, int]:
    """Where the line at i stops and where the next one begins (beyond end where there is none).

    feeds_only: lines of str.split("\\n"), otherwise those of str.splitlines().
    """
    while i < end:
        c = data[i]
        if c == 10:
            return i, i + 1
        if not feeds_only:
            if c == 13:
                return i, i + (2 if i + 1 < end and data[i + 1] == 10 else 1)
            if c == 11 or c == 12 or 28 <= c <= 30:
                return i, i + 1
            if c == 0xC2 and i + 1 < end and data[i + 1] == 0x85:
                return i, i + 2
            if c == 0xE2 and i + 2 < end and data[i + 1] == 0x80 and (data[i + 2] == 0xA8 or data[i + 2] == 0xA9):
                return i, i + 3
        i += 1
    return end, end + 1


@kernel
def _ellipsis_at(data: NDArray[np.uint8], i: int, end: int, spaced: bool) -> int:
    """Bytes of the ellipsis at i: three periods, or (spaced) three with spaces between them; 0 for none."""
    if data[i] != 46 or i + 2 >= end:
        return 0
    if data[i + 1] == 46 and data[i + 2] == 46:
        return 3
    if spaced and i + 4 < end and data[i + 1] == 32 and data[i + 2] == 46 and data[i + 3] == 32 and data[i + 4] == 46:
        return 5
    return 0


@kernel
def _one_ellipsis(data: NDArray[np.uint8], i: int, end: int) -> bool:
    return bool(i + 2 < end and data[i] == 0xE2 and data[i + 1] == 0x80 and data[i + 2] == 0xA6)


@kernel
def _line_shares(data: NDArray[np.uint8], start: int, end: int, variant: int, out: NDArray[np.float64]) -> None:
    lines, bullets, ellipses, i = 0, 0, 0, start
    last = end + 1 if variant == 1 else end  # splitlines() opens no line after the last separator, split() does
    while i < last:
        b, following = line_end(data, i, end, variant != DATATROVE)
        a = i
        i = following
        if variant != 1:
            a, b = stripped(data, a, b)
            if variant == DCLM and a >= b:
                continue
        lines += 1
        if a >= b:
            continue
        code, _ = code_at(data, a, b)
        dash = code == 45
        if variant == 0:
            bullets += dash or code == 0x2022
        elif variant == 1:
            bullets += dash or code == 42
        else:
            bullets += dash or code == 42 or code == 0x2022 or code == 0x25CF
        dotted = b - a >= 3 and _one_ellipsis(data, b - 3, b)
        if variant != 1 and b - a >= 3:
            dotted |= _ellipsis_at(data, b - 3, b, False) != 0
        if variant == DCLM and b - a >= 5:
            dotted |= _ellipsis_at(data, b - 5, b, True) == 5
        ellipses += dotted
    if lines:
        out[BULLET_LINES], out[ELLIPSIS_LINES] = bullets / lines, ellipses / lines


@kernel
def _stop_word(data: NDArray[np.uint8], a: int, b: int, fold: bool) -> int:
    """Which of the, be, to, of, and, that, have, with it is, as a bit; 0 for none."""
    if b - a < 2 or b - a > 4:
        return 0
    packed = np.int64(0)
    for i in range(a, b):
        c = data[i]
        if fold and 65 <= c <= 90:
            c += np.uint8(32)
        packed = packed << 8 | np.int64(c)
    if packed == 0x746865:
        return 1
    if packed == 0x6265:
        return 2
    if packed == 0x746F:
        return 4
    if packed == 0x6F66:
        return 8
    if packed == 0x616E64:
        return 16
    if packed == 0x74686174:
        return 32
    if packed == 0x68617665:
        return 64
    return 128 if packed == 0x77697468 else 0


@kernel
def _median(histogram: NDArray[np.int64], n: int) -> float:
    """Of n lengths, by how often each occurs: the middle one, or the mean of the middle two."""
    low, high, seen = -1, -1, 0
    for length in range(len(histogram)):
        seen += histogram[length]
        if low < 0 and seen > (n - 1) // 2:
            low = length
        if seen > n // 2:
            high = length
            break
    return (low + high) / 2


@kernel
def text_shape(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], table: NDArray[np.uint8], variant: int
) -> NDArray[np.float64]:
    """offsets: int64[n + 1], data: uint8[m], table: character_classes()  ->  float64[n, 8]. NaN where nothing is there.

    WORDS: datatrove those with a character that is no symbol, dolma all, dclm those that begin with a letter or digit.
    LENGTH in characters: datatrove the mean of those words, dolma the median, dclm the mean of all.
    SYMBOLS per word: datatrove `#`; dolma words that hold `#` or U+2026; dclm `#`, `...`, `. . .` and U+2026.
    ELLIPSES per word: datatrove only, `...` and U+2026. BULLET_LINES, ELLIPSIS_LINES: shares of the lines.
    ALPHA_WORDS: the share of all words that hold a letter. STOP_WORDS: datatrove how many different ones, dolma and
    dclm how often; dclm in any case. Words are peeled (datatrove) or runs without white space. O(m).
    """
    rows = len(offsets) - 1
    out = np.full((rows, 8), np.nan)
    words = np.empty((64, 2), np.int64)
    histogram = np.zeros(1024, np.int64)
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        out[row, WORDS] = out[row, STOP_WORDS] = 0
        if start == end:
            continue
        words, n = split_words(data, start, end, table, PEELED if variant == DATATROVE else SPACES, words)
        counted, chars, letters, marked, stops, occurred, longest = 0, 0, 0, 0, 0, 0, 0
        for k in range(n):
            i, seen, length, symbol = words[k, 0], 0, 0, False
            solid = False  # holds a character that is no symbol
            first = True
            begins = False
            while i < words[k, 1]:
                code, width = code_at(data, i, words[k, 1])
                bits = class_of(code, table)
                seen |= bits
                solid |= bits & SYMBOL == 0
                symbol |= code == 35 or code == 0x2026
                if first:
                    begins, first = bits & ALNUM != 0, False
                length += 1
                i += width
            letters += seen & ALPHA != 0
            marked += symbol
            counted += solid if variant == 0 else (begins if variant == DCLM else True)
            if variant != 0 or solid:
                chars += length
            if variant == 1:
                if length >= len(histogram):
                    larger = np.zeros(2 * length, np.int64)
                    larger[: len(histogram)] = histogram
                    histogram = larger
                histogram[length] += 1
                longest = max(longest, length)
            bit = _stop_word(data, words[k, 0], words[k, 1], variant == DCLM)
            stops |= bit
            occurred += bit != 0
        out[row, WORDS] = counted
        _line_shares(data, start, end, variant, out[row])
        if variant == 1:
            if n:
                out[row, LENGTH] = _median(histogram, n)
            histogram[: longest + 1] = 0
        elif variant == DCLM:
            if n:
                out[row, LENGTH] = chars / n
        elif counted:
            out[row, LENGTH] = chars / counted
        if n == 0:
            continue
        hashes, dots = 0, 0
        i = start
        while i < end:
            c = data[i]
            hashes += c == 35
            if c == 46 and _ellipsis_at(data, i, end, False):
                dots += 1
                i += 3
                continue
            dots += c == 0xE2 and _one_ellipsis(data, i, end)
            i += 1
        if variant == DCLM:
            i = start
            while i < end:
                spaced = data[i] == 46 and _ellipsis_at(data, i, end, True) == 5
                dots += spaced
                i += 5 if spaced else 1
        out[row, SYMBOLS] = (hashes if variant == 0 else (marked if variant == 1 else hashes + dots)) / n
        if variant == 0:
            out[row, ELLIPSES] = dots / n
            occurred = 0
            while stops:
                occurred += stops & 1
                stops >>= 1
        out[row, ALPHA_WORDS] = letters / n
        out[row, STOP_WORDS] = occurred
    return out
