"""What the published web-text filters measure, all of a code base in one pass over each text.

The filters look at the same words and lines. So a text is cut into lines once and into words once, and each of both is
hashed once, whichever of the four answers are wanted. See repetition.py, grams.py, shape.py and filter_lines.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.c4_pages import c4_dclm, c4_dolma
from assay.kernels.filter_lines import c4_lines, fineweb_lines, holds_rare
from assay.kernels.grams import new_scratch, repeated_words
from assay.kernels.repetition import duplicate_shares, number_lines, number_paragraphs
from assay.kernels.runs import DATATROVE, DCLM, DOLMA, FACTS, RUNS, text_words
from assay.kernels.sentences import marked_runs
from assay.kernels.shape import STOP_WORDS, WORDS, line_shares, text_shape
from assay.kernels.spans import characters, find_lines

REPETITION, QUALITY, FINEWEB, C4 = 1, 2, 4, 8  # may be added


@kernel
def _breaks_oddly(data: NDArray[np.uint8], start: int, end: int, plain: bool) -> bool:
    """Whether a text may have line breaks other than a line feed."""
    text, odd = data[start:end], False
    for i in range(len(text)):
        odd |= (text[i] == 11) | (text[i] == 12) | (text[i] == 13) | ((text[i] >= 28) & (text[i] <= 30))
    if not plain:  # U+0085, U+2028, U+2029
        for i in range(len(text) - 1):
            odd |= (text[i] == 0xC2) & (text[i + 1] == 0x85)
        for i in range(len(text) - 2):
            odd |= (text[i] == 0xE2) & (text[i + 1] == 0x80) & ((text[i + 2] == 0xA8) | (text[i + 2] == 0xA9))
    return odd


@kernel
def published(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    table: NDArray[np.uint8],
    variant: int,
    wanted: int,
    kept: NDArray[np.uint64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """offsets: int64[n + 1], data: uint8[m], table: character_classes()
    ->  repetition float64[n, 13] (repetition.FIELDS), shape float64[n, 8] (shape.py), fineweb float64[n, 4] and
    c4 int64[n, 6] (filter_lines.py, c4_pages.py); what is not wanted has no rows.

    variant: DATATROVE, DOLMA or DCLM. wanted: a sum of REPETITION, QUALITY, FINEWEB, C4; FINEWEB only with
    DATATROVE. kept: kept_runs(), used for this variant and this
    table alone. NaN where there is nothing to measure: no character, no line, no
    word, fewer words than an n-gram has. Lengths are in characters. Lines and words are compared by hashes of 64 bits.
    O(m) but for hash collisions. Bytes that are no UTF-8 give some numbers, never an error.
    """
    rows = len(offsets) - 1
    repeated = np.full((rows if wanted & REPETITION else 0, 13), np.nan)
    shape = np.full((rows if wanted & QUALITY else 0, 8), np.nan)
    fineweb = np.full((rows if wanted & FINEWEB else 0, 4), np.nan)
    c4 = np.zeros((rows if wanted & C4 else 0, 6), np.int64)
    for row in range(len(shape)):
        shape[row, WORDS] = shape[row, STOP_WORDS] = 0
    longest = 0
    for row in range(rows):
        longest = max(longest, offsets[row + 1] - offsets[row])
    keys, before = np.empty(longest + 3, np.uint64), np.empty(longest + 4, np.int64)
    spans = np.empty((longest // 2 + 1 if wanted & C4 else 0, 3), np.int64)
    met, cut = marked_runs(), np.empty((4096, 2), np.int64)
    facts, histogram = np.zeros(FACTS, np.int64), np.zeros(4096, np.int64)
    lines, broken, scratch = np.empty((64, 4), np.int64), np.empty((64, 4), np.int64), new_scratch(1024)
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        chars = characters(data, start, end)
        if chars == 0:
            if wanted & C4 and variant == DOLMA:  # an empty text is one empty line there
                c4[row, 3:] = 1
            continue
        plain = chars == end - start
        lines, feeds = find_lines(data, start, end, True, lines)
        words = 0
        if wanted:
            words = text_words(data, start, end, table, variant, keys, before, kept, cut, facts, spans)
        if max(words, feeds) > len(scratch.groups):
            scratch = new_scratch(2 * max(words, feeds))
        if wanted & (REPETITION | FINEWEB):
            parts = number_lines(data, lines, feeds, plain, variant, scratch)
            if wanted & FINEWEB:
                fineweb_lines(data, lines, feeds, chars, words, scratch, fineweb[row])
            if wanted & REPETITION:
                whole = max(before[words], 1) if variant == DOLMA else chars
                duplicate_shares(parts, variant, whole, scratch, repeated[row])
                if variant != DOLMA:
                    parts = number_paragraphs(data, start, end, lines, feeds, plain, variant, scratch)
                    duplicate_shares(parts, variant, whole, scratch, repeated[row, 2:])
                whole = chars if variant == DATATROVE else max(before[words], 1)
                repeated_words(keys, before, words, variant, whole, repeated[row, 4:], scratch)
        if wanted & QUALITY:
            text_shape(data, start, end, plain, words, before, facts, variant, histogram, shape[row])
            if variant != DATATROVE:
                line_shares(data, lines, feeds, variant, shape[row])
        phrases, square, curly = holds_rare(data, start, end) if wanted & C4 else (0, False, False)
        if wanted & C4 and variant == DOLMA:
            c4_dolma(data, lines, feeds, phrases, curly, spans, facts[RUNS], c4[row])
        if wanted & C4 and variant == DCLM:
            c4_dclm(data, lines, feeds, chars, phrases, square, curly, spans, facts[RUNS], c4[row])
        if variant == DATATROVE and wanted & (C4 | QUALITY):
            split, n = lines, feeds
            if _breaks_oddly(data, start, end, plain):
                broken, n = find_lines(data, start, end, False, broken)
                split = broken
            elif lines[n - 1, 0] == end:
                n -= 1  # splitlines() opens no line after the last feed
            if wanted & QUALITY:
                line_shares(data, split, n, variant, shape[row])
            if wanted & C4:
                runs = facts[RUNS]
                c4_lines(data, split, n, phrases, square, curly, table, met, spans, runs, c4[row])
    return repeated, shape, fineweb, c4
