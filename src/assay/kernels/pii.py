"""Personal data in UTF-8 rows: one scan that stops at bytes which give it away, and a check of each candidate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.pii_bytes import byte_at, is_digit, is_letter, is_word
from assay.kernels.pii_ids import lettered_id, number_id
from assay.kernels.pii_net import (
    bare_domain_at,
    email_at,
    example_host,
    example_ipv4,
    example_ipv6,
    host_of,
    ipv4_at,
    ipv6_at,
    public_ipv4,
    public_ipv6,
    url_at,
)
from assay.kernels.pii_numbers import (
    MAX_DIGITS,
    MAX_GROUPS,
    MAYBE,
    SURE,
    begins_alone,
    card_end,
    iban_at,
    leading,
    read_number,
)
from assay.kernels.pii_phones import phone_end
from assay.kernels.pii_secrets import PREFIXES, assigned_secret, prefixed_key, private_key, web_token
from assay.kernels.pii_streets import street_after, street_before

TYPES = (
    "email", "phone", "ip", "card", "iban", "national_id", "api_key", "private_key", "url", "street_address",
)  # fmt: skip
EMAIL, PHONE, IP, CARD, IBAN, NATIONAL_ID, API_KEY, PRIVATE_KEY, URL, STREET = range(10)
ROW, START, END, TYPE, VALIDATED = range(5)
# Numbers printed in manuals and used in tests, as values: cards, IBANs' last digits are left to EXAMPLE_IBANS.
EXAMPLE_CARDS = np.array(
    [
        4111111111111111, 4242424242424242, 4012888888881881, 4000056655665556, 4222222222222, 5555555555554444,
        5105105105105100, 2223003122003222, 378282246310005, 371449635398431, 378734493671000, 6011111111111117,
        6011000990139424, 30569309025904, 38520000023237, 3530111333300000, 3566002020360505, 4000000000000002,
    ],
    np.int64,
)  # fmt: skip
MARK, DIGIT, OPENING, COLON, DOT, JOINING = 1, 2, 3, 4, 5, 6
# Whether a `-` or `_` after these two bytes (their low five bits) may end the prefix of a key.
_JOINED = np.zeros(1024, np.bool_)
for _entry in PREFIXES:
    if _entry[0][-1:] in b"-_":
        _JOINED[(_entry[0][-3] & 31) << 5 | _entry[0][-2] & 31] = True
_EXAMPLE_WORD = np.frombuffer(b"example", np.uint8)
_IBAN_EXAMPLES = (b"GB82WEST12345698765432", b"DE89370400440532013000", b"FR1420041010050500013M02606")


@kernel
def _triggers(wanted: int) -> NDArray[np.uint8]:
    """uint8[256]: which bytes give away one of the types that are wanted, and how they are to be looked at."""
    table = np.zeros(256, np.uint8)
    keys = wanted >> API_KEY & 1
    if wanted >> EMAIL & 1:
        table[64] = MARK
    if wanted & (1 << PHONE | 1 << IP | 1 << CARD | 1 << IBAN | 1 << NATIONAL_ID | 1 << STREET):
        table[48:58] = DIGIT
    if wanted >> PHONE & 1:
        table[40] = table[43] = OPENING
    if keys or wanted & (1 << URL | 1 << IP):
        table[58] = COLON
    if keys:
        table[61] = COLON
        table[45] = table[95] = JOINING
        table[73] = table[74] = MARK
    if wanted >> URL & 1:
        table[46] = DOT
    if wanted >> PRIVATE_KEY & 1:
        table[66] = MARK
    return table


@kernel
def _next(data: NDArray[np.uint8], i: int, hi: int, table: NDArray[np.uint8]) -> int:
    """The next byte from i on that may matter, or hi. Nine in ten bytes end here, so it is all that must be fast."""
    # Unsigned places: a signed one might count from the end, and that test costs a third of the loop.
    j, end = np.uint64(i), np.uint64(hi)
    while j < end:
        trigger = table[data[j]]
        if trigger == 0:
            j += np.uint64(1)
            continue
        k = int(np.int64(j))
        if trigger == DOT:  # between two words, else the end of a sentence
            if k > 0 and k + 1 < hi and is_word(data[k - 1]) and is_word(data[k + 1]):
                return k
        elif trigger == JOINING:  # the end of a known prefix
            if k > 1 and _JOINED[(data[k - 2] & 31) << 5 | data[k - 1] & 31]:
                return k
        else:
            return k
        j += np.uint64(1)
    return hi


@kernel
def _mentions_example(data: NDArray[np.uint8], a: int, b: int) -> bool:
    """Whether `example` in any case, or four x in a row, is part of a key: nobody's."""
    for i in range(a, b - 3):
        n = 0
        while n < 7 and i + n < b and data[i + n] | 32 == _EXAMPLE_WORD[n]:
            n += 1
        if n == 7:
            return True
        if data[i] | 32 == 120 and data[i + 1] | 32 == 120 and data[i + 2] | 32 == 120 and data[i + 3] | 32 == 120:
            return True
    return False


