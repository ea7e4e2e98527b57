"""E-mail addresses, URLs and IP addresses at a byte that gives them away: `@`, `:`, `.` or a first digit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.pii_bytes import byte_at, is_digit, is_hex, is_letter, is_word, listed, said_before, word_table

NOTHING = (-1, -1)
# After the last dot these are files or machines of one house, not domains (RFC 6761, RFC 8375).
NO_DOMAIN = (
    "png jpg jpeg gif svg webp ico css js ts json html htm php tgz gz whl xml yaml yml txt "
    "local internal lan localhost localdomain invalid test"
)
SCHEMES = "http https ftp ftps sftp ws wss ssh git"
# Domains without a scheme: endings that are seldom an attribute or a file name.
BARE = "com org net edu gov info biz"
SECOND = "co com ac org net gov edu"  # before a country: co.uk
# Before four dotted numbers these say that they are no address, or, where all are small, that they are one.
NOT_IP = "version versions ver release releases build section sections chapter clause firmware paragraph"
AN_IP = "ip ipv address addresses host server dns gateway ping nameserver"
EXAMPLE_NAMES = "example test invalid localhost"
_NO_DOMAIN, _NO_DOMAIN_ENDS = word_table(NO_DOMAIN)
_SCHEMES, _SCHEMES_ENDS = word_table(SCHEMES)
_BARE, _BARE_ENDS = word_table(BARE)
_SECOND, _SECOND_ENDS = word_table(SECOND)
_NOT_IP, _NOT_IP_ENDS = word_table(NOT_IP)
_AN_IP, _AN_IP_ENDS = word_table(AN_IP)
_EXAMPLE, _EXAMPLE_ENDS = word_table(EXAMPLE_NAMES)
_EXAMPLE_DOMAIN, _EXAMPLE_DOMAIN_ENDS = word_table("example")
_GIT, _GIT_ENDS = word_table("git")
_END_MARKS = np.frombuffer(b".,;:!?'*_~", np.uint8)


@kernel
def _host_end(data: NDArray[np.uint8], i: int, hi: int) -> tuple[int, int, int]:
    """Where the longest host name from i ends whose last label, of two at least, is 2 to 24 letters.

    Labels of 1 to 63 letters, digits and hyphens, no hyphen at their ends, within 255 bytes. Also where that last
    label begins and where the one before it does. -1 for none.
    """
    best, last, second = -1, -1, -1
    j, label, before, labels, letters = i, i, i, 0, True
    while j - i <= 255:
        c = byte_at(data, j, i, hi)
        if is_letter(c) or is_digit(c) or c == 45:
            letters &= is_letter(c)
            j += 1
            continue
        length = j - label
        if length == 0 or length > 63 or data[label] == 45 or data[j - 1] == 45:
            break
        if labels >= 1 and letters and 2 <= length <= 24:
            best, last, second = j, label, before
        labels += 1
        if c != 46:
            break
        j += 1
        before, label, letters = label, j, True
    return best, last, second


@kernel
def example_host(data: NDArray[np.uint8], i: int, end: int) -> bool:
    """Whether the host name data[i:end] is reserved for examples: example.com, .org, .net, .edu; .example, .test ...

    RFC 2606 and 6761. Sub-domains too. A port or a path must not be included.
    """
    last = end
    while last > i and data[last - 1] != 46:
        last -= 1
    if listed(data, last, end, _EXAMPLE, _EXAMPLE_ENDS):
        return True
    if last == i:
        return False
    before = last - 1
    while before > i and data[before - 1] != 46:
        before -= 1
    return listed(data, before, last - 1, _EXAMPLE_DOMAIN, _EXAMPLE_DOMAIN_ENDS) and listed(
        data, last, end, _BARE, _BARE_ENDS
    )


@kernel
def _local(c: int) -> bool:
    return is_word(c) or c == 46 or c == 37 or c == 43 or c == 45


@kernel
def email_at(data: NDArray[np.uint8], lo: int, hi: int, at: int) -> tuple[int, int]:
    """The e-mail address around the `@` at `at`: up to 64 of A-Z a-z 0-9 . _ % + - before it, a host name after it.

    Not `git@`, which opens addresses of repositories, not after the `$` of a template, and no host that ends as a file
    or a machine of one house does.
    """
    i = at
    while i > lo and at - i <= 64 and _local(data[i - 1]):
        i -= 1
    if at - i > 64:
        return NOTHING
    while i < at and not is_word(data[i]):
        i += 1
    if i == at or data[at - 1] == 46 or byte_at(data, i - 1, lo, hi) == 36 or listed(data, i, at, _GIT, _GIT_ENDS):
        return NOTHING
    end, last, _ = _host_end(data, at + 1, hi)
    if end < 0 or listed(data, last, end, _NO_DOMAIN, _NO_DOMAIN_ENDS):
        return NOTHING
    return i, end


@kernel
def _url_end(data: NDArray[np.uint8], i: int, hi: int) -> int:
    """Where a URL's visible ASCII ends: before quotes, angle and curly brackets, and without closing punctuation."""
    j, rounds, squares = i, 0, 0
    while j < hi:
        c = data[j]
        if c <= 32 or c >= 127 or c == 34 or c == 60 or c == 62 or c == 92 or c == 94 or c == 96 or 123 <= c <= 125:
            break
        rounds += int(c == 40) - int(c == 41)
        squares += int(c == 91) - int(c == 93)
        j += 1
    while j > i:
        c = data[j - 1]
        if c == 41 and rounds < 0:
            rounds += 1
        elif c == 93 and squares < 0:
            squares += 1
        else:
            mark = False
            for k in range(len(_END_MARKS)):
                mark |= c == _END_MARKS[k]
            if not mark:
                break
        j -= 1
    return j


