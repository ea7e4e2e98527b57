"""Near copies among texts that fit in memory: the same functions as over a stored dataset, in one go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.dedup.near import (
    NearParams,
    band_candidates,
    grouped,
    same_signatures,
    settle,
    sign,
    signature_parts,
    word_parts,
)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NearCopies:
    """keeper: int64[rows], the row itself where it has none; similarity: float64[rows], NaN where keeper is the row;
    values: int64[rows] (see near_values_differing). left, right, scores: every compared candidate pair.
    """

    keeper: Ints
    similarity: NDArray[np.float64]
    values: Ints
    left: Ints
    right: Ints
    scores: NDArray[np.float64]


def near_copies(
    text: pa.LargeStringArray, record_id: pa.Array, params: NearParams | None = None, *,
    ranks: Ints | None = None, protected: NDArray[np.bool_] | None = None, numbers_matter: bool = True,
) -> NearCopies:  # fmt: skip
    """Find, verify and cluster. ranks: int64[rows], 0 for the record that is kept first; by record_id if None."""
    asked, n = params or NearParams(), len(text)
    signed = sign(text, record_id, asked)
    parts = signature_parts(signed, 0, 1)
    rows, best = same_signatures(0, [parts[0]])
    left_out = np.zeros(n, np.bool_)
    left_out[rows] = True
    low, high = np.minimum(rows, best).astype(np.uint64), np.maximum(rows, best).astype(np.uint64)
    found = [(low << np.uint64(32)) | high]
    found += [band_candidates(band, [part], left_out, signed.keys)[0] for band, part in enumerate(parts[1:])]
    groups = grouped(np.unique(np.concatenate(found)), np.ones(n, np.int64), max(n, 1))
    keeper, similarity, values = np.arange(n), np.full(n, np.nan), np.zeros(n, np.int64)
    scores = np.zeros(0)
    if groups.partitions:
        if ranks is None:
            ranks = np.empty(n, np.int64)
            ranks[np.argsort(np.array(record_id.to_pylist(), object), kind="stable")] = np.arange(n)
        own = np.zeros(n, np.bool_) if protected is None else protected
        here = groups.rows
        words = word_parts(text.take(pa.array(here)), np.arange(len(here)), groups.partition, 1, asked)
        done = settle(0, words, groups, ranks[here], own[here], asked, numbers_matter)
        keeper[here[done.row]] = here[done.keeper]
        similarity[here[done.row]], values[here[done.row]] = done.score, done.values
        scores = done.scores
    return NearCopies(keeper, similarity, values, groups.rows[groups.left], groups.rows[groups.right], scores)
