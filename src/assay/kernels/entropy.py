"""How evenly a text uses its characters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.endings import code_at

_CODES = 0x200000  # more than Unicode has: four bytes that are no UTF-8 can give that much


@kernel
def character_entropy(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.float64]:
    """offsets: int64[n + 1], data: uint8[m]  ->  float64[n], bits per character (Shannon, of single code points).

    0 for a text of one character again and again, NaN for an empty one. Summed in the order in which characters first
    occur, so the same text has the same bits. O(m).
    """
    out = np.full(len(offsets) - 1, np.nan)
    counts = np.zeros(_CODES, np.int64)
    for row in range(len(offsets) - 1):
        i, end, total = offsets[row], offsets[row + 1], 0
        while i < end:
            code, width = code_at(data, i, end)
            counts[code] += 1
            total += 1
            i += width
        bits, i = 0.0, offsets[row]
        while i < end:
            code, width = code_at(data, i, end)
            if counts[code]:
                share = counts[code] / total
                bits -= share * np.log2(share)
                counts[code] = 0
            i += width
        if total:
            out[row] = max(bits, 0.0)
    return out
