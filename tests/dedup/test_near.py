"""Near copies end to end in memory: what is compared, candidates against loops, groups, kinds of texts, order."""

from __future__ import annotations

import gzip
import json
import random
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.dedup.in_memory import near_copies
from assay.dedup.near import (
    WINDOW,
    NearParams,
    Signed,
    band_candidates,
    grouped,
    id_keys,
    joined,
    same_signatures,
    settle,
    sign,
    signature_parts,
    word_parts,
)
from tests.dedup import near_oracle as oracle
from tests.dedup.frames import FRAMES, filled
from tests.dedup.planted import detect, planted, prose


def strings(values: list[str | None]) -> pa.LargeStringArray:
    return pa.array(values, pa.large_string())


def signed_of(bands: list[list[int]], ids: list[str]) -> Signed:
    """Rows with the given band hashes."""
    held = np.array(bands, np.uint64).reshape(len(ids), len(bands[0]) if bands else 3).T
    whole = np.array([hash(tuple(row)) & oracle.BITS for row in bands], np.uint64)
    return Signed(held, whole, np.ones(len(ids), np.int32), id_keys(pa.array(ids)), np.ones(len(ids), np.int64))


@pytest.mark.parametrize(
    ("given_params", "named"),
    [
        ({"size": 0}, "size"), ({"size": 65}, "size"), ({"bands": 0}, "bands"), ({"rows": 65}, "rows"),
        ({"threshold": 0.0}, "threshold"), ({"threshold": 1.1}, "threshold"), ({"shingles": "bytes"}, "shingles"),
    ],
    ids=lambda value: str(value),
)  # fmt: skip
def test_parameters_out_of_range_are_refused_by_name(given_params: dict[str, object], named: str) -> None:
    with pytest.raises(UserError, match=named) as caught:
        NearParams(**given_params)  # type: ignore[arg-type]
    assert caught.value.code == "E104"


def test_detection_is_the_formula() -> None:
    params = NearParams(bands=14, rows=8)
    assert params.detection(0.8) == pytest.approx(1 - (1 - 0.8**8) ** 14)
    assert params.detection(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]


def test_all_but_the_threshold_is_part_of_a_signature() -> None:
    assert set(NearParams().settings) - set(NearParams().of_signatures) == {
        "threshold", "window", "least_group", "alike",
    }  # fmt: skip


def test_batches_are_signed_as_the_whole() -> None:
    draw = random.Random(0)
    texts = strings([" ".join(prose(draw, draw.randint(0, 40))) for _ in range(50)] + [None, "", "..."])
    ids = strings([f"r{i}" for i in range(53)])
    whole = sign(texts, ids, NearParams())
    parts = [sign(texts.slice(a, b - a), ids.slice(a, b - a), NearParams()) for a, b in ((0, 7), (7, 7), (7, 53))]
    again = joined(parts, 14)
    for name in ("bands", "whole", "shingles", "keys", "lengths"):
        assert (getattr(whole, name) == getattr(again, name)).all()
    assert len(joined([], 14)) == 0


@settings(max_examples=200)
@given(
    bands=st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), max_size=20), shares=st.integers(1, 4),
    cut=st.integers(0, 20),
)  # fmt: skip
def test_candidates_are_all_pairs_with_an_equal_band(bands: list[list[int]], shares: int, cut: int) -> None:
    ids = [f"r{i}" for i in range(len(bands))]
    signed = signed_of(bands, ids)
    parts = [signature_parts(_rows(signed, 0, cut), 0, shares), signature_parts(_rows(signed, cut, None), cut, shares)]
    best: dict[int, int] = {}
    left_out = np.zeros(len(bands), np.bool_)
    for share in range(shares):
        rows, to = same_signatures(share, [part[share] for part in parts])
        best |= dict(zip(rows.tolist(), to.tolist(), strict=True))
        left_out[rows] = True
    for row, one in enumerate(bands):
        same = [i for i, other in enumerate(bands) if other == one]
        first = min(same, key=lambda i: int(signed.keys[i]))
        assert best.get(row, first) == first
        assert (row in best) == (row != first)
    found = set()
    for at in range(shares, shares * 4):
        pairs, missed = band_candidates(at, [part[at] for part in parts], left_out, signed.keys)
        assert missed == 0
        found |= {(int(pair) >> 32, int(pair) & 0xFFFFFFFF) for pair in pairs}
    stay = [i for i in range(len(bands)) if not left_out[i]]
    assert found == {
        (i, j) for i, j in combinations(stay, 2) if any(a == b for a, b in zip(bands[i], bands[j], strict=True))
    }


