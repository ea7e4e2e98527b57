"""The recipe section `contamination`: runs before the decision, again where a file changed, and not otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import UserError, UserErrors
from assay.recipes import run_recipe
from assay.store import Workspace
from tests.flows.test_contamination import MOON, PLAIN, QUESTION

RECIPE = """
name: tickets
sources:
  - {dataset: tickets, paths: data/*.jsonl}
  - {dataset: exam, paths: exam.jsonl}
contamination:
  - {against: AGAINST, datasets: [tickets]}
decide: {rules: contamination, datasets: [tickets]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    put(tmp_path / "data" / "a.jsonl", f"So: {MOON}?", PLAIN, f"Well. {QUESTION}")
    put(tmp_path / "exam.jsonl", QUESTION)
    put(tmp_path / "bench.jsonl", MOON)
    write(tmp_path)
    return tmp_path


def put(file: Path, *questions: str) -> None:
    records = [{"id": str(i), "prompt": question, "best_answer": "yes"} for i, question in enumerate(questions)]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))


def write(folder: Path, against: str = "bench.jsonl") -> None:
    (folder / "recipe.yaml").write_text(RECIPE.replace("AGAINST", against))


def run(folder: Path) -> dict[str, Any]:
    with Workspace.init(folder / ".assay") as ws:
        result = run_recipe(ws, folder / "recipe.yaml", workers=1)
        assert result.exit_code == 0
        return {step.name: (step.status, step.counts) for step in result.steps}


def test_what_the_step_finds_is_decided_on_and_only_what_changed_runs_again(folder: Path) -> None:
    found = run(folder)
    assert found["contamination:tickets"] == ("ran", {"items": 1, "hits": 1, "records": 1, "unread": 0})
    assert found["decide:tickets"] == ("ran", {"kept": 2, "dropped": 1, "review": 0})
    assert {status for status, _ in run(folder).values()} == {"cached"}
    put(folder / "bench.jsonl", MOON, "Is it a text about nothing that any benchmark would ask?")
    found = run(folder)
    assert (found["contamination:tickets"][0], found["ingest:tickets"][0]) == ("ran", "cached")
    assert found["contamination:tickets"][1]["items"] == 2


def test_a_dataset_of_the_recipe_may_be_the_benchmark(folder: Path) -> None:
    write(folder, "[exam, bench.jsonl]")
    found = run(folder)
    assert found["contamination:tickets"][1] == {"items": 2, "hits": 2, "records": 2, "unread": 0}
    assert found["decide:tickets"][1] == {"kept": 1, "dropped": 2, "review": 0}
    assert {status for status, _ in run(folder).values()} == {"cached"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("against: AGAINST, ", "", "E203.*nothing to compare with"),
        ("against: AGAINST", "against: bench.jsonl, min_share: 2", "E203.*min_share"),
        ("AGAINST", "none.jsonl", "E311"),
        ("against:", "agains:", "E202.*against"),
    ],
    ids=["nothing to compare with", "no share", "no file", "no such key"],
)
def test_mistakes_have_the_recipes_lines(folder: Path, old: str, new: str, said: str) -> None:
    assert old in RECIPE
    (folder / "recipe.yaml").write_text(RECIPE.replace(old, new).replace("AGAINST", "bench.jsonl"))
    with Workspace.init(folder / ".assay") as ws, pytest.raises((UserError, UserErrors), match=f"(?s){said}"):
        run_recipe(ws, folder / "recipe.yaml", workers=1)
