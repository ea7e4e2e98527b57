"""Rules from YAML: what is accepted, and every mistake with its line and its cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.errors import UnknownName, UserError, UserErrors
from assay.records.schema import KIND_NAMES, columns_of
from assay.rules import check_names, columns_used, load_ruleset, parse_rules, parse_ruleset, presets
from assay.rules.sql import parse_expression

GOOD = """
- name: short_answer
  dimension: completeness
  kinds: [qa]
  when: len(best_answer) < 3 or best_answer is null
  action: review
"""
KNOWN = {kind: columns_of(kind) for kind in KIND_NAMES}


def errors_of(text: str) -> list[UserError]:
    with pytest.raises(UserErrors) as caught:
        parse_rules(text, "rules.yaml")
    return list(caught.value.errors)


def test_a_rule_has_sensible_defaults() -> None:
    (rule,) = parse_rules(GOOD)
    assert (rule.on_null, rule.severity, rule.overrides, rule.kinds) == ("pass", "warning", (), ("qa",))
    assert rule.expression.names == ("best_answer",)


def test_a_rule_without_kinds_is_for_all_nine() -> None:
    (rule,) = parse_rules("- {name: a, dimension: validity, when: text is null, action: warn}")
    assert rule.kinds == KIND_NAMES


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    found = errors_of(
        """- name: a
  dimension: complete
  when: label >
  kinds: [clasification]
  action: dorp
  wen: 1
- dimension: validity
  when: 3
  action: keep
