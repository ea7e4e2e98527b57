"""Hashed n-grams against Python that is slow and obvious."""

from __future__ import annotations

import math
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.hashed_ngrams import BITS, hashed_ngrams, ngram_scores

_ALL = (1 << 64) - 1
texts = st.lists(
    st.sampled_from(
        [
            "the ",
            "The",
            " cat",
            "a",
            "Z9",
            "-",
            "!? ",
            "\n",
            "\u00e9t\u00e9",
            "\u4f60\u597d",
            "aaaa",
            "\u2019",
            "\u201cx",
            "\u00a0",
            "\u3002\u300c",
            "\u20ac",
            "\u0180",
        ]
    )
    | st.text(max_size=4),
    max_size=20,
).map("".join)


def mixed(h: int) -> int:
    h = ((h ^ (h >> 32)) * 0xFF51AFD7ED558CCD) & _ALL
    return h ^ (h >> 29)


def bucket(h: int) -> int:
    return (h & _ALL) >> (64 - BITS)


def oracle(text: str) -> list[int]:
    """Runs of four bytes of each word with a space on both sides, the word, and the pair with the word before."""
    data = bytes(c + 32 if 65 <= c <= 90 else c for c in text.encode())
    data = re.sub(rb"\xc2[\x80-\xbf]|\xe2[\x80\x81][\x80-\xbf]|\xe3\x80[\x80-\xbf]", b" ", data)
    words = bytes(c if c >= 128 or chr(c).isalnum() else 32 for c in data).split()
    found: list[int] = []
    before = 0
    for word in words:
        padded = b" " + word + b" "
        for i in range(len(padded) - 3):
            found.append(bucket(mixed(int.from_bytes(padded[i : i + 4], "big") * 0xD6E8FEB86659FD93 & _ALL)))
        h = 0xCBF29CE484222325
        for c in word:
            h = ((h ^ c) * 0x100000001B3) & _ALL
        h = mixed(h)
        found.append(bucket(h * 0x9E3779B97F4A7C15))
        if before:
            found.append(bucket(mixed((before * 0xC2B2AE3D27D4EB4F + h) & _ALL)))
        before = h
    return list(dict.fromkeys(found))


def column(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.large_string())


def ours(values: list[str | None], most: int = 1 << BITS) -> list[list[int]]:
    starts, buckets = hashed_ngrams(*utf8_views(column(values)), most)
    assert starts[0] == 0
    assert starts[-1] == len(buckets)
    return [buckets[starts[i] : starts[i + 1]].tolist() for i in range(len(values))]


@given(st.lists(texts, max_size=6))
def test_agrees_with_the_oracle(values: list[str]) -> None:
    assert ours(list(values)) == [oracle(value) for value in values]


@given(st.lists(texts, max_size=6), st.integers(0, 5))
def test_the_first_buckets_are_kept(values: list[str], most: int) -> None:
    assert ours(list(values), most) == [oracle(value)[:most] for value in values]


@given(st.lists(texts | st.none(), min_size=1, max_size=6), st.integers(0, 3))
def test_slicing_the_rows_slices_the_buckets(values: list[str | None], cut: int) -> None:
    starts, buckets = hashed_ngrams(*utf8_views(column(values)[cut:]), 1 << BITS)
    assert [buckets[starts[i] : starts[i + 1]].tolist() for i in range(len(starts) - 1)] == ours(values)[cut:]


@given(st.lists(texts, max_size=6))
def test_scores_are_the_product_with_a_vector_of_length_1(values: list[str]) -> None:
    weights = np.random.default_rng(1).normal(size=1 << BITS).astype(np.float32)
    for value, found in zip(values, ngram_scores(*utf8_views(column(list(values))), weights), strict=True):
        held = oracle(value)
        expected = sum(float(weights[b]) for b in held) / math.sqrt(len(held)) if held else math.nan
        assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("value", "count"),
    [("", 0), ("!? -", 0), ("a", 1), ("ab", 2), ("a a", 2), ("A a", 2), ("abc", 3), ("abc abc", 4)],
    ids=["nothing", "no word", "a letter", "two letters", "a word twice is one", "case is folded", "runs", "and pairs"],
)
def test_counts_by_hand(value: str, count: int) -> None:
    assert len(ours([value])[0]) == count


def test_a_very_long_row_cannot_fill_more_than_every_bucket() -> None:
    rng = np.random.default_rng(2)
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789 ", np.uint8)
    text = letters[rng.integers(0, len(letters), 3_000_000)].tobytes().decode()
    starts, buckets = hashed_ngrams(*utf8_views(column([text])), 1 << BITS)
    assert len(np.unique(buckets)) == len(buckets) == starts[1] <= 1 << BITS


def test_curly_quotes_and_wide_stops_end_words() -> None:
    assert ours(["\u201cdon\u2019t\u201d \u2026 stop\u2014now"]) == ours(['"don\'t" ... stop-now'])
    assert ours(["\u4f60\u3002\u597d\u3001"]) == ours(["\u4f60 \u597d"])


def test_bytes_that_are_no_text_are_taken_as_they_stand() -> None:
    data = np.frombuffer(b"\xff\xfe\x00\x80abc\xc3", np.uint8)
    starts, _ = hashed_ngrams(np.array([0, len(data)]), data, 1 << BITS)
    assert starts[1] > 0
