"""Overlap with an evaluation set: what folding forgives, what an n-gram must hold, and a slow obvious oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.flows.check import overlap
from assay.flows.check.overlap import GRAM, Grams, build, fold, word_hashes

LONG = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?"
)
ANSWER = "Natalia sold 48/2 = 24 clips in May, and 72 clips altogether in April and May."
SHORT = "who wrote he ain't heavy"


def found(prompt: str, whole: str, items: list[tuple[str, str, str]]) -> tuple[str, int] | None:
    match = build(items).find(prompt, whole)
    return (match.how, match.item) if match else None


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
    assert build([]).find("a", "a") is None


def test_folding_keeps_each_character_of_a_script_without_spaces() -> None:
    assert fold("你好 World_2") == ["你", "好", "world", "2"]


@given(st.lists(st.sampled_from(["a", "b", "7", "42", "c"]), max_size=30), st.integers(1, 14))
def test_rolling_ngrams_agree_with_slicing(words: list[str], n: int) -> None:
    slices = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    wanted = [gram for gram in slices if not all(word.isdecimal() for word in gram)]
    got = Grams(word_hashes(" ".join(words))).of(n)
    assert len(got) == len(wanted)
    # Equal n-grams have equal hashes, different ones different hashes, wherever they stand.
    assert len(set(got.tolist())) == len(set(wanted)) == len(set(zip(got.tolist(), wanted, strict=True)))


def test_a_full_word_cache_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "_CACHE_LIMIT", 2)
    overlap._hashes.clear()
    first = word_hashes("a b c d a b 1")
    assert np.array_equal(first, word_hashes("a b c d a b 1"))
    assert first[0] == first[4]
