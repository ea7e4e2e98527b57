"""Cosines, candidates of a block and lists of the closest, against NumPy and plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.cosine import at_least, keep_closest, lengths, pair_cosines


@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 70), st.integers(0, 8), st.integers(0, 60))
def test_entries_of_a_block_right_of_the_diagonal(seed: int, rows: int, columns: int, top: int, left: int) -> None:
    block = np.random.default_rng(seed).random((rows, columns)).astype(np.float32)
    found = list(zip(*(side.tolist() for side in at_least(block, 0.7, top, left)), strict=True))
    expected = [
        (top + i, left + j)
        for i in range(rows)
        for j in range(columns)
        if left + j > top + i and block[i, j] >= np.float32(0.7)
    ]
    assert found == expected


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_cosines_are_those_of_wide_arithmetic(seed: int, dim: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((6, dim)).astype(np.float32)
    vectors[3] = 0
    left, right = (side.astype(np.int32) for side in np.triu_indices(6, 1))
    wide = vectors.astype(np.float64)
    size = np.linalg.norm(wide, axis=1)
    expected = [
        0.0 if 3 in (i, j) else wide[i] @ wide[j] / (size[i] * size[j]) for i, j in zip(left, right, strict=True)
    ]
    assert np.allclose(pair_cosines(vectors, lengths(vectors), left, right), expected, rtol=1e-12, atol=1e-14)


def test_a_vector_and_itself_have_a_cosine_of_at_most_one() -> None:
    vectors = np.random.default_rng(0).standard_normal((500, 7)).astype(np.float32)
    every = np.arange(500, dtype=np.int32)
    found = pair_cosines(vectors, lengths(vectors), every, every)
    assert found.max() <= 1.0
    assert found.min() > 1.0 - 1e-12


@given(st.permutations(range(28)), st.integers(1, 4), st.lists(st.integers(0, 20), min_size=28, max_size=28))
def test_lists_hold_the_closest_and_say_from_where_on_they_are_whole(
    order: list[int], most: int, levels: list[int]
) -> None:
    n, floor = 8, 0.3
    pairs = list(zip(*(side.tolist() for side in np.triu_indices(n, 1)), strict=True))
    scores = np.array([level / 20 for level in levels])
    ids, best = np.zeros((n, most), np.int32), np.zeros((n, most))
    held, cut, bins = np.zeros(n, np.int32), np.full(n, -1.0), np.zeros(10_001, np.int64)
    left, right = (np.array([pairs[k][side] for k in order], np.int32) for side in (0, 1))
    keep_closest(left, right, scores[order], floor, bins, ids, best, held, cut)
    for row in range(n):
        everyone = sorted(
            (s for pair, s in zip(pairs, scores, strict=True) if row in pair and s >= floor), reverse=True
        )
        assert sorted(best[row, : held[row]], reverse=True) == everyone[:most]
        assert cut[row] == (everyone[most] if len(everyone) > most else -1.0)
        for other, score in zip(ids[row, : held[row]], best[row, : held[row]], strict=True):
            assert scores[pairs.index((min(row, other), max(row, other)))] == score
    for level in range(21):
        assert bins[level * 500] == (scores == level / 20).sum() * (level / 20 >= floor)
    assert bins.sum() == (scores >= floor).sum()
