"""Near copies of one dataset: signatures, candidates, verified groups, and the signals that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.dedup.keepers import LENGTH, Policy
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
from assay.flows.dedupe.fragments import Fragment, Head, sign_task
from assay.records.schema import TEXT
from assay.store import Dataset

SIGNALS = ("near_duplicate_of", "near_similarity", "near_cluster", "near_cluster_size", "near_values_differing")
ROWS_A_PARTITION = 8_000_000  # 20 bytes each while they are sorted
GROUP_BYTES = 128 << 20  # of words and shingles that one task holds
_ROW_BYTES = 16  # of one shingle and its word
BINS = 50  # of the similarity histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Everything a run found. Arrays of members are aligned; rows are numbered through the version.

    row, keeper: int64[k]; score: float64[k], NaN for a keeper; values: int64[k] (see near_values_differing).
    left, right: int64[pairs] rows of every candidate; scores: float64[pairs], exact.
    more, more_close: pairs compared within groups beyond the candidates; missed: pairs of long runs not made.
    shingles: int32[all rows]. known: fragments whose signatures were there already.
    """

    row: NDArray[np.int64]
    keeper: NDArray[np.int64]
    score: NDArray[np.float64]
    values: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    more: int
    more_close: int
    missed: int
    shingles: NDArray[np.int32]
    bytes: int
    known: int

    @property
    def duplicates(self) -> int:
        return int((self.row != self.keeper).sum())

    @property
    def clusters(self) -> int:
        return len(np.unique(self.keeper[self.row != self.keeper]))


