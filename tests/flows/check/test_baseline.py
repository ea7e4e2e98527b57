"""The baseline file: same findings, same bytes; only what is beyond it is new."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.flows.check import baseline

FINDINGS = st.dictionaries(
    st.sampled_from(["exact_duplicate", "empty_answer", "label_conflict"]),
    st.dictionaries(st.sampled_from(["aa", "bb", "cc"]), st.integers(1, 4), min_size=1),
)


@given(FINDINGS)
def test_what_is_written_reads_back_and_leaves_nothing_new(found: dict[str, dict[str, int]]) -> None:
    data = baseline.encode(found)
    assert baseline.encode({rule: dict(reversed(keys.items())) for rule, keys in reversed(found.items())}) == data
    assert baseline.compare(found, found) == ({}, 0)


@given(FINDINGS, FINDINGS)
def test_new_and_gone_are_the_two_sides_of_the_difference(
    now: dict[str, dict[str, int]], known: dict[str, dict[str, int]]
) -> None:
    new, gone = baseline.compare(now, known)
    back, came = baseline.compare(known, now)
    assert baseline.count(new) == came
    assert baseline.count(back) == gone
    assert baseline.count(now) - baseline.count(new) == baseline.count(known) - gone


def test_one_more_copy_of_the_same_record_is_new() -> None:
    new, gone = baseline.compare({"dup": {"aa": 3}}, {"dup": {"aa": 2}})
    assert (new, gone) == ({"dup": {"aa": 1}}, 0)


def test_the_file_is_sorted_with_one_finding_per_line(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    baseline.write(path, {"b": {"2": 1, "1": 2}, "a": {"9": 1}, "empty": {}})
    assert path.read_text() == (
        '{\n "assay_baseline": 1,\n "findings": {\n  "a": {\n   "9": 1\n  },\n  "b": {\n   "1": 2,\n   "2": 1\n  }\n'
        " }\n}\n"
    )
    assert baseline.read(path) == {"a": {"9": 1}, "b": {"1": 2, "2": 1}}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"assay_baseline": 2, "findings": {}}', b'{"assay_baseline": 1, "findings": {"a": ["x"]}}', b"\xff"],
    ids=["empty", "a list", "another version", "other findings", "not text"],
)
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        baseline.read(path)
    assert caught.value.code == "E381"
    assert str(path) in str(caught.value)


def test_a_folder_that_does_not_exist_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="E381"):
        baseline.write(tmp_path / "no" / "known.json", {})
