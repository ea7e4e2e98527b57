"""Letters in UTF-8 rows, without a Unicode table: every character of 0x80 and above but marks and symbols."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.endings import code_at


@kernel
def letter_counts(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m]  ->  int64[n] letters.

    ASCII letters, and characters from U+00C0 up to U+D7A3 outside the symbol blocks (U+2000-2BFF, U+3000-3004,
    U+3008-3020), times and division sign. Near enough to count with; combining marks of Indic scripts count. O(m).
    """
    out = np.zeros(len(offsets) - 1, np.int64)
    for row in range(len(offsets) - 1):
        i, end, letters = offsets[row], offsets[row + 1], 0
        while i < end:
            code, width = code_at(data, i, end)
            i += width
            if code < 0x80:
                letters += 65 <= code <= 90 or 97 <= code <= 122
            elif code >= 0xC0 and code != 0xD7 and code != 0xF7 and code <= 0xD7A3:
                symbol = 0x2000 <= code < 0x2C00 or 0x3000 <= code <= 0x3004 or 0x3008 <= code <= 0x3020
                letters += 0 if symbol else 1
        out[row] = letters
    return out
