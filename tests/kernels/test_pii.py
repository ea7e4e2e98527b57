"""Personal data: every check against slow arithmetic, detectors against regular expressions, and by example."""

from __future__ import annotations

import ipaddress
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.pii import EXAMPLE_CARDS, TYPES, code_points, pii_scan
from assay.kernels.pii_ids import br_cpf, de_steuer, fr_insee, nl_bsn, pl_pesel, verhoeff
from assay.kernels.pii_net import BARE, NO_DOMAIN, NOT_IP
from assay.kernels.pii_numbers import IBAN_LENGTHS, NO_LETTERS, luhn
from assay.kernels.pii_secrets import PREFIXES

# What is found, what is not quite, and what stands around it.
FOUND = {
    "email": ["jo@firm.com", "a.b+c@mail.firm.co.uk", "X_1%@f-1.museum"],
    "phone": [
        "(415) 555-2671",
        "415-555-2671 x12",
        "+41 (0)44 668 18 00",
        "03.93.92.16.85",
        "tel 699 956 915",
        "001-253-366-9781",
    ],
    "ip": ["81.2.69.160", "41.173.96.26", "2620:1ec:c11::200", "6e40:4041:c617:e898:c11:40d2:c669:2eb4"],
    "card": ["4532015112830366", "4532 0151 1283 0366", "5425233430109903", "213161594239298"],
    "iban": ["GB29 NWBK 6016 1331 9268 19", "DE02120300000000202051", "fr7630006000011234567890189"],
    "national_id": [
        "219-09-9998",
        "SSN 536 90 4399",
        "NI number AB123456C",
        "184127645108946",
        "12345678Z",
        "X1234567L",
        "RSSMRA85T10A562S",
        "529.982.247-25",
        "2341 2341 2346",
        "811218-9876",
        "BSN 111222333",
        "PESEL 44051401359",
        "Steuer 86095742719",
        "11010519491231002X",
    ],
    "api_key": [
        "AKIAIOSFODNN7ABCDEFG",
        "ghp_" + "aB3" * 12,
        "xoxb-123456789012-abcdef",
        "api_key = 'a8f5f167f44f4964e6c998dee827110c'",
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4",
    ],
    "private_key": ["-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/=\n-----END RSA PRIVATE KEY-----"],
    "url": ["https://firm.com/a(b)?q=jo@firm.com", "www.firm.biz", "firm.org/x", "shop.co.uk"],
    "street_address": ["12 Old Mill Road", "P.O. Box 123", "Lindenstrasse 12a", "12 rue des Fleurs"],
}
_NEAR = (
    "jo@firm",
    "@",
    "a@b.png",
    "x@example.com",
    "1.2.3.4",
    "version 81.2.69.160",
    "10.0.0.1",
    "192.0.2.7",
    "1::2",
    "a::b",
    "12:30:45",
    "2024-01-02",
    "05/31/2018",
    "415-555-0123",
    "4111111111111111",
    "4532015112830367",
    "123-45-6789",
    "call ",
    "08 00 55 00 73 00",
    "https://",
    "http://localhost:80",
    "self.com(",
    "foo.net.Bar",
    "-----BEGIN PUBLIC KEY-----",
    "key",
    "sk-",
    "_",
    "-",
    ".",
    ":",
    "=",
    "(",
    ")",
    "+",
    "/",
    "0",
    "7",
    "12",
    "345",
    "AB",
    "x",
    "\u00e9",
    "\u4f60",
    " ",
    "\n",
    ", ",
)
PIECES = tuple(value for values in FOUND.values() for value in values) + _NEAR
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=10).map("".join)
ALL = (1 << len(TYPES)) - 1


def scan(
    text: str | bytes, kind: str | None = None, *, public: bool = False, keep: bool = False
) -> list[tuple[str, str]]:
    raw = text.encode() if isinstance(text, str) else text
    offsets, data = np.array([0, len(raw)]), np.frombuffer(raw, np.uint8)
    spans = pii_scan(offsets, data, 1 << TYPES.index(kind) if kind else ALL, public, keep)
    return [(TYPES[span[3]], raw[span[1] : span[2]].decode("utf-8", "replace")) for span in spans.tolist()]


