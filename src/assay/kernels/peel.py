"""English words: a run without white space, with punctuation peeled off, by the rules of spaCy's English tokenizer.

Affixes go one by one from both ends until nothing is left to peel or what is left is an exception; addresses stay
whole; the rest is cut at marks between letters or digits; at last, neighbours that spell an exception become one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.addresses import digit_code, english, is_address
from assay.kernels.endings import code_at
from assay.kernels.word_tables import (
    BACK,
    CUT,
    DOTTED,
    EXCEPTION,
    FILTER_AT,
    FILTER_SIZE,
    FRONT,
    JOINED,
    JOINT,
    LARGE,
    LETTER,
    LONGEST,
    PAIRS_AT,
    SLOTS,
    SLOTS_AT,
    SMALL,
    TABLE_SIZE,
    UNIT,
)


@kernel
def _before(data: NDArray[np.uint8], start: int, i: int) -> int:
    """Where the character that ends before i begins."""
    i -= 1
    while i > start and data[i] & 0xC0 == 0x80:
        i -= 1
    return i


@kernel
def _hashed(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8], sort: int) -> int:
    h = np.uint64(0xCBF29CE484222325) + np.uint64(sort << 40)
    for i in range(a, b):
        h = (h ^ np.uint64(data[i])) * np.uint64(0x100000001B3)
    slots = table[SLOTS_AT:].view(np.uint64)
    at = int(np.int64(h & np.uint64(SLOTS - 1)))
    while slots[2 * at] != 0:
        if slots[2 * at] == h:
            return int(np.int64(slots[2 * at + 1]))
        at = (at + 1) & (SLOTS - 1)
    return -1


@kernel
def find_exception(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8], sort: int) -> int:
    """Bits of the bytes at which data[a:b] is cut where it is an exception (0: it stays whole), -1 where it is none."""
    size = b - a
    if size < 1 or size > LONGEST:
        return -1
    key = np.int64(data[a]) * 7 + np.int64(data[(a + b) >> 1]) * 509 + np.int64(data[b - 1]) * 8191
    key += size * 127 + sort * 5003
    return _hashed(data, a, b, table, sort) if table[FILTER_AT + (key & (FILTER_SIZE - 1))] else -1


@kernel
def _cut(a: int, b: int, cuts: int, words: NDArray[np.int64], n: int) -> int:
    """The words of an exception, into words[n:]; how many there are now."""
    begin = a
    for i in range(1, b - a):
        if cuts >> i & 1:
            words[n, 0], words[n, 1] = begin, a + i
            n += 1
            begin = a + i
    words[n, 0], words[n, 1] = begin, b
    return n + 1


@kernel
def _front(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8]) -> int:
    """Bytes to peel off the begin of data[a:b], 0 for none."""
    c = data[a]
    if c < 128:
        if table[TABLE_SIZE + c] & FRONT:
            return 1
        if c == 46:
            i = a
            while i < b and data[i] == 46:
                i += 1
            return i - a if i - a > 1 else 0
        if c == 43:
            return 0 if a + 1 < b and digit_code(data[a + 1]) else 1
        if (c == 65 or c == 67) and a + 1 < b and data[a + 1] == 36:
            return 2
        return 3 if c == 85 and a + 2 < b and data[a + 1] == 83 and data[a + 2] == 36 else 0
    code, width = code_at(data, a, b)
    return width if english(code, table) & FRONT else 0


@kernel
def _final_period(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8]) -> int:
    """Bytes of periods to peel off the end of data[a:b], which ends in one."""
    i = b
    while i > a and data[i - 1] == 46:
        i -= 1
    if b - i > 1 or i == a:
        return b - i if b - i > 1 else 0
    at = _before(data, a, i)
    code, _ = code_at(data, at, i)
    bits = english(code, table)
    if bits & DOTTED:
        return 1
    if at == a:
        return 0
    code_before, _ = code_at(data, _before(data, a, at), at)
    if bits & LARGE and bits & LETTER:
        bits = english(code_before, table)
        if bits & LARGE and bits & LETTER:
            return 1
    return 1 if code_before == 0xB0 and (code == 67 or code == 70 or code == 75) else 0


@kernel
def _unit(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8]) -> int:
    """Bytes of a unit or currency after a digit at the end of data[a:b], 0 for none."""
    i = b
    while i > a and b - i <= LONGEST and not digit_code(data[i - 1]):
        i -= 1
    if i in (a, b) or not digit_code(data[i - 1]):
        return 0
    if find_exception(data, i, b, table, UNIT) >= 0 or (b - i == 1 and data[i] == 43):
        return b - i
    size = b - i
    if data[b - 1] == 36:
        plain = size == 1 or (size == 2 and (data[i] == 65 or data[i] == 67))
        return size if plain or (size == 3 and data[i] == 85 and data[i + 1] == 83) else 0
    code, width = code_at(data, i, b)
    bits = english(code, table)
    return width if width == size and code > 128 and bits & FRONT and not bits & BACK and code != 0xA7 else 0


@kernel
def _back(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8], digits: bool) -> int:
    """Bytes to peel off the end of data[a:b], 0 for none; the longest of what fits. digits: some are in the run."""
    if a >= b:
        return 0
    c = data[b - 1]
    if c == 46:
        return _final_period(data, a, b, table)
    if c < 128 and table[TABLE_SIZE + c] & BACK:
        return 1
    if (c | 32) == 115 and b - a >= 2:
        if data[b - 2] == 39:
            return 2
        if b - a >= 4 and data[b - 4] == 0xE2 and data[b - 3] == 0x80 and data[b - 2] == 0x99:
            return 4
    if digits:
        width = _unit(data, a, b, table)
        if width:
            return width
    if c < 128:
        return 0
    at = _before(data, a, b)
    code, width = code_at(data, at, b)
    if not english(code, table) & BACK:
        return 0
    if code == 0x2026 and at - a >= 3 and data[at - 3] == 0xE2 and data[at - 2] == 0x80 and data[at - 1] == 0xA6:
        return 6
    return width


@kernel
def _inside(
    data: NDArray[np.uint8], i: int, b: int, code: int, before: int, digit: bool, table: NDArray[np.uint8]
) -> int:
    """Bytes of what cuts at i, where `code` stands between a character with the bits `before` and others; 0: nothing.

    digit: the character before is one of 0 to 9.
    """
    if code == 46:
        j = i
        while j < b and data[j] == 46:
            j += 1
        if j - i > 1:
            return j - i
        if before & SMALL and j < b:
            following, _ = code_at(data, j, b)
            return 1 if english(following, table) & LARGE else 0
        return 0
    if code > 128 and english(code, table) & CUT:
        return 2 if code < 0x800 else (3 if code < 0x10000 else 4)
    if i + 1 >= b:
        return 0
    after = data[i + 1]
    if digit and (digit_code(after) or after == 45) and (code == 43 or code == 45 or code == 42 or code == 94):
        return 1
    letter = before & LETTER != 0
    width, most = 1, 1
    if code == 45 or code == 0x2014:
        most = 3 if code == 45 else 2
    if code == 0x2013 or code == 0x2014:
        width = 3
    if code == 44:
        if not letter:
            return 0
    elif not (letter or digit) or not (
        code == 45 or code == 126 or width == 3 or code == 58 or 60 <= code <= 62 or code == 47
    ):
        return 0
    j, count = i + width, 1
    while count < most and j + width <= b and data[j] == data[i] and data[j + width - 1] == data[i + width - 1]:
        if width == 3 and data[j + 1] != data[i + 1]:
            break
        j += width
        count += 1
    if j >= b:
        return 0
    following, _ = code_at(data, j, b)
    return j - i if english(following, table) & LETTER else 0


@kernel
def _core(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8], words: NDArray[np.int64], n: int) -> int:
    """The words of what is left between the affixes, into words[n:]; how many there are now."""
    piece, i, before, digit, known = a, a, 0, False, False
    while i < b:
        c = data[i]
        bits = int(np.int64(table[TABLE_SIZE + c]))
        if c < 128 and not bits & JOINT:
            before, digit = bits, digit_code(c)
            i += 1
            continue
        code, width = code_at(data, i, b)
        cut = _inside(data, i, b, code, before, digit, table)
        if cut:
            if i > a:
                if not known:
                    known = True
                    if is_address(data, a, b, table):
                        break
                if i > piece:
                    words[n, 0], words[n, 1] = piece, i
                    n += 1
                words[n, 0], words[n, 1] = i, i + cut
                n += 1
                piece = i + cut
            at = _before(data, i, i + cut)
            code, _ = code_at(data, at, i + cut)
            width = cut
        before, digit = english(code, table), digit_code(code)
        i += width
    if piece < b:
        words[n, 0], words[n, 1] = piece, b
        n += 1
    return n


@kernel
def _pieces(
    data: NDArray[np.uint8],
    a: int,
    b: int,
    table: NDArray[np.uint8],
    words: NDArray[np.int64],
    n: int,
    digits: bool,
    exceptions: bool,
) -> int:
    """The words of data[a:b] before neighbours are joined, into words[n:], which has a place for each byte.

    digits: some are in it. exceptions: whether they count.
    """
    top = n + b - a
    suffixes, cuts = top, -1
    while a < b:
        cuts = find_exception(data, a, b, table, EXCEPTION) if exceptions else -1
        if cuts >= 0:
            break
        c, z = data[a], data[b - 1]
        front = 0 if 97 <= c <= 122 else _front(data, a, b, table)
        if front and a + front < b and exceptions:
            cuts = find_exception(data, a + front, b, table, EXCEPTION)
            if cuts >= 0:
                words[n, 0], words[n, 1] = a, a + front
                n += 1
                a += front
                break
        back = 0
        if digits or not 97 <= z <= 122 or z == 115:
            back = _back(data, a + front, b, table, digits)
        if back:
            if exceptions:
                cuts = find_exception(data, a, b - back, table, EXCEPTION)
            suffixes -= 1
            words[suffixes, 0], words[suffixes, 1] = b - back, b
            b -= back
            if cuts >= 0:
                break
        if front:
            words[n, 0], words[n, 1] = a, a + front
            n += 1
            a += front
        if front == 0 and back == 0:
            break
    if a < b:
        n = _cut(a, b, cuts, words, n) if cuts >= 0 else _core(data, a, b, table, words, n)
    for k in range(suffixes, top):
        words[n, 0], words[n, 1] = words[k, 0], words[k, 1]
        n += 1
    return n


@kernel
def _joined(data: NDArray[np.uint8], first: int, n: int, table: NDArray[np.uint8], words: NDArray[np.int64]) -> int:
    """Neighbours in words[first:n] that spell an exception become its words: the longest first, then the leftmost."""
    found = False
    for k in range(first, n - 1):
        a, j = words[k, 0], k + 1
        if not table[PAIRS_AT + (np.int64(data[a] & 127) << 7 | np.int64(data[a + 1] & 127))]:
            continue
        while j < n and words[j, 1] - a <= LONGEST and not found:
            found = find_exception(data, a, words[j, 1], table, JOINED) >= 0
            j += 1
    if not found:
        return n
    old = words[first:n].copy()
    total = len(old)
    taken, stops = np.zeros(total, np.bool_), np.zeros(total, np.int64)
    raw = np.empty((LONGEST, 2), np.int64)
    for size in range(min(total, LONGEST), 1, -1):
        for k in range(total - size + 1):
            a, b = old[k, 0], old[k + size - 1, 1]
            if find_exception(data, a, b, table, JOINED) < 0:
                continue
            same = _pieces(data, a, b, table, raw, 0, True, False) == size  # as it is split without exceptions
            for j in range(size):
                same &= raw[j, 1] == old[k + j, 1]
            if same:
                if not taken[k] and not taken[k + size - 1]:
                    stops[k] = k + size
                taken[k : k + size] = True
    n, k = first, 0
    while k < total:
        if stops[k]:
            a, b = old[k, 0], old[stops[k] - 1, 1]
            n = _cut(a, b, find_exception(data, a, b, table, JOINED), words, n)
            k = stops[k]
        else:
            words[n, 0], words[n, 1] = old[k, 0], old[k, 1]
            n += 1
            k += 1
    return n


@kernel
def peel(
    data: NDArray[np.uint8], start: int, end: int, table: NDArray[np.uint8], words: NDArray[np.int64], n: int
) -> int:
    """The words of one run without white space, into words[n:], which has a place for each byte; how many now."""
    if end - start == 1:
        words[n, 0], words[n, 1] = start, end
        return n + 1
    letters, digits = True, False
    for i in range(start, end):
        letters &= 97 <= data[i] | 32 <= 122
        digits |= digit_code(data[i])
    if letters:  # most runs of most texts
        cuts = find_exception(data, start, end, table, EXCEPTION)
        if cuts > 0:
            return _cut(start, end, cuts, words, n)
        words[n, 0], words[n, 1] = start, end
        return n + 1
    first = n
    n = _pieces(data, start, end, table, words, n, digits, True)
    return _joined(data, first, n, table, words) if n - first > 1 else n
