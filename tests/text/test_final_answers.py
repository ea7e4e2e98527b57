"""Which answer a text states, and when two answers are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.text.final_answers import number, same_answer, stated_answer

pytest.importorskip("math_verify")


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        pytest.param("a\n#### 72", "72", id="GSM8K's mark"),
        pytest.param(r"so \boxed{\frac{1}{2}} it is", r"\frac{1}{2}", id="a box with braces in it"),
        pytest.param("x\nA: 18", "18", id="a line A:"),
        pytest.param("So the answer is 1244.", "1244", id="said in words"),
        pytest.param("The answer is 3. No: the answer is 4", "4", id="the last one counts, in one line too"),
        pytest.param(r"the answer is 3, or \boxed{4}", "4", id="a box after words"),
        pytest.param("nothing here 5", None, id="no mark"),
        pytest.param(r"\boxed{never closed", None, id="a box that stays open"),
    ],
)
def test_stated_answer(text: str, stated: str | None) -> None:
    assert stated_answer(text) == stated


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        pytest.param("1,234", "1234", True, id="thousands separators"),
        pytest.param("$18", "18 dollars", True, id="currency in two ways"),
        pytest.param("50%", "0.5", True, id="percent as a share"),
        pytest.param("50%", "50", True, id="percent without its sign"),
        pytest.param(r"$\frac{1}{2}$", "0.5", True, id="a LaTeX fraction"),
        pytest.param("1 1/2", "3/2", True, id="a mixed number"),
        pytest.param(r"1.2\times 10^{3}", "1200", True, id="a power of ten"),
        pytest.param("x = 5", "5", True, id="a name before it"),
        pytest.param("**12.**", "12", True, id="bold with a full stop"),
        pytest.param("3 cm", "4 cm", False, id="other numbers"),
        pytest.param("3 m", "300 cm", None, id="units are not converted"),
        pytest.param("-3", "3", False, id="signs count"),
        pytest.param(r"\boxed{3\sqrt{2}}", r"\sqrt{18}", True, id="roots"),
        pytest.param("x^2+1", "1+x^2", True, id="sums in any order"),
        pytest.param("x^2+1", "x^2-1", False, id="other polynomials"),
        pytest.param("(1,2)", "(1, 3)", False, id="pairs"),
        pytest.param("3,5", "3.5", None, id="a comma that may be a point"),
        pytest.param("(A)", "A", True, id="choices"),
        pytest.param("(A)", "(B) the other", False, id="other choices"),
        pytest.param("Yes", "true", True, id="verdicts"),
        pytest.param("Paris", "paris.", True, id="words in other case"),
        pytest.param("NYC", "New York", None, id="words that differ are not judged"),
        pytest.param("1/0", "{{", None, id="nonsense"),
    ],
)
def test_same_answer(left: str, right: str, same: bool | None) -> None:
    assert same_answer(left, right) is same
    assert same_answer(right, left) is same


@pytest.mark.parametrize(
    "huge",
    [
        "9^{9^{9}}",
        "9^{999999}",
        "100!",
        r"\int x^x dx",
        "(a+b+c+d+e)^{99}",
        "(x+1)^{(y+1)^{77}}",
        "1" * 201,
        "+".join("abcdefgh" * 9),
    ],
)
def test_what_sympy_could_take_for_ever_over_is_unknown_at_once(huge: str) -> None:
    assert same_answer(huge, "x^{99}+y+1") is None


@given(st.fractions(max_denominator=1000))
def test_a_fraction_is_read_exactly(value: object) -> None:
    found = number(str(value))
    assert found is not None
    assert found[0] == value


@given(
    st.text(alphabet="0123456789+-*/=().,%$ xA{}\\frac^sqt", max_size=30), st.sampled_from(["3", "x+1", r"\frac{1}{3}"])
)
def test_never_fails_on_any_text(text: str, other: str) -> None:
    assert same_answer(text, other) in (True, False, None)
    stated_answer(text)
