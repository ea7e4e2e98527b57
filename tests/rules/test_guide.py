"""The rules in docs/rules.md are real: they lint, and their tests pass."""

from __future__ import annotations

import re
from pathlib import Path

from assay.flows.rule_checks import lint_rules, run_rule_tests

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "rules.md"


def test_every_example_of_the_guide_lints_and_its_tests_pass(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 2
    for number, text in enumerate(examples):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text)
        assert lint_rules(path).problems == []
        assert run_rule_tests(path).failed == 0
