"""The page and line rules of C4 (Raffel et al. 2020, 2.2) as numbers, as dolma and DCLM count them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.filter_lines import line_runs
from assay.kernels.sentences import plain_sentences

FEW_DOLMA, FEW_DCLM, LONG_WORD = 3, 5, 1000
_SAID = (
    "lorem ipsum", "javascript", "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
    "use cookies",
)  # fmt: skip
_TEXT = np.frombuffer("".join(_SAID).encode(), np.uint8)
_ENDS = np.cumsum([0, *map(len, _SAID)]).astype(np.int64)


@kernel
def _holds(data: NDArray[np.uint8], a: int, b: int) -> tuple[bool, bool, bool]:
    """Whether data[a:b] holds the filler text, the script, a policy phrase; in any case of ASCII."""
    filler, script, policy = False, False, False
    for i in range(a, b):
        c = data[i] | 32
        if c != 108 and c != 106 and c != 116 and c != 112 and c != 99 and c != 117:  # l j t p c u
            continue
        for k in range(len(_ENDS) - 1):
            size = _ENDS[k + 1] - _ENDS[k]
            if i + size > b or _TEXT[_ENDS[k]] != c:
                continue
            same = True
            for j in range(size):
                d = data[i + j]
                if 65 <= d <= 90:
                    d += np.uint8(32)
                same &= d == _TEXT[_ENDS[k] + j]
            if same:
                filler |= k == 0
                script |= k == 1
                policy |= k > 1
    return filler, script, policy


@kernel
def _words(data: NDArray[np.uint8], a: int, b: int) -> int:
    """Words between white space."""
    n, inside, i = 0, False, a
    while i < b:
        width = space_width(data, i, b) if not 33 <= data[i] < 128 else 0
        n += width == 0 and not inside
        inside = width == 0
        i += max(width, 1)
    return n


@kernel
def _trimmed(data: NDArray[np.uint8], a: int, b: int) -> int:
    """Where data[a:b] ends without the white space at its end."""
    while b > a:
        at = b - 1
        while at > a and data[at] & 0xC0 == 0x80:
            at -= 1
        if space_width(data, at, b) == 0:
            return b
        b = at
    return b


@kernel
def _ends(data: NDArray[np.uint8], a: int, b: int) -> bool:
    """Whether data[a:b], trimmed, ends in `.`, `?`, `!` or a straight double quote."""
    return b > a and (data[b - 1] in (46, 63, 33, 34))


@kernel
def _uncited(data: NDArray[np.uint8], a: int, b: int, out: NDArray[np.uint8]) -> int:
    """data[a:b] without [], [12], [edit] and [citation needed], into out; how many bytes that are."""
    n, i = 0, a
    while i < b:
        width = 0
        if data[i] == 91:
            j = i + 1
            while j < b and 48 <= data[j] <= 57:
                j += 1
            width = j + 1 - i if j < b and data[j] == 93 else 0
            for word in (b"[edit]", b"[citation needed]"):
                if i + len(word) <= b and width == 0:
                    same = True
                    for k in range(len(word)):
                        same &= data[i + k] == word[k]
                    width = len(word) if same else 0
        if width == 0:
            out[n] = data[i]
            n, width = n + 1, 1
        i += width
    return n


@kernel
def c4_dolma(
    data: NDArray[np.uint8],
    lines: NDArray[np.int64],
    n: int,
    phrases: int,
    curly: bool,
    spans: NDArray[np.int64],
    runs: int,
    out: NDArray[np.int64],
) -> None:
    """Six numbers of one text, as tagger c4_v2 counts. lines: find_lines(), between line feeds; at least one.

    0, 1, 2: whether it holds `{`, `lorem ipsum`, `javascript`, in any case; 3 lines; 4 those that do not end in `.`,
    `?`, `!` or a straight double quote; 5 those of fewer than 3 words. phrases, curly: holds_rare().
    spans: the text's runs, by text_words(), and how many. out: zeros.
    """
    if phrases:
        filler, script, _ = _holds(data, lines[0, 0], lines[n - 1, 1])
        out[1], out[2] = filler, script
    out[0], out[3], last = curly, n, 0
    for k in range(n):
        first = last
        last, _ = line_runs(data, lines[k, 3], spans, runs, first, LONG_WORD)
        out[4] += not _ends(data, lines[k, 2], lines[k, 3])
        out[5] += last - first < FEW_DOLMA


@kernel
def c4_dclm(
    data: NDArray[np.uint8],
    lines: NDArray[np.int64],
    n: int,
    chars: int,
    phrases: int,
    square: bool,
    curly: bool,
    spans: NDArray[np.int64],
    runs: int,
    out: NDArray[np.int64],
) -> None:
    """Five numbers of one text of `chars` characters, by the steps of DCLM. The arguments are those of c4_dolma().

    0 characters; 1 and 2: whether `lorem ipsum`, or else `{`, is in a line that is left when the page is looked at;
    3 lines that stay; 4 their sentences (plain_sentences). A line goes for a word above 1000 characters, an end other
    than `.`, `!`, `?` or a straight double quote (an ellipsis goes too), fewer than 5 words (citations are removed
    before), `javascript`, or a policy phrase, in this order.
    """
    copy, last = np.empty(0, np.uint8), 0
    out[0] = chars
    for k in range(n):
        line, a, b, first = data, lines[k, 0], lines[k, 3], last
        last, long = line_runs(data, b, spans, runs, first, LONG_WORD)
        if long or lines[k, 2] >= b:
            continue
        words = last - first
        cited = False
        if square:
            for i in range(a, b):
                cited |= data[i] == 91
        if cited:
            if b - a > len(copy):
                copy = np.empty(2 * (b - a), np.uint8)
            a, b = 0, _trimmed(copy, 0, _uncited(data, a, b, copy))
            line, words = copy, _words(copy, 0, b)
        dotted = b - a >= 3 and line[b - 1] == 46 and line[b - 2] == 46 and line[b - 3] == 46
        if dotted or not _ends(line, a, b) or words < FEW_DCLM:
            continue
        filler, script, policy = _holds(line, a, b) if phrases else (False, False, False)
        out[1] |= filler
        if script:
            continue
        if curly:
            for i in range(a, b):
                out[2] |= line[i] == 123
        if not policy:
            out[3] += 1
            out[4] += plain_sentences(line, a, b)
