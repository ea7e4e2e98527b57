"""The main job by hand, on the eight example lines: every verb once, through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "data" / "eight_kinds.jsonl"
KINDS = {
    "classification": "ml_class_01",
    "qa": "qa_014",
    "reasoning": "reason_220",
    "composite": "composite_005",
    "agentic": "agent_8392",
    "multimodal": "multi_031",
    "simulation": "sim_101",
    "domain_log": "hyper_774",
}


class Shell:
    """`assay` in a folder of its own; `json` gives the one object that `--json` prints."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *words: object, code: int = 0) -> str:
        command = [sys.executable, "-m", "assay.cli.main", *map(str, words)]
        done = subprocess.run(command, cwd=self.home, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *words: object, code: int = 0) -> dict[str, Any]:
        out = json.loads(self.run("--json", *words, code=code))
        assert isinstance(out, dict)
        return out


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("main_job"))
    shell.run("init")
    return shell


@pytest.fixture(scope="module")
def ingested(shell: Shell) -> dict[str, Any]:
    return shell.json("ingest", "mixed", EXAMPLES, "--license", "CC-BY-4.0", "-m", "the examples of the format page")


def test_the_eight_example_lines_load_as_they_stand_each_as_its_kind(ingested: dict[str, Any]) -> None:
    assert {d["kind"]: d["added"] for d in ingested["datasets"]} == dict.fromkeys(KINDS, 1)
    assert ingested["read"] == ingested["added"] == 8
    assert ingested["quarantined"] == ingested["duplicates"] == 0


def test_reading_the_same_file_again_adds_nothing(shell: Shell, ingested: dict[str, Any]) -> None:
    again = shell.json("ingest", "mixed", EXAMPLES)
    assert (again["read"], again["added"], again["duplicates"]) == (8, 0, 8)


@pytest.mark.parametrize(("kind", "record"), KINDS.items(), ids=list(KINDS))
def test_a_record_says_where_it_came_from(shell: Shell, ingested: dict[str, Any], kind: str, record: str) -> None:
    shown = shell.run("show", f"mixed.{kind}", record)
    line = list(KINDS).index(kind) + 1
    assert f"{EXAMPLES.name}:{line}" in shown


def test_measure_decide_report_release_verify(shell: Shell, ingested: dict[str, Any]) -> None:
    shell.run("measure", "mixed", "-m", "first look")
    decided = shell.json("decide", "mixed", "--rules", "default")
    assert decided["kept"] + decided["dropped"] + decided["review"] == 8
    shell.run("report", "mixed", "-o", "report.html")
    assert "<html" in (shell.home / "report.html").read_text("utf-8")
    released = shell.json("release", "first", "--from", "mixed", "-o", "first")
    assert released["records"] == decided["kept"]
    assert shell.json("verify", "first") | {"problems": []} == shell.json("verify", "first")
    assert shell.json("verify", "first")["ok"] is True


def test_an_altered_release_is_named(shell: Shell, ingested: dict[str, Any], tmp_path: Path) -> None:
    shell.run("decide", "mixed", "--rules", "default")
    folder = tmp_path / "altered"
    shell.run("release", "second", "--from", "mixed", "-o", folder)
    victim = next(path for path in sorted(folder.rglob("*.jsonl")) if path.stat().st_size)
    victim.write_bytes(victim.read_bytes().replace(b"e", b"E", 1))
    found = shell.json("verify", folder, code=1)
    assert found["ok"] is False
    assert any(victim.name in json.dumps(problem) for problem in found["problems"])


def test_tag_change_diff_rollback(shell: Shell, ingested: dict[str, Any], tmp_path: Path) -> None:
    more = tmp_path / "more.jsonl"
    more.write_text('{"id": "qa_015", "prompt": "Is water wet?", "best_answer": "Yes."}\n', "utf-8")
    shell.run("tag", "mixed", "before")
    shell.run("ingest", "mixed", more, "-m", "one more question")
    assert shell.json("diff", "mixed.qa", "before", "HEAD")["added"] == 1
    shell.run("rollback", "mixed.qa", "before")
    assert shell.json("diff", "mixed.qa", "before", "HEAD") | {"datasets": []} == {
        "added": 0,
        "removed": 0,
        "changed": 0,
        "datasets": [],
    }
    assert "one more question" in shell.run("log", "mixed.qa")
    assert shell.json("fsck", "--digest")["ok"] is True
