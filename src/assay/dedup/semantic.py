"""Semantic copies: candidates from a vector index, exact cosines, and clusters for any threshold above the floor.

The search is handed in; what it proposes is verified in float64. Scores are kept, so that another threshold makes other
clusters without another search. Rows with one and the same vector are a group and stand for each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import UserError
from assay.core.files import whole_file
from assay.kernels.cosine import keep_closest, lengths, pair_cosines, stars_from

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

FLOOR = 0.8  # pairs are kept from here on: thresholds below it need another search
MOST_KEPT = 32  # closest of each row that are kept; where more are above a threshold, they are found again
STEPS = 10_000  # pairs are counted by score in steps of 0.0001
_ARRAYS = ("starts", "others", "scores", "cut", "counts")


class Search(Protocol):
    """A vector index. What it gives must hold every pair that reaches the threshold; it may hold others."""

    def pairs(self, threshold: float) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        """(left, right) with left < right, each pair once."""
        ...

    def near(self, row: int, threshold: float) -> NDArray[np.int32]:
        """Candidates for one row."""
        ...


@dataclass(frozen=True, slots=True)
class ClosePairs:
    """Verified pairs of rows of an index, by row: others[starts[i]:starts[i + 1]] are those closest to row i.

    scores: float64, exact cosines, beside `others`. cut: float64[n]; row i's list is whole for thresholds above cut[i]
    (and at or above the floor). counts: int64[STEPS + 1], all pairs at or above the floor by their score.
    """

    starts: Ints
    others: NDArray[np.int32]
    scores: Floats
    cut: Floats
    counts: Ints
    floor: float
    recall: float = 1.0  # share of the pairs at or above the floor that the search found; see measured_recall

    def at_least(self, threshold: float) -> int:
        """How many pairs reach the threshold; counted in steps of 0.0001."""
        return int(self.counts[int(np.ceil(round(threshold * STEPS, 6))) :].sum())

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part, part.open("wb") as out:
            arrays = {name: getattr(self, name) for name in _ARRAYS}
            np.savez(out, numbers=np.array([self.floor, self.recall]), **arrays)

    @classmethod
    def load(cls, path: Path) -> ClosePairs | None:
        """None where there is no such file, or not a whole one: it is made again."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
                starts, others, scores, cut, counts = (held[name] for name in _ARRAYS)
                floor, recall = held["numbers"].tolist()
                return cls(starts, others, scores, cut, counts, floor, recall)
        except Exception:  # zipfile's own errors share no better base
            return None


def close_pairs(search: Search, vectors: Vectors, floor: float = FLOOR, most: int = MOST_KEPT) -> ClosePairs:
    """Verify what the search proposes; keep each row's `most` closest. Memory: 12 * most bytes a row.

    vectors: float32[n, dim], the rows of the search. E104 for a floor that is not above 0 and at most 1.
    """
    if not 0.0 < floor <= 1.0:
        raise UserError("E104", f"the floor of cosines must be above 0 and at most 1, got {floor}", at="floor")
    n, length = len(vectors), lengths(vectors)
    ids, best = np.zeros((n, most), np.int32), np.zeros((n, most))
    held, cut, counts = np.zeros(n, np.int32), np.full(n, -1.0), np.zeros(STEPS + 1, np.int64)
    for left, right in search.pairs(floor):
        scores = pair_cosines(vectors, length, left, right)
        keep_closest(left, right, scores, floor, counts, ids, best, held, cut)
    some = np.arange(most)[None, :] < held[:, None]
    starts = np.concatenate([[0], np.cumsum(held, dtype=np.int64)])
    return ClosePairs(starts, ids[some], best[some], cut, counts, floor)


def measured_recall(found: ClosePairs, exact: Search, vectors: Vectors, rows: int = 1000) -> float:
    """Of the pairs that rows spread evenly over the index have by an exact search, the share that was found.

    Rows with more close ones than are kept are left out: those are searched again anyway. NaN where there are none.
    """
    length, there, wanted = lengths(vectors), 0, 0
    for row in np.unique(np.linspace(0, len(vectors) - 1, min(rows, len(vectors))).astype(np.int64)).tolist():
        if found.cut[row] >= found.floor:
            continue
        others = exact.near(row, found.floor)
        others = others[others != row]
        others = others[pair_cosines(vectors, length, np.full(len(others), row, np.int32), others) >= found.floor]
        wanted += len(others)
        there += len(np.intersect1d(others, found.others[found.starts[row] : found.starts[row + 1]]))
    return there / wanted if wanted else float("nan")


@dataclass(frozen=True, slots=True)
class Clusters:
    """keeper: int64[rows], each row's keeper, itself where it is one. score: float64[rows], NaN for a keeper.

    searched: keepers whose close rows were looked for again, as they were too many to be kept.
    """

    keeper: Ints
    score: Floats
    searched: int


def clusters(
    found: ClosePairs, search: Search, vectors: Vectors, group: Ints, ranks: Ints, protected: NDArray[np.bool_],
    threshold: float,
) -> Clusters:  # fmt: skip
    """Each row's keeper: the best row without one takes all that are within the threshold of it, and so on.

    Nobody is further from its keeper than the threshold, however long a chain there is. The same for any order of rows.
    group: int64[rows], the row's place in the index. ranks: int64[rows], lowest is best, no two equal. protected:
    bool[rows], its own keeper. E104 for a threshold below the floor.
    """
    if not found.floor <= threshold <= 1.0:
        what = f"the threshold must be from {found.floor:g} to 1, got {threshold:g}"
        raise UserError("E104", what, at="--threshold", fix=f"give at least {found.floor:g}")
    n, rows = len(vectors), len(group)
    length = lengths(vectors)
    order = np.argsort(ranks, kind="stable")
    unprotected = order[~protected[order]]
    free = np.zeros(n, np.bool_)
    free[group[unprotected]] = True
    first = np.zeros(rows, np.bool_)
    first[unprotected[np.unique(group[unprotected], return_index=True)[1]]] = True
    nodes = order[(first | protected)[order]]
    crowded = found.cut >= threshold
    keeper, score = np.full(n, -1, np.int64), np.full(n, np.nan)
    at, searched = 0, 0
    while True:
        at = stars_from(
            at, nodes, group, protected, free, crowded, found.starts, found.others, found.scores, threshold, keeper,
            score,
        )  # fmt: skip
        if at == len(nodes):
            break
        best = int(nodes[at])
        mine = int(group[best])
        others = search.near(mine, threshold)
        others = others[(others != mine) & (keeper[others] < 0) & free[others]]
        cosine = pair_cosines(vectors, length, np.full(len(others), mine, np.int32), others)
        close = cosine >= threshold
        keeper[others[close]], score[others[close]] = best, cosine[close]
        searched += 1
        at += 1
    own, to = np.where(protected, np.arange(rows), keeper[group]), np.where(protected, np.nan, score[group])
    to[np.isnan(to)] = 1.0  # another row with the keeper's very vector
    to[own == np.arange(rows)] = np.nan
    return Clusters(own, to, searched)


def same_vectors(vectors: Vectors) -> tuple[Ints, Ints]:
    """int64[groups], the first row with each distinct vector, and int64[rows], which of them a row has."""
    whole = np.ascontiguousarray(vectors)
    keys = whole.view(np.dtype((np.void, whole.shape[1] * whole.itemsize))).reshape(-1)
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return first.astype(np.int64), group.reshape(-1).astype(np.int64)
