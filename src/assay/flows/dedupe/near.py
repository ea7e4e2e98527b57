"""Near copies of one dataset: signatures, candidates, verified groups, and the signals that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import one_array
from assay.dedup.keepers import Policy
from assay.dedup.near import (
    NUMBERS_MATTER,
    Groups,
    NearParams,
    Part,
    band_candidates,
    grouped,
    same_signatures,
    settle,
    word_parts,
)
from assay.engine import Engine, Progress, Scattered
from assay.engine.exchange import MEMORY_BYTES
from assay.flows.dedupe.fragments import Fragment, Head, sign_task
from assay.flows.dedupe.rows import Clustered, begin, counted, joined, members, policy_rows, spread
from assay.store import Dataset

SIGNALS = ("near_duplicate_of", "near_similarity", "near_cluster", "near_cluster_size", "near_values_differing")
ROWS_A_PARTITION = 8_000_000  # 20 bytes each while they are sorted
GROUP_BYTES = 128 << 20  # of words and shingles that one task holds
_ROW_BYTES = 16  # of one shingle and its word


@dataclass(frozen=True, slots=True, kw_only=True)
class Near(Clustered):
    """Everything a run found. Arrays of members are aligned; rows are numbered through the version.

    row (sorted), keeper: int64[k]; score: float64[k], NaN for a keeper; values: int64[k] (see near_values_differing);
    ids: record ids.
    left, right: int64[pairs] rows of every candidate; scores: float64[pairs], exact.
    more, more_close: pairs compared within groups beyond the candidates; missed: pairs of long runs not made.
    shingles: int32[all rows]. known: fragments whose signatures were there already.
    """

    score: NDArray[np.float64]
    values: NDArray[np.int64]
    ids: pa.LargeStringArray
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    more: int
    more_close: int
    missed: int
    shingles: NDArray[np.int32]
    bytes: int
    known: int


def near(
    data: Dataset, fragments: Sequence[Fragment], params: NearParams, policy: Policy, engine: Engine,
    progress: Progress | None = None,
) -> Near:  # fmt: skip
    """Find and verify near copies. Same result for any engine, number of workers and layout of fragments."""
    total = sum(fragment.rows for fragment in fragments)
    shares = shares_of(total)
    begin(progress, f"sign {data.name}", total)
    task = partial(sign_task, params=params, shares=shares)
    with engine.scatter(task, fragments, shares * (1 + params.bands), counted(progress)) as signed:
        heads: Sequence[Head] = signed.heads
        lengths = joined([head.lengths for head in heads], np.int64)
        keys = joined([head.keys for head in heads], np.uint64)
        shingles = joined([head.shingles for head in heads], np.int32)
        pairs, missed = _candidates(signed, shares, params.bands, total, keys)
    groups = grouped(pairs, shingles.astype(np.int64) * _ROW_BYTES, GROUP_BYTES)
    table = policy_rows(data, fragments, groups.rows, lengths, policy)
    ranks, protected = policy.ranks(table), policy.protected(table)
    partitions = max(groups.partitions, 1)
    begin(progress, f"verify {data.name}", len(groups.rows))
    words_of = partial(words_task, params=params, partitions=partitions)
    settled = []
    with engine.scatter(words_of, _wanted(fragments, groups), partitions) as words:
        work = partial(settle, params=params, numbers_matter=data.kind in NUMBERS_MATTER)
        for one in words.gather(work, range(groups.partitions), groups, ranks, protected):
            settled.append(one)
            if progress is not None:
                progress.add(rows=len(one.row))
    row = joined([one.row for one in settled], np.int64)
    order = np.argsort(row)  # every row of the groups, once
    return Near(
        row=groups.rows,
        keeper=groups.rows[joined([one.keeper for one in settled], np.int64)[order]],
        score=joined([one.score for one in settled], np.float64)[order],
        values=joined([one.values for one in settled], np.int64)[order],
        ids=one_array(table["record_id"]),
        left=groups.rows[groups.left],
        right=groups.rows[groups.right],
        scores=joined([one.scores for one in settled], np.float64),
        more=sum(one.more for one in settled),
        more_close=sum(one.more_close for one in settled),
        missed=missed,
        shingles=shingles,
        bytes=int(lengths.sum()),
        known=sum(head.known for head in heads),
    )


def shares_of(rows: int) -> int:
    """Into how many partitions each band is dealt."""
    return max(1, -(-rows // ROWS_A_PARTITION))


@dataclass(frozen=True, slots=True)
class NearPlan:
    """partitions of the exchange; bytes that go through it; the memory to expect."""

    partitions: int
    exchanged_bytes: int
    memory_bytes: int


def near_plan(rows: int, stored_bytes: int, params: NearParams, workers: int) -> NearPlan:
    """Before anything is read; constants as measured (docs/decisions/near-duplicates.md).

    Each row gives 24 bytes to every band; a worker that sorts a partition holds some five copies of it; the driver
    keeps 80 bytes a row while it writes signals. A worker holds one part of the groups (GROUP_BYTES) some four and a
    half times over; a single larger group is not foreseen. The rest is the program with its compiled kernels, 550 MB,
    and what the exchange keeps in memory before it spills. stored_bytes: of the compressed files; words are some three
    times as much.
    """
    shares = shares_of(rows)
    exchanged = rows * 24 * (1 + params.bands)
    sorting = 5 * 24 * -(-rows // shares) * workers
    groups = 9 * min(GROUP_BYTES * workers, 3 * stored_bytes) // 2
    fixed = 550_000_000 + min(exchanged, MEMORY_BYTES)
    return NearPlan(shares * (1 + params.bands), exchanged, fixed + 80 * rows + max(sorting, groups))


def _candidates(
    signed: Scattered[Head], shares: int, bands: int, total: int, keys: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], int]:
    """Packed pairs, distinct and sorted, and how many were left out."""
    left_out = np.zeros(total, np.bool_)
    found = []
    for rows, best in signed.gather(same_signatures, range(shares)):
        left_out[rows] = True
        low, high = np.minimum(rows, best).astype(np.uint64), np.maximum(rows, best).astype(np.uint64)
        found.append((low << np.uint64(32)) | high)
    missed = 0
    for pairs, some in signed.gather(band_candidates, range(shares, shares * (1 + bands)), left_out, keys):
        found.append(pairs)
        missed += some
    return np.unique(np.concatenate(found)), missed


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows of one fragment whose words are needed: places in it, their numbers in Groups, their partitions."""

    fragment: Fragment
    places: NDArray[np.int64]
    numbers: NDArray[np.int64]
    partition: NDArray[np.int32]


