"""Characters, words and lines of UTF-8 rows. Rows are independent, so splitting a batch never changes a result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel


@kernel
def space_width(data: NDArray[np.uint8], i: int, end: int) -> int:
    """Bytes of the white-space character at i, or 0 where there is none: the set of Python's str.split()."""
    c = data[i]
    if c == 32 or 9 <= c <= 13 or 28 <= c <= 31:
        return 1
    if c == 0xC2 and i + 1 < end and (data[i + 1] == 0x85 or data[i + 1] == 0xA0):
        return 2
    if (c == 0xE1 or c == 0xE2 or c == 0xE3) and i + 2 < end:
        d, e = data[i + 1], data[i + 2]
        if c == 0xE1:  # U+1680
            return 3 if d == 0x9A and e == 0x80 else 0
        if c == 0xE3:  # U+3000
            return 3 if d == 0x80 and e == 0x80 else 0
        if d == 0x80 and (0x80 <= e <= 0x8A or e == 0xA8 or e == 0xA9 or e == 0xAF):  # U+2000-200A, 2028, 2029, 202F
            return 3
        if d == 0x81 and e == 0x9F:  # U+205F
            return 3
    return 0


@kernel
def text_counts(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m]  ->  int64[n, 3] = (characters, words, lines).

    Words are maximal runs without white space (len(text.split())): unspaced scripts count few. Lines are split at
    a line feed; one at the very end opens no further line; an empty text has none. O(m), no allocation per row.
    """
    out = np.zeros((len(offsets) - 1, 3), np.int64)
    for row in range(len(offsets) - 1):
        i, end = offsets[row], offsets[row + 1]
        chars, words, lines, inside = 0, 0, 0, False
        if end > i:
            lines = 1
        while i < end:
            if 33 <= data[i] < 128:  # most bytes of most texts
                words += not inside
                inside = True
                chars += 1
                i += 1
                continue
            width = space_width(data, i, end)
            if width:
                if data[i] == 10 and i + 1 < end:
                    lines += 1
                chars += 1
                inside = False
                i += width
                continue
            if not inside:
                words += 1
                inside = True
            if data[i] & 0xC0 != 0x80:
                chars += 1
            i += 1
        out[row, 0], out[row, 1], out[row, 2] = chars, words, lines
    return out
