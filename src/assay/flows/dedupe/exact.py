"""Equal compared texts of one dataset, and the signals that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import one_array, utf8_views
from assay.dedup.exact import Part, best_of_groups, digest_parts, same_digests
from assay.dedup.keepers import Policy
from assay.engine import Engine, Progress
from assay.flows.dedupe.fragments import Fragment
from assay.flows.dedupe.rows import Clustered, begin, counted, joined, members, policy_rows, spread
from assay.records.schema import TEXT
from assay.store import Dataset

SIGNALS = ("same_text_as", "same_text_count")
ROWS_A_PARTITION = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact(Clustered):
    """Aligned arrays of members: row (sorted numbers), keeper, ids. words: int32[all rows]."""

    ids: pa.LargeStringArray
    words: NDArray[np.int32]
    bytes: int


@dataclass(frozen=True, slots=True)
class Head:
    """Words and bytes of each row's compared text."""

    words: NDArray[np.int32]
    lengths: NDArray[np.int64]


def digest_task(fragment: Fragment, partitions: int) -> tuple[Head, list[Part]]:
    """Run on an engine: digests of one fragment."""
    words, lengths, parts, first = [], [], [], fragment.first_row
    for text, _ in fragment.texts():
        some, dealt = digest_parts(text, first, partitions)
        words.append(some)
        lengths.append(np.diff(utf8_views(text)[0]))
        parts.append(dealt)
        first += len(text)
    together = [
        {name: joined([part[i][name] for part in parts], np.uint64) for name in ("a", "b")}
        | {"row": joined([part[i]["row"] for part in parts], np.int64)}
        for i in range(partitions)
    ]
    return Head(joined(words, np.int32), joined(lengths, np.int64)), together


def exact(
    data: Dataset, fragments: Sequence[Fragment], policy: Policy, engine: Engine, progress: Progress | None = None
) -> Exact:
    """Find equal texts. Same result for any engine, number of workers and layout of fragments."""
    total = sum(fragment.rows for fragment in fragments)
    partitions = max(1, -(-total // ROWS_A_PARTITION))
    begin(progress, f"compare {data.name}", total)
    task = partial(digest_task, partitions=partitions)
    with engine.scatter(task, fragments, partitions, counted(progress)) as dealt:
        words = joined([head.words for head in dealt.heads], np.int32)
        lengths = joined([head.lengths for head in dealt.heads], np.int64)
        found = list(dealt.gather(same_digests, range(partitions)))
    row, group = (joined([one[i] for one in found], np.int64) for i in (0, 1))
    order = np.argsort(row)
    row, group = row[order], group[order]
    table = policy_rows(data, fragments, row, lengths, policy)
    place = best_of_groups(group, policy.ranks(table), policy.protected(table))
    ids = one_array(table["record_id"])
    return Exact(row=row, keeper=row[place], ids=ids, words=words, bytes=int(lengths.sum()))


def exact_values(found: Exact, fragment: Fragment) -> dict[str, pa.Array]:
    """The signals of one fragment's rows."""
    here = members(found.row, found.keeper, found.ids, fragment)
    known = found.words[fragment.first_row : fragment.first_row + fragment.rows] > 0
    return {
        "same_text_as": here.keeper_id(here.is_copy) if len(found.ids) else pa.nulls(fragment.rows, TEXT),
        "same_text_count": pa.array(spread(here.size, here.inside, 1), mask=~known),
    }
