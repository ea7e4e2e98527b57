"""National identity numbers: what their check digits or letters prove, and what only a word before them tells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.pii_bytes import byte_at, is_digit, is_letter, is_word, said_before, word_table
from assay.kernels.pii_numbers import (
    END,
    MAYBE,
    NONE,
    SEPARATOR,
    SURE,
    ends_alone,
    leading,
    luhn,
    shape_of,
    uniform,
)

# Words that name a number whose form alone proves too little.
SSN_WORDS = "ssn social security taxpayer"
NINO_WORDS = "nino insurance ni"
STEUER_WORDS = "steuer steuerid steueridentifikationsnummer steuernummer idnr tin tax"
BSN_WORDS = "bsn burgerservicenummer sofinummer"
PESEL_WORDS = "pesel"
CPF_WORDS = "cpf"
AADHAAR_WORDS = "aadhaar aadhar uidai"
_SSN, _SSN_ENDS = word_table(SSN_WORDS)
_NINO, _NINO_ENDS = word_table(NINO_WORDS)
_STEUER, _STEUER_ENDS = word_table(STEUER_WORDS)
_BSN, _BSN_ENDS = word_table(BSN_WORDS)
_PESEL, _PESEL_ENDS = word_table(PESEL_WORDS)
_CPF, _CPF_ENDS = word_table(CPF_WORDS)
_AADHAAR, _AADHAAR_ENDS = word_table(AADHAAR_WORDS)
_DNI = np.frombuffer(b"TRWAGMYFPDXBNJZSQVHLCKE", np.uint8)
_VERHOEFF_D = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ],
    np.int64,
)
_VERHOEFF_P = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ],
    np.int64,
)
# Codice fiscale: values of 0-9 then A-Z at odd places (the first is odd).
_ODD = np.array(
    [
        1,
        0,
        5,
        7,
        9,
        13,
        15,
        17,
        19,
        21,
        1,
        0,
        5,
        7,
        9,
        13,
        15,
        17,
        19,
        21,
        2,
        4,
        18,
        20,
        11,
        3,
        6,
        8,
        12,
        14,
        16,
        10,
        22,
        25,
        24,
        23,
    ],
    np.int64,
)


@kernel
def verhoeff(digits: NDArray[np.int64], n: int) -> bool:
    """Verhoeff's dihedral check over digits[:n], the last being the check digit."""
    c = 0
    for k in range(n):
        c = _VERHOEFF_D[c, _VERHOEFF_P[k % 8, digits[n - 1 - k]]]
    return c == 0


@kernel
def _day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


@kernel
def us_ssn(digits: NDArray[np.int64]) -> bool:
    """Nine digits by the rules of issue: area not 000, 666 or 9xx, group not 00, serial not 0000."""
    area = leading(digits, 0, 3)
    return 0 < area < 900 and area != 666 and leading(digits, 3, 2) > 0 and leading(digits, 5, 4) > 0


@kernel
def fr_insee(digits: NDArray[np.int64]) -> bool:
    """15 digits: sex, year, month, place, order, and the key 97 - n mod 97."""
    month = leading(digits, 3, 2)
    if digits[0] not in (1, 2) or not (1 <= month <= 12 or 20 <= month <= 42 or month >= 50):
        return False
    return 97 - leading(digits, 0, 13) % 97 == leading(digits, 13, 2)


@kernel
def de_steuer(digits: NDArray[np.int64]) -> bool:
    """11 digits: ISO 7064 MOD 11,10; of the first ten exactly one digit occurs twice or three times."""
    if digits[0] == 0:
        return False
    product, more = 10, 0
    for d in range(10):
        times = 0
        for k in range(10):
            times += digits[k] == d
        if times > 3:
            return False
        more += times > 1
    if more != 1:
        return False
    for k in range(10):
        total = (digits[k] + product) % 10
        product = 2 * (total if total else 10) % 11
    return bool((11 - product) % 10 == digits[10])


@kernel
def nl_bsn(digits: NDArray[np.int64]) -> bool:
    """Nine digits: 9, 8, ... 2 and -1 times the digits, divisible by 11."""
    total = -digits[8]
    for k in range(8):
        total += (9 - k) * digits[k]
    return total % 11 == 0 and leading(digits, 0, 9) > 0


@kernel
def br_cpf(digits: NDArray[np.int64]) -> bool:
    """11 digits with two check digits by 11, not all alike."""
    alike = True
    for k in range(1, 11):
        alike &= digits[k] == digits[0]
    if alike:
        return False
    for n in (9, 10):
        total = 0
        for k in range(n):
            total += (n + 1 - k) * digits[k]
        if total * 10 % 11 % 10 != digits[n]:
            return False
    return True


