"""Exact repeats of at least N words across records: the work on one fragment, and on one partition of the hashes.

Three looks at the texts, of which the second and third are only at records that may hold a repeat: fingerprints of all
stretches of N words; hashes of the stretches whose fingerprint stands in two records; spans of the stretches that
stand in two records. Between looks, pairs of hash and record are dealt to partitions by hash. A repeat is never
missed. One that is none needs two of m compared stretches with equal 64-bit hashes: odds below m**2 / 2**65, or 1 in
10,000 for the 59 million that are compared in a gigabyte of pages of which a third is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.core.errors import UserError
from assay.kernels.fold_table import fold_table
from assay.kernels.winnowing import (
    count_holders,
    dealt,
    holders_of_repeated,
    rows_fingerprints,
    rows_spans,
    rows_stretches,
)

MIN_TOKENS = 50  # Lee et al. 2022, Deduplicating Training Data Makes Language Models Better
LEAST_TOKENS = 2

Part: TypeAlias = dict[str, NDArray[Any]]  # hash: uint64[m], rank: uint32[m]
Ranks = NDArray[np.uint32]
Longs = NDArray[np.int64]
Array = TypeVar("Array", bound="NDArray[Any]")
_INDEX_BITS = 24  # at most: 128 MB


@dataclass(frozen=True, slots=True)
class Stretches:
    """How long a repeat must be, and the run of words that fingerprints are made of."""

    tokens: int = MIN_TOKENS

    def __post_init__(self) -> None:
        if self.tokens < LEAST_TOKENS:
            what = f"a repeat of {self.tokens} tokens is none"
            raise UserError("E104", what, at="min_tokens", fix=f"use {LEAST_TOKENS} or more; {MIN_TOKENS} is usual")

    @property
    def run(self) -> int:
        return self.tokens // 2


@dataclass(frozen=True, slots=True)
class Keys:
    """Sorted hashes that are looked up: index[b] is the first whose bits above `shift` are b. Read-only arrays."""

    hashes: NDArray[np.uint64]
    index: Longs
    shift: int

    @classmethod
    def of(cls, hashes: NDArray[np.uint64]) -> Keys:
        bits = min(max(len(hashes).bit_length() - 3, 1), _INDEX_BITS)  # 4 to 8 to an entry: a line of the cache
        shift = 64 - bits
        index = np.zeros((1 << bits) + 1, np.int64)
        step = 1 << 22
        for at in range(0, len(hashes), step):  # a table may be larger than memory should be
            tops = (hashes[at : at + step] >> np.uint64(shift)).astype(np.int64)
            index[1:] += np.bincount(tops, minlength=1 << bits)
        np.cumsum(index, out=index)
        return cls(_locked(hashes), _locked(index), shift)

    @staticmethod
    def shift_of(entries: int) -> int:
        """The shift of an index with so many entries."""
        return 65 - (entries - 1).bit_length()


@dataclass(frozen=True, slots=True)
class Repeats:
    """Stretches that stand in two records or more: their hashes, and of each uint64: records * 2**32 + first rank."""

    keys: Keys
    holders: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Found:
    """What is repeated in some rows.

    spans: int64[m, 6] with columns ROW, START, END (bytes), HOLDERS, WORDS, HASH of kernels.winnowing, in order.
    covered: int64[rows, 3]; words in repeated stretches, words in those whose first holder is another record, bytes.
    cuts: int64[c, 4] with ROW, START, END, KIND (ANY or ELSEWHERE): what to cut, apart by a word at least.
    """

    spans: Longs
    covered: Longs
    cuts: Longs


def fingerprints(
    texts: pa.LargeStringArray, ranks: Ranks, stretches: Stretches
) -> tuple[NDArray[np.int32], NDArray[np.uint64], Ranks]:
    """int32[rows] words of each text, and (fingerprint, rank) pairs. ranks: uint32[rows], different for each record."""
    offsets, data = utf8_views(texts)
    room = _bytes_of(offsets)
    counts = np.zeros(len(texts), np.int32)
    hashes, holders = np.empty(room, np.uint64), np.empty(room, np.uint32)
    n = rows_fingerprints(
        offsets, data, fold_table(), _locked(ranks), stretches.tokens, stretches.run, counts, hashes, holders
    )
    return counts, hashes[:n].copy(), holders[:n].copy()


def candidates(
    texts: pa.LargeStringArray, ranks: Ranks, chosen: NDArray[np.bool_], stretches: Stretches, known: Keys
) -> tuple[NDArray[np.uint64], Ranks]:
    """(stretch, rank) pairs of the chosen rows, where the stretch's fingerprint is known to be repeated."""
    offsets, data = utf8_views(texts)
    room = _bytes_of(offsets)
    hashes, holders = np.empty(room, np.uint64), np.empty(room, np.uint32)
    n = rows_stretches(
        offsets, data, fold_table(), _locked(ranks), _locked(chosen), stretches.tokens, stretches.run,
        known.hashes, known.index, known.shift, hashes, holders,
    )  # fmt: skip
    return hashes[:n].copy(), holders[:n].copy()


