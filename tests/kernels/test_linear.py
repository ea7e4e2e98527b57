"""The trainer against the same algorithm in plain Python floats, and its parts against the standard library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.linear import compact, exponential, fit, logistic, probabilities, shuffle, softmax


@given(st.floats(-720.0, 0.0))
def test_the_exponential_is_the_libraries_to_the_last_bits(x: float) -> None:
    assert exponential(x) == pytest.approx(math.exp(x), rel=1e-15, abs=1e-304)


@pytest.mark.parametrize(("x", "value"), [(0.0, 1.0), (-701.0, 0.0), (-1e308, 0.0)])
def test_the_exponential_at_its_ends(x: float, value: float) -> None:
    assert exponential(x) == value


@given(st.lists(st.floats(-50.0, 50.0), max_size=20))
def test_the_logistic_is_the_textbooks(values: list[float]) -> None:
    expected = [np.float32(1.0 / (1.0 + math.exp(-value))) for value in values]
    np.testing.assert_allclose(logistic(np.array(values, np.float64)), expected, rtol=1e-6)


def test_the_logistic_at_its_ends() -> None:
    assert logistic(np.array([-1e300, -800.0, 0.0, 800.0, 1e300])).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=20))
def test_softmax_sums_to_one_and_keeps_the_order(values: list[float]) -> None:
    z = np.array(values, np.float32)
    softmax(z)
    assert z.sum() == pytest.approx(1.0, abs=1e-5)
    order = np.argsort(values, kind="stable")
    assert (np.diff(z[order]) >= 0).all()


@given(st.integers(0, 300), st.integers(0, 2**63 - 1))
def test_a_shuffle_is_a_permutation_and_the_same_each_time(n: int, seed: int) -> None:
    first, second = np.arange(n), np.arange(n)
    assert shuffle(first, np.uint64(seed)) == shuffle(second, np.uint64(seed))
    assert (first == second).all()
    assert (np.sort(first) == np.arange(n)).all()


def test_every_order_of_three_is_about_as_frequent() -> None:
    seen: dict[tuple[int, ...], int] = {}
    for seed in range(6000):
        order = np.arange(3)
        shuffle(order, np.uint64(seed))
        seen[tuple(order.tolist())] = seen.get(tuple(order.tolist()), 0) + 1
    assert len(seen) == 6
    assert min(seen.values()) > 850


def rows(seed: int, n: int = 40, width: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows whose class shows in their columns, with some columns left out (-1)."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, n)
    lists = [np.unique(np.append(rng.integers(0, width, 4), classes[i])) for i in range(n)]
    columns = np.concatenate(lists).astype(np.int32)
    columns[columns == width - 1] = -1
    return np.cumsum([0, *map(len, lists)]), columns, classes.astype(np.int64)


def slow(starts: np.ndarray, columns: np.ndarray, classes: np.ndarray, chosen: list[int], width: int, epochs: int,
         rate: float, seed: int) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    w, b = np.zeros((width, 3)), np.zeros(3)
    seen, bias_seen = np.full(width, 1e-6), 1e-6
    order, state = np.array(chosen), np.uint64(seed)
    for _ in range(epochs):
        state = shuffle(order, np.uint64(state))
        for row in order:
            mine = [c for c in columns[starts[row] : starts[row + 1]] if c >= 0]
            x = np.zeros(width)
            x[mine] = 1 / math.sqrt(len(mine)) if mine else 0
            z = np.exp(x @ w + b - (x @ w + b).max())
            gradient = z / z.sum() - np.eye(3)[classes[row]]
            square = (gradient**2).sum()
            seen += x**2 * square
            bias_seen += square
            w -= rate * (x / np.sqrt(seen))[:, None] * gradient
            b -= rate / math.sqrt(bias_seen) * gradient
    return w, b


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_the_slow_trainer(seed: int) -> None:
    starts, columns, classes = rows(seed)
    chosen = [*range(0, 40, 2), 1, 3]
    weights, bias = fit(starts, columns, classes, np.array(chosen), 12, 3, 4, 0.5, seed)
    expected, expected_bias = slow(starts, columns, classes, chosen, 12, 4, 0.5, seed)
    np.testing.assert_allclose(weights, expected, atol=2e-4)
    np.testing.assert_allclose(bias, expected_bias, atol=2e-4)


def test_what_it_was_taught_it_knows_and_the_same_twice() -> None:
    starts, columns, classes = rows(7, n=200)
    everything = np.arange(200)
    weights, bias = fit(starts, columns, classes, everything, 12, 3, 30, 1.0, 0)
    shares = probabilities(starts, columns, everything, weights, bias)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-5)
    assert (shares.argmax(axis=1) == classes).mean() > 0.75  # by chance: a third
    again, again_bias = fit(starts, columns, classes, everything, 12, 3, 30, 1.0, 0)
    assert weights.tobytes() == again.tobytes()
    assert bias.tobytes() == again_bias.tobytes()
    other, _ = fit(starts, columns, classes, everything, 12, 3, 30, 1.0, 1)
    assert weights.tobytes() != other.tobytes()


def test_a_row_without_a_known_column_gets_the_bias_alone() -> None:
    shares = probabilities(
        np.array([0, 2, 2]), np.array([-1, -1], np.int32), np.array([0, 1]), np.ones((1, 2), np.float32),
        np.array([0.0, math.log(3)], np.float32),
    )  # fmt: skip
    np.testing.assert_allclose(shares, [[0.25, 0.75]] * 2, atol=1e-6)


@given(st.lists(st.integers(0, 9), max_size=30))
def test_compact_renames_columns(columns: list[int]) -> None:
    new = np.array([3, -1, 0, 5, -1, 1, 2, 4, 9, 8], np.int32)
    assert compact(np.array(columns, np.int32), new).tolist() == [int(new[c]) for c in columns]