def slow_emails(text: str) -> list[str]:
    out, done = [], 0
    for at in re.finditer("@", text):
        before = re.search(r"[A-Za-z0-9._%+-]*$", text[: at.start()], re.A)
        assert before
        local = before[0]
        host = re.match(r"[A-Za-z0-9-]*(?:\.[A-Za-z0-9-]*)*", text[at.end() :], re.A)
        assert host
        best = ""
        labels = host[0].split(".")
        for n, label in enumerate(labels):
            if not 0 < len(label) < 64 or label[0] == "-" or label[-1] == "-" or len(".".join(labels[: n + 1])) > 255:
                break
            if n and re.fullmatch("[A-Za-z]{2,24}", label):
                best = ".".join(labels[: n + 1])
        if len(local) > 64:
            continue
        start = at.start() - len(local.lstrip(".%+-"))
        local = local.lstrip(".%+-")
        if not local or local[-1] == "." or local.lower() == "git" or text[start - 1 : start] == "$":
            continue
        if best and best.rsplit(".", 1)[1].lower() not in NO_DOMAIN.split() and start >= done:
            out.append(local + "@" + best)
            done = at.end() + len(best)
    return out


@given(texts | st.text(alphabet="aB1@.-_$%+ git", max_size=40))
def test_emails_agree_with_python(text: str) -> None:
    assert [value for _, value in scan(text, "email")] == slow_emails(text)


def slow_ipv4(text: str) -> list[str]:
    out = []
    octet = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]\d|\d)"
    for m in re.finditer(rf"(?<![\w.])(?<!\w-)(?:{octet}\.){{3}}{octet}(?!\w)(?![.-]\w)", text, re.A):
        a, b, c, d = map(int, m[0].split("."))
        words = [
            w.lower() for w in re.findall(r"(?<![A-Za-z\x80-\U0010ffff])[A-Za-z\x80-\U0010ffff]+", text[: m.start()])
        ]
        if a == 0 or a >= 224 or max(a, b, c, d) < 32 or (a, b) == (2, 5):
            continue
        if any(w in NOT_IP.split() for w in words):
            continue
        out.append(m[0])
    return out


@given(
    st.text(alphabet="0125.-a ", max_size=30)
    | st.lists(st.integers(0, 260), max_size=6).map(lambda x: ".".join(map(str, x)))
)
def test_ipv4_agrees_with_a_regular_expression(text: str) -> None:
    assert [value for _, value in scan(text, "ip")] == slow_ipv4(text)


@given(st.ip_addresses(v=4).filter(lambda ip: 32 < int(ip) >> 24 < 224 and int(ip) >> 24 != 192))
def test_public_addresses_are_those_of_the_registry(ip: ipaddress.IPv4Address) -> None:
    assert bool(scan(f"({ip})", "ip", public=True)) == ip.is_global


@given(st.ip_addresses(v=6))
def test_every_ipv6_address_with_a_wide_group_is_found(ip: ipaddress.IPv6Address) -> None:
    for written in (str(ip), ip.exploded):
        groups = [group for group in written.split(":") if group]
        wide = any(len(group) > 2 for group in groups) and any(c.isdigit() for c in written)
        assert [value for _, value in scan(f"[{written}]", "ip")] == ([written] if wide else [])


@given(st.text(alphabet="0123456789abcdef:", max_size=40))
def test_what_is_no_ipv6_address_is_not_found(text: str) -> None:
    for _, value in scan(text, "ip"):
        ipaddress.IPv6Address(value)


def slow_luhn(digits: str) -> bool:
    return sum(sum(divmod(int(d) * (1 + k % 2), 10)) for k, d in enumerate(reversed(digits))) % 10 == 0


numbers = st.lists(st.integers(0, 9), min_size=1, max_size=20)


def with_check(length: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 9), min_size=length, max_size=length)


@given(numbers)
def test_luhn(digits: list[int]) -> None:
    assert luhn(np.array(digits, np.int64), 0, len(digits)) == slow_luhn("".join(map(str, digits)))


@given(st.sampled_from(["4", "51", "2221", "34", "36", "3530", "6011", "65", "62", "5018", "9", "1"]), numbers)
def test_bare_cards_need_an_issuer_a_length_and_the_check_digit(first: str, digits: list[int]) -> None:
    body = first + "".join(map(str, digits))
    for last in "0123456789":
        n = len(body) + 1
        issuer = [(r"4", (13, 16, 19)), (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)), (r"3[47]", (15,))]
        issuer += [(r"30[0-5]|36|38|39", (14, 16)), (r"35(2[89]|[3-8])", (16, 19)), (r"2131|1800", (15,))]
        issuer += [(r"6011|64[4-9]|65", (16, 19)), (r"62", (16, 17, 18, 19)), (r"220[0-4]", (16,))]
        issuer += [(r"5018|5020|5038|5[678]|6304|6390|6759|676[123]", tuple(range(12, 20)))]
        known = any(re.match(start, body) and n in lengths for start, lengths in issuer)
        assert bool(scan(body + last, "card")) == (known and slow_luhn(body + last))


