"""Rows that stand for their set of shingles, and copies of a template's members that find their own record."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.kernels.template_copies import equal_sets
from tests.dedup.frames import FRAMES, filled
from tests.dedup.planted import behind, detect, wrapped


@settings(max_examples=200)
@given(kinds=st.lists(st.integers(0, 4), min_size=1, max_size=14), data=st.data())
def test_the_best_of_equal_rows_stands_for_them(kinds: list[int], data: st.DataObject) -> None:
    n = len(kinds)
    pairs = list(combinations(range(n), 2))
    ranks = data.draw(st.permutations(range(n)))
    left, right = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    scores = np.array([1.0 if kinds[i] == kinds[j] else 0.9 for i, j in pairs])
    found = equal_sets(n, left, right, scores, np.array(ranks)).tolist()
    assert found == [min((i for i in range(n) if kinds[i] == kind), key=lambda i: ranks[i]) for kind in kinds]


LETTERS = next(frame for frame in FRAMES if frame.name == "order letters, long (qa)")


@pytest.mark.parametrize("size", [2, 3, 12, 90])
def test_each_copy_finds_its_own_record_and_no_other(size: int) -> None:
    draw = random.Random(size)
    own = filled(LETTERS, size, 0)
    copies = [made(text.split(" "), draw) for text in own for made in (wrapped, behind)]
    found = detect(own + copies)
    for place in range(len(copies)):
        assert found.keeper[size + place] == place // 2
        assert found.values[size + place] == 0
    assert found.keeper[:size].tolist() == list(range(size)), "a record that has copies is their keeper"


def test_a_record_without_a_copy_says_whose_template_it_is() -> None:
    own = filled(LETTERS, 12, 0)
    found = detect([*own, wrapped(own[3].split(" "), random.Random(0))])
    assert found.keeper.tolist() == [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert [i for i in range(13) if found.values[i] == 0] == [0, 3, 12]


def test_a_copy_that_is_too_far_from_the_first_record_is_found_beside_its_own() -> None:
    frame = next(frame for frame in FRAMES if frame.name == "word problems, one number changed (reasoning)")
    own = filled(frame, 2, 1)
    footed = behind(own[1].split(" "), random.Random(0))
    found = detect([*own, footed])
    assert found.keeper.tolist() == [0, 1, 1]
    assert found.values.tolist() == [0, 0, 0]
