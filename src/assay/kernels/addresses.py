"""Web and mail addresses and host names, as spaCy's tokenizer knows them: such words stay whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.endings import code_at
from assay.kernels.word_tables import ALNUM, LETTER, MARK, SMALL, TABLE_SIZE


@kernel
def english(code: int, table: NDArray[np.uint8]) -> int:
    return int(table[TABLE_SIZE + code]) if code < TABLE_SIZE else 0


@kernel
def digit_code(c: int) -> bool:
    return 48 <= c <= 57


@kernel
def _octets(data: NDArray[np.uint8], a: int, b: int) -> bool:
    """Whether data[a:b] is a public IPv4 address of a host."""
    parts = np.zeros(4, np.int64)
    k, size = 0, 0
    for i in range(a, b):
        if data[i] == 46:
            k += 1
            if size == 0 or k > 3:
                return False
            size = 0
        elif digit_code(data[i]) and size < 3 and not (size == 1 and parts[k] == 0 and (k == 0 or k == 3)):
            parts[k] = 10 * parts[k] + data[i] - 48
            size += 1
        else:
            return False
    if k != 3 or size == 0 or parts[1] > 255 or parts[2] > 255:
        return False
    first, second = parts[0], parts[1]
    private = first == 10 or first == 127 or (first == 169 and second == 254) or (first == 192 and second == 168)
    private |= first == 172 and 16 <= second <= 31
    return 1 <= first <= 223 and 1 <= parts[3] <= 254 and not private


@kernel
def _host(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8]) -> bool:
    """Whether data[a:b] is labels joined by periods, the last of small letters; or an address in numbers."""
    label, i, dots, last = a, a, 0, 0
    small, letters = True, 0
    while i < b:
        code, width = code_at(data, i, b)
        if code == 46:
            if i == label or letters > 64 or last == 45 or last == 95:
                return False
            label, small, letters = i + 1, True, 0
            dots += 1
        else:
            plain = digit_code(code) or 65 <= code <= 90 or 97 <= code <= 122 or 0xA1 <= code <= 0xFFFF
            bits = english(code, table)
            small &= bits & SMALL != 0 and bits & LETTER != 0
            if not plain and not ((code == 45 or code == 95) and i > label) and not small:
                return False
            letters += 1
        last = code
        i += width
    if dots == 0 or i == label:
        return False
    return (small and 2 <= letters <= 63) or (dots == 3 and _octets(data, a, b))


@kernel
def _address_at(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8]) -> bool:
    """Whether data[a:b] is a host, perhaps with a port and a path."""
    i = a
    while i < b and data[i] != 58 and data[i] != 47 and data[i] != 63 and data[i] != 35:
        i += 1
    if i < b and data[i] == 58:
        j = i + 1
        while j < b and digit_code(data[j]):
            j += 1
        if not 3 <= j - i <= 6 or (j < b and data[j] != 47 and data[j] != 63 and data[j] != 35):
            return False
    return i > a and _host(data, a, i, table)


@kernel
def is_address(data: NDArray[np.uint8], a: int, b: int, table: NDArray[np.uint8]) -> bool:
    """Whether data[a:b] is a web or mail address or a host name: perhaps a scheme, a user, a port, a path."""
    dots, users, schemes = 0, 0, 0
    for i in range(a, b):
        dots += data[i] == 46
        users += data[i] == 64
        schemes += data[i] == 58
    if dots == 0:
        return False
    if _address_at(data, a, b, table):
        return True
    if users + schemes == 0:
        return False
    i, scheme = a, True
    while i < b and (scheme or users):
        c = data[i]
        if scheme and c == 58:
            if (
                i - a >= 2
                and i + 2 < b
                and data[i + 1] == 47
                and data[i + 2] == 47
                and _address_at(data, i + 3, b, table)
            ):
                return True
            scheme = False
        if c == 64 and i > a and _address_at(data, i + 1, b, table):
            return True
        code, width = code_at(data, i, b)
        word = code < TABLE_SIZE and table[code] & (ALNUM | MARK) != 0
        scheme &= word or code == 95 or code == 43 or code == 45 or code == 46
        i += width
    return False
