"""Line statistics of FineWeb (Penedo et al. 2024, 3.6) and C4 (Raffel et al. 2020, 2.2), by datatrove's rules."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.endings import among, code_at
from assay.kernels.repetition import group, stripped
from assay.kernels.shape import line_end
from assay.kernels.words import PEELED, span_hash, split_words

SHORT_LINE, MIN_WORDS, MAX_WORD = 30, 3, 1000
NO_BREAK, LOREM, CURLY = 0, 1, 2
_POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def phrases() -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """What c4_lines looks for: `lorem ipsum`, `javascript`, then the six policy phrases; offsets and bytes."""
    said = [phrase.encode() for phrase in ("lorem ipsum", "javascript", *_POLICY)]
    offsets = np.cumsum([0, *map(len, said)]).astype(np.int64)
    return offsets, np.frombuffer(b"".join(said), np.uint8)


@kernel
def fineweb_lines(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], table: NDArray[np.uint8], terminal: NDArray[np.int64]
) -> NDArray[np.float64]:
    """offsets: int64[n + 1], data: uint8[m]  ->  float64[n, 4], NaN where there is no line that is not blank.

    0 lines whose last character is in `terminal`, of all lines; 1 lines of at most 30 characters, of all lines;
    2 characters of lines that were there before, of all characters but line feeds; 3 line feeds per word (peeled).
    Lines are those between line feeds that are not blank. O(m).
    """
    rows = len(offsets) - 1
    out = np.full((rows, 4), np.nan)
    words, room = np.empty((64, 2), np.int64), 0
    keys, lengths = np.empty(0, np.uint64), np.empty(0, np.int64)
    slots, groups, counts, firsts = (
        np.empty(0, np.int64),
        np.empty(0, np.int64),
        np.empty(0, np.int64),
        np.empty(0, np.int64),
    )
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        chars, feeds = 0, 0
        for i in range(start, end):
            chars += data[i] & 0xC0 != 0x80
            feeds += data[i] == 10
        if feeds + 1 > room:
            room = 2 * feeds + 64
            keys, lengths = np.empty(room, np.uint64), np.empty(room, np.int64)
            slots, groups = np.empty(4 * room + 8, np.int64), np.empty(room, np.int64)
            counts, firsts = np.empty(room, np.int64), np.empty(room, np.int64)
        n, ended, short, i = 0, 0, 0, start
        while i <= end:
            stop, following = line_end(data, i, end, True)
            a, b = stripped(data, i, stop)
            if a < b:
                keys[n], lengths[n] = span_hash(data, i, stop)
                short += lengths[n] <= SHORT_LINE
                at = stop - 1
                while at > i and data[at] & 0xC0 == 0x80:
                    at -= 1
                code, _ = code_at(data, at, stop)
                ended += among(code, terminal)
                n += 1
            i = following
        if n == 0:
            continue
        group(keys, n, slots, groups, counts, firsts)
        again = 0
        for k in range(n):
            if firsts[groups[k]] != k:
                again += lengths[k]
        words, total = split_words(data, start, end, table, PEELED, words)
        out[row, 0], out[row, 1] = ended / n, short / n
        out[row, 2], out[row, 3] = again / (chars - feeds), feeds / total
    return out


@kernel
def _holds(line: NDArray[np.uint8], n: int, phrase: NDArray[np.uint8]) -> bool:
    """Whether line[:n] holds a phrase of lower-case ASCII, in any case."""
    for i in range(n - len(phrase) + 1):
        k = 0
        while k < len(phrase):
            c = line[i + k]
            if 65 <= c <= 90:
                c += np.uint8(32)
            if c != phrase[k]:
                break
            k += 1
        if k == len(phrase):
            return True
    return False


@kernel
def _citation(data: NDArray[np.uint8], i: int, end: int) -> int:
    """Bytes of [], [12], [edit] or [citation needed] at i; 0 for none."""
    if data[i] != 91:
        return 0
    j = i + 1
    while j < end and 48 <= data[j] <= 57:
        j += 1
    if j < end and data[j] == 93:
        return j + 1 - i
    for word in (b"[edit]", b"[citation needed]"):
        if i + len(word) <= end:
            same = True
            for k in range(len(word)):
                same &= data[i + k] == word[k]
            if same:
                return len(word)
    return 0


@kernel
def _sentences(line: NDArray[np.uint8], n: int) -> int:
    """One, and one more for each `.`, `!` or `?`, with closing quotes and brackets, that has a word after white space.

    The period of an initial or of an abbreviation such as e.g. ends nothing.
    """
    found, i = 1, 0
    while i < n:
        c = line[i]
        if c == 46 or c == 33 or c == 63:
            initial = c == 46 and i > 0 and (65 <= line[i - 1] <= 90 or 97 <= line[i - 1] <= 122)
            if initial and i > 1:
                initial = line[i - 2] == 46 or line[i - 2] == 32
            j = i + 1
            while j < n and (line[j] in (33, 34, 39, 41, 46, 63, 93)):
                j += 1
            k = j
            while k < n:
                width = space_width(line, k, n)
                if width == 0:
                    break
                k += width
            if j < k < n and not (initial and j == i + 1):
                found += 1
            i = max(k, i + 1)
        else:
            i += 1
    return found


@kernel
def c4_lines(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], phrase_ends: NDArray[np.int64], phrase: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m], phrases()  ->  int64[n, 6], three numbers under two rules:

    0 sentences of the lines that would stay, 1 those lines, 2 what ends the page (NO_BREAK, LOREM, CURLY); a line must
    end in `.`, `?`, `!` or a straight quote and not in `...`. 3, 4, 5: the same without that condition, as FineWeb
    has it. Tests run in datatrove's order, line by line: a line that an earlier test drops ends no page. O(m).
    """
    rows = len(offsets) - 1
    out = np.zeros((rows, 6), np.int64)
    line = np.empty(1024, np.uint8)
    for row in range(rows):
        i, end = offsets[row], offsets[row + 1]
        while i < end:
            stop, following = line_end(data, i, end, False)
            a, b = stripped(data, i, stop)
            i = following
            if b - a > len(line):
                line = np.empty(2 * (b - a), np.uint8)
            words, length, longest, n, at, curly = 0, 0, 0, 0, a, False
            while at < b:
                cited = _citation(data, at, b)
                for k in range(at, at + cited):  # its words count, its bytes go
                    gap = space_width(data, k, b) > 0
                    words += not gap and length == 0
                    length = 0 if gap else length + 1
                    longest = max(longest, length)
                at += cited
                if cited:
                    continue
                width = space_width(data, at, b)
                if width:
                    length = 0
                else:
                    words += length == 0
                    length += 1
                    longest = max(longest, length)
                    _, width = code_at(data, at, b)
                for k in range(at, min(at + width, b)):
                    line[n] = data[k]
                    curly |= data[k] == 123
                    n += 1
                at += width
            if longest > MAX_WORD or words < MIN_WORDS:
                continue
            ends = n > 0 and (line[n - 1] in (46, 63, 33, 34, 39))
            if n >= 3 and line[n - 1] == 46 and line[n - 2] == 46 and line[n - 3] == 46:
                ends = False
            if (out[row, 2] or not ends) and out[row, 5]:
                continue
            lorem = _holds(line, n, phrase[phrase_ends[0] : phrase_ends[1]])
            script = _holds(line, n, phrase[phrase_ends[1] : phrase_ends[2]])
            policy = False
            for k in range(2, len(phrase_ends) - 1):
                policy |= _holds(line, n, phrase[phrase_ends[k] : phrase_ends[k + 1]])
            sentences = _sentences(line, n)
            for rule in (0, 3):
                if out[row, rule + 2] or (rule == 0 and not ends):
                    continue
                if lorem:
                    out[row, rule + 2] = LOREM
                elif script:
                    continue
                elif curly:
                    out[row, rule + 2] = CURLY
                elif not policy:
                    out[row, rule] += sentences
                    out[row, rule + 1] += 1
    return out
