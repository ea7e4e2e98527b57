"""Text folded for comparison: ASCII letters in lower case, anything but letters and digits as one space, hashed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

_PRIME = np.uint64(0x100000001B3)  # FNV-1a, 64 bits; the second lane starts elsewhere
_BASIS = np.uint64(0xCBF29CE484222325)
_OTHER = np.uint64(0x9E3779B97F4A7C15)


@kernel
def _mixed(h: np.uint64) -> np.uint64:
    """The finaliser of MurmurHash3: FNV-1a alone mixes its high bits poorly."""
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@kernel
def folded_digests(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """uint64[n, 2] digests of the folded rows, and bool[n] whether anything was left to hash.

    Bytes of 0x80 and above are taken as they stand: fold other scripts before. O(m), no allocation per row.
    """
    n = len(offsets) - 1
    out, some = np.zeros((n, 2), np.uint64), np.zeros(n, np.bool_)
    for row in range(n):
        a, b, gap, seen = _BASIS, _OTHER, False, False
        for i in range(offsets[row], offsets[row + 1]):
            c = data[i]
            if 65 <= c <= 90:
                c += np.uint8(32)
            if not (97 <= c <= 122 or 48 <= c <= 57 or c >= 128):
                gap = seen
                continue
            if gap:
                a = (a ^ np.uint64(32)) * _PRIME
                b = (b ^ np.uint64(32)) * _PRIME
                b ^= b >> np.uint64(29)
                gap = False
            a = (a ^ np.uint64(c)) * _PRIME
            b = (b ^ np.uint64(c)) * _PRIME
            b ^= b >> np.uint64(29)
            seen = True
        out[row, 0], out[row, 1], some[row] = _mixed(a), _mixed(b), seen
    return out, some
