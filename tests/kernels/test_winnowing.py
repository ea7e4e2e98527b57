"""Kernels of winnowing, each against a line of Python."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.winnowing import count_holders, dealt, find_all, holders_of_repeated, winnow

few_hashes = st.lists(st.integers(0, 5) | st.integers(0, 2**64 - 1), max_size=40)
pairs = st.lists(st.tuples(st.integers(0, 6) | st.integers(0, 2**64 - 1), st.integers(0, 4)), max_size=60)


@given(runs=few_hashes, width=st.integers(1, 9))
def test_each_window_has_its_lowest(runs: list[int], width: int) -> None:
    hashes = np.array(runs, np.uint64)
    lowest, since = np.zeros(len(runs) + 1, np.uint64), np.zeros(len(runs) + 1, np.int32)
    many = winnow(hashes, len(hashes), width, lowest, since)
    windows = len(runs) - width + 1
    if windows < 1:
        assert many == 0
        return
    ends = [*since[1:many].tolist(), windows]
    told = [int(lowest[j]) for j in range(many) for _ in range(since[j], ends[j])]
    assert told == [min(runs[i : i + width]) for i in range(windows)]
    assert all(lowest[j] != lowest[j + 1] for j in range(many - 1))


@given(pairs, st.integers(0, 4))
def test_pairs_are_dealt_by_the_top_bits_and_stay_in_order(given_pairs: list[tuple[int, int]], bits: int) -> None:
    hashes, ranks = (np.array([p[i] for p in given_pairs], t) for i, t in enumerate((np.uint64, np.uint32)))
    if bits == 0:
        return
    starts, by_hash, by_rank = dealt(hashes, ranks, len(hashes), bits)
    for share in range(1 << bits):
        mine = list(zip(by_hash.tolist(), by_rank.tolist(), strict=True))[starts[share] : starts[share + 1]]
        assert mine == [pair for pair in given_pairs if pair[0] >> (64 - bits) == share]


@given(pairs)
def test_holders_are_counted_once_each(given_pairs: list[tuple[int, int]]) -> None:
    given_pairs.sort(key=lambda pair: pair[1])  # all of a holder come one after the other
    holders = defaultdict(set)
    for value, rank in given_pairs:
        holders[value].add(rank)
    hashes, ranks = (np.array([p[i] for p in given_pairs], t) for i, t in enumerate((np.uint64, np.uint32)))
    size = 1 << max(2 * len(given_pairs), 1).bit_length()
    keys, counts = np.zeros(size, np.uint64), np.zeros(size, np.uint32)
    last, first = np.zeros(size, np.uint32), np.zeros(size, np.uint32)
    count_holders(hashes, ranks, keys, counts, last, first)
    there = np.flatnonzero(counts)
    told = {int(keys[i]): (int(counts[i]), int(first[i])) for i in there}
    assert told == {value: (len(mine), min(mine)) for value, mine in holders.items()}
    out = np.zeros(len(hashes), np.uint32)
    found = out[: holders_of_repeated(hashes, ranks, keys, counts, out)].tolist()
    assert found == sorted({rank for value, rank in given_pairs if len(holders[value]) > 1})


@given(st.dictionaries(st.integers(0, 2**64 - 1), st.integers(1, 99), max_size=50), few_hashes)
def test_values_are_found_by_key(held: dict[int, int], wanted: list[int]) -> None:
    wanted += list(held)[::2]
    keys = np.array(sorted(held), np.uint64)
    values = np.array([held[key] for key in sorted(held)], np.uint64)
    index = np.searchsorted(keys, [0, 1 << 62, 1 << 63, 3 << 62, (1 << 64) - 1]).astype(np.int64)
    index[-1] = len(keys)
    found = np.zeros(2 * len(wanted), np.uint64)
    find_all(keys, values, index, 62, np.array(wanted, np.uint64), len(wanted), found)
    assert found[: len(wanted)].tolist() == [held.get(key, 0) for key in wanted]
