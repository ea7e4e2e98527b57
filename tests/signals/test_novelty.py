"""A record copied many times counts as one; what only one record says counts in full."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.signals import SIGNALS, measure_rows
from tests.signals.test_examples import table, values

NAME = "novel_ngram_share"
SENTENCE = "the quick brown fox jumps over the lazy dog near the river bank "
LONG = " ".join(f"{SENTENCE}{i}" for i in range(60))


def shares(*texts: str | None) -> list[float | None]:
    return values(NAME, "composite", *({"text": text} for text in texts))


@pytest.mark.parametrize("text", [SENTENCE, "two words", LONG], ids=["a sentence", "two words", "a long text"])
def test_ten_thousand_copies_count_as_one_record(text: str) -> None:
    found = shares(*[text] * 10_000, "something else that nobody has said in this set before")
    assert sum(value or 0 for value in found[:-1]) == pytest.approx(1.0)
    assert found[-1] == 1.0


def test_half_of_a_text_copied_counts_half() -> None:
    one = " ".join(f"a{i}" for i in range(24))
    other = " ".join([f"a{i}" for i in range(14)] + [f"b{i}" for i in range(10)])
    # 20 n-grams each, the first 10 in common.
    assert shares(one, other) == [pytest.approx(0.75), pytest.approx(0.75)]


def test_a_text_repeated_inside_one_record_is_not_held_against_it() -> None:
    assert shares(SENTENCE * 3, "x") == [1.0, 1.0]


def test_what_has_no_word_is_unknown() -> None:
    assert shares(None, "", "?!") == [None, None, None]


@given(st.lists(st.sampled_from([SENTENCE, LONG, SENTENCE + "and so on", "a b", None]), max_size=12), st.data())
def test_the_layout_of_fragments_changes_nothing(texts: list[str | None], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(texts)))
    rows = table("composite", *({"text": text} for text in texts))
    signal = SIGNALS.get(NAME)
    parts = measure_rows([signal], [rows[cut:], rows[:cut]], "composite")
    assert parts[1][NAME].to_pylist() + parts[0][NAME].to_pylist() == shares(*texts)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_effective_records_are_the_distinct_ones(copies: list[int]) -> None:
    texts = [" ".join(f"t{i}w{k}" for k in range(5 + 20 * i)) for i in range(len(copies))]
    found = shares(*[text for text, times in zip(texts, copies, strict=True) for _ in range(times)])
    assert sum(value or 0 for value in found) == pytest.approx(len(copies))


def test_the_sample_of_long_texts_is_as_exact_as_is_said(shared_data: Path) -> None:
    """Design documents share their template only: judged by one n-gram in 8, as by all of them."""
    texts = [path.read_text("utf-8") for path in sorted((shared_data / "composite-markdown/rust-rfcs").glob("*.md"))]
    rows = [text.lower().split() for text in texts]
    grams = [{tuple(words[i : i + 5]) for i in range(len(words) - 4)} for words in rows]
    seen: dict[tuple[str, ...], int] = {}
    for held in grams:
        for gram in held:
            seen[gram] = seen.get(gram, 0) + 1
    exact = np.array([np.mean([1 / seen[gram] for gram in held]) for held in grams])
    ours = np.array(shares(*texts), np.float64)
    sampled = np.array([len(held) / 8 for held in grams])
    # Words are split a little otherwise here; beyond that the sampling error, of which three times is hardly reached.
    assert np.all(np.abs(ours - exact) < 3 * 0.5 / np.sqrt(sampled))
    assert ours.sum() == pytest.approx(exact.sum(), rel=0.02)
