"""Overlap with an evaluation set, as `check --eval` judges it: what folding forgives, what an n-gram must hold."""

from __future__ import annotations

import pyarrow as pa
import pytest

from assay.dedup.contamination import strongest
from assay.flows.check.collect import EvalSet
from assay.kernels.contamination_tables import GRAM
from assay.records.schema import TEXT
from assay.text.benchmark_build import words_in

LONG = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?"
)
ANSWER = "Natalia sold 48/2 = 24 clips in May, and 72 clips altogether in April and May."
SHORT = "who wrote he ain't heavy"


def found(prompt: str, whole: str, items: list[tuple[str, str, str]]) -> tuple[str, int] | None:
    matches = strongest(EvalSet.of(items).index.find(pa.array([whole], TEXT), pa.array([prompt], TEXT)))
    return (matches[0][1].how, matches[0][1].item) if matches else None


@pytest.mark.parametrize(
    "change",
    [
        str,
        str.upper,
        lambda t: "\n".join(t.split()),
        lambda t: t.replace(" ", "  ").replace(",", " ;"),
        lambda t: t.replace("a", "\uff41"),
    ],
    ids=["verbatim", "in capitals", "re-wrapped", "other punctuation", "full-width letters"],
)
def test_the_same_text_is_found(change: object) -> None:
    assert callable(change)
    items = [("e:1", "other question entirely", "other"), ("e:2", LONG, LONG + "\n" + ANSWER)]
    assert found(change(LONG), change(LONG + "\n" + ANSWER), items) == ("text", 1)


def test_the_same_question_with_another_answer_is_a_prompt_match() -> None:
    assert found(SHORT, SHORT + " the Hollies", [("e:1", SHORT.upper(), SHORT + " Bobby Scott")]) == ("prompt", 0)


def test_a_short_item_inside_a_longer_record_is_no_match() -> None:
    assert found("", f"I asked {SHORT} and nobody knew", [("e:1", SHORT, SHORT)]) is None


def test_a_question_embedded_in_a_long_record_is_found_by_ngrams() -> None:
    assert found("", "Intro words here. " + LONG + " " + "filler " * 200, [("e:1", LONG, LONG)]) == ("ngrams", 0)


def test_an_item_of_8_to_12_words_counts_when_all_its_words_stand_in_a_row() -> None:
    item = "when was the last time anyone was on the moon"
    assert found("", f"so, {item}? 1972", [("e:1", item, item)]) == ("ngrams", 0)
    assert found("", "when was the last time anyone was on the sun", [("e:1", item, item)]) is None


def test_less_than_half_of_the_ngrams_is_no_match() -> None:
    words = LONG.split()
    assert found("", " ".join(words[: GRAM + 1]) + " and so on", [("e:1", LONG, LONG)]) is None


def test_runs_of_digits_never_count() -> None:
    zeros = "0 " * 30
    assert found("", "table " + zeros, [("e:1", "grid " + zeros, "grid " + zeros)]) is None


def test_a_template_that_many_items_share_is_no_leak() -> None:
    template = "you are a helpful assistant that answers the user question with care and without any invention ok "
    items = [(f"e:{i}", template + f"item{i}", template + f"item{i}") for i in range(50)]
    assert found("", template + "something else", items) is None


def test_empty_texts_match_nothing() -> None:
    assert found("", "", [("e:1", "", ""), ("e:2", "...", "!!")]) is None
    assert found("a", "a", []) is None


def test_a_character_of_a_script_without_spaces_is_a_word() -> None:
    assert words_in("你好 World_2") == ["你", "好", "World", "2"]
