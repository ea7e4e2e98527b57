"""Whole rows replaced: on the version that was edited, or not at all."""

from __future__ import annotations

import pytest

from assay.core.errors import UserError
from assay.store import Dataset
from tests.store.conftest import Append, read
from tests.store.rows import qa as row
from tests.store.rows import table


def test_an_edit_of_an_older_version_is_a_conflict_and_changes_nothing(qa: Dataset, append: Append) -> None:
    """Of two writers of one row the library keeps the last, silently."""
    append(qa, [row("a")])
    qa.replace(table([row("a", "first")]), expect=1)
    with pytest.raises(UserError, match="E407") as caught:
        qa.replace(table([row("a", "second")]), expect=1)
    assert "assay diff" in caught.value.fix
    assert [r["best_answer"] for r in read(qa)] == ["first"]
    assert qa.head == 2


def test_an_edit_keeps_the_number_of_rows(qa: Dataset, append: Append) -> None:
    append(qa, [row("a"), row("b")], [row("c")])
    version = qa.replace(table([row("c", "x"), row("a", "y")]), expect=1)
    assert (version.rows, qa.count(), sum(f.rows for f in qa.fragments())) == (3, 3, 3)
    assert [r["best_answer"] for r in read(qa)] == ["y", "yes", "x"]


def test_replacing_every_row_of_a_fragment_removes_it(qa: Dataset, append: Append) -> None:
    append(qa, [row("a"), row("b")], [row("c")])
    qa.replace(table([row("a", "x"), row("b", "y")]), expect=1)
    assert [r["best_answer"] for r in read(qa)] == ["x", "y", "yes"]
    assert sorted(f.rows for f in qa.fragments()) == [1, 2]


def test_edited_rows_can_be_edited_and_taken_again(qa: Dataset, append: Append) -> None:
    append(qa, [row(f"r{k}") for k in range(10)])
    qa.replace(table([row("r3", "x")]), expect=1)
    qa.replace(table([row("r3", "y"), row("r4", "z")]), expect=2)
    assert qa.take(["r4", "r3", "r5"]).column("best_answer").to_pylist() == ["z", "y", "yes"]


def test_an_edited_fragment_can_be_measured(qa: Dataset, append: Append, measure: Append) -> None:
    append(qa, [row("a"), row("bb"), row("ccc"), row("dddd")])
    qa.replace(table([row("bb", "x"), row("a", "x")]), expect=1)
    measure(qa)
    assert [r["id_length"] for r in read(qa, columns=["record_id", "id_length"])] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("rows", "said"),
    [([row("a"), row("zz")], "no record 'zz'"), ([row("a", "x"), row("a", "y")], "'a' twice")],
    ids=["a record that is not there", "a record twice"],
)
def test_an_edit_that_does_not_fit_changes_nothing(
    qa: Dataset, append: Append, rows: list[dict[str, object]], said: str
) -> None:
    append(qa, [row("a")])
    with pytest.raises(UserError, match="E413") as caught:
        qa.replace(table(rows), expect=1)
    assert said in caught.value.what
    assert qa.head == 1
    append(qa, [row("b")])
    assert [r["best_answer"] for r in read(qa)] == ["yes", "yes"]
    assert qa.fsck(deep=True) == []


def test_rows_of_another_schema_are_refused(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    with pytest.raises(TypeError, match="another schema"):
        qa.replace(table([row("a")]).drop(["text"]), expect=1)
    assert qa.head == 1
