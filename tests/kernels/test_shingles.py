"""Words and shingles against plain Python that goes character by character."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.kernels.fold_table import ALONE, BMP, MANY, PART, SKIP, fold_table
from assay.kernels.minhash import row_shingles
from assay.kernels.shingles import (
    AUTO,
    CODE,
    NO_DIGIT,
    NO_IDENTIFIER,
    NO_NUMBER,
    PROSE,
    char_shingles,
    looks_like_code,
    row_chars,
    row_words,
    word_shingles,
)
from tests.dedup import near_oracle as oracle

# Letters, digits, marks and the troublemakers: ligatures, halves, accents apart, joiners, kana, Thai, Hangul, emoji.
PIECES = (
    "a", "B", "ß", "é", "e\u0301", "ﬁ", "½", "²", "Å", "İ", "ı", "ς", "Ⅷ", "㍿", "ﷺ", "7", "42", "４", "٣", "_", "-",
    ".", "(", "=", "{", "'", " ", "\n", "\u00a0", "\u00ad", "\u200d", "\u200b", "日", "本", "が", "ｶ\uff9e", "ก", "ก็",
    "ี", "한국", "\u0915\u094d\u0937", "\u05d1\u05bc", "\U0001f600", "\U0001d54f", "\U00020000", "\U000e0041",
    "\x7f", "\x00", "ŉ", "Ǆ",
)  # fmt: skip
texts = st.text(max_size=30) | st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
MODES = {"words": PROSE, "code": CODE, "auto": AUTO}


def read(text: str, mode: int = PROSE) -> tuple[list[int], list[tuple[int, int]]]:
    data = np.frombuffer(text.encode(), np.uint8)
    room = len(data)
    hashes, starts, ends = np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(room, np.int32)
    n = row_words(data, 0, room, fold_table(), mode, hashes, starts, ends)
    return hashes[:n].tolist(), list(zip(starts[:n].tolist(), ends[:n].tolist(), strict=True))


def shingled(text: str, size: int, mode: int) -> tuple[int, list[int]]:
    data = np.frombuffer(text.encode(), np.uint8)
    room = 20 * len(data)
    words, out = np.empty(room, np.uint64), np.empty(room, np.uint64)
    n, count = row_shingles(data, 0, len(data), fold_table(), mode, size, words, np.empty(2 * len(data), np.int32), out)
    return n, out[:count].tolist()


@settings(max_examples=600)
@given(text=texts, code=st.booleans())
@example(text="½a", code=False)
@example(text="\u0301日\u0301\u0301a", code=True)
def test_words_are_those_of_plain_python(text: str, code: bool) -> None:
    found, _ = read(text, CODE if code else PROSE)
    assert found == [oracle.word_hash(word) for word in oracle.words(text, code=code)]


@settings(max_examples=300)
@given(text=texts, code=st.booleans())
def test_places_hold_the_words_in_order(text: str, code: bool) -> None:
    found, places = read(text, CODE if code else PROSE)
    raw, last = text.encode(), 0
    for value, (start, end) in zip(found, places, strict=True):
        assert last <= start < end <= len(raw)
        last = end
        alone, _ = read(raw[start:end].decode(), CODE if code else PROSE)
        assert alone == [value]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Quick Fox", "the quick fox"),
        ("naïve café", "naive cafe"),
        ("Straße", "STRASSE"),
        ("ﬁnal ｗｉｄｅ", "final wide"),
        ("one, two -- three!", "one\n\n  two\tthree"),
        ("soft\u00adhyphen zero\u200dwidth", "softhyphen zerowidth"),
        (unicodedata.normalize("NFD", "Ångström är"), unicodedata.normalize("NFC", "Ångström är")),
        ("\uff2d\uff30\uff13", "mp3"),
        ("日本 語", "日本語"),
    ],
    ids=[
        "case", "accents", "sharp s", "ligatures and width", "punctuation and line breaks", "hyphens and joiners",
        "normal forms", "full width", "spaces between Han",
    ],
)  # fmt: skip
def test_retyping_changes_no_word(one: str, other: str) -> None:
    assert read(one)[0] == read(other)[0]


@settings(max_examples=400)
@given(text=st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)), max_size=20))
def test_normal_forms_and_case_change_no_word(text: str) -> None:
    """But of Hangul, whose syllables are not taken apart, and characters that stand for several."""
    hangul = ((0x1100, 0x11FF), (0xAC00, 0xD7A3))
    kept = [c for c in text if len(oracle.folded(c)) <= 1 and not any(a <= ord(c) <= b for a, b in hangul)]
    plain = "".join(c for c in kept if c.upper().lower().casefold() == c.casefold())
    found = read(plain)[0]
    assert read(unicodedata.normalize("NFC", plain))[0] == found
    assert read(unicodedata.normalize("NFD", plain))[0] == found
    assert read(plain.upper())[0] == found


@pytest.mark.parametrize(
    ("word", "number", "digit", "identifier"),
    [
        ("42", True, True, False),
        ("４２", True, True, False),
        ("²", True, True, False),
        ("20240", True, True, True),
        ("a7", False, True, False),
        ("ORD77812", False, True, True),
        ("3a9f8b1c2", False, True, True),
        ("forty", False, False, False),
        ("日", False, False, False),
    ],
)
def test_the_lowest_bits_tell_numbers_digits_and_identifiers(
    word: str, number: bool, digit: bool, identifier: bool
) -> None:
    ((value,), _) = read(word)
    told = [value & int(bit) == 0 for bit in (NO_NUMBER, NO_DIGIT, NO_IDENTIFIER)]
    assert told == [number, digit, identifier]


@pytest.mark.slow
def test_every_character_of_the_basic_plane_folds_as_plain_python_says() -> None:
    table = fold_table()
    for code in range(BMP):
        if 0xD800 <= code <= 0xDFFF:
            continue
        value = int(table[code])
        many = value & MANY
        at = value ^ MANY
        values = table[at + 1 : at + 1 + int(table[at])].tolist() if many else [value]
        told = [oracle.PARTS if one == PART else chr(one & ~ALONE) for one in values if one != SKIP]
        assert told == oracle.folded(chr(code)), hex(code)
        for one in values:
            if one not in (PART, SKIP):
                assert bool(one & ALONE) == oracle.alone(chr(one & ~ALONE)), hex(code)


def test_the_table_is_the_same_array_for_all_and_cannot_be_written() -> None:
    assert fold_table() is fold_table()
    with pytest.raises(ValueError, match="read-only"):
        fold_table()[0] = 1


@settings(max_examples=400)
@given(text=texts, size=st.integers(1, 7), mode=st.sampled_from(sorted(MODES)))
@example(text="()", size=5, mode="code")
@example(text="a b c d e", size=5, mode="words")
@example(text="ab", size=5, mode="words")
def test_shingles_are_those_of_plain_python(text: str, size: int, mode: str) -> None:
    count, found = shingled(text, size, MODES[mode])
    code = mode == "code" or (mode == "auto" and oracle.looks_like_code(text))
    assert count == len(oracle.words(text, code=code))
    assert found == oracle.hashes(text, size, mode)


@given(values=st.lists(st.integers(0, 2**64 - 1), max_size=30), size=st.integers(1, 9))
def test_rolled_runs_equal_runs_hashed_one_by_one(values: list[int], size: int) -> None:
    words, out = np.array(values, np.uint64), np.zeros(len(values) + 1, np.uint64)
    count = word_shingles(words, len(words), size, out)
    runs = [values[i : i + size] for i in range(len(values) - size + 1)]
    assert out[:count].tolist() == [oracle.shingle_hash(run) for run in runs]


@settings(max_examples=300)
@given(text=texts, size=st.integers(1, 6))
def test_short_texts_are_runs_of_folded_characters(text: str, size: int) -> None:
    data = np.frombuffer(text.encode(), np.uint8)
    out, runs = np.empty(20 * len(data) + 1, np.uint64), np.empty(20 * len(data) + 1, np.uint64)
    n = row_chars(data, 0, len(data), fold_table(), out)
    assert "".join(map(chr, out[:n].tolist())) == oracle.chars(text)
    count = char_shingles(out, n, size, runs)
    plain = oracle.chars(text)
    width = min(size, len(plain))
    expected = [oracle.chars_hash(plain[i : i + width]) for i in range(len(plain) - width + 1)] if plain else []
    assert runs[:count].tolist() == expected


@given(text=texts | st.text("ab(){};=_ \n", max_size=60))
def test_code_is_told_by_its_marks(text: str) -> None:
    data = np.frombuffer(text.encode(), np.uint8)
    assert looks_like_code(data, 0, len(data)) == oracle.looks_like_code(text)


def test_ill_formed_bytes_part_words_and_end_in_time() -> None:
    for raw in (b"a\xff\xfe b", b"\xe6\x97", b"\xf0\x9f", b"a\xc3", b"\x80\x80"):
        data = np.frombuffer(raw, np.uint8)
        hashes, places = np.empty(len(raw), np.uint64), np.empty((2, len(raw)), np.int32)
        n = row_words(data, 0, len(raw), fold_table(), PROSE, hashes, places[0], places[1])
        assert n <= len(raw)
        assert (places[1, :n] <= len(raw)).all()