def slow_iban(value: str) -> bool:
    turned = value[4:] + value[:4]
    lengths = {entry[:2]: int(entry[2:]) for entry in IBAN_LENGTHS.split()}
    if lengths.get(value[:2]) != len(value) or (value[:2] in NO_LETTERS.split() and not value[2:].isdigit()):
        return False
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


@given(st.sampled_from(IBAN_LENGTHS.split()), st.data())
def test_ibans_need_their_countrys_length_and_the_remainder(entry: str, data: st.DataObject) -> None:
    country, length = entry[:2], int(entry[2:])
    alphabet = "0123456789" if country in NO_LETTERS.split() else "0123456789AZ"
    bban = data.draw(st.text(alphabet=alphabet, min_size=length - 4, max_size=length - 4))
    good = f"{98 - int(''.join(str(int(c, 36)) for c in bban + country) + '00') % 97:02}"
    for check in {good, data.draw(st.sampled_from(["00", "17", "97"]))}:
        value = country + check + bban
        spaced = " ".join(value[i : i + 4] for i in range(0, length, 4))
        for written in (value, spaced):
            assert [v for _, v in scan(f"to {written}.", "iban")] == ([written] if slow_iban(value) else [])


def slow_bsn(d: list[int]) -> bool:
    return any(d) and (sum((9 - k) * d[k] for k in range(8)) - d[8]) % 11 == 0


def slow_cpf(d: list[int]) -> bool:
    one = sum((10 - k) * d[k] for k in range(9)) % 11
    two = sum((11 - k) * d[k] for k in range(10)) % 11
    return len(set(d)) > 1 and d[9:] == [0 if one < 2 else 11 - one, 0 if two < 2 else 11 - two]


def slow_pesel(d: list[int]) -> bool:
    month, day = (10 * d[2] + d[3]) % 20, 10 * d[4] + d[5]
    control = (10 - sum(w * x for w, x in zip([1, 3, 7, 9] * 2 + [1, 3], d, strict=False)) % 10) % 10
    return 1 <= month <= 12 and 1 <= day <= 31 and control == d[10]


def slow_insee(d: list[int]) -> bool:
    n = int("".join(map(str, d[:13])))
    month = 10 * d[3] + d[4]
    return (
        d[0] in (1, 2) and (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) and 97 - n % 97 == 10 * d[13] + d[14]
    )


@pytest.mark.parametrize(
    ("check", "slow", "length"),
    [(nl_bsn, slow_bsn, 9), (br_cpf, slow_cpf, 11), (pl_pesel, slow_pesel, 11), (fr_insee, slow_insee, 15)],
    ids=["nl bsn", "br cpf", "pl pesel", "fr insee"],
)
@given(data=st.data())
def test_checks_of_national_numbers(check: object, slow: object, length: int, data: st.DataObject) -> None:
    digits = data.draw(with_check(length))
    if length == 11 and slow is slow_pesel:
        digits[2:6] = [0, 5, 1, 4]
    if length == 15:
        digits[:5] = [1, 8, 4, 1, 2]
    free = 2 if length in (11, 15) and slow is not slow_pesel else 1
    for end in range(10**free):
        digits[-free:] = [int(c) for c in f"{end:0{free}}"]
        assert check(np.array(digits, np.int64)) == slow(digits)  # type: ignore[operator]


@given(with_check(11))
def test_exactly_one_check_digit_fits(digits: list[int]) -> None:
    tries = [np.array([*digits, last], np.int64) for last in range(10)]
    assert sum(verhoeff(number, 12) for number in tries) == 1
    digits[:10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]
    assert sum(de_steuer(np.array([*digits[:10], last], np.int64)) for last in range(10)) == 1


@given(st.sampled_from(PREFIXES), st.integers(0, 70), st.sampled_from(["", "x", "_", " "]))
def test_known_prefixes_of_keys_need_their_length(
    entry: tuple[bytes, int, int, int, int, bool], n: int, around: str
) -> None:
    prefix, _, charset, least, most, _ = entry
    key = prefix.decode() + ("A1" * n)[:n]
    found = [value for _, value in scan(f"{around}{key}", "api_key")]
    whole = around not in ("x", "_") and least <= n <= most
    assert found == ([key] if whole else []) or (charset == 0 and n > most)


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in FOUND.items() for value in values])
def test_each_type_is_found_between_words_and_alone(kind: str, value: str) -> None:
    wanted = value
    for told in ("tel ", "SSN ", "NI number ", "BSN ", "PESEL ", "Steuer ", "api_key = '"):
        wanted = wanted.removeprefix(told)
    wanted = wanted.rstrip("'")
    assert (kind, wanted) in scan(f"so, {value}, it is")
    assert (kind, wanted) in scan(value)