def _rows(signed: Signed, start: int, end: int | None) -> Signed:
    part = slice(start, end)
    return Signed(
        signed.bands[:, part], signed.whole[part], signed.shingles[part], signed.keys[part], signed.lengths[part]
    )


def test_long_runs_make_a_bounded_number_of_pairs_and_say_how_many_they_left_out() -> None:
    n = 500
    signed = signed_of([[1, i] for i in range(n)], [f"r{i}" for i in range(n)])
    parts = signature_parts(signed, 0, 1)
    pairs, missed = band_candidates(1, [parts[1]], np.zeros(n, np.bool_), signed.keys)
    assert len(pairs) + missed == n * (n - 1) // 2
    assert len(pairs) <= n * WINDOW


@settings(max_examples=200)
@given(
    pairs=st.sets(st.tuples(st.integers(0, 15), st.integers(0, 15)).filter(lambda p: p[0] < p[1]), max_size=20),
    most=st.integers(1, 40),
)
def test_no_group_is_cut_and_partitions_hold_about_what_they_may(pairs: set[tuple[int, int]], most: int) -> None:
    packed = np.array(sorted(a << 32 | b for a, b in pairs), np.uint64)
    weight = np.arange(16, dtype=np.int64) % 5
    groups = grouped(packed, weight, most)
    rows = groups.rows.tolist()
    assert rows == sorted({row for pair in pairs for row in pair})
    told = {(rows[a], rows[b]) for a, b in zip(groups.left.tolist(), groups.right.tolist(), strict=True)}
    assert told == pairs
    of = dict(zip(rows, groups.partition.tolist(), strict=True))
    assert all(of[a] == of[b] for a, b in pairs)
    component = oracle.components(16, pairs)
    for partition in range(groups.partitions):
        here = slice(int(groups.pair_starts[partition]), int(groups.pair_starts[partition + 1]))
        assert {of[rows[a]] for a in groups.left[here].tolist()} == {partition}
        inside = [row for row in rows if of[row] == partition]
        biggest = max(sum(int(weight[r]) for r in inside if component[r] == c) for c in {component[r] for r in inside})
        assert sum(int(weight[r]) for r in inside) < most + max(biggest, 1)


def corpus(seed: int = 0, records: int = 60) -> list[str]:
    """Planted copies, and letters and sensor lines with copies of some of them."""
    draw = random.Random(seed)
    texts = planted([prose(draw, draw.randint(3, 120)) for _ in range(records)], seed).texts
    for frame in FRAMES[1::6]:
        own = filled(frame, 9, seed)
        texts += own + planted([text.split() for text in own[:3]], seed).texts
    draw.shuffle(texts)
    return texts


