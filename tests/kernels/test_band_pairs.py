"""Pairs of runs and components of pairs against loops over sets."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.kernels.band_pairs import components, run_pairs
from tests.dedup import near_oracle as oracle


@settings(max_examples=200)
@given(sizes=st.lists(st.integers(1, 9), max_size=8), window=st.integers(1, 10), seed=st.integers(0, 99))
def test_each_row_is_paired_with_those_that_follow_it(sizes: list[int], window: int, seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(1000)[: sum(sizes)]
    starts = [0, *accumulate(sizes)]
    pairs, left_out = run_pairs(np.array(starts, np.int64), rows, window)
    expected, missing = [], 0
    for a, b in pairwise(starts):
        for i in range(a, b):
            for j in range(i + 1, b):
                if j - i <= window:
                    expected.append(tuple(sorted((int(rows[i]), int(rows[j])))))
                else:
                    missing += 1
    told = [(int(pair) >> 32, int(pair) & 0xFFFFFFFF) for pair in pairs]
    assert told == expected
    assert left_out == missing


def test_rows_beyond_two_billion_are_packed_whole() -> None:
    rows = np.array([2**32 - 1, 2**31 + 5], np.int64)
    pairs, _ = run_pairs(np.array([0, 2], np.int64), rows, 4)
    assert [(int(p) >> 32, int(p) & 0xFFFFFFFF) for p in pairs] == [(2**31 + 5, 2**32 - 1)]


def test_no_rows_make_no_pairs() -> None:
    pairs, left_out = run_pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), 4)
    assert (len(pairs), left_out) == (0, 0)


@settings(max_examples=300)
@given(n=st.integers(1, 25), data=st.data())
def test_components_are_those_of_a_walk_through_the_graph(n: int, data: st.DataObject) -> None:
    one = st.integers(0, n - 1)
    edges = data.draw(st.lists(st.tuples(one, one), max_size=30))
    left, right = (np.array([edge[side] for edge in edges], np.int64) for side in (0, 1))
    found = components(n, left, right).tolist()
    assert found == oracle.components(n, edges)
    order = data.draw(st.permutations(range(len(edges))))
    assert components(n, left[order], right[order]).tolist() == found


def test_a_chain_of_a_million_is_one_component() -> None:
    n = 1_000_000
    order = np.random.default_rng(0).permutation(n - 1)
    assert not components(n, order, order + 1).any()
