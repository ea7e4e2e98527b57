"""Similarity and clusters: exact, nobody too far from a keeper, the best kept, no order of rows or pairs matters."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.kernels.star_clusters import jaccard, neighbours, pair_jaccards, stars
from tests.dedup import near_oracle as oracle

hash_sets = st.sets(st.integers(0, 12) | st.integers(0, 2**64 - 1), max_size=25)
# Sets that overlap much: of few elements, so that chains arise.
close_sets = st.lists(st.sets(st.integers(0, 7), min_size=4), min_size=1, max_size=14)


def flat(sets: list[set[int]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *map(len, sets)]).astype(np.int64)
    return np.array([value for one in sets for value in sorted(one)], np.uint64), starts


@settings(max_examples=300)
@given(a=hash_sets, b=hash_sets)
def test_similarity_is_that_of_python_sets(a: set[int], b: set[int]) -> None:
    values, starts = flat([a, b])
    assert jaccard(values, *starts[:2], *starts[1:]) == oracle.jaccard(a, b)
    pairs = pair_jaccards(values, starts, np.array([0, 1, 0]), np.array([1, 0, 0]))
    assert pairs.tolist() == [oracle.jaccard(a, b), oracle.jaccard(a, b), 1.0 if a else 0.0]


@given(n=st.integers(1, 9), data=st.data())
def test_neighbours_are_listed_both_ways_with_their_edges(n: int, data: st.DataObject) -> None:
    one = st.integers(0, n - 1)
    edges = data.draw(st.lists(st.tuples(one, one).filter(lambda e: e[0] != e[1]), max_size=20))
    left, right = (np.array([edge[side] for edge in edges], np.int64) for side in (0, 1))
    starts, others, numbers = neighbours(n, left, right)
    for i in range(n):
        mine = slice(int(starts[i]), int(starts[i + 1]))
        told = sorted(zip(others[mine].tolist(), numbers[mine].tolist(), strict=True))
        assert told == sorted((b if a == i else a, k) for k, (a, b) in enumerate(edges) if i in (a, b))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[set[int]], list[int], list[bool], dict[tuple[int, int], float], float]:
    """Sets, an order, protected ones, a threshold, and some of the pairs that reach it: an index may miss others."""
    sets = draw(close_sets)
    n = len(sets)
    threshold = draw(st.sampled_from([0.3, 0.5, 0.75, 1.0]))
    edges = {}
    for i in range(n):
        for j in range(i + 1, n):
            score = oracle.jaccard(sets[i], sets[j])
            if score >= threshold and draw(st.integers(0, 3)):
                edges[i, j] = score
    order = draw(st.permutations(range(n)))
    return sets, order, draw(st.lists(st.booleans(), min_size=n, max_size=n)), edges, threshold


def clustered(
    sets: list[set[int]], order: list[int], protected: list[bool], edges: dict[tuple[int, int], float], threshold: float
) -> tuple[list[int], list[float], int, int]:
    left, right = (np.array([pair[side] for pair in edges], np.int64) for side in (0, 1))
    starts, others, numbers = neighbours(len(sets), left, right)
    keeper, score, more, close = stars(
        np.array(order), np.array(protected), starts, others, numbers, np.array(list(edges.values()), np.float64),
        threshold, *flat(sets),
    )  # fmt: skip
    return keeper.tolist(), score.tolist(), more, close


@settings(max_examples=500)
@given(case=cases())
def test_clusters_are_those_of_a_slow_reading(case: tuple[list[set[int]], list[int], list[bool], dict, float]) -> None:
    sets, order, protected, edges, threshold = case
    keeper, score, more, close = clustered(*case)
    assert keeper == oracle.stars(order, protected, edges, threshold, sets)
    assert close <= more
    rank = {one: place for place, one in enumerate(order)}
    for one, kept in enumerate(keeper):
        if kept == one:
            assert np.isnan(score[one])
            continue
        assert not protected[one], "a protected row is its own keeper"
        assert score[one] == oracle.jaccard(sets[one], sets[kept]) >= threshold
        assert keeper[kept] == kept, "a keeper is nobody's copy"
        assert rank[kept] < rank[one], "the best of a cluster is kept"


@settings(max_examples=200)
@given(case=cases(), data=st.data())
def test_the_order_of_rows_and_pairs_changes_nothing(
    case: tuple[list[set[int]], list[int], list[bool], dict, float], data: st.DataObject
) -> None:
    sets, order, protected, edges, threshold = case
    keeper, _, _, _ = clustered(*case)
    new = data.draw(st.permutations(range(len(sets))))  # row i becomes row new[i]
    moved = [sets[new.index(i)] for i in range(len(sets))]
    own = [protected[new.index(i)] for i in range(len(sets))]
    pairs = data.draw(st.permutations([((new[a], new[b]), score) for (a, b), score in edges.items()]))
    turned = {((b, a) if data.draw(st.booleans()) else (a, b)): score for (a, b), score in pairs}
    again, _, _, _ = clustered(moved, [new[i] for i in order], own, turned, threshold)
    assert again == [new[keeper[new.index(i)]] for i in range(len(sets))]


def test_a_chain_is_cut_where_its_members_are_too_far_from_their_keeper() -> None:
    sets = [set(range(i, i + 10)) for i in range(8)]  # neighbours at 9/11, next but one at 8/12
    edges = {(i, i + 1): 9 / 11 for i in range(7)}
    keeper, score, _, _ = clustered(sets, list(range(8)), [False] * 8, edges, 0.8)
    assert keeper == [0, 0, 2, 2, 4, 4, 6, 6]
    assert min(s for s in score if s == s) >= 0.8


def test_a_pair_that_no_band_proposed_is_found_through_a_common_neighbour() -> None:
    sets = [set(range(20)), set(range(1, 21)), set(range(2, 20))]
    edges = {(0, 1): 19 / 21, (1, 2): 18 / 20}
    keeper, score, more, close = clustered(sets, [0, 1, 2], [False] * 3, edges, 0.8)
    assert keeper == [0, 0, 0]
    assert score[2] == 18 / 20
    assert (more, close) == (1, 1)


def test_a_protected_row_keeps_itself_and_still_takes_copies() -> None:
    sets = [set(range(10))] * 3
    edges = {(0, 1): 1.0, (1, 2): 1.0, (0, 2): 1.0}
    assert clustered(sets, [0, 1, 2], [False, True, False], edges, 0.8)[0] == [0, 1, 0]
    assert clustered(sets, [1, 0, 2], [False, True, False], edges, 0.8)[0] == [1, 1, 1]