def near(
    data: Dataset, fragments: Sequence[Fragment], params: NearParams, policy: Policy, engine: Engine,
    progress: Progress | None = None,
) -> Near:  # fmt: skip
    """Find and verify near copies. Same result for any engine, number of workers and layout of fragments."""
    total = sum(fragment.rows for fragment in fragments)
    shares = shares_of(total)
    if progress is not None:
        progress.start(f"sign {data.name}", None)
    with engine.scatter(
        partial(sign_task, params=params, shares=shares), fragments, shares * (1 + params.bands)
    ) as signed:
        heads: Sequence[Head] = signed.heads
        lengths, keys = (_joined([getattr(head, name) for head in heads]) for name in ("lengths", "keys"))
        shingles = _joined([head.shingles for head in heads]).astype(np.int32)
        if progress is not None:
            progress.add(rows=total, bytes=int(lengths.sum()))
        pairs, missed = _candidates(signed, shares, params.bands, total, keys.astype(np.uint64))
    groups = grouped(pairs, shingles.astype(np.int64) * _ROW_BYTES, GROUP_BYTES)
    ranks, protected = _ranked(data, fragments, groups.rows, lengths, policy)
    if progress is not None:
        progress.start(f"verify {data.name}", None)
    with engine.scatter(
        partial(words_task, params=params, partitions=max(groups.partitions, 1)),
        _wanted(fragments, groups),
        max(groups.partitions, 1),
    ) as words:
        work = partial(settle, params=params, numbers_matter=data.kind in NUMBERS_MATTER)
        settled = list(words.gather(work, range(groups.partitions), groups, ranks, protected))
    if progress is not None:
        progress.add(rows=len(groups.rows))
    here = groups.rows
    found = {name: _joined([getattr(one, name) for one in settled]) for name in ("row", "keeper", "values")}
    order = np.argsort(found["row"])
    score, scores = (_joined([getattr(one, name) for one in settled], np.float64) for name in ("score", "scores"))
    return Near(
        row=here[found["row"][order]],
        keeper=here[found["keeper"][order]],
        score=score[order],
        values=found["values"][order],
        left=here[groups.left],
        right=here[groups.right],
        scores=scores,
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


def near_plan(rows: int, text_bytes: int, params: NearParams, workers: int) -> dict[str, int]:
    """Before anything is read: partitions, bytes exchanged, and the memory to expect (all upper bounds but the text's).

    Each row gives 20 bytes to every band; a worker sorts one partition, which takes three copies of it; the driver
    keeps 20 bytes a row.
    """
    shares = shares_of(rows)
    exchanged = rows * (20 * params.bands + 24)
    sorting = 3 * 24 * -(-rows // shares) * workers
    return {
        "rows": rows,
        "text_bytes": text_bytes,
        "partitions": shares * (1 + params.bands),
        "exchanged_bytes": exchanged,
        "memory_bytes": 20 * rows + max(sorting, 2 * GROUP_BYTES * workers),
    }


def _joined(parts: Sequence[NDArray[np.generic]], dtype: type[np.generic] = np.int64) -> NDArray[np.generic]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


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


def _ranked(
    data: Dataset, fragments: Sequence[Fragment], rows: NDArray[np.int64], lengths: NDArray[np.int64], policy: Policy
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    table = policy_rows(data, fragments, rows, lengths, policy)
    return policy.ranks(table), policy.protected(table)


def policy_rows(
    data: Dataset, fragments: Sequence[Fragment], rows: NDArray[np.int64], lengths: NDArray[np.int64], policy: Policy
) -> pa.Table:
    """What the policy reads of some rows (sorted numbers), with the length of what was compared."""
    version = fragments[0].version if fragments else data.head
    available = [*data.schema(version).names, *data.signals(version), LENGTH]
    columns = [name for name in policy.columns(available) if name != LENGTH]
    parts, first = [], 0
    for batch in data.scan(version, columns=columns):
        start, end = np.searchsorted(rows, [first, first + batch.num_rows])
        if end > start:
            parts.append(batch.take(pa.array(rows[start:end] - first)))
        first += batch.num_rows
    table = pa.Table.from_batches(parts) if parts else data_schema(data, version, columns).empty_table()
    return table.append_column(LENGTH, pa.array(lengths[rows], pa.int64()))


def data_schema(data: Dataset, version: int, columns: Sequence[str]) -> pa.Schema:
    """Fields and signals by name, as a scan gives them."""
    signals = data.signals(version)
    fields = data.schema(version)
    return pa.schema([fields.field(n) if n in fields.names else pa.field(n, signals[n].type) for n in columns])


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


def near_values(found: Near, ids: pa.LargeStringArray, fragment: Fragment) -> dict[str, pa.Array]:
    """The signals of one fragment's rows. ids: record ids of found.row, aligned."""
    n, first = fragment.rows, fragment.first_row
    start, end = np.searchsorted(found.row, [first, first + n])
    at = np.full(n, -1, np.int64)
    at[found.row[start:end] - first] = np.arange(start, end)
    place = np.searchsorted(found.row, found.keeper)
    size = np.bincount(place, minlength=len(found.row))[place]
    inside = at >= 0
    copy = inside.copy()
    copy[inside] = found.row[at[inside]] != found.keeper[at[inside]]
    clustered = inside.copy()
    clustered[inside] = size[at[inside]] > 1
    known = found.shingles[first : first + n] > 0

    def column(values: NDArray[np.generic], mask: NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
        out = np.zeros(n, values.dtype)
        out[mask] = values[at[mask]]
        return pa.array(out, kind, mask=~mask)

    def id_of(mask: NDArray[np.bool_]) -> pa.Array:
        index = np.zeros(n, np.int64)
        index[mask] = place[at[mask]]
        return ids.take(pa.array(index, mask=~mask)) if len(ids) else pa.nulls(n, TEXT)

    sizes = np.ones(n, np.int64)
    sizes[inside] = size[at[inside]]
    return {
        "near_duplicate_of": id_of(copy),
        "near_similarity": column(found.score, copy, pa.float64()),
        "near_cluster": id_of(clustered),
        "near_cluster_size": pa.array(sizes, mask=~known),
        "near_values_differing": column(found.values, copy, pa.int64()),
    }
