"""From equal band hashes to pairs, and from pairs to components."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

Ints = NDArray[np.int64]


@kernel
def run_pairs(run_starts: Ints, rows: Ints, window: int) -> tuple[NDArray[np.uint64], int]:
    """Pairs of rows within runs, packed as smaller << 32 | larger, and how many pairs were left out.

    run_starts: int64[k + 1], places in `rows` at which runs begin, and the end. Each row is paired with the `window`
    rows after it in its run: all pairs in runs of up to window + 1 rows.
    """
    total, left_out = 0, 0
    for k in range(len(run_starts) - 1):
        size = run_starts[k + 1] - run_starts[k]
        some = min(size - 1, window)
        made = some * (size - some) + some * (some - 1) // 2
        total += made
        left_out += size * (size - 1) // 2 - made
    out, at = np.empty(total, np.uint64), 0
    for k in range(len(run_starts) - 1):
        for i in range(run_starts[k], run_starts[k + 1]):
            for j in range(i + 1, min(i + window + 1, run_starts[k + 1])):
                low, high = min(rows[i], rows[j]), max(rows[i], rows[j])
                out[at] = (np.uint64(low) << np.uint64(32)) | np.uint64(high)
                at += 1
    return out, left_out


@kernel
def maybe_repeated(values: NDArray[np.uint64], bits: int) -> NDArray[np.bool_]:
    """bool[n]: false only for values that occur once. Two bits for each of 2**bits places, told by a value's top bits.

    With eight places a value one in eight that occurs once is true all the same. One step per value where a search in
    sorted values takes twenty, each of which misses the cache.
    """
    shift = np.uint64(64 - bits)
    once, twice = np.zeros(1 << max(bits - 3, 0), np.uint8), np.zeros(1 << max(bits - 3, 0), np.uint8)
    for value in values:
        place = value >> shift
        byte, bit = np.int64(place >> np.uint64(3)), np.uint8(1) << np.uint8(place & np.uint64(7))
        twice[byte] |= once[byte] & bit
        once[byte] |= bit
    out = np.empty(len(values), np.bool_)
    for i in range(len(values)):
        place = values[i] >> shift
        out[i] = twice[np.int64(place >> np.uint64(3))] & (np.uint8(1) << np.uint8(place & np.uint64(7))) != 0
    return out


@kernel
def _root(parent: Ints, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def components(n: int, left: Ints, right: Ints) -> Ints:
    """int64[n]: for each of 0..n-1 the smallest member of its component over the edges left[i] - right[i]."""
    parent = np.arange(n)
    for i in range(len(left)):
        a, b = _root(parent, left[i]), _root(parent, right[i])
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b
    for i in range(n):
        parent[i] = _root(parent, i)
    return parent
