"""Copies of a template's members: they lie in the cluster of another member, whose values they do not hold.

Clusters are made by similarity, and all records of a template are similar. A copy of the twentieth letter is close to
the first one too, and differs from it in its values, like the twentieth. So each record whose values differ from its
keeper's is compared with the records that are nearer to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.band_pairs import components
from assay.kernels.star_clusters import jaccard
from assay.kernels.template_values import values_between

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]

NEAREST = 16  # records nearer than the keeper that a record is compared with


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
    keeper: Ints, score: Floats, values: Ints, order: Ints, ranks: Ints, starts: Ints, others: Ints, edges: Ints,
    scores: Floats, threshold: float, sets: Hashes, set_starts: Ints, words: Hashes, word_at: Ints, contexts: Hashes,
    context_at: Ints, numbers: bool,
) -> None:  # fmt: skip
    """Give each row whose values differ from its keeper's a keeper with the same ones, if there is one. In place.

    That one is then a keeper and nobody's copy. order: rows from best to worst; ranks: their places in it. starts,
    others, edges, scores: of `neighbours`, edges that reach the threshold. contexts, context_at: of `values_differing`.
    """
    near, of = np.empty(NEAREST, np.int64), np.empty(NEAREST)
    for place in range(len(order)):
        row = order[place]
        if values[row] == 0:
            continue
        was = keeper[row]
        known = contexts[context_at[was] : context_at[was + 1]]
        for i in range(_nearer(row, score[row], ranks, starts, others, edges, scores, near, of)):
            to, found = near[i], of[i]
            if keeper[to] != to and values[to] == 0:
                to = keeper[to]
                found = jaccard(sets, set_starts[to], set_starts[to + 1], set_starts[row], set_starts[row + 1])
            if to == was or found < threshold:
                continue
            if values_between(words, word_at[to], word_at[to + 1], word_at[row], word_at[row + 1], known, numbers) == 0:
                keeper[row], score[row], values[row] = to, found, 0
                keeper[to], score[to], values[to] = to, np.nan, 0
                break
