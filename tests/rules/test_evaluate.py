"""Verdicts: three-valued, all rules listed, drop beats review beats warn, keep takes back what it names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError, UserErrors
from assay.rules import evaluate, parse_rules, parse_ruleset, reason, scorecard
from assay.rules.evaluate import check_types

TABLE = pa.table(
    {
        "record_id": pa.array(["a", "b", "c"], pa.large_string()),
        "n": pa.array([1, 0, None], pa.int64()),
        "share": pa.array([0.94, 0.1, None], pa.float32()),
        "label": pa.array(["x", None, "3"], pa.large_string()),
        "tags": pa.array([["gold"], [], None], pa.list_(pa.large_string())),
        "source": pa.array([{"path": "p"}, {"path": "q"}, None], pa.struct([("path", pa.large_string())])),
        "domain": pa.array(["law", "law", None], pa.large_string()),
    }
)


def rule(when: str, action: str = "review", **more: Any) -> str:
    fields = {"name": "r", "dimension": "validity", "when": when, "action": action, **more}
    return "- " + "\n  ".join(f"{name}: {value!r}" for name, value in fields.items()) + "\n"


def verdicts(*rules: str, table: pa.Table = TABLE) -> list[dict[str, Any]]:
    return evaluate(parse_rules("".join(rules)), table, "qa").to_pylist()


@pytest.mark.parametrize(
    ("on_null", "action", "rules", "unknown"),
    [
        pytest.param("pass", "keep", [], ["r"], id="pass: unknown does nothing"),
        pytest.param("fire", "drop", ["r"], ["r"], id="fire: unknown is as bad as true"),
        pytest.param("review", "review", ["r"], ["r"], id="review: unknown is looked at"),
    ],
)
def test_on_null_decides_the_third_value(on_null: str, action: str, rules: list[str], unknown: list[str]) -> None:
    third = verdicts(rule("n > 5", "drop", on_null=on_null))[2]
    assert third == {"record_id": "c", "action": action, "rules": rules, "unknown": unknown}


def test_division_by_zero_is_unknown_and_the_other_rows_are_judged() -> None:
    found = verdicts(rule("1 / n > 0.5"))
    assert [row["rules"] for row in found] == [["r"], [], []]
    assert [row["unknown"] for row in found] == [[], ["r"], ["r"]]


def test_every_rule_that_fired_is_listed_and_the_strongest_decides() -> None:
    found = verdicts(
        rule("n = 1", "warn", name="w"), rule("n = 1", "drop", name="d"), rule("n <= 1", "review", name="v")
    )
    assert [(row["action"], row["rules"]) for row in found] == [
        ("drop", ["d", "v", "w"]),
        ("review", ["v"]),
        ("keep", []),
    ]


def test_keep_takes_back_only_the_rules_it_names_and_they_stay_listed() -> None:
    gold = rule("list_contains(tags, 'gold')", "keep", name="k", overrides=["d"])
    drop = rule("n <= 1", "drop", name="d")
    assert [row["action"] for row in verdicts(drop, gold)] == ["keep", "drop", "keep"]
    assert verdicts(drop, gold)[0]["rules"] == ["d", "k"]
    assert verdicts(drop, gold, rule("n = 1", "review", name="v"))[0]["action"] == "review"


@pytest.mark.parametrize(
    ("when", "fired"),
    [
        pytest.param("source.path = 'p'", [True, False, None], id="a member of a struct"),
        pytest.param("len(tags) = 0", [False, True, None], id="the length of a list"),
        pytest.param("TRY(label::int) > 2", [None, None, True], id="a cast that may fail"),
        pytest.param("share > 0.9", [True, False, None], id="a float against a decimal"),
        pytest.param("coalesce(n, 9) > 5", [False, False, True], id="coalesce"),
        pytest.param("n is null", [False, False, True], id="is null"),
        pytest.param("label like 'x%' and n = 1", [True, False, False], id="false and unknown is false"),
        pytest.param("len(list_filter(tags, lambda t: t = 'gold')) > 0", [True, False, None], id="a lambda"),
        pytest.param("true", [True, True, True], id="a constant"),
    ],
)
def test_what_expressions_mean(when: str, fired: list[bool | None]) -> None:
    found = verdicts(rule(when))
    got = [None if "r" in row["unknown"] else "r" in row["rules"] for row in found]
    assert got == fired


def test_rules_of_other_kinds_are_left_out() -> None:
    assert all(row["rules"] == row["unknown"] == [] for row in verdicts(rule("n = 1", kinds=["classification"])))


def test_a_missing_column_is_an_error_unless_it_is_said_to_be_unmeasured() -> None:
    rules = parse_rules(rule("sharee > 1"))
    with pytest.raises(UserErrors, match=r"no field or signal called 'sharee'.*\n.*did you mean 'share'"):
        evaluate(rules, TABLE, "qa")
    found = evaluate(rules, TABLE, "qa", unmeasured={"sharee"}).to_pylist()
    assert all(row["unknown"] == ["r"] and row["action"] == "keep" for row in found)


@pytest.mark.parametrize(
    ("when", "code", "what"),
    [
        pytest.param("n + 1", "E212", "not true or false", id="a number"),
        pytest.param("label > 3", "E212", "cast", id="a text against a number"),
        pytest.param("label::int > 3", "E214", "TRY", id="a value that cannot be cast"),
    ],
)
def test_a_rule_that_does_not_fit_is_named(when: str, code: str, what: str) -> None:
    with pytest.raises(UserError) as caught:
        verdicts(rule("n = 1", name="fine"), rule(when))
    assert caught.value.code == code
    assert "rule 'r'" in str(caught.value)
    assert "'fine'" not in str(caught.value)
    assert what in str(caught.value)


def test_types_are_checked_before_there_are_rows() -> None:
    rules = parse_rules(rule("n + 1", kinds=["qa"]))
    with pytest.raises(UserErrors, match="not true or false"):
        check_types(rules, {"qa": {"n": pa.int64()}})


def test_no_rows_and_no_rules_give_empty_answers() -> None:
    assert verdicts(rule("n = 1"), table=TABLE.slice(0, 0)) == []
    none = evaluate([], TABLE, "qa").to_pylist()
    assert [row["action"] for row in none] == ["keep"] * 3


@given(st.lists(st.none() | st.integers(-2, 2), max_size=8), st.integers(0, 8))
def test_verdicts_depend_on_the_row_alone(values: list[int | None], cut: int) -> None:
    table = pa.table(
        {
            "record_id": pa.array([str(i) for i in range(len(values))], pa.large_string()),
            "n": pa.array(values, pa.int64()),
        }
    )
    rules = parse_rules(rule("1 / n > 0", on_null="review"))
    whole = evaluate(rules, table, "qa").to_pylist()
    parts = evaluate(rules, table.slice(0, cut), "qa").to_pylist() + evaluate(rules, table.slice(cut), "qa").to_pylist()
    assert parts == whole
    slow = [(None if not n else 1 / n > 0) for n in values]
    assert [row["action"] for row in whole] == ["keep" if s is False else "review" for s in slow]


@pytest.mark.parametrize(
    ("when", "told"),
    [
        pytest.param("share > 0.9", "share 0.94 > 0.9", id="a comparison"),
        pytest.param("share > 0.9 and n = 1", "share 0.94 > 0.9 and n 1 = 1", id="and"),
        pytest.param("n > 5 or share > 0.9", "share 0.94 > 0.9", id="or tells the side that holds"),
        pytest.param("label is null or n = 1", "n 1 = 1", id="or with is null"),
        pytest.param("share / n > 0.9", "share / n (n 1, share 0.94) > 0.9", id="a computed side"),
        pytest.param("n between 0 and 2", "n 1 between 0 and 2", id="between"),
        pytest.param("len(tags) > 0", "len(tags) (tags gold) > 0", id="a function"),
        pytest.param("source.path = 'p'", "source.path p = p", id="a member"),
    ],
)
def test_a_reason_is_made_from_the_rule_and_the_row(when: str, told: str) -> None:
    (one,) = parse_rules(rule(when))
    assert reason(one, TABLE.to_pylist()[0]) == told


def test_a_written_reason_shows_values_and_nothing_else() -> None:
    (one,) = parse_rules(rule("label = 'x'", reason="labelled {label}, {not a place}"))
    assert reason(one, {"label": "{n} " + "y" * 100}) == "labelled {n} " + "y" * 53 + "..., {not a place}"
    assert reason(one, {}) == "labelled unknown, {not a place}"


def test_the_scorecard_counts_unknown_apart_and_never_as_passing() -> None:
    ruleset = parse_ruleset(
        rule("n = 1", "drop", name="d") + rule("share > 0.9", "review", name="v") + rule("n < 9", "warn", name="w")
    )
    decisions = evaluate(ruleset.rules, TABLE, "qa")
    scores = {(s.dimension, s.domain): s for s in scorecard(ruleset, decisions, TABLE["domain"], "qa")}
    everywhere = scores["validity", ""]
    assert (everywhere.passed, everywhere.failed, everywhere.unknown) == (1, 1, 1)
    assert everywhere.share == pytest.approx(1 / 3)
    assert scores["validity", "law"].share == pytest.approx(0.5)
    assert scores["validity", "(none)"].share is None
    assert scores["accuracy", ""].share is None, "a dimension without rules is not measured, not perfect"
    assert everywhere.rules == ("d", "v"), "a warning does not lower a score"
    for name in ("", "law", "(none)"):
        assert scores["validity", name].records == {"": 3, "law": 2, "(none)": 1}[name]


@pytest.mark.parametrize(("on_null", "failed"), [("pass", 1), ("review", 1), ("fire", 2)])
def test_only_on_null_fire_counts_the_unknown_as_failed(on_null: str, failed: int) -> None:
    ruleset = parse_ruleset(rule("n = 1", "drop", on_null=on_null))
    (score,) = (
        s
        for s in scorecard(ruleset, evaluate(ruleset.rules, TABLE, "qa"), TABLE["domain"], "qa")
        if (s.dimension, s.domain) == ("validity", "")
    )
    assert (score.failed, score.unknown) == (failed, 2 - failed)


def test_the_database_reaches_nothing_outside(tmp_path: Path) -> None:
    from assay.rules.sql import connect

    table, out = tmp_path / "t.csv", tmp_path / "out.csv"
    table.write_text("a\n1\n")
    for asked in (f"SELECT * FROM '{table}'", f"COPY (SELECT 1) TO '{out}'", "SET threads = 4", "INSTALL httpfs"):
        with pytest.raises(duckdb.Error):
            connect().execute(asked).fetchall()
    assert not out.exists()


def test_hashes_and_verdicts_do_not_depend_on_the_hash_seed() -> None:
    code = "from assay.rules import load_ruleset as l; r = l('default'); print(r.hash, [x.name for x in r.rules][:5])"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