def _wanted(fragments: Sequence[Fragment], groups: Groups) -> list[Wanted]:
    found = []
    for fragment in fragments:
        start, end = np.searchsorted(groups.rows, [fragment.first_row, fragment.first_row + fragment.rows])
        if end > start:
            places = groups.rows[start:end] - fragment.first_row
            found.append(Wanted(fragment, places, np.arange(start, end), groups.partition[start:end]))
    return found


def words_task(wanted: Wanted, params: NearParams, partitions: int) -> tuple[None, list[Part]]:
    """Run on an engine: the words of some rows of a fragment, dealt to the partitions of their groups."""
    found, first = [], 0
    for text, _ in wanted.fragment.texts():
        start, end = np.searchsorted(wanted.places, [first, first + len(text)])
        if end > start:
            found.append(text.take(pa.array(wanted.places[start:end] - first)))
        first += len(text)
    return None, word_parts(pa.concat_arrays(found), wanted.numbers, wanted.partition, partitions, params)


def near_values(found: Near, fragment: Fragment) -> dict[str, pa.Array]:
    """The signals of one fragment's rows."""
    here = members(found.row, found.keeper, found.ids, fragment)
    clustered = spread(here.size > 1, here.inside, False)
    known = found.shingles[fragment.first_row : fragment.first_row + fragment.rows] > 0
    return {
        "near_duplicate_of": here.keeper_id(here.is_copy),
        "near_similarity": here.column(found.score, here.is_copy, pa.float64()),
        "near_cluster": here.keeper_id(clustered),
        "near_cluster_size": pa.array(spread(here.size, here.inside, 1), mask=~known),
        "near_values_differing": here.column(found.values, here.is_copy, pa.int64()),
    }
