"""Rubrics: files, what they ask, and how a reply's score is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.providers import Rubric, load_rubric
from assay.providers.rubric import MOST_CHARACTERS, Example

RUBRIC = Rubric(name="edu", version=1, question="How much does it teach?", scale=(0, 5))
TEXT = """
name: edu
version: 1
question: How much does it teach?
scale: [0, 5]
examples:
  - {text: Buy now, score: 0, why: an advertisement}
"""


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("A clear lesson.\nSCORE: 4", 4.0),
        ("score = 3.5", 3.5),
        ("**Score:** 2", 2.0),
        ("Score: 1 at first, but\nSCORE: 5.", 5.0),
        ("4", 4.0),
        (" 4. ", 4.0),
        ("SCORE: 4/5", 4.0),
        ("SCORE: 4 out of 5", 4.0),
        ("SCORE: 14/50", None),
        ("SCORE: 1-5", None),
        ("Score: 1 to 5", None),
        ("SCORE: 6", None),
        ("SCORE: -1", None),
        ("I cannot judge this.", None),
        ("There are 4 lessons.", None),
        ("underscore: 3", None),
        ("", None),
    ],
)
def test_the_score_of_a_reply(reply: str, score: float | None) -> None:
    assert RUBRIC.parse(reply) == score


@given(st.text())
def test_no_reply_crashes_or_leaves_the_scale(reply: str) -> None:
    score = RUBRIC.parse(reply)
    assert score is None or 0 <= score <= 5


@given(st.integers(0, 50).map(lambda n: n / 10), st.sampled_from(["", "It is good. ", "1 2 3\n", "Score 9?\n"]))
def test_a_reply_in_the_asked_form_is_read(score: float, before: str) -> None:
    assert RUBRIC.parse(f"{before}\nSCORE: {score:g}") == pytest.approx(score)


def test_examples_are_turns_and_a_long_text_is_cut(tmp_path: Path) -> None:
    (tmp_path / "edu.yaml").write_text(TEXT)
    rubric = load_rubric(tmp_path / "edu.yaml")
    system, user, assistant, asked = rubric.messages("x" * 100_000)
    assert "How much does it teach?" in system["content"]
    assert "from 0 to 5" in system["content"]
    assert "Buy now" in user["content"]
    assert assistant["content"] == "an advertisement\nSCORE: 0"
    assert asked["content"].count("x") == MOST_CHARACTERS


def test_every_word_is_in_the_digest() -> None:
    others = [
        Rubric(name="edu", version=2, question=RUBRIC.question, scale=(0, 5)),
        Rubric(name="edu", version=1, question=RUBRIC.question + " ", scale=(0, 5)),
        Rubric(name="edu", version=1, question=RUBRIC.question, scale=(1, 5)),
        Rubric(name="edu", version=1, question=RUBRIC.question, scale=(0, 5), examples=[Example(text="a", score=1)]),
    ]
    assert len({RUBRIC.digest, *(other.digest for other in others)}) == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "name: [",
        "name: edu",
        TEXT + "typo: 1\n",
        TEXT.replace("[0, 5]", "[5, 0]"),
        TEXT.replace("[0, 5]", "[1, 5]"),
        TEXT.replace("[0, 5]", "[0, .nan]"),
        TEXT.replace("How much does it teach?", "' '"),
        "\x00",
    ],
    ids=["nothing", "a list", "no yaml", "fields missing", "a typo", "scale upside down", "an example off the scale",
         "nan", "no question", "no text"],
)  # fmt: skip
def test_what_is_no_rubric_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(UserError, match="E109"):
        load_rubric(tmp_path / "bad.yaml")


def test_a_rubric_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="E106"):
        load_rubric(tmp_path / "none.yaml")