@kernel
def pl_pesel(digits: NDArray[np.int64]) -> bool:
    """11 digits: birth date, the century in the month, weights 1 3 7 9."""
    if not _day(leading(digits, 2, 2) % 20, leading(digits, 4, 2)):
        return False
    total = digits[10]
    for k in range(10):
        total += digits[k] * (1, 3, 7, 9)[k % 4]
    return bool(total % 10 == 0)


@kernel
def se_personnummer(digits: NDArray[np.int64], a: int) -> bool:
    """Ten digits from a: birth date (the day plus 60 for coordination numbers), Luhn."""
    return _day(leading(digits, a + 2, 2), leading(digits, a + 4, 2) % 60) and luhn(digits, a, a + 10)


@kernel
def number_id(
    data: NDArray[np.uint8],
    lo: int,
    hi: int,
    i: int,
    digits: NDArray[np.int64],
    groups: NDArray[np.int64],
    count: int,
    n: int,
) -> tuple[int, int]:
    """End and NONE, MAYBE or SURE of the identity number that begins at i and is the whole number read there.

    By the check alone: INSEE, CPF as 3.3.3-2, Aadhaar as 4 4 4, personnummer with its hyphen. SSN as 3-2-4 by its
    rules alone. With a word before: SSN, CPF and Aadhaar otherwise, Steuer-ID, BSN, PESEL.
    """
    end = groups[count - 1, END]
    if not ends_alone(data, lo, hi, end):
        return -1, NONE
    shape, one = shape_of(groups, count), groups[1, SEPARATOR] if count > 1 else 0
    if n == 9:
        if shape == 0x324 and one == 45 and uniform(groups, 1, count) and us_ssn(digits):
            return end, MAYBE
        if count == 1 or (shape == 0x324 and one == 32 and groups[2, SEPARATOR] == 32):
            if us_ssn(digits) and said_before(data, lo, i, _SSN, _SSN_ENDS):
                return end, MAYBE
            if nl_bsn(digits) and said_before(data, lo, i, _BSN, _BSN_ENDS):
                return end, SURE
    elif n == 10 or (n == 12 and shape == 0x84):
        hyphen = (shape == 0x64 or shape == 0x84) and one == 45
        return (end, SURE) if hyphen and se_personnummer(digits, n - 10) else (-1, NONE)
    elif n == 11:
        dotted = shape == 0x3332 and one == 46 and groups[2, SEPARATOR] == 46 and groups[3, SEPARATOR] == 45
        if (dotted or (count == 1 and said_before(data, lo, i, _CPF, _CPF_ENDS))) and br_cpf(digits):
            return end, SURE
        if count == 1 and pl_pesel(digits) and said_before(data, lo, i, _PESEL, _PESEL_ENDS):
            return end, SURE
        grouped = shape == 0x2333 and one == 32 and uniform(groups, 1, count)
        if (count == 1 or grouped) and de_steuer(digits) and said_before(data, lo, i, _STEUER, _STEUER_ENDS):
            return end, SURE
    elif n == 12:
        spaced = shape == 0x444 and one == 32 and uniform(groups, 1, count)
        told = count == 1 and said_before(data, lo, i, _AADHAAR, _AADHAAR_ENDS)
        if (spaced or told) and digits[0] > 1 and verhoeff(digits, n):
            return end, SURE
    elif n == 15:
        spaced = (shape == 0x1222332 or shape == 0xD2) and one == 32 and uniform(groups, 1, count)
        if (count == 1 or spaced) and fr_insee(digits):
            return end, SURE
    return -1, NONE


@kernel
def _upper(c: int) -> bool:
    return 65 <= c <= 90