@kernel
def host_of(data: NDArray[np.uint8], i: int, end: int) -> tuple[int, int]:
    """Begin and end of the host in the URL data[i:end], with or without a scheme."""
    start = i
    for k in range(i, end - 2):
        if data[k] == 58 and data[k + 1] == 47 and data[k + 2] == 47:
            start = k + 3
            break
        if data[k] == 47:
            break
    stop = start
    while stop < end and data[stop] != 47 and data[stop] != 63 and data[stop] != 35:
        stop += 1
    for k in range(start, stop):
        if data[k] == 64:
            start = k + 1
    for k in range(start, stop):
        if data[k] == 58:
            stop = k
            break
    return start, stop


@kernel
def url_at(data: NDArray[np.uint8], lo: int, hi: int, at: int) -> tuple[int, int]:
    """The URL whose `://` begins at `at`; its host must hold a dot between letters or digits."""
    if at + 3 >= hi or data[at + 1] != 47 or data[at + 2] != 47:
        return NOTHING
    i = at
    while i > lo and at - i <= 5 and is_letter(data[i - 1]):
        i -= 1
    if not listed(data, i, at, _SCHEMES, _SCHEMES_ENDS) or is_word(byte_at(data, i - 1, lo, hi)):
        return NOTHING
    end = _url_end(data, at + 3, hi)
    a, b = host_of(data, i, end)
    for k in range(a + 1, b - 1):
        if data[k] == 46 and is_word(data[k - 1]) and is_word(data[k + 1]):
            return i, end
    return NOTHING


@kernel
def _country(data: NDArray[np.uint8], second: int, last: int, end: int) -> bool:
    """Whether a host ends as co.uk does: a two-letter ending after co, com, ac, org, net, gov or edu."""
    return end - last == 2 and second < last and listed(data, second, last - 1, _SECOND, _SECOND_ENDS)


@kernel
def bare_domain_at(data: NDArray[np.uint8], lo: int, hi: int, at: int) -> tuple[int, int]:
    """The host name without a scheme whose first dot is at `at`, with the path after it.

    After `www.` any ending, else one of BARE, or a country's after co, com, ac, org, net, gov or edu, in lower case.
    Not within a path, an e-mail address or a name of code, and no call.
    """
    i = at
    while i > lo and at - i <= 63 and (is_letter(data[i - 1]) or is_digit(data[i - 1]) or data[i - 1] == 45):
        i -= 1
    if i == at:
        return NOTHING
    c = byte_at(data, i - 1, lo, hi)
    if is_word(c) or c == 64 or c == 46 or c == 47 or c == 92 or c == 36 or c == 37 or c == 35:
        return NOTHING
    end, last, second = _host_end(data, i, hi)
    if end < 0:
        return NOTHING
    c = byte_at(data, end, lo, hi)
    if is_word(c) or c == 45 or c == 64 or c == 40 or c == 92 or c == 36:
        return NOTHING
    if c == 46 and (is_word(byte_at(data, end + 1, lo, hi)) or byte_at(data, end + 1, lo, hi) == 45):
        return NOTHING
    www = at - i == 3 and data[i] | 32 == 119 and data[i + 1] | 32 == 119 and data[i + 2] | 32 == 119
    if www:
        if last == at + 1:
            return NOTHING
    else:
        for k in range(last, end):
            if not 97 <= data[k] <= 122:
                return NOTHING
        if not listed(data, last, end, _BARE, _BARE_ENDS) and not _country(data, second, last, end):
            return NOTHING
    return i, (_url_end(data, i, hi) if c == 47 else end)


@kernel
def _octet(data: NDArray[np.uint8], i: int, hi: int) -> tuple[int, int]:
    """A number of 0 to 255 without leading zeros at i, and where it ends; -1 for none."""
    j, value = i, 0
    while j < hi and j - i < 4 and is_digit(data[j]):
        value = value * 10 + int(data[j]) - 48
        j += 1
    if j == i or j - i > 3 or value > 255 or (data[i] == 48 and j - i > 1):
        return -1, -1
    return value, j