@pytest.mark.parametrize(
    "text",
    [
        "ms.date: 05/31/2018 Phone",
        "Windows Phone 8.1 2017-04-20",
        "0000 08 00 55 00 73 00 65",
        "2.5.29.37",
        "a[1::2]",
        "std::vector",
        "at 12:30:45",
        "commit 4532015112830366abc",
        "v81.2.69.160",
        "foo-81.2.69.160-beta",
        "0.4532015112830366",
        "git@github.com:a/b",
        "image@2x.png",
        "123e4567-e89b-12d3-a456-426614174000",
        "java.net.URL",
        "log.info(x)",
        "be682ce0 a00a9e7f e1843e10",
        "3.14159265358979",
        "1,234,567,890",
        "$415-555-2671",
        "mask 255.255.255.0",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert scan(text) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "jo@example.com"),
        ("email", "jo@mail.example.org"),
        ("ip", "192.0.2.1"),
        ("ip", "2001:db8::1234"),
        ("phone", "(415) 555-0123"),
        ("card", "4111 1111 1111 1111"),
        ("iban", "GB82 WEST 1234 5698 7654 32"),
        ("national_id", "123-45-6789"),
        ("api_key", "AKIAIOSFODNN7EXAMPLE"),
        ("url", "https://www.example.com/x"),
    ],
)
def test_what_is_reserved_for_examples_is_kept_out_when_told(kind: str, value: str) -> None:
    assert (kind, value) in scan(value)
    assert scan(value, keep=True) == []


def test_example_cards_would_be_found() -> None:
    assert all(scan(str(card), "card") for card in EXAMPLE_CARDS)


def test_a_private_key_without_an_end_is_found_as_far_as_it_goes() -> None:
    assert scan("-----BEGIN PRIVATE KEY-----\nMIIE\nabc=\n\n(cut)") == [
        ("private_key", "-----BEGIN PRIVATE KEY-----\nMIIE\nabc=")
    ]


@given(st.lists(texts, max_size=4))
def test_spans_do_not_overlap_and_rows_do_not_see_each_other(values: list[str]) -> None:
    offsets, data = utf8_views(pa.array(values, pa.large_string()))
    spans = pii_scan(offsets, data, ALL, True, True)
    points = code_points(offsets, data, spans)
    for row, value in enumerate(values):
        mine = spans[spans[:, 0] == row]
        raw = value.encode()
        assert scan(value, public=True, keep=True) == [(TYPES[s[3]], raw[s[1] : s[2]].decode()) for s in mine.tolist()]
        cut = [value[a:b] for a, b in points[spans[:, 0] == row].tolist()]
        assert cut == [raw[s[1] : s[2]].decode() for s in mine.tolist()]
        plain = sorted((s[1], s[2]) for s in mine.tolist() if TYPES[s[3]] != "url")
        assert all(a[1] <= b[0] for a, b in pairwise(plain))


def test_bare_domains_have_the_endings_that_are_named() -> None:
    for ending in BARE.split():
        assert scan(f"at some-firm.{ending} now", "url") == [("url", f"some-firm.{ending}")]


def test_bytes_that_are_no_utf8_and_a_very_long_text_do_no_harm() -> None:
    assert scan(b"\xff\xfe jo@firm.com \xc3", "email") == [("email", "jo@firm.com")]
    long = "a word or 12 of the text, see it: (x) - " * 500_000 + "jo@firm.com"
    assert scan(long) == [("email", "jo@firm.com")]
    assert scan("1" * 200_000 + "." * 200_000 + "@" * 200_000 + "-----B" * 20_000 + ":" * 200_000) == []


BOUNDS = """
import numpy as np, pyarrow as pa
from assay.core.arrow import utf8_views
from assay.kernels.pii import TYPES, code_points, pii_scan
rng = np.random.default_rng(0)
pieces = %r
rows = ["".join(rng.choice(pieces, rng.integers(0, 6))) for _ in range(400)] + list(pieces)
rows += [row[: rng.integers(0, len(row) + 1)] for row in rows] + [row[rng.integers(0, len(row) + 1) :] for row in rows]
for value in [pa.array(rows, pa.large_string()), *(pa.array([row], pa.large_string()) for row in rows)]:
    offsets, data = utf8_views(value)
    data = data[: offsets[-1]].copy()
    for keep in (False, True):
        code_points(offsets, data, pii_scan(offsets, data, 1023, keep, keep))
try:
    pii_scan(np.array([0, 5]), np.zeros(1, np.uint8), 1023, True, True)
except IndexError:
    print("checked")
"""


@pytest.mark.slow
def test_nothing_reads_beyond_its_buffers(tmp_path: Path) -> None:
    script = tmp_path / "bounds.py"
    script.write_text(BOUNDS % (PIECES,), "utf-8")
    env = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "checked", "bounds checks were off"
