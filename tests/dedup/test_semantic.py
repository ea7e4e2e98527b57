"""Clusters from vectors against a slow and obvious oracle: every pair by hand, keepers taken from the best rank on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.dedup.semantic import ClosePairs, Clusters, close_pairs, clusters, measured_recall, same_vectors
from assay.kernels.cosine import lengths, pair_cosines

Array = np.ndarray


class EveryPair:
    """A search that proposes everything: verification alone decides."""

    def __init__(self, n: int) -> None:
        self.n, self.asked = n, 0

    def pairs(self, threshold: float) -> Iterator[tuple[Array, Array]]:
        left, right = np.triu_indices(self.n, 1)
        yield left.astype(np.int32), right.astype(np.int32)

    def near(self, row: int, threshold: float) -> Array:
        self.asked += 1
        return np.arange(self.n, dtype=np.int32)


def cosines(vectors: Array) -> Array:
    n = len(vectors)
    left, right = (side.astype(np.int32) for side in np.indices((n, n)).reshape(2, -1))
    return pair_cosines(vectors, lengths(vectors), left, right).reshape(n, n)


def by_hand(rows: Array, ranks: Array, protected: Array, threshold: float) -> tuple[list[int], list[float | None]]:
    """rows: a vector for each row, equal ones among them."""
    close = cosines(rows)
    keeper = [-1] * len(rows)
    score: list[float | None] = [None] * len(rows)
    for best in sorted(range(len(rows)), key=lambda row: ranks[row]):
        if keeper[best] >= 0:
            continue
        keeper[best] = best
        for other in range(len(rows)):
            same = bool((rows[best] == rows[other]).all())
            if keeper[other] < 0 and not protected[other] and (same or close[best, other] >= threshold):
                keeper[other] = best
                score[other] = 1.0 if same else float(close[best, other])
    return keeper, score


def run(rows: Array, ranks: Array, protected: Array, threshold: float, most: int = 32) -> tuple[Clusters, EveryPair]:
    first, group = same_vectors(rows)
    vectors = rows[first]
    search = EveryPair(len(vectors))
    pairs = close_pairs(search, vectors, 0.5, most)
    return clusters(pairs, search, vectors, group, ranks, protected, threshold), search


def vectors_of(seed: int, n: int, dim: int = 3) -> Array:
    rng = np.random.default_rng(seed)
    found = rng.standard_normal((n, dim))
    found = found[rng.integers(0, n, n)] + rng.choice([0.0, 0.0, 0.3], (n, 1)) * rng.standard_normal((n, dim))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.integers(1, 30), st.sampled_from([0.5, 0.8, 0.95, 1.0]), st.sampled_from([1, 3, 32]))
def test_clusters_are_those_made_by_hand_however_few_neighbours_are_kept(
    seed: int, n: int, threshold: float, most: int
) -> None:
    rows = vectors_of(seed, n)
    rng = np.random.default_rng(seed + 1)
    ranks, protected = rng.permutation(n), rng.random(n) < 0.2
    found, _ = run(rows, ranks, protected, threshold, most)
    keeper, score = by_hand(rows, ranks, protected, threshold)
    assert found.keeper.tolist() == keeper
    assert [None if np.isnan(s) else s for s in found.score] == score


@given(st.integers(0, 2**32), st.permutations(range(20)))
def test_another_order_of_rows_makes_the_same_clusters(seed: int, order: list[int]) -> None:
    rows, ranks, protected = vectors_of(seed, 20), np.arange(20), np.zeros(20, np.bool_)
    plain, _ = run(rows, ranks, protected, 0.9, 2)
    other, _ = run(rows[order], ranks[order], protected, 0.9, 2)
    back = np.argsort(order)
    assert np.array(order)[other.keeper[back]].tolist() == plain.keeper.tolist()
    assert np.array_equal(other.score[back], plain.score, equal_nan=True)


def test_a_chain_is_cut_where_members_are_too_far_from_their_keeper() -> None:
    angles = np.deg2rad(np.arange(0, 90, 10))
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found, _ = run(rows, np.arange(9), np.zeros(9, np.bool_), float(np.cos(np.deg2rad(10.5))))
    assert found.keeper.tolist() == [0, 0, 2, 2, 4, 4, 6, 6, 8]


def test_a_crowd_is_searched_again_and_only_a_crowd() -> None:
    rng = np.random.default_rng(3)
    crowd = np.array([[1.0, 0, 0]]) + 0.01 * rng.standard_normal((50, 3))
    rows = np.concatenate([crowd, np.eye(3)[1:]]).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    none = np.zeros(52, np.bool_)
    found, search = run(rows, np.arange(52), none, 0.95, most=4)
    assert (found.keeper[:50] == 0).all()
    assert (search.asked, found.searched) == (1, 1)
    assert run(rows, np.arange(52), none, 0.95, most=60)[1].asked == 0


def test_pairs_are_counted_by_score_and_read_back_as_they_were_written(tmp_path: Path) -> None:
    rows = vectors_of(5, 40)
    vectors = rows[same_vectors(rows)[0]]
    pairs = close_pairs(EveryPair(len(vectors)), vectors, 0.5, 3)
    upper = cosines(vectors)[np.triu_indices(len(vectors), 1)]
    for threshold in (0.5, 0.8, 0.9, 0.9123, 1.0):
        assert pairs.at_least(threshold) == (upper >= threshold).sum()
    pairs.save(tmp_path / "p.npz")
    again = ClosePairs.load(tmp_path / "p.npz")
    assert again is not None
    assert all(np.array_equal(getattr(again, name), getattr(pairs, name)) for name in ("starts", "others", "scores"))
    (tmp_path / "p.npz").write_bytes((tmp_path / "p.npz").read_bytes()[:-200])
    assert ClosePairs.load(tmp_path / "p.npz") is None
    assert ClosePairs.load(tmp_path / "none.npz") is None


@pytest.mark.parametrize("threshold", [0.4, 1.1, float("nan")])
def test_a_threshold_below_the_floor_is_an_error_that_says_so(threshold: float) -> None:
    with pytest.raises(UserError, match=r"E104: the threshold must be from 0\.5 to 1"):
        run(vectors_of(1, 4), np.arange(4), np.zeros(4, np.bool_), threshold)


def test_the_floor_must_be_a_cosine() -> None:
    with pytest.raises(UserError, match="E104"):
        close_pairs(EveryPair(1), vectors_of(1, 1), 0.0)


class HalfOfThePairs(EveryPair):
    """A search that misses every pair of an even and an odd row."""

    def pairs(self, threshold: float) -> Iterator[tuple[Array, Array]]:
        for left, right in super().pairs(threshold):
            even = (left + right) % 2 == 0
            yield left[even], right[even]


def test_what_a_search_misses_is_measured_on_a_sample() -> None:
    rows = np.eye(3)[np.arange(30) % 3] + 0.01 * np.random.default_rng(0).standard_normal((30, 3))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    exact = EveryPair(30)
    close = cosines(vectors) >= 0.8
    even = (np.add.outer(np.arange(30), np.arange(30)) % 2 == 0) & ~np.eye(30, dtype=bool)
    expected = (close & even).sum() / (close & ~np.eye(30, dtype=bool)).sum()
    found = close_pairs(HalfOfThePairs(30), vectors, 0.8)
    assert measured_recall(found, exact, vectors) == pytest.approx(expected)
    assert measured_recall(close_pairs(exact, vectors, 0.8), exact, vectors) == 1.0
    alone = np.eye(3, dtype=np.float32)
    assert np.isnan(measured_recall(close_pairs(EveryPair(3), alone, 0.8), EveryPair(3), alone))
