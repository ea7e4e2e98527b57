"""Equal compared texts: the same sequence of folded words, found by 128-bit digests dealt to partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.kernels.fold_table import fold_table
from assay.kernels.minhash import word_digests

Ints = NDArray[np.int64]
Part = dict[str, NDArray[Any]]


def digest_parts(text: pa.LargeStringArray, first_row: int, partitions: int) -> tuple[NDArray[np.int32], list[Part]]:
    """int32[rows] words of each text (0: nothing to compare), and digests with row numbers for each partition."""
    digests, words = word_digests(*utf8_views(text), fold_table())
    some = np.flatnonzero(words)
    digests = digests[some]
    to = digests[:, 0] % np.uint64(partitions)
    parts = []
    for partition in range(partitions):
        here = np.flatnonzero(to == partition) if partitions > 1 else np.arange(len(some))
        parts.append({"a": digests[here, 0], "b": digests[here, 1], "row": some[here] + first_row})
    return words, parts


def same_digests(partition: int, parts: Sequence[Part]) -> tuple[Ints, Ints]:
    """Rows whose digest others have too, and for each the smallest row number of its group, ordered by row."""
    a, b, rows = (np.concatenate([part[name] for part in parts]) for name in ("a", "b", "row"))
    order = np.lexsort((rows, b, a))
    a, b, rows = a[order], b[order], rows[order]
    fresh = np.ones(len(rows), np.bool_)
    fresh[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    last = np.append(fresh[1:], True)
    several = ~(fresh & last)
    group = rows[np.flatnonzero(fresh)[np.cumsum(fresh) - 1]] if len(rows) else rows
    rows, group = rows[several], group[several]
    order = np.argsort(rows)
    return rows[order], group[order]


def best_of_groups(group: Ints, ranks: Ints, protected: NDArray[np.bool_]) -> Ints:
    """int64[k]: the place of each member's keeper: the best of its group by rank; a protected member keeps itself."""
    order = np.lexsort((ranks, group))
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = group[order][1:] != group[order][:-1]
    keeper = np.empty(len(order), np.int64)
    keeper[order] = order[np.flatnonzero(fresh)[np.cumsum(fresh) - 1]] if len(order) else order
    own = np.flatnonzero(protected)
    keeper[own] = own
    return keeper
