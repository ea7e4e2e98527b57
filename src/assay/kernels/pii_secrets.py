"""Keys: access tokens by their known prefixes, values assigned to a name such as `api_key`, and private key blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.pii_bytes import byte_at, is_digit, is_letter, is_word, listed, word_table
from assay.kernels.pii_numbers import MAYBE, NONE, SURE

UPPER, ALNUM, WORD, DASHED = 0, 1, 2, 3  # A-Z 0-9; letters and digits; and underscore; and hyphen
# Prefix, which of its bytes is looked for, characters after it, fewest and most of them, and whether a digit and a
# letter must be among these (for prefixes that words also have).
PREFIXES = (
    (b"AKIA", 2, UPPER, 16, 16, False),
    (b"ASIA", 2, UPPER, 16, 16, False),
    (b"AIza", 1, DASHED, 35, 35, False),
    (b"ghp_", 3, ALNUM, 36, 255, False),
    (b"gho_", 3, ALNUM, 36, 255, False),
    (b"ghu_", 3, ALNUM, 36, 255, False),
    (b"ghs_", 3, ALNUM, 36, 255, False),
    (b"ghr_", 3, ALNUM, 36, 255, False),
    (b"github_pat_", 10, WORD, 40, 255, False),
    (b"glpat-", 5, DASHED, 20, 255, False),
    (b"sk-", 2, DASHED, 20, 255, True),
    (b"sk_live_", 7, ALNUM, 16, 255, False),
    (b"sk_test_", 7, ALNUM, 16, 255, False),
    (b"rk_live_", 7, ALNUM, 16, 255, False),
    (b"xoxa-", 4, DASHED, 10, 255, True),
    (b"xoxb-", 4, DASHED, 10, 255, True),
    (b"xoxp-", 4, DASHED, 10, 255, True),
    (b"xoxr-", 4, DASHED, 10, 255, True),
    (b"xoxs-", 4, DASHED, 10, 255, True),
    (b"hf_", 2, ALNUM, 34, 40, False),
    (b"npm_", 3, ALNUM, 36, 36, False),
    (b"pypi-", 4, DASHED, 50, 512, True),
)
SECRET_NAMES = (
    "api_key apikey api-key secret secret_key secret-key secretkey access_key access-key accesskey access_token "
    "access-token accesstoken auth_token auth-token authtoken token client_secret client-secret clientsecret password "
    "passwd pwd private_key aws_secret_access_key account_key accountkey"
)
MIN_SECRET, MAX_SECRET, MIN_ENTROPY = 16, 200, 3.5
_BYTES = np.frombuffer(b"".join(entry[0] for entry in PREFIXES), np.uint8)
_ENDS = np.cumsum([0, *(len(entry[0]) for entry in PREFIXES)]).astype(np.int64)
_RULES = np.array([[int(x) for x in entry[1:]] for entry in PREFIXES], np.int64)
_NAMES, _NAMES_ENDS = word_table(SECRET_NAMES)
_BEGIN = np.frombuffer(b"-----BEGIN ", np.uint8)
_END = np.frombuffer(b"-----END ", np.uint8)
_PRIVATE = np.frombuffer(b"PRIVATE KEY", np.uint8)


@kernel
def _allowed(c: int, charset: int) -> bool:
    if charset == UPPER:
        return 48 <= c <= 57 or 65 <= c <= 90
    return is_letter(c) or is_digit(c) or (charset >= WORD and c == 95) or (charset == DASHED and c == 45)


@kernel
def _same(data: NDArray[np.uint8], i: int, hi: int, said: NDArray[np.uint8]) -> bool:
    if i + len(said) > hi:
        return False
    k = 0
    while k < len(said) and data[i + k] == said[k]:
        k += 1
    return k == len(said)


@kernel
def prefixed_key(data: NDArray[np.uint8], lo: int, hi: int, at: int) -> tuple[int, int]:
    """The token, by its known prefix, that has its telling byte at `at`; -1 for none. A whole word of its alphabet."""
    for p in range(len(_RULES)):
        place, charset, least, most, mixed = _RULES[p]
        first, width = _ENDS[p], _ENDS[p + 1] - _ENDS[p]
        if _BYTES[first + place] != data[at] or at - place < lo:
            continue
        i = at - place
        if not _same(data, i, hi, _BYTES[first : first + width]) or is_word(byte_at(data, i - 1, lo, hi)):
            continue
        j, digit, letter = i + width, False, False
        while j < hi and _allowed(data[j], charset):
            digit |= is_digit(data[j])
            letter |= is_letter(data[j])
            j += 1
        n = j - i - width
        if least <= n <= most and not is_word(byte_at(data, j, lo, hi)) and (not mixed or (digit and letter)):
            return i, j
    return -1, -1


@kernel
def _token_part(data: NDArray[np.uint8], i: int, hi: int) -> int:
    while i < hi and _allowed(data[i], DASHED):
        i += 1
    return i


@kernel
def web_token(data: NDArray[np.uint8], lo: int, hi: int, at: int) -> tuple[int, int]:
    """A JSON web token whose `eyJ` has its J at `at`: three parts of base64url, the first two being objects."""
    i = at - 2
    if i < lo or data[i] != 101 or data[i + 1] != 121 or is_word(byte_at(data, i - 1, lo, hi)):
        return -1, -1
    j = _token_part(data, i, hi)
    if j - i < 10 or byte_at(data, j, lo, hi) != 46 or byte_at(data, j + 1, lo, hi) != 101:
        return -1, -1
    k = _token_part(data, j + 1, hi)
    if k - j < 10 or byte_at(data, k, lo, hi) != 46 or data[j + 2] != 121 or data[j + 3] != 74:
        return -1, -1
    end = _token_part(data, k + 1, hi)
    return (i, end) if end - k > 10 else (-1, -1)


@kernel
def entropy(data: NDArray[np.uint8], a: int, b: int, counts: NDArray[np.int64]) -> float:
    """Bits per byte of data[a:b], Shannon's; counts: int64[256] of zeros, left so."""
    total = 0.0
    for k in range(a, b):
        counts[data[k]] += 1
    for k in range(a, b):
        n = counts[data[k]]
        if n:
            total -= n / (b - a) * np.log2(n / (b - a))
            counts[data[k]] = 0
    return total


