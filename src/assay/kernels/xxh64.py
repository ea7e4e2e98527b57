"""XXH64 of many byte spans at once, under two seeds: 128 bits per span. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)


@kernel
def _rotl(x: np.uint64, r: int) -> np.uint64:
    return (x << np.uint64(r)) | (x >> np.uint64(64 - r))


@kernel
def _read64(data: NDArray[np.uint8], at: int) -> np.uint64:
    word = np.uint64(0)
    for k in range(8):
        word |= np.uint64(data[at + k]) << np.uint64(8 * k)
    return word


@kernel
def _round(acc: np.uint64, word: np.uint64) -> np.uint64:
    return _rotl(acc + word * _P2, 31) * _P1


@kernel
def _one(data: NDArray[np.uint8], start: int, end: int, seed: np.uint64) -> np.uint64:
    at, length = start, end - start
    if length >= 32:
        v1, v2, v3, v4 = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        while at + 32 <= end:
            v1 = _round(v1, _read64(data, at))
            v2 = _round(v2, _read64(data, at + 8))
            v3 = _round(v3, _read64(data, at + 16))
            v4 = _round(v4, _read64(data, at + 24))
            at += 32
        h = _rotl(v1, 1) + _rotl(v2, 7) + _rotl(v3, 12) + _rotl(v4, 18)
        for v in (v1, v2, v3, v4):
            h = (h ^ _round(np.uint64(0), v)) * _P1 + _P4
    else:
        h = seed + _P5
    h += np.uint64(length)
    while at + 8 <= end:
        h = _rotl(h ^ _round(np.uint64(0), _read64(data, at)), 27) * _P1 + _P4
        at += 8
    if at + 4 <= end:
        word = np.uint64(0)
        for k in range(4):
            word |= np.uint64(data[at + k]) << np.uint64(8 * k)
        h = _rotl(h ^ (word * _P1), 23) * _P2 + _P3
        at += 4
    while at < end:
        h = _rotl(h ^ (np.uint64(data[at]) * _P5), 11) * _P1
        at += 1
    h = (h ^ (h >> np.uint64(33))) * _P2
    h = (h ^ (h >> np.uint64(29))) * _P3
    return h ^ (h >> np.uint64(32))


@kernel
def xxh64_spans(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """XXH64 of `data[offsets[i]:offsets[i + 1]]` with seed 0 and with seed 1.

    Args
        data: uint8. offsets: int64[n + 1], rising.
    Returns uint64[n, 2].
    Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md (XXH64).
    """
    n = len(offsets) - 1
    out = np.empty((n, 2), np.uint64)
    for i in range(n):
        out[i, 0] = _one(data, offsets[i], offsets[i + 1], np.uint64(0))
        out[i, 1] = _one(data, offsets[i], offsets[i + 1], np.uint64(1))
    return out
