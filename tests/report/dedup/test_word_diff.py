"""Word diffs: put together again they give both texts' words; they are short where texts are alike, and never slow."""

from __future__ import annotations

import random
import time
from difflib import SequenceMatcher

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.report.dedup.word_diff import MOST_BYTES, MOST_SHOWN, Run, differences, word_diff

word_lists = st.lists(st.integers(0, 6), max_size=60)


def hashes(words: list[int]) -> np.ndarray:
    return np.array(words, np.uint64)


@settings(max_examples=300)
@given(word_lists, word_lists)
def test_outside_the_differences_both_texts_are_the_same(a: list[int], b: list[int]) -> None:
    i = j = 0
    for i1, i2, j1, j2 in differences(hashes(a), hashes(b)):
        assert a[i:i1] == b[j:j1]
        assert i1 < i2 or j1 < j2
        assert i1 >= i and j1 >= j  # noqa: PT018
        i, j = i2, j2
    assert a[i:] == b[j:]


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_long_texts_are_aligned_about_as_well_as_by_full_comparison(share: float) -> None:
    rng = random.Random(3)
    a = [rng.randrange(400) for _ in range(1500)]
    b = []
    for word in a:
        b += [] if rng.random() < share / 2 else [word]
        b += [rng.randrange(400)] if rng.random() < share / 2 else []
    mine = sum(i2 - i1 + j2 - j1 for i1, i2, j1, j2 in differences(hashes(a), hashes(b)))
    full = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    best = sum(i2 - i1 + j2 - j1 for tag, i1, i2, j1, j2 in full if tag != "equal")
    assert mine <= 1.1 * best


def shown(runs: list[Run], form: str = "only") -> list[str]:
    return [run.text for run in runs if run.form == form]


def test_case_accents_and_punctuation_do_not_differ() -> None:
    found = word_diff("The café, (open)\nuntil midnight", "the CAFE open until midnight!")
    assert found.hunks == []
    assert (found.only_left, found.only_right) == (0, 0)


def test_marks_are_words_in_code() -> None:
    found = word_diff("x = [a for a in b if (a > 1)]; y = (x);", "x = [a for a in b if (a < 1)]; y = (x);")
    assert shown(found.hunks[0].left) == [">"]
    assert shown(found.hunks[0].right) == ["<"]


def test_characters_of_scripts_without_spaces_are_words() -> None:
    found = word_diff("我喜欢红色的花", "我喜欢蓝色的花")
    assert shown(found.hunks[0].left) == ["红"]
    assert shown(found.hunks[0].right) == ["蓝"]


def test_a_mark_ends_with_its_word() -> None:
    found = word_diff("Dear Ann,\n\n\nyour bill", "Dear Bob,\n\n\nyour bill")
    assert [(run.form, run.text) for run in found.hunks[0].left] == [
        ("same", "Dear "), ("only", "Ann"), ("same", ",\n"), ("same", "your bill"),
    ]  # fmt: skip


def test_words_are_all_accounted_for() -> None:
    base = [f"w{i}" for i in range(300)]
    other = [*base[:40], "new", *base[40:200], *base[203:]]
    found = word_diff(" ".join(base), " ".join(other))
    assert (found.words_left, found.words_right) == (300, 298)
    assert (found.only_left, found.only_right) == (3, 1)
    seen = " ".join(run.text for hunk in found.hunks for run in hunk.left).split()
    assert len(seen) + sum(hunk.alike_before for hunk in found.hunks) + found.alike_after == 300


def test_texts_without_anything_in_common_are_cut() -> None:
    found = word_diff(" ".join(f"a{i}" for i in range(5000)), " ".join(f"b{i}" for i in range(5000)))
    assert shown(found.hunks[0].left, "gap") == ["… 4,940 more words … "]
    assert found.only_left == 5000


def test_of_many_differences_only_the_first_are_shown() -> None:
    base = " ".join(f"w{i}" for i in range(20_000))
    other = " ".join("x" if i % 100 == 0 else f"w{i}" for i in range(20_000))
    found = word_diff(base, other)
    assert found.more + len(found.hunks) == 200
    assert sum(len(run.text.split()) for hunk in found.hunks for run in hunk.left) < 2 * MOST_SHOWN


@pytest.mark.parametrize("text", ["", "   \n", "!?", "\x00", "\ud800 lone", "a"])
@pytest.mark.parametrize("other", ["", "a b", "\U0001f600"])
def test_texts_without_words_can_be_compared(text: str, other: str) -> None:
    found = word_diff(text, other)
    assert found.only_left <= found.words_left
    assert found.left_cut == found.right_cut == 0


def test_what_is_beyond_the_bound_is_said() -> None:
    found = word_diff("é" * MOST_BYTES, "short")
    assert found.left_cut == MOST_BYTES
    assert found.right_cut == 0


@pytest.mark.parametrize("kind", ["reversed", "one word", "few words", "moved", "edited everywhere"])
def test_no_texts_take_long(kind: str) -> None:
    rng = random.Random(0)
    base = [f"w{i}" for i in range(60_000)]
    a, b = {
        "reversed": (base, base[::-1]),
        "one word": (["a"] * 90_000, ["a", "b"] * 45_000),
        "few words": ([rng.choice("abc") for _ in range(90_000)], [rng.choice("abc") for _ in range(90_000)]),
        "moved": (base, [*base[30_000:], *base[:30_000]]),
        "edited everywhere": (base, [word if rng.random() > 0.3 else "x" for word in base]),
    }[kind]
    word_diff("warm", "up")
    begun = time.perf_counter()
    word_diff(" ".join(a), " ".join(b))
    assert time.perf_counter() - begun < 5
