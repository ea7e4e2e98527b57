"""Telephone numbers: with a calling code, as North America writes them, by the groups that other countries print."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.pii_bytes import byte_at, is_digit, is_hex, is_letter, is_word, said_before, word_table
from assay.kernels.pii_numbers import (
    BRACKETS,
    END,
    LENGTH,
    MAYBE,
    NONE,
    SEPARATOR,
    SURE,
    ends_alone,
    leading,
    shape_of,
    uniform,
)

# Countries' calling codes (ITU E.164), all of them: 1, 7 and 20 are whole codes, so that no two begin alike.
CALLING_CODES = (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 "
    "84 86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 "
    "235 236 237 238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 "
    "263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 "
    "375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 "
    "592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 "
    "691 692 800 850 852 853 855 856 880 886 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 "
    "992 993 994 995 996 998"
)
_CODES = np.zeros(1000, np.bool_)
for _code in CALLING_CODES.split():
    _CODES[int(_code)] = True
# National numbers with the trunk prefix 0, as they are grouped in print, by country.
NATIONAL_SHAPES = {
    "FR": "22222",
    "BE": "4222 2322 3222",
    "CH": "3322 433",
    "AT": "4322 43222 434",
    "DE": "344 47 37 46 38 48 55 56 57 36 45 435 4422 4322 3223 32222",
    "GB": "56 533 344 434 2444 38 3334",
    "IT": "37 28 334 46 244 343",
    "NL": "28 37 46 244 2422 3322 3232",
    "SE": "37 2332 3322 32222 3323",
    "AU": "244 433 28",
    "NZ": "234 334 2233",
    "JP": "244 344 424 334",
    "KR": "234 344 334 244",
    "IN": "344 55 433",
    "ZA": "334 37",
    "TR": "4322 434",
    "FI": "334 37 343 3223",
    "IE": "234 337 343",
    "IL": "37 334 27 234",
}
_SHAPES = np.array(
    sorted({int(shape, 16) for shapes in NATIONAL_SHAPES.values() for shape in shapes.split()}), np.int64
)
PHONE_WORDS = (
    "phone phones telephone tel telefon telefone telefono tel\u00e9fono t\u00e9l\u00e9phone telefonnummer tlf call "
    "calls called calling mobile cell cellphone cellular fax dial ring sms whatsapp hotline handy mobil m\u00f3vil "
    "celular gsm contact message messages desk"
)
_PHONE, _PHONE_ENDS = word_table(PHONE_WORDS)
_EXTENSION, _EXTENSION_ENDS = word_table("x ext extension")


@kernel
def _calling_code(digits: NDArray[np.int64], a: int, n: int) -> int:
    """How many digits the country's calling code at digits[a:n] has; 0 for none."""
    for width in range(1, 4):
        if a + width <= n and _CODES[leading(digits, a, width)] and leading(digits, a, 1) > 0:
            return width
    return 0


@kernel
def _north_american(digits: NDArray[np.int64], groups: NDArray[np.int64], first: int, count: int, n: int) -> bool:
    """Area, exchange, line as 3-3-4, the first two not from 0 or 1 on; the area in brackets, or like separators."""
    if count - first != 3 or n < 10 or digits[n - 10] < 2 or digits[n - 7] < 2:
        return False
    if groups[first, LENGTH] != 3 or groups[first + 1, LENGTH] != 3 or groups[first + 2, LENGTH] != 4:
        return False
    if groups[first + 1, BRACKETS] or groups[first + 2, BRACKETS] or groups[first + 2, SEPARATOR] == 0:
        return False
    one, two = groups[first + 1, SEPARATOR], groups[first + 2, SEPARATOR]
    return bool(groups[first, BRACKETS]) or one == two or (one == 47 and two == 45)


@kernel
def _varied(digits: NDArray[np.int64], n: int) -> bool:
    """Whether at least three different digits occur."""
    seen, different = 0, 0
    for k in range(n):
        different += seen >> digits[k] & 1 == 0
        seen |= 1 << digits[k]
    return different > 2


@kernel
def _in_hex_dump(data: NDArray[np.uint8], lo: int, hi: int, i: int, end: int) -> bool:
    """Whether two hexadecimal digits stand right before or after, by themselves: bytes as 08 00 55 are printed so."""
    k = i - 1
    while k > lo and data[k] == 32:
        k -= 1
    if k > lo and k < i - 1 and is_hex(data[k]) and is_hex(data[k - 1]) and not is_word(byte_at(data, k - 2, lo, hi)):
        return True
    k = end
    while k < hi and data[k] == 32:
        k += 1
    return (
        k > end
        and is_hex(byte_at(data, k, lo, hi))
        and is_hex(byte_at(data, k + 1, lo, hi))
        and not is_word(byte_at(data, k + 2, lo, hi))
    )


