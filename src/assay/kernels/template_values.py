"""In how many places copies hold another value than their keeper, where records like these always differ.

Two copies of a page differ here and there, each elsewhere. Records made from one template differ in the same places:
between the same words stands another value in nearly every one. The first are duplicates, the second are not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.shingles import mixed

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

SAMPLE = 16  # records like the keeper, itself counted, that its places are learnt from: the best by rank
_STEP = np.uint64(0x9E3779B97F4A7C15)
_AFTER, _BEFORE = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)
_EDGE = np.uint64(0x8EBC6AF09C88C6E3)
_LETTER = np.uint64(1)
_NONE, _SEVERAL = np.uint64(0), np.uint64(2)  # no word's hash but by a chance of 2**-62


@kernel
def _context(words: Hashes, start: int, end: int, i: int, side: int) -> np.uint64:
    """A hash of the two words in front of word i (side 0) or behind it (side 1); the text's ends count as words."""
    if side == 0:
        far = words[i - 2] if i - 2 >= start else _EDGE
        near = words[i - 1] if i - 1 >= start else _EDGE
        return mixed((_BEFORE + near) * _STEP + far)
    near = words[i + 1] if i + 1 < end else _EDGE
    far = words[i + 2] if i + 2 < end else _EDGE
    return mixed((_AFTER + near) * _STEP + far)


@kernel
def _slot(slots: Hashes, context: np.uint64) -> int:
    """Where a context is, or could be put, in an open table with empty entries of 0."""
    mask = len(slots) - 1
    at = np.int64(context & np.uint64(mask))
    while slots[at] != 0 and slots[at] != context:
        at = (at + 1) & mask
    return at


@kernel
def place_table(words: Hashes, start: int, end: int) -> tuple[Hashes, Hashes, NDArray[np.int8]]:
    """The places of a text by their contexts: an open table, the word at each, and the side that its context is on.

    The word is _SEVERAL where the text has the context more than once.
    """
    size = 8
    while size < 4 * (end - start):
        size *= 2
    slots, values, sides = np.zeros(size, np.uint64), np.zeros(size, np.uint64), np.zeros(size, np.int8)
    for i in range(start, end):
        for side in range(2):
            at = _slot(slots, _context(words, start, end, i, side))
            slots[at] = _context(words, start, end, i, side)
            values[at] = words[i] if values[at] == _NONE else _SEVERAL
            sides[at] = side
    return slots, values, sides


@kernel
def values_at(words: Hashes, start: int, end: int, slots: Hashes, out: Hashes) -> None:
    """out[place]: the word that this text has there; _NONE or _SEVERAL where it has none or more than one."""
    out[:] = _NONE
    for i in range(start, end):
        for side in range(2):
            context = _context(words, start, end, i, side)
            at = _slot(slots, context)
            if slots[at] == context:
                out[at] = words[i] if out[at] == _NONE else _SEVERAL


