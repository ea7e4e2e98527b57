"""The document rules of Gopher (Rae et al. 2021, A.1.1) as numbers, as three published code bases count them.

WORDS: datatrove those with a character that is no symbol, dolma all, dclm those that begin with a letter or digit.
LENGTH in characters: datatrove the mean of those words, dolma the median, dclm the mean of all.
SYMBOLS per word: datatrove `#`; dolma words that hold `#` or U+2026; dclm `#`, `...`, `. . .` and U+2026.
ELLIPSES per word: datatrove only, `...` and U+2026. BULLET_LINES, ELLIPSIS_LINES: shares of the lines.
ALPHA_WORDS: the share of all words that hold a letter. STOP_WORDS: datatrove how many different ones, dolma and
dclm how often; dclm in any case. Words are peeled (datatrove) or runs without white space.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.endings import code_at
from assay.kernels.runs import CHARS, COUNTED, DATATROVE, DCLM, DOLMA, LETTERED, MARKED, RUNS, STOPS, WHICH

WORDS, LENGTH, SYMBOLS, ELLIPSES, BULLET_LINES, ELLIPSIS_LINES, ALPHA_WORDS, STOP_WORDS = range(8)


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
def line_shares(
    data: NDArray[np.uint8], lines: NDArray[np.int64], n: int, variant: int, out: NDArray[np.float64]
) -> None:
    """BULLET_LINES and ELLIPSIS_LINES of out. lines: find_lines(); datatrove strips them, dclm drops blank ones too."""
    counted, bullets, ellipses = 0, 0, 0
    sides = 0 if variant == DOLMA else 2
    for k in range(n):
        a, b = lines[k, sides], lines[k, sides + 1]
        if variant == DCLM and a >= b:
            continue
        counted += 1
        if a >= b:
            continue
        code, _ = code_at(data, a, b)
        dash = code == 45
        if variant == DATATROVE:
            bullets += dash or code == 0x2022
        elif variant == DOLMA:
            bullets += dash or code == 42
        else:
            bullets += dash or code == 42 or code == 0x2022 or code == 0x25CF
        dotted = b - a >= 3 and _one_ellipsis(data, b - 3, b)
        if variant != DOLMA and b - a >= 3:
            dotted |= _ellipsis_at(data, b - 3, b, False) != 0
        if variant == DCLM and b - a >= 5:
            dotted |= _ellipsis_at(data, b - 5, b, True) == 5
        ellipses += dotted
    if counted:
        out[BULLET_LINES], out[ELLIPSIS_LINES] = bullets / counted, ellipses / counted


@kernel
def _median(before: NDArray[np.int64], n: int, histogram: NDArray[np.int64]) -> float:
    """The middle one of n lengths, or the mean of the middle two. histogram: zeros, and again zeros after the call."""
    low, high, seen, longest = -1, -1, 0, 0
    for k in range(n):
        length = min(before[k + 1] - before[k], len(histogram) - 1)
        histogram[length] += 1
        longest = max(longest, length)
    for length in range(longest + 1):
        seen += histogram[length]
        if low < 0 and seen > (n - 1) // 2:
            low = length
        if high < 0 and seen > n // 2:
            high = length
        histogram[length] = 0
    if high == len(histogram) - 1:  # half of the words are longer than the histogram: no words of a language
        lengths = np.sort(before[1 : n + 1] - before[:n])
        return float(lengths[(n - 1) // 2] + lengths[n // 2]) / 2
    return (low + high) / 2


@kernel
def _dots(data: NDArray[np.uint8], start: int, end: int, plain: bool, variant: int) -> int:
    """How often `...` and U+2026 occur, and (dclm) `. . .`, each searched for itself from left to right."""
    text = data[start:end]
    n, triple, spaced, dots = len(text), False, False, 0
    for i in range(n - 2):
        triple |= (text[i] == 46) & (text[i + 1] == 46) & (text[i + 2] == 46)
    if not plain:
        for i in range(n - 2):
            dots += (text[i] == 0xE2) & (text[i + 1] == 0x80) & (text[i + 2] == 0xA6)
    i = start
    while triple and i < end:
        width = _ellipsis_at(data, i, end, False)
        dots += width != 0
        i += max(width, 1)
    if variant == DCLM:
        for i in range(n - 4):
            spaced |= (text[i] == 46) & (text[i + 1] == 32) & (text[i + 2] == 46)
        i = start
        while spaced and i < end:
            found = _ellipsis_at(data, i, end, True) == 5
            dots += found
            i += 5 if found else 1
    return dots


@kernel
def text_shape(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    plain: bool,
    words: int,
    before: NDArray[np.int64],
    facts: NDArray[np.int64],
    variant: int,
    histogram: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Everything of out but the shares of lines, for the text data[start:end], which is not empty.

    words, before, facts: of text_words(). plain: the text is ASCII. histogram: zeros. out: NaN in, where unknown.
    """
    n = words if variant == DATATROVE else facts[RUNS]
    out[WORDS] = facts[COUNTED]
    if n == 0:
        out[STOP_WORDS] = 0
        return
    if variant == DOLMA:
        out[LENGTH] = _median(before, n, histogram)
    elif variant == DCLM:
        out[LENGTH] = facts[CHARS] / n
    elif facts[COUNTED]:
        out[LENGTH] = facts[CHARS] / facts[COUNTED]
    out[ALPHA_WORDS] = facts[LETTERED] / n
    if variant == DOLMA:
        out[SYMBOLS], out[STOP_WORDS] = facts[MARKED] / n, facts[STOPS]
        return
    text, hashes = data[start:end], 0
    for i in range(len(text)):
        hashes += text[i] == 35
    dots = _dots(data, start, end, plain, variant)
    if variant == DCLM:
        out[SYMBOLS], out[STOP_WORDS] = (hashes + dots) / n, facts[STOPS]
        return
    out[SYMBOLS], out[ELLIPSES] = hashes / n, dots / n
    which, different = facts[WHICH], 0
    while which:
        different += which & 1
        which >>= 1
    out[STOP_WORDS] = different
