"""How a text ends: its last character, its last line, open code fences, and whether it punctuates at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width

# Sentence-final characters, reduced from Unicode's Sentence_Terminal (159 of them) to the scripts that occur in
# training text: Latin, Armenian, Arabic, Devanagari and its sisters, Burmese, Ethiopic, Khmer, Chinese, Japanese.
TERMINAL = np.array(
    sorted(
        map(
            ord,
            ".!?\u2026\u203c\u203d\u2047\u2048\u2049\u0589\u061f\u06d4\u0964\u0965\u104a\u104b\u1362\u1367\u17d4\u17d5\u3002\ufe52\uff01\uff0e\uff1f\uff61",
        )
    ),
    np.int64,
)
# What may close a sentence after its mark: quotes, brackets, emphasis.
CLOSING = np.array(
    sorted(map(ord, "\"')]}*_`~\u00bb\u2019\u201c\u201d\u203a\u3009\u300b\u300d\u300f\u3011\uff09")), np.int64
)

WORDS, SENTENCES, FENCES, LAST, LINE_WORDS, MARKS, RESTING = range(7)
LIST_LINE, INDENTED, SYMBOLS, ENDED, ODD_WORD = 1, 2, 4, 8, 16


@kernel
def code_at(data: NDArray[np.uint8], i: int, end: int) -> tuple[int, int]:
    """Code point of the character at i, and its width in bytes. Of bytes that are no UTF-8 some number, before end."""
    c = int(data[i])
    if c < 0x80:
        return c, 1
    width = 2 if c < 0xE0 else (3 if c < 0xF0 else 4)
    c &= 0x1F if width == 2 else (0x0F if width == 3 else 0x07)
    for j in range(i + 1, min(i + width, end)):
        c = c << 6 | int(data[j]) & 0x3F
    return c, min(width, end - i)


@kernel
def among(code: int, table: NDArray[np.int64]) -> bool:
    at = np.searchsorted(table, code)
    return bool(at < len(table) and table[at] == code)


@kernel
def unspaced(code: int) -> bool:
    """Scripts written without spaces, where every character counts as a word."""
    return 0x3040 <= code < 0xA000 or 0xF900 <= code < 0xFB00 or 0x20000 <= code < 0x30000


@kernel
def text_endings(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], terminal: NDArray[np.int64], closing: NDArray[np.int64]
) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m]  ->  int64[n, 7], for each row

    WORDS (each unspaced-script character counts as one), SENTENCES (terminal marks, with closing marks, before white
    space or the end), FENCES (lines that open with ``` or ~~~), LAST (code point of the last visible character, 0 for
    none), LINE_WORDS (words of the last non-blank line), MARKS (bits about that line: LIST_LINE opens with a list
    mark, heading, quote, table or number; INDENTED by four or a tab; SYMBOLS that prose lacks; ENDED by a terminal
    mark with its closing marks; ODD_WORD its last word looks like an address, a link or code),
    RESTING (words after the last sentence end). O(m).
    """
    out = np.zeros((len(offsets) - 1, 7), np.int64)
    for row in range(len(offsets) - 1):
        i, end = offsets[row], offsets[row + 1]
        inside, fresh, indent = False, True, 0
        ended = False  # the last visible characters are a terminal mark and its closing marks
        line_words, marks = 0, 0
        while i < end:
            c = data[i]
            if inside and (97 <= c <= 122 or 65 <= c <= 90):  # most bytes of most texts; an open word is no fresh line
                ended = False
                out[row, LAST] = c
                i += 1
                continue
            width = space_width(data, i, end)
            if width:
                if ended and inside:
                    out[row, SENTENCES] += 1
                    out[row, RESTING] = 0
                if data[i] == 10:
                    fresh, indent = True, 0
                elif fresh:
                    indent += 4 if data[i] == 9 else 1
                inside = False
                i += width
                continue
            code, width = code_at(data, i, end)
            if fresh:
                fresh, line_words, marks = False, 0, 0
                if indent >= 4:
                    marks |= INDENTED
                if code in (35, 42, 43, 45, 62, 124, 0x2022, 0x25CF, 0x2013) or 48 <= code <= 57:
                    marks |= LIST_LINE
                if (code == 96 or code == 126) and i + 2 < end and data[i + 1] == code and data[i + 2] == code:
                    out[row, FENCES] += 1
            if not inside or unspaced(code):
                out[row, WORDS] += 1
                out[row, RESTING] += 1
                line_words += 1
                inside = True
                marks &= ~ODD_WORD
            if code in (60, 61, 62, 92, 123, 124, 125):
                marks |= SYMBOLS
            elif code in (35, 36, 47, 64, 91, 93, 94, 95, 96) or (58 <= code <= 59 and i + 1 < end):
                marks |= ODD_WORD
            ended = among(code, terminal) or (ended and among(code, closing))
            if ended and unspaced_mark(code):
                out[row, SENTENCES] += 1
                out[row, RESTING] = 0
                ended = True
            out[row, LAST] = code
            i += width
        if ended and out[row, LAST] and inside and not unspaced_mark(out[row, LAST]):
            out[row, SENTENCES] += 1
            out[row, RESTING] = 0
        out[row, LINE_WORDS] = line_words
        out[row, MARKS] = marks | (ENDED if ended else 0)
    return out


@kernel
def unspaced_mark(code: int) -> bool:
    """Terminal marks that need no space after them."""
    return code == 0x3002 or code == 0xFF01 or code == 0xFF1F or code == 0xFF61
