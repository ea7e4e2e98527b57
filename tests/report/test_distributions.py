"""Distributions: every known value is in a bar or said to be beyond the axis; thresholds stand where the rule says."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.report.charts import histogram, is_discrete
from assay.report.distributions import distributions_of, number
from assay.report.model import Constant, Distribution, SignalInfo
from assay.report.rows import read_rows
from assay.report.svg import nice_step
from assay.report.thresholds import thresholds_for
from assay.rules import parse_rules
from tests.report.subjects import rows_of, ruleset_of, subject_of, table_of

TABLE = table_of(rows_of(400))
RULESET = ruleset_of()


def drawn(values: list[Any], dtype: pa.DataType) -> Distribution | Constant | None:
    """What becomes of a signal with these values."""
    table = TABLE.slice(0, len(values)).append_column("s", pa.array(values, dtype))
    subject = subject_of(table, ruleset=RULESET)
    rows = read_rows(subject)
    object.__setattr__(rows.subject, "signals", [SignalInfo("s", "", None)])
    charts, constants = distributions_of(rows, 9)
    return (charts or constants or [None])[0]


def accounted(chart: Distribution) -> int:
    return sum(b.total for b in chart.bins) + chart.unknown + chart.beyond


finite = st.floats(-1e12, 1e12, allow_subnormal=False)


@settings(max_examples=60)
@given(st.lists(st.none() | finite, min_size=1, max_size=200))
def test_every_float_is_counted(values: list[float | None]) -> None:
    found = drawn(values, pa.float64())
    if isinstance(found, Distribution):
        assert accounted(found) == len(values)
        histogram(found) if found.form != "bars" or is_discrete(found) else None
    else:
        assert len({v for v in values if v is not None}) <= 1


@settings(max_examples=60)
@given(st.lists(st.none() | st.integers(-(10**9), 10**9) | st.integers(0, 5), min_size=1, max_size=200))
def test_every_whole_number_is_counted(values: list[int | None]) -> None:
    found = drawn(values, pa.int64())
    if isinstance(found, Distribution):
        assert accounted(found) == len(values)
    else:
        assert len({v for v in values if v is not None}) <= 1


def test_bars_of_whole_numbers_hold_equally_many_values() -> None:
    found = drawn([*range(100)] * 3, pa.int64())
    assert isinstance(found, Distribution)
    assert {round(b.end - b.start, 9) for b in found.bins} == {3.0}


def test_a_heavy_tail_is_drawn_on_a_log_axis() -> None:
    found = drawn([*([1, 2, 3, 4, 5] * 40), *range(10, 2000, 20)], pa.int64())
    assert isinstance(found, Distribution)
    assert found.form == "log"


def test_one_far_outlier_does_not_squeeze_the_rest() -> None:
    found = drawn([float(i % 50) / 7 for i in range(300)] + [1e6], pa.float64())
    assert isinstance(found, Distribution)
    assert found.bins[-1].end < 100
    assert found.beyond == 1
    assert found.high == 1e6


def test_a_signal_unknown_everywhere_is_said_to_be_unknown() -> None:
    found = drawn([None, None], pa.float64())
    assert isinstance(found, Constant)
    assert (found.value, found.unknown) == ("unknown", 2)


def test_rare_categories_are_folded_and_counted() -> None:
    found = drawn([f"l{i % 20}" for i in range(200)], pa.large_string())
    assert isinstance(found, Distribution)
    assert found.bins[-1].label == "12 others"
    assert accounted(found) == 200


def test_ids_are_not_drawn() -> None:
    assert drawn([f"id-{i}" for i in range(300)], pa.large_string()) is None


@pytest.mark.parametrize(
    ("when", "limits"),
    [
        ("x > 0.9", [(0.9, ">")]),
        ("0.9 < x", [(0.9, ">")]),
        ("x < 3 or x >= 10 and y > 2", [(3.0, "<"), (10.0, ">=")]),
        ("x < -0.5", [(-0.5, "<")]),
        ("not (x > 2)", []),
        ("x / y > 2", []),
        ("x = 2", []),
        ("y > 2", []),
    ],
)
def test_thresholds_are_the_plain_comparisons(when: str, limits: list[tuple[float, str]]) -> None:
    rules = parse_rules(f"rules:\n  - {{name: r, dimension: validity, when: {when!r}, action: drop}}\n")
    assert [(t.value, t.operator) for t in thresholds_for("x", rules)] == limits


def test_a_chart_draws_its_threshold_between_the_bars_it_parts() -> None:
    found = drawn([0, 0, 0, 1, 2, 2], pa.int64())
    assert isinstance(found, Distribution)
    rules = parse_rules("rules:\n  - {name: r, dimension: validity, when: s > 0, action: drop}\n")
    svg = histogram(Distribution(**{**vars(found), "thresholds": thresholds_for("s", rules)}))
    assert "&gt; 0 drop" in svg
    # Three bars on a plot from 6 to 354: the line after the first is a third of the way.
    assert 'x1="122.0" x2="122.0"' in svg


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.0001, "<0.001"), (0.0346, "0.0346"), (12.0, "12"), (12345.6, "12,346"), (2_500_000.0, "2.5M")],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert number(value) == shown


@given(st.floats(1e-6, 1e9))
def test_tick_steps_are_one_two_or_five(span: float) -> None:
    step = nice_step(span)
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert round(mantissa, 6) in (1.0, 2.0, 5.0, 10.0)
    assert 1 <= span / step <= 5.0001
