"""Sentences of a line: as spaCy's sentencizer counts them, and by a plain rule that knows initials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.endings import code_at
from assay.kernels.spans import span_hash
from assay.kernels.word_tables import PUNCT, SPLIT, TABLE_SIZE
from assay.kernels.words import PEELED, split_words

_MET = 4096  # entries of the table of runs met before


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
def _after(
    data: NDArray[np.uint8], words: NDArray[np.int64], n: int, table: NDArray[np.uint8], ended: bool
) -> np.uint64:
    found = 0
    for k in range(n):
        code, width = code_at(data, words[k, 0], words[k, 1])
        if width == words[k, 1] - words[k, 0] and code < TABLE_SIZE and table[code] & SPLIT:
            ended = True
        elif ended and not _only_punctuation(data, words[k, 0], words[k, 1], table):
            found += 1
            ended = False
    return np.uint64(2 * found + (1 if ended else 0))


@kernel
def sentence_effect(data: NDArray[np.uint8], words: NDArray[np.int64], n: int, table: NDArray[np.uint8]) -> np.uint64:
    """What the n words of a run do: twice the sentences that begin in it, and 1 where one has ended after it.

    The lower half of the number where none has ended before the run, the upper half where one has.
    """
    marked = False
    for i in range(words[0, 0], words[n - 1, 1] if n else words[0, 0]):
        marked |= (data[i] == 46) | (data[i] == 33) | (data[i] == 63) | (data[i] >= 128)
    if not marked:  # nothing ends in it
        punctuation = n == 0 or _only_punctuation(data, words[0, 0], words[n - 1, 1], table)
        return np.uint64(1 if punctuation else 2) << np.uint64(32)
    return _after(data, words, n, table, False) | _after(data, words, n, table, True) << np.uint64(32)


@kernel
def marked_runs() -> NDArray[np.uint64]:
    """An empty table of runs met before, for peeled_sentences: a hash, and what the run does in either state."""
    return np.zeros(2 * _MET, np.uint64)


@kernel
def peeled_sentences(
    data: NDArray[np.uint8],
    a: int,
    b: int,
    table: NDArray[np.uint8],
    words: NDArray[np.int64],
    met: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], int]:
    """Sentences of data[a:b] as spaCy's sentencizer counts them, at least one; and room for words, as split_words.

    met: marked_runs(); the same runs of words come again and again, each sort is cut once.

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
    found, ended, before, i = 1, False, a, a
    while i < b:
        width = 0 if 33 <= data[i] < 128 else space_width(data, i, b)
        if width:
            i += width
            continue
        start, marked = i, False
        while i < b and (33 <= data[i] < 128 or space_width(data, i, b) == 0):
            marked |= data[i] == 46 or data[i] == 33 or data[i] == 63 or data[i] >= 128
            i += 1
        if ended and before > a and _is_token(data, before, start):
            found += 1
            ended = False
        before = i
        if not marked:  # the words of a run without a mark end nothing: only one that begins a sentence matters
            if ended and not _only_punctuation(data, start, i, table):
                found += 1
                ended = False
            continue
        h = span_hash(data, start, i)
        at = (h >> np.uint64(40)) % np.uint64(_MET) * np.uint64(2)
        if met[at] != h:
            words, n = split_words(data, start, i, table, PEELED, words)
            met[at], met[at + np.uint64(1)] = h, sentence_effect(data, words, n, table)
        does = met[at + np.uint64(1)]
        effect = int(np.int64(does >> np.uint64(32) if ended else does & np.uint64(0xFFFFFFFF)))
        found += effect >> 1
        ended = effect & 1 == 1
    return words, found + (1 if ended and _is_token(data, before, b) else 0)


@kernel
def run_sentences(data: NDArray[np.uint8], runs: NDArray[np.int64], first: int, last: int) -> int:
    """peeled_sentences of a line that is made of runs[first:last] and has no white space around them.

    runs: int64[k, 3], where each begins and stops, and its sentence_effect.
    """
    found, ended, before = 1, False, runs[first, 0]
    for k in range(first, last):
        does = runs[k, 2]
        if ended:
            if _is_token(data, before, runs[k, 0]):
                found += 1
                ended = False
            else:
                does >>= 32
        found += (does & 0xFFFFFFFF) >> 1
        ended = does & 1 == 1
        before = runs[k, 1]
    return found


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
