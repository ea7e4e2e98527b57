"""Versions: appended, addressed, tagged, rolled back; readable as they were."""

from __future__ import annotations

import time

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from assay.core.errors import UnknownName, UserError
from assay.records.schema import KIND_NAMES, schema_of
from assay.store import Dataset, Workspace
from tests.store.conftest import Append, read
from tests.store.rows import batch, random_rows
from tests.store.rows import qa as row


def test_a_new_dataset_has_no_version_and_its_kinds_schema(qa: Dataset) -> None:
    assert (qa.head, qa.count(), qa.versions(), qa.fragments(), qa.signals()) == (0, 0, [], [], {})
    assert qa.schema().equals(schema_of("qa"))
    assert list(qa.scan()) == []
    assert qa.take(["a"]).num_rows == 0


def test_each_append_is_one_version_with_all_rows_so_far(qa: Dataset, append: Append) -> None:
    append(qa, [row("a"), row("b")], [row("c")])
    append(qa, [row("d")])
    assert [(v.number, v.parent, v.rows, v.verb) for v in qa.versions()] == [(1, 0, 3, "ingest"), (2, 1, 4, "ingest")]
    assert [r["record_id"] for r in read(qa, 1)] == ["a", "b", "c"]
    assert [r["record_id"] for r in read(qa)] == ["a", "b", "c", "d"]


def test_an_append_without_rows_makes_no_version(qa: Dataset, append: Append) -> None:
    assert append(qa, []) is None
    append(qa, [row("a")])
    again = append(qa, [], key="other")
    assert again is not None
    assert (again.number, qa.head) == (1, 1)


def test_fragments_follow_their_index_not_the_order_of_writing(qa: Dataset) -> None:
    with qa.begin_append("k") as job:
        job.write(1, [batch([row("late")])], {})
        job.write(0, [batch([row("early")])], {})
        job.commit()
    ids = [i for b in qa.scan(columns=["record_id"]) for i in b.column(0).to_pylist()]
    assert ids == ["early", "late"]


def test_message_author_run_and_stats_stay_with_the_version(qa: Dataset) -> None:
    with qa.begin_append("k", message="first", author="ana", run="r1") as job:
        job.write(0, [batch([row("a")])], {})
        version = job.commit({"read": 1})
    assert version == qa.version(1)
    assert version is not None
    assert (version.message, version.author, version.run, version.stats) == ("first", "ana", "r1", {"read": 1})


@pytest.mark.parametrize(
    ("ref", "number"),
    [(None, 3), ("HEAD", 3), ("HEAD~1", 2), ("HEAD~3", 0), (2, 2), ("2", 2), ("v2", 2), ("gold", 1), ("", 3)],
    ids=str,
)
def test_a_reference_names_a_version(qa: Dataset, append: Append, ref: str | int | None, number: int) -> None:
    for name in "abc":
        append(qa, [row(name)])
    qa.tag("gold", 1)
    assert qa.resolve(ref) == number


@pytest.mark.parametrize("ref", ["HEAD~4", 4, "v9", "glod", "HEAD~x", "-1"])
def test_a_reference_to_nothing_says_what_there_is(qa: Dataset, append: Append, ref: str) -> None:
    for name in "abc":
        append(qa, [row(name)])
    qa.tag("gold", 1)
    with pytest.raises(UserError, match="E404") as caught:
        qa.resolve(ref)
    assert caught.value.fix


