"""`assay check` from a built wheel, in an environment that holds nothing but what a user installs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
UV = Path(sys.prefix) / "bin" / "uv"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without an isolated environment: hatchling is among the test requirements, pinned."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_the_rules_that_check_reads(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "assay/rules/presets/default.yaml" in names
    assert not [name for name in names if name.startswith(("tests", "benchmarks"))]


@pytest.mark.slow
def test_check_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    requirements = ROOT / "requirements" / "run.txt"
    for what in (["-r", str(requirements)], ["--no-deps", str(wheel)]):
        command = [str(UV), "pip", "install", "--quiet", "--python", str(python), *what]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    work = tmp_path / "work"
    work.mkdir()
    record = '{"question": "Which river runs through the town?", "answer": "The small one does."}\n'
    (work / "a.jsonl").write_text(record + '{"question": "And the hill?", "answer": "None."}\n' + record)
    # No network: every proxy leads nowhere, and nothing may be fetched.
    nowhere = {f"{name}_proxy": "http://127.0.0.1:9" for name in ("http", "https", "all")}
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", **nowhere}
    done = subprocess.run(
        [str(home / "bin" / "assay"), "--json", "check", "a.jsonl", "--prove"],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr  # the copy is an error
    found = json.loads(done.stdout)
    assert found["kinds"] == {"qa": 3}
    assert [(p["rule"], p["examples"]) for p in found["problems"]] == [("exact_duplicate", ["a.jsonl:3"])]
    assert all(p["caught"] == p["planted"] for p in found["proof"])
    assert sorted(path.name for path in work.iterdir()) == ["a.jsonl"]
