"""Rules without data: mistakes are found, tests of rules can pass and fail, explanations name what is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.errors import UnknownName
from assay.flows.rule_checks import explain_rules, lint_rules, run_rule_tests
from assay.rules import presets

FILE = """
name: mine
thresholds: {min_words: 4}
rules:
  - {name: short, dimension: completeness, kinds: [composite], when: word_count < min_words, action: drop, fix: more}
  - {name: copy, dimension: uniqueness, when: duplicate_of is not null, action: review}
  - {name: old, dimension: timeliness, when: age_days > 30, action: review, on_null: review}
tests:
  - name: two words are too few
    record: {text: two words, domain: notes, metadata: {date: 2026-01-01}}
    kind: composite
    action: drop
    fires: [short]
  - name: a long young text is kept
    record: {text: five words are quite enough, domain: notes, metadata: {date: 2026-01-01}}
    kind: composite
    params: {as_of: 2026-01-02}
    silent: [short]
  - name: the second of two equal records is a copy
    record: {text: five words are quite enough, domain: notes}
    beside: [{text: five words are quite enough, domain: notes}]
    kind: composite
    fires: [copy]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_good_tests_pass(tmp_path: Path) -> None:
    found = run_rule_tests(write(tmp_path, FILE))
    assert [test.wrong for test in found.tests] == [[], [], []]
    assert (found.passed, found.failed, found.exit_code) == (3, 0, 0)


def test_a_test_that_expects_otherwise_fails_and_says_why(tmp_path: Path) -> None:
    found = run_rule_tests(write(tmp_path, FILE.replace("min_words: 4", "min_words: 1")))
    assert (found.failed, found.exit_code) == (1, 1)
    said = str(found)
    assert "FAIL two words are too few" in said
    assert "short did not fire" in said
    assert "mine.yaml:9" in said


def test_a_record_that_cannot_be_read_fails_its_test(tmp_path: Path) -> None:
    found = run_rule_tests(write(tmp_path, FILE.replace("text: two words, domain: notes", "text: [1]")))
    assert found.failed == 1
    assert "wrong_type" in str(found)


def test_rules_without_tests_do_not_pass(tmp_path: Path) -> None:
    found = run_rule_tests(write(tmp_path, FILE[: FILE.index("tests:")]))
    assert found.exit_code == 1
    assert "nothing was shown" in str(found)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        pytest.param("fires: [short]", "fires: [shorts]", "did you mean 'short'", id="a rule that is not there"),
        pytest.param("    action: drop\n    fires: [short]\n", "", "cannot fail", id="nothing expected"),
        pytest.param("fires: [copy]", "firess: [copy]", "no field 'firess'", id="a misspelled field"),
        pytest.param("kind: composite\n    action", "kind: compsite\n    action", "composite", id="no such kind"),
        pytest.param("when: age_days > 30", "when: agedays > 30", "age_days", id="a signal that is not there"),
        pytest.param("when: age_days > 30", "when: age_days", "not true or false", id="no condition"),
        pytest.param("when: age_days > 30", "when: label = 'x'", "do not have", id="a column of other kinds"),
    ],
)
def test_lint_finds(tmp_path: Path, old: str, new: str, what: str) -> None:
    found = lint_rules(write(tmp_path, FILE.replace(old, new)))
    assert found.exit_code == 1
    assert what in str(found)


def test_lint_advises_but_does_not_fail(tmp_path: Path) -> None:
    same = '  - {name: tiny, dimension: validity, kinds: [composite], when: "word_count < 4", action: warn}\ntests:'
    found = lint_rules(write(tmp_path, FILE.replace("tests:", same)))
    assert found.exit_code == 0
    assert [one.what for one in found.advice] == ["tiny has the condition of short"]
    assert "has no tests" not in str(found)


@pytest.mark.parametrize("name", presets())
def test_every_preset_lints_without_a_problem(name: str) -> None:
    assert lint_rules(name).problems == []


def test_an_explanation_names_numbers_units_and_what_unknown_means(tmp_path: Path) -> None:
    said = str(explain_rules(write(tmp_path, FILE)))
    assert "with min_words = 4" in said
    assert "asks for review where the condition is unknown" in said
    assert "age_days: Age of the record" in said
    assert "fix: more" in said
    (only,) = explain_rules(write(tmp_path, FILE), "copy").rules
    assert list(only.reads) == ["duplicate_of"]
    with pytest.raises(UnknownName, match="did you mean 'copy'"):
        explain_rules(write(tmp_path, FILE), "copyy")
