"""Words by three rules, against Python that is slow and obvious."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.word_tables import TABLE_SIZE
from assay.kernels.words import LETTERS, PEELED, SPACES, character_classes, span_hash, word_places

ALPHABET = "aZbN09 .,!?)('\"\n\t-:/#*_+=%~\u00e9\u2019\u2026\u2014\u00a0\u3000\u4f60\u3002\u0301\u00b7\u20ac"
ALPHABET += "\U0001f600stnmdrevl\u30ab\u30fc\u3042\u0e01\u0e34\u00bd\uff1a\uff0c\u2018"
texts = st.lists(st.text(alphabet=ALPHABET, max_size=30) | st.text(max_size=8), max_size=4)


def words(values: list[str], rule: int) -> list[list[str]]:
    out = []
    for value in values:
        offsets, data = utf8_views(pa.array([value], pa.large_string()))
        raw = bytes(data)
        out.append([raw[a:b].decode() for a, b in word_places(offsets, data, character_classes(), rule).tolist()])
    return out


def alone(c: str) -> bool:
    """Scripts without spaces, and numbers such as one half."""
    thai = 0xE00 <= ord(c) < 0xF00 or 0x1000 <= ord(c) < 0x10A0 or 0x1780 <= ord(c) < 0x1800
    chinese = 0x3400 <= ord(c) < 0xA000 or 0xF900 <= ord(c) < 0xFB00 or 0x20000 <= ord(c) < 0x323B0
    rest = (
        0x1950 <= ord(c) < 0x19E0 or 0x1A20 <= ord(c) < 0x1AB0 or 0xA9E0 <= ord(c) < 0xAA00 or 0xAA60 <= ord(c) < 0xAAE0
    )
    rest |= 0x11700 <= ord(c) < 0x11750 or 0x1B000 <= ord(c) < 0x1B170 or 0x3005 <= ord(c) <= 0x3007
    script = thai or rest or (chinese and ord(c) != 0x4DC0) or 0x3040 <= ord(c) < 0x30A0
    return (
        (script and c.isalpha() and ord(c) < 0xFB00)
        or (script and c.isalpha() and ord(c) > 0x10000)
        or (unicodedata.category(c) == "No")
    )


def katakana(c: str) -> bool:
    return (
        unicodedata.name(c, "").startswith(("KATAKANA", "HALFWIDTH KATAKANA")) and c.isalpha() and ord(c) < 0x10000
    ) or (c in "\u30fc\u30ff\uff70")


def slow_letters(text: str) -> list[str]:
    """Join characters one by one: marks always, letters and digits, and single marks between two of a sort."""

    def joins(i: int, last: str) -> bool:
        c = text[i]
        if alone(c):
            return False
        if c.isalnum() or c == "_":
            return "_" in (c, last) or katakana(c) == katakana(last)
        after = text[i + 1 : i + 2]
        if not after or alone(after) or last == "_" or katakana(last) or katakana(after):
            return False
        both = "'.\u2018\u2019\u2024\uff07\uff0e"
        letters = c in both + ":\u00b7\u0387\u2027\uff1a" and last.isalpha() and after.isalpha()
        return letters or (
            c in both + ",;\u060c\u066c\u2044\uff0c\uff1b"
            and last.isalnum()
            and not last.isalpha()
            and after.isalnum()
            and not after.isalpha()
        )

    found, i = [], 0
    while i < len(text):
        start, last = i, text[i]
        i += 1
        if not (last.isalnum() or last == "_"):
            continue
        single = alone(last)
        while i < len(text):
            mark = unicodedata.category(text[i]) in ("Mn", "Mc", "Me", "Cf") and not text[i].isalnum()
            if not mark and (single or not joins(i, last)):
                break
            if text[i].isalnum() or text[i] == "_":
                last = text[i]
            i += 1
        if text[start].isalnum():
            found.append(text[start:i])
    return found


@given(texts)
def test_space_words_are_those_of_split(values: list[str]) -> None:
    assert words(values, SPACES) == [value.split() for value in values]


@given(texts)
def test_letter_words_agree_with_joining_one_by_one(values: list[str]) -> None:
    assert words(values, LETTERS) == [slow_letters(value) for value in values]


@given(texts)
def test_peeled_words_are_the_same_text_in_the_same_order(values: list[str]) -> None:
    """Nothing is lost, doubled or turned round, and no word spans white space."""
    for value, found in zip(values, words(values, PEELED), strict=True):
        assert "".join(found) == "".join(value.split())
        assert all(found)
        again = words([value.strip()], PEELED)[0]
        assert again == found
    alone = [word for value in values for run in value.split() for word in words([run], PEELED)[0]]
    assert alone == [word for found in words(values, PEELED) for word in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Hello, world!", "Hello|,|world|!", id="punctuation is peeled"),
        pytest.param('("quoted")', '(|"|quoted|"|)', id="mark by mark"),
        pytest.param("Wait... what", "Wait|...|what", id="an ellipsis is one word"),
        pytest.param("I don't, it's", "I|do|n't|,|it|'s", id="contractions"),
        pytest.param("state-of-art 3-4", "state|-|of|-|art|3|-|4", id="hyphens between letters or digits"),
        pytest.param("e.g. the U.S. end.", "e.g.|the|U.S.|end|.", id="abbreviations keep their periods"),
        pytest.param("3.14 1,000", "3.14|1,000", id="numbers stay whole"),
        pytest.param("see https://a.org/b-c.", "see|https://a.org/b-c|.", id="an address stays whole"),
        pytest.param("foo(bar)", "foo(bar|)", id="brackets inside are not cut"),
        pytest.param("$5 5\u20ac", "$|5|5|\u20ac", id="currency signs"),
        pytest.param("---- | --", "----|||--", id="rules of tables"),
        pytest.param("Mr. Id. id. a.m. z.", "Mr.|Id.|i|d.|a.m.|z.", id="abbreviations"),
        pytest.param("(Mr.), U.S.A.;", "(|Mr.|)|,|U.S.A.|;", id="abbreviations inside marks"),
        pytest.param(
            "gonna cannot id dont Ill ill", "gon|na|can|not|i|d|do|nt|Ill|ill", id="contractions run together"
        ),
        pytest.param("I'd've 'cause it\u2019s y'all", "I|'d|'ve|'cause|it|\u2019s|y'|all", id="apostrophes"),
        pytest.param("dogs' dog's DOG'S", "dogs|'|dog|'s|DOG|'S", id="possessives"),
        pytest.param("8am 10a.m. 5km 5m/s 5% v2m", "8|am|10|a.m.|5|km|5|m/s|5|%|v2|m", id="units after digits"),
        pytest.param("US$5 5US$ 3\u20ac \u00a79 5+", "US$|5|5|US$|3|\u20ac|\u00a7|9|5|+", id="money and sections"),
        pytest.param(":-) x:) (8) foo''", ":-)|x|:)|(|8)|foo|''", id="faces, two quotes as one"),
        pytest.param(
            "a--b a\u2014b 1-a x/y k:v a<b a,b", "a|--|b|a|\u2014|b|1|-|a|x|/|y|k|:|v|a|<|b|a|,|b", id="infixes"
        ),
        pytest.param("1,2 2+3 2+a end.Next v.x a...b", "1,2|2|+|3|2+a|end|.|Next|v.x|a|...|b", id="digits and periods"),
        pytest.param(
            "me@a.org b.com/c-d a.b/c 9.9.9.9:80/x 10.0.0.1/x",
            "me@a.org|b.com/c-d|a.b|/|c|9.9.9.9:80/x|10.0.0.1|/|x",
            id="addresses",
        ),
        pytest.param(
            "\u4f60\u597d\u3002\u300c\u597d\u300d",
            "\u4f60\u597d\u3002\u300c\u597d|\u300d",
            id="unspaced scripts stay whole",
        ),
    ],
)
def test_peeled_words_by_example(text: str, expected: str) -> None:
    assert "|".join(words([text], PEELED)[0]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("It's 3.14, e.g. a_b-c", "It's|3.14|e.g|a_b|c", id="marks between letters or between digits"),
        pytest.param("\u4f60\u597d\u3002", "\u4f60|\u597d", id="Chinese: each character"),
        pytest.param("\u30ab\u30fc\u30c9\u3092a\u30ab", "\u30ab\u30fc\u30c9|\u3092|a|\u30ab", id="runs of Katakana"),
        pytest.param("\u0e01\u0e34\u0e19", "\u0e01\u0e34|\u0e19", id="Thai: each letter with its marks"),
        pytest.param("\uc548\ub155 \u0647\u0644", "\uc548\ub155|\u0647\u0644", id="Korean and Arabic have spaces"),
        pytest.param("1\u00bd", "1|\u00bd", id="fractions stand alone"),
    ],
)
def test_letter_words_by_example(text: str, expected: str) -> None:
    assert "|".join(words([text], LETTERS)[0]) == expected


def test_character_classes_cover_all_letters() -> None:
    beyond = range(TABLE_SIZE, 0x110000)
    assert not any(chr(code).isalnum() for code in beyond)


@given(st.text(max_size=12))
def test_a_span_knows_its_characters(text: str) -> None:
    raw = np.frombuffer(text.encode(), np.uint8) if text else np.zeros(0, np.uint8)
    assert span_hash(raw, 0, len(raw))[1] == len(text)


def test_equal_spans_have_equal_hashes_and_others_do_not() -> None:
    raw = np.frombuffer(b"the cat the cab", np.uint8)
    assert span_hash(raw, 0, 3)[0] == span_hash(raw, 8, 11)[0]
    assert span_hash(raw, 4, 7)[0] != span_hash(raw, 12, 15)[0]
