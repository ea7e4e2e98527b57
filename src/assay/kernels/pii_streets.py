"""Street addresses, as far as they can be told: a house number and a street's name that says it is one; post boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.pii_bytes import byte_at, is_digit, is_letter, is_word, listed, word_table

# Ends of English street names, begins of French ones, and endings of German, Dutch and Nordic words.
STREET_ENDS = (
    "street st avenue ave road rd boulevard blvd lane ln drive dr court ct circle cir place pl square sq terrace "
    "parkway pkwy highway hwy crescent way trail row close"
)
STREET_BEGINS = "rue avenue boulevard chemin all\u00e9e impasse"
STREET_ENDINGS = "strasse stra\u00dfe gasse weg platz allee straat laan gade gatan vej"
_ENDS, _ENDS_AT = word_table(STREET_ENDS)
_BEGINS, _BEGINS_AT = word_table(STREET_BEGINS)
_ENDINGS, _ENDINGS_AT = word_table(STREET_ENDINGS)


@kernel
def _word_end(data: NDArray[np.uint8], i: int, hi: int) -> int:
    while i < hi and (is_letter(data[i]) or data[i] >= 0x80 or data[i] == 39):
        i += 1
    return i


@kernel
def street_after(data: NDArray[np.uint8], lo: int, hi: int, i: int) -> int:
    """Where `12b Old Mill Road` or `12 rue des Fleurs` ends that begins with the house number at i; -1 for none.

    The number has 1 to 5 digits; one to four words with a capital letter before the one that names a street, or up
    to four words after a French one.
    """
    if is_word(byte_at(data, i - 1, lo, hi)) or byte_at(data, i - 1, lo, hi) in (46, 44, 36, 45, 47, 35):
        return -1
    j = i
    while j < hi and j - i < 6 and is_digit(data[j]):
        j += 1
    if j - i > 5:
        return -1
    if is_letter(byte_at(data, j, lo, hi)):
        j += 1
    if byte_at(data, j, lo, hi) == 44:
        j += 1
    words, foreign, end = 0, False, -1
    while words < 5 and byte_at(data, j, lo, hi) == 32:
        a = j + 1
        b = _word_end(data, a, hi)
        if b == a:
            break
        words += 1
        capital = 65 <= data[a] <= 90 or data[a] >= 0xC3
        if words == 1 and listed(data, a, b, _BEGINS, _BEGINS_AT) and not capital:
            foreign = True
        elif foreign:
            if capital:
                end = b
        elif not capital:
            break
        elif words > 1 and listed(data, a, b, _ENDS, _ENDS_AT):
            end = b
            if byte_at(data, b, lo, hi) == 46 and b - a <= 4:
                end = b + 1
            break
        j = b
        if byte_at(data, j, lo, hi) == 46 and b - a <= 2:
            j += 1
    return end


@kernel
def street_before(data: NDArray[np.uint8], lo: int, hi: int, i: int) -> tuple[int, int]:
    """`Lindenstrasse 12a` whose number begins at i, and `P.O. Box 123`; -1 for none."""
    if byte_at(data, i - 1, lo, hi) != 32:
        return -1, -1
    b = i - 1
    a = b
    while a > lo and b - a < 40 and (is_letter(data[a - 1]) or data[a - 1] >= 0x80):
        a -= 1
    j = i
    while j < hi and j - i < 6 and is_digit(data[j]):
        j += 1
    if j - i > 5:
        return -1, -1
    if b - a == 3 and data[a] == 66 and data[a + 1] | 32 == 111 and data[a + 2] | 32 == 120:  # Box
        k = a - 1
        while k > lo and (data[k] == 32 or data[k] == 46):
            k -= 1
        if k > lo and data[k] == 79 and not is_letter(byte_at(data, k + 1, lo, hi)):
            p = k - 1
            while p > lo and (data[p] == 32 or data[p] == 46):
                p -= 1
            if p >= lo and data[p] == 80 and not is_word(byte_at(data, p - 1, lo, hi)):
                return p, j
        return -1, -1
    if j - i > 3 or a == b or not (65 <= data[a] <= 90 or data[a] >= 0xC3):
        return -1, -1
    for k in range(len(_ENDINGS_AT) - 1):
        first, width = _ENDINGS_AT[k], _ENDINGS_AT[k + 1] - _ENDINGS_AT[k]
        same = b - a > width
        n = 0
        while same and n < width:
            same = data[b - width + n] == _ENDINGS[first + n]
            n += 1
        if same:
            if is_letter(byte_at(data, j, lo, hi)):
                j += 1
            return (a, j) if not is_word(byte_at(data, j, lo, hi)) else (-1, -1)
    return -1, -1
