"""Thresholds have names: set once in the file, put into every condition, set again from outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UnknownName, UserError, UserErrors
from assay.records.schema import KIND_NAMES
from assay.rules import check_names, parse_ruleset, set_condition, set_thresholds
from assay.rules.sql import parse_expression
from assay.signals import known_columns

FILE = """
name: lengths
thresholds: {min_words: 5, max_words: 100}
rules:
  - {name: short, dimension: completeness, when: word_count < min_words, action: review}
  - {name: long, dimension: validity, when: word_count > max_words or len(text) > 9, action: drop}
"""


def test_a_threshold_stands_in_the_condition_as_its_number() -> None:
    ruleset = parse_ruleset(FILE)
    assert ruleset["short"].expression.sql == "(word_count < 5)"
    assert ruleset["short"].expression.names == ("word_count",)
    assert ruleset.thresholds == {"max_words": 100, "min_words": 5}


def test_it_says_the_same_as_the_number_written_out() -> None:
    written = FILE.replace("thresholds: {min_words: 5, max_words: 100}\n", "")
    written = written.replace("min_words", "5").replace("max_words", "100")
    assert parse_ruleset(written).hash == parse_ruleset(FILE).hash


def test_setting_one_changes_the_rules_that_use_it_and_no_others() -> None:
    before = parse_ruleset(FILE)
    after = set_thresholds(before, {"min_words": 30})
    assert after["short"].expression.sql == "(word_count < 30)"
    assert after["long"] is before["long"]
    assert after.hash == parse_ruleset(FILE.replace("min_words: 5", "min_words: 30")).hash


@given(st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e12, 1e12, allow_nan=False)))
def test_any_number_is_put_in_exactly(number: float) -> None:
    expression = parse_expression("word_count < limit_", thresholds={"limit_": number})
    text = expression.tree["right"]
    assert expression.names == ("word_count",)
    assert eval(expression.sql.removeprefix("(word_count < ").removesuffix(")")) == number, text


def test_a_lambdas_own_name_is_not_a_threshold() -> None:
    expression = parse_expression("len(list_filter(tags, lambda n: n > n2)) > n", thresholds={"n": 3, "n2": 4})
    assert "(n > 4)" in expression.sql
    assert expression.sql.endswith("> 3)")


def test_an_extended_preset_takes_other_thresholds() -> None:
    base = parse_ruleset("extends: default\nthresholds: {}\nrules: []")
    assert base.thresholds == {}  # the default rules have no thresholds; with some, see the published presets
    with pytest.raises(UserErrors, match="no rule uses the threshold 'min_word'"):
        parse_ruleset("extends: default\nthresholds: {min_word: 3}")


@pytest.mark.parametrize(
    ("thresholds", "what"),
    [
        pytest.param("{min_words: many}", "is no number", id="a word"),
        pytest.param("{min_words: true}", "is no number", id="a truth value"),
        pytest.param("{min_words: .nan}", "not a usable number", id="not a number"),
        pytest.param("{min words: 3}", "is no name", id="a name with a space"),
        pytest.param("[5]", "gives names numbers", id="a list"),
    ],
)
def test_what_is_no_threshold_is_said_with_its_line(thresholds: str, what: str) -> None:
    with pytest.raises(UserError, match=what) as caught:
        parse_ruleset(FILE.replace("{min_words: 5, max_words: 100}", thresholds), "r.yaml")
    assert "r.yaml:3" in str(caught.value)


def test_a_threshold_may_not_be_called_like_a_signal() -> None:
    text = FILE.replace("min_words", "char_count")
    known = {kind: known_columns(kind) for kind in KIND_NAMES}
    with pytest.raises(UserErrors, match="has the name of a field or signal"):
        check_names(parse_ruleset(text).rules, known)


def test_an_unknown_threshold_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'min_words'"):
        set_thresholds(parse_ruleset(FILE), {"min_word": 3})


def test_a_condition_can_be_set_and_still_knows_the_thresholds() -> None:
    ruleset = set_condition(parse_ruleset(FILE), "short", "word_count < min_words and len(text) < 9")
    assert ruleset["short"].expression.thresholds == (("min_words", 5),)
    with pytest.raises(UnknownName, match="did you mean 'short'"):
        set_condition(ruleset, "shorts", "true")