@kernel
def varying_places(known: Hashes, count: int) -> NDArray[np.bool_]:
    """Of known[records, places], which places hold different values from record to record; count: records in it.

    A place counts where at least half of the records (and three) have one word there. It varies where no word has
    more than half of them and there are three or more words; where there is one such place, those where no word has
    nine tenths vary too, for a template may well have a field of few values.
    """
    places = known.shape[1]
    strict, loose, any_strict = np.zeros(places, np.bool_), np.zeros(places, np.bool_), False
    least = max(3, (count + 1) // 2)
    here = np.empty(count, np.uint64)
    for p in range(places):
        if known[0, p] <= _SEVERAL:
            continue
        size, equal = 0, True
        for r in range(count):
            if known[r, p] > _SEVERAL:
                here[size] = known[r, p]
                equal = equal and here[size] == here[0]
                size += 1
        if equal or size < least:
            continue
        here[:size].sort()
        most, distinct, run = 0, 0, 0
        for r in range(size):
            run = run + 1 if r > 0 and here[r] == here[r - 1] else 1
            distinct += run == 1
            most = max(most, run)
        loose[p] = 10 * most < 9 * size
        strict[p] = 2 * most <= size and distinct >= 3
        any_strict = any_strict or strict[p]
    return loose if any_strict else strict


@kernel
def differing_numbers(words: Hashes, a: int, a_end: int, b: int, b_end: int) -> int:
    """How many numbers differ between two texts that are the same but for numbers; 0 where they differ otherwise too.

    A number is a run of words that are digits only.
    """
    found = 0
    while a < a_end and b < b_end:
        if words[a] & _LETTER or words[b] & _LETTER:
            if words[a] != words[b]:
                return 0
            a += 1
            b += 1
            continue
        other = False
        while a < a_end and b < b_end and not (words[a] & _LETTER or words[b] & _LETTER):
            other = other or words[a] != words[b]
            a += 1
            b += 1
        while a < a_end and not words[a] & _LETTER:
            other = True
            a += 1
        while b < b_end and not words[b] & _LETTER:
            other = True
            b += 1
        found += other
    return found if a == a_end and b == b_end else 0


@kernel
def _like(keeper: int, starts: Ints, others: Ints, ranks: Ints, seen: Ints, out: Ints) -> int:
    """Write the keeper and the best records near it to `out` (SAMPLE of them at most); returns how many.

    Its neighbours, and where these are too few their neighbours too. seen: marks of earlier calls.
    """
    found, n = np.empty(64, np.int64), 0
    seen[keeper] = keeper
    for k in range(starts[keeper], starts[keeper + 1]):
        if seen[others[k]] != keeper:
            seen[others[k]] = keeper
            if n == len(found):
                found = np.concatenate((found, np.empty(n, np.int64)))
            found[n] = others[k]
            n += 1
    first = n
    if n < SAMPLE - 1:
        for i in range(first):
            for k in range(starts[found[i]], starts[found[i] + 1]):
                if seen[others[k]] != keeper:
                    seen[others[k]] = keeper
                    if n == len(found):
                        found = np.concatenate((found, np.empty(n, np.int64)))
                    found[n] = others[k]
                    n += 1
    order = np.argsort(ranks[found[:n]])
    out[0] = keeper
    kept = min(n, SAMPLE - 1)
    for i in range(kept):
        out[i + 1] = found[order[i]]
    return kept + 1


@kernel
def values_differing(
    words: Hashes, word_at: Ints, keeper: Ints, score: NDArray[np.float64], ranks: Ints, starts: Ints, others: Ints,
    least_group: int, numbers: bool,
) -> Ints:  # fmt: skip
    """int64[rows]: places in which a row differs from keeper[row]; 0 for a keeper and for a copy of score 1.

    starts, others: of `neighbours`, over pairs that are somewhat alike: a template's records need not reach the
    threshold of a copy. A keeper with fewer than least_group records like it, itself counted, is told by its numbers,
    where `numbers`, and otherwise not at all.
    """
    rows = len(word_at) - 1
    out, seen, sample = np.zeros(rows, np.int64), np.full(rows, -1, np.int64), np.empty(SAMPLE, np.int64)
    order = np.argsort(keeper, kind="mergesort")
    at = 0
    while at < rows:
        k = keeper[order[at]]
        end, alike = at, True
        while end < rows and keeper[order[end]] == k:
            row = order[end]
            alike = alike and (row == k or score[row] == 1.0)
            end += 1
        if not alike:
            count = _like(k, starts, others, ranks, seen, sample)
            if count < least_group:
                if numbers:
                    for row in order[at:end]:
                        if row != k and score[row] != 1.0:
                            out[row] = differing_numbers(
                                words, word_at[row], word_at[row + 1], word_at[k], word_at[k + 1]
                            )
            else:
                slots, mine, sides = place_table(words, word_at[k], word_at[k + 1])
                known = np.zeros((count, len(slots)), np.uint64)
                known[0] = mine
                for r in range(1, count):
                    values_at(words, word_at[sample[r]], word_at[sample[r] + 1], slots, known[r])
                varies = varying_places(known, count)
                theirs = np.empty(len(slots), np.uint64)
                for row in order[at:end] if varies.any() else order[:0]:
                    if row != k and score[row] != 1.0:
                        values_at(words, word_at[row], word_at[row + 1], slots, theirs)
                        out[row] = _differing(mine, theirs, varies, sides)
        at = end
    return out


@kernel
def _differing(mine: Hashes, theirs: Hashes, varies: NDArray[np.bool_], sides: NDArray[np.int8]) -> int:
    """Varying places with a word of both that differs: as seen from the front or from behind, the larger."""
    front, behind = 0, 0
    for p in np.flatnonzero(varies):
        if mine[p] > _SEVERAL and theirs[p] > _SEVERAL and mine[p] != theirs[p]:
            if sides[p] == 0:
                front += 1
            else:
                behind += 1
    return max(front, behind)
