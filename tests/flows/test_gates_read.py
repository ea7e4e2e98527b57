"""Gates as people write them: what is understood, and what every misreading says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.flows.gates import AXES, DIMENSIONS, Gate, parse_gate


@pytest.mark.parametrize(
    ("text", "name", "threshold"),
    [
        pytest.param(
            "uniqueness >= 0.95 in every domain", "uniqueness in every domain", ">= 0.95", id="a dimension by domain"
        ),
        pytest.param("kept >= 1000", "kept", ">= 1000", id="a count"),
        pytest.param("kept >= 1_000 for tickets.qa", "kept for tickets.qa", ">= 1000", id="one dataset, thousands"),
        pytest.param("drop_share <= 20% by rule", "drop_share by rule", "<= 0.2", id="percent, by rule"),
        pytest.param("completeness>=.9", "completeness", ">= 0.9", id="no spaces, no leading zero"),
        pytest.param("mean(word_count) > 20", "mean(word_count)", "> 20", id="an aggregate"),
        pytest.param(
            "share(len(text) < 5 and (a or b)) <= 0.1 in every kind",
            "share(len(text) < 5 and (a or b)) in every kind",
            "<= 0.1",
            id="a condition with brackets and comparisons in it",
        ),
        pytest.param("review == 0", "review", "= 0", id="two equal signs are one"),
        pytest.param("counts_add_up", "counts_add_up", "= 0", id="needs no number"),
    ],
)
def test_is_read(text: str, name: str, threshold: str) -> None:
    gate = parse_gate(text)
    assert (gate.name, gate.threshold) == (name, threshold)


def test_two_limits() -> None:
    gate = parse_gate({"gate": "completeness in every kind", "warn_if": "< 98%", "error_if": "< 0.9"})
    assert [gate.status(value) for value in (0.99, 0.98, 0.95, 0.9, 0.89)] == ["pass", "pass", "warn", "warn", "fail"]
    assert gate.threshold == "error_if < 0.9, warn_if < 0.98"


def test_warn_if_alone_never_fails() -> None:
    gate = parse_gate({"gate": "drop_share", "warn_if": "> 0.5", "name": "many drops", "min_rows": 10})
    assert (gate.name, gate.min_rows) == ("many drops", 10)
    assert [gate.status(value) for value in (0.5, 1.0)] == ["pass", "warn"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        pytest.param("uniquness >= 0.9", "did you mean 'uniqueness'", id="a misspelt metric"),
        pytest.param("uniqueness >= 0.9 in every domian", "did you mean 'domain'", id="a misspelt axis"),
        pytest.param("uniqueness", "compares with nothing", id="no limit"),
        pytest.param("uniqueness >= many", "cannot read", id="no number"),
        pytest.param("uniqueness >= 0.9 sometimes", "cannot read 'sometimes'", id="words left over"),
        pytest.param("uniqueness >= 0.9 by rule", "cannot be taken by rule", id="a dimension has no value per rule"),
        pytest.param("quarantined <= 3 in every domain", "cannot be taken by domain", id="quarantine has no domains"),
        pytest.param("mean >= 3", "needs something in brackets", id="an aggregate of nothing"),
        pytest.param("mean() >= 3", "needs something in brackets", id="empty brackets"),
        pytest.param("share(a < (b) >= 3", "needs something in brackets", id="a bracket left open"),
        pytest.param("", "no gate metric", id="empty text"),
        pytest.param(3, "a text or a mapping", id="a number"),
        pytest.param({"warn_if": "< 1"}, "a text or a mapping", id="a mapping without gate"),
        pytest.param({"gate": "kept", "warn_when": "< 1"}, "did you mean 'warn_if'", id="a misspelt key"),
        pytest.param({"gate": "kept", "warn_if": "few"}, "warn_if must be a comparison", id="a limit in words"),
        pytest.param({"gate": "kept >= 3", "warn_if": "< 9"}, "a limit in its text and in", id="limits in both places"),
        pytest.param({"gate": "kept", "warn_if": "< 9", "min_rows": 0}, "whole number from 1", id="min_rows of zero"),
    ],
)
def test_misreadings_say_what_and_where(entry: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        parse_gate(entry, at="recipe.yaml:7")
    assert caught.value.code == "E206"
    assert caught.value.at == "recipe.yaml:7"


@given(
    st.sampled_from(DIMENSIONS),
    st.sampled_from([">=", "<=", ">", "<", "="]),
    st.decimals(-1000, 1000, places=3),
    st.sampled_from([None, *(axis for axis in AXES if axis != "rule")]),
    st.sampled_from([None, "a.qa", "b"]),
)
def test_what_is_written_is_what_is_read(
    metric: str, op: str, number: Any, axis: str | None, dataset: str | None
) -> None:
    text = f"{metric} {op} {number}" + (f" in every {axis}" if axis else "") + (f" for {dataset}" if dataset else "")
    gate = parse_gate(text)
    assert gate.require is not None
    assert (gate.metric, gate.require.op, gate.axis, gate.dataset) == (metric, op, axis, dataset)
    assert gate.require.number == float(number)


@given(st.text(max_size=40))
def test_any_text_is_a_gate_or_a_user_error(text: str) -> None:
    try:
        found: Gate | str = parse_gate(text)
    except UserError as error:
        found = error.code
    assert isinstance(found, Gate) or found == "E206"
