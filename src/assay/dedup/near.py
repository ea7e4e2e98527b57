"""Near copies: signatures per fragment, candidates per band, exact verification and clusters per group.

Pure functions over arrays: what runs where, and where texts come from, is the flow's business. Rows are numbered
through all fragments; the numbers only name rows. Every choice between rows is made by what they say, so that no
layout of fragments changes a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.core.errors import UserError
from assay.kernels.band_pairs import components, maybe_repeated, run_pairs
from assay.kernels.fold_table import fold_table
from assay.kernels.minhash import all_shingles, permutations, rows_as_words, sign_rows, sorted_sets
from assay.kernels.shingles import AUTO, CODE, PROSE
from assay.kernels.star_clusters import neighbours, pair_jaccards, stars
from assay.kernels.template_copies import equal_sets, rejoin
from assay.kernels.template_values import values_differing

Ints = NDArray[np.int64]
Part = dict[str, NDArray[Any]]

SHINGLES = {"auto": AUTO, "words": PROSE, "code": CODE}
# Rows with equal bands are all paired up to this many; in longer runs each with so many that follow it, ordered by
# their next band: copies of one another share several bands and stand together in one of them.
WINDOW = 64
LEAST_GROUP = 5  # two edited copies of fewer records may well meet in one place
SOMEWHAT_ALIKE = 0.5  # from here on records help to show it: 14 x 8 proposes 5 % of such pairs
# Kinds in which a number is part of what is asked or done; in documents it is as often a date or a counter.
NUMBERS_MATTER = ("classification", "qa", "reasoning", "agentic", "simulation", "domain_log", "preference")
_LONGEST = 1 << 31  # bytes of one compared text


@dataclass(frozen=True, slots=True, kw_only=True)
class NearParams:
    """FineWeb's parameters by default, all of them visible.

    size: words in a shingle. bands, rows: of the signature. threshold: exact Jaccard that makes two rows copies.
    shingles: auto, words, or code (marks count as words; auto tells code by its marks).
    """

    size: int = 5
    bands: int = 14
    rows: int = 8
    seed: int = 1
    threshold: float = 0.8
    shingles: str = "auto"

    def __post_init__(self) -> None:
        for name, low, high in (("size", 1, 64), ("bands", 1, 512), ("rows", 1, 64)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise UserError("E104", f"{name} must be from {low} to {high}, got {value}", at=name)
        if not 0.0 < self.threshold <= 1.0:
            raise UserError("E104", f"threshold must be above 0 and at most 1, got {self.threshold}", at="threshold")
        if self.shingles not in SHINGLES:
            fix = f"one of {', '.join(SHINGLES)}"
            raise UserError("E104", f"shingles cannot be {self.shingles!r}", at="shingles", fix=fix)

    @property
    def of_signatures(self) -> dict[str, Any]:
        """What a stored signature depends on, beside the text."""
        return {
            "size": self.size, "bands": self.bands, "rows": self.rows, "seed": self.seed, "shingles": self.shingles,
        }  # fmt: skip

    @property
    def settings(self) -> dict[str, Any]:
        return {
            **self.of_signatures,
            "threshold": self.threshold,
            "window": WINDOW,
            "least_group": LEAST_GROUP,
            "alike": SOMEWHAT_ALIKE,
        }

    def detection(self, similarity: NDArray[np.float64] | float) -> Any:
        """Chance that two rows of this similarity share a band: 1 - (1 - s**rows)**bands."""
        return 1.0 - (1.0 - np.asarray(similarity) ** self.rows) ** self.bands


@dataclass(frozen=True, slots=True)
class Signed:
    """Signatures of one fragment's rows, and what is needed of them later.

    bands: uint64[bands, rows]; whole: uint64[rows], of all shingles; shingles: int32[rows], 0 where there is
    nothing to compare; keys: uint64[rows], of the record ids; lengths: int64[rows], bytes of the compared texts.
    """

    bands: NDArray[np.uint64]
    whole: NDArray[np.uint64]
    shingles: NDArray[np.int32]
    keys: NDArray[np.uint64]
    lengths: Ints

    def __len__(self) -> int:
        return len(self.whole)


def id_keys(record_id: pa.Array) -> NDArray[np.uint64]:
    """64-bit hashes of record ids: an order that does not depend on where rows lie."""
    return np.array([xxhash.xxh3_64_intdigest(one) for one in record_id.cast(pa.large_binary()).to_pylist()], np.uint64)


def sign(text: pa.LargeStringArray, record_id: pa.Array, params: NearParams) -> Signed:
    """Sign a batch of rows. A null text has nothing to compare."""
    offsets, data = utf8_views(text)
    if len(text) and int(np.diff(offsets).max()) >= _LONGEST:
        raise UserError("E104", "a text of more than 2 GB cannot be compared", at="text", fix="cut it into documents")
    factors, addends = permutations(params.bands * params.rows, params.seed)
    mode = SHINGLES[params.shingles]
    signed = sign_rows(offsets, data, fold_table(), mode, params.size, factors, addends, params.bands)
    return Signed(*signed, id_keys(record_id), np.diff(offsets))


def joined(parts: Sequence[Signed], bands: int) -> Signed:
    """Batches of one fragment put together."""
    if not parts:
        none = np.zeros(0, np.uint64)
        return Signed(np.zeros((bands, 0), np.uint64), none, np.zeros(0, np.int32), none, np.zeros(0, np.int64))
    return Signed(
        np.concatenate([part.bands for part in parts], axis=1),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("whole", "shingles", "keys", "lengths")),
    )


# Candidates. Partitions: `shares` of whole texts, then `shares` of each band.


def signature_parts(signed: Signed, first_row: int, shares: int) -> list[Part]:
    """What each partition gets of a fragment; its rows are numbered from first_row."""
    some = np.flatnonzero(signed.shingles)
    rows = some + first_row
    parts = _shared_out({"hash": signed.whole[some], "key": signed.keys[some], "row": rows}, shares)
    number = len(signed.bands)
    for band in range(number):
        after = signed.bands[(band + 1) % number][some]
        parts += _shared_out({"hash": signed.bands[band][some], "next": after, "row": rows}, shares)
    return parts


def _shared_out(part: Part, shares: int) -> list[Part]:
    if shares == 1:
        return [part]
    to = part["hash"] % np.uint64(shares)
    return [{name: values[to == share] for name, values in part.items()} for share in range(shares)]


def same_signatures(partition: int, parts: Sequence[Part]) -> tuple[Ints, Ints]:
    """Rows whose shingles are all those of an earlier row, by the key of the record id, and that row for each."""
    hashes, keys, rows = (np.concatenate([part[name] for part in parts]) for name in ("hash", "key", "row"))
    held = _repeated(hashes)
    hashes, keys, rows = hashes[held], keys[held], rows[held]
    order = np.lexsort((rows, keys, hashes))
    hashes, rows = hashes[order], rows[order]
    fresh = np.ones(len(rows), np.bool_)
    fresh[1:] = hashes[1:] != hashes[:-1]
    best = rows[np.flatnonzero(fresh)[np.cumsum(fresh) - 1]] if len(rows) else rows
    return rows[~fresh], best[~fresh]


def band_candidates(
    partition: int, parts: Sequence[Part], left_out: NDArray[np.bool_], keys: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], int]:
    """Distinct pairs of rows with an equal band, packed as smaller << 32 | larger, and how many were not made.

    left_out: bool[all rows], those that `same_signatures` has answered for. keys: uint64[all rows].
    """
    hashes, after, rows = (np.concatenate([part[name] for part in parts]) for name in ("hash", "next", "row"))
    held = ~left_out[rows]
    hashes, after, rows = hashes[held], after[held], rows[held]
    held = _repeated(hashes)
    hashes, after, rows = hashes[held], after[held], rows[held]
    order = np.lexsort((keys[rows], after, hashes))
    hashes, rows = hashes[order], rows[order]
    starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1], [True]])) if len(rows) else _none()
    pairs, missed = run_pairs(starts, rows, WINDOW)
    return np.unique(pairs), missed


def _none() -> Ints:
    return np.zeros(0, np.int64)


def _repeated(values: NDArray[np.uint64]) -> Ints:
    """Places of the values that occur more than once."""
    some = np.flatnonzero(maybe_repeated(values, (16 * len(values) + 7).bit_length()))
    if not len(some):
        return _none()
    order: Ints = some[np.argsort(values[some])]
    same = np.diff(values[order]) == 0
    found: Ints = order[np.append(same, False) | np.append(False, same)]
    return found


# Groups: rows that candidates connect, verified and clustered together.


@dataclass(frozen=True, slots=True)
class Groups:
    """Candidate pairs dealt to partitions so that no group is cut.

    rows: int64[k], sorted: all rows in a pair; partition: int32[k]. left, right: int64[pairs] places in `rows`, sorted
    by partition; pair_starts: int64[partitions + 1].
    """

    rows: Ints
    partition: NDArray[np.int32]
    left: Ints
    right: Ints
    pair_starts: Ints

    @property
    def partitions(self) -> int:
        return len(self.pair_starts) - 1


def grouped(pairs: NDArray[np.uint64], bytes_of: Ints, most_bytes: int) -> Groups:
    """Deal groups to partitions of about `most_bytes` each; bytes_of: int64[all rows], what a row weighs."""
    a, b = (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    rows = np.unique(np.concatenate([a, b]))
    left, right = np.searchsorted(rows, a), np.searchsorted(rows, b)
    group = components(len(rows), left, right)
    weight = np.bincount(group, bytes_of[rows], len(rows))
    partition = (np.cumsum(weight) - weight) // max(most_bytes, 1)
    _, of_row = np.unique(partition[group], return_inverse=True)
    of_pair = of_row[left]
    order = np.argsort(of_pair, kind="stable")
    number = int(of_row.max()) + 1 if len(rows) else 0
    starts = np.searchsorted(of_pair[order], np.arange(number + 1))
    return Groups(rows, of_row.astype(np.int32), left[order], right[order], starts)


def word_parts(
    text: pa.LargeStringArray, numbers: Ints, partition: NDArray[np.int32], partitions: int, params: NearParams
) -> list[Part]:
    """Words of some rows (see rows_as_words), for the partition of each.

    numbers: what each row is called in Groups (its place in `rows`).
    """
    offsets, data = utf8_views(text)
    parts: list[Part] = []
    for wanted in range(partitions):
        here = np.flatnonzero(partition == wanted)
        if not len(here):
            parts.append({})
            continue
        words, word_at, short, short_at = rows_as_words(
            offsets, data, here, fold_table(), SHINGLES[params.shingles], params.size
        )
        parts.append(
            {
                "row": numbers[here],
                "words": words,
                "word_count": np.diff(word_at),
                "short": short,
                "short_count": np.diff(short_at),
            }
        )
    return parts


@dataclass(frozen=True, slots=True)
class Settled:
    """What a partition of groups came to; rows are places in Groups.rows.

    row, keeper: int64[k]; score: float64[k], NaN for a keeper; values: int64[k], places that differ from the keeper.
    scores: float64, of the partition's pairs in the order of Groups. more, more_close: pairs compared beyond the
    candidates, and those of them that reached the threshold.
    """

    row: Ints
    keeper: Ints
    score: NDArray[np.float64]
    values: Ints
    scores: NDArray[np.float64]
    more: int
    more_close: int


def settle(
    partition: int, parts: Sequence[Part], groups: Groups, ranks: Ints, protected: NDArray[np.bool_],
    params: NearParams, numbers_matter: bool,
) -> Settled:  # fmt: skip
    """Verify the candidates of a partition by exact Jaccard, and make clusters of those that reach the threshold.

    ranks, protected: of Groups.rows, by the keeper policy.
    """
    some = [part for part in parts if part]
    rows, words, short = (np.concatenate([part[name] for part in some]) for name in ("row", "words", "short"))
    word_at = _starts(some, "word_count")
    sets, set_at = sorted_sets(*all_shingles(words, word_at, short, _starts(some, "short_count"), params.size))
    order = np.argsort(rows)
    here = slice(int(groups.pair_starts[partition]), int(groups.pair_starts[partition + 1]))
    left, right = (order[np.searchsorted(rows[order], side[here])] for side in (groups.left, groups.right))
    scores = pair_jaccards(sets, set_at, left, right)
    rank = ranks[rows]
    # One row for each set of shingles: copies of a record must not stand for the records that are like it.
    of_set = equal_sets(len(rows), left, right, scores, rank)
    left, right, some_scores = _between(of_set[left], of_set[right], scores)
    close = some_scores >= params.threshold
    starts, others, edges = neighbours(len(rows), left[close], right[close])
    ranked = np.argsort(rank)
    keeper, score, more, more_close = stars(
        ranked, protected[rows], starts, others, edges, some_scores[close], params.threshold, sets, set_at
    )
    like = some_scores >= SOMEWHAT_ALIKE
    near, near_others, _ = neighbours(len(rows), left[like], right[like])
    values, contexts, context_at, held, held_at = values_differing(
        words, word_at, keeper, score, rank, near, near_others, LEAST_GROUP, numbers_matter
    )
    rejoin(
        keeper, score, values, ranked, rank, protected[rows], starts, others, edges, some_scores[close],
        params.threshold, sets, set_at, words, word_at, contexts, context_at, held, held_at, numbers_matter,
    )  # fmt: skip
    _follow(of_set, keeper, score, values, protected[rows])
    return Settled(rows, rows[keeper], score, values, scores, more, more_close)


def _between(left: Ints, right: Ints, scores: NDArray[np.float64]) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Pairs of different rows, each once."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    _, first = np.unique(low << 32 | high, return_index=True)
    first = first[low[first] != high[first]]
    return low[first], high[first], scores[first]


def _follow(of_set: Ints, keeper: Ints, score: NDArray[np.float64], values: Ints, protected: NDArray[np.bool_]) -> None:
    """Rows that did not stand for their set of shingles go where the one that did went. In place."""
    rows = np.flatnonzero((of_set != np.arange(len(of_set))) & ~protected)
    stood = of_set[rows]
    own = stood[values[stood] > 0]  # a member of a template that has copies is their keeper, and nobody's copy
    keeper[own], score[own], values[own] = own, np.nan, 0
    keeper[rows], score[rows] = keeper[stood], np.where(keeper[stood] == stood, 1.0, score[stood])


def _starts(parts: Sequence[Part], count: str) -> Ints:
    """Where each row's run begins in all parts put together, and the end."""
    counts = np.concatenate([part[count] for part in parts])
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
