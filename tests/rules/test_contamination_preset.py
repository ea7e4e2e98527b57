"""The preset contamination: its own tests, and that its threshold is one a user can name."""

from __future__ import annotations

from assay.flows.rule_checks import run_rule_tests
from assay.rules import load_ruleset


def test_the_tests_in_the_preset_pass() -> None:
    result = run_rule_tests("contamination")
    assert [(test.name, test.wrong) for test in result.tests if test.wrong] == []
    assert len(result.tests) == 6


def test_only_what_holds_a_question_is_dropped() -> None:
    actions = {rule.name: rule.action for rule in load_ruleset("contamination").rules}
    assert actions == {"benchmark_item": "drop", "short_benchmark_item": "review", "benchmark_answer": "review"}