"""
    )
    told = {(error.at, error.what.split(" - ")[0]) for error in found}
    assert ("rules.yaml:2", "no dimension 'complete'") in told
    assert ("rules.yaml:5", "no action 'dorp'") in told
    assert ("rules.yaml:6", "no field called 'wen'") in told
    assert ("rules.yaml:4", "no kind called 'clasification'") in told
    assert ("rules.yaml:7", "a rule needs 'name'") in told
    assert any(error.at == "rules.yaml:3" and error.code == "E212" for error in found)
    assert any(error.at == "rules.yaml:8" and "'when' must be text" in error.what for error in found)
    assert next(error for error in found if "wen" in error.what).fix == "did you mean 'when'?"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("rules: 3", "rules are a list", id="rules that are a number"),
        pytest.param("[]", "no rules", id="an empty list"),
        pytest.param("", "rules are a list", id="an empty file"),
        pytest.param("- 3", "a rule is a mapping", id="a rule that is a number"),
        pytest.param("{without: [a], rules: []}", "`without` needs `extends`", id="without and no extends"),
        pytest.param("{extends: defalt, rules: []}", "no rules preset called 'defalt'", id="an unknown preset"),
        pytest.param("{extends: default, without: [trunc]}", "no rule called 'trunc'", id="an unknown rule in without"),
        pytest.param(GOOD + GOOD, "is written twice", id="one name twice"),
        pytest.param(GOOD.replace("review", "keep"), "a keep rule names", id="keep without overrides"),
        pytest.param(GOOD + "  overrides: [x]\n", "only keep overrides", id="overrides without keep"),
        pytest.param(
            GOOD + "  reason: '{label} is short'\n", "the reason shows {label}", id="a reason of other columns"
        ),
        pytest.param(GOOD.replace("[qa]", "[]"), "`kinds` is empty", id="no kinds"),
    ],
)
def test_refused(text: str, what: str) -> None:
    assert any(what in error.what for error in errors_of(text)), [error.what for error in errors_of(text)]


def test_broken_yaml_is_one_error_with_its_line() -> None:
    with pytest.raises(UserError, match=r"E201.*rules\.yaml:[23]"):
        parse_rules("- name: a\n  when: [\n", "rules.yaml")


@pytest.mark.parametrize(
    ("when", "what"),
    [
        pytest.param("random() < 0.5", "changes from run to run", id="random"),
        pytest.param("event_time < now()", "changes from run to run", id="now"),
        pytest.param("event_time < current_date", "changes from run to run", id="current_date"),
        pytest.param("text in (select text from t)", "subquery", id="a subquery"),
        pytest.param("exists(select 1)", "subquery", id="exists"),
        pytest.param("count(*) > 1", "not allowed", id="an aggregate"),
        pytest.param("sum(1) over () > 1", "window", id="a window"),
        pytest.param("read_text('/etc/passwd') = ''", "read_text() is not allowed", id="a file"),
        pytest.param("getenv('HOME') = ''", "getenv() is not allowed", id="a setting"),
        pytest.param("text = ?", "parameter", id="a parameter"),
        pytest.param("*", "`*`", id="a star"),
        pytest.param("#1", "positional", id="a position"),
        pytest.param("a, b", "one expression", id="two expressions"),
        pytest.param("a from t", "without FROM", id="its own table"),
        pytest.param("a limit 1", "without FROM", id="a limit"),
        pytest.param("1 union select 2", "one expression", id="a union"),
        pytest.param("a; drop table t", "Only SELECT", id="two statements"),
        pytest.param("a as b", "names a result", id="a name for the result"),
        pytest.param("text->'x' = '1'", "`->` is not allowed", id="an arrow"),
        pytest.param("len(list_filter(tags, x -> x = 'a')) > 0", "write `lambda x: ...`", id="an old lambda"),
        pytest.param("text collate nocase = 'a'", "COLLATE", id="a collation"),
        pytest.param("label >", "near '>'", id="half an expression"),
    ],
)
def test_an_expression_may_not_be(when: str, what: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_expression(when)
    assert caught.value.code == "E212"
    assert what in caught.value.what + caught.value.fix


@pytest.mark.parametrize(
    ("when", "sql"),
    [
        pytest.param("a/b > 1", '((a / "nullif"(b, 0)) > 1)', id="division"),
        pytest.param("a//b%c > 1", '((a // "nullif"(b, 0)) % "nullif"(c, 0)) > 1', id="whole division and remainder"),
        pytest.param("mod(a, b - 1) > 1", 'mod(a, "nullif"((b - 1), 0))', id="mod of an expression"),
        pytest.param("1 / (a / b) > 1", '(1 / "nullif"((a / "nullif"(b, 0)), 0))', id="a division inside a divisor"),
    ],
)
def test_a_division_by_zero_is_unknown(when: str, sql: str) -> None:
    assert sql in parse_expression(when).sql


def test_a_quoted_unknown_column_is_an_error_not_a_text() -> None:
    rules = parse_rules(GOOD.replace("len(best_answer) < 3", "len(best_answer) < 3 or \"best_anser\" = 'a'"))
    with pytest.raises(UserErrors, match=r"no field or signal called 'best_anser'.*\n.*did you mean 'best_answer'"):
        check_names(rules, KNOWN)
    with pytest.raises(UnknownName):
        columns_used(rules[0], KNOWN["qa"])


def test_a_column_of_another_kind_asks_for_kinds() -> None:
    rules = parse_rules("- {name: a, dimension: validity, when: label is null, action: warn}")
    with pytest.raises(UserErrors, match=r"E213.*\n.*kinds: \[classification, multimodal\]"):
        check_names(rules, KNOWN)


def test_a_lambda_name_is_no_column() -> None:
    expression = parse_expression("len(list_filter(tags, lambda x: x = domain)) > 0")
    assert expression.names == ("domain", "tags")


def test_the_hash_depends_on_what_rules_say_only() -> None:
    more = "- {name: b, dimension: validity, when: text is null, action: warn}\n"
    spaced = GOOD.replace("len(best_answer) < 3", "LEN( best_answer )<3")
    first = parse_ruleset(GOOD + more, "one.yaml", name="one")
    assert parse_ruleset(more + spaced, "two.yaml", name="two").hash == first.hash
    assert parse_ruleset(more + GOOD.replace("< 3", "< 4"), "one.yaml").hash != first.hash
    assert parse_ruleset(more + GOOD.replace("review", "drop"), "one.yaml").hash != first.hash


def test_a_preset_can_be_extended() -> None:
    base = load_ruleset("default")
    ours = parse_ruleset(
        "{extends: default, without: [truncated], rules: [{name: empty_content, dimension: completeness, "
        "kinds: [qa], when: empty_content, action: review}]}"
    )
    assert {rule.name for rule in base.rules} - {rule.name for rule in ours.rules} == {"truncated"}
    assert ours["empty_content"].action == "review"
    assert base["empty_content"].action == "drop"


@pytest.mark.parametrize("name", presets())
def test_a_preset_names_only_what_exists(name: str) -> None:
    from assay.signals import known_columns

    ruleset = load_ruleset(name, known={kind: known_columns(kind) for kind in KIND_NAMES})
    assert all(rule.fix for rule in ruleset.rules)


def test_the_default_preset_judges_every_dimension_of_every_kind() -> None:
    ruleset = load_ruleset("default")
    for kind in KIND_NAMES:
        judged = {rule.dimension for rule in ruleset.for_kind(kind) if rule.action in ("drop", "review")}
        assert len(judged) == 6, (kind, judged)


def test_a_file_is_named_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    assert load_ruleset(file).name == "mine"
    with pytest.raises(UserError, match=r"E211: cannot read the rules file .*gone\.yaml"):
        load_ruleset(tmp_path / "gone.yaml")
    with pytest.raises(UnknownName, match="did you mean 'default'"):
        load_ruleset("defaults")
