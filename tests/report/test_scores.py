"""The scorecard and the rule table against slow and obvious counting."""

from __future__ import annotations

import pytest

from assay.report.gather import gather
from assay.report.model import Cell, RuleRow, ScoreRow
from assay.report.render import status
from assay.rules.rule import DIMENSIONS
from tests.report.subjects import rows_of, ruleset_of, subject_of, table_of

ROWS = rows_of(3000)
RULESET = ruleset_of()
SUBJECT = subject_of(table_of(ROWS), ruleset=RULESET)
DATA = gather("support", [SUBJECT])
assert SUBJECT.decisions is not None
DECIDED = {row["record_id"]: row for row in SUBJECT.decisions.to_pylist()}


def in_domain(label: str) -> list[dict[str, object]]:
    wanted = None if label == "not given" else label
    return [row for row in ROWS if label == "All records" or row["domain"] == wanted]


@pytest.mark.parametrize("row", DATA.scores, ids=lambda row: row.label)
def test_each_cell_counts_what_a_loop_counts(row: ScoreRow) -> None:
    mine = in_domain(row.label)
    assert row.rows == len(mine)
    for dimension in DIMENSIONS:
        judged = {r.name for r in RULESET.rules if r.dimension == dimension and r.action in ("drop", "review")}
        cell = row.scores.get(dimension)
        if not judged:
            assert cell is None or cell.share is None
            continue
        decided = [DECIDED[r["record_id"]] for r in mine]
        failed = sum(bool(judged & set(d["rules"])) for d in decided)
        unknown = sum(judged <= set(d["unknown"]) for d in decided)
        assert cell is not None
        assert (cell.failed, cell.unknown, cell.passed) == (failed, unknown, len(mine) - failed - unknown)


def test_a_dimension_that_only_warns_has_no_score() -> None:
    assert all(row.scores.get("timeliness") is None or row.scores["timeliness"].share is None for row in DATA.scores)


@pytest.mark.parametrize("row", DATA.rules + DATA.silent_rules, ids=lambda row: row.rule.name)
def test_a_rule_counts_its_records_in_all_and_by_domain(row: RuleRow) -> None:
    name = row.rule.name
    fired = [r for r in ROWS if name in DECIDED[r["record_id"]]["rules"]]
    assert row.fired == len(fired) == sum(row.by_domain.values())
    removing = {r.name for r in RULESET.rules if r.action in ("drop", "review")}
    alone = [r for r in fired if set(DECIDED[r["record_id"]]["rules"]) & removing == {name}]
    assert row.alone == len(alone)


def test_rows_is_kept_plus_review_plus_dropped() -> None:
    assert DATA.counts["rows"] == DATA.counts["keep"] + DATA.counts["review"] + DATA.counts["drop"] == len(ROWS)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (Cell(95, 5, 0, 0.95), "meets"),
        (Cell(94, 6, 0, 0.94), "below"),
        (Cell(84, 16, 0, 0.84), "far"),
        (Cell(90, 0, 10, 0.90), "below"),
        (Cell(95, 5, 0, 0.475, 100), "part"),
        (Cell(90, 10, 0, 0.45, 100), "below"),
        (Cell(0, 0, 0, None), "none"),
        (None, "none"),
    ],
    ids=[
        "at the target",
        "under it",
        "far under it",
        "unknown rows do not pass",
        "not judged everywhere",
        "below where judged",
        "not measured",
        "no cell",
    ],
)
def test_a_cell_meets_its_target_only_by_passing_rows(cell: Cell | None, said: str) -> None:
    assert status(cell, 0.95) == said


def test_rows_of_datasets_that_no_rule_judges_are_counted_apart_and_do_not_pass() -> None:
    bare = subject_of(table_of(rows_of(500, 1)), dataset="bare.qa")
    data = gather("both", [SUBJECT, bare])
    total = data.scores[0].scores["uniqueness"]
    assert (total.rows, total.unmeasured) == (3000, 500)
    assert total.share == total.passed / 3500
    assert total.share_judged == total.passed / 3000


def test_one_rule_is_one_row_over_all_datasets() -> None:
    other = subject_of(table_of(rows_of(500, 1)), dataset="other.qa", ruleset=RULESET)
    data = gather("both", [SUBJECT, other])
    alone = {row.rule.name: row for row in DATA.rules + DATA.silent_rules}
    for row in data.rules + data.silent_rules:
        assert row.datasets == ("support.qa", "other.qa")
        assert row.rows == sum(row.sizes.values()) == 3500
        assert row.fired == sum(row.by_domain.values()) >= alone[row.rule.name].fired


def test_many_domains_are_folded_into_others_and_still_add_up() -> None:
    rows = rows_of(2000)
    for i, row in enumerate(rows):
        row["domain"] = f"d{i % 37:02d}"
    data = gather("many", [subject_of(table_of(rows), ruleset=RULESET)])
    assert len(data.domain_rows) == 12
    assert sum(data.domain_rows.values()) == 2000
    assert all(sum(row.by_domain.values()) == row.fired for row in data.rules)
