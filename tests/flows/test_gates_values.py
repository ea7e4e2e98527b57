"""Gates measured over decided rows, against counts made the slow way; and what never passes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.flows.decide import decide
from assay.flows.gate_rows import read_failing
from assay.flows.gate_values import check_gates
from assay.flows.gates import GateOutcome, parse_gate
from assay.rules import parse_ruleset
from assay.store import QuarantineEntry, Workspace
from tests.flows.world import Row, fill, qa, workspace

RULES = """
- {name: short, dimension: completeness, when: word_count < 6, action: review}
- {name: copy, dimension: uniqueness, when: duplicate_of is not null, action: drop}
- {name: old, dimension: timeliness, when: age_days > 365, action: drop, on_null: pass}
- {name: no_domain, dimension: consistency, when: "domain in ('a')", action: warn}
"""


def decided(ws: Workspace, rules: str = RULES) -> dict[str, Any]:
    found = decide(ws, "tickets", parse_ruleset(rules))
    return {part.dataset: {"version": part.version, "key": part.key} for part in found.datasets}


def check(ws: Workspace, made: dict[str, Any], entry: Any, **more: Any) -> GateOutcome:
    return check_gates(ws, [parse_gate(entry)], ["tickets"], made, **more)[0]


SAME = "the same again and again"


def rows() -> list[Row]:
    """Domain a: 4 rows, one short; b: 4 rows, three copies of one; one without a domain."""
    a = [qa(i, "no" if i == 1 else None, domain="a", path="one.jsonl") for i in range(4)]
    b = [qa(i, SAME, domain="b", path="two.jsonl") for i in range(4, 8)]
    return [*a, *b, qa(8, origin="model")]


@pytest.mark.parametrize(
    ("entry", "status", "value", "group"),
    [
        pytest.param("uniqueness >= 0.6", "pass", 6 / 9, None, id="over all rows"),
        pytest.param("uniqueness >= 0.5 in every domain", "fail", 1 / 4, "b", id="the worst domain decides"),
        pytest.param("uniqueness >= 0.2 in every domain", "pass", 1 / 4, "b", id="a value is told when passing too"),
        pytest.param("completeness >= 0.9 in every source", "fail", 3 / 4, "one.jsonl", id="by source file"),
        pytest.param("kept >= 5", "pass", 5, None, id="a count"),
        pytest.param("kept >= 2 in every domain", "fail", 1, "(none)", id="rows without a domain are a group"),
        pytest.param("dropped = 3", "pass", 3, None, id="dropped rows"),
        pytest.param("review <= 0", "fail", 1, None, id="rows to review"),
        pytest.param("rows >= 9 for tickets.qa", "pass", 9, None, id="one dataset"),
        pytest.param("drop_share <= 30%", "fail", 3 / 9, None, id="a share of rows"),
        pytest.param("drop_share <= 0.2 by rule", "fail", 3 / 9, "copy", id="no single rule may drop more"),
        pytest.param(
            "removed_share <= 0.5", "fail", 3 / 4, "copy in source two.jsonl", id="the alarm looks at sources"
        ),
        pytest.param("kept_share >= 0.5 in every origin", "pass", 4 / 8, "(none)", id="by origin"),
        pytest.param("mean(word_count) >= 5", "pass", None, None, id="a mean"),
        pytest.param("min(word_count) >= 5", "fail", 4, None, id="a minimum"),
        pytest.param("null_share(domain) <= 0.1", "fail", 1 / 9, None, id="share of nulls in a field"),
        pytest.param("share(word_count < 6) <= 0.1", "fail", 1 / 9, None, id="share of a condition"),
        pytest.param(
            {"gate": "completeness", "warn_if": "< 95%", "error_if": "< 0.5"}, "warn", 8 / 9, None, id="a warning"
        ),
    ],
)
def test_values(tmp_path: Path, entry: Any, status: str, value: float | None, group: str | None) -> None:
    ws, _ = workspace(tmp_path, rows()[:5], rows()[5:])
    found = check(ws, decided(ws), entry)
    assert (found.status, found.group) == (status, group)
    assert found.value is not None
    if value is not None:
        assert found.value == pytest.approx(value)
    assert f"{found.value:.6g}" in str(found)


def test_failing_rows_are_noted_and_can_be_shown(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows())
    found = check(ws, decided(ws), "uniqueness >= 0.9 in every domain")
    assert found.rows is not None
    listed = read_failing(ws, found.rows).to_pylist()
    assert [(row["dataset"], row["record_id"], row["group"]) for row in listed] == [
        ("tickets.qa", f"q{i:04d}", "b") for i in (5, 6, 7)
    ]
    assert found.rows.examples == ["tickets.qa q0005", "tickets.qa q0006", "tickets.qa q0007"]
    assert data.take([row["record_id"] for row in listed]).num_rows == 3


def test_rows_of_groups_that_pass_are_not_among_the_failing(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    found = check(ws, decided(ws), "kept_share >= 0.5 in every domain")
    assert found.rows is not None
    assert set(read_failing(ws, found.rows)["group"].to_pylist()) == {"b"}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        pytest.param(
            "accuracy >= 0", "no drop or review rule judges the accuracy of qa", id="a dimension without rules"
        ),
        pytest.param("consistency >= 0", "no drop or review rule", id="warn rules do not judge"),
        pytest.param("timeliness >= 0", "9 of 9 unknown", id="rules that were unknown everywhere"),
        pytest.param("mean(age_days) <= 1000000", "age_days is unknown on 9 of 9", id="an all-null signal"),
        pytest.param("share(age_days > 5) <= 1", "9 of 9 unknown", id="a condition unknown everywhere"),
        pytest.param("mean(char_count) >= 0", "not measured", id="a signal that was not measured"),
        pytest.param("null_share(char_count) <= 1", "no char_count", id="nulls of a signal that was not measured"),
        pytest.param("mean(prompt) >= 0", "not measured", id="the mean of a text"),
        pytest.param("kept >= 0 for other", "dataset other has no decided rows", id="a dataset that is not there"),
        pytest.param({"gate": "kept", "error_if": "< 0", "min_rows": 100}, "no group has 100 rows", id="too few rows"),
    ],
)
def test_what_was_not_measured_never_passes(tmp_path: Path, entry: Any, reason: str) -> None:
    ws, _ = workspace(tmp_path, rows())
    found = check(ws, decided(ws), entry)
    assert (found.status, found.value) == ("error", None)
    assert reason in found.reason


@pytest.mark.parametrize("entry", ["kept >= 0", "uniqueness >= 0 in every domain", "quarantined <= 9", "counts_add_up"])
def test_an_empty_input_never_passes(tmp_path: Path, entry: str) -> None:
    ws = Workspace.init(tmp_path / "ws")
    assert check(ws, {}, entry).status == "error"


def test_unknown_rows_speak_against_the_gate(tmp_path: Path) -> None:
    made = [*rows(), qa(9, domain="c")]
    ws, _ = workspace(tmp_path, made)
    rules = RULES + "- {name: odd, dimension: accuracy, when: length(domain) > 1, action: review}\n"
    at_least, at_most = (check(ws, decided(ws, rules), text) for text in ("accuracy >= 0.9", "accuracy <= 0.9"))
    assert at_least.value == pytest.approx(0.9)  # 9 passed, 1 unknown
    assert (at_least.status, at_most.status) == ("pass", "fail")
    assert "1 of 10 unknown" in at_least.reason


def test_counts_that_do_not_add_up_fail(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    made = decided(ws)
    good = {"ingest:tickets": {"read": 12, "added": 9, "duplicates": 1, "quarantined": 2}}
    bad = {"ingest:tickets": {"read": 13, "added": 9, "duplicates": 1, "quarantined": 2}}
    assert check(ws, made, "counts_add_up", ingested=good).status == "pass"
    found = check(ws, made, "counts_add_up", ingested=bad)
    assert (found.status, found.value) == ("fail", 1)
    assert "13 read" in found.reason


def test_quarantined_records_are_counted(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    entries = [
        QuarantineEntry(dataset="tickets", file="a.jsonl", reason="broken_json", detail="", row=i) for i in range(3)
    ]
    ws.ledger.quarantine_add(entries)
    assert check(ws, decided(ws), "quarantined <= 2").value == 3
    assert check(ws, decided(ws), "quarantined_share <= 0.25").status == "pass"


def test_kinds_together_and_apart(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    fill(ws, "tickets.classification", [[{"record_id": "c1", "text": "hello there you", "label": "x", "domain": "a"}]])
    made = decided(ws)
    assert check(ws, made, "rows >= 10").value == 10
    assert check(ws, made, "completeness >= 0.5 in every kind").group == "classification"
    assert check(ws, made, "rows >= 5 in every domain for tickets.qa").group == "(none)"


def slow_share(made: Sequence[Row], passing: set[int], domain: str | None) -> float:
    mine = [i for i, row in enumerate(made) if row.get("domain") == domain]
    return sum(i in passing for i in mine) / len(mine)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from(["x", "y", "z z z z"])), min_size=1, max_size=9
    )
)
def test_uniqueness_by_domain_agrees_with_counting(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str | None, str]]
) -> None:
    made = [qa(i, answer, domain=domain) for i, (domain, answer) in enumerate(drawn)]
    ws, _ = workspace(tmp_path_factory.mktemp("ws"), made)
    firsts = {answer: i for i, (_, answer) in reversed(list(enumerate(drawn)))}
    expected = {domain or "(none)": slow_share(made, set(firsts.values()), domain) for domain, _ in drawn}
    found = check(ws, decided(ws), "uniqueness >= 0 in every domain")
    assert found.groups == pytest.approx(expected)
    assert found.value == pytest.approx(min(expected.values()))


def test_the_alarm_leaves_small_sources_out_but_never_a_kind(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    found = check(ws, decided(ws), {"gate": "removed_share", "warn_if": "> 0.5", "min_rows": 5})
    assert (found.status, found.group) == ("pass", "copy in kind qa")
    assert set(found.groups) == {"copy in kind qa", "old in kind qa", "short in kind qa"}
