"""How a result ranks, fails, prints and becomes JUnit: made-up problems, no data."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.flows.check import junit
from assay.flows.check.render import percent, size
from assay.flows.check.results import (
    Baseline,
    CheckResult,
    FileRead,
    NotMeasured,
    Problem,
    Proof,
    Severity,
    Tokens,
    rank,
)


def problem(rule: str, severity: Severity, count: int, *, new: int | None = None) -> Problem:
    return Problem(
        rule=rule,
        dimension="uniqueness",
        severity=severity,
        count=count,
        share=count / 1000,
        examples=["a/very/long/folder/name/data.jsonl:12", "b.csv:7"],
        why=["same as data.jsonl:3  " + "word " * 40, "\x00\x1b[31m <&> control"],
        what="the same content as an earlier record; keep the first one only, because a model learns it twice " * 2,
        fix="assay ingest data data.jsonl && assay decide data --rules default",
        new=new,
    )


def result(*problems: Problem, **changes: object) -> CheckResult:
    fields = {
        "kinds": {"qa": 990, "classification": 7},
        "records": 1000,
        "unreadable": 3,
        "problems": rank(list(problems)),
        "not_measured": [NotMeasured(what="timeliness", kinds=["qa"], why="no as_of", fix="assay check X")],
        "tokens": Tokens(
            exact=False,
            method="an estimate",
            total=123456,
            trained=1234,
            by_kind={"qa": 123456},
            median=10,
            p99=99,
            longest=1000,
            longest_at="b.csv:7",
            max_length=512,
            truncated=2,
            zero=1,
        ),
        "proof": [Proof(fault="an exact copy", kind="qa", rule="exact_duplicate", planted=5, caught=5)],
        "files": [
            FileRead(path="b.csv", format="csv", records=1000, unreadable=3, kinds={"qa": 990}, why={}, bytes=12345)
        ],
        "checks": ["exact_duplicate", "empty_content"],
        "bytes": 12345,
    }
    return CheckResult(**{**fields, **changes})  # type: ignore[arg-type]  # a table of fields, checked by msgspec below


def test_severity_times_records_orders_the_list() -> None:
    ranked = rank([problem("n", "note", 900), problem("w", "warning", 100), problem("e", "error", 9)])
    assert [p.rule for p in ranked] == ["w", "e", "n"]


def test_equal_scores_put_the_severer_first() -> None:
    assert [p.rule for p in rank([problem("w", "warning", 10), problem("e", "error", 1)])] == ["e", "w"]


@pytest.mark.parametrize(
    ("found", "status", "code"),
    [
        (result(), "ok", 0),
        (result(problem("w", "warning", 5), problem("n", "note", 5)), "ok", 0),
        (result(problem("e", "error", 1)), "failed", 1),
        (result(problem("e", "error", 5, new=0)), "ok", 0),
        (result(problem("e", "error", 5, new=1)), "failed", 1),
        (result(proof=[Proof(fault="f", kind="qa", rule="r", planted=2, caught=1)]), "failed", 1),
        (result(proof=[Proof(fault="f", kind="qa", rule="r", planted=0, caught=0, why="no text")]), "ok", 0),
        (result(records=0, kinds={}, unreadable=0), "nothing read", 5),
    ],
    ids=[
        "nothing found",
        "warnings and notes do not fail",
        "an error fails",
        "an error the baseline holds does not fail",
        "a new error fails",
        "a proof that missed fails",
        "a fault that cannot be planted is no miss",
        "no record at all",
    ],
)
def test_exit_code(found: CheckResult, status: str, code: int) -> None:
    assert (found.status, found.exit_code) == (status, code)


def test_json_has_the_fields_of_the_command_contract() -> None:
    body = msgspec.json.decode(msgspec.json.encode(result(problem("e", "error", 1)).as_json()))
    assert {"kinds", "records", "problems", "not_measured", "tokens"} <= set(body)
    assert {"rule", "dimension", "severity", "count", "share", "examples", "fix"} <= set(body["problems"][0])
    assert "places" not in body["problems"][0]


def test_every_line_fits_100_columns_and_has_no_control_codes() -> None:
    lines = result(problem("e", "error", 400), problem("a_rule_with_a_long_name", "note", 1)).lines()
    assert [line for line in lines if len(line) > 100] == []
    assert not re.search("[\x00-\x08\x1b]", "\n".join(lines))


def test_the_drawn_text_says_the_same_as_the_plain_lines() -> None:
    found = result(
        problem("e", "error", 400, new=3), baseline=Baseline(path="k", written=False, known=1, new=3, gone=0)
    )
    drawn = found.__rich__().plain.split("\n")
    assert [line.rstrip() for line in drawn] == found.lines()


def test_a_clean_result_says_that_nothing_was_found_by_what_ran() -> None:
    assert "No problems found by the checks that ran." in result().lines()


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_a_percentage_never_hides_a_part(part: int, more: int) -> None:
    shown = percent(part / (part + more))
    assert shown not in ("0.0 %", "100.0 %")


def test_sizes_read_well() -> None:
    assert [size(n) for n in (12, 1500, 2_500_000, 3_000_000_000_000)] == ["12 B", "1.5 kB", "2.5 MB", "3000.0 GB"]


def cases(found: CheckResult) -> dict[str, ElementTree.Element]:
    from assay.flows.junit import junit_xml

    root = ElementTree.fromstring(junit_xml("assay check", junit.suites(found)))
    return {str(case.get("name")): case for case in root.iter("testcase")}


def test_junit_has_a_case_per_check_with_failures_only_for_what_fails() -> None:
    found = cases(
        result(problem("exact_duplicate", "error", 3), problem("old", "error", 9, new=0), problem("w", "warning", 2))
    )
    assert found["exact_duplicate"].find("failure") is not None
    assert found["empty_content"].find("failure") is None
    assert found["old"].find("failure") is None
    assert found["w"].find("failure") is None
    assert found["w"].find("system-out") is not None
    assert found["timeliness (qa)"].find("skipped") is not None


def test_junit_names_more_places_than_the_screen() -> None:
    many = msgspec.structs.replace(problem("e", "error", 5), places=[f"f:{i}" for i in range(1, 5)])
    failure = cases(result(many))["e"].find("failure")
    assert failure is not None
    assert failure.text is not None
    assert "f:4" in failure.text
    assert "and 1 more" in failure.text


def test_junit_without_records_fails() -> None:
    assert cases(result(records=0, kinds={}))["something was read"].find("failure") is not None


def test_a_junit_file_that_cannot_be_written_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="E382"):
        junit.write(tmp_path / "file" / "x.xml", result())
