"""The shape of a text, against Python that is slow and obvious, variant by variant."""

from __future__ import annotations

import math
from statistics import mean, median

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.published import QUALITY, published
from assay.kernels.runs import kept_runs
from assay.kernels.word_tables import TABLE_SIZE
from assay.kernels.words import PEELED, SYMBOL, character_classes
from tests.kernels.test_words import words

_PIECES = (
    "the ", "The ", "and ", "be", " of ", "# ", "#a", "...", "....", ". . .", ". . . . .", "\u2026",
    "- ", "\u2022 ", "* ",
    "\u25cf", "\n", "\r\n", "\r", "\u2028", "\x85", "\x1c", " ", "\u3000", "word ", "1", "\uff11",
    "\u00e9t\u00e9 ", "\u4f60",
    "don't ", "!",
)  # fmt: skip
texts = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=30).map("".join)
STOP = {"the", "be", "to", "of", "and", "that", "have", "with"}
NAN = math.nan
VARIANTS = pytest.mark.parametrize("variant", [0, 1, 2], ids=["datatrove", "dolma", "dclm"])


def run(values: list[str | None], variant: int) -> list[list[float]]:
    rows = utf8_views(pa.array(values, pa.large_string()))
    return published(*rows, character_classes(), variant, QUALITY, kept_runs())[1].tolist()


def share(lines: list[str], begins: tuple[str, ...], ends: tuple[str, ...]) -> list[float]:
    if not lines:
        return [NAN, NAN]
    return [mean(line.startswith(begins) for line in lines), mean(line.endswith(ends) for line in lines)]


def alpha(found: list[str]) -> float:
    return mean(any(c.isalpha() for c in word) for word in found) if found else NAN


def slow(text: str, variant: int) -> list[float]:
    if not text:
        return [0, NAN, NAN, NAN, NAN, NAN, NAN, 0]
    dots = text.count("...") + text.count("\u2026")
    found = words([text], PEELED)[0] if variant == 0 else text.split()
    n = len(found) or NAN
    if variant == 0:
        table = character_classes()
        solid = [w for w in found if any(ord(c) >= TABLE_SIZE or not table[ord(c)] & SYMBOL for c in w)]
        lines = share([line.strip() for line in text.splitlines()], ("\u2022", "-"), ("...", "\u2026"))
        length = mean(map(len, solid)) if solid else NAN
        return [len(solid), length, text.count("#") / n, dots / n, *lines, alpha(found), len(STOP & set(found))]
    if variant == 1:
        lines = share(text.split("\n"), ("*", "-"), ("\u2026",))
        marked = sum("#" in w or "\u2026" in w for w in found) / n
        length = median(map(len, found)) if found else NAN
        return [len(found), length, marked, NAN, *lines, alpha(found), sum(w in STOP for w in found)]
    kept = [line.strip() for line in text.split("\n") if line.strip()]
    lines = share(kept, ("\u25cf", "\u2022", "*", "-"), ("...", ". . .", "\u2026"))
    symbols = (text.count("#") + dots + text.count(". . .")) / n
    length = mean(map(len, found)) if found else NAN
    begun = sum(w[0].isalnum() for w in found)
    # Our lower case is that of ASCII: U+212A and its like make no stop word.
    folded = sum(w.isascii() and w.lower() in STOP for w in found)
    return [begun, length, symbols, NAN, *lines, alpha(found), folded]


@VARIANTS
@given(values=st.lists(texts, max_size=3))
def test_agrees_with_python(variant: int, values: list[str]) -> None:
    got = np.array(run(list(values), variant)).reshape(-1, 8)
    np.testing.assert_allclose(got, np.array([slow(value, variant) for value in values]).reshape(-1, 8), rtol=1e-12)


@VARIANTS
def test_nothing_is_no_word_and_no_share(variant: int) -> None:
    rows = np.array(run(["", None, " \n "], variant))
    assert (rows[:, 0] == 0).all()
    assert np.isnan(rows[:, 6]).all()


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        pytest.param("The the be", 7, (2, 2, 3), id="stop words: distinct, occurrences, any case"),
        pytest.param("a bb, ccccccc", 1, (10 / 3, 3.0, 11 / 3), id="length: mean, median, mean with its comma"),
        pytest.param("# a\nb", 2, (1 / 3, 1 / 3, 1 / 3), id="hashes per word"),
        pytest.param(" - a\n\n- b\n* c", 4, (2 / 4, 2 / 4, 1.0), id="bullets after spaces, stars, empty lines"),
        pytest.param("a, b!", 6, (2 / 4, 1.0, 1.0), id="punctuation is words to datatrove"),
    ],
)
def test_what_the_variants_count(text: str, column: int, expected: tuple[float, float, float]) -> None:
    assert tuple(run([text], variant)[0][column] for variant in range(3)) == pytest.approx(expected)
