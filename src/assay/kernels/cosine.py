"""Exact cosines of float32 vectors, the closest of each row, and clusters around keepers.

A matrix product of a mathematics library proposes pairs, with a margin for its rounding; what counts is computed here
in float64 and a fixed order, so that no library, thread or processor changes a score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.int32]
Vectors = NDArray[np.float32]


@kernel
def _dot(a: Vectors, b: Vectors) -> float:
    """Four sums side by side, added at the end: the order is fixed and the processor need not wait."""
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    n = len(a)
    whole = n - n % 4
    # In Numba float() of a float32 is a float32: products would be rounded to seven digits.
    for k in range(0, whole, 4):
        s0 += np.float64(a[k]) * np.float64(b[k])
        s1 += np.float64(a[k + 1]) * np.float64(b[k + 1])
        s2 += np.float64(a[k + 2]) * np.float64(b[k + 2])
        s3 += np.float64(a[k + 3]) * np.float64(b[k + 3])
    for k in range(whole, n):
        s0 += np.float64(a[k]) * np.float64(b[k])
    return (s0 + s1) + (s2 + s3)


@kernel
def lengths(vectors: Vectors) -> Floats:
    """float64[n]: the Euclidean length of each row."""
    out = np.empty(len(vectors))
    for i in range(len(vectors)):
        out[i] = np.sqrt(_dot(vectors[i], vectors[i]))
    return out


@kernel
def pair_cosines(vectors: Vectors, length: Floats, left: Ids, right: Ids) -> Floats:
    """float64[pairs], at most 1; 0 where a row has no length."""
    out = np.zeros(len(left))
    for k in range(len(left)):
        size = length[left[k]] * length[right[k]]
        if size > 0.0:
            out[k] = min(1.0, _dot(vectors[left[k]], vectors[right[k]]) / size)
    return out


@kernel
def at_least(block: Vectors, least: float, first_row: int, first_column: int) -> tuple[Ids, Ids]:
    """Rows and columns of the entries that reach `least`, of those right of the diagonal of the whole matrix."""
    low = np.float32(least)
    rows, columns = np.empty(1024, np.int32), np.empty(1024, np.int32)
    n, width = 0, block.shape[1]
    for i in range(len(block)):
        line = block[i]
        start = max(0, first_row + i + 1 - first_column)
        for from_ in range(start, width, 32):  # most runs have none: counting needs no branch
            to = min(from_ + 32, width)
            hits = 0
            for j in range(from_, to):
                hits += line[j] >= low
            if hits == 0:
                continue
            if n + hits > len(rows):
                wider, more = np.empty(2 * (n + hits), np.int32), np.empty(2 * (n + hits), np.int32)
                wider[:n], more[:n] = rows[:n], columns[:n]
                rows, columns = wider, more
            for j in range(from_, to):
                if line[j] >= low:
                    rows[n], columns[n] = first_row + i, first_column + j
                    n += 1
    return rows[:n].copy(), columns[:n].copy()


@kernel
def keep_closest(left: Ids, right: Ids, scores: Floats, floor: float, bins: Ints, ids: Ids, best: Floats,
                 held: Ids, cut: Floats) -> None:  # fmt: skip
    """Enter pairs into both rows' lists of their closest, and count those that reach the floor by score.

    ids: int32[n, most], best: float64[n, most], rising in each row's first held[row]; cut: float64[n], the highest
    score that did not fit: a row's list is whole for thresholds above it. bins: int64[b + 1]; bin k counts scores from
    k / b to (k + 1) / b.
    """
    steps = len(bins) - 1
    for p in range(len(left)):
        s = scores[p]
        if s < floor:
            continue
        k = int(s * steps)
        if k < steps and s >= (k + 1) / steps:
            k += 1
        elif s < k / steps:
            k -= 1
        bins[k] += 1
        _enter(left[p], right[p], s, ids, best, held, cut)
        _enter(right[p], left[p], s, ids, best, held, cut)


@kernel
def _enter(row: int, other: int, s: float, ids: Ids, best: Floats, held: Ids, cut: Floats) -> None:
    most, n = ids.shape[1], held[row]
    mine, scores = ids[row], best[row]
    if n == most:
        if s <= scores[0]:
            cut[row] = max(cut[row], s)
            return
        cut[row] = max(cut[row], scores[0])
        at = 0
        while at + 1 < n and scores[at + 1] < s:
            mine[at], scores[at] = mine[at + 1], scores[at + 1]
            at += 1
        mine[at], scores[at] = other, s
        return
    at = n
    while at > 0 and scores[at - 1] > s:
        mine[at], scores[at] = mine[at - 1], scores[at - 1]
        at -= 1
    mine[at], scores[at] = other, s
    held[row] = n + 1


@kernel
def stars_from(
    place: int, nodes: Ints, group: Ints, protected: NDArray[np.bool_], free: NDArray[np.bool_],
    crowded: NDArray[np.bool_], starts: Ints, others: Ids, scores: Floats, threshold: float, keeper: Ints,
    score: Floats,
) -> int:  # fmt: skip
    """Give keepers from nodes[place] on; returns where it stopped, at a keeper whose list is not whole, or the end.

    nodes: rows from best to worst, of each group (rows with one vector) its best and every protected one. group:
    int64[row]. free: bool[group], it has a row that is not protected. starts, others, scores: each group's close
    groups. keeper: int64[group], a row or -1, of the group's rows that are not protected; score: float64[group], to
    that keeper (NaN where it is one of them). The best row without a keeper becomes one and takes every close group
    that has none, and so on with the rest: nobody is further from its keeper than the threshold.
    """
    for at in range(place, len(nodes)):
        best = nodes[at]
        mine = group[best]
        if not protected[best]:
            if keeper[mine] >= 0:
                continue
            keeper[mine] = best
        elif free[mine] and keeper[mine] < 0:
            keeper[mine], score[mine] = best, 1.0
        if crowded[mine]:
            return at
        for k in range(starts[mine], starts[mine + 1]):
            other = others[k]
            if scores[k] >= threshold and keeper[other] < 0 and free[other]:
                keeper[other], score[other] = best, scores[k]
    return len(nodes)
