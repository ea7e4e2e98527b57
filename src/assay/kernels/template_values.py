"""In how many places records of one group hold other values than their keeper, where such records always differ.

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

SAMPLE = 32  # members that a group's places are learnt from: the best by rank
_STEP = np.uint64(0x9E3779B97F4A7C15)
_AFTER, _BEFORE = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)
_EDGE = np.uint64(0x8EBC6AF09C88C6E3)
_LETTER = np.uint64(1)


@kernel
def _context(words: Hashes, start: int, end: int, i: int, before: bool) -> np.uint64:
    """A hash of the two words in front of word i, or of the two behind it; text ends count as words."""
    if before:
        far = words[i - 2] if i - 2 >= start else _EDGE
        near = words[i - 1] if i - 1 >= start else _EDGE
        return mixed((_BEFORE + near) * _STEP + far)
    near = words[i + 1] if i + 1 < end else _EDGE
    far = words[i + 2] if i + 2 < end else _EDGE
    return mixed((_AFTER + near) * _STEP + far)


@kernel
def _once(contexts: Hashes, values: Hashes, n: int) -> int:
    """Move those contexts (with their values) that occur once to the front; returns how many."""
    order = np.argsort(contexts[:n])
    kept, some, held = 0, np.empty(n, np.uint64), np.empty(n, np.uint64)
    for k in range(n):
        at = order[k]
        if k > 0 and contexts[order[k - 1]] == contexts[at]:
            continue
        if k + 1 < n and contexts[order[k + 1]] == contexts[at]:
            continue
        some[kept], held[kept] = contexts[at], values[at]
        kept += 1
    contexts[:kept], values[:kept] = some[:kept], held[:kept]
    return kept


@kernel
def group_places(words: Hashes, starts: Ints, members: Ints) -> Hashes:
    """Sorted contexts of places where the members hold different values.

    A context counts where at least half of the members (and three) have it once. A place is one where no value has
    more than half and there are three or more; where there is one such place, those where no value has nine tenths
    are places too, for a template may well have a field of few values.
    """
    total = 0
    for k in range(len(members)):
        total += 2 * (starts[members[k] + 1] - starts[members[k]])
    contexts, values, n = np.empty(total, np.uint64), np.empty(total, np.uint64), 0
    for k in range(len(members)):
        start, end = starts[members[k]], starts[members[k] + 1]
        size = 0
        for i in range(start, end):
            for before in (False, True):
                contexts[n + size] = _context(words, start, end, i, before)
                values[n + size] = words[i]
                size += 1
        n += _once(contexts[n:], values[n:], size)
    order = np.argsort(contexts[:n])
    least = max(3, (len(members) + 1) // 2)
    strict, loose, strict_count, loose_count = np.empty(n, np.uint64), np.empty(n, np.uint64), 0, 0
    k = 0
    while k < n:
        end = k
        while end < n and contexts[order[end]] == contexts[order[k]]:
            end += 1
        size = end - k
        if size >= least:
            here = np.sort(values[order[k:end]])
            most, distinct, run = 0, 0, 0
            for i in range(size):
                run = run + 1 if i > 0 and here[i] == here[i - 1] else 1
                distinct += run == 1
                most = max(most, run)
            if 2 * most <= size and distinct >= 3:
                strict[strict_count] = contexts[order[k]]
                strict_count += 1
            if 10 * most < 9 * size:
                loose[loose_count] = contexts[order[k]]
                loose_count += 1
        k = end
    return loose[:loose_count].copy() if strict_count else strict[:0].copy()


@kernel
def place_values(words: Hashes, start: int, end: int, places: Hashes, out: Hashes, before: NDArray[np.bool_]) -> None:
    """out[p]: the word at place p; 0 where there is none, 2 where there are several. before[p]: which side told it.

    (Words' hashes are never 0 or 2 but by a chance of 2**-62.)
    """
    out[:] = 0
    for i in range(start, end):
        for side in (False, True):
            context = _context(words, start, end, i, side)
            p = np.searchsorted(places, context)
            if p < len(places) and places[p] == context:
                out[p] = words[i] if out[p] == 0 else np.uint64(2)
                before[p] = side


@kernel
def differing_places(a: Hashes, b: Hashes, before: NDArray[np.bool_]) -> int:
    """Places with a known value on both sides that differs; those seen from the front or from behind, the larger."""
    front, behind = 0, 0
    for p in range(len(a)):
        if a[p] > 2 and b[p] > 2 and a[p] != b[p]:
            if before[p]:
                front += 1
            else:
                behind += 1
    return max(front, behind)


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
def values_differing(
    words: Hashes, starts: Ints, members: Ints, group_starts: Ints, keeper: Ints, least_group: int, numbers: bool
) -> Ints:  # fmt: skip
    """int64[rows]: places in which a row differs from keeper[row]; 0 for a keeper.

    members: rows by group, each group from best to worst; group g is members[group_starts[g]:group_starts[g + 1]].
    Groups of fewer than least_group members are told by their numbers, where `numbers`, and otherwise not at all.
    """
    out = np.zeros(len(starts) - 1, np.int64)
    for g in range(len(group_starts) - 1):
        group = members[group_starts[g] : group_starts[g + 1]]
        if len(group) < least_group:
            if numbers:
                for row in group:
                    k = keeper[row]
                    if k != row:
                        out[row] = differing_numbers(words, starts[row], starts[row + 1], starts[k], starts[k + 1])
            continue
        places = group_places(words, starts, group[:SAMPLE])
        if len(places) == 0:
            continue
        mine, theirs = np.zeros(len(places), np.uint64), np.zeros(len(places), np.uint64)
        before = np.zeros(len(places), np.bool_)
        held = -1
        for row in group[np.argsort(keeper[group], kind="mergesort")]:
            k = keeper[row]
            if k == row:
                continue
            if k != held:
                place_values(words, starts[k], starts[k + 1], places, theirs, before)
                held = k
            place_values(words, starts[row], starts[row + 1], places, mine, before)
            out[row] = differing_places(mine, theirs, before)
    return out
