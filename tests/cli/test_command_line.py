"""What every command promises: exit codes, one JSON object, light start, help that names the exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import assay
from assay.cli.verbs import hoist

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str, cwd: Path, env: dict[str, str] | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k != "ASSAY_WORKSPACE"}
    return subprocess.run(
        [sys.executable, "-m", "assay.cli.main", *words],
        cwd=cwd,
        env={**clean, **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_version_is_printed(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout == f"assay {assay.__version__}\n"


def test_the_version_is_that_of_the_package_metadata() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'version = "{assay.__version__}"' in text


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("ingest", "--help")], ids=" ".join)
def test_starting_imports_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['assay', *{list(words)!r}]\n"
        "try: runpy.run_module('assay.cli.main', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    loaded = set(re.findall(r"'(\w+)'", done.stderr.splitlines()[-1]))
    assert "typer" in loaded, "the list of modules was not read"
    assert not loaded & {"pyarrow", "lance", "duckdb", "numba", "numpy", "sqlalchemy", "altair", "tokenizers"}


def test_an_unknown_command_is_bad_usage(tmp_path: Path) -> None:
    assert run("mesure", cwd=tmp_path).returncode == 2


def test_a_missing_workspace_is_bad_input_with_a_fix(tmp_path: Path) -> None:
    done = run("log", "tickets", cwd=tmp_path)
    assert done.returncode == 2
    assert "E401" in done.stderr
    assert "assay init" in done.stderr


def test_with_json_an_error_is_one_object_on_standard_output(tmp_path: Path) -> None:
    done = run("log", "tickets", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["errors"][0]["code"] == "E401"


def test_an_interrupt_exits_with_130(tmp_path: Path) -> None:
    code = "from assay.cli import verbs\ndef stop(): raise KeyboardInterrupt\nraise SystemExit(verbs._guarded(stop))"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True).returncode == 130


def test_a_bug_of_ours_exits_with_3_and_shows_its_traceback(tmp_path: Path) -> None:
    code = "from assay.cli import verbs\nraise SystemExit(verbs._guarded(lambda: 1 / 0))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 3
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param(["log", "t", "--json"], ["--json", "log", "t"], id="json after the command"),
        pytest.param(["log", "t", "-w", "x"], ["-w", "x", "log", "t"], id="workspace after the command"),
        pytest.param(["log", "--", "--json"], ["log", "--", "--json"], id="nothing after a double dash"),
        pytest.param(["log", "-w"], ["-w", "log"], id="a forgotten value is left for the parser to refuse"),
    ],
)
def test_global_options_may_stand_anywhere(written: list[str], read: list[str]) -> None:
    assert hoist(written) == read


def test_help_names_the_exit_codes(tmp_path: Path) -> None:
    shown = run("--help", cwd=tmp_path).stdout
    for code in ("0 ok", "1 a check or gate failed", "2 bad usage", "5 nothing was read", "130 interrupted"):
        assert code in " ".join(re.sub(r"[│╭╮╰╯─]", " ", shown).split())
