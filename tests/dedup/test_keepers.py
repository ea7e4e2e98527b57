"""Which record is kept: each preference, their order, null values, and the refusal of what cannot be read."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UnknownName, UserError
from assay.dedup.keepers import DEFAULT_KEEP, LENGTH, parse_policy

ORIGINS = ("human", "model", "agent", "simulator", "sensor", "unknown", None)
LICENSES = ("mit", "cc-by-4.0", None)
PATHS = ("gold/a.jsonl", "gold/b.jsonl", "web/c.jsonl", None)
SOURCE = pa.struct([("path", pa.large_string()), ("row", pa.int64())])


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, Any]]:
    n = draw(st.integers(1, 10))
    whole = st.integers(0, 3) | st.none()
    return [
        {
            "record_id": f"r{i:02d}",
            "origin": draw(st.sampled_from(ORIGINS)),
            "license": draw(st.sampled_from(LICENSES)),
            "event_time": draw(whole),
            LENGTH: draw(st.integers(0, 3)),
            "quality_score": draw(st.sampled_from([0.1, 0.5, 0.9, None])),
            "split": draw(st.sampled_from(["train", "test", None])),
            "source": {"path": draw(st.sampled_from(PATHS)), "row": i},
        }
        for i in draw(st.permutations(range(n)))
    ]


def table(rows: list[dict[str, Any]]) -> pa.Table:
    schema = pa.schema(
        {
            "record_id": pa.large_string(), "origin": pa.large_string(), "license": pa.large_string(),
            "event_time": pa.timestamp("us", "UTC"), LENGTH: pa.int64(), "quality_score": pa.float64(),
            "split": pa.large_string(), "source": SOURCE,
        }
    )  # fmt: skip
    return pa.Table.from_pylist(rows, schema)


def known(value: Any, sign: int = 1) -> tuple[bool, Any]:
    """Unknown comes last."""
    return (value is None, 0 if value is None else sign * value)


def first(value: str | None, patterns: list[str]) -> int:
    return next((i for i, p in enumerate(patterns) if value is not None and fnmatchcase(value, p)), len(patterns))


def key(row: dict[str, Any], preference: Any) -> Any:
    """What is smaller is better, written down once more."""
    match preference:
        case "human":
            return row["origin"] in ("model", "simulator")
        case "licensed":
            return row["license"] is None
        case "newest":
            return known(row["event_time"], -1)
        case "oldest":
            return known(row["event_time"])
        case "longest":
            return -row[LENGTH]
        case "shortest":
            return row[LENGTH]
        case {"highest": column}:
            return known(row[column], -1)
        case {"lowest": column}:
            return known(row[column])
        case {"source": patterns}:
            return first(row["source"]["path"], patterns)
        case {"split": patterns}:
            return first(row["split"], patterns)
        case {"license": patterns}:
            return first(row["license"], patterns)
    raise AssertionError(preference)


PREFERENCES: list[Any] = [
    "human", "licensed", "newest", "oldest", "longest", "shortest", {"highest": "quality_score"},
    {"lowest": "quality_score"}, {"source": ["gold/*", "web/*"]}, {"split": ["test"]}, {"license": ["mit", "cc-*"]},
]  # fmt: skip


@settings(max_examples=300)
@given(rows=records(), keep=st.lists(st.sampled_from(PREFERENCES), max_size=4), own=st.booleans())
def test_records_are_ranked_by_the_preferences_in_turn(rows: list[dict[str, Any]], keep: list[Any], own: bool) -> None:
    policy = parse_policy({"keep": keep, "keep_all": [{"source": "gold/*"}] if own else []})
    held = [own and first(row["source"]["path"], ["gold/*"]) == 0 for row in rows]
    assert policy.protected(table(rows)).tolist() == held
    order = sorted(
        range(len(rows)),
        key=lambda i: (not held[i], *(key(rows[i], one) for one in keep), rows[i]["record_id"]),
    )
    ranks = policy.ranks(table(rows)).tolist()
    assert sorted(range(len(rows)), key=lambda i: ranks[i]) == order


@settings(max_examples=100)
@given(rows=records(), keep=st.lists(st.sampled_from(PREFERENCES), max_size=4), seed=st.integers(0, 9))
def test_the_order_of_rows_changes_no_rank(rows: list[dict[str, Any]], keep: list[Any], seed: int) -> None:
    policy = parse_policy(keep)
    mixed = random.Random(seed).sample(rows, len(rows))
    ranks = dict(zip((r["record_id"] for r in rows), policy.ranks(table(rows)).tolist(), strict=True))
    again = dict(zip((r["record_id"] for r in mixed), policy.ranks(table(mixed)).tolist(), strict=True))
    assert ranks == again


def test_the_default_is_the_documented_one() -> None:
    policy = parse_policy()
    assert [p.name for p in policy.keep] == ["human", "licensed", "highest", "newest", "longest"]
    assert parse_policy(list(DEFAULT_KEEP)) == policy
    assert policy.keep_all == ()


def test_quality_is_asked_only_where_it_is_measured() -> None:
    there = ["record_id", "origin", "license", "event_time", LENGTH]
    assert parse_policy().columns(there) == there
    assert "quality_score" in parse_policy().columns([*there, "quality_score"])
    with pytest.raises(UnknownName, match="helpfulness"):
        parse_policy([{"highest": "helpfulness"}]).columns(there)


def test_policies_that_differ_have_digests_that_differ() -> None:
    given = [None, ["human"], ["longest"], ["human", "longest"], ["longest", "human"], [{"source": ["a"]}],
             [{"source": ["a", "b"]}], {"keep": ["human"], "keep_all": [{"source": "a"}]}]  # fmt: skip
    assert len({parse_policy(one).digest for one in given}) == len(given)
    assert parse_policy(["human"]).digest == parse_policy({"keep": ["human"]}).digest


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("human", "a list or a mapping"), (["humane"], "humane"), (["highest"], "needs a value"),
        ([{"highest": 3}], "one column"), ([{"human": "x"}], "human"), ([{"source": []}], "patterns"),
        ([{"source": "a", "split": "b"}], "cannot read"), ({"kept": []}, "kept"), ([["human"]], "cannot read"),
        ({"keep_all": ["human"]}, "keep_all"), ({"keep_all": [{"highest": "x"}]}, "keep_all"),
    ],
    ids=lambda value: str(value),
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(value: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse_policy(value)


def test_a_text_has_no_highest() -> None:
    with pytest.raises(UserError, match="not a number"):
        parse_policy([{"highest": "license"}]).ranks(table([{"record_id": "a", "license": "mit"}]))
