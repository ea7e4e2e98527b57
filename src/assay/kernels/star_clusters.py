"""Exact Jaccard similarity of sorted sets, and clusters in which every member is close to its keeper."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]


@kernel
def jaccard(sets: Hashes, a_start: int, a_end: int, b_start: int, b_end: int) -> float:
    """|A and B| / |A or B| of two sorted runs of distinct hashes; 0 where both are empty."""
    i, j, both = a_start, b_start, 0
    while i < a_end and j < b_end:
        a, b = sets[i], sets[j]
        both += a == b
        i += a <= b  # no branch to mispredict: twice as fast on sets that share a part
        j += b <= a
    either = (a_end - a_start) + (b_end - b_start) - both
    return both / either if either else 0.0


@kernel
def pair_jaccards(sets: Hashes, starts: Ints, left: Ints, right: Ints) -> Floats:
    """float64[pairs]; set i is sets[starts[i]:starts[i + 1]]."""
    out = np.empty(len(left))
    for k in range(len(left)):
        a, b = left[k], right[k]
        out[k] = jaccard(sets, starts[a], starts[a + 1], starts[b], starts[b + 1])
    return out


@kernel
def neighbours(n: int, left: Ints, right: Ints) -> tuple[Ints, Ints, Ints]:
    """Edges both ways as rows: int64[n + 1] starts, the other ends, and the edge's number."""
    starts = np.zeros(n + 1, np.int64)
    for k in range(len(left)):
        starts[left[k] + 1] += 1
        starts[right[k] + 1] += 1
    for i in range(n):
        starts[i + 1] += starts[i]
    at = starts[:n].copy()
    others, edges = np.empty(2 * len(left), np.int64), np.empty(2 * len(left), np.int64)
    for k in range(len(left)):
        a, b = left[k], right[k]
        others[at[a]], edges[at[a]] = b, k
        others[at[b]], edges[at[b]] = a, k
        at[a] += 1
        at[b] += 1
    return starts, others, edges


@kernel
def stars(
    order: Ints, protected: NDArray[np.bool_], starts: Ints, others: Ints, edges: Ints, scores: Floats,
    threshold: float, sets: Hashes, set_starts: Ints,
) -> tuple[Ints, Floats, int, int]:  # fmt: skip
    """Keeper of each member and its score to it: int64[n] (itself for a keeper), float64[n] (NaN for a keeper).

    order: members from best to worst. The best one that has no keeper yet becomes one, takes every neighbour without
    a keeper, and then those neighbours' neighbours whose exact similarity to it reaches the threshold; so on with the
    rest. Nobody is joined to a keeper that is further away than the threshold, however long a chain there is.
    protected: such a member is its own keeper. starts, others, edges: of `neighbours`, edges that reach the threshold.
    sets: of all members, or empty where neighbours of neighbours cannot be compared. Also how many such comparisons
    were made, and how many of them reached the threshold.
    """
    n = len(order)
    keeper, score = np.full(n, -1, np.int64), np.full(n, np.nan)
    asked = np.full(n, -1, np.int64)
    compared, close = 0, 0
    for place in range(n):
        best = order[place]
        if keeper[best] >= 0:
            continue
        keeper[best] = best
        asked[best] = best
        for k in range(starts[best], starts[best + 1]):
            other = others[k]
            asked[other] = best
            if keeper[other] < 0 and not protected[other]:
                keeper[other], score[other] = best, scores[edges[k]]
        if len(set_starts) == 0:
            continue
        for k in range(starts[best], starts[best + 1]):
            middle = others[k]
            for m in range(starts[middle], starts[middle + 1]):
                other = others[m]
                if keeper[other] >= 0 or protected[other] or asked[other] == best:
                    continue
                asked[other] = best
                found = jaccard(sets, set_starts[best], set_starts[best + 1], set_starts[other], set_starts[other + 1])
                compared += 1
                if found >= threshold:
                    close += 1
                    keeper[other], score[other] = best, found
    return keeper, score, compared, close
