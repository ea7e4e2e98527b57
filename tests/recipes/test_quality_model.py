"""A recipe names a quality model: by its file beside the recipe, or by its name in the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.errors import UnknownName
from assay.flows import quality
from assay.recipes import run_recipe
from assay.store import Workspace
from tests.flows.test_quality import _PROOF, _SALE, lines, texts

RECIPE = """\
name: web
sources: [{dataset: web, paths: web.jsonl, license: CC0-1.0}]
measure: {signals: [quality_score], params: {model: MODEL}}
"""


def run(ws: Workspace, folder: Path, model: str) -> dict[str, str]:
    (folder / "recipe.yaml").write_text(RECIPE.replace("MODEL", model))
    return {step.name: step.status for step in run_recipe(ws, folder / "recipe.yaml", workers=1).steps}


def test_by_name_it_is_the_newest_and_a_newer_one_measures_again(tmp_path: Path) -> None:
    ws = Workspace.init(tmp_path / "ws")
    good = lines(tmp_path / "web.jsonl", texts(_PROOF, 60, 0))
    bad = lines(tmp_path / "bad.jsonl", texts(_SALE, 60, 0))
    with pytest.raises(UnknownName, match="no quality model called 'edu'"):
        run(ws, tmp_path, "edu")
    made = quality.train(ws, "edu", [good], [bad])
    first = run(ws, tmp_path, "edu")
    again = run(ws, tmp_path, "edu")
    assert again["measure:web"] != first["measure:web"]
    (tmp_path / "edu.model").write_bytes(Path(made.path).read_bytes())
    assert run(ws, tmp_path, "edu.model")["measure:web"] == again["measure:web"], "the same model, from a file"
    quality.train(ws, "edu", [good], [bad], seed=1)
    assert run(ws, tmp_path, "edu")["measure:web"] == first["measure:web"]
    assert run(ws, tmp_path, "edu@1")["measure:web"] == first["measure:web"], "and back to the first"
