"""An estimate of byte-pair tokens without a vocabulary: pre-tokenizer runs, each with a cost by script.

The pre-tokenizers of current models cut text into runs of letters (with the space before them), of digits by at
most three, of punctuation, and of white space; merges then turn most runs into one or two tokens. The costs below
are hundredths of a token, so that sums are exact integers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

WORD = 100  # a run of ASCII letters costs one token ...
LONG = 7  # ... for each started 7 letters beyond the first 7, one more
DIGITS = 100  # per started group of three
PUNCTUATION = 100  # per started pair of the same kind of run
SPACES = 100  # a run of white space beyond the one space that belongs to the next word; a line feed alone is one
LATIN = 45  # per character: other Latin, Greek, Cyrillic
RIGHT_TO_LEFT = 45  # Hebrew, Arabic
INDIC = 55  # Devanagari up to Tibetan, Thai, Lao
CJK = 80  # Chinese, Japanese
HANGUL = 75
OTHER = 120  # emoji, symbols, other scripts


@kernel
def script_cost(code: int) -> int:
    """Hundredths of a token for one non-ASCII character, by its code point."""
    if code < 0x0530:
        return LATIN
    if code < 0x0780:
        return RIGHT_TO_LEFT
    if 0x0900 <= code < 0x0FFF:
        return INDIC
    if 0x1100 <= code < 0x1200 or 0xAC00 <= code < 0xD7B0:
        return HANGUL
    if 0x1E00 <= code < 0x2000:
        return LATIN
    if 0x2010 <= code < 0x2070:  # typographic quotes, dashes
        return 100
    if 0x3000 <= code < 0xA000 or 0xF900 <= code < 0xFB00 or 0xFF00 <= code < 0xFFF0:
        return CJK
    return OTHER


@kernel
def ascii_class(c: int) -> int:
    """0 white space and control, 1 letter, 2 digit, 3 punctuation, 4 not ASCII."""
    if c >= 128:
        return 4
    if 65 <= c <= 90 or 97 <= c <= 122:
        return 1
    if 48 <= c <= 57:
        return 2
    return 0 if c <= 32 or c == 127 else 3


@kernel
def estimate_tokens(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m]  ->  int64[n] estimated tokens, rounded up. O(m)."""
    out = np.zeros(len(offsets) - 1, np.int64)
    for row in range(len(offsets) - 1):
        i, end, cost = offsets[row], offsets[row + 1], 0
        while i < end:
            kind = ascii_class(data[i])
            if kind == 4:
                c = data[i]
                width = 2 if c < 0xE0 else (3 if c < 0xF0 else 4)
                code = c & (0x1F if width == 2 else (0x0F if width == 3 else 0x07))
                stop = min(i + width, end)
                for j in range(i + 1, stop):
                    code = code << 6 | data[j] & 0x3F
                cost += script_cost(code)
                i = stop
                continue
            start = i
            while i < end and ascii_class(data[i]) == kind:
                i += 1
            n = i - start
            if kind == 1:
                cost += WORD * (1 + (n - 1) // LONG)
            elif kind == 2:
                cost += DIGITS * (1 + (n - 1) // 3)
            elif kind == 3:
                cost += PUNCTUATION * (1 + (n - 1) // 2)
            elif n > 1 or data[start] != 32:
                cost += SPACES
        out[row] = (cost + 99) // 100
    return out