@kernel
def _dotted(data: NDArray[np.uint8], i: int, hi: int) -> tuple[int, int]:
    """Four octets with dots at i as one number, and where they end; -1 for none."""
    whole, j = 0, i
    for k in range(4):
        if k:
            if j >= hi or data[j] != 46:
                return NOTHING
            j += 1
        value, j = _octet(data, j, hi)
        if j < 0:
            return NOTHING
        whole = whole << 8 | value
    c = byte_at(data, j, i, hi)
    after = byte_at(data, j + 1, i, hi)
    if is_word(c) or ((c == 46 or c == 45) and is_word(after)):
        return NOTHING
    return whole, j


@kernel
def public_ipv4(whole: int) -> bool:
    """Whether the address, as one number, is globally reachable: IANA's special-purpose registry, no multicast."""
    a, b, c = whole >> 24, whole >> 16 & 255, whole >> 8 & 255
    if a == 0 or a == 10 or a == 127 or a >= 224 or (a == 100 and 64 <= b < 128) or (a == 169 and b == 254):
        return False
    if (a == 172 and 16 <= b < 32) or (a == 192 and b == 168) or (a == 198 and 18 <= b < 20):
        return False
    if a == 192 and b == 0 and c == 0:
        return False
    return not example_ipv4(whole)


@kernel
def example_ipv4(whole: int) -> bool:
    """The three ranges for documentation (RFC 5737) and this machine itself (127.0.0.0/8)."""
    net = whole >> 8
    return net == 0xC00002 or net == 0xC63364 or net == 0xCB0071 or whole >> 24 == 127


@kernel
def ipv4_at(data: NDArray[np.uint8], lo: int, hi: int, i: int) -> tuple[int, int]:
    """The address that begins at the digit at i, as one number, and where it ends.

    Not within a longer dotted number, not after words such as `version`, not 0.* and not from 224.0.0.0 on (netmasks).
    Where all four are below 32, and for 2.5.*, as sections and object identifiers are numbered, a word such as `IP` or
    `host` must stand before.
    """
    whole, end = _dotted(data, i, hi)
    if end < 0:
        return NOTHING
    c = byte_at(data, i - 1, lo, hi)
    if is_word(c) or c == 46 or (c == 45 and is_word(byte_at(data, i - 2, lo, hi))):
        return NOTHING
    if whole >> 24 == 0 or whole >> 24 >= 224:
        return NOTHING
    if whole & 0xE0E0E0E0 == 0 or whole >> 16 == 0x0205:
        if not said_before(data, lo, i, _AN_IP, _AN_IP_ENDS):
            return NOTHING
    elif said_before(data, max(lo, i - 12), i, _NOT_IP, _NOT_IP_ENDS):
        return NOTHING
    return whole, end


@kernel
def ipv6_at(data: NDArray[np.uint8], lo: int, hi: int, at: int) -> tuple[int, int, int]:
    """Begin and end of the address whose first colon is at `at`, and its first 32 bits; -1 for none.

    Eight groups, or fewer around one `::`; one group at least of three or four digits, and a decimal digit somewhere:
    slices (1::2), names of code (a::b) and hardware addresses are none.
    """
    none = (-1, -1, -1)
    i = at
    while i > lo and at - i <= 4 and is_hex(data[i - 1]):
        i -= 1
    if at - i > 4 or (i == at and byte_at(data, at + 1, lo, hi) != 58):
        return none
    c = byte_at(data, i - 1, lo, hi)
    if is_word(c) or c == 58 or c == 46:
        return none
    j, groups, gap, wide, decimal = i, 0, -1, False, False
    head = 0
    while True:
        k, value = j, 0
        while k < hi and k - j < 5 and is_hex(data[k]):
            decimal |= is_digit(data[k])
            value = value << 4 | (int(data[k]) - 48 if data[k] <= 57 else (int(data[k]) | 32) - 87)
            k += 1
        n = k - j
        if n > 4:
            return none
        if n:
            if groups < 2 and gap < 0:
                head |= value << (16 - 16 * groups)
            groups += 1
            wide |= n >= 3
        if n and k < hi and data[k] == 46:  # the last 32 bits may be written as four octets
            _, stop = _dotted(data, j, hi)
            if stop < 0:
                break
            groups, k = groups + 1, stop
            j = k
            break
        j = k
        if byte_at(data, j, lo, hi) != 58:
            break
        if byte_at(data, j + 1, lo, hi) == 58:
            if gap >= 0:
                return none
            gap = groups
            j += 2
            if not is_hex(byte_at(data, j, lo, hi)):
                break
        elif n and is_hex(byte_at(data, j + 1, lo, hi)):
            j += 1
        else:
            break
    if is_word(byte_at(data, j, lo, hi)) or not wide or not decimal:
        return none
    if (groups == 8 and gap < 0) or (gap >= 0 and groups < 8):
        return i, j, head
    return none


@kernel
def example_ipv6(head: int) -> bool:
    """2001:db8::/32 and 3fff::/20 (RFC 3849, 9637)."""
    return head == 0x20010DB8 or head >> 12 == 0x3FFF0


@kernel
def public_ipv6(head: int) -> bool:
    """Global unicast, 2000::/3, without what is for documentation or protocols (2001::/23)."""
    return head >> 29 == 1 and not example_ipv6(head) and head >> 9 != 0x100080
