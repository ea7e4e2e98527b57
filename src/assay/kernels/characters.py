"""Characters that tell of a broken encoding, counted over UTF-8 bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

# Where Windows-1252 puts 0x80-0x9F; the other 0x80-0xBF bytes are the code points of the same number.
CP1252_HIGH = np.array(sorted(ord(c) for c in bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")), np.int64)


@kernel
def _continues(code: int, high: NDArray[np.int64]) -> bool:
    """Whether a character is what a UTF-8 continuation byte becomes when read as Windows-1252 or Latin-1."""
    if 0x80 <= code <= 0xBF:
        return True
    if code < 0x0152 or code > 0x2122:
        return False
    at = np.searchsorted(high, code)
    return bool(at < len(high) and high[at] == code)


@kernel
def _leads(code: int) -> int:
    """How many continuation characters should follow if this one was the first byte of a misread UTF-8 character.

    Only leads of scripts that are common: a German word before a closing quote (U+00DF U+201C) is not misread.
    """
    if 0xC2 <= code <= 0xC5 or code == 0xCE or code == 0xCF or code == 0xD0 or code == 0xD1 or 0xD7 <= code <= 0xD9:
        return 1
    if code == 0xE0 or 0xE2 <= code <= 0xE9 or code == 0xEF:
        return 2
    return 3 if code == 0xF0 else 0


@kernel
def broken_characters(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], high: NDArray[np.int64]
) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m], high: CP1252_HIGH  ->  int64[n, 4], counts per row of

    0 characters; 1 characters that are part of UTF-8 read as Windows-1252 (U+00C3 U+00A9 for an e acute);
    2 replacement characters U+FFFD; 3 control characters other than tab, line feed, carriage return, form feed.
    Valid UTF-8 is assumed. O(m), no allocation per row.
    """
    out = np.zeros((len(offsets) - 1, 4), np.int64)
    for row in range(len(offsets) - 1):
        i, end = offsets[row], offsets[row + 1]
        wanted, got, spaced = 0, 0, False  # an open misread character: how many should follow, have followed
        while i < end:
            c = int(data[i])
            width = 1
            if c >= 0x80:
                width = 2 if c < 0xE0 else (3 if c < 0xF0 else 4)
                c &= 0x1F if width == 2 else (0x0F if width == 3 else 0x07)
                for j in range(i + 1, min(i + width, end)):
                    c = c << 6 | int(data[j]) & 0x3F
            i += width
            out[row, 0] += 1
            if c < 0x80:
                wanted, got = 0, 0
                if (c < 32 and not (9 <= c <= 13 and c != 11)) or c == 127:
                    out[row, 3] += 1
                continue
            if c == 0xFFFD:
                out[row, 2] += 1
            if wanted and _continues(c, high):
                # After a French letter, a no-break space and a guillemet are typography, not a misreading.
                spaced |= c == 0xA0
                got += 1
                if got == wanted:
                    if not (spaced and wanted > 1):
                        out[row, 1] += wanted + 1
                    wanted, got = 0, 0
                continue
            wanted, got, spaced = _leads(c), 0, False
    return out
