"""Shares of a text's lines where empty lines are none, every copy of a repeated line counted: dolma's gopher_v2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.words import span_hash

LINE_FIELDS = ("bullet_line_share", "ellipsis_line_share", "duplicate_line_share", "duplicate_line_char_share")


@kernel
def joined_lines(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.float64]:
    """offsets: int64[n + 1], data: uint8[m]  ->  float64[n, 4], see LINE_FIELDS; NaN for an empty text.

    Lines lie between runs of line feeds; what is before the first and after the last run is a line even if empty.
    0 lines that begin with `*` or `-`; 1 lines that end in U+2026; 2 lines that occur more than once; 3 their
    characters, of all characters but white space (so it can be above 1). Lines are compared by hashes. O(m log m).
    """
    out = np.full((len(offsets) - 1, len(LINE_FIELDS)), np.nan)
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        if start == end:
            continue
        room, solid, i = 1, 0, start
        while i < end:
            room += data[i] == 10
            width = 0 if 33 <= data[i] < 128 else space_width(data, i, end)
            solid += width == 0 and data[i] & 0xC0 != 0x80
            i += max(width, 1)
        keys, lengths = np.empty(room, np.uint64), np.empty(room, np.int64)
        n, bullets, dotted, i = 0, 0, 0, start
        while i <= end:
            stop = i
            while stop < end and data[stop] != 10:
                stop += 1
            keys[n], lengths[n] = span_hash(data, i, stop)
            n += 1
            bullets += stop > i and (data[i] == 42 or data[i] == 45)
            dotted += stop - i >= 3 and data[stop - 3] == 0xE2 and data[stop - 2] == 0x80 and data[stop - 1] == 0xA6
            if stop == end:
                break
            while stop < end and data[stop] == 10:
                stop += 1
            i = stop
        order = np.argsort(keys[:n])
        again, chars, k = 0, 0, 0
        while k < n:
            j = k + 1
            while j < n and keys[order[j]] == keys[order[k]]:
                j += 1
            if j - k > 1:
                again += j - k
                chars += (j - k) * lengths[order[k]]
            k = j
        out[row, 0], out[row, 1] = bullets / n, dotted / n
        out[row, 2], out[row, 3] = again / n, chars / max(solid, 1)
    return out
