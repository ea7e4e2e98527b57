"""Repetition, against Python that is slow and obvious, variant by variant."""

from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.published import REPETITION, published
from assay.kernels.repetition import FIELDS
from assay.kernels.runs import DATATROVE, DCLM, DOLMA, WORD_RULES, kept_runs
from assay.kernels.words import character_classes
from tests.kernels.test_words import words

_PIECES = (
    "the cat sat on a mat ",
    "one two ",
    "a ",
    "b",
    ". ",
    "\n",
    "\n\n",
    "\n\n\n",
    " ",
    "\u00e9t\u00e9 ",
    "\u4f60",
)
texts = st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), max_size=40).map("".join)
VARIANTS = pytest.mark.parametrize("variant", [DATATROVE, DOLMA, DCLM], ids=["datatrove", "dolma", "dclm"])


def run(values: list[str | None], variant: int) -> list[list[float]]:
    rows = utf8_views(pa.array(values, pa.large_string()))
    return published(*rows, character_classes(), variant, REPETITION, kept_runs())[0].tolist()


def later(parts: list[str]) -> tuple[int, int]:
    """Parts that were seen before, and their characters."""
    again = [part for i, part in enumerate(parts) if part in parts[:i]]
    return len(again), sum(map(len, again))


def every(parts: list[str]) -> tuple[int, int]:
    again = [part for part in parts if parts.count(part) > 1]
    return len(again), sum(map(len, again))


def jumped(found: list[str], n: int) -> int:
    seen, chars, i = set(), 0, 0
    while i <= len(found) - n:
        gram = tuple(found[i : i + n])
        if gram in seen:
            chars += sum(map(len, gram))
            i += n
        else:
            seen.add(gram)
            i += 1
    return chars


def slow(text: str, variant: int) -> list[float]:
    out = [math.nan] * 13
    if not text:
        return out
    found = words([text], int(WORD_RULES[variant]))[0]
    letters = sum(map(len, found))
    if variant == DATATROVE:
        parts, of = (re.split(r"\n+", text), re.split(r"\n{2,}", text.strip())), len(text)
        duplicates = later
    elif variant == DOLMA:
        parts, of, duplicates = (text.split("\n"),), max(letters, 1), every
    else:
        parts = tuple([p for part in text.split(gap) if (p := part.strip())] for gap in ("\n", "\n\n"))
        duplicates = every
    for i, some in enumerate(parts):
        if some:
            count, chars = duplicates(some)
            whole = sum(map(len, some)) if variant == DCLM else of
            out[2 * i], out[2 * i + 1] = count / len(some), chars / whole
    for n in range(2, 11):
        grams = list(zip(*(found[i:] for i in range(n)), strict=False))
        if not grams:
            break
        counts, masses = Counter(grams), [sum(map(len, gram)) for gram in grams]
        gram, most = counts.most_common(1)[0]
        chars = sum(map(len, gram))
        repeated = [i for i, gram in enumerate(grams) if counts[gram] > 1]
        if variant == DATATROVE:
            value = (len(" ".join(gram)) * most if n < 5 else jumped(found, n)) / len(text)
        elif variant == DOLMA:
            value = chars * most / letters if n < 5 else sum(masses[i] for i in repeated) / sum(masses)
        else:
            longest = max(sum(map(len, gram)) for gram in grams if counts[gram] == most)
            covered = {k for i in repeated for k in range(i, i + n)}
            value = most * longest if n < 5 else sum(len(found[k]) for k in covered)
            value = value / letters if most > 1 else 0.0
        out[2 + n] = value
    return out


@VARIANTS
@given(values=st.lists(texts, max_size=3))
def test_agrees_with_counting_one_by_one(variant: int, values: list[str]) -> None:
    np.testing.assert_allclose(
        np.array(run(list(values), variant)).reshape(-1, 13),
        np.array([slow(value, variant) for value in values]).reshape(-1, 13),
        rtol=1e-12,
    )


@VARIANTS
def test_nothing_to_measure_is_unknown(variant: int) -> None:
    rows = np.array(run(["", None, "word"], variant))
    assert np.isnan(rows[:2]).all()
    assert np.isnan(rows[2, 4:]).all()
    none = utf8_views(pa.array([], pa.large_string()))
    assert published(*none, character_classes(), variant, REPETITION, kept_runs())[0].shape == (0, 13)


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        pytest.param("a\nb\na\n\na", "duplicate_line_share", (2 / 4, 3 / 5, 3 / 4), id="the first copy"),
        pytest.param("a b a b", "top_2gram_char_share", (6 / 7, 4 / 4, 4 / 4), id="the spaces that join"),
        pytest.param("a b c", "top_3gram_char_share", (5 / 5, 3 / 3, 0.0), id="what occurs once"),
        pytest.param("a b a b c d c d", "top_2gram_char_share", (6 / 15, 4 / 8, 4 / 8), id="ties"),
        pytest.param("x " * 12, "duplicate_5gram_char_share", (10 / 24, 1.0, 1.0), id="overlaps"),
        pytest.param("\u00e9\n\u00e9", "duplicate_line_char_share", (1 / 3, 2 / 2, 2 / 2), id="characters, not bytes"),
    ],
)
def test_what_the_variants_count(text: str, field: str, expected: tuple[float, float, float]) -> None:
    found = tuple(run([text], variant)[0][FIELDS.index(field)] for variant in (DATATROVE, DOLMA, DCLM))
    assert found == pytest.approx(expected)


def test_a_word_repeated_a_million_times_does_not_take_forever() -> None:
    row = run(["ab " * 1_000_000], DATATROVE)[0]
    assert row[FIELDS.index("duplicate_10gram_char_share")] > 0.6