@kernel
def _example_iban(data: NDArray[np.uint8], a: int, b: int) -> bool:
    for known in _IBAN_EXAMPLES:
        n, i = 0, a
        while i < b and n < len(known):
            if data[i] != 32 and data[i] != 45:
                if data[i] != known[n]:
                    break
                n += 1
            i += 1
        if i == b and n == len(known):
            return True
    return False


@kernel
def _example_phone(digits: NDArray[np.int64], n: int) -> bool:
    """555-0100 to 555-0199, in any area: set aside for fiction (NANPA)."""
    return n >= 7 and leading(digits, n - 7, 5) == 55501


@kernel
def _example_ssn(digits: NDArray[np.int64]) -> bool:
    """Printed on sample cards, or counted off on fingers."""
    return leading(digits, 0, 9) in (78051120, 219099999, 123456789)


@kernel
def _with(
    spans: NDArray[np.int64], count: int, row: int, start: int, end: int, kind: int, sure: bool
) -> NDArray[np.int64]:
    """spans, or a larger copy, with one more at `count`."""
    if count == len(spans):
        larger = np.empty((2 * count + 64, 5), np.int64)
        larger[:count] = spans
        spans = larger
    spans[count, ROW], spans[count, START], spans[count, END] = row, start, end
    spans[count, TYPE], spans[count, VALIDATED] = kind, sure
    return spans


@kernel
def _number(
    data: NDArray[np.uint8],
    lo: int,
    hi: int,
    i: int,
    wanted: int,
    public: bool,
    keep: bool,
    digits: NDArray[np.int64],
    groups: NDArray[np.int64],
) -> tuple[int, int, int, int]:
    """Begin, end, type and MAYBE or SURE of what the first digit, `(` or `+` at i belongs to; -1 for nothing.

    An end without a type is an example that was left alone: nothing else is looked for in it.
    """
    plus, c = data[i] == 43, byte_at(data, i - 1, lo, hi)
    if is_digit(data[i]):
        if wanted >> IP & 1:
            whole, end = ipv4_at(data, lo, hi, i)
            if end > 0:
                left = (keep and example_ipv4(whole)) or (public and not public_ipv4(whole))
                return i, end, -1 if left else IP, SURE
        if wanted >> IBAN & 1 and is_letter(c):
            a, end = iban_at(data, lo, hi, i)
            if end > 0:
                return a, end, -1 if keep and _example_iban(data, a, end) else IBAN, SURE
        if wanted >> NATIONAL_ID & 1:
            a, end, sure = lettered_id(data, lo, hi, i)
            if sure:
                return a, end, NATIONAL_ID, sure
    if wanted & (1 << CARD | 1 << PHONE | 1 << NATIONAL_ID) == 0 or not begins_alone(data, lo, hi, i):
        return -1, -1, -1, 0
    count, n = read_number(data, hi, i + plus, digits, groups)
    if count == 0 or n < 7:
        return -1, -1, -1, 0
    if not plus and data[i] != 40:
        if wanted >> CARD & 1 and n >= 12:
            end, n_card = card_end(data, lo, hi, digits, groups, count)
            if end > 0:
                value, left = leading(digits, 0, min(n_card, 18)), False
                if keep and n_card <= 16:
                    for k in range(len(EXAMPLE_CARDS)):
                        left |= value == EXAMPLE_CARDS[k]
                return i, end, -1 if left else CARD, SURE
        if wanted >> NATIONAL_ID & 1 and n >= 9:
            end, sure = number_id(data, lo, hi, i, digits, groups, count, n)
            if sure:
                return i, end, -1 if keep and n == 9 and _example_ssn(digits) else NATIONAL_ID, sure
    if wanted >> PHONE & 1:
        end, sure, n_phone = phone_end(data, lo, hi, i, digits, groups, count, plus)
        if sure:
            return i, end, -1 if keep and _example_phone(digits, n_phone) else PHONE, sure
    return -1, -1, -1, 0


@kernel
def _address(data: NDArray[np.uint8], lo: int, hi: int, i: int) -> tuple[int, int]:
    end = street_after(data, lo, hi, i)
    return (i, end) if end > 0 else street_before(data, lo, hi, i)


