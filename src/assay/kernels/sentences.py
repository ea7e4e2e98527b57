"""Sentences of a line: as spaCy's sentencizer counts them, and by a plain rule that knows initials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.endings import code_at
from assay.kernels.word_tables import PUNCT, SPLIT, TABLE_SIZE
from assay.kernels.words import PEELED, split_words


@kernel
def _only_punctuation(data: NDArray[np.uint8], i: int, end: int, table: NDArray[np.uint8]) -> bool:
    while i < end:
        code, width = code_at(data, i, end)
        if code >= TABLE_SIZE or not table[code] & (PUNCT | SPLIT):
            return False
        i += width
    return True


@kernel
def _is_token(data: NDArray[np.uint8], a: int, b: int) -> bool:
    """Whether the white space data[a:b] between two words is a word to spaCy: all but one plain space is."""
    return b > a and not (b - a == 1 and data[a] == 32)


@kernel
def peeled_sentences(
    data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8], words: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Sentences of data[a:b] as spaCy's sentencizer counts them, at least one; and room for words, as split_words.

    A word that is one sentence mark (SPLIT) ends a sentence; the next begins at the next word that is not all
    punctuation. White space other than one plain space is such a word. O(b - a).
    """
    likely = False  # a mark that something but punctuation may follow
    i = a
    while i < b and not likely:
        c = data[i]
        if c == 46 or c == 33 or c == 63:
            j = i + 1
            while j < b and data[j] != 32 and data[j] < 128 and table[data[j]] & PUNCT:
                j += 1
            likely = j < b
        likely |= c >= 128
        i += 1
    if not likely:
        return words, 1
    words, n = split_words(data, a, b, table, PEELED, words)
    found, ended, before = 1, False, a
    for k in range(n):
        start, stop = words[k, 0], words[k, 1]
        if ended and k > 0 and _is_token(data, before, start):
            found += 1
            ended = False
        before = stop
        code, width = code_at(data, start, stop)
        if width == stop - start and code < TABLE_SIZE and table[code] & SPLIT:
            ended = True
        elif ended and not _only_punctuation(data, start, stop, table):
            found += 1
            ended = False
    return words, found + (1 if ended and n > 0 and _is_token(data, before, b) else 0)


@kernel
def plain_sentences(data: NDArray[np.uint8], a: int, b: int) -> int:
    """One, and one more for each `.`, `!` or `?`, with closing quotes and brackets, that has a word after white space.

    The period of an initial or of an abbreviation such as e.g. ends nothing. O(b - a).
    """
    found, i = 1, a
    while i < b:
        c = data[i]
        if c != 46 and c != 33 and c != 63:
            i += 1
            continue
        initial = c == 46 and i > a and 97 <= data[i - 1] | 32 <= 122
        if initial and i > a + 1:
            initial = data[i - 2] == 46 or data[i - 2] == 32
        j = i + 1
        while j < b and (data[j] in (33, 34, 39, 41, 46, 63, 93)):
            j += 1
        k = j
        while k < b:
            width = space_width(data, k, b)
            if width == 0:
                break
            k += width
        if j < k < b and not (initial and j == i + 1):
            found += 1
        i = max(k, i + 1)
    return found