def parts(hashes: Sequence[NDArray[np.uint64]], holders: Sequence[Ranks], partitions: int) -> list[Part]:
    """Pairs of one fragment dealt by the top bits of the hash. partitions: a power of two."""
    bits = partitions.bit_length() - 1
    if partitions != 1 << bits:
        raise ValueError(f"{partitions} partitions: not a power of two")
    of_hash = np.concatenate([np.zeros(0, np.uint64), *hashes])
    of_holder = np.concatenate([np.zeros(0, np.uint32), *holders])
    if bits == 0:
        return [{"hash": of_hash, "rank": of_holder}]
    starts, by_hash, by_holder = dealt(of_hash, of_holder, len(of_hash), bits)
    return [{"hash": by_hash[a:b], "rank": by_holder[a:b]} for a, b in pairwise(starts.tolist())]


def repeated(partition: int, given: Sequence[Part]) -> tuple[NDArray[np.uint64], NDArray[np.uint64], Ranks]:
    """Of one partition: hashes that two records hold or more, in order; as of Repeats, their holders; all their ranks.

    All pairs of one record are in the same part, one after the other. The same for any order of records and parts.
    """
    pairs = [(_locked(part["hash"]), _locked(part["rank"])) for part in given if len(part["hash"])]
    size = 1 << max(2 * sum(len(hashes) for hashes, _ in pairs), 1).bit_length()
    keys, counts = np.empty(size, np.uint64), np.zeros(size, np.uint32)
    last, first = np.empty(size, np.uint32), np.empty(size, np.uint32)
    for hashes, holders in pairs:
        count_holders(hashes, holders, keys, counts, last, first)
    many = np.flatnonzero(counts > 1)
    many = many[np.argsort(keys[many])]
    holding = [np.zeros(0, np.uint32)]
    for hashes, holders in pairs if len(many) else ():
        out = np.empty(len(hashes), np.uint32)
        holding.append(out[: holders_of_repeated(hashes, holders, keys, counts, out)].copy())
    return keys[many], counts[many].astype(np.uint64) << np.uint64(32) | first[many], np.unique(np.concatenate(holding))


def spans(
    texts: pa.LargeStringArray, ranks: Ranks, chosen: NDArray[np.bool_], stretches: Stretches, known: Keys, of: Repeats
) -> Found:
    """The repeated spans of the chosen rows. `known`: the repeated fingerprints."""
    offsets, data = utf8_views(texts)
    covered = np.zeros((len(texts), 3), np.int64)
    found, cuts = rows_spans(
        offsets, data, fold_table(), _locked(ranks), _locked(chosen), stretches.tokens, stretches.run,
        known.hashes, known.index, known.shift,
        of.keys.hashes, of.keys.index, of.keys.shift, of.holders, covered,
    )  # fmt: skip
    return Found(found, covered, cuts)


def _bytes_of(offsets: Longs) -> int:
    return int(offsets[-1] - offsets[0]) if len(offsets) else 0


def _locked(array: Array) -> Array:
    """Read-only, as what comes through an engine is: to Numba the two are different types, each compiled for itself."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array
