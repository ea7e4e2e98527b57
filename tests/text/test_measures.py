"""AUC and its interval, against counting pairs and drawing again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.text.measures import auc_with_interval

values = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0]), min_size=1, max_size=25)


@given(values, values)
def test_is_the_share_of_pairs_in_order(good: list[float], bad: list[float]) -> None:
    pairs = [1.0 if g > b else 0.5 if g == b else 0.0 for g in good for b in bad]
    auc, low, high = auc_with_interval(np.array(good), np.array(bad))
    assert auc == pytest.approx(np.mean(pairs))
    assert 0.0 <= low <= auc + 1e-12
    assert auc - 1e-12 <= high <= 1.0


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    truth = 0.7602499389065233  # of two normals one apart
    hits = 0
    for _ in range(600):
        _, low, high = auc_with_interval(rng.normal(1, 1, 60), rng.normal(0, 1, 80))
        hits += low <= truth <= high
    assert 0.92 <= hits / 600 <= 0.98


def test_a_few_perfect_cases_are_no_certainty() -> None:
    assert auc_with_interval(np.array([1.0, 0.9]), np.array([0.1, 0.2])) == pytest.approx((1.0, 0.342, 1.0), abs=0.001)