def test_partitions_of_groups_change_nothing() -> None:
    texts = corpus()
    n, params = len(texts), NearParams()
    text, ids = strings(texts), strings([f"r{i:06d}" for i in range(n)])
    whole = near_copies(text, ids)
    pairs = np.unique(whole.left.astype(np.uint64) << np.uint64(32) | whole.right.astype(np.uint64))
    groups = grouped(pairs, np.full(n, 100, np.int64), 1000)
    assert groups.partitions > 5
    numbers = np.arange(len(groups.rows))
    half = len(numbers) // 2
    parts = [
        word_parts(
            text.take(pa.array(groups.rows[cut])), numbers[cut], groups.partition[cut], groups.partitions, params
        )
        for cut in (slice(0, half), slice(half, None))
    ]
    ranks, own = groups.rows, np.zeros(len(numbers), np.bool_)
    keeper = np.arange(n)
    for partition in range(groups.partitions):
        done = settle(partition, [part[partition] for part in parts], groups, ranks, own, params, True)
        keeper[groups.rows[done.row]] = groups.rows[done.keeper]
    assert keeper.tolist() == whole.keeper.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    texts = corpus(seed)
    n = len(texts)
    ids = [f"r{i:06d}" for i in range(n)]
    whole = near_copies(strings(texts), strings(ids))
    order = random.Random(seed).sample(range(n), n)
    again = near_copies(strings([texts[i] for i in order]), strings([ids[i] for i in order]))
    for place, i in enumerate(order):
        assert ids[order[again.keeper[place]]] == ids[whole.keeper[i]]
        assert again.values[place] == whole.values[i]
        assert again.similarity[place] == whole.similarity[i] or np.isnan(whole.similarity[i])


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_what_a_cluster_promises(threshold: float) -> None:
    texts = corpus(5)
    found = detect(texts, NearParams(threshold=threshold))
    keeper = found.keeper.tolist()
    for row, kept in enumerate(keeper):
        if row == kept:
            assert np.isnan(found.similarity[row])
            assert found.values[row] == 0
            continue
        assert keeper[kept] == kept, "a keeper is nobody's copy"
        assert kept < row, "record_id decides where nothing else does"
        similarity = oracle.jaccard(oracle.shingles(texts[row]), oracle.shingles(texts[kept]))
        assert found.similarity[row] == similarity >= threshold


def test_ranks_choose_the_keeper_and_protected_rows_stay() -> None:
    text = " ".join(prose(random.Random(2), 60))
    texts = [text, text.upper(), text + " and more", text.title()]
    ids = strings(list("abcd"))
    found = near_copies(strings(texts), ids, ranks=np.array([3, 2, 0, 1]))
    assert found.keeper.tolist() == [2, 2, 2, 2]
    own = np.array([True, False, False, False])
    found = near_copies(strings(texts), ids, ranks=np.array([0, 3, 1, 2]), protected=own)
    assert found.keeper.tolist() == [0, 0, 0, 0]
    found = near_copies(strings(texts), ids, ranks=np.array([3, 2, 0, 1]), protected=own)
    assert found.keeper.tolist() == [0, 2, 2, 2]


