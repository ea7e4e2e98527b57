"""Repeated sequences of 2 to 10 words, as three published code bases count them.

A repeated n-gram's first n - 1 words and its last n - 1 words are repeated too. So only places that were repeated at
one length are looked at for the next, and most texts have few: nine lengths cost little more than the first. Of pairs
of words, a small table of counts that several pairs may share tells those that can be repeated from most that cannot.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.spans import group, next_size

_SEEN_LIMIT = 1 << 22
_BASE, _SPREAD = np.uint64(0xD6E8FEB86659FD93), np.uint64(0x9E3779B97F4A7C15)


class Scratch(NamedTuple):
    """Room to count in: for up to len(groups) keys, whatever stood there before.

    mark: int64[1], the base of the next call of `group`, which grows by the keys of each.
    """

    wanted: NDArray[np.uint64]
    places: NDArray[np.int64]
    groups: NDArray[np.int64]
    counts: NDArray[np.int64]
    firsts: NDArray[np.int64]
    table: NDArray[np.uint64]
    sums: NDArray[np.uint64]
    seen: NDArray[np.uint8]
    mark: NDArray[np.int64]


@kernel
def new_scratch(room: int) -> Scratch:
    size = next_size(2 * room, 8)
    return Scratch(
        np.empty(room, np.uint64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.zeros(2 * size, np.uint64),
        np.empty(room + 1, np.uint64),
        np.empty(min(next_size(8 * room, 64), _SEEN_LIMIT), np.uint8),
        np.ones(1, np.int64),
    )


@kernel
def joined(h: np.uint64, key: np.uint64) -> np.uint64:
    """Hash of a sequence of words with one more word."""
    h = (h ^ (key >> np.uint64(1))) * np.uint64(0x9E3779B97F4A7C15)
    return h ^ (h >> np.uint64(32))


@kernel
def _pairs(
    keys: NDArray[np.uint64], n: int, wanted: NDArray[np.uint64], places: NDArray[np.int64], seen: NDArray[np.uint8]
) -> int:
    """Pairs of words that may be repeated: their hashes into wanted, their places into places; returns how many."""
    size = min(next_size(8 * n, 64), len(seen))
    seen[:size] = 0
    mask = np.uint64(size - 1)
    for i in range(n - 1):
        h = joined(keys[i], keys[i + 1])
        wanted[i] = h
        at = h & mask
        seen[at] = (seen[at] << 1) | 1  # 0, then 1, then more
    m = 0
    for i in range(n - 1):
        h = wanted[i]
        wanted[m], places[m] = h, i
        m += seen[h & mask] > 1
    return m


@kernel
def _jumped(
    before: NDArray[np.int64], n: int, m: int, sums: NDArray[np.uint64], out: NDArray[np.float64], scratch: Scratch
) -> None:
    """Fill out[0:6] with the characters of later copies of 5 to 10 words, found from left to right and jumped over.

    Only the m places in scratch.places can begin one. Most of the others, inside a copy, are not even looked at.
    """
    places, table, mark = scratch.places, scratch.table, scratch.mark
    mask, one, two = np.uint64(next_size(2 * m, 8) - 1), np.uint64(1), np.uint64(2)
    power = _BASE * _BASE * _BASE * _BASE
    for size in range(5, 11):
        power *= _BASE
        chars, reach = 0, 0
        base = np.uint64(mark[0])
        mark[0] += 1
        for j in range(m):
            i = places[j]
            if i < reach:
                continue
            if i + size > n:
                break
            key = sums[i + size] - sums[i] * power
            at = (key * _SPREAD) >> np.uint64(24) & mask
            while table[at * two + one] >= base and table[at * two] != key:
                at = (at + one) & mask
            if table[at * two + one] >= base:
                chars += before[i + size] - before[i]
                reach = i + size
            else:
                table[at * two], table[at * two + one] = key, base
        out[size - 5] = chars


@kernel
def repeated_words(
    keys: NDArray[np.uint64],
    before: NDArray[np.int64],
    n: int,
    variant: int,
    whole: int,
    out: NDArray[np.float64],
    scratch: Scratch,
) -> None:
    """Fill out[0:9], for sequences of 2 to 10 words, as far as there are that many words.

    before: int64[n + 1], characters of all words before each. whole: characters to divide by.
    """
    if n < 2:
        return
    wanted, places, seen, groups = scratch.wanted, scratch.places, scratch.seen, scratch.groups
    counts, firsts, table, mark = scratch.counts, scratch.firsts, scratch.table, scratch.mark
    m = _pairs(keys, n, wanted, places, seen)
    for size in range(2, min(n, 4 if variant == 0 else 10) + 1):
        total = group(wanted, m, mark[0], table, groups, counts, firsts)
        mark[0] += m
        if size <= 4:
            most, chars = 1, before[size] - before[0]  # nothing repeats: the first counts, once
            for g in range(total):
                if counts[g] < most:
                    continue
                i = places[firsts[g]]
                length = before[i + size] - before[i]
                if counts[g] > most or (variant == 2 and length > chars):
                    most, chars = counts[g], length
            if variant == 0:
                chars += size - 1  # the spaces that join them
            out[size - 2] = 0.0 if variant == 2 and most == 1 else most * chars / whole
        elif variant == 1:
            mass, every = 0, 0
            for j in range(m):
                if counts[groups[j]] > 1:
                    mass += before[places[j] + size] - before[places[j]]
            if mass:
                for i in range(n - size + 1):
                    every += before[i + size] - before[i]
            out[size - 2] = mass / max(every, 1)
        else:
            chars, reach = 0, 0  # the first word not covered yet
            for j in range(m):
                if counts[groups[j]] > 1:
                    i = places[j]
                    chars += before[i + size] - before[max(i, reach)]
                    reach = i + size
            out[size - 2] = chars / whole
        # The next length begins where both this place and the one after it were repeated.
        kept, last, last_hash = 0, -2, np.uint64(0)
        for j in range(m):
            if counts[groups[j]] > 1:
                i, h = places[j], wanted[j]
                if i == last + 1:
                    wanted[kept], places[kept] = joined(last_hash, keys[last + size]), last
                    kept += 1
                last, last_hash = i, h
        m = kept
    if variant != 0 or n < 5:
        return
    if m:
        sums = scratch.sums
        sums[0] = np.uint64(0)
        for i in range(n):
            sums[i + 1] = sums[i] * _BASE + keys[i]
    found = np.zeros(6)
    _jumped(before, n, m, scratch.sums, found, scratch)
    for size in range(5, min(n, 10) + 1):
        out[size - 2] = found[size - 5] / whole
