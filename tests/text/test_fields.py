"""What is compared of a record: paths against a walk through the record as Python values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UnknownName, UserError
from assay.records.schema import columns_of
from assay.text.fields import ALIASES, columns_read, compared_text, leaves, paths_of

KINDS = sorted(ALIASES["prompt"])


def walk(value: Any, path: str) -> list[str]:
    """Every text at the end of a path, in order."""
    found = [value]
    for part in path.split("."):
        name, _, rest = part.partition("[")
        found = [one.get(name) for one in found if one is not None]
        if rest:
            found = [item for one in found if one is not None for item in one]
            if "=" in rest:
                key, wanted = rest.rstrip("]").split("=")
                found = [one for one in found if one is not None and one.get(key) in wanted.split("|")]
    return [one for one in found if one is not None]


PART = pa.struct([("text", pa.large_string()), ("type", pa.large_string())])
MESSAGE = pa.struct([("role", pa.large_string()), ("parts", pa.list_(PART))])
words = st.sampled_from(["a", "b", "c d", ""]) | st.none()
messages = st.none() | st.lists(
    st.none()
    | st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "system", None]),
            "parts": st.none()
            | st.lists(st.none() | st.fixed_dictionaries({"text": words, "type": st.just("text")}), max_size=3),
        }
    ),
    max_size=3,
)


@settings(max_examples=300)
@given(rows=st.lists(messages, max_size=5), start=st.integers(0, 3))
@pytest.mark.parametrize("path", ["messages[].parts[].text", "messages[role=user|system].parts[].text"])
def test_leaves_are_those_of_a_walk(path: str, rows: list[Any], start: int) -> None:
    column = pa.array(rows, pa.list_(MESSAGE)).slice(start)
    texts, own = leaves(column, path)
    found: list[list[str]] = [[] for _ in rows[start:]]
    for text, row in zip(texts.to_pylist(), own.tolist(), strict=True):
        if text is not None:
            found[row].append(text)
    assert found == [walk({"messages": row}, path) for row in rows[start:]]


def records_of(kind: str, rows: list[dict[str, Any]]) -> pa.Table:
    held = columns_of(kind)
    return pa.table({name: pa.array([row.get(name) for row in rows], dtype) for name, dtype in held.items()})


def qa(**fields: Any) -> dict[str, Any]:
    said = fields.pop("said", None)
    if said is not None:
        dtype = columns_of("qa")["messages"].value_type
        parts = dtype.field("parts").type.value_type
        blank = {parts.field(i).name: None for i in range(parts.num_fields)}
        empty = {dtype.field(i).name: None for i in range(dtype.num_fields)}
        fields["messages"] = [{**empty, "role": role, "parts": [{**blank, "text": text}]} for role, text in said]
    return fields


ROWS = [
    qa(prompt="why", best_answer="because"),
    qa(said=[("system", "be short"), ("user", "hi"), ("assistant", "hello"), ("user", "more"), ("assistant", "no")]),
    qa(prompt="p", said=[("user", "u"), ("assistant", "a")]),
    qa(best_answer="answer only"),
    qa(),
]


def test_prompt_and_response_are_told_apart() -> None:
    rows = records_of("qa", ROWS)
    assert compared_text(rows, "qa", ["prompt"]).to_pylist() == ["why", "be short\nhi\nmore", "p\nu", None, None]
    assert compared_text(rows, "qa", ["response"]).to_pylist() == ["because", "hello\nno", "a", "answer only", None]


def test_fields_are_joined_in_the_order_that_they_are_named() -> None:
    rows = records_of("qa", ROWS[:1])
    assert compared_text(rows, "qa", ["prompt", "best_answer"]).to_pylist() == ["why\nbecause"]
    assert compared_text(rows, "qa", ["best_answer", "prompt"]).to_pylist() == ["because\nwhy"]


@settings(max_examples=100)
@given(
    rows=st.lists(st.fixed_dictionaries({"prompt": words, "best_answer": words}), max_size=6), start=st.integers(0, 3)
)
def test_texts_of_several_fields_are_the_joined_ones_of_each_row(rows: list[dict[str, Any]], start: int) -> None:
    table = records_of("qa", rows).slice(start)
    found = compared_text(table, "qa", ["best_answer", "prompt"]).to_pylist()
    for row, text in zip(rows[start:], found, strict=True):
        parts = [row[name] for name in ("best_answer", "prompt") if row[name] is not None]
        assert text == ("\n".join(parts) if parts else None)


def test_one_column_is_handed_on_as_it_is() -> None:
    rows = records_of("composite", [{"text": "a"}, {"text": None}])
    assert compared_text(rows, "composite").to_pylist() == ["a", None]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(ALIASES))
def test_every_kind_has_a_prompt_and_a_response_that_lead_to_texts(kind: str, name: str) -> None:
    paths = paths_of(kind, [name])
    assert paths
    assert set(columns_read(kind, [name])) <= set(columns_of(kind))
    empty = records_of(kind, [{}, {}])
    assert compared_text(empty, kind, [name]).to_pylist() == [None, None]


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_of_a_kind_is_in_both_unless_it_has_but_one(kind: str) -> None:
    asked, said = set(paths_of(kind, ["prompt"])), set(paths_of(kind, ["response"]))
    assert not asked & said or kind in ("composite", "domain_log")


@pytest.mark.parametrize(
    ("path", "said", "error"),
    [
        ("titel", "titel", UnknownName), ("messages.role", "is a list", UserError),
        ("messages[].prats[].text", "prats", UnknownName), ("prompt[]", "is no list", UserError),
        ("messages[].parts[]", "not a text", UserError), ("messages[role=].x", "cannot read", UserError),
        ("a b", "cannot read", UserError), ("", "cannot read", UserError), ("messages[]", "not a text", UserError),
    ],
    ids=lambda value: str(value),
)  # fmt: skip
def test_a_path_that_leads_nowhere_is_refused(path: str, said: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=said):
        paths_of("qa", [path])


def test_names_given_twice_count_once() -> None:
    assert paths_of("qa", ["prompt", "prompt"]) == paths_of("qa", ["prompt"])