LONG = " ".join(prose(random.Random(9), 300))
HAN = (
    "机器学习模型的训练数据需要去除重复内容以避免评测结果失真。重"
    "复的网页会浪费算力并降低模型的泛化能力因此数据清洗十分重要"
)
THAI = "การเรียนรู้ของเครื่องต้องการข้อมูลที่ไม่ซ้ำกันเพื่อให้ผลการประเมินถูกต้องและเชื่อถือได้สำหรับทุกคนในโครงการนี้"
PAIRS: dict[str, tuple[str, str, bool]] = {
    "one word, case changed": ("Yes", "YES!", True),
    "two words, spacing changed": ("good morning", "Good  morning.", True),
    "four words": ("how are you today", "How are you, today?", True),
    "two short questions": ("how are you today", "who are they now", False),
    "short numbers": ("42", "43", False),
    "one character": ("a", "A", True),
    "marks only": ("!!! ...", "!!! ...", False),
    "code marks only": ("(){};", "( ) { } ;", True),
    "other marks": ("(){};", "[]<>=", False),
    "emoji only": ("\U0001f600\U0001f600", "\U0001f600\U0001f600", False),
    "Han, spaced and punctuated": (HAN, HAN.replace("。", " , "), True),
    "Han, one character edited": (HAN, HAN[:30] + "错" + HAN[31:], True),
    "Han, another sentence": (HAN, HAN[::-1], False),
    "Thai, spaced": (THAI, THAI[:50] + " " + THAI[50:], True),
    "Thai, another order": (THAI, THAI[60:] + THAI[:60], True),
    "mixed scripts": (f"Model {HAN} v2 {LONG}", f"model {HAN} V2 {LONG}", True),
    "Cyrillic, case": ("Данные для обучения не должны повторяться", "ДАННЫЕ ДЛЯ ОБУЧЕНИЯ НЕ ДОЛЖНЫ ПОВТОРЯТЬСЯ", True),
    "Arabic, vowel marks": ("كُتِبَ هٰذا النَّصُّ مَرَّتَيْنِ في المَوقِعِ", "كتب هذا النص مرتين في الموقع", True),
    "German, umlauts apart": ("Über die Größe der Wörter", "U\u0308ber die Gro\u0308sse der Wo\u0308rter", True),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_texts_of_every_kind(pair: tuple[str, str, bool]) -> None:
    one, other, alike = pair
    found = detect([one, other, LONG])
    assert (found.keeper[1] == 0) == alike
    if alike:
        assert found.values[1] == 0


def test_null_empty_and_marks_are_nobodys_copies() -> None:
    found = near_copies(strings([None, None, "", "", "...", "...", "\n", "ok"]), strings(list("abcdefgh")))
    assert found.keeper.tolist() == list(range(8))


def test_nothing_and_one_text() -> None:
    assert len(near_copies(strings([]), strings([])).keeper) == 0
    assert near_copies(strings(["a"]), strings(["x"])).keeper.tolist() == [0]


def test_one_huge_text_and_its_copy() -> None:
    draw = np.random.default_rng(0)
    words = np.char.add("w", draw.integers(0, 50_000, 600_000).astype(str))
    huge = " ".join(words)
    words[::1000] = "edit"
    found = detect([huge, " ".join(words), "short text of six words here"])
    assert found.keeper.tolist() == [0, 0, 2]
    assert 0.98 < found.similarity[1] < 1


def functions(shared: Path) -> list[str]:
    with gzip.open(shared / "gold-decontam" / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    return [item["prompt"] + item["canonical_solution"] for item in items]


def test_functions_are_copies_of_themselves_reindented_and_of_no_other(shared_data: Path) -> None:
    texts = functions(shared_data)
    n = len(texts)
    spaced = [text.replace("    ", "\t").replace("\n", "\r\n") for text in texts]
    found = detect(texts + spaced, numbers_matter=False)
    assert found.keeper[:n].tolist() == list(range(n)), "no two of the tasks are copies"
    assert found.keeper[n:].tolist() == list(range(n))
    assert (found.similarity[n:] == 1).all()


def test_renamed_variables_are_reported(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable that stands in few places leaves a function a near copy, told as another name; else it is none."""
    texts = functions(shared_data)
    renamed = []
    for text in texts:
        names = [name for name in re.findall(r"\b([a-z_]\w*) = ", text) if len(name) > 1]
        renamed.append(re.sub(rf"\b{names[0]}\b", "renamed_value", text) if names else text)
    n = len(texts)
    found = detect(texts + renamed, numbers_matter=False)
    changed = [i for i in range(n) if renamed[i] != texts[i]]
    near = [i for i in changed if found.keeper[n + i] == i]
    told = sum(found.values[n + i] > 0 for i in near)
    with capsys.disabled():
        print(f"\n  renamed variables: {len(changed)} functions, {len(near)} near copies, {told} told by the name")
    for i in changed:
        similarity = oracle.jaccard(oracle.shingles(texts[i]), oracle.shingles(renamed[i]))
        assert (found.keeper[n + i] == i) == (similarity >= 0.8) or similarity < 0.9