def test_the_nearest_tag_is_suggested(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    qa.tag("gold")
    with pytest.raises(UserError, match="did you mean 'gold'"):
        qa.resolve("glod")


def test_a_tag_never_moves(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    qa.tag("gold")
    append(qa, [row("b")])
    qa.tag("gold", 1)
    with pytest.raises(UserError, match="E404"):
        qa.tag("gold", 2)
    assert qa.tags() == {"gold": 1}


@pytest.mark.parametrize("name", ["3", "v3", "HEAD", "HEAD~1", "", "a b", "-x", "a@b"])
def test_a_tag_must_not_look_like_a_number_or_head(qa: Dataset, append: Append, name: str) -> None:
    append(qa, [row("a")])
    with pytest.raises(UserError, match="E404"):
        qa.tag(name)


def test_rollback_is_a_new_version_with_the_old_content(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    append(qa, [row("b")])
    old = qa.digest(1)
    version = qa.rollback(1)
    assert (version.number, version.parent, version.rows, version.stats) == (3, 2, 1, {"restored": 1})
    assert read(qa) == read(qa, 1)
    assert qa.compute_digest() == old
    assert [r["record_id"] for r in read(qa, 2)] == ["a", "b"]


def test_appending_after_a_rollback_keeps_every_version_as_it_was(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    append(qa, [row("b")])
    qa.rollback(1)
    append(qa, [row("c")])
    assert [[r["record_id"] for r in read(qa, n)] for n in (1, 2, 3, 4)] == [["a"], ["a", "b"], ["a"], ["a", "c"]]


def test_rollback_takes_milliseconds(qa: Dataset, append: Append) -> None:
    for name in "abcdef":
        append(qa, [row(f"{name}{k}") for k in range(200)])
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        qa.rollback(1)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.1


def test_rollback_to_the_empty_beginning_is_refused(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    with pytest.raises(UserError, match="E404"):
        qa.rollback(0)


def test_take_gives_rows_in_the_order_asked_for_and_leaves_out_unknown_ids(qa: Dataset, append: Append) -> None:
    append(qa, [row(f"r{k}") for k in range(20)], [row(f"s{k}") for k in range(20)])
    got = qa.take(["s3", "none", "r19", "r0", "s3"], columns=["record_id", "prompt"])
    assert got.column("record_id").to_pylist() == ["s3", "r19", "r0", "s3"]
    assert got.column("prompt").to_pylist()[1] == "about r19?"


def test_where_filters_by_an_expression(qa: Dataset, append: Append) -> None:
    append(qa, [row("a"), row("b", "no")])
    got = list(qa.scan(columns=["record_id", "best_answer"], where=pc.field("best_answer") == "no"))
    assert [b.column(0).to_pylist() for b in got] == [["b"]]


def test_an_unknown_column_is_an_error_with_the_nearest_name(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    with pytest.raises(UnknownName, match="did you mean 'prompt'"):
        qa.scan(columns=["promt"])


def test_batches_are_cut_by_bytes(qa: Dataset, append: Append) -> None:
    append(qa, [row(f"r{k:03d}", "x" * 100_000) for k in range(60)], [row(f"s{k}") for k in range(500)])
    batches = list(qa.scan(batch_bytes=1 << 20))
    assert max(b.nbytes for b in batches) <= 1 << 20
    assert sum(b.num_rows for b in batches) == 560


def test_one_row_larger_than_a_batch_comes_alone(qa: Dataset, append: Append) -> None:
    append(qa, [row("small"), row("large", "x" * 3_000_000), row("other")])
    sizes = [b.num_rows for b in qa.scan(batch_bytes=1 << 20)]
    assert sum(sizes) == 3
    assert read(qa)[0]["best_answer"] == "x" * 3_000_000


def test_rows_of_another_schema_are_refused_and_leave_nothing(qa: Dataset) -> None:
    with qa.begin_append("k") as job:
        with pytest.raises(TypeError, match="another schema"):
            job.write(0, [pa.RecordBatch.from_pylist([{"record_id": "a"}])], {})
        assert job.staged == []
    assert not list((qa.uri / "data").glob("*"))


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_every_kind_is_stored_as_it_is(ws: Workspace, append: Append, kind: str) -> None:
    data = ws.create(f"all.{kind}")
    rows = random_rows(kind, 40, seed=1)
    append(data, rows[:25], rows[25:])
    assert read(data) == [r for b in [batch(rows, kind)] for r in b.to_pylist()]


def test_names_cover_every_kind_of_a_base_name(ws: Workspace) -> None:
    for name in ("tickets.qa", "tickets.agentic", "other.qa"):
        ws.create(name)
    assert ws.names() == ["other.qa", "tickets.agentic", "tickets.qa"]
    assert ws.names("tickets") == ["tickets.agentic", "tickets.qa"]
    assert ws.names("tickets.qa") == ["tickets.qa"]
    with pytest.raises(UnknownName, match="did you mean 'tickets'"):
        ws.names("ticket")
    with pytest.raises(UnknownName):
        ws.dataset("tickets.reasoning")


@pytest.mark.parametrize("name", ["tickets", "tickets.nokind", "../up.qa", "a b.qa", ".qa", "a/b.qa", ""])
def test_a_dataset_name_is_plain_and_ends_in_its_kind(ws: Workspace, name: str) -> None:
    with pytest.raises(UserError, match="E403"):
        ws.create(name)
