"""The page and line rules of C4 (Raffel et al. 2020, 2.2) as numbers, as dolma and DCLM count them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.sentences import plain_sentences

LOREM, SCRIPT, POLICY = 0, 1, 2
FEW_DOLMA, FEW_DCLM, LONG_WORD = 3, 5, 1000
_SAID = (
    "lorem ipsum", "javascript", "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
    "use cookies",
)  # fmt: skip


def wanted_phrases() -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Offsets and bytes of what both look for: the filler text, the script, then the policy phrases."""
    offsets = np.cumsum([0, *map(len, _SAID)]).astype(np.int64)
    return offsets, np.frombuffer("".join(_SAID).encode(), np.uint8)


@kernel
def _holds(
    data: NDArray[np.uint8], a: int, b: int, offsets: NDArray[np.int64], said: NDArray[np.uint8]
) -> tuple[bool, bool, bool]:
    """Whether data[a:b] holds the filler text, the script, a policy phrase; in any case of ASCII."""
    filler, script, policy = False, False, False
    for i in range(a, b):
        c = data[i] | 32
        if c != 108 and c != 106 and c != 116 and c != 112 and c != 99 and c != 117:  # l j t p c u
            continue
        for k in range(len(offsets) - 1):
            size = offsets[k + 1] - offsets[k]
            if i + size > b or said[offsets[k]] != c:
                continue
            same = True
            for j in range(size):
                d = data[i + j]
                if 65 <= d <= 90:
                    d += np.uint8(32)
                same &= d == said[offsets[k] + j]
            if same:
                filler |= k == 0
                script |= k == 1
                policy |= k > 1
    return filler, script, policy


@kernel
def _words(data: NDArray[np.uint8], a: int, b: int) -> tuple[int, int]:
    """Words between white space, and the characters of the longest."""
    n, length, longest, i = 0, 0, 0, a
    while i < b:
        width = space_width(data, i, b) if not 33 <= data[i] < 128 else 0
        if width:
            length = 0
            i += width
            continue
        n += length == 0
        length += data[i] & 0xC0 != 0x80
        longest = max(longest, length)
        i += 1
    return n, longest


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
    offsets: NDArray[np.int64], data: NDArray[np.uint8], ends: NDArray[np.int64], said: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m], wanted_phrases()  ->  int64[n, 6] of each text, as tagger c4_v2 counts

    0, 1, 2: whether it holds `{`, `lorem ipsum`, `javascript`, in any case; 3 lines between line feeds; 4 those that
    do not end in `.`, `?`, `!` or a straight double quote; 5 those of fewer than 3 words. O(m).
    """
    out = np.zeros((len(offsets) - 1, 6), np.int64)
    for row in range(len(offsets) - 1):
        i, end = offsets[row], offsets[row + 1]
        for k in range(i, end):
            out[row, 0] |= data[k] == 123
        filler, script, _ = _holds(data, i, end, ends, said)
        out[row, 1], out[row, 2] = filler, script
        while i <= end:
            stop = i
            while stop < end and data[stop] != 10:
                stop += 1
            out[row, 3] += 1
            out[row, 4] += not _ends(data, i, _trimmed(data, i, stop))
            out[row, 5] += _words(data, i, stop)[0] < FEW_DOLMA
            i = stop + 1
    return out


@kernel
def c4_dclm(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], ends: NDArray[np.int64], said: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m], wanted_phrases()  ->  int64[n, 5] of each text, by the steps of DCLM

    0 characters; 1 and 2: whether `lorem ipsum`, or else `{`, is in a line that is left when the page is looked at;
    3 lines that stay; 4 their sentences (plain_sentences). A line goes for a word above 1000 characters, an end other
    than `.`, `!`, `?` or a straight double quote (an ellipsis goes too), fewer than 5 words (citations are removed
    before), `javascript`, or a policy phrase, in this order. O(m).
    """
    out = np.zeros((len(offsets) - 1, 5), np.int64)
    line = np.empty(1024, np.uint8)
    for row in range(len(offsets) - 1):
        i, end = offsets[row], offsets[row + 1]
        for k in range(i, end):
            out[row, 0] += data[k] & 0xC0 != 0x80
        while i < end:
            stop = i
            while stop < end and data[stop] != 10:
                stop += 1
            a, i = i, stop + 1
            if _words(data, a, stop)[1] > LONG_WORD:
                continue
            if stop - a > len(line):
                line = np.empty(2 * (stop - a), np.uint8)
            n = _trimmed(line, 0, _uncited(data, a, stop, line))
            dotted = n >= 3 and line[n - 1] == 46 and line[n - 2] == 46 and line[n - 3] == 46
            if dotted or not _ends(line, 0, n) or _words(line, 0, n)[0] < FEW_DCLM:
                continue
            filler, script, policy = _holds(line, 0, n, ends, said)
            out[row, 1] |= filler
            if script:
                continue
            for k in range(n):
                out[row, 2] |= line[k] == 123
            if not policy:
                out[row, 3] += 1
                out[row, 4] += plain_sentences(line, 0, n)
    return out
