"""The digest of a version: one value for one content, whatever its layout."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.records.schema import KIND_NAMES, schema_of
from assay.store import Dataset, SignalSpec, Workspace
from assay.store.digest import digest_table
from assay.store.rowhash import hash_rows, hash_values
from tests.store.conftest import Append
from tests.store.rows import batch, random_rows, table
from tests.store.rows import qa as row


def loaded(folder: Path, fragments: list[list[dict[str, Any]]], kind: str = "qa") -> Dataset:
    data = Workspace.init(folder).create(f"x.{kind}")
    with data.begin_append("k") as job:
        for index, rows in enumerate(fragments):
            job.write(index, [batch(rows, kind)], {})
        job.commit()
    return data


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_order_fragments_and_folder_do_not_change_it(tmp_path: Path, kind: str) -> None:
    rows = random_rows(kind, 60, seed=3)
    shuffled = random.Random(1).sample(rows, len(rows))
    one = loaded(tmp_path / "one", [rows], kind)
    other = loaded(tmp_path / "other", [shuffled[:7], shuffled[7:8], shuffled[8:]], kind)
    assert one.digest() == other.digest()


def test_it_is_what_it_was_when_it_was_defined(tmp_path: Path) -> None:
    """A stored digest must mean the same for ever. Change this only with a new header, and say so in the decision."""
    data = loaded(tmp_path / "ws", [random_rows("agentic", 20, seed=11)], "agentic")
    assert data.digest() == "0275c7079b9168e05dd2becb65bfaec97f76ab99164cfb91887e2c7ba057d51c"


def test_it_sees_every_column(tmp_path: Path, append: Append) -> None:
    base = row("a", messages=[{"role": "user", "parts": [{"type": "text", "text": "x"}]}])
    changes: list[dict[str, Any]] = [
        {},
        {"best_answer": "no"},
        {"domain": None},
        {"domain": ""},
        {"tags": []},
        {"tags": [None]},
        {"tags": [""]},
        {"tags": ["", ""]},
        {"messages": [{"role": "user", "parts": [{"type": "text", "text": ""}]}]},
        {"messages": [{"role": "user", "parts": [{"type": "text", "text": None}]}]},
        {"messages": [{"role": "user", "parts": [None]}]},
        {"messages": [{"role": "user", "parts": []}]},
        {"messages": [{"role": "user", "parts": None}]},
        {"messages": [None]},
        {"messages": []},
        {"schema_version": 2},
        {"raw": {"offset": 0}},
        {"raw": {"length": 0}},
    ]
    found = {loaded(tmp_path / str(k), [[{**base, **change}]]).digest() for k, change in enumerate(changes)}
    assert len(found) == len(changes)


def test_where_the_source_was_named_from_does_not_count(tmp_path: Path) -> None:
    here, there = ({"uri": uri, "path": "a.jsonl", "row": 3} for uri in ("/here", "/there"))
    moved = {"uri": "/here", "path": "b.jsonl", "row": 3}
    a, b, c = (loaded(tmp_path / str(k), [[row("a", source=s)]]).digest() for k, s in enumerate((here, there, moved)))
    assert a == b != c


def test_which_blob_holds_the_raw_bytes_does_not_count(tmp_path: Path) -> None:
    here, there = ({"sha256": name * 64, "offset": offset, "length": 9} for name, offset in (("a", 0), ("b", 70)))
    longer = {"sha256": "a" * 64, "offset": 0, "length": 10}
    a, b, c = (loaded(tmp_path / str(k), [[row("a", raw=r)]]).digest() for k, r in enumerate((here, there, longer)))
    assert a == b != c


def test_version_numbers_and_history_do_not_count(qa: Dataset, append: Append, tmp_path: Path) -> None:
    append(qa, [row("a"), row("b", "old")])
    append(qa, [row("c")])
    qa.replace(table([row("b")]), expect=2)
    qa.rollback(3)
    assert qa.digest() == loaded(tmp_path / "once", [[row("a"), row("b"), row("c")]]).digest()


def test_signals_count_by_name_and_value_and_not_by_column(qa: Dataset, append: Append, measure: Append) -> None:
    append(qa, [row("a"), row("bb")])
    plain = qa.digest()
    measure(qa)
    measured = qa.digest()
    measure(qa, fingerprint="bb" * 16)
    assert (qa.digest(), qa.digest(1)) == (measured, plain)
    measure(qa, fingerprint="cc" * 16, plus=1)
    assert len({qa.digest(), measured, plain}) == 3


def test_not_measured_unknown_and_zero_are_three_things(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")], [row("b")])
    seen = [qa.digest()]
    for k, value in enumerate([[None], [0]]):
        with qa.begin_measure("k", {"n": SignalSpec(fingerprint=f"{k}" * 32, type=pa.int64())}) as job:
            job.write(0, {"n": pa.array(value, pa.int64())})
            job.commit()
        seen.append(qa.digest())
    assert len(set(seen)) == 3


def test_it_is_remembered_per_version_and_recomputed_alike(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    assert qa.digest() == qa.compute_digest()
    assert qa.ledger.cache_get("digest", "tickets.qa@2") == qa.digest()
    assert qa.digest(0) == qa.compute_digest(0) != qa.digest(1)


@pytest.mark.parametrize("run_rows", [1, 7, 100], ids=lambda n: f"runs of {n}")
def test_sorted_runs_on_disk_give_the_same_digest(qa: Dataset, append: Append, run_rows: int) -> None:
    rng = random.Random(2)
    names = [f"r{k:04d}" for k in range(300)] + ["é", "日本", "a" * 50]
    rng.shuffle(names)
    append(qa, *[[row(n) for n in names[k : k + 40]] for k in range(0, len(names), 40)])
    assert digest_table(qa.table(1), qa.schema(), {}, run_rows=run_rows) == qa.compute_digest()


def test_ids_that_come_twice_do_not_make_it_depend_on_the_layout(tmp_path: Path) -> None:
    twice = [row("a", "x"), row("a", "y"), row("b")]
    one = loaded(tmp_path / "one", [twice])
    other = loaded(tmp_path / "other", [twice[::-1]])
    assert one.digest() == other.digest()
    assert digest_table(other.table(1), other.schema(), {}, run_rows=1) == one.digest()


@settings(max_examples=25)
@given(kind=st.sampled_from(KIND_NAMES), seed=st.integers(0, 10**6), start=st.integers(0, 20), end=st.integers(0, 20))
def test_slicing_the_rows_slices_their_hashes(kind: str, seed: int, start: int, end: int) -> None:
    whole = batch(random_rows(kind, 20, seed), kind)
    names = schema_of(kind).names
    part = whole.slice(start, max(0, end - start))
    assert (hash_rows(part, names) == hash_rows(whole, names)[start : max(start, end)]).all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array(["a", None, ""]), pa.array(["a", None, ""], pa.large_string())),
        (pa.array(["a", "b", "a"]).dictionary_encode(), pa.array(["a", "b", "a"])),
        (pa.array([[1, 2], None], pa.list_(pa.int64())), pa.array([[1, 2], None], pa.list_(pa.int64(), 2))),
        (pa.array([[1], []], pa.list_(pa.int64())), pa.array([[1], []], pa.large_list(pa.int64()))),
    ],
    ids=["string and large_string", "dictionary and plain", "fixed and variable lists", "list and large_list"],
)
def test_the_same_values_in_another_container_hash_alike(one: pa.Array, other: pa.Array) -> None:
    assert (hash_values(one) == hash_values(other)).all()
