"""Signals and rules on the command line: groups of commands answer like all others, in lines and in JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def assay(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assay.cli.main", *words], cwd=folder, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decided")
    lines = [json.dumps({"prompt": f"question {n}?", "best_answer": "word " * n}) for n in range(1, 25)]
    (folder / "q.jsonl").write_text("\n".join(lines))
    (folder / "rules.yaml").write_text(
        "thresholds: {min_words: 5}\nrules:\n"
        "  - {name: short, dimension: completeness, when: word_count < min_words, action: drop}\n"
        "tests:\n  - {record: {prompt: a, best_answer: b}, fires: [short]}\n"
    )
    for words in (["init"], ["ingest", "q", "q.jsonl"], ["decide", "q", "--rules", "rules.yaml"]):
        done = assay(*words, folder=folder)
        assert done.returncode == 0, done.stderr
    return folder


def test_signals_are_listed_by_kind_and_dimension(tmp_path: Path) -> None:
    done = assay("signals", "list", "--kind", "domain_log", "--dimension", "completeness", "--json", folder=tmp_path)
    found = json.loads(done.stdout)["signals"]
    assert {"dropped_channels", "empty_readings"} <= {one["name"] for one in found}
    assert all("domain_log" in one["kinds"] and one["dimension"] == "completeness" for one in found)


def test_one_signal_is_shown_and_a_misspelled_one_suggested(tmp_path: Path) -> None:
    assert "what it reads" not in assay("signals", "show", "age_days", folder=tmp_path).stdout
    assert "parameter  as_of" in assay("signals", "show", "age_days", folder=tmp_path).stdout
    wrong = assay("signals", "show", "age_day", folder=tmp_path)
    assert wrong.returncode == 2
    assert "did you mean 'age_days'" in wrong.stderr


def test_what_if_prints_counts_and_examples_and_the_decision_stays(decided: Path) -> None:
    done = assay("decide", "q", "--what-if", "min_words=10", "--json", folder=decided)
    found = json.loads(done.stdout)
    assert (found["changed"], found["moves"][0]["before"], found["moves"][0]["after"]) == (5, "keep", "drop")
    again = json.loads(assay("decide", "q", "--json", folder=decided).stdout)
    assert (again["dropped"], again["datasets"][0]["cached"]) == (2, True)


def test_rules_are_linted_tested_and_explained(decided: Path) -> None:
    assert assay("rules", "lint", "rules.yaml", folder=decided).returncode == 0
    tested = assay("rules", "test", "rules.yaml", folder=decided)
    assert (tested.returncode, "1 passed, 0 failed" in tested.stdout) == (0, True)
    assert "with min_words = 5" in assay("rules", "explain", "rules.yaml", "short", folder=decided).stdout
    (decided / "bad.yaml").write_text("- {name: a, dimension: validity, when: wordcount < 5, action: drop}\n")
    assert assay("rules", "lint", "bad.yaml", folder=decided).returncode == 1


def test_a_parameter_that_no_signal_has_is_an_error(decided: Path) -> None:
    done = assay("measure", "q", "--param", "as_off=2026-01-01", folder=decided)
    assert done.returncode == 2
    assert "did you mean 'as_of'" in done.stderr
    assert assay("measure", "q", "--param", "as_of", folder=decided).returncode == 2


def test_a_table_of_two_versions_finds_what_was_removed(tmp_path: Path) -> None:
    for version, body in {"1": "def gone(a, b): ...\ndef kept(a, b): ...\n", "2": "def kept(a): ...\n"}.items():
        (tmp_path / version / "pkg").mkdir(parents=True)
        (tmp_path / version / "pkg" / "__init__.py").write_text(f'__version__ = "{version}.0"\n{body}')
    done = assay("apis", "1/pkg", "2/pkg", "-o", "table.json", "--json", folder=tmp_path)
    found = json.loads(done.stdout)
    assert (found["removed"], found["removed_parameters"]) == (["pkg.gone"], {"pkg.kept": ["b"]})
    (tmp_path / "code.jsonl").write_text(
        json.dumps({"id": "one", "domain": "code", "text": "```python\nimport pkg\npkg.gone(1, 2)\npkg.kept(1)\n```"})
        + "\n"
    )
    for words in (
        ["init"],
        ["ingest", "code", "code.jsonl", "--kind", "composite"],
        ["measure", "code", "--only", "stale_apis", "--param", "api_tables=table.json"],
    ):
        done = assay(*words, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    shown = assay("show", "code.composite", "one", folder=tmp_path).stdout
    assert "pkg.gone removed in 2.0" in shown
