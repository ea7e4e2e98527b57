"""Multinomial logistic regression over binary rows of length 1, by AdaGrad. The same bytes wherever it runs.

Every sum has a fixed order and the exponential is our own, so no mathematics library plays a part in the result.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

_LOG2E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_TERMS = 13  # of the series on |r| <= ln2 / 2: the next term is below 1e-17


@kernel
def exponential(x: float) -> float:
    """exp(x) for x <= 0 from additions and multiplications alone; below -700 it is 0."""
    if x < -700.0:
        return 0.0
    n = math.floor(x * _LOG2E + 0.5)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    series = 1.0
    for k in range(_TERMS, 0, -1):
        series = 1.0 + series * r / k
    return float(math.ldexp(series, int(n)))


@kernel
def logistic(raw: NDArray[np.float64]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)), as float32; raw must be finite."""
    out = np.empty(len(raw), np.float32)
    for i in range(len(raw)):
        odds = exponential(-abs(raw[i]))
        out[i] = np.float32((1.0 if raw[i] >= 0 else odds) / (1.0 + odds))
    return out


@kernel
def softmax(z: NDArray[np.float32]) -> None:
    """In place: exp(z) over their sum."""
    most = z[0]
    for c in range(len(z)):
        most = max(most, z[c])
    total = 0.0
    for c in range(len(z)):
        z[c] = np.float32(exponential(float(z[c] - most)))
        total += float(z[c])
    for c in range(len(z)):
        z[c] = np.float32(float(z[c]) / total)


@kernel
def shuffle(order: NDArray[np.int64], state: np.uint64) -> np.uint64:
    """Fisher-Yates in place with SplitMix64; returns the generator's next state."""
    for i in range(len(order) - 1, 0, -1):
        state += np.uint64(0x9E3779B97F4A7C15)
        z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        j = np.int64((z ^ (z >> np.uint64(31))) % np.uint64(i + 1))
        order[i], order[j] = order[j], order[i]
    return state


@kernel
def _scores(z: NDArray[np.float32], weights: NDArray[np.float32], bias: NDArray[np.float32],
            columns: NDArray[np.int32]) -> np.float32:  # fmt: skip
    """z = bias + weights of the row's known columns / sqrt(their number); returns 1 / sqrt(that number)."""
    n = 0
    z[:] = 0
    for k in range(len(columns)):
        if columns[k] >= 0:
            n += 1
            w = weights[columns[k]]
            for c in range(len(z)):
                z[c] += w[c]
    value = np.float32(1.0 / np.sqrt(n)) if n else np.float32(0.0)
    for c in range(len(z)):
        z[c] = bias[c] + value * z[c]
    return value


@kernel
def fit(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    classes: NDArray[np.int64],
    rows: NDArray[np.int64],
    width: int,
    n_classes: int,
    epochs: int,
    rate: float,
    seed: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights float32[width, n_classes] and bias float32[n_classes].

    Args
        starts: int64[n + 1], columns: int32: row i holds columns[starts[i]:starts[i + 1]], each -1 (left out) or one
            of 0 <= column < width; every column at most once in a row.
        classes: int64[n], 0 <= class < n_classes. rows: int64[k], which rows to learn from, in a fixed order.
        seed: of the order in which each epoch takes the rows.
    AdaGrad (Duchi et al. 2011) with one rate per column, shared by the classes: one square root in place of
    n_classes, and no accuracy lost where we measured.
    """
    weights, bias = np.zeros((width, n_classes), np.float32), np.zeros(n_classes, np.float32)
    seen, bias_seen = np.full(width, 1e-6, np.float32), np.float32(1e-6)
    z = np.zeros(n_classes, np.float32)
    order, state = rows.copy(), np.uint64(seed)
    for _ in range(epochs):
        state = shuffle(order, state)
        for at in range(len(order)):
            row = order[at]
            mine = columns[starts[row] : starts[row + 1]]
            value = _scores(z, weights, bias, mine)
            softmax(z)
            z[classes[row]] -= np.float32(1.0)
            square = np.float32(0.0)
            for c in range(n_classes):
                square += z[c] * z[c]
            for k in range(len(mine)):
                column = mine[k]
                if column >= 0:
                    seen[column] += value * value * square
                    step = np.float32(np.float32(rate) / np.sqrt(seen[column])) * value
                    w = weights[column]
                    for c in range(n_classes):
                        w[c] -= step * z[c]
            bias_seen += square
            step = np.float32(np.float32(rate) / np.sqrt(bias_seen))
            for c in range(n_classes):
                bias[c] -= step * z[c]
    return weights, bias


@kernel
def probabilities(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    rows: NDArray[np.int64],
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> NDArray[np.float32]:
    """float32[len(rows), n_classes]: each row sums to 1. Columns of -1 are left out."""
    out = np.zeros((len(rows), len(bias)), np.float32)
    for at in range(len(rows)):
        row = rows[at]
        _scores(out[at], weights, bias, columns[starts[row] : starts[row + 1]])
        softmax(out[at])
    return out


@kernel
def compact(columns: NDArray[np.int32], new: NDArray[np.int32]) -> NDArray[np.int32]:
    """new[columns]: buckets as columns of a narrower table."""
    out = np.empty(len(columns), np.int32)
    for k in range(len(columns)):
        out[k] = new[columns[k]]
    return out