@kernel
def _mark(
    data: NDArray[np.uint8], lo: int, hi: int, i: int, wanted: int, public: bool, keep: bool, counts: NDArray[np.int64]
) -> tuple[int, int, int, int]:
    """As _number, for what a mark or a capital letter at i belongs to. URLs are looked for apart: they hold others."""
    c = data[i]
    if c == 64:
        if wanted >> EMAIL & 1:
            a, end = email_at(data, lo, hi, i)
            if end > 0:
                return a, end, -1 if keep and example_host(data, i + 1, end) else EMAIL, SURE
        return -1, -1, -1, 0
    if c == 58 and wanted >> IP & 1:
        a, end, head = ipv6_at(data, lo, hi, i)
        if end > 0:
            left = (keep and example_ipv6(head)) or (public and not public_ipv6(head))
            return a, end, -1 if left else IP, SURE
    if c == 66 and wanted >> PRIVATE_KEY & 1:
        return _typed(private_key(data, lo, hi, i), PRIVATE_KEY)
    if wanted >> API_KEY & 1:
        a, end, sure = -1, -1, MAYBE
        if c == 58 or c == 61:
            a, end, sure = assigned_secret(data, lo, hi, i, counts)
        elif c == 95 or c == 45 or c == 73:
            a, end = prefixed_key(data, lo, hi, i)
            sure = SURE
        elif c == 74:
            a, end = web_token(data, lo, hi, i)
            sure = SURE
        if end > 0:
            return a, end, -1 if keep and _mentions_example(data, a, end) else API_KEY, sure
    return -1, -1, -1, 0


@kernel
def _typed(found: tuple[int, int, int], kind: int) -> tuple[int, int, int, int]:
    return found[0], found[1], kind if found[2] else -1, found[2]


@kernel
def _link(data: NDArray[np.uint8], lo: int, hi: int, i: int) -> tuple[int, int, int]:
    if data[i] == 58:
        a, end = url_at(data, lo, hi, i)
        return a, end, SURE
    a, end = bare_domain_at(data, lo, hi, i)
    return a, end, MAYBE


@kernel
def pii_scan(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], wanted: int, public: bool, keep: bool
) -> NDArray[np.int64]:
    """offsets: int64[n + 1], data: uint8[m]  ->  int64[k, 5]: row, first byte, byte after, type, validated; by row.

    wanted: bits of the types looked for (1 << EMAIL, ...). public: only globally reachable IP addresses. keep: leave
    out what is reserved for examples. Bytes count from the row's begin. Spans of a row do not overlap, but that a URL
    may hold others. Bytes that are no UTF-8 are read as letters of no script. O(m) but for a few hundred bytes around
    each candidate.
    """
    spans, count = np.empty((64, 5), np.int64), 0
    digits, groups = np.zeros(MAX_DIGITS, np.int64), np.zeros((MAX_GROUPS, 4), np.int64)
    counts, table = np.zeros(256, np.int64), _triggers(wanted)
    for row in range(len(offsets) - 1):
        lo, hi = offsets[row], offsets[row + 1]
        i, url_end, done = lo, lo, lo
        while True:
            i = _next(data, i, hi, table)
            if i >= hi:
                break
            c = data[i]
            trigger = table[c]
            if wanted >> URL & 1 and (c == 58 or c == 46) and i >= url_end:
                a, end, sure = _link(data, lo, hi, i)
                if end > 0 and a >= done:
                    x, y = host_of(data, a, end)
                    if not (keep and example_host(data, x, y)):
                        spans = _with(spans, count, row, a - lo, end - lo, URL, sure == SURE)
                        count += 1
                    url_end = end
            if trigger in (DIGIT, OPENING):
                after = byte_at(data, i + 1, lo, hi)
                if trigger == DIGIT or is_digit(after) or (c == 43 and after == 40):
                    a, end, kind, sure = _number(data, lo, hi, i, wanted, public, keep, digits, groups)
                    if end < 0 and trigger == DIGIT and wanted >> STREET & 1:
                        a, end = _address(data, lo, hi, i)
                        kind, sure = STREET, MAYBE
                else:
                    a, end, kind, sure = -1, -1, -1, 0
            elif trigger == DOT:
                a, end, kind, sure = -1, -1, -1, 0
            else:
                a, end, kind, sure = _mark(data, lo, hi, i, wanted, public, keep, counts)
            if end > i and a >= done:
                if kind >= 0:
                    spans = _with(spans, count, row, a - lo, end - lo, kind, sure == SURE)
                    count += 1
                i = done = end
                continue
            i += 1
            if trigger == DIGIT:
                while i < hi and is_digit(data[i]):
                    i += 1
    return spans[:count].copy()


@kernel
def code_points(offsets: NDArray[np.int64], data: NDArray[np.uint8], spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[k, 2]: begin and end of each span in code points of its row. spans: as pii_scan, by row and first byte.

    Only the bytes before a row's last span are counted. O(m).
    """
    out = np.zeros((len(spans), 2), np.int64)
    row, at, chars = -1, 0, 0
    for k in range(len(spans)):
        if spans[k, ROW] != row:
            row = spans[k, ROW]
            at, chars = offsets[row], 0
        start, end = offsets[row] + spans[k, START], offsets[row] + spans[k, END]
        for i in range(at, start):
            chars += data[i] & 0xC0 != 0x80
        inside = 0
        for i in range(start, end):
            inside += data[i] & 0xC0 != 0x80
        out[k, 0], out[k, 1] = chars, chars + inside
        at = start
    return out
