"""Telephone numbers, identity numbers with letters and URLs: drawn in every form, judged by slow Python."""

from __future__ import annotations

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from assay.kernels.pii_net import SCHEMES
from assay.kernels.pii_phones import CALLING_CODES, NATIONAL_SHAPES
from tests.kernels.test_pii import scan


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(alphabet="0123456789", min_size=least, max_size=most)


@given(
    digits(3, 3),
    digits(3, 3),
    digits(4, 4),
    st.sampled_from(["-", ".", " ", "/", ""]),
    st.sampled_from(["-", ".", " "]),
)
def test_north_american_numbers(area: str, exchange: str, line: str, one: str, two: str) -> None:
    assume(area[0] not in "01")  # with 0 it may be another country's
    for written, fits in (
        (f"{area}{one}{exchange}{two}{line}", bool(one) and (one == two or one + two == "/-")),
        (f"({area}){one}{exchange}{two}{line}", True),
        (f"1{two}{area}{two}{exchange}{two}{line}", True),
    ):
        right = fits and exchange[0] not in "01"
        assert scan(f"so {written}, he said", "phone") == ([("phone", written)] if right else [])


@given(st.lists(digits(1, 6), min_size=1, max_size=4), st.sampled_from(" -."))
def test_international_numbers_need_a_calling_code_and_a_length(groups: list[str], separator: str) -> None:
    number = "".join(groups)
    known = any(number.startswith(code) for code in CALLING_CODES.split())
    right = known and (10 if len(groups) == 1 else 8) <= len(number) <= 15
    written = "+" + separator.join(groups)
    found = scan(f"so {written}, he said", "phone")
    if separator != " ":  # after a space another number may begin, so that a part of it is found
        assert found == ([("phone", written)] if right else [])
    elif right:
        assert found == [("phone", written)]


@given(
    st.sampled_from(sorted({s for shapes in NATIONAL_SHAPES.values() for s in shapes.split()})),
    st.data(),
    st.sampled_from(" -."),
)
def test_national_numbers_need_a_shape_that_a_country_prints(shape: str, data: st.DataObject, separator: str) -> None:
    groups = [data.draw(digits(int(n), int(n))) for n in shape]
    number = "".join(groups)
    written = separator.join(groups)
    assume(separator == "-" or shape != "3334")  # with spaces or dots, an IP address or two numbers
    found = scan(f"so {written}, he said", "phone")
    right = number[0] == "0" and number[1] != "0" and len(set(number)) > 2 and 9 <= len(number) <= 12
    if right:
        assert found == [("phone", written)]
    elif number[0] == "0" and number[1] != "0":
        assert found == []


def test_the_same_number_is_found_after_a_word_only() -> None:
    assert scan("they are 699 956 915 units", "phone") == []
    assert scan("call 699 956 915 now", "phone") == [("phone", "699 956 915")]


_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


@given(digits(8, 8), st.sampled_from(_DNI))
def test_spanish_letters(number: str, letter: str) -> None:
    right = _DNI[int(number) % 23] == letter
    assert scan(f"({number}{letter})", "national_id") == ([("national_id", number + letter)] if right else [])
    for first, value in zip("XYZ", "012", strict=True):
        foreign = first + number[:7]
        right = _DNI[int(value + number[:7]) % 23] == letter
        assert scan(f"({foreign}{letter})", "national_id") == ([("national_id", foreign + letter)] if right else [])


def slow_fiscale(code: str) -> str:
    odd = dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True))
    order = "BAKPLCQDREVOSFTGUHMINJWZYX"  # letters by their value at odd places
    odd |= {c: order.index(c) for c in order}
    even = {c: int(c) if c.isdigit() else ord(c) - 65 for c in odd}
    return chr(65 + sum((odd if k % 2 == 0 else even)[c] for k, c in enumerate(code)) % 26)


@given(st.from_regex(r"\A[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}\Z"), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_italian_codes(code: str, letter: str) -> None:
    for last in {letter, slow_fiscale(code)}:
        right = last == slow_fiscale(code)
        assert scan(f"cf {code}{last}.", "national_id") == ([("national_id", code + last)] if right else [])


@given(digits(6, 6), st.dates().filter(lambda d: 1900 <= d.year < 2100), digits(3, 3))
def test_chinese_numbers(place: str, born: object, order: str) -> None:
    body = place + str(born).replace("-", "") + order
    check = next(
        c
        for c in "0123456789X"
        if (sum(int(d) * 2 ** (17 - k) for k, d in enumerate(body)) + int(c, 36) % 23) % 11 == 1
    )
    for last in "0123456789X":
        found = scan(f"so {body}{last}, it is", "national_id")
        assert found == ([("national_id", body + last)] if last == check else [])


_HOSTS = st.from_regex(r"\A[a-z0-9]{1,5}(\.[a-z0-9]{1,5}){0,2}\Z")


@given(
    st.sampled_from([*SCHEMES.split(), "xhttp", "mailto", "file"]),
    _HOSTS,
    st.text(alphabet="a1/?=&.,;:!()[]'_~-", max_size=12),
)
def test_urls_end_before_closing_punctuation(scheme: str, host: str, path: str) -> None:
    written = f"{scheme}://{host}/{path}"
    while True:
        last = written[-1]
        unpaired = any(last == b and written.count(b) > written.count(a) for a, b in ("()", "[]"))
        if last not in ".,;:!?'*_~" and not unpaired:
            break
        written = written[:-1]
    expected = [("url", written)] if scheme in SCHEMES.split() and re.search(r"\w\.\w", host) else []
    assert scan(f"see {scheme}://{host}/{path} or", "url") == expected
