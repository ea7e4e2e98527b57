"""What happened to records between versions."""

from __future__ import annotations

import random
import time

import pytest

from assay.store import Changed, Dataset, Diff
from assay.store.diff import diff_tables
from tests.store.conftest import Append, read
from tests.store.rows import qa as row
from tests.store.rows import table


def brief(found: Diff) -> tuple[list[str], list[str], list[str]]:
    return found.added, found.removed, [c.record_id for c in found.changed]


def test_added_removed_and_changed_with_the_fields_that_changed(qa: Dataset, append: Append) -> None:
    append(qa, [row("a"), row("b"), row("c")])
    append(qa, [row("d")])
    qa.replace(table([row("b", "other"), row("c", domain="law", tags=["x"])]), expect=2)
    found = qa.diff(1, 3)
    assert (found.added, found.removed) == (["d"], [])
    assert found.changed == [
        Changed(record_id="b", fields=["text", "best_answer"]),
        Changed(record_id="c", fields=["domain", "tags"]),
    ]
    assert (found.added_count, found.removed_count, found.changed_count) == (1, 0, 2)
    assert brief(qa.diff(3, 1)) == ([], ["d"], ["b", "c"])


def test_nothing_changes_by_measuring(qa: Dataset, append: Append, measure: Append) -> None:
    """The library's delta() marks every row updated when a column is added."""
    append(qa, [row("a"), row("b")])
    measure(qa)
    assert brief(qa.diff(1, 2)) == ([], [], [])


def test_it_is_right_across_a_rollback(qa: Dataset, append: Append, measure: Append) -> None:
    """The library's delta() reports nothing across a restore."""
    append(qa, [row("a")])
    append(qa, [row("b")])
    measure(qa)
    qa.replace(table([row("a", "other")]), expect=3)
    qa.rollback(1)
    assert brief(qa.diff(4, 5)) == ([], ["b"], ["a"])
    assert brief(qa.diff(1, 5)) == ([], [], [])
    append(qa, [row("c")])
    assert brief(qa.diff(4, 6)) == (["c"], ["b"], ["a"])


def test_from_the_empty_beginning_everything_is_added(qa: Dataset, append: Append) -> None:
    append(qa, [row("b"), row("a")])
    assert brief(qa.diff(0, "HEAD")) == (["a", "b"], [], [])


def test_a_record_edited_back_is_not_changed(qa: Dataset, append: Append) -> None:
    append(qa, [row("a"), row("b")])
    qa.replace(table([row("a", "other")]), expect=1)
    qa.replace(table([row("a")]), expect=2)
    assert brief(qa.diff(1, 3)) == ([], [], [])


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "model"},
        {"split": "test"},
        {"license": "mit"},
        {"event_time_raw": "yesterday"},
        {"parents": [{"record_id": "p", "content_hash": None}]},
        {"generator": {"name": "g", "gates": [{"name": "x", "passed": False}]}},
        {"source": {"uri": "/in", "path": "a.jsonl", "row": 1, "offset": 0, "format": "jsonl"}},
        {"raw": {"sha256": "ab", "offset": 1, "length": 2}},
        {"content_hash": "0" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_any_envelope_field_is_seen(qa: Dataset, append: Append, change: dict[str, object]) -> None:
    append(qa, [row("a"), row("b")])
    qa.replace(table([row("a", **change)]), expect=1)
    assert qa.diff(1, 2).changed == [Changed(record_id="a", fields=list(change))]


def test_a_limit_shortens_the_lists_and_not_the_counts(qa: Dataset, append: Append) -> None:
    append(qa, [row(f"r{k}") for k in range(9)])
    qa.replace(table([row(f"r{k}", "x") for k in range(5)]), expect=1)
    found = qa.diff(1, 2, limit=2)
    assert ([c.record_id for c in found.changed], found.changed_count) == (["r0", "r1"], 5)
    assert (qa.diff(0, 1, limit=3).added, qa.diff(0, 1, limit=3).added_count) == (["r0", "r1", "r2"], 9)


def test_it_agrees_with_comparing_every_row(qa: Dataset, append: Append) -> None:
    rng = random.Random(5)
    append(qa, [row(f"r{k:02d}") for k in range(40)], [row(f"s{k:02d}") for k in range(40)])
    for step in range(6):
        if step == 3:
            qa.rollback(rng.randrange(1, 4))
            continue
        ids = [r["record_id"] for r in read(qa)]
        chosen = rng.sample(ids, 7)
        qa.replace(table([row(i, f"{step}", domain=rng.choice(["x", "y"])) for i in chosen]), expect=qa.head)
        append(qa, [row(f"t{step}{k}") for k in range(3)], key=str(step))
    whole = {n: {r["record_id"]: r for r in read(qa, n)} for n in range(qa.head + 1)}
    for a in (0, 1, 4, qa.head):
        for b in (1, 3, 5, qa.head - 1, qa.head):
            old, new = whole[a], whole[b]
            expected = (
                sorted(new.keys() - old.keys()),
                sorted(old.keys() - new.keys()),
                sorted(i for i in new.keys() & old.keys() if new[i] != old[i]),
            )
            assert brief(qa.diff(a, b)) == expected


def test_fragments_that_both_versions_hold_are_not_read(qa: Dataset, append: Append) -> None:
    append(qa, *[[row(f"{k}-{i}") for i in range(300)] for k in range(5)])
    append(qa, [row("new")])
    a, b = qa.table(1), qa.table(2)
    for file, _ in [f for files in a.files().values() for f in files]:
        (qa.uri / file).rename(qa.uri / f"{file}.away")
    begun = time.perf_counter()
    assert diff_tables(a, b).added == ["new"]
    assert time.perf_counter() - begun < 1
