"""Names that are alike, and labels used as if they were one."""

from __future__ import annotations

import numpy as np
import pytest

from assay.text.label_names import ALIKE, names_alike, near_synonyms


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("card_arrival", "card_arrivals"),
        ("refund_request", "request refund"),
        ("cancel_order", "order_cancellation"),
        ("cancelled", "canceled"),
    ],
)
def test_like_names(first: str, second: str) -> None:
    assert names_alike(first, second) >= ALIKE
    assert names_alike(first, second) == names_alike(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("level_1", "level_2"),
        ("approved", "not_approved"),
        ("resolved", "unresolved"),
        ("complete", "incomplete"),
        ("spam", "ham_radio"),
        ("positive", "negative"),
        ("Pos", "pos"),
        ("+", "-"),
        ("", ""),
    ],
)
def test_names_that_are_not_alike(first: str, second: str) -> None:
    assert names_alike(first, second) < ALIKE


COUNTS = np.array([40, 60])
TOLD = np.array([[38, 2], [3, 57]])
CONFUSED = np.array([[15, 25], [24, 36]])


def found(confusion: np.ndarray, shared: int = 0, counts: np.ndarray = COUNTS) -> list[tuple[str, str]]:
    near = near_synonyms(["card_arrival", "card_arrivals"], counts, confusion, {(0, 1): shared} if shared else {})
    return [(one.label, one.of) for one in near]


def test_a_like_name_and_a_like_use_make_a_near_synonym_of_the_more_frequent() -> None:
    assert found(CONFUSED) == [("card_arrival", "card_arrivals")]
    assert found(TOLD, shared=10) == [("card_arrival", "card_arrivals")]


def test_a_like_name_alone_does_not() -> None:
    assert found(TOLD) == []
    assert found(TOLD, shared=3) == [], "three of forty texts are single mistakes"


def test_a_like_use_alone_does_not() -> None:
    assert near_synonyms(["beer", "wine"], COUNTS, CONFUSED, {(0, 1): 30}) == []


def test_few_texts_prove_nothing() -> None:
    assert found(np.array([[4, 5], [4, 5]]), counts=np.array([9, 9])) == []
