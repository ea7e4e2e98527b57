"""Equal texts against a dictionary of their words."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.dedup.exact import best_of_groups, digest_parts, same_digests
from tests.dedup import near_oracle as oracle

texts = st.lists(
    st.lists(st.sampled_from(["a", "A", "b", "é", "e", "7", "日", ".", " ", "-"]), max_size=5).map("".join) | st.none(),
    max_size=14,
)


def grouped(values: list[str | None], partitions: int, cut: int) -> dict[int, int]:
    """Row -> its group, of rows in groups of two and more; rows come in two fragments."""
    held = pa.array(values, pa.large_string())
    _, one = digest_parts(held.slice(0, cut), 0, partitions)
    _, two = digest_parts(held.slice(cut), min(cut, len(values)), partitions)
    found: dict[int, int] = {}
    for partition in range(partitions):
        rows, group = same_digests(partition, [one[partition], two[partition]])
        assert rows.tolist() == sorted(rows.tolist())
        found |= dict(zip(rows.tolist(), group.tolist(), strict=True))
    return found


def expected(values: list[str | None]) -> dict[int, int]:
    same = defaultdict(list)
    for row, text in enumerate(values):
        if words := oracle.words(text or ""):
            same[tuple(words)].append(row)
    return {row: rows[0] for rows in same.values() if len(rows) > 1 for row in rows}


@settings(max_examples=300)
@given(values=texts, partitions=st.integers(1, 4), cut=st.integers(0, 14))
def test_groups_are_those_with_the_same_words(values: list[str | None], partitions: int, cut: int) -> None:
    assert grouped(values, partitions, cut) == expected(values)


@given(values=texts)
def test_words_are_counted(values: list[str | None]) -> None:
    words, _ = digest_parts(pa.array(values, pa.large_string()), 0, 1)
    assert words.tolist() == [len(oracle.words(text or "")) for text in values]


@settings(max_examples=200)
@given(values=texts, data=st.data())
def test_the_best_of_a_group_is_kept_and_protected_rows_keep_themselves(
    values: list[str | None], data: st.DataObject
) -> None:
    found = grouped(values, 1, 0)
    rows = sorted(found)
    group = np.array([found[row] for row in rows], np.int64)
    ranks = np.array(data.draw(st.permutations(range(len(rows)))), np.int64)
    own = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), np.bool_)
    keeper = best_of_groups(group, ranks, own).tolist()
    for place in range(len(rows)):
        mine = [i for i in range(len(rows)) if group[i] == group[place]]
        assert keeper[place] == (place if own[place] else min(mine, key=lambda i: int(ranks[i])))


def test_case_spacing_and_marks_do_not_matter_and_order_does() -> None:
    values = ["The cat sat.", "the CAT\n sat", "the cat, sat!", "sat the cat", "the cat sat sat", None, ""]
    assert grouped(values, 3, 2) == {0: 0, 1: 0, 2: 0}
