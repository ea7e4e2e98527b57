"""How much of a record is said nowhere else in the dataset."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import one_array, utf8_views
from assay.kernels.novelty import distinct_grams
from assay.records.schema import TEXT
from assay.signals.base import dataset_signal
from assay.text.features import comparable


def _grams(text: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    return distinct_grams(*utf8_views(comparable(text)))


def _seen(*, text: pa.Array) -> pa.Table:
    """Distinct hashes of these rows, and how many of the rows have each."""
    hashes, counts = np.unique(_grams(text)[1], return_counts=True)
    return pa.table({"hash": hashes, "count": counts.astype(np.int64)})


def _shared(parts: pa.Table) -> pa.Table:
    """Hashes that more than one record has, sorted, with the number of records: all others have one."""
    hashes = one_array(parts["hash"]).to_numpy()
    counts = one_array(parts["count"]).to_numpy()
    order = np.argsort(hashes, kind="stable")
    hashes, counts = hashes[order], counts[order]
    starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]])) if len(hashes) else order
    totals = np.add.reduceat(counts, starts) if len(starts) else counts
    many = totals > 1
    return pa.table({"hash": hashes[starts[many]], "count": totals[many]})


@dataset_signal(
    dimension="uniqueness",
    reads={"text": TEXT},
    writes=pa.float64(),
    unit="share of its word 5-grams, 0 to 1",
    source="the mean over a record's distinct word 5-grams of 1 / the number of records that have it",
    summarise=_seen,
    combine=_shared,
    default=False,
)
def novel_ngram_share(state: pa.Table, *, text: pa.Array) -> pa.DoubleArray:
    """How much of the record is its own: 1 where nobody else says any of it, 1/k where k records say all of it.

    A text copied k times counts 1/k each, so the sum over a dataset is its number of effective records. Texts are
    compared as words in lower case; fewer than five words are one n-gram. A text with 64 n-grams or more is judged
    by one in 8 of them, picked by hash: by s n-grams the standard error is at most 0.5 / sqrt(s). A short text that
    stands within longer ones is therefore partly missed. Null for a text without a word.
    """
    starts, hashes = _grams(text)
    shared = one_array(state["hash"]).to_numpy()
    at = np.searchsorted(shared, hashes)
    worth = np.ones(len(hashes))
    hit = np.flatnonzero(at < len(shared))
    hit = hit[shared[at[hit]] == hashes[hit]]
    worth[hit] = 1.0 / one_array(state["count"]).to_numpy()[at[hit]]
    number = np.diff(starts)
    some = np.flatnonzero(number)
    out = np.zeros(len(text))
    if len(some):
        out[some] = np.add.reduceat(worth, starts[some]) / number[some]
    return pa.array(out, mask=number == 0)
