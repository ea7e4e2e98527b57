"""Copies of a template's members: similarity alone puts them into the cluster of another member, or leaves them alone.

All records of a template are similar. A copy of the twentieth letter is close to the first one too, and differs from
it in its values, like the twentieth; or it is just too far from the first, and the twentieth is in that cluster. So
records whose values differ from their keeper's, and keepers, are compared with the records nearest to them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.band_pairs import components
from assay.kernels.star_clusters import jaccard
from assay.kernels.template_values import held_differ, values_between

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]

NEAREST = 128  # records nearer than its keeper that a record's values are compared with
READ = 16  # of them, those whose texts are read again: they may differ elsewhere than where the template varies


@kernel
def equal_sets(n: int, left: Ints, right: Ints, scores: Floats, ranks: Ints) -> Ints:
    """int64[n]: the best by rank of all rows with the same set of shingles, over pairs with a score of 1."""
    same = scores == 1.0
    group = components(n, left[same], right[same])
    best = group.copy()  # of each group, at its smallest row
    for row in range(n):
        if ranks[row] < ranks[best[group[row]]]:
            best[group[row]] = row
    out = np.empty(n, np.int64)
    for row in range(n):
        out[row] = best[group[row]]
    return out


@kernel
def _nearer(
    row: int, than: float, ranks: Ints, starts: Ints, others: Ints, edges: Ints, scores: Floats, out: Ints, of: Floats
) -> int:
    """Write better ranked neighbours whose score is above `than`, the nearest first, to `out`; returns how many."""
    n = 0
    for k in range(starts[row], starts[row + 1]):
        other, score = others[k], scores[edges[k]]
        if score <= than or ranks[other] > ranks[row]:
            continue
        at = n
        while at > 0 and (of[at - 1] < score or (of[at - 1] == score and ranks[out[at - 1]] > ranks[other])):
            at -= 1
        if at == NEAREST:
            continue
        n = min(n + 1, NEAREST)
        for i in range(n - 1, at, -1):
            out[i], of[i] = out[i - 1], of[i - 1]
        out[at], of[at] = other, score
    return n


@kernel
def rejoin(
    keeper: Ints, score: Floats, values: Ints, order: Ints, ranks: Ints, protected: NDArray[np.bool_], starts: Ints,
    others: Ints, edges: Ints, scores: Floats, threshold: float, sets: Hashes, set_starts: Ints, words: Hashes,
    word_at: Ints, contexts: Hashes, context_at: Ints, held: Hashes, held_at: Ints, numbers: bool,
) -> None:  # fmt: skip
    """Give each row that has no keeper with the same values one of the better rows near it that has. In place.

    That one is then a keeper and nobody's copy; copies of the row come along, where they are close to it too.
    order: rows from best to worst; ranks: their places in it. starts, others, edges, scores: of `neighbours`, edges
    that reach the threshold. contexts, context_at, held, held_at: of `values_differing`.
    """
    near, of = np.empty(NEAREST, np.int64), np.empty(NEAREST)
    template = keeper.copy()
    members = np.argsort(template, kind="mergesort")
    first = np.searchsorted(template[members], np.arange(len(template) + 1))
    for place in range(len(order)):
        row = order[place]
        was = keeper[row]
        if was == row:
            if protected[row]:
                continue
        elif values[row] == 0:
            continue
        elif keeper[was] != was:  # it has become a copy itself
            keeper[row], score[row], values[row] = row, np.nan, 0
        than = -1.0 if keeper[row] == row else score[row]
        read, last = 0, -1
        for i in range(_nearer(row, than, ranks, starts, others, edges, scores, near, of)):
            to, found = near[i], of[i]
            if keeper[to] != to and values[to] == 0:
                to = keeper[to]
                if to == last or to == keeper[row]:
                    continue
                found = jaccard(sets, set_starts[to], set_starts[to + 1], set_starts[row], set_starts[row + 1])
            last = to
            if to == keeper[row] or found < threshold:
                continue
            learnt = template[to] if was == row else was
            known = contexts[context_at[learnt] : context_at[learnt + 1]]
            if template[to] == template[row] and held_differ(held, held_at[to], held_at[row], len(known)):
                continue
            read += 1
            if read > READ:
                break
            if values_between(words, word_at[to], word_at[to + 1], word_at[row], word_at[row + 1], known, numbers) == 0:
                keeper[row], score[row], values[row] = to, found, 0
                keeper[to], score[to], values[to] = to, np.nan, 0
                for k in range(first[row], first[row + 1]):
                    one = members[k]
                    if one == row or keeper[one] != row or values[one] > 0:
                        continue
                    a, b = word_at[one], word_at[one + 1]
                    close = jaccard(sets, set_starts[to], set_starts[to + 1], set_starts[one], set_starts[one + 1])
                    if (
                        close >= threshold
                        and values_between(words, word_at[to], word_at[to + 1], a, b, known, numbers) == 0
                    ):
                        keeper[one], score[one] = to, close
                    else:
                        keeper[one], score[one] = one, np.nan
                break
