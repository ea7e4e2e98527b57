"""How well a score separates two groups."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054  # 95 %


def auc_with_interval(good: NDArray[Any], bad: NDArray[Any]) -> tuple[float, float, float]:
    """The chance that one of `good` scores above one of `bad` (ties count half), and its 95 % interval.

    good: float[m], bad: float[n], both not empty. Variance after DeLong et al. (1988); where it is 0 (perfect or
    inverted), Wilson's interval over the smaller group, for a few cases prove no certainty.
    """
    m, n = len(good), len(bad)
    everything = _ranks(np.concatenate([good, bad]))
    of_good = (everything[:m] - _ranks(good)) / n
    of_bad = 1.0 - (everything[m:] - _ranks(bad)) / m
    auc = float(of_good.mean())
    variance = float(of_good.var(ddof=1) / m if m > 1 else 0.0) + float(of_bad.var(ddof=1) / n if n > 1 else 0.0)
    if variance > 0.0:
        half = _Z * math.sqrt(variance)
        return auc, max(0.0, auc - half), min(1.0, auc + half)
    few = min(m, n)
    middle, half = auc + _Z**2 / (2 * few), _Z * math.sqrt(auc * (1 - auc) / few + _Z**2 / (4 * few**2))
    scale = 1.0 + _Z**2 / few
    return auc, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """1 for the smallest; equal values share the middle of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: NDArray[np.float64] = ((ends - counts + 1 + ends) / 2.0)[inverse]
    return middle
