"""Which equations in prose are judged, and how."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.text.arithmetic import equations


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        pytest.param("48/2 = <<48/2=24>>24", [True], id="GSM8K's annotation, once"),
        pytest.param("so 93/3 = 31 inches", [True], id="inside a sentence"),
        pytest.param("1) 48/2 = 25", [False], id="after a step number"),
        pytest.param("3+4=7, 7+1=9. Then (2+2)*2 = 8.", [True, False, True], id="several in a line"),
        pytest.param("A = (-9 - 5) = -14.", [True], id="a name first"),
        pytest.param("10/3 = 3.33", [True], id="cut at the decimals shown"),
        pytest.param("20/3 = 6.67", [True], id="rounded at the decimals shown"),
        pytest.param("20/3 = 6.76", [False], id="other decimals are wrong"),
        pytest.param("10/3 = 3", [], id="a whole number for a fraction is not judged"),
        pytest.param("10/3 = 5", [False], id="but not any whole number"),
        pytest.param("20% * 50 = 10 and 5/20 = 25%", [True, True], id="percent"),
        pytest.param("0.2 x 50 = $10", [True], id="x between numbers is times"),
        pytest.param("1,000 + 1,000 = 2,000", [True], id="thousands"),
        pytest.param("70 + 50 = 120 * 5/18 = 33.3", [True], id="a running total is not a claim"),
        pytest.param("2x + 3 = 7", [], id="algebra is not judged"),
        pytest.param("x - 5 + 2 = 3", [], id="nor what follows a name"),
        pytest.param("x^2 + 3 = 7", [], id="nor powers"),
        pytest.param("3 + 4 = 7y", [], id="nor a factor after it"),
        pytest.param("3 + 4 = 7 + y", [], id="nor a sum that goes on"),
        pytest.param("2(3+4) = 14", [], id="nor multiplication without a sign"),
        pytest.param("1 1/2 + 1/2 = 2", [], id="nor mixed numbers"),
        pytest.param("25 / 1/3 = 75", [], id="nor two divisions in a row"),
        pytest.param("9/0 = 3", [], id="nor a division by zero"),
        pytest.param("a = 5", [], id="a bare number computes nothing"),
        pytest.param("no numbers = none", [], id="words"),
        pytest.param("$2.50 - $2.24 = 26 cents", [True], id="dollars on the left and cents on the right"),
        pytest.param("$7500/75% = $100", [], id="nor a division by a percentage"),
        pytest.param("<<12=12>> <<12=13>>", [True, False], id="a bare number in an annotation is a claim"),
        pytest.param("<<+3+4=7>> <<3*+4=13>>", [True, False], id="an annotation may hold signs"),
        pytest.param("<<9//2=4>> <<8/2/2=3>>", [True, False], id="and be what calculators read"),
        pytest.param("<<10/3=3.33>> <<10/3=3.34>> <<10/3=3>>", [True, False, False], id="rounded or cut, no more"),
        pytest.param("<<1/3*5=1.6666666666666665>>", [True], id="and printed as a double"),
        pytest.param("=" * 300 + "1" * 100, [], id="a rule of signs"),
    ],
)
def test_equations(text: str, holds: list[bool]) -> None:
    assert [equation.holds for equation in equations(text)] == holds


terms = st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=6,
)


@given(left=terms, delta=st.integers(-2, 2))
def test_agrees_with_python_on_whole_results(left: str, delta: int) -> None:
    if "(" not in left:
        return
    try:
        value = eval(
            left.replace("(", "(").replace("/", "*F(1)/"), {"F": Fraction}
        )  # exact: every division is a Fraction
    except ZeroDivisionError:
        assert equations(f"so {left} = 1") == []
        return
    if Fraction(value).denominator != 1 or ("/ " in left and left.count("/") > 1):
        return
    found = equations(f"so {left} = {value + delta}")
    assert [equation.holds for equation in found] == [delta == 0]


@given(st.text(alphabet="0123456789+-*/=().,%$ xX<>a\n", max_size=60))
def test_never_fails_on_any_text(text: str) -> None:
    assert all(isinstance(equation.holds, bool) for equation in equations(text))


def test_gsm8ks_prose_nearly_always_holds(shared_data: Path) -> None:
    """Without annotations 34 of 19,992 equations do not hold; most are mistakes."""
    import re

    bare_wrong = bare = 0
    for line in (shared_data / "reasoning/gsm8k/train.jsonl").read_bytes().splitlines()[:2000]:
        found = equations(re.sub(r"<<[^>]*>>", "", msgspec.json.decode(line)["answer"]))
        bare_wrong, bare = bare_wrong + sum(not e.holds for e in found), bare + len(found)
    assert bare > 5000
    assert bare_wrong <= 0.004 * bare
