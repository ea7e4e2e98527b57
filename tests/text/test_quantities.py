"""Quantities claimed twice, and numbers left out of a numbering."""

from __future__ import annotations

import pytest

from assay.text.quantities import contradictions, skipped_numbers


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        pytest.param(["A = 3 + 4 = 7.", "So A = 8, and B = 2."], ["A: 7, 8"], id="the same name, another value"),
        pytest.param(["total cost = $45", "total cost = 54 dollars"], [], id="another unit may be another quantity"),
        pytest.param(["total cost = $45", "total cost = $54"], ["total cost: $45, $54"], id="a name of two words"),
        pytest.param(["A = 7.", "A = 14/2 = 7"], [], id="the same value"),
        pytest.param(["x = 3.333", "x = 3.33"], [], id="a rounding"),
        pytest.param(["If x = 3 it fits.", "If x = 4 it does not."], [], id="cases"),
        pytest.param(["x = 3", "Now x = 4"], [], id="a new value"),
        pytest.param(["x = 3", "y + x = 5"], [], id="an equation is no claim"),
        pytest.param(["a = 3", "A = 4"], [], id="case tells names apart"),
        pytest.param(["x = 3y", "x = 4z"], [], id="algebra"),
    ],
)
def test_contradictions(steps: list[str], found: list[str]) -> None:
    assert contradictions(steps) == found


@pytest.mark.parametrize(
    ("steps", "indexes", "missing"),
    [
        pytest.param(["Step 1: a\nStep 2: b\nStep 4: d"], [None], [3], id="in one text"),
        pytest.param(["1) a", "2) b", "5) c"], [0, 1, 2], [3, 4], id="what people see comes before the index"),
        pytest.param(["a", "b"], [1, 3], [2], id="by the index"),
        pytest.param(["a", "b"], [0, 1], [], id="nothing missing"),
        pytest.param(["1) a", "1) b", "2) c"], [None] * 3, [], id="a repeated number skips nothing"),
        pytest.param(["a", "b"], [None, None], None, id="not numbered"),
    ],
)
def test_skipped_numbers(steps: list[str], indexes: list[int | None], missing: list[int] | None) -> None:
    assert skipped_numbers(steps, indexes) == missing
