"""In how many places copies hold another value than their keeper: records of one template are no copies.

Two copies of a page differ here and there, each elsewhere. Records made from one template differ in the same places:
between the same words stands another value in nearly every one. Where too few records are alike to show that, other
things tell a template still: a name that another one stands in for throughout, an identifier, and, in kinds where they
matter, any number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.shingles import NO_DIGIT, NO_IDENTIFIER, NO_NUMBER, mixed

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

SAMPLE = 16  # records like the keeper, itself counted, that its places are learnt from: the best by rank
_STEP = np.uint64(0x9E3779B97F4A7C15)
_AFTER, _BEFORE = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)
_EDGE = np.uint64(0x8EBC6AF09C88C6E3)
_NONE, _SEVERAL = np.uint64(0), np.uint64(2)  # no word's hash but by a chance of 2**-62


@kernel
def _context(words: Hashes, start: int, end: int, i: int, side: int) -> np.uint64:
    """A hash of the two words in front of word i (side 0) or behind it (side 1); 0 where there is none.

    The text's end counts as the second: what copies begin and end with is no value, but a frame may begin early.
    """
    if (side == 0 and i == start) or (side == 1 and i == end - 1):
        return _NONE
    if side == 0:
        far = words[i - 2] if i - 2 >= start else _EDGE
        return mixed((_BEFORE + words[i - 1]) * _STEP + far)
    far = words[i + 2] if i + 2 < end else _EDGE
    return mixed((_AFTER + words[i + 1]) * _STEP + far)


@kernel
def _slot(slots: Hashes, context: np.uint64) -> int:
    """Where a context is, or could be put, in an open table with empty entries of 0."""
    mask = len(slots) - 1
    at = np.int64(context & np.uint64(mask))
    while slots[at] != 0 and slots[at] != context:
        at = (at + 1) & mask
    return int(at)


@kernel
def place_table(words: Hashes, start: int, end: int) -> tuple[Hashes, Hashes, NDArray[np.int8]]:
    """The places of a text by their contexts: an open table, the word at each, and the side that its context is on.

    The word is _SEVERAL where different words stand between the same ones.
    """
    size = 8
    while size < 4 * (end - start):
        size *= 2
    slots, values, sides = np.zeros(size, np.uint64), np.zeros(size, np.uint64), np.zeros(size, np.int8)
    for i in range(start, end):
        for side in range(2):
            context = _context(words, start, end, i, side)
            if context == _NONE:
                continue
            at = _slot(slots, context)
            slots[at] = context
            values[at] = words[i] if values[at] == _NONE or values[at] == words[i] else _SEVERAL
            sides[at] = side
    return slots, values, sides


@kernel
def values_at(words: Hashes, start: int, end: int, slots: Hashes, out: Hashes) -> None:
    """out[place]: the word that this text has there; _NONE or _SEVERAL where it has none or different ones."""
    out[:] = _NONE
    for i in range(start, end):
        for side in range(2):
            context = _context(words, start, end, i, side)
            at = _slot(slots, context)
            if context != _NONE and slots[at] == context:
                out[at] = words[i] if out[at] == _NONE or out[at] == words[i] else _SEVERAL


@kernel
def varying_places(
    known: Hashes, count: int, sides: NDArray[np.int8], needed: int, passed_over: np.uint64
) -> NDArray[np.bool_]:
    """Of known[records, places], which places hold different values from record to record; count: records in it.

    A place counts where at least half of the records (and three) have one word there. It varies where no word has
    more than half of them and there are three or more words; where there are `needed` such places on one side, those
    where no word has nine tenths, nor all but one, vary too, for a template may well have a field of few values; else
    none does.
    passed_over: a bit of hashes; places where any of the words lacks it are left aside. 0 for none.
    """
    places = known.shape[1]
    strict, loose = np.zeros(places, np.bool_), np.zeros(places, np.bool_)
    found = np.zeros(2, np.int64)
    least = max(3, (count + 1) // 2)
    here = np.empty(count, np.uint64)
    for p in range(places):
        if known[0, p] <= _SEVERAL:
            continue
        size, equal, aside = 0, True, False
        for r in range(count):
            if known[r, p] > _SEVERAL:
                here[size] = known[r, p]
                equal = equal and here[size] == here[0]
                aside = aside or (here[size] & passed_over) != passed_over
                size += 1
        if equal or aside or size < least:
            continue
        here[:size].sort()
        most, distinct, run = 0, 0, 0
        for r in range(size):
            run = run + 1 if r > 0 and here[r] == here[r - 1] else 1
            distinct += run == 1
            most = max(most, run)
        loose[p] = 10 * most < 9 * size and most <= size - 2
        strict[p] = 2 * most <= size and distinct >= 3
        found[sides[p]] += strict[p]
    return loose if found.max() >= needed else np.zeros(places, np.bool_)


@kernel
def differing_numbers(words: Hashes, a: int, a_end: int, b: int, b_end: int) -> int:
    """How many numbers differ between two texts that are the same but for numbers; 0 where they differ otherwise too.

    A number is a run of words with a digit: an amount, a date, an identifier.
    """
    found = 0
    while True:
        other = False
        while a < a_end and b < b_end and not (words[a] & NO_DIGIT or words[b] & NO_DIGIT):
            other = other or words[a] != words[b]
            a += 1
            b += 1
        while a < a_end and not words[a] & NO_DIGIT:
            other = True
            a += 1
        while b < b_end and not words[b] & NO_DIGIT:
            other = True
            b += 1
        found += other
        if a == a_end or b == b_end:
            return found if a == a_end and b == b_end else 0
        if words[a] != words[b]:
            return 0
        a += 1
        b += 1


@kernel
def numbers_at_places(mine: Hashes, theirs: Hashes, sides: NDArray[np.int8], missing: np.uint64) -> int:
    """Places at which both have a number, and not the same: from the front or from behind, the larger.

    missing: NO_DIGIT, for any word with a digit, or NO_IDENTIFIER.
    """
    found = np.zeros(2, np.int64)
    for p in range(len(mine)):
        both = mine[p] > _SEVERAL and theirs[p] > _SEVERAL
        if both and mine[p] != theirs[p] and (mine[p] | theirs[p]) & missing == 0:
            found[sides[p]] += 1
    return int(found.max())


@kernel
def other_names(
    mine: Hashes, theirs: Hashes, sides: NDArray[np.int8], words: Hashes, start: int, end: int
) -> int:  # fmt: skip
    """Places at which a word of mine has another one in its stead that stands there throughout.

    The same word for the same word at two places or more, told from one side, and at one or more told from the other;
    and the word of mine is nowhere in their text words[start:end]. Numbers are no names: versions and dates of one
    page differ throughout as well.
    """
    at = np.empty(len(mine), np.int64)
    n = 0
    for p in range(len(mine)):
        both = mine[p] > _SEVERAL and theirs[p] > _SEVERAL
        if both and mine[p] != theirs[p] and mine[p] & theirs[p] & NO_NUMBER:
            at[n] = p
            n += 1
    total = 0
    done = np.zeros(n, np.bool_)
    for i in range(n):
        if done[i]:
            continue
        one, other = mine[at[i]], theirs[at[i]]
        found = np.zeros(2, np.int64)
        for j in range(i, n):
            if mine[at[j]] == one and theirs[at[j]] == other:
                done[j] = True
                found[sides[at[j]]] += 1
        if found.max() >= 2 and found.min() >= 1 and not (words[start:end] == one).any():
            total += found.max()
    return total


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
def _differing(mine: Hashes, theirs: Hashes, varies: NDArray[np.bool_], sides: NDArray[np.int8]) -> int:
    """Varying places with a word of both that differs: as seen from the front or from behind, the larger."""
    found = np.zeros(2, np.int64)
    for p in np.flatnonzero(varies):
        if mine[p] > _SEVERAL and theirs[p] > _SEVERAL and mine[p] != theirs[p]:
            found[sides[p]] += 1
    return int(found.max())


@kernel
def _told(
    mine: Hashes, theirs: Hashes, varies: NDArray[np.bool_], sides: NDArray[np.int8], words: Hashes,
    start: int, end: int, first: int, last: int, numbers: bool,
) -> int:  # fmt: skip
    """Places that differ between words[start:end], with `mine`, and words[first:last], with `theirs`."""
    found = _differing(mine, theirs, varies, sides)
    if found == 0:
        found = numbers_at_places(mine, theirs, sides, NO_DIGIT if numbers else NO_IDENTIFIER)
    if found == 0 and numbers:
        found = differing_numbers(words, first, last, start, end)
    if found == 0:
        found = other_names(mine, theirs, sides, words, first, last)
    return found


@kernel
def held_differ(held: Hashes, one: int, other: int, places: int) -> bool:
    """Whether two rows hold different words at one of the places that vary; one, other: where theirs begin in held."""
    for p in range(places):
        a, b = held[one + p], held[other + p]
        if a > _SEVERAL and b > _SEVERAL and a != b:
            return True
    return False


@kernel
def values_between(
    words: Hashes, start: int, end: int, first: int, last: int, contexts: Hashes, numbers: bool
) -> int:  # fmt: skip
    """As values_differing, of two rows. contexts: of the places that vary."""
    slots, mine, sides = place_table(words, start, end)
    varies = np.zeros(len(slots), np.bool_)
    for context in contexts:
        at = _slot(slots, context)
        varies[at] = slots[at] == context
    theirs = np.empty(len(slots), np.uint64)
    values_at(words, first, last, slots, theirs)
    return _told(mine, theirs, varies, sides, words, start, end, first, last, numbers)


@kernel
def values_differing(
    words: Hashes, word_at: Ints, keeper: Ints, score: NDArray[np.float64], ranks: Ints, starts: Ints, others: Ints,
    least_group: int, numbers: bool,
) -> tuple[Ints, Hashes, Ints, Hashes, Ints]:  # fmt: skip
    """int64[rows]: places in which a row differs from keeper[row]; 0 for a keeper and for a copy of score 1.

    starts, others: of `neighbours`, over pairs that are somewhat alike: a template's records need not reach the
    threshold of a copy. Places that vary are looked for where three records or more are like the keeper, itself
    counted; fewer than least_group have to vary in two places, and where not `numbers` these hold words without a
    digit. What they do not tell, numbers do (without `numbers` only those of five digits or more), and then names that
    differ throughout. Also the contexts of the places that vary, and int64[rows + 1] where those of each keeper begin;
    and what the rows of its cluster hold at these places, flat, and int64[rows] where that of each begins.
    """
    rows = len(word_at) - 1
    out, seen, sample = np.zeros(rows, np.int64), np.full(rows, -1, np.int64), np.empty(SAMPLE, np.int64)
    contexts, context_at = np.empty(256, np.uint64), np.zeros(rows + 1, np.int64)
    held, held_at = np.empty(1024, np.uint64), np.zeros(rows, np.int64)
    order = np.argsort(keeper, kind="mergesort")
    at, used, kept = 0, 0, 0
    while at < rows:
        k = keeper[order[at]]
        end, alike = at, True
        while end < rows and keeper[order[end]] == k:
            row = order[end]
            alike = alike and (row == k or score[row] == 1.0)
            end += 1
        if not alike:
            slots, mine, sides = place_table(words, word_at[k], word_at[k + 1])
            varies = np.zeros(len(slots), np.bool_)
            count = _like(k, starts, others, ranks, seen, sample)
            if count >= 3:
                known = np.zeros((count, len(slots)), np.uint64)
                known[0] = mine
                for r in range(1, count):
                    values_at(words, word_at[sample[r]], word_at[sample[r] + 1], slots, known[r])
                few = count < least_group
                passed_over = NO_DIGIT if few and not numbers else _NONE
                varies = varying_places(known, count, sides, 2 if few else 1, passed_over)
            theirs = np.empty(len(slots), np.uint64)
            places = np.flatnonzero(varies)
            if kept + (end - at) * len(places) > len(held):
                held = np.concatenate((held, np.empty(kept + (end - at) * len(places), np.uint64)))
            for row in order[at:end]:
                held_at[row] = kept
                if row == k or score[row] == 1.0:
                    theirs[:] = mine
                else:
                    first, last = word_at[row], word_at[row + 1]
                    values_at(words, first, last, slots, theirs)
                    out[row] = _told(
                        mine, theirs, varies, sides, words, word_at[k], word_at[k + 1], first, last, numbers
                    )
                for p in places:
                    held[kept] = theirs[p]
                    kept += 1
            more = slots[places]
            if used + len(more) > len(contexts):
                contexts = np.concatenate((contexts, np.empty(used + len(more), np.uint64)))
            contexts[used : used + len(more)] = more
            used += len(more)
            context_at[k + 1] = used
        at = end
    for row in range(rows):
        context_at[row + 1] = max(context_at[row], context_at[row + 1])
    return out, contexts[: context_at[rows]], context_at, held[:kept], held_at