@kernel
def _phone_kind(
    digits: NDArray[np.int64], groups: NDArray[np.int64], count: int, n: int, plus: bool, told: bool
) -> int:
    """NONE, MAYBE or SURE for the first `count` groups with n digits; `told`: a word before says telephone."""
    if plus:
        width = _calling_code(digits, 0, n)
        if width == 0 or not (10 if count == 1 else 8) <= n <= 15:
            return NONE
        return SURE
    if n > 15 or (groups[0, BRACKETS] and count == 1):
        return NONE
    if _north_american(digits, groups, 0, count, n) and groups[0, SEPARATOR] == 0:
        return SURE
    if digits[0] == 1 and groups[0, LENGTH] == 1 and n == 11 and _north_american(digits, groups, 1, count, n):
        return SURE
    if n > 10 and digits[0] == 0 and digits[1] == 0 and digits[2] != 0 and count > 2 and groups[0, LENGTH] >= 3:
        return SURE if _calling_code(digits, 2, n) and _varied(digits, n) else NONE
    trunk = digits[0] == 0 and digits[1] > 0
    later = 2 if count > 2 else 1
    if trunk and 9 <= n <= 12 and count > 1 and uniform(groups, later, count):
        shape = shape_of(groups, count)
        at = np.searchsorted(_SHAPES, shape)
        if at < len(_SHAPES) and _SHAPES[at] == shape and groups[1, BRACKETS] == 0:
            one = groups[1, SEPARATOR]
            if (groups[0, BRACKETS] or one == 47 or one == groups[count - 1, SEPARATOR]) and _varied(digits, n):
                return MAYBE
    if groups[0, BRACKETS] and shape_of(groups, count) in (0x244, 0x254) and groups[2, SEPARATOR] == 45:
        return MAYBE
    if told and 7 <= n <= 12 and count <= 5:
        plain = shape_of(groups, count) not in (0x422, 0x224) and digits[0] + digits[1] > 0  # those are dates
        for k in range(count):
            plain &= groups[k, LENGTH] >= 2 and groups[k, SEPARATOR] != 47
        if plain:
            return MAYBE
    return NONE


@kernel
def _with_extension(data: NDArray[np.uint8], lo: int, hi: int, end: int) -> int:
    """Where `x123`, `ext. 123` or ` extension 123` after the number ends; `end` where there is none."""
    j = end + 1 if byte_at(data, end, lo, hi) == 32 else end
    k = j
    while k < hi and k - j < 10 and is_letter(data[k]):
        k += 1
    for e in range(len(_EXTENSION_ENDS) - 1):
        a, b = _EXTENSION_ENDS[e], _EXTENSION_ENDS[e + 1]
        if b - a == k - j:
            same = True
            for m in range(k - j):
                same &= data[j + m] | 32 == _EXTENSION[a + m]
            if same:
                if byte_at(data, k, lo, hi) == 46:
                    k += 1
                if byte_at(data, k, lo, hi) == 32:
                    k += 1
                m = k
                while m < hi and m - k < 7 and is_digit(data[m]):
                    m += 1
                if 0 < m - k < 7 and not is_word(byte_at(data, m, lo, hi)):
                    return m
    return end


@kernel
def phone_end(
    data: NDArray[np.uint8],
    lo: int,
    hi: int,
    i: int,
    digits: NDArray[np.int64],
    groups: NDArray[np.int64],
    count: int,
    plus: bool,
) -> tuple[int, int, int]:
    """Where the telephone number that begins at i ends, NONE, MAYBE or SURE, and its digits without the extension.

    All groups first, then fewer: what follows after a space may be another number.
    """
    n = 0
    for k in range(count):
        n += groups[k, LENGTH]
    if n < 7:
        return -1, NONE, 0
    told = said_before(data, lo, i, _PHONE, _PHONE_ENDS)
    for k in range(count, 0, -1):
        if k == count or groups[k, SEPARATOR] == 32:
            kind = _phone_kind(digits, groups, k, n, plus, told)
            end = groups[k - 1, END]
            if kind == MAYBE and not told and shape_of(groups, k) == 0x22222 and _in_hex_dump(data, lo, hi, i, end):
                kind = NONE
            if kind and k == count:
                further = _with_extension(data, lo, hi, end)
                if further == end and not ends_alone(data, lo, hi, end):
                    kind = NONE
                end = further
            if kind:
                return end, kind, n
        n -= groups[k - 1, LENGTH]
    return -1, NONE, 0