@kernel
def _nino(data: NDArray[np.uint8], lo: int, hi: int, i: int, spaced: bool) -> tuple[int, int]:
    """UK national insurance number whose six digits begin at i: two letters before, in pairs or not, A to D after."""
    a = i - 3 if spaced else i - 2
    first, second = byte_at(data, a, lo, hi), byte_at(data, a + 1, lo, hi)
    if not _upper(first) or not _upper(second) or is_word(byte_at(data, a - 1, lo, hi)):
        return -1, -1
    for c in (68, 70, 73, 81, 85, 86):  # D F I Q U V
        if first == c or second == c:
            return -1, -1
    pair = first << 8 | second
    if second == 79 or pair in (0x4247, 0x4742, 0x4B4E, 0x4E4B, 0x4E54, 0x544E, 0x5A5A):
        return -1, -1
    j = i
    for _ in range(3):
        if not is_digit(byte_at(data, j, lo, hi)) or not is_digit(byte_at(data, j + 1, lo, hi)):
            return -1, -1
        j += 2
        if spaced:
            if byte_at(data, j, lo, hi) != 32:
                return -1, -1
            j += 1
    if not 65 <= byte_at(data, j, lo, hi) <= 68 or is_word(byte_at(data, j + 1, lo, hi)):
        return -1, -1
    return (a, j + 1) if said_before(data, lo, a, _NINO, _NINO_ENDS) else (-1, -1)


@kernel
def _fiscale(data: NDArray[np.uint8], lo: int, hi: int, i: int) -> tuple[int, int]:
    """Italian codice fiscale whose year begins at i: LLLLLL99L99L999L with its check letter, in upper case."""
    a = i - 6
    if a < lo or a + 16 > hi or is_word(byte_at(data, a - 1, lo, hi)) or is_word(byte_at(data, a + 16, lo, hi)):
        return -1, -1
    total = 0
    for k in range(16):
        c = int(data[a + k])
        digit = k in (6, 7, 9, 10, 12, 13, 14)
        if (digit and not is_digit(c)) or (not digit and not _upper(c)):
            return -1, -1
        value = c - 48 if digit else c - 55
        if k == 15:
            return (a, a + 16) if total % 26 == c - 65 else (-1, -1)
        total += _ODD[value] if k % 2 == 0 else (value if digit else value - 10)
    return -1, -1


@kernel
def lettered_id(data: NDArray[np.uint8], lo: int, hi: int, i: int) -> tuple[int, int, int]:
    """Begin, end and NONE, MAYBE or SURE of an identity number with letters whose first digit is at i.

    ES DNI (8 digits, letter by 23) and NIE (X, Y or Z before), IT codice fiscale, UK NINO with a word before, CN
    (17 digits, then a digit or X by ISO 7064 MOD 11-2, with a birth date).
    """
    before = byte_at(data, i - 1, lo, hi)
    if is_letter(before):
        a, b = _fiscale(data, lo, hi, i)
        if a >= 0:
            return a, b, SURE
        a, b = _nino(data, lo, hi, i, False)
        if a >= 0:
            return a, b, MAYBE
        if 88 <= before <= 90 and not is_word(byte_at(data, i - 2, lo, hi)):
            value = before - 88
            for k in range(i, i + 7):
                c = byte_at(data, k, lo, hi)
                if not is_digit(c):
                    return -1, -1, NONE
                value = value * 10 + c - 48
            if byte_at(data, i + 7, lo, hi) == _DNI[value % 23] and not is_word(byte_at(data, i + 8, lo, hi)):
                return i - 1, i + 8, SURE
        return -1, -1, NONE
    if before == 32 and is_letter(byte_at(data, i - 2, lo, hi)):
        a, b = _nino(data, lo, hi, i, True)
        if a >= 0:
            return a, b, MAYBE
    if is_word(before) or before == 46 or before == 45:
        return -1, -1, NONE
    j, value, checked = i, 0, 0
    while j < hi and is_digit(data[j]) and j - i < 19:
        if j - i < 8:
            value = value * 10 + int(data[j]) - 48
        if j - i < 17:
            checked = (checked + int(data[j]) - 48) * 2 % 11
        j += 1
    c = byte_at(data, j, lo, hi)
    if j - i == 8 and c == _DNI[value % 23] and not is_word(byte_at(data, j + 1, lo, hi)):
        return i, j + 1, SURE
    if j - i == 18 or (j - i == 17 and c | 32 == 120):
        # the birth date's year, month and day are digits 7 to 14
        year, month, day = 0, 0, 0
        for k in range(4):
            year = year * 10 + int(data[i + 6 + k]) - 48
        month = (int(data[i + 10]) - 48) * 10 + int(data[i + 11]) - 48
        day = (int(data[i + 12]) - 48) * 10 + int(data[i + 13]) - 48
        wanted = (12 - checked) % 11
        last = 10 if j - i == 17 else int(data[j - 1]) - 48
        end = j + (j - i == 17)
        if 1900 <= year < 2100 and _day(month, day) and wanted == last and ends_alone(data, lo, hi, end):
            return i, end, SURE
    return -1, -1, NONE
