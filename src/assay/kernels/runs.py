"""Runs without white space: cut into words by a rule, hashed and judged, each sort of run once.

A text says the same short runs again and again. What a run is made of depends on its bytes alone, so it is kept in a
table by the run's hash: cutting, hashing and judging a run met before is one look-up. Runs are equal where their
64-bit hashes are, as words are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.endings import code_at
from assay.kernels.peel import peel
from assay.kernels.sentences import sentence_effect
from assay.kernels.spans import blended, characters, finished, place_of, span_hash, stops
from assay.kernels.words import ALNUM, ALPHA, LETTERS, PEELED, SPACES, SYMBOL, class_of, split_words
from assay.kernels.xxh64 import read64

DATATROVE, DOLMA, DCLM = 0, 1, 2
WORD_RULES = np.array([PEELED, SPACES, LETTERS], np.int64)  # of what is repeated, by variant
# What is counted in a text: runs; words that count, their characters; words with a letter, with a symbol; stop words,
# and which ones, as bits; and of one run its sentence_effect.
RUNS, COUNTED, CHARS, LETTERED, MARKED, STOPS, WHICH, EFFECT = range(8)
FACTS = 8
_SHIFTS = np.array([0, 0, 8, 32, 40, 48, 56], np.uint64)  # where a kept run has them; CHARS has 24 bits, others 8
# An entry is a hash, words, facts, sentence_effect; then up to three words' hashes, and their characters in 16 bits.
_SLOTS, _WIDTH, _HELD = 1 << 17, 8, 3
# Words of kept runs that have more: a hash and its characters. A ring: the newest are written over the oldest.
_POOL = 1 << 18
_POOL_AT = _SLOTS * _WIDTH
_MOST_WORDS, _MOST_BYTES = 200, 1000  # of a kept run
_SPACES = np.uint64(0x2020202020202020)


@kernel
def kept_runs() -> NDArray[np.uint64]:
    """An empty table of runs met before: 12 MB. It may be used for text after text, by one thread and one variant."""
    return np.zeros(_POOL_AT + 2 * _POOL + 1, np.uint64)  # the last one counts what was ever written into the ring


@kernel
def _stop_word(data: NDArray[np.uint8], a: int, b: int, fold: bool) -> int:
    """Which of the, be, to, of, and, that, have, with it is, as a bit; 0 for none."""
    if b - a < 2 or b - a > 4:
        return 0
    packed = np.int64(0)
    for i in range(a, b):
        c = data[i]
        if fold and 65 <= c <= 90:
            c += np.uint8(32)
        packed = packed << 8 | np.int64(c)
    if packed == 0x746865:
        return 1
    if packed == 0x6265:
        return 2
    if packed == 0x746F:
        return 4
    if packed == 0x6F66:
        return 8
    if packed == 0x616E64:
        return 16
    if packed == 0x74686174:
        return 32
    if packed == 0x68617665:
        return 64
    return 128 if packed == 0x77697468 else 0


@kernel
def _judge(
    data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8], variant: int, facts: NDArray[np.int64]
) -> int:
    """Add the facts of the word data[a:b]; returns its characters."""
    seen, length, symbol, solid, i = 0, 0, False, False, a
    begins = False
    while i < b:
        c = data[i]
        if c < 128 and i > a:  # most bytes of most texts
            bits = int(np.int64(table[c]))
            seen |= bits
            solid |= bits & SYMBOL == 0
            symbol |= c == 35
            length += 1
            i += 1
            continue
        code, width = code_at(data, i, b)
        bits = class_of(code, table)
        seen |= bits
        solid |= bits & SYMBOL == 0
        symbol |= code == 35 or code == 0x2026
        if i == a:
            begins = bits & ALNUM != 0
        length += 1
        i += width
    counts = solid if variant == 0 else (begins if variant == DCLM else True)
    facts[COUNTED] += counts
    facts[CHARS] += length if variant != 0 or solid else 0
    facts[LETTERED] += seen & ALPHA != 0
    facts[MARKED] += symbol
    bit = _stop_word(data, a, b, variant == DCLM)
    facts[STOPS] += bit != 0
    facts[WHICH] |= bit
    return length


@kernel
def _study(
    data: NDArray[np.uint8],
    a: int,
    b: int,
    table: NDArray[np.uint8],
    variant: int,
    n: int,
    keys: NDArray[np.uint64],
    before: NDArray[np.int64],
    facts: NDArray[np.int64],
    room: NDArray[np.int64],
) -> int:
    """Cut and judge the run data[a:b]: its words come after the first n. Returns how many there are now, and facts."""
    facts[:] = 0
    cut = room if b - a <= len(room) else np.empty((b - a, 2), np.int64)
    if variant == DATATROVE:
        more = peel(data, a, b, table, cut, 0)
    else:
        cut, more = split_words(data, a, b, table, WORD_RULES[variant], cut)
    if variant == DCLM:  # its quality rules look at runs, its repetition at letters and digits
        _judge(data, a, b, table, variant, facts)
    for k in range(more):
        first, last = cut[k, 0], cut[k, 1]
        length = characters(data, first, last) if variant == DCLM else _judge(data, first, last, table, variant, facts)
        keys[n] = span_hash(data, first, last)
        before[n + 1] = before[n] + length
        n += 1
    facts[EFFECT] = np.int64(sentence_effect(data, cut, more, table)) if variant == DATATROVE else 0
    return n


@kernel
def _run_end(data: NDArray[np.uint8], i: int, end: int) -> int:
    """Where the run that holds data[i] ends."""
    while i < end:
        if i + 8 <= len(data):
            marks = stops(read64(data, np.uint64(i)))
            if marks == np.uint64(0):
                i += 8
                continue
            i += place_of(marks)
            if i >= end:
                return end
        if not 33 <= data[i] < 128 and space_width(data, i, end) > 0:
            return i
        i += 1
    return end


@kernel
def _keep(
    kept: NDArray[np.uint64],
    at: np.uint64,
    h: np.uint64,
    n: int,
    more: int,
    keys: NDArray[np.uint64],
    before: NDArray[np.int64],
    facts: NDArray[np.int64],
) -> None:
    """Put down what a run is made of: its words, which stand from n to more. See _HELD and _POOL."""
    packed, end, lengths = np.uint64(0), len(kept) - 1, np.uint64(0)
    for k in range(COUNTED, EFFECT):
        packed |= np.uint64(facts[k]) << _SHIFTS[k]
    words = np.uint64(more - n)
    if more - n <= _HELD:
        for k in range(n, more):
            kept[at + np.uint64(4 + k - n)] = keys[k]
            lengths |= np.uint64(before[k + 1] - before[k]) << np.uint64(16 * (k - n))
    else:
        written, many = kept[end], np.uint64(more - n)
        if written % np.uint64(_POOL) + many > np.uint64(_POOL):  # nothing goes over the end
            written += np.uint64(_POOL) - written % np.uint64(_POOL)
        words |= written << np.uint64(8)
        place = np.uint64(_POOL_AT) + written % np.uint64(_POOL) * np.uint64(2)
        for k in range(n, more):
            kept[place], kept[place + np.uint64(1)] = keys[k], np.uint64(before[k + 1] - before[k])
            place += np.uint64(2)
        kept[end] = written + many
    kept[at], kept[at + np.uint64(1)], kept[at + np.uint64(2)] = h, words, packed
    kept[at + np.uint64(3)], kept[at + np.uint64(7)] = np.uint64(facts[EFFECT]), lengths


@kernel
def text_words(
    data: NDArray[np.uint8],
    i: int,
    end: int,
    table: NDArray[np.uint8],
    variant: int,
    keys: NDArray[np.uint64],
    before: NDArray[np.int64],
    kept: NDArray[np.uint64],
    room: NDArray[np.int64],
    total: NDArray[np.int64],
    spans: NDArray[np.int64],
) -> int:
    """How many words data[i:end] has. O(m).

    keys: uint64[end - i + 3] or more, gets a hash of each word. before: int64[end - i + 4] or more, gets the characters
    of all words before each, and of all. spans: int64[k, 3], gets where each run begins and stops and its
    sentence_effect, if k is not 0: then it must be (end - i) / 2 + 1 or more. total: int64[FACTS], gets what the
    variant counts. kept: kept_runs(), of the same variant and the same table of classes. room: int64[k, 2].
    """
    n, size, recording, last = 0, len(data), len(spans) > 0, np.uint64(len(kept) - 1)
    facts = np.zeros(FACTS, np.int64)
    runs, counted, chars, lettered, marked, occurred, which = 0, 0, 0, 0, 0, 0, 0
    before[0] = 0
    byte = np.uint64(255)
    while i < end:
        c = data[i]
        if c == 32 or c == 10:
            i += 1
            while i + 8 <= end and read64(data, np.uint64(i)) == _SPACES:
                i += 8
            continue
        if c < 33 or c >= 128:
            width = space_width(data, i, end)
            if width:
                i += width
                continue
        a, h, whole = i, np.uint64(0), False
        while i + 8 <= size:
            word = read64(data, np.uint64(i))
            marks = stops(word)
            if marks == np.uint64(0):
                if i + 8 > end:
                    break
                h = blended(h, word)
                i += 8
                continue
            place = place_of(marks)
            i += place
            whole = i >= end or data[i] == 32 or data[i] == 10
            if i > end:
                place, i = place - (i - end), end
            if whole:
                h = finished(h, word & ((np.uint64(1) << np.uint64(8 * place)) - np.uint64(1)), i - a)
            break
        if not whole:  # other white space, other letters, or the end of the bytes
            i = _run_end(data, i, end)
            h = span_hash(data, a, i)
        at = (h >> np.uint64(32)) % np.uint64(_SLOTS) * np.uint64(_WIDTH)
        if recording:
            spans[runs, 0], spans[runs, 1] = a, i
        runs += 1
        words = kept[at + np.uint64(1)]
        count = words & byte
        known = kept[at] == h
        if known and count > np.uint64(_HELD):
            known = kept[last] <= (words >> np.uint64(8)) + np.uint64(_POOL)  # not written over
        if not known:
            more = _study(data, a, i, table, variant, n, keys, before, facts, room)
            if more - n <= _MOST_WORDS and i - a <= _MOST_BYTES:
                _keep(kept, at, h, n, more, keys, before, facts)
            counted += facts[COUNTED]
            chars += facts[CHARS]
            lettered += facts[LETTERED]
            marked += facts[MARKED]
            occurred += facts[STOPS]
            which |= facts[WHICH]
            if recording:
                spans[runs - 1, 2] = facts[EFFECT]
            n = more
            continue
        packed = kept[at + np.uint64(2)]
        counted += int(np.int64(packed & byte))
        chars += int(np.int64((packed >> np.uint64(8)) & np.uint64(0xFFFFFF)))
        lettered += int(np.int64((packed >> np.uint64(32)) & byte))
        marked += int(np.int64((packed >> np.uint64(40)) & byte))
        occurred += int(np.int64((packed >> np.uint64(48)) & byte))
        which |= int(np.int64(packed >> np.uint64(56)))
        if recording:
            spans[runs - 1, 2] = np.int64(kept[at + np.uint64(3)])
        if count <= np.uint64(_HELD):  # three words are copied, however many there are
            lengths = kept[at + np.uint64(7)]
            length = before[n] + np.int64(lengths & np.uint64(0xFFFF))
            keys[n], before[n + 1] = kept[at + np.uint64(4)], length
            length += np.int64((lengths >> np.uint64(16)) & np.uint64(0xFFFF))
            keys[n + 1], before[n + 2] = kept[at + np.uint64(5)], length
            keys[n + 2], before[n + 3] = kept[at + np.uint64(6)], length + np.int64(lengths >> np.uint64(32))
            n += int(np.int64(count))
            continue
        pool = np.uint64(_POOL_AT) + (words >> np.uint64(8)) % np.uint64(_POOL) * np.uint64(2)
        for _ in range(np.int64(count)):
            keys[n] = kept[pool]
            before[n + 1] = before[n] + np.int64(kept[pool + np.uint64(1)])
            pool += np.uint64(2)
            n += 1
    total[RUNS], total[COUNTED], total[CHARS], total[LETTERED] = runs, counted, chars, lettered
    total[MARKED], total[STOPS], total[WHICH] = marked, occurred, which
    return n
