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
def _rotl(x: np.uint64, r: np.uint64) -> np.uint64:
    return (x << r) | (x >> (np.uint64(64) - r))


@kernel
def read64(data: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    """The eight bytes from `at` on, the first one lowest. All of them must be there."""
    # Unsigned places: a signed one might count from the end, and that test keeps LLVM from making this one load.
    return (
        np.uint64(data[at])
        | (np.uint64(data[at + np.uint64(1)]) << np.uint64(8))
        | (np.uint64(data[at + np.uint64(2)]) << np.uint64(16))
        | (np.uint64(data[at + np.uint64(3)]) << np.uint64(24))
        | (np.uint64(data[at + np.uint64(4)]) << np.uint64(32))
        | (np.uint64(data[at + np.uint64(5)]) << np.uint64(40))
        | (np.uint64(data[at + np.uint64(6)]) << np.uint64(48))
        | (np.uint64(data[at + np.uint64(7)]) << np.uint64(56))
    )


@kernel
def _round(acc: np.uint64, word: np.uint64) -> np.uint64:
    return np.uint64(_rotl(acc + word * _P2, np.uint64(31)) * _P1)


@kernel
def _gather(h: np.uint64, v: np.uint64) -> np.uint64:
    return np.uint64((h ^ _round(np.uint64(0), v)) * _P1 + _P4)


@kernel
def _joined(v1: np.uint64, v2: np.uint64, v3: np.uint64, v4: np.uint64) -> np.uint64:
    h = _rotl(v1, np.uint64(1)) + _rotl(v2, np.uint64(7)) + _rotl(v3, np.uint64(12)) + _rotl(v4, np.uint64(18))
    return _gather(_gather(_gather(_gather(h, v1), v2), v3), v4)


@kernel
def _word(h: np.uint64, word: np.uint64) -> np.uint64:
    return np.uint64(_rotl(h ^ _round(np.uint64(0), word), np.uint64(27)) * _P1 + _P4)


@kernel
def _half(h: np.uint64, word: np.uint64) -> np.uint64:
    return np.uint64(_rotl(h ^ (word * _P1), np.uint64(23)) * _P2 + _P3)


@kernel
def _byte(h: np.uint64, byte: np.uint64) -> np.uint64:
    return np.uint64(_rotl(h ^ (byte * _P5), np.uint64(11)) * _P1)


@kernel
def _last(h: np.uint64) -> np.uint64:
    h = (h ^ (h >> np.uint64(33))) * _P2
    h = (h ^ (h >> np.uint64(29))) * _P3
    return np.uint64(h ^ (h >> np.uint64(32)))


@kernel
def xxh64_spans(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """XXH64 of `data[offsets[i]:offsets[i + 1]]` with seed 0 and with seed 1.

    Args
        data: uint8. offsets: int64[n + 1], rising.
    Returns uint64[n, 2].
    Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md (XXH64). Both seeds are carried through
    one reading: the multiplications of one hide the waiting of the other.
    """
    n = len(offsets) - 1
    out = np.empty((n, 2), np.uint64)
    one, four, eight, stripe = np.uint64(1), np.uint64(4), np.uint64(8), np.uint64(32)
    for i in range(n):
        at, end = np.uint64(offsets[i]), np.uint64(offsets[i + 1])
        length = end - at
        if length >= stripe:
            a1, a2, a3, a4 = _P1 + _P2, _P2, np.uint64(0), np.uint64(0) - _P1
            b1, b2, b3, b4 = one + _P1 + _P2, one + _P2, one, one - _P1
            while at + stripe <= end:
                w = read64(data, at)
                a1, b1 = _round(a1, w), _round(b1, w)
                w = read64(data, at + np.uint64(8))
                a2, b2 = _round(a2, w), _round(b2, w)
                w = read64(data, at + np.uint64(16))
                a3, b3 = _round(a3, w), _round(b3, w)
                w = read64(data, at + np.uint64(24))
                a4, b4 = _round(a4, w), _round(b4, w)
                at += stripe
            a, b = _joined(a1, a2, a3, a4), _joined(b1, b2, b3, b4)
        else:
            a, b = _P5, one + _P5
        a, b = a + length, b + length
        while at + eight <= end:
            w = read64(data, at)
            a, b = _word(a, w), _word(b, w)
            at += eight
        if at + four <= end:
            w = np.uint64(0)
            for k in range(4):
                w |= np.uint64(data[at + np.uint64(k)]) << np.uint64(8 * k)
            a, b = _half(a, w), _half(b, w)
            at += four
        while at < end:
            w = np.uint64(data[at])
            a, b = _byte(a, w), _byte(b, w)
            at += one
        out[i, 0], out[i, 1] = _last(a), _last(b)
    return out
