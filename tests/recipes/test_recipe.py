"""Recipe files: what they become, and every mistake in one at once, each with its line and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError, UserErrors
from assay.recipes import STEPS, Recipe, load_recipe
from assay.recipes.recipe import read_recipe, select_steps
from assay.recipes.step_data import KindName
from assay.records.schema import KIND_NAMES

WHOLE = """\
name: tickets
as_of: 2025-11-20
sources:
  - dataset: tickets
    paths: data/tickets.jsonl
    domain: support
  - dataset: tickets
    paths: [more/*.csv, s3://bucket/x.parquet]
    kind: qa
    map: {best_answer: reply.text}
  - dataset: docs
    paths: /srv/docs
    name: the docs
measure: [language, word_count]
decide:
  rules:
    - name: short
      dimension: completeness
      when: word_count < 3
      action: drop
gates:
  - uniqueness >= 0.95 in every domain
  - {gate: mean(word_count), warn_if: "< 20", error_if: "< 5"}
report: reports/{dataset}.html
release: {name: v1, to: out, formats: [jsonl]}
"""


def read(text: str, folder: Path = Path("/recipes")) -> Recipe:
    return read_recipe(text, folder / "r.yaml", shown="r.yaml")


def mistakes(text: str, folder: Path = Path("/recipes")) -> list[str]:
    with pytest.raises(UserErrors) as caught:
        read(text, folder)
    return [f"{error.at} {error.code} {error.what} {error.fix}".strip() for error in caught.value.errors]


def test_sections_become_named_steps_in_the_order_of_what_flows_between_them() -> None:
    recipe = read(WHOLE)
    assert [step.name for step in recipe.steps] == [
        "ingest:tickets",
        "ingest:tickets:2",
        "the docs",
        "measure:tickets",
        "measure:docs",
        "decide:tickets",
        "decide:docs",
        "gates",
        "report:tickets",
        "report:docs",
        "release",
    ]
    assert (recipe.name, recipe.as_of, recipe.datasets) == ("tickets", "2025-11-20T00:00:00Z", ("tickets", "docs"))


def test_the_order_of_the_file_does_not_matter() -> None:
    name, *sections = WHOLE.split("\n", 1)[1].split("\n", 1)
    turned = "release: {name: v1, to: out, formats: [jsonl]}\n" + WHOLE.rsplit("release:", 1)[0]
    assert [s.name for s in read(turned).steps] == [s.name for s in read(WHOLE).steps]
    assert name
    assert sections


def test_paths_are_relative_to_the_recipe_unless_absolute_or_urls() -> None:
    recipe = read(WHOLE)
    found = [recipe.resolve(path) for path in ("data/t.jsonl", "/srv/docs", "s3://bucket/x", "../up.csv")]
    assert found == ["/recipes/data/t.jsonl", "/srv/docs", "s3://bucket/x", "/recipes/../up.csv"]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        pytest.param("2025-11-20", "2025-11-20T00:00:00Z", id="a date"),
        pytest.param("2025-11-20T10:00:00+02:00", "2025-11-20T08:00:00Z", id="a time with a zone"),
        pytest.param("2025-11-20 10:00:00", "2025-11-20T10:00:00Z", id="a time without one is UTC"),
        pytest.param('"2025-11-20T10:00:00.5Z"', "2025-11-20T10:00:00.500000Z", id="a text"),
    ],
)
def test_as_of(written: str, read_as: str) -> None:
    assert read(f"as_of: {written}\ndatasets: [t]\nmeasure:\n").as_of == read_as


def test_a_recipe_may_start_from_datasets_that_are_there() -> None:
    assert [s.name for s in read("datasets: [a, b.qa]\ndecide: default\n").steps] == ["decide:a", "decide:b.qa"]


def test_all_mistakes_come_at_once_in_the_order_of_lines() -> None:
    text = """\
name: 5
as_of: tomorrow
sorces: []
sources:
  - dataset: tickets
    path: a.jsonl
  - dataset: docs
    paths: b.md
    kind: composit
    origin: humann
measure:
  signals: [langauge]
decide: defalt
gates:
  - uniquness >= 0.9
  - mean(wrod_count) >= 5
release:
  name: v1
  formats: [parqet]
"""
    found = mistakes(text)
    places = [1, 2, 3, 5, 6, 9, 10, 12, 13, 15, 16, 17, 19]
    assert [line.split()[0] for line in found] == [f"r.yaml:{n}" for n in places]
    for near in (
        "sources",
        "paths",
        "composite",
        "human",
        "language",
        "default",
        "uniqueness",
        "word_count",
        "parquet",
    ):
        assert any(f"did you mean '{near}'" in line for line in found), near
    assert any("lacks 'to'" in line for line in found)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("", 1, "a recipe must be a mapping", id="an empty file"),
        pytest.param("- a\n", 1, "a recipe must be a mapping", id="a list"),
        pytest.param("datasets: [t]\n", 1, "a recipe without steps", id="no steps"),
        pytest.param("measure:\n", 1, "a recipe needs sources", id="nothing to work on"),
        pytest.param("sources: []\n", 1, "at least one entry", id="an empty list of sources"),
        pytest.param("sources:\n  dataset: a\n", 1, "must be a list", id="one source that is no list"),
        pytest.param("sources:\n- dataset: a\n  paths: '-'\n", 3, "cannot read standard input", id="standard input"),
        pytest.param("sources:\n- dataset: a\n  paths: x\n  domain: no\n", 4, "YAML reads yes, no", id="Norway"),
        pytest.param("sources:\n- dataset: a\n  paths: [x, 5]\n", 3, "Expected `str`, got `int`", id="inside a list"),
        pytest.param("sources:\n- dataset: a@v1\n  paths: x\n", 2, "no dataset's name", id="a source with a version"),
        pytest.param("datasets: [t]\ngates: [kept >= 1]\n", 2, "gates need decisions", id="gates without decide"),
        pytest.param("datasets: [t]\ndecide: default\ngates: []\n", 3, "gates is empty", id="no gates"),
        pytest.param(
            "datasets: [t]\ndecide: default\ngates: [kept >= 1, kept >= 2]\n", 3, "stands here twice", id="a gate twice"
        ),
        pytest.param("datasets: [a, b]\ndecide: default\nreport: r.html\n", 3, "one report path", id="two reports"),
        pytest.param("datasets: [t]\nrelease: {name: a, to: b}\n", 2, "release needs decisions", id="nothing decided"),
        pytest.param("datasets: [t]\ndecide: no/such.yaml\n", 2, "cannot read the rules file", id="no rules file"),
        pytest.param("datasets: [t]\nmeasure: {params: {as_off: 1}}\n", 2, "did you mean 'as_of'", id="a parameter"),
        pytest.param(
            "sources:\n- {dataset: a, paths: x, name: n}\n- {dataset: b, paths: y, name: n}\n", 3, "two steps are",
            id="two steps of one name",
        ),
    ],
)  # fmt: skip
def test_a_mistake_says_where_and_what(text: str, line: int, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read(text)
    found = [str(error) for error in getattr(caught.value, "errors", (caught.value,))]
    assert any(message in one and f"r.yaml:{line}" in one for one in found), found


def test_inline_rules_report_the_lines_of_the_recipe() -> None:
    text = WHOLE.replace("when: word_count < 3", "when: wrod_count <").replace("action: drop", "action: dorp")
    found = mistakes(text)
    assert any(line.startswith("r.yaml:19") and "not a SQL expression" in line for line in found)
    assert any(line.startswith("r.yaml:20") and "did you mean 'drop'" in line for line in found)


def test_a_rules_file_reports_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("- name: a\n  dimension: validity\n  when: nothing_such > 1\n  action: drop\n")
    found = mistakes("datasets: [t]\ndecide: mine.yaml\nmeasure: [x]\n", tmp_path)
    assert any("mine.yaml:1" in line and "nothing_such" in line for line in found)
    assert any(line.startswith("r.yaml:3") for line in found)


def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="E200"):
        load_recipe(tmp_path / "nothing.yaml")
    (tmp_path / "latin.yaml").write_bytes("name: caf\xe9".encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8"):
        load_recipe(tmp_path / "latin.yaml")


class Memory:
    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.asked = 0

    def known(self, key: str) -> bool:
        self.asked += 1
        return key in self.keys

    def add(self, key: str) -> None:
        self.keys.add(key)


def test_names_are_checked_once_per_text_and_rules_file(tmp_path: Path) -> None:
    rules = "- {name: a, dimension: validity, when: word_count < 1, action: drop}\n"
    file, recipe = tmp_path / "mine.yaml", tmp_path / "r.yaml"
    file.write_text(rules)
    recipe.write_text("datasets: [t]\ndecide: mine.yaml\n")
    trust = Memory()
    load_recipe(recipe, trust)
    load_recipe(recipe, trust)
    assert (len(trust.keys), trust.asked) == (1, 2)
    file.write_text(rules.replace("word_count", "wrod_count"))
    with pytest.raises(UserErrors, match="did you mean 'word_count'"):
        load_recipe(recipe, trust)
    assert len(trust.keys) == 1


@pytest.mark.parametrize(
    ("select", "exclude", "left"),
    [
        pytest.param((), (), 11, id="nothing said: all"),
        pytest.param(("decide",), (), 2, id="a type is all its steps"),
        pytest.param(("decide:docs",), (), 1, id="one step"),
        pytest.param(("ingest:*",), (), 2, id="a pattern"),
        pytest.param((), ("release", "report"), 8, id="all but some"),
        pytest.param(("measure", "decide"), ("*:docs",), 2, id="both"),
    ],
)
def test_selection(select: tuple[str, ...], exclude: tuple[str, ...], left: int) -> None:
    steps = read(WHOLE).steps
    assert len(steps) - len(select_steps(steps, select, exclude)) == left


def test_unknown_steps_suggest_the_nearest() -> None:
    with pytest.raises(UserErrors) as caught:
        select_steps(read(WHOLE).steps, ["decide:doc"], ["realese"])
    assert "did you mean 'decide:docs'" in str(caught.value)
    assert "did you mean 'release'" in str(caught.value)


def test_every_kind_can_be_asked_for() -> None:
    assert get_args(KindName) == ("auto", *KIND_NAMES)


def test_every_step_type_says_what_it_does_and_what_flows_through_it() -> None:
    made = {what for step in STEPS for what in step.writes}
    for step in STEPS:
        assert step.doc
        assert set(step.reads) <= made


keys = st.sampled_from(["name", "as_of", "datasets", "sources", "measure", "decide", "gates", "report", "release", "x"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["default", "a", "kept >= 1", "", "2025-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["dataset", "paths", "rules", "gate", "name", "to", "path", "signals"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(keys, values))
def test_any_mapping_is_a_recipe_or_user_errors(data: dict[str, Any]) -> None:
    try:
        found: Recipe | UserError = read(yaml.safe_dump(data))
    except UserError as error:
        found = error
    assert isinstance(found, Recipe) or found.at.startswith(("r.yaml", "preset"))
