"""Semantic copies in a stored dataset: signals as an oracle says, nothing embedded twice, the same however it lies."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UnknownName, UserError
from assay.dedup.keepers import parse_policy
from assay.embed import LexicalModel
from assay.flows.dedupe import semantic as module
from assay.flows.dedupe.semantic import SIGNALS, semantic
from assay.providers import Price
from assay.store import Workspace
from tests.flows.world import Row, fill, qa, values, workspace
from tests.providers.server import Reply, serving

SUBJECTS = ["The cat", "A service", "The bank", "My neighbour", "This recipe", "One engine"]
VERBS = ["repairs", "describes", "moves", "forgets", "measures"]
OBJECTS = ["the old clock", "every second number", "a river of sand", "its own shadow", "the last train", "cold soup"]


def sentence(number: int) -> str:
    parts = [
        f"{SUBJECTS[number * k % 6]} {VERBS[(number + k) % 5]} {OBJECTS[(number * 5 + k) % 6]}." for k in range(1, 5)
    ]
    return " ".join(parts) + f" Chapter {number}."


def rows(numbers: Sequence[int]) -> list[Row]:
    """Records of which every third text stands again with a few changed words, and every fifth word for word."""
    found = []
    for n in numbers:
        text = sentence(n)
        if n % 3 == 2:
            text = sentence(n - 1).replace("the", "that") + " Again."
        if n % 5 == 4:
            text = sentence(n - 2)
        found.append(qa(n, text, prompt="", text=None if n == 7 else "?!" if n == 8 else text))
    return found


def oracle(model: LexicalModel, records: Sequence[Row], threshold: float) -> dict[str, tuple[Any, ...]]:
    """The longest, then the smallest id, is kept. All pairs in wide arithmetic."""
    vectors = model.embed(pa.array([r["text"] for r in records], pa.large_string())).astype(np.float64)
    known = vectors.any(axis=1)
    size = np.where(known, np.linalg.norm(vectors, axis=1), 1)
    cosine = vectors @ vectors.T / np.outer(size, size)
    order = sorted(
        range(len(records)), key=lambda i: (-len((records[i]["text"] or "").encode()), records[i]["record_id"])
    )
    keeper: dict[int, int] = {}
    for best in order:
        if known[best] and best not in keeper:
            keeper[best] = best
            for other in order:
                same = np.array_equal(vectors[best], vectors[other])
                if known[other] and other not in keeper and (same or cosine[best, other] >= threshold):
                    keeper[other] = best
    sizes: dict[int, int] = {}
    for to in keeper.values():
        sizes[to] = sizes.get(to, 0) + 1
    out = {}
    for i, record in enumerate(records):
        to = keeper.get(i)
        copy = to is not None and to != i
        out[record["record_id"]] = (
            records[to]["record_id"] if copy and to is not None else None,
            float(cosine[i, to]) if copy else None,
            records[to]["record_id"] if to is not None and sizes[to] > 1 else None,
            sizes[to] if to is not None else None,
            model.name if known[i] else None,
        )
    return out


def same(found: Mapping[str, tuple[Any, ...]], expected: Mapping[str, tuple[Any, ...]]) -> None:
    assert found.keys() == expected.keys()
    for key, (copy_of, score, *rest) in expected.items():
        assert (found[key][0], *found[key][2:]) == (copy_of, *rest), key
        assert found[key][1] == (score if score is None else pytest.approx(score, abs=1e-6)), key


def model_of(ws: Workspace) -> LexicalModel:
    """The one that was fitted last: the only blob that is one."""
    blobs = [ws.blobs.get(name) for name in ws.blobs.names()]
    return LexicalModel.from_bytes(next(b for b in blobs if b[:2] == b"PK"))


@pytest.mark.parametrize("threshold", [0.8, 0.9, 1.0])
def test_signals_are_those_of_an_oracle_over_all_pairs(tmp_path: Path, threshold: float) -> None:
    records = rows(range(60))
    ws, data = workspace(tmp_path, records[:25], records[25:26], records[26:])
    found = semantic(ws, data.name, threshold=threshold)
    expected = oracle(model_of(ws), records, threshold)
    same(values(data, *SIGNALS), expected)
    assert found.duplicates == sum(one[0] is not None for one in expected.values())
    assert found.clusters == len({one[0] for one in expected.values() if one[0]})
    assert (found.records, found.compared, found.lexical) == (60, 58, True)
    assert found.embedder.startswith("lexical ")


def test_another_threshold_or_policy_makes_what_a_fresh_run_makes_without_embedding_or_searching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = rows(range(60))
    ws, data = workspace(tmp_path / "a", records)
    semantic(ws, data.name, threshold=0.8)
    for threshold, keep in ((0.95, None), (0.85, ["shortest"]), (0.8, None)):
        policy = parse_policy(keep)
        with monkeypatch.context() as without:  # whoever searches or embeds again fails
            without.setattr(module, "close_pairs", None)
            without.setattr("assay.flows.dedupe.embedders._embed", None)
            again = semantic(ws, data.name, threshold=threshold, policy=policy)
        assert again.cached_vectors == again.texts
        other, fresh = workspace(tmp_path / f"{threshold}{keep}", records)
        first = semantic(other, fresh.name, threshold=threshold, policy=policy)
        assert first.cached_vectors == 0
        assert values(data, *SIGNALS) == values(fresh, *SIGNALS)
        for name in ("clusters", "duplicates", "verified_pairs", "rejected_pairs", "embedder"):
            assert getattr(again, name) == getattr(first, name), name


@settings(max_examples=8)
@given(st.permutations(range(40)), st.lists(st.integers(1, 39), max_size=4), st.sampled_from([1, 2, 5]))
def test_order_fragments_and_workers_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: list[int], workers: int
) -> None:
    records = rows(range(40))
    mixed = [records[i] for i in order]
    edges = [0, *sorted(set(cuts)), 40]
    parts = [mixed[a:b] for a, b in itertools.pairwise(edges)]
    plain, other = _plain(tmp_path_factory, records), workspace(tmp_path_factory.mktemp("w"), *parts)
    found = semantic(other[0], other[1].name, threshold=0.85, workers=workers)
    assert values(other[1], *SIGNALS) == plain[0]
    for name in ("embedder", "clusters", "duplicates", "verified_pairs", "rejected_pairs", "texts", "bytes"):
        assert getattr(found, name) == getattr(plain[1], name), name


_KEPT: list[Any] = []


def _plain(made: pytest.TempPathFactory, records: list[Row]) -> Any:
    if not _KEPT:
        ws, data = workspace(made.mktemp("plain"), records)
        found = semantic(ws, data.name, threshold=0.85, workers=1)
        _KEPT.append((values(data, *SIGNALS), found))
    return _KEPT[0]


def test_a_named_model_embeds_only_what_is_new(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows(range(30)))
    first = semantic(ws, data.name)
    sha = next(name for name in ws.blobs.names() if ws.blobs.get(name)[:2] == b"PK")
    fill(ws, data.name, [rows(range(30, 40))], key="2")
    again = semantic(ws, data.name, embedder=f"lexical:{sha}")
    assert (again.embedder, again.cached_vectors) == (first.embedder, first.texts)
    assert again.texts > first.texts
    same(values(data, *SIGNALS), oracle(model_of(ws), rows(range(40)), 0.9))


def test_the_index_of_a_model_that_is_no_longer_asked_for_is_removed(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows(range(20)))
    semantic(ws, data.name)
    fill(ws, data.name, [rows(range(20, 40))], key="2")
    semantic(ws, data.name)
    folder = ws.path / "index" / data.name
    assert len(list(folder.glob("vectors-*"))) == len(list(folder.glob("close-*"))) == 1


def test_records_that_are_always_kept_are_no_ones_copy(tmp_path: Path) -> None:
    text = sentence(1)
    records = [qa(i, text, prompt="", text=text, path="gold.jsonl" if i % 2 else "a.jsonl") for i in range(6)]
    ws, data = workspace(tmp_path, records)
    found = semantic(ws, data.name, policy=parse_policy({"keep_all": [{"source": "gold.jsonl"}]}))
    assert found.duplicates == 3 - (values(data, SIGNALS[0])["q0000"][0] is None)
    assert all(one == (None,) for key, one in values(data, SIGNALS[0]).items() if int(key[1:]) % 2)


@pytest.mark.parametrize("texts", [[None, None], ["?!", ""], ["one"], []], ids=["null", "no word", "one", "no rows"])
def test_hardly_anything_to_compare_is_no_error(tmp_path: Path, texts: list[str | None]) -> None:
    ws, data = workspace(tmp_path, [qa(i, "x", text=text) for i, text in enumerate(texts)])
    found = semantic(ws, data.name)
    assert (found.records, found.compared, found.duplicates) == (len(texts), texts.count("one"), 0)


def test_fields_are_compared_where_they_are_named(tmp_path: Path) -> None:
    records = [
        qa(0, "alpha beta gamma", prompt="one question"),
        qa(1, "alpha beta gamma", prompt="quite another thing"),
    ]
    ws, data = workspace(tmp_path, records)
    assert semantic(ws, data.name).duplicates == 0
    assert semantic(ws, data.name, fields=("best_answer",)).duplicates == 1


@pytest.mark.parametrize(
    ("spec", "error"),
    [("word2vec:x", UnknownName), ("openai:http://h/v1", UserError), ("lexical:" + "0" * 64, UserError)],
)
def test_an_embedder_that_cannot_be_is_an_error(tmp_path: Path, spec: str, error: type[Exception]) -> None:
    ws, data = workspace(tmp_path, rows(range(3)))
    with pytest.raises(error):
        semantic(ws, data.name, embedder=spec)
    assert data.head == 1


# An endpoint.


def embedded(number: int, body: dict[str, Any]) -> Reply:
    """Texts with the same count of words are near each other."""
    data = []
    for i, text in enumerate(body["input"]):
        angle = len(text.split()) / 2 + len(text) / 1e4
        data.append({"index": i, "embedding": [2 * math.cos(angle), 2 * math.sin(angle)]})
    return Reply(body=json.dumps({"data": data[::-1], "usage": {"prompt_tokens": len(data)}}).encode())


def words(number: int) -> Row:
    text = "word " * (1 + number % 10) + "x" * (number // 10)
    return qa(number, text, prompt="", text=text)


def test_an_endpoints_vectors_are_paid_for_once(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, [words(i) for i in range(200)])
    price = Price(input=1e6)
    with serving(embedded) as server:
        spec = f"openai:{server.url}#small"
        first = semantic(ws, data.name, embedder=spec, key="secret", price=price)
        assert (first.texts, first.cached_vectors, first.cost) == (200, 0, 200.0)
        assert (first.embedder, first.lexical, first.dim) == (f"small at {server.url}", False, 2)
        assert first.duplicates > 100
        asked = len(server.requests)
        again = semantic(ws, data.name, embedder=spec, price=price, threshold=0.99)
        assert (again.cached_vectors, again.cost, len(server.requests)) == (200, 0.0, asked)
        fill(ws, data.name, [[words(i) for i in range(195, 205)]], key="2")
        more = semantic(ws, data.name, embedder=spec, price=price)
        assert (more.texts, more.cost) == (205, 5.0)
        _, other = ws, fill(ws, "copy.qa", [[words(i) for i in range(100, 110)]])
        lent = semantic(ws, other.name, embedder=spec, price=price)
        assert (lent.texts, lent.cached_vectors, lent.cost) == (10, 10, 0.0)
    assert all(header["Authorization"] == "Bearer secret" for header in server.headers[:asked])
    for file in (ws.path / "index").rglob("*"):
        assert not file.is_file() or b"secret" not in file.read_bytes()


def test_after_a_fault_what_was_answered_is_kept_and_the_run_goes_on(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, [words(i) for i in range(300)])
    broken = [True]

    def failing(number: int, body: dict[str, Any]) -> Reply:
        return Reply(401, b"no credit") if broken[0] and number == 2 else embedded(number, body)

    with serving(failing) as server:
        spec = f"openai:{server.url}#small"
        with pytest.raises(UserError, match=r"E110: small at .*no credit"):
            semantic(ws, data.name, embedder=spec, workers=1)
        assert data.head == 1
        broken[0] = False
        found = semantic(ws, data.name, embedder=spec, workers=1)
    assert (found.texts, found.cached_vectors) == (300, 128)
    sent = [text for body in server.requests for text in body["input"]]
    assert len(sent) == 300 + 64


def test_a_spent_budget_keeps_what_was_paid_for(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, [words(i) for i in range(200)])
    with serving(embedded) as server:
        spec = f"openai:{server.url}#small"
        with pytest.raises(UserError, match=r"E110: .*the budget of 100 is spent"):
            semantic(ws, data.name, embedder=spec, price=Price(input=1e6), budget=100, workers=1)
        rest = semantic(ws, data.name, embedder=spec, price=Price(input=1e6), budget=100, workers=1)
    assert (rest.cached_vectors, rest.cost) == (128, 72.0)


def test_a_refused_text_has_no_vector_and_is_asked_about_again(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, [words(i) for i in range(20)])

    def choosy(number: int, body: dict[str, Any]) -> Reply:
        long = any(len(text.split()) == 10 for text in body["input"])
        return Reply(400, b"too long") if long else embedded(number, body)

    with serving(choosy) as server:
        spec = f"openai:{server.url}#small"
        found = semantic(ws, data.name, embedder=spec)
        assert (found.records, found.compared) == (20, 18)
        assert values(data, *SIGNALS)["q0009"] == (None,) * 5
        asked = len(server.requests)
        again = semantic(ws, data.name, embedder=spec, threshold=0.99)
        assert (again.compared, again.cached_vectors) == (18, 18)
        assert len(server.requests) == asked + 3, "a batch of two, and each alone"


def test_an_endpoint_that_refuses_everything_is_not_asked_for_ever(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, [words(i) for i in range(1000)])
    with serving(lambda number, body: Reply(400, b"no such model")) as server:
        with pytest.raises(UserError, match=r"E110: .*every text was refused"):
            semantic(ws, data.name, embedder=f"openai:{server.url}#small", workers=1)
        assert len(server.requests) == 127
    assert data.head == 1


def test_a_model_whose_vectors_change_their_length_is_not_mixed(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, [words(i) for i in range(10)])

    def longer(number: int, body: dict[str, Any]) -> Reply:
        data = [{"index": i, "embedding": [1.0, 2.0, 3.0]} for i in range(len(body["input"]))]
        return Reply(body=json.dumps({"data": data}).encode()) if number else embedded(number, body)

    with serving(longer) as server:
        spec = f"openai:{server.url}#small"
        semantic(ws, data.name, embedder=spec)
        fill(ws, data.name, [[words(i) for i in range(10, 20)]], key="2")
        with pytest.raises(UserError, match="E412: vectors of 3 values, where those kept have 2"):
            semantic(ws, data.name, embedder=spec)


def test_beyond_a_size_pairs_are_sought_in_cells_and_what_is_missed_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, data = workspace(tmp_path / "exact", rows(range(200)))
    exact = semantic(ws, data.name)
    monkeypatch.setattr(module, "EXACT_ROWS", 50)
    found = {}
    for name in ("one", "two"):
        ws, data = workspace(tmp_path / name, rows(range(200)))
        found[name] = semantic(ws, data.name), values(data, *SIGNALS)
    (first, signals), (second, again) = found["one"], found["two"]
    assert signals == again
    assert (first.recall, exact.recall) == (second.recall, 1.0)
    assert 0.9 < first.recall <= 1.0
    assert first.verified_pairs <= exact.verified_pairs
    assert first.duplicates >= 0.9 * exact.duplicates
