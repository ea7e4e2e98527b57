"""Line statistics of FineWeb and C4, against Python that is slow and obvious."""

from __future__ import annotations

import math
import re
from statistics import mean

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.filter_lines import SENTENCE_MARKS
from assay.kernels.published import C4, FINEWEB, published
from assay.kernels.runs import DATATROVE, kept_runs
from assay.kernels.words import PEELED, character_classes
from tests.kernels.test_sentences import slow_peeled
from tests.kernels.test_words import words

_PIECES = (
    "One two three. ", "Is it so? ", "it was e.g. this one. ", "Lorem Ipsum ", "JavaScript ", "{",
    "Terms of Use ",
    "[12]", "[]", "[edit]", "[citation needed]", "[x]", "...", ".", "'", '"', "\n", "\n", "\n\n", "\r",
    "\u2028", " ", "word ",
    "w" * 1001, "\u00e9t\u00e9 ", "\u3002", "use cookies", "a longer piece of thirty characters ",
)  # fmt: skip
texts = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=30).map("".join)
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def fineweb(values: list[str | None]) -> np.ndarray:
    rows = utf8_views(pa.array(values, pa.large_string()))
    return published(*rows, character_classes(), DATATROVE, FINEWEB, kept_runs())[2]


def c4(values: list[str | None]) -> list[list[int]]:
    rows = utf8_views(pa.array(values, pa.large_string()))
    return published(*rows, character_classes(), DATATROVE, C4, kept_runs())[3].tolist()


def ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def slow_fineweb(text: str) -> list[float]:
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return [math.nan] * 4
    again = sum(len(line) for i, line in enumerate(lines) if line in lines[:i])
    found = words([text], PEELED)[0]
    return [
        mean(ord(line[-1]) in SENTENCE_MARKS for line in lines),
        mean(len(line) <= 30 for line in lines),
        again / len(text.replace("\n", "")),
        text.count("\n") / len(found),
    ]


def slow_c4(text: str, *, end_marks: bool) -> list[int]:
    sentences = kept = 0
    for raw in text.splitlines():
        line = raw.strip()
        found = line.split()
        if any(len(word) > 1000 for word in found):
            continue
        line = re.sub(r"\[[0-9]*\]|\[edit\]|\[citation needed\]", "", line)
        if end_marks and (not line.endswith((".", "?", "!", '"', "'")) or line.endswith("...")):
            continue
        if len(found) < 3:
            continue
        lower = ascii_lower(line)
        if "lorem ipsum" in lower:
            return [sentences, kept, 1]
        if "javascript" in lower:
            continue
        if "{" in line:
            return [sentences, kept, 2]
        if any(said in lower for said in POLICY):
            continue
        sentences += slow_peeled(line)
        kept += 1
    return [sentences, kept, 0]


@given(st.lists(texts, max_size=3))
def test_fineweb_lines_agree_with_python(values: list[str]) -> None:
    got = fineweb(list(values))
    np.testing.assert_allclose(got, np.array([slow_fineweb(value) for value in values]).reshape(-1, 4), rtol=1e-12)


@given(st.lists(texts, max_size=3))
def test_c4_lines_agree_with_python(values: list[str]) -> None:
    got = c4(list(values))
    assert got == [slow_c4(value, end_marks=True) + slow_c4(value, end_marks=False) for value in values]


def test_nothing_to_measure() -> None:
    assert np.isnan(fineweb(["", None, " \n"])).all()
    assert not np.array(c4(["", None, " \n"])).any()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One two three. Four five.", [2, 1, 0, 2, 1, 0], id="two sentences in one line"),
        pytest.param("One two three", [0, 0, 0, 1, 1, 0], id="no end mark"),
        pytest.param("See it, e.g. here.", [1, 1, 0, 1, 1, 0], id="an abbreviation ends nothing"),
        pytest.param("a b {\nOne two three.", [1, 1, 0, 0, 0, 2], id="a dropped line ends no page"),
        pytest.param("One two three.[4]", [1, 1, 0, 1, 1, 0], id="a citation goes before the end mark is looked for"),
    ],
)
def test_c4_by_example(text: str, expected: list[int]) -> None:
    assert c4([text])[0] == expected
