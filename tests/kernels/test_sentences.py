"""Sentences of a line by two rules, against Python that is slow and obvious."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.sentences import marked_runs, peeled_sentences, plain_sentences
from assay.kernels.word_tables import SPLIT, TABLE_SIZE
from assay.kernels.words import PEELED, character_classes
from tests.kernels.test_words import words

_PIECES = (
    "One",
    "two.",
    "(Three!)",
    "e.g.",
    "A.",
    "Mr.",
    "end.Next",
    '."',
    "?",
    "...",
    "!!",
    ")",
    "\u3002",
    "\u00e9?",
    "5.",
)
lines = st.lists(
    st.sampled_from(_PIECES) | st.sampled_from([" ", " ", "  ", "\t", "\u00a0"]) | st.text(max_size=3), max_size=12
)
texts = lines.map("".join).map(lambda text: text.replace("\n", " "))


def peeled(text: str) -> int:
    raw = np.frombuffer(text.encode() or b" ", np.uint8)[: len(text.encode())]
    return peeled_sentences(raw, 0, len(raw), character_classes(), np.empty((4, 2), np.int64), marked_runs())[1]


def slow_peeled(text: str) -> int:
    """spaCy's sentencizer over words and over the white space that is a word to it."""
    tokens: list[str] = []
    for part in re.findall(r"\s+|\S+", text):
        if part.isspace():
            tokens += [part[1:] if part[0] == " " and tokens else part]
        else:
            tokens += words([part], PEELED)[0]
    found, ended = 1, False
    for token in filter(None, tokens):
        mark = len(token) == 1 and ord(token) < TABLE_SIZE and character_classes()[ord(token)] & SPLIT
        if mark:
            ended = True
        elif ended and not all(unicodedata.category(c)[0] == "P" for c in token):
            found, ended = found + 1, False
    return found


@given(texts)
def test_sentences_between_peeled_marks_agree_with_python(text: str) -> None:
    assert peeled(text) == slow_peeled(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", 1, id="nothing is one"),
        pytest.param("One two three.", 1, id="one"),
        pytest.param("One. Two! Three?", 3, id="three"),
        pytest.param("He said (so.) Then he left.", 2, id="closing marks belong to the sentence before"),
        pytest.param("See Mr. Smith, e.g. today.", 1, id="abbreviations"),
        pytest.param("So end.Next here.", 2, id="a period between a small and a large letter"),
        pytest.param("Wait... what", 1, id="three periods are no mark"),
        pytest.param("One.  ", 2, id="white space of two is a word"),
        pytest.param("1. One. 2. Two.", 4, id="numbers of lists end sentences"),
    ],
)
def test_peeled_sentences_by_example(text: str, expected: int) -> None:
    assert peeled(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", 1, id="nothing is one"),
        pytest.param("One. Two! Three?", 3, id="three"),
        pytest.param('He said "so." Then he left.', 2, id="closing quotes"),
        pytest.param("By J. Smith, e.g. today.", 1, id="initials and abbreviations"),
        pytest.param("So end.Next here.", 1, id="no white space, no end"),
    ],
)
def test_plain_sentences_by_example(text: str, expected: int) -> None:
    raw = np.frombuffer(text.encode() or b" ", np.uint8)
    assert plain_sentences(raw, 0, len(text)) == expected
