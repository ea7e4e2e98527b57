"""Line statistics of FineWeb (Penedo et al. 2024, 3.6) and C4 (Raffel et al. 2020, 2.2), by datatrove's rules."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.endings import among, code_at
from assay.kernels.grams import Scratch
from assay.kernels.repetition import is_part
from assay.kernels.runs import DATATROVE
from assay.kernels.sentences import peeled_sentences, run_sentences
from assay.kernels.spans import characters

SHORT_LINE, MIN_WORDS, MAX_WORD = 30, 3, 1000
NO_BREAK, LOREM, CURLY = 0, 1, 2
# The characters that end a sentence by Unicode 15 (Sentence_Terminal) as datatrove lists them: no quote, no U+2026.
_MARKS = (
    "0021 002e 003f 0589 061d-061f 06d4 0700-0702 07f9 0837 0839 083d-083e 0964-0965 104a-104b 1362 1367-1368 "
    "166e 1735-1736 17d4-17d6 17d9-17da 1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e 1c3b-1c3c "
    "1c7e-1c7f 203c-203d 2047-2049 2e2e 2e3c 2e53-2e54 3002 a4ff a60e-a60f a6f3 a6f7 a876-a877 a8ce-a8cf a92f "
    "a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb fe52 fe56-fe57 ff01 ff0e ff1f ff61 10a56-10a57 10f55-10f59 10f86-10f89 "
    "11047-11048 110be-110c1 11141-11143 111c5-111c6 111cd 111de-111df 11238-11239 1123b-1123c 112a9 1144b-1144c "
    "115c2-115c3 115c9-115d7 11641-11642 1173c-1173e 11944 11946 11a42-11a43 11a9b-11a9c 11c41-11c42 11ef7-11ef8 "
    "11f43-11f44 16a6e-16a6f 16af5 16b37-16b38 16b44 16e98 1bc9f 1da88"
)
SENTENCE_MARKS = np.array(
    [
        code
        for span in re.findall(r"(\w+)(?:-(\w+))?", _MARKS)
        for code in range(int(span[0], 16), int(span[1] or span[0], 16) + 1)
    ],
    np.int64,
)
# What c4_lines looks for: `lorem ipsum`, `javascript`, then the six policy phrases.
PHRASES = (
    "lorem ipsum", "javascript", "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
    "use cookies",
)  # fmt: skip
_SAID = np.frombuffer("".join(PHRASES).encode(), np.uint8)
_SAID_ENDS = np.cumsum([0, *map(len, PHRASES)]).astype(np.int64)
_BITS = np.array([1, 2, 4, 8, 16, 16, 16, 16], np.int64)  # of phrases with the same rare piece


@kernel
def fineweb_lines(
    data: NDArray[np.uint8],
    lines: NDArray[np.int64],
    n: int,
    chars: int,
    words: int,
    scratch: Scratch,
    out: NDArray[np.float64],
) -> None:
    """Shares of one text; out is left as it is where no line holds anything but white space.

    0 lines whose last character is a sentence mark, of all lines; 1 lines of at most 30 characters, of all lines;
    2 characters of lines that were there before, of all characters but line feeds; 3 line feeds per word (peeled).
    Lines are those between line feeds that are not blank. lines: find_lines(), numbered in scratch as datatrove does.
    """
    counted, ended, short, again, m = 0, 0, 0, 0, 0
    for k in range(n):
        if not is_part(lines, k, n, DATATROVE):
            continue
        length, repeated = scratch.places[m], scratch.firsts[scratch.groups[m]] != m
        m += 1
        if lines[k, 2] >= lines[k, 3]:
            continue
        counted += 1
        short += length <= SHORT_LINE
        again += length if repeated else 0
        at = lines[k, 1] - 1
        if data[at] < 128:
            ended += data[at] == 46 or data[at] == 33 or data[at] == 63
            continue
        while at > lines[k, 0] and data[at] & 0xC0 == 0x80:
            at -= 1
        code, _ = code_at(data, at, lines[k, 1])
        ended += among(code, SENTENCE_MARKS)
    if counted and words:
        out[0], out[1] = ended / counted, short / counted
        out[2], out[3] = again / max(chars - n + 1, 1), (n - 1) / words


@kernel
def holds_rare(data: NDArray[np.uint8], start: int, end: int) -> tuple[int, bool, bool]:
    """Which phrases a text may hold, as bits of _BITS (in any case; `m ip`, `avas`, `ms of u`, `vacy`, `ooki`); whether
    a `[`, a `{`.

    Every byte is looked at for everything, without a branch: that goes by vectors.
    """
    text, n = data[start:end], end - start
    lorem, script, terms, privacy, cookie, square, curly = False, False, False, False, False, False, False
    for i in range(n):
        square |= text[i] == 91
        curly |= text[i] == 123
    for i in range(n - 3):
        lorem |= (
            ((text[i] | 32) == 109) & (text[i + 1] == 32) & ((text[i + 2] | 32) == 105) & ((text[i + 3] | 32) == 112)
        )
    for i in range(n - 3):
        script |= (
            ((text[i] | 32) == 97)
            & ((text[i + 1] | 32) == 118)
            & ((text[i + 2] | 32) == 97)
            & ((text[i + 3] | 32) == 115)
        )
    for i in range(n - 6):
        terms |= (
            ((text[i] | 32) == 109) & ((text[i + 1] | 32) == 115) & (text[i + 2] == 32) & ((text[i + 3] | 32) == 111)
            & ((text[i + 4] | 32) == 102) & (text[i + 5] == 32) & ((text[i + 6] | 32) == 117)
        )  # fmt: skip
    for i in range(n - 3):
        privacy |= (
            ((text[i] | 32) == 118)
            & ((text[i + 1] | 32) == 97)
            & ((text[i + 2] | 32) == 99)
            & ((text[i + 3] | 32) == 121)
        )
    for i in range(n - 3):
        cookie |= (
            ((text[i] | 32) == 111)
            & ((text[i + 1] | 32) == 111)
            & ((text[i + 2] | 32) == 107)
            & ((text[i + 3] | 32) == 105)
        )
    return lorem + 2 * script + 4 * terms + 8 * privacy + 16 * cookie, square, curly


@kernel
def _holds(data: NDArray[np.uint8], a: int, b: int, said: int) -> bool:
    """Whether data[a:b] holds a phrase of lower-case ASCII, in any case."""
    first, size = _SAID_ENDS[said], _SAID_ENDS[said + 1] - _SAID_ENDS[said]
    for i in range(a, b - size + 1):
        k = 0
        while k < size:
            c = data[i + k]
            if 65 <= c <= 90:
                c += np.uint8(32)
            if c != _SAID[first + k]:
                break
            k += 1
        if k == size:
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
def _uncited(data: NDArray[np.uint8], a: int, b: int, out: NDArray[np.uint8]) -> int:
    """Copy data[a:b] without its citations; returns the bytes."""
    n = 0
    while a < b:
        cited = _citation(data, a, b)
        a += cited
        if cited == 0:
            out[n] = data[a]
            a += 1
            n += 1
    return n


@kernel
def line_runs(
    data: NDArray[np.uint8], b: int, spans: NDArray[np.int64], runs: int, first: int, most: int
) -> tuple[int, bool]:
    """The first of the runs after a line that ends at b and begins with run `first`; whether one of it is above `most`
    characters."""
    last, long = first, False
    while last < runs and spans[last, 0] < b:
        if spans[last, 1] - spans[last, 0] > most:
            long |= characters(data, spans[last, 0], spans[last, 1]) > most
        last += 1
    return last, long


@kernel
def c4_lines(
    data: NDArray[np.uint8],
    lines: NDArray[np.int64],
    lines_n: int,
    phrases: int,
    square: bool,
    curly: bool,
    table: NDArray[np.uint8],
    met: NDArray[np.uint64],
    spans: NDArray[np.int64],
    runs: int,
    out: NDArray[np.int64],
) -> None:
    """Three numbers of one text, under two rules. lines: find_lines(), of splitlines(). out: zeros.

    0 sentences of the lines that would stay, 1 those lines, 2 what ends the page (NO_BREAK, LOREM, CURLY); a line must
    end in `.`, `?`, `!` or a straight quote and not in `...`. 3, 4, 5: the same without that condition, as FineWeb
    has it. Tests run in datatrove's order, line by line: a line that an earlier test drops ends no page.
    phrases, square, curly: holds_rare(). table: character_classes().
    spans: the text's runs, by text_words(), and how many. met: marked_runs().
    """
    copy, words, last = np.empty(0, np.uint8), np.empty((64, 2), np.int64), 0
    for k in range(lines_n):
        line, a, b, first = data, lines[k, 2], lines[k, 3], last
        last, long = line_runs(data, b, spans, runs, first, MAX_WORD)
        if long or last - first < MIN_WORDS:
            continue
        cited = False
        if square:
            span, some = data[a:b], False
            for i in range(len(span)):
                some |= span[i] == 91
            if some:
                for i in range(a, b):
                    if data[i] == 91 and _citation(data, i, b) > 0:
                        cited = True
                        break
        if cited:
            if b - a > len(copy):
                copy = np.empty(2 * (b - a), np.uint8)
            a, b = 0, _uncited(data, a, b, copy)
            line = copy
        ends = b > a and (line[b - 1] in (46, 63, 33, 34, 39))
        if b - a >= 3 and line[b - 1] == 46 and line[b - 2] == 46 and line[b - 3] == 46:
            ends = False
        if (out[2] or not ends) and out[5]:
            continue
        lorem, script, policy, opened = False, False, False, False
        for said in range(len(_BITS) if phrases else 0):
            if phrases & _BITS[said] and _holds(line, a, b, said):
                lorem |= said == 0
                script |= said == 1
                policy |= said > 1
        if curly:
            for i in range(a, b):
                opened |= line[i] == 123
        sentences = 0
        if not (lorem or script or opened or policy):
            if cited:
                words, sentences = peeled_sentences(line, a, b, table, words, met)
            else:
                sentences = run_sentences(data, spans, first, last)
        for rule in (0, 3):
            if out[rule + 2] or (rule == 0 and not ends):
                continue
            if lorem:
                out[rule + 2] = LOREM
            elif script:
                continue
            elif opened:
                out[rule + 2] = CURLY
            elif not policy:
                out[rule] += sentences
                out[rule + 1] += 1
