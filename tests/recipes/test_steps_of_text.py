"""The transform and funnel steps of a recipe: what makes them run again, what they count, mistakes in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import UserError
from assay.flows.funnel import Stage, funnel
from assay.flows.subjects import choose
from assay.recipes import RunResult, load_recipe, run_recipe
from assay.store import Workspace

RECIPE = """\
name: texts
sources:
  - {dataset: web, paths: data, kind: composite}
transform:
  - {with: collapse_newlines}
  - {with: repair_encoding, params: {quotes: QUOTES}}
measure: [word_count]
decide:
  rules:
    - {name: short, dimension: completeness, when: word_count < 3, action: drop}
    - {name: odd, dimension: validity, when: "text like '%odd%'", action: drop}
    - {name: long, dimension: validity, when: word_count > 8, action: drop}
    - {name: curious, dimension: validity, when: "text like '%curious%'", action: warn}
funnel:
  - {name: length, rules: [short, "lon*"]}
  - {name: words, rules: [odd]}
"""
TEXTS = [
    "odd one",
    "this is odd and so on",
    "one two three",
    "a b c d e f g h i j odd",
    "cafÃ© “so”\n\n\n\nmore",
    "curious text here",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    put(tmp_path, "a", TEXTS)
    write(tmp_path)
    return tmp_path


def put(folder: Path, name: str, texts: list[str]) -> None:
    (folder / "data" / f"{name}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


def write(folder: Path, quotes: str = "false", text: str = RECIPE) -> None:
    (folder / "recipe.yaml").write_text(text.replace("QUOTES", quotes))


def run(folder: Path) -> RunResult:
    with Workspace.init(folder / ".assay") as ws:
        return run_recipe(ws, folder / "recipe.yaml", workers=1)


def told(result: RunResult) -> dict[str, Any]:
    return {step.name: (step.status, step.counts) for step in result.steps}


def test_texts_are_changed_before_they_are_measured_and_each_drop_counts_at_its_first_stage(folder: Path) -> None:
    found = told(run(folder))
    assert list(found)[:4] == ["ingest:web", "transform:web", "transform:web:2", "measure:web"]
    assert found["transform:web"] == ("ran", {"rows": 6, "changed": 1})
    assert found["transform:web:2"] == ("ran", {"rows": 6, "changed": 1})
    assert found["funnel"] == ("ran", {"read": 6, "length": -2, "words": -1, "left": 3})
    with Workspace.open(folder / ".assay") as ws:
        texts = [row["text"] for b in ws.dataset("web.composite").scan(columns=["text"]) for row in b.to_pylist()]
        assert "café “so”\n\nmore" in texts
        [chosen] = choose(ws, "web")
        result = funnel([chosen], [Stage(name="words", rules=["odd"])])
        assert (result.read, result.stages[0].by_rule, result.other, result.left) == (6, {"odd": 3}, 0, 3)
        with pytest.raises(UserError, match=r"(?s)E101.*did you mean 'odd'"):
            funnel([chosen], [Stage(name="words", rules=["od"])])


def test_a_second_run_has_nothing_to_do_and_a_changed_parameter_runs_its_step_again(folder: Path) -> None:
    run(folder)
    assert {status for status, _ in told(run(folder)).values()} == {"cached"}
    write(folder, quotes="true")
    found = told(run(folder))
    assert (found["transform:web"][0], found["transform:web:2"]) == ("cached", ("ran", {"rows": 6, "changed": 1}))
    put(folder, "b", ["new cafÃ© text"])
    found = told(run(folder))
    assert found["ingest:web"][1] == {"read": 1, "added": 1, "duplicates": 0, "quarantined": 0}
    assert found["transform:web:2"][1] == {"rows": 7, "changed": 1}


def test_dropped_by_a_rule_of_no_stage_is_other(folder: Path) -> None:
    write(folder, text=RECIPE.replace(', "lon*"', ""))
    assert told(run(folder))["funnel"][1] == {"read": 6, "length": -1, "words": -2, "left": 3}
    write(folder, text=RECIPE.replace("- {name: words, rules: [odd]}", ""))
    assert told(run(folder))["funnel"][1] == {"read": 6, "length": -2, "other": -1, "left": 3}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("with: collapse_newlines", "with: collapse_newline", "E101.*collapse_newlines"),
        ("{quotes: QUOTES}", "{quote: true}", "E101.*quotes"),
        ("  - {with: collapse_newlines}", "  - {use: collapse_newlines}", "E202.*use"),
        ("- {name: words, rules: [odd]}", "- {name: length, rules: [odd]}", "E203.*names of their own"),
    ],
)
def test_mistakes_are_said_with_their_place(folder: Path, old: str, new: str, said: str) -> None:
    write(folder, text=RECIPE.replace(old, new))
    with pytest.raises(UserError, match=f"(?s){said}") as caught:
        load_recipe(folder / "recipe.yaml")
    assert "recipe.yaml:" in str(caught.value)
