"""YAML with places: what PyYAML's SafeLoader reads, the line of everything, and no silent second key."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError, UserErrors
from assay.core.marked import load_marked

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé ", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(plain, st.sampled_from([None, True, False]))
def test_reads_what_the_safe_loader_reads(value: Any, flow: bool | None) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    assert load_marked(text, "f.yaml")[0] == yaml.safe_load(text)


def test_every_value_has_its_line() -> None:
    _, places = load_marked("a: 1\nb:\n  - x\n  - y: 2\n    z: 3\n", "r.yaml")
    assert [places.at(path) for path in [("a",), ("b",), ("b", 1), ("b", 1, "z")]] == [
        "r.yaml:1",
        "r.yaml:2",
        "r.yaml:4",
        "r.yaml:5",
    ]


def test_an_unknown_place_is_that_of_the_nearest_thing_around_it() -> None:
    _, places = load_marked("a: 1\nb:\n  c: 2\n", "r.yaml")
    assert places.at(("b", "c", "d", 4)) == "r.yaml:3"


def test_source_keeps_the_lines_of_the_file() -> None:
    text = "x: 1\nrules:\n  - name: a\n    when: b\n  - name: c\ny: 2\n"
    value, places = load_marked(text, "r.yaml")
    part, inner = load_marked(places.source(("rules",)), "r.yaml")
    assert part == value["rules"]
    assert inner.at((1, "name")) == "r.yaml:5"


def test_source_of_a_flow_list_keeps_lines_too() -> None:
    value, places = load_marked("x: 1\nrules: [{name: a,\n  when: b}]\n", "r.yaml")
    part, inner = load_marked(places.source(("rules",)), "r.yaml")
    assert part == value["rules"]
    assert inner.at((0, "when")) == "r.yaml:3"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", 3, "the key 'a' stands here twice", id="a key twice"),
        pytest.param("x:\n  a: 1\n  a: 1\n", 3, "stands here twice", id="a key twice deeper down"),
        pytest.param("a: .nan\n", 1, "not a usable number", id="NaN"),
        pytest.param("a:\n  - .inf\n", 2, "not a usable number", id="infinity"),
        pytest.param("a: 2025-13-40\n", 1, "month must be", id="a date that is none"),
        pytest.param("? [a, b]\n: 1\n", 1, "plain word", id="a list as a key"),
    ],
)
def test_mistakes_have_a_line(text: str, line: int, message: str) -> None:
    with pytest.raises(UserErrors, match=message) as caught:
        load_marked(text, "r.yaml")
    assert caught.value.at == f"r.yaml:{line}"
    assert caught.value.code == "E201"


def test_all_mistakes_come_at_once() -> None:
    with pytest.raises(UserErrors) as caught:
        load_marked("a: 1\na: 2\nb: .nan\nb: 4\n", "r.yaml")
    assert [error.at for error in caught.value.errors] == ["r.yaml:2", "r.yaml:3", "r.yaml:4"]


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        pytest.param("error_if: > 0.2\n", "quote a value", id="an unquoted comparison"),
        pytest.param("a: [1, 2\n", "", id="a list without end"),
        pytest.param("a: !!python/object:os.system x\n", "", id="a tag that builds objects"),
        pytest.param("a: *nobody\n", "", id="an alias of nothing"),
        pytest.param("a: 1\n--- \nb: 2\n", "", id="two documents"),
        pytest.param("a: \x00\n", "", id="a character that YAML forbids"),
    ],
)
def test_what_is_not_yaml_is_one_clear_error(text: str, fix: str) -> None:
    with pytest.raises(UserError, match="E201") as caught:
        load_marked(text, "r.yaml")
    assert fix in caught.value.fix
    assert caught.value.at.startswith("r.yaml")


def test_a_billion_laughs_stops_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(UserError, match="expands to over"):
        load_marked("\n".join(lines), "r.yaml")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: &a [*a]\n", id="an alias of itself"),
        pytest.param("[" * 60 + "]" * 60, id="sixty levels"),
        pytest.param("[" * 20_000, id="twenty thousand levels, which the parser itself cannot take"),
    ],
)
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(UserError, match="nested deeper"):
        load_marked(text, "r.yaml")


def test_anchors_and_merge_keys_work_and_own_keys_win() -> None:
    value, _ = load_marked("base: &b {a: 1, b: 2}\nx:\n  <<: *b\n  b: 3\n", "r.yaml")
    assert value["x"] == {"a": 1, "b": 3}


def test_numbers_stay_finite() -> None:
    value, _ = load_marked("a: 1e308\nb: 1.5e+308\n", "r.yaml")
    assert math.isfinite(value["b"])


def test_an_empty_file_is_nothing() -> None:
    assert load_marked("", "r.yaml")[0] is None
    assert load_marked("# only a comment\n", "r.yaml")[0] is None
