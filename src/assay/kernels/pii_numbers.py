"""Numbers with separators: how they are read, and which of them are payment cards and IBANs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.pii_bytes import byte_at, is_digit, is_letter, is_word

MAX_DIGITS, MAX_GROUPS = 24, 10
# Of one number, as read_number leaves it: per group its length, its end, the separator before it, whether in brackets.
LENGTH, END, SEPARATOR, BRACKETS = 0, 1, 2, 3
NONE, MAYBE, SURE = 0, 1, 2
# Lengths of IBANs by country (SWIFT's registry).
IBAN_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)
_IBAN = np.zeros((26, 26), np.int64)
for _entry in IBAN_LENGTHS.split():
    _IBAN[ord(_entry[0]) - 65, ord(_entry[1]) - 65] = int(_entry[2:])
# Countries whose account numbers have no letters: hexadecimal numbers pass by chance otherwise.
NO_LETTERS = "AE AT BA BE CR CZ DE DK EE ES FI FO GL HR HU IL IS LT LY ME MN NO PL PT RS SE SI SK TL TN VA XK"
_NO_LETTERS = np.zeros((26, 26), np.bool_)
for _entry in NO_LETTERS.split():
    _NO_LETTERS[ord(_entry[0]) - 65, ord(_entry[1]) - 65] = True
# Issuers: first and last value of the leading digits, how many these are, the lengths allowed as bits (1 << length).
_ISSUERS = np.array(
    [
        (4, 4, 1, 1 << 13 | 1 << 16 | 1 << 19),  # Visa
        (51, 55, 2, 1 << 16),  # Mastercard
        (2221, 2720, 4, 1 << 16),
        (34, 34, 2, 1 << 15),  # American Express
        (37, 37, 2, 1 << 15),
        (300, 305, 3, 1 << 14 | 1 << 16),  # Diners Club
        (36, 36, 2, 1 << 14 | 1 << 16),
        (38, 39, 2, 1 << 14 | 1 << 16),
        (3528, 3589, 4, 1 << 16 | 1 << 19),  # JCB
        (2131, 2131, 4, 1 << 15),
        (1800, 1800, 4, 1 << 15),
        (6011, 6011, 4, 1 << 16 | 1 << 19),  # Discover
        (644, 649, 3, 1 << 16 | 1 << 19),
        (65, 65, 2, 1 << 16 | 1 << 19),
        (62, 62, 2, 1 << 16 | 1 << 17 | 1 << 18 | 1 << 19),  # UnionPay
        (2200, 2204, 4, 1 << 16),  # Mir
        (5018, 5018, 4, 0xFF000),  # Maestro, 12 to 19 digits
        (5020, 5020, 4, 0xFF000),
        (5038, 5038, 4, 0xFF000),
        (56, 58, 2, 0xFF000),
        (6304, 6304, 4, 0xFF000),
        (6390, 6390, 4, 0xFF000),
        (6759, 6759, 4, 0xFF000),
        (6761, 6763, 4, 0xFF000),
    ],
    np.int64,
)
# How cards are printed: the groups' lengths as hexadecimal digits.
_CARD_SHAPES = (0x4444, 0x44443, 0x465, 0x464, 0x4454)


@kernel
def read_number(
    data: NDArray[np.uint8], hi: int, i: int, digits: NDArray[np.int64], groups: NDArray[np.int64]
) -> tuple[int, int]:
    """Groups of digits from i on: how many groups, how many digits; fills digits[MAX_DIGITS] and groups[MAX_GROUPS, 4].

    Between two groups stands one of space - . / or, where one of them is in round brackets, nothing.
    """
    n, g, j, separator = 0, 0, i, 0
    while g < MAX_GROUPS:
        a, bracket = j, byte_at(data, j, i, hi) == 40
        if bracket:
            a += 1
        k = a
        while k < hi and is_digit(data[k]):
            if n < MAX_DIGITS:
                digits[n] = data[k] - 48
            n += 1
            k += 1
        if k == a or n > MAX_DIGITS:
            if n > MAX_DIGITS:
                return 0, n
            break
        if bracket:
            if byte_at(data, k, i, hi) != 41:
                n -= k - a
                break
            groups[g, END] = k + 1
        else:
            groups[g, END] = k
        groups[g, LENGTH], groups[g, SEPARATOR], groups[g, BRACKETS] = k - a, separator, bracket
        g += 1
        j = groups[g - 1, END]
        c = byte_at(data, j, i, hi)
        separator = c if c == 32 or c == 45 or c == 46 or c == 47 else 0
        if separator:
            j += 1
        c = byte_at(data, j, i, hi)
        if not ((is_digit(c) and (separator or bracket)) or (c == 40 and is_digit(byte_at(data, j + 1, i, hi)))):
            break
    return g, n


@kernel
def shape_of(groups: NDArray[np.int64], count: int) -> int:
    """Lengths of the first `count` groups as hexadecimal digits; 15 stands for 15 and more."""
    shape = 0
    for k in range(count):
        shape = shape << 4 | min(groups[k, LENGTH], 15)
    return shape


@kernel
def uniform(groups: NDArray[np.int64], first: int, count: int) -> bool:
    """Whether the groups from `first` up to `count` have the same separator before them, none in brackets."""
    same = True
    for k in range(first, count):
        same &= groups[k, SEPARATOR] == groups[first, SEPARATOR] and groups[k, BRACKETS] == 0
    return same


@kernel
def luhn(digits: NDArray[np.int64], a: int, b: int) -> bool:
    """ISO/IEC 7812-1: every second digit from the right doubled, its own digits added; the sum ends in 0."""
    total = 0
    for k in range(a, b):
        d = digits[k]
        if (b - 1 - k) % 2:
            d = 2 * d - 9 if d > 4 else 2 * d
        total += d
    return total % 10 == 0


@kernel
def leading(digits: NDArray[np.int64], a: int, n: int) -> int:
    value = 0
    for k in range(a, a + n):
        value = value * 10 + digits[k]
    return value


@kernel
def ends_alone(data: NDArray[np.uint8], lo: int, hi: int, end: int) -> bool:
    """Whether nothing at `end` makes the number a part of something longer."""
    c = byte_at(data, end, lo, hi)
    after = byte_at(data, end + 1, lo, hi)
    if is_word(c) or c == 64 or c == 37:
        return False
    return not ((c in (45, 46, 44, 58, 47, 43) and is_digit(after)) or (c == 45 and is_letter(after)))


@kernel
def begins_alone(data: NDArray[np.uint8], lo: int, hi: int, i: int) -> bool:
    """Whether nothing before i makes the number a part of something longer: a word, a path, a price, a decimal."""
    c = byte_at(data, i - 1, lo, hi)
    if is_word(c) or c in (43, 45, 46, 35, 36, 37, 38, 64, 92, 94, 126):
        return False
    if c == 44 or c == 58:
        return not is_digit(byte_at(data, i - 2, lo, hi))
    return not (c == 47 and byte_at(data, i - 2, lo, hi) > 32)


@kernel
def card_end(
    data: NDArray[np.uint8], lo: int, hi: int, digits: NDArray[np.int64], groups: NDArray[np.int64], count: int
) -> tuple[int, int]:
    """Where the payment card ends that the number begins with, and of how many digits it is; -1 for none.

    An issuer's leading digits and length, and Luhn's check digit. In one piece, or printed in groups with spaces or
    hyphens; after groups with spaces another number may follow.
    """
    n = 0
    for k in range(1, count + 1):
        n += groups[k - 1, LENGTH]
        if k > 1 and not (uniform(groups, 1, k) and groups[1, SEPARATOR] in (32, 45)):
            break
        if k > 1 and shape_of(groups, k) not in _CARD_SHAPES:
            continue
        if n < 12 or n > 19 or groups[0, BRACKETS]:
            continue
        if k < count and groups[k, SEPARATOR] != 32:
            continue
        if k == count and not ends_alone(data, lo, hi, groups[k - 1, END]):
            continue
        if not luhn(digits, 0, n):
            continue
        for issuer in range(len(_ISSUERS)):
            low, high, width, lengths = _ISSUERS[issuer]
            if lengths >> n & 1 and low <= leading(digits, 0, width) <= high:
                return groups[k - 1, END], n
    return -1, 0


@kernel
def iban_at(data: NDArray[np.uint8], lo: int, hi: int, i: int) -> tuple[int, int]:
    """The IBAN whose check digits begin at i: a country's letters before, its length, remainder 1 by 97 (ISO 13616).

    In one piece, or in groups of four with spaces or hyphens. Both letters in the same case; no letters after them
    where the country has none.
    """
    if i - 2 < lo or i + 2 >= hi or not is_digit(data[i + 1]) or is_word(byte_at(data, i - 3, lo, hi)):
        return -1, -1
    a, b = int(data[i - 2]), int(data[i - 1])
    if not is_letter(a) or not is_letter(b) or (a ^ b) & 32:
        return -1, -1
    length = _IBAN[(a | 32) - 97, (b | 32) - 97]
    if length == 0:
        return -1, -1
    digits_only = _NO_LETTERS[(a | 32) - 97, (b | 32) - 97]
    taken, rest, j = 2, 0, i
    while taken < length:
        if j >= hi:
            return -1, -1
        c = int(data[j])
        if (c == 32 or c == 45) and taken % 4 == 0:
            j += 1
            c = byte_at(data, j, lo, hi)
        if is_digit(c):
            value = c - 48
        elif is_letter(c) and not digits_only:
            value = (c | 32) - 87
        else:
            return -1, -1
        if taken >= 4:
            rest = (rest * (100 if value > 9 else 10) + value) % 97
        taken += 1
        j += 1
    if is_word(byte_at(data, j, lo, hi)):
        return -1, -1
    rest = (rest * 100 + (a | 32) - 87) % 97
    rest = (rest * 100 + (b | 32) - 87) % 97
    rest = (rest * 100 + (int(data[i]) - 48) * 10 + int(data[i + 1]) - 48) % 97
    return (i - 2, j) if rest == 1 else (-1, -1)
