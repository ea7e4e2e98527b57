"""Repetition inside a text, after Gopher (Rae et al. 2021, table A1), as three published code bases count it.

A repeated n-gram's first n - 1 words and its last n - 1 words are repeated too. So only places that were repeated at
one length are looked at for the next, and most texts have few: nine lengths cost little more than the first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width
from assay.kernels.words import LETTERS, PEELED, SPACES, span_hash, split_words

DATATROVE, DOLMA, DCLM = 0, 1, 2
WORD_RULES = np.array([PEELED, SPACES, LETTERS], np.int64)  # by variant
FIELDS = (
    "duplicate_line_share",
    "duplicate_line_char_share",
    "duplicate_paragraph_share",
    "duplicate_paragraph_char_share",
    *(f"top_{n}gram_char_share" for n in (2, 3, 4)),
    *(f"duplicate_{n}gram_char_share" for n in (5, 6, 7, 8, 9, 10)),
)


@kernel
def group(
    keys: NDArray[np.uint64],
    n: int,
    slots: NDArray[np.int64],
    groups: NDArray[np.int64],
    counts: NDArray[np.int64],
    firsts: NDArray[np.int64],
) -> int:
    """Number equal keys in the order in which they are first seen; returns how many there are.

    groups: int64[n], the number of each key. counts, firsts: by number, how often and where first.
    slots: room for a hash table, at least 4 n + 8.
    """
    size = 8
    while size < 2 * n:
        size *= 2
    slots[:size] = -1
    mask, total = np.uint64(size - 1), 0
    for i in range(n):
        at = keys[i] & mask
        while True:
            g = slots[at]
            if g < 0:
                slots[at] = total
                groups[i], firsts[total], counts[total] = total, i, 1
                total += 1
                break
            if keys[firsts[g]] == keys[i]:
                groups[i] = g
                counts[g] += 1
                break
            at = (at + np.uint64(1)) & mask
    return total


@kernel
def stripped(data: NDArray[np.uint8], start: int, stop: int) -> tuple[int, int]:
    """A span without the white space at both ends, as str.strip()."""
    while start < stop:
        width = space_width(data, start, stop)
        if width == 0:
            break
        start += width
    while stop > start:
        at = stop - 1
        while at > start and data[at] & 0xC0 == 0x80:
            at -= 1
        if space_width(data, at, stop) == 0:
            break
        stop = at
    return start, stop


@kernel
def next_break(data: NDArray[np.uint8], i: int, end: int, feeds: int, run: bool) -> tuple[int, int]:
    """The next separator from i on, as (start, stop); (end, end + 1) where there is none.

    A separator is `feeds` line feeds; where `run` holds, all those that follow belong to it.
    """
    while i < end:
        if data[i] == 10:
            stop = i
            while stop < end and data[stop] == 10 and (run or stop - i < feeds):
                stop += 1
            if stop - i >= feeds:
                return i, stop
            i = stop
        else:
            i += 1
    return end, end + 1


@kernel
def segments(
    data: NDArray[np.uint8],
    i: int,
    end: int,
    feeds: int,
    run: bool,
    strip: bool,
    keys: NDArray[np.uint64],
    lengths: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.int64], int]:
    """Hashes and characters of the parts between separators, and how many there are.

    strip: without white space at their ends, and blank ones left out. An empty text is one empty part.
    """
    n = 0
    while i <= end:
        stop, following = next_break(data, i, end, feeds, run)
        a, b = stripped(data, i, stop) if strip else (i, stop)
        i = following
        if strip and a >= b:
            continue
        if n == len(keys):
            more_keys, more_lengths = np.empty(2 * n + 8, np.uint64), np.empty(2 * n + 8, np.int64)
            more_keys[:n], more_lengths[:n] = keys, lengths
            keys, lengths = more_keys, more_lengths
        keys[n], lengths[n] = span_hash(data, a, b)
        n += 1
    return keys, lengths, n


@kernel
def _duplicates(
    lengths: NDArray[np.int64],
    n: int,
    groups: NDArray[np.int64],
    counts: NDArray[np.int64],
    firsts: NDArray[np.int64],
    first_too: bool,
) -> tuple[int, int]:
    """How many parts are duplicates, and their characters; the first of each sort too, or from the second on."""
    parts, chars = 0, 0
    for i in range(n):
        g = groups[i]
        if counts[g] > 1 and (first_too or firsts[g] != i):
            parts += 1
            chars += lengths[i]
    return parts, chars


@kernel
def _grams(
    keys: NDArray[np.uint64],
    before: NDArray[np.int64],
    n: int,
    variant: int,
    whole: int,
    out: NDArray[np.float64],
    rolling: NDArray[np.uint64],
    places: NDArray[np.int64],
    level: NDArray[np.int64],
    wanted: NDArray[np.uint64],
    slots: NDArray[np.int64],
    groups: NDArray[np.int64],
    counts: NDArray[np.int64],
    firsts: NDArray[np.int64],
) -> None:
    """Fill out[0:9] for word sequences of 2 to 10. before: int64[n + 1], characters of all words before each."""
    m = max(n - 1, 0)
    for i in range(n):
        rolling[i], level[i], places[i] = keys[i], 1, i
    for size in range(2, 11):
        if n < size:
            return
        for j in range(m):
            i = places[j]
            k = (rolling[i] ^ (keys[i + size - 1] >> np.uint64(1))) * np.uint64(0x9E3779B97F4A7C15)
            rolling[i] = k ^ (k >> np.uint64(32))
            wanted[j] = rolling[i]
        total = group(wanted, m, slots, groups, counts, firsts)
        value = 0.0
        if size <= 4:
            most, chars = 1, before[size] - before[0]  # nothing repeats: the first counts, once
            for g in range(total):
                i = places[firsts[g]]
                length = before[i + size] - before[i]
                if counts[g] > most or (variant == 2 and counts[g] == most and length > chars):
                    most, chars = counts[g], length
            if variant == 0:
                chars += size - 1  # the spaces that join them
            value = 0.0 if variant == 2 and most == 1 else float(most * chars)
            out[size - 2] = value / whole
        elif variant == 1:
            mass, every = 0, 0
            for j in range(m):
                if counts[groups[j]] > 1:
                    mass += before[places[j] + size] - before[places[j]]
            for i in range(n - size + 1):
                every += before[i + size] - before[i]
            out[size - 2] = mass / every
        else:
            chars, reach = 0, 0  # reach: the first word not covered yet (dclm), or not jumped over (datatrove)
            for j in range(m):
                i, g = places[j], groups[j]
                if counts[g] < 2:
                    continue
                if variant == 2:
                    chars += before[i + size] - before[max(i, reach)]
                    reach = i + size
                elif i >= reach:
                    if firsts[g] < 0:
                        chars += before[i + size] - before[i]
                        reach = i + size
                    firsts[g] = -1  # seen
            out[size - 2] = chars / whole
        kept = 0
        for j in range(m):
            if counts[groups[j]] > 1:
                level[places[j]] = size
                places[kept] = places[j]
                kept += 1
        m = 0
        for j in range(kept):  # the next length begins where both this place and the one after it were repeated
            i = places[j]
            if i + size < n and level[i + 1] == size:
                places[m] = i
                m += 1


@kernel
def repetition(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], table: NDArray[np.uint8], variant: int
) -> NDArray[np.float64]:
    """offsets: int64[n + 1], data: uint8[m], table: character_classes()  ->  float64[n, 13], see FIELDS.

    NaN where there is nothing to measure: no character, no line, or fewer words than the n-gram has. Lengths are in
    characters. Words are compared as a sequence, each by a hash of 64 bits. O(m) but for hash collisions.

    DATATROVE: a part is a duplicate from its second time on; the share is of all characters, white space included;
        the most frequent n-gram is joined by spaces, ties go to the first seen, and one that occurs once counts;
        duplicates of 5 to 10 words are found from left to right, each found one is jumped over.
    DOLMA: every time of a repeated line counts; no paragraphs; the share is of the words' characters; duplicates of
        5 to 10 words are a share of the mass of all n-grams, overlaps counted twice.
    DCLM: every time counts; parts are stripped and blank ones left out; ties go to the longest, nothing repeated is 0;
        duplicates of 5 to 10 words are the words that any repeated n-gram covers.
    """
    rows = len(offsets) - 1
    out = np.full((rows, 13), np.nan)
    words = np.empty((64, 2), np.int64)
    part_keys, part_lengths = np.empty(64, np.uint64), np.empty(64, np.int64)
    room = 0
    keys, rolling, wanted = np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.uint64)
    before, places, level = np.empty(1, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    slots, groups = np.empty(8, np.int64), np.empty(0, np.int64)
    counts, firsts = np.empty(0, np.int64), np.empty(0, np.int64)
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        whole = 0
        for i in range(start, end):
            whole += data[i] & 0xC0 != 0x80
        if whole == 0:
            continue
        words, n = split_words(data, start, end, table, WORD_RULES[variant], words)
        need = max(n, 1)
        for passes in range(3):  # lines, paragraphs, words
            if passes == 1 and variant == 1:
                continue
            if passes < 2:
                a, b = start, end
                if variant == 0 and passes == 1:
                    a, b = stripped(data, start, end)
                run, strip = variant == 0, variant == 2
                part_keys, part_lengths, parts = segments(data, a, b, passes + 1, run, strip, part_keys, part_lengths)
                need = max(n, parts)
            if need > room:
                room = 2 * need
                keys, rolling, wanted = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint64)
                before, places, level = np.empty(room + 1, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
                slots, groups = np.empty(4 * room + 8, np.int64), np.empty(room, np.int64)
                counts, firsts = np.empty(room, np.int64), np.empty(room, np.int64)
            if passes == 2:
                before[0] = 0
                for k in range(n):
                    keys[k], length = span_hash(data, words[k, 0], words[k, 1])
                    before[k + 1] = before[k] + length
                of = whole if variant == 0 else before[n]
                _grams(
                    keys, before, n, variant, of, out[row, 4:],
                    rolling, places, level, wanted, slots, groups, counts, firsts,
                )  # fmt: skip
                continue
            if parts == 0:
                continue
            group(part_keys, parts, slots, groups, counts, firsts)
            found, chars = _duplicates(part_lengths, parts, groups, counts, firsts, variant != 0)
            of = whole
            if variant == 2:
                of = 0
                for k in range(parts):
                    of += part_lengths[k]
            elif variant == 1:
                of = 0
                for k in range(n):
                    for i in range(words[k, 0], words[k, 1]):
                        of += data[i] & 0xC0 != 0x80
            out[row, 2 * passes] = found / parts
            out[row, 2 * passes + 1] = chars / max(of, 1)
    return out
