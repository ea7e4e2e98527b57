"""Distinct word n-grams against Python that is slow and obvious."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.novelty import GRAM, ONE_OF, WHOLE, distinct_grams

_ALL = (1 << 64) - 1
texts = st.lists(
    st.sampled_from(["the ", "The", " cat", "a ", "Z9", "-", "!? ", "\n", "\u00e9t\u00e9 ", "\u4f60\u597d", "\u3002"])
    | st.text(max_size=4),
    max_size=90,
).map("".join)


def mixed(h: int) -> int:
    h = ((h ^ (h >> 33)) * 0xFF51AFD7ED558CCD) & _ALL
    h = ((h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53) & _ALL
    return h ^ (h >> 33)


def words(text: str) -> list[bytes]:
    """Letters of ASCII in lower case, digits, other characters; those of U+3000 to U+9FFF alone."""
    data = text.encode().lower()
    return re.findall(rb"[\xe3-\xe9][\x80-\xbf]{2}|(?:[a-z0-9]|[\xc2-\xdf\xe0-\xe2\xea-\xf4][\x80-\xbf]+)+", data)


def grams(text: str) -> list[int]:
    hashed = []
    for word in words(text):
        h = 0xCBF29CE484222325
        for c in word:
            h = ((h ^ c) * 0x100000001B3) & _ALL
        hashed.append(mixed(h))
    if not hashed:
        return []
    width = min(GRAM, len(hashed))
    found = set()
    for i in range(len(hashed) - width + 1):
        h = width
        for word_hash in hashed[i : i + width]:
            h = (h * 0x9E3779B97F4A7C15 + word_hash) & _ALL
        found.add(mixed(h))
    every = sorted(found)
    if len(hashed) - width + 1 < WHOLE:
        return every
    return [h for h in every if h % ONE_OF == 0] or every[:1]


def ours(values: list[str | None]) -> list[list[int]]:
    starts, hashes = distinct_grams(*utf8_views(pa.array(values, pa.large_string())))
    return [hashes[starts[i] : starts[i + 1]].tolist() for i in range(len(values))]


@given(st.lists(texts, max_size=5))
def test_agrees_with_the_oracle(values: list[str]) -> None:
    assert ours(list(values)) == [grams(value) for value in values]


@given(st.lists(texts | st.none(), min_size=1, max_size=5), st.integers(0, 3))
def test_slicing_the_rows_slices_the_hashes(values: list[str | None], cut: int) -> None:
    starts, hashes = distinct_grams(*utf8_views(pa.array(values, pa.large_string())[cut:]))
    assert [hashes[starts[i] : starts[i + 1]].tolist() for i in range(len(starts) - 1)] == ours(values)[cut:]


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("?!", 0), ("One", 1), ("a b c d", 1), ("a b c d e", 1), ("a b c d e f", 2), ("a a a a a a a", 1)],
    ids=["nothing", "no word", "a word", "four words", "five", "six", "one word again and again"],
)
def test_counts_by_hand(text: str, count: int) -> None:
    assert len(ours([text])[0]) == count


def test_case_and_punctuation_play_no_part() -> None:
    one, other = ours(["The cat, it sat there.", "the CAT it\nsat -- there"])
    assert one == other


def test_a_long_row_gives_about_one_in_eight() -> None:
    text = " ".join(f"w{i}" for i in range(80_004))
    (found,) = ours([text])
    assert len(found) == pytest.approx(10_000, rel=0.05)
    assert all(h % ONE_OF == 0 for h in found)


def test_bytes_that_are_no_text_are_taken_as_they_stand() -> None:
    data = np.frombuffer(b"\xff\xfe\x00\x80abc\xc3\xe4\xb8", np.uint8)
    starts, _ = distinct_grams(np.array([0, len(data)]), data)
    assert starts[1] == 1
