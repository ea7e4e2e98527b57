"""Deduplication over a stored dataset: the same answer however rows lie, whoever computes, after kills and appends."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from assay.core.errors import UnknownName, UserError
from assay.dedup.in_memory import near_copies
from assay.dedup.near import NearParams
from assay.flows.decide import decide
from assay.flows.dedupe.near import SIGNALS as NEAR
from assay.flows.dedupe.options import DedupeOptions, options_of
from assay.flows.dedupe.pairs import read_pairs
from assay.flows.dedupe.run import dedupe
from assay.flows.measure import measure
from assay.flows.similar import similar
from assay.store import Dataset, Workspace
from tests.flows.world import Row, fill, qa, values, workspace

WORDS = [f"{a}{b}" for a in "bdfgklmnprstvz" for b in ("an", "el", "is", "or", "um", "ade", "ent", "ing")]


def text_of(rng: random.Random, words: int = 120) -> list[str]:
    return [rng.choice(WORDS) for _ in range(words)]


def edited(rng: random.Random, words: Sequence[str], share: float) -> list[str]:
    out = list(words)
    for at in rng.sample(range(len(out)), int(len(out) * share)):
        out[at] = rng.choice(WORDS)
    return out


def some_rows(seed: int = 0, number: int = 60) -> list[Row]:
    """Originals, copies with a few words changed, re-wrapped copies, and texts of their own."""
    rng, rows = random.Random(seed), []
    for i in range(number):
        words = text_of(rng)
        rows.append(qa(4 * i, " ".join(words)))
        rows.append(qa(4 * i + 1, " ".join(edited(rng, words, 0.01))))
        rows.append(qa(4 * i + 2, "\n".join(" ".join(words[k : k + 7]) for k in range(0, 120, 7)).upper()))
        rows.append(qa(4 * i + 3, " ".join(text_of(rng))))
    rng.shuffle(rows)
    return rows


def cut(rows: Sequence[Row], *sizes: int) -> list[Sequence[Row]]:
    parts, at = [], 0
    for size in sizes:
        parts.append(rows[at : at + size])
        at += size
    return [*parts, rows[at:]]


def found(data: Dataset) -> dict[str, tuple[Any, ...]]:
    return values(data, *NEAR)


def test_every_copy_is_found_and_nothing_else(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, *cut(some_rows(), 50, 100))
    result = dedupe(ws, "tickets")
    assert (result.records, result.clusters, result.duplicates) == (240, 60, 120)
    for record, (keeper, similarity, cluster, size, differing) in found(data).items():
        number = int(record[1:])
        if number % 4 == 3:
            assert (keeper, similarity, cluster, size, differing) == (None, None, None, 1, None)
        else:
            first = f"q{number - number % 4:04d}"
            assert cluster is not None
            assert size == 3
            assert abs(int(cluster[1:]) - int(first[1:])) <= 2
            assert (keeper is None) == (cluster == record)
            if keeper is not None:
                assert similarity >= 0.8
                assert differing == 0


def test_it_finds_what_is_found_in_memory(tmp_path: Path) -> None:
    rows = some_rows(seed=3)
    ws, data = workspace(tmp_path, *cut(rows, 31, 77))
    dedupe(ws, "tickets", DedupeOptions(keep=["longest"]))
    texts = pa.array([row["text"] for row in rows], pa.large_string())
    ids = pa.array([row["record_id"] for row in rows], pa.large_string())
    order = sorted(range(len(rows)), key=lambda i: (-len(rows[i]["text"].encode()), rows[i]["record_id"]))
    ranks = np.empty(len(rows), np.int64)
    ranks[order] = np.arange(len(rows))
    copies = near_copies(texts, ids, ranks=ranks)
    expected = {
        rows[i]["record_id"]: rows[int(keeper)]["record_id"] if keeper != i else None
        for i, keeper in enumerate(copies.keeper.tolist())
    }
    assert {record: row[0] for record, row in found(data).items()} == expected


@pytest.mark.parametrize("sizes", [(), (1, 1, 1), (100,), (239,)], ids=["one", "crumbs", "two", "a last row"])
@pytest.mark.parametrize("workers", [1, 3])
def test_fragments_workers_and_the_order_of_rows_change_nothing(
    tmp_path: Path, sizes: tuple[int, ...], workers: int
) -> None:
    ws, data = workspace(tmp_path / "a", *cut(some_rows(seed=1), 120))
    dedupe(ws, "tickets", workers=1)
    rows = some_rows(seed=1)
    random.Random(5).shuffle(rows)
    other_ws, other = workspace(tmp_path / "b", *cut(rows, *sizes))
    dedupe(other_ws, "tickets", workers=workers)
    assert found(other) == found(data)
    assert other.digest() == data.digest()


def test_the_second_run_does_nothing_and_says_the_same(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, some_rows())
    first = dedupe(ws, "tickets")
    version = data.head
    second = dedupe(ws, "tickets")
    assert second.cached
    assert not first.cached
    assert data.head == version
    assert (second.duplicates, second.clusters) == (first.duplicates, first.clusters)


def test_new_records_do_not_have_the_old_ones_signed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = some_rows(seed=2)
    ws, data = workspace(tmp_path, *cut(rows[:200], 100))
    dedupe(ws, "tickets")
    fill(ws, "tickets.qa", [rows[200:]], key="2")
    result = dedupe(ws, "tickets")
    assert result.datasets[0].from_index == 2
    whole_ws, whole = workspace(tmp_path / "whole", rows)
    dedupe(whole_ws, "tickets")
    assert found(data) == found(whole)


def test_a_broken_index_file_is_made_again(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, some_rows())
    dedupe(ws, "tickets")
    before = found(data)
    files = list((ws.path / "index" / "tickets.qa").glob("near-*.npy"))
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:100])
    assert dedupe(ws, "tickets", DedupeOptions(threshold=0.81)).datasets[0].from_index == 0
    assert set(found(data)) == set(before)


def test_every_compared_pair_is_kept_with_its_similarity(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, some_rows())
    part = dedupe(ws, "tickets").datasets[0]
    assert part.pairs_file is not None
    pairs = read_pairs(ws.path / part.pairs_file)
    assert (pairs["similarity"].to_numpy() >= 0.8).sum() <= part.verified_pairs
    assert sum(part.similarity) == len(pairs)
    assert all(a < b for a, b in zip(pairs["left"].to_pylist(), pairs["right"].to_pylist(), strict=True))


def test_a_higher_threshold_keeps_only_closer_copies(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, some_rows())
    dedupe(ws, "tickets", DedupeOptions(threshold=0.999))
    close = {record: row for record, row in found(data).items() if row[0]}
    assert len(close) == 60
    assert all(row[1] == 1.0 for row in close.values())


def test_prompts_alone_can_be_compared(tmp_path: Path) -> None:
    rows = [
        qa(i, f"answer number {i}", prompt=f"Is this question {i // 2} asked twice, or is it not?") for i in range(8)
    ]
    ws, data = workspace(tmp_path, rows)
    dedupe(ws, "tickets", DedupeOptions(method="exact", fields=("prompt",)))
    assert values(data, "same_text_as", "same_text_count") == {
        f"q{i:04d}": (None if i % 2 == 0 else f"q{i - 1:04d}", 2) for i in range(8)
    }
    dedupe(ws, "tickets", DedupeOptions(method="exact", fields=("response",)))
    assert {row[1] for row in values(data, "same_text_as", "same_text_count").values()} == {1}


def test_equal_texts_are_told_by_their_words(tmp_path: Path) -> None:
    answers = ["The café is open.", "the CAFE  is\nopen", "The cafe is closed.", "", "!!!", "!!!"]
    rows = [qa(i, answer) for i, answer in enumerate(answers)]
    ws, data = workspace(tmp_path, rows)
    dedupe(ws, "tickets", DedupeOptions(method="exact", fields=("best_answer",)))
    assert values(data, "same_text_as", "same_text_count") == {
        "q0000": (None, 2), "q0001": ("q0000", 2), "q0002": (None, 1), "q0003": (None, None), "q0004": (None, None),
        "q0005": (None, None),
    }  # fmt: skip


def test_the_policy_chooses_who_stays(tmp_path: Path) -> None:
    rng = random.Random(0)
    words = text_of(rng)
    rows = [
        qa(0, " ".join(words), origin="model"),
        qa(1, " ".join(words).upper(), origin="human"),
        qa(2, " ".join(words) + " " + WORDS[0], origin="human", license="MIT"),
    ]
    for keep, keeper in (
        (None, "q0002"),
        (["human"], "q0001"),
        ([{"origin": ["model"]}], "q0000"),
        (["longest"], "q0002"),
    ):
        ws, data = workspace(tmp_path / str(keeper) / str(bool(keep)), rows)
        dedupe(ws, "tickets", options_of({}, keep))
        assert {row[2] for row in found(data).values()} == {keeper}


def test_a_protected_source_keeps_all_its_records(tmp_path: Path) -> None:
    rng = random.Random(0)
    words = " ".join(text_of(rng))
    rows = [qa(i, words + " " + " ".join(WORDS[:i]), path="gold/a.jsonl" if i < 2 else "web/b.jsonl") for i in range(4)]
    ws, data = workspace(tmp_path, rows)
    dedupe(ws, "tickets", options_of({}, {"keep_all": [{"source": "gold/*"}]}))
    got = {record: row[0] for record, row in found(data).items()}
    assert got["q0000"] is None
    assert got["q0001"] is None
    assert got["q0002"] in ("q0000", "q0001")
    assert got["q0003"] in ("q0000", "q0001")


def test_records_of_a_template_are_kept_by_the_rules(tmp_path: Path) -> None:
    rng = random.Random(4)
    frame = " ".join(text_of(rng, 200))
    rows = [qa(i, f"{frame} the parcel {i * 37} goes to {WORDS[i]} {frame}") for i in range(40)]
    ws, _ = workspace(tmp_path, rows)
    result = decide(ws, "tickets", "near_duplicates")
    assert (result.dropped, result.kept) == (0, 40)
    assert result.by_rule["same_template"] == 39


def test_a_rule_has_the_copies_found_and_found_again_after_an_append(tmp_path: Path) -> None:
    rows = some_rows()
    ws, _ = workspace(tmp_path, rows[:100])
    dedupe(ws, "tickets", DedupeOptions(threshold=0.85))
    assert decide(ws, "tickets", "near_duplicates").dropped < 120
    fill(ws, "tickets.qa", [rows[100:]], key="2")
    assert decide(ws, "tickets", "near_duplicates").dropped == 120
    assert decide(ws, "tickets", "near_duplicates").datasets[0].cached


def test_measure_does_not_find_copies_unless_asked(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, some_rows(number=5))
    measure(ws, "tickets")
    assert "near_cluster" not in data.signals()
    measured = measure(ws, "tickets", only=["near_cluster"])
    assert measured.datasets[0].signals == {"near_cluster": "measured"}
    assert measure(ws, "tickets", only=["near_cluster"]).cached


def test_similar_tells_what_differs(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, some_rows())
    result = similar(ws, "tickets", "q0000")
    assert [one.record_id for one in result.found] == ["q0002", "q0001"]
    assert result.found[0].similarity == 1.0
    assert result.found[1].only_there
    assert 0.8 <= result.found[1].similarity < 1.0
    with pytest.raises(UnknownName, match="did you mean 'q0000'"):
        similar(ws, "tickets", "q00000")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"method": "nere"}, "E101"), ({"threshold": 0.0}, "E104"),
        ({"threshold": 1.5}, "E104"), ({"bands": 0}, "E104"),
        ({"shingles": "letters"}, "E104"), ({"bandz": 3}, "E101"), ({"size": "five"}, "E104"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_option_is_told(options: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as caught:
        options_of(options)
    assert caught.value.code == code


@pytest.mark.parametrize("fields", [("no_such",), ("messages",), ("prompt[]",), ("context[].no",)], ids=str)
def test_a_field_that_cannot_be_compared_is_told(tmp_path: Path, fields: tuple[str, ...]) -> None:
    ws, _ = workspace(tmp_path, some_rows(number=2))
    with pytest.raises(UserError, match=r"E101|E104"):
        dedupe(ws, "tickets", DedupeOptions(fields=fields))


def test_an_empty_dataset_has_no_copies(tmp_path: Path) -> None:
    ws = Workspace.init(tmp_path / "ws")
    ws.create("tickets.qa")
    for method in ("near", "exact"):
        assert dedupe(ws, "tickets", options_of({"method": method})).duplicates == 0


def test_detection_is_one_minus_the_chance_that_no_band_is_equal() -> None:
    # filters.md: 14 x 8 finds 56.5 % at 0.7, 92.4 % at 0.8
    assert NearParams().detection(0.7) == pytest.approx(0.565, abs=1e-3)
    assert NearParams().detection(0.8) == pytest.approx(0.924, abs=1e-3)
