"""Texts as vectors by their words: counted features of rows, and rows projected to a few dimensions.

Every sum has a fixed order within its row, so a row's vector depends on nothing but the row and the model.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.shingles import PROSE, Hashes, Ints, mixed, row_words

BITS = 18  # 262,144 features: words and pairs of words by hash
_SHIFT = np.uint64(64 - BITS)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_PAIR = np.uint64(0xC2B2AE3D27D4EB4F)
MOST_BYTES = 1 << 20  # of one text: what comes after plays no part


@kernel
def natural_log(x: float) -> float:
    """ln(x) for x > 0 by additions, multiplications and divisions alone: mathematics libraries differ in the last bit.

    2 * artanh of (m - 1) / (m + 1) for the mantissa m in [sqrt(1/2), sqrt(2)); the first term left out is below 1e-17.
    """
    m, e = math.frexp(x)
    if m < 0.7071067811865476:
        m *= 2.0
        e -= 1
    s = (m - 1.0) / (m + 1.0)
    square, power, total = s * s, s, 0.0
    for k in range(1, 24, 2):
        total += power / k
        power *= square
    return 2.0 * total + e * 0.6931471805599453


@kernel
def _row_features(
    data: NDArray[np.uint8], start: int, end: int, table: NDArray[np.uint32], words: Hashes, first: Ints, last: Ints,
    place: Ints, row: int, stamps: Ints, found: Ints, counts: Ints,
) -> int:  # fmt: skip
    """Distinct features of one row in order of first sight, and how often each occurs; returns how many."""
    n = row_words(data, start, end, table, PROSE, words, first, last)
    size = 0
    for i in range(2 * n - 1):
        word = words[i >> 1]
        h = word if i & 1 == 0 else mixed(word * _STEP + words[(i >> 1) + 1] * _PAIR)
        feature = h >> _SHIFT
        if stamps[feature] != row:
            stamps[feature] = row
            place[feature] = size
            found[size] = feature
            counts[size] = 0
            size += 1
        counts[place[feature]] += 1
    return size


@kernel
def feature_counts(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], table: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], Ints, Ints]:
    """int64[n + 1] starts, int32 features and int32 counts, row after row: words and pairs of neighbouring words.

    table: fold_table(), so that case, accents, width and punctuation play no part. Of each row the first MOST_BYTES.
    """
    rows = len(offsets) - 1
    starts = np.zeros(rows + 1, np.int64)
    longest = _longest(offsets)
    words, first, last = np.empty(longest, np.uint64), np.empty(longest, np.int32), np.empty(longest, np.int32)
    stamps, place = np.full(1 << BITS, -1, np.int32), np.empty(1 << BITS, np.int32)
    some, counts = np.empty(1 << BITS, np.int32), np.empty(1 << BITS, np.int32)
    features, often = np.empty(4096, np.int32), np.empty(4096, np.int32)
    total = 0
    for row in range(rows):
        end = min(offsets[row + 1], offsets[row] + MOST_BYTES)
        n = _row_features(
            data, offsets[row], end, table, words, first, last, place, row, stamps, some, counts
        )  # fmt: skip
        if total + n > len(features):
            wider, more = np.empty(2 * (total + n), np.int32), np.empty(2 * (total + n), np.int32)
            wider[:total], more[:total] = features[:total], often[:total]
            features, often = wider, more
        features[total : total + n], often[total : total + n] = some[:n], counts[:n]
        total += n
        starts[row + 1] = total
    return starts, features[:total].copy(), often[:total].copy()


@kernel
def _longest(offsets: NDArray[np.int64]) -> int:
    most = 1
    for row in range(len(offsets) - 1):
        most = max(most, offsets[row + 1] - offsets[row])
    return int(min(most, MOST_BYTES))


@kernel
def project_rows(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], table: NDArray[np.uint32], columns: Ints,
    weights: NDArray[np.float32], basis: NDArray[np.float32], sketched: NDArray[np.float32], share: float,
) -> NDArray[np.float32]:  # fmt: skip
    """float32[n, d + m]: rows of length 1, or all 0 for a row without a word.

    A row is a vector over features: square root of the count, times weights[feature]. Its first d values are its
    product with the basis, float32[c, d], where columns[feature] says which row (-1: the feature is not in it). The
    other m are what that leaves out, each feature with a sign of its own in one of m places (a count sketch), times
    `share`: inner products stay about those of the whole vectors, whatever the basis has never seen.
    sketched: float32[d, m], the basis itself put through the sketch.
    """
    rows, d, m = len(offsets) - 1, basis.shape[1], sketched.shape[1]
    out = np.zeros((rows, d + m), np.float32)
    longest = _longest(offsets)
    words, first, last = np.empty(longest, np.uint64), np.empty(longest, np.int32), np.empty(longest, np.int32)
    stamps, place = np.full(1 << BITS, -1, np.int32), np.empty(1 << BITS, np.int32)
    some, counts = np.empty(1 << BITS, np.int32), np.empty(1 << BITS, np.int32)
    for row in range(rows):
        end = min(offsets[row + 1], offsets[row] + MOST_BYTES)
        n = _row_features(
            data, offsets[row], end, table, words, first, last, place, row, stamps, some, counts
        )  # fmt: skip
        mine, rest = out[row, :d], out[row, d:]
        for k in range(n):
            feature = some[k]
            weight = np.float32(np.sqrt(np.float32(counts[k]))) * weights[feature]
            column = columns[feature]
            if column >= 0:
                line = basis[column]
                for c in range(d):
                    mine[c] += weight * line[c]
            if m:
                at, sign = _sketch_place(feature, m)
                rest[at] += sign * weight
        for c in range(d):
            value, line = mine[c], sketched[c]
            for j in range(m):
                rest[j] -= value * line[j]
        for j in range(m):
            rest[j] *= np.float32(share)
        square = 0.0
        for c in range(d + m):
            square += np.float64(out[row, c]) * np.float64(out[row, c])
        if square > 0.0:
            scale = np.float32(1.0 / np.sqrt(square))
            for c in range(d + m):
                out[row, c] *= scale
    return out


@kernel
def _sketch_place(feature: int, m: int) -> tuple[int, np.float32]:
    h = mixed(np.uint64(feature) * _PAIR + _STEP)
    return int((h >> np.uint64(8)) % np.uint64(m)), np.float32(1.0 if h & np.uint64(1) else -1.0)


@kernel
def sketch_basis(features: Ints, basis: NDArray[np.float32], m: int) -> NDArray[np.float32]:
    """float32[d, m]: each of the basis's d directions through the sketch of `project_rows`. features: int32[c]."""
    d = basis.shape[1]
    out = np.zeros((d, m), np.float64)
    for k in range(len(features)):
        if m:
            at, sign = _sketch_place(features[k], m)
            for c in range(d):
                out[c, at] += sign * np.float64(basis[k, c])
    return out.astype(np.float32)