@kernel
def assigned_secret(
    data: NDArray[np.uint8], lo: int, hi: int, at: int, counts: NDArray[np.int64]
) -> tuple[int, int, int]:
    """A value that a name such as `api_key` or `password` is given by the `=` or `:` at `at`; MAYBE or NONE.

    16 to 200 of A-Z a-z 0-9 + / _ - . = with a digit, a letter and MIN_ENTROPY bits per byte.
    """
    none = (-1, -1, NONE)
    i = at
    while i > lo and at - i < 3 and (data[i - 1] == 32 or data[i - 1] == 34 or data[i - 1] == 39):
        i -= 1
    end = i
    c = byte_at(data, i - 1, lo, hi) | 32
    if c != 121 and c != 116 and c != 110 and c != 100:  # every name ends in y, t, n or d
        return none
    while i > lo and end - i <= 24 and (is_word(data[i - 1]) or data[i - 1] == 45):
        i -= 1
    if end - i < 3 or end - i > 24:
        return none
    if not listed(data, i, end, _NAMES, _NAMES_ENDS):
        # MY_SERVICE_API_KEY: the name may be the end of a longer one
        found = False
        for k in range(i + 1, end - 2):
            if (data[k - 1] == 95 or data[k - 1] == 45) and listed(data, k, end, _NAMES, _NAMES_ENDS):
                found = True
        if not found:
            return none
    j = at + 1
    while j < hi and j - at < 4 and (data[j] == 32 or data[j] == 34 or data[j] == 39 or data[j] == 61):
        j += 1
    a, digit, letter = j, False, False
    while j < hi and j - a <= MAX_SECRET:
        c = data[j]
        if not (_allowed(c, DASHED) or c == 43 or c == 47 or c == 46 or c == 61):
            break
        digit |= is_digit(c)
        letter |= is_letter(c)
        j += 1
    while j > a and data[j - 1] == 46:
        j -= 1
    if not (MIN_SECRET <= j - a <= MAX_SECRET and digit and letter) or byte_at(data, j, lo, hi) == 40:
        return none
    return (a, j, MAYBE) if entropy(data, a, j, counts) >= MIN_ENTROPY else none


@kernel
def private_key(data: NDArray[np.uint8], lo: int, hi: int, at: int) -> tuple[int, int, int]:
    """The block whose `-----BEGIN ... PRIVATE KEY` has its B at `at`, up to its END line; SURE if there is one.

    Without an END line: MAYBE, up to where neither base64, white space, nor a header's letters go on.
    """
    i = at - 5
    if i < lo or not _same(data, i, hi, _BEGIN):
        return -1, -1, NONE
    j = at + 6
    while j < hi and j - at < 40 and not _same(data, j, hi, _PRIVATE):
        c = data[j]
        if not (65 <= c <= 90 or is_digit(c) or c == 32):
            return -1, -1, NONE
        j += 1
    if not _same(data, j, hi, _PRIVATE):
        return -1, -1, NONE
    j += len(_PRIVATE)
    while j < hi and (data[j] == 45 or data[j] == 32 or 65 <= data[j] <= 90):  # " BLOCK-----"
        j += 1
    body = j
    while j < hi:
        c = data[j]
        if c == 45 and _same(data, j, hi, _END):
            end = j + len(_END)
            while end < hi and data[end] != 45 and data[end] != 10 and data[end] != 34:
                end += 1
            while end < hi and data[end] == 45:
                end += 1
            return i, end, SURE
        # \n written out, base64, and the `Name: value, -` lines of encrypted keys
        if not (_allowed(c, DASHED) or c in (43, 47, 61, 58, 44, 92, 46) or c == 32 or 9 <= c <= 13):
            break
        j += 1
    while j > body and (data[j - 1] == 32 or 9 <= data[j - 1] <= 13):
        j -= 1
    return i, j, MAYBE
