"""One array that the word kernels read: character classes, and English exceptions as a hash table.

uint8 in four parts: the classes of each code point; how English words are peeled at each code point; a filter by first
byte, last byte and length; slots of a hash of the bytes and where the exception is cut. One array, because kernels
then take one argument, and because a constant inside a compiled kernel would go stale with its cache.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.kernels.word_exceptions import UNITS, exceptions

TABLE_SIZE = 0x32400  # above it no code point is a letter, a digit or punctuation
# Of any text. STOP ends a sentence for FineWeb; SPLIT does so for spaCy's sentencizer, PUNCT does not begin the next.
# ALONE is a word of its own: a letter of a script without spaces, a number that is no digit.
ALPHA, ALNUM, SYMBOL, STOP, SPLIT, MARK, PUNCT, ALONE = 1, 2, 4, 8, 16, 32, 64, 128
# Of English words: peeled off the begin, off the end; may stand before a final period; a letter; before and after a
# period that cuts; cuts wherever it stands; cuts between some.
FRONT, BACK, DOTTED, LETTER, SMALL, LARGE, CUT, JOINT = 1, 2, 4, 8, 16, 32, 64, 128
FILTER_AT, FILTER_SIZE = 2 * TABLE_SIZE, 32768
SLOTS_AT, SLOTS = FILTER_AT + FILTER_SIZE, 4096
PAIRS_AT = SLOTS_AT + 16 * SLOTS  # 16 KB: may an exception that is JOINED begin with these two bytes, of seven bits?
LONGEST = 29  # bytes of the longest exception
EXCEPTION, UNIT, JOINED = 0, 1, 2  # JOINED: exceptions that words without them can spell together

# Characters that make no word alone: what datatrove calls punctuation (utils/text.py), the digit U+FF11 included, and
# every STOP.
_SYMBOLS = (
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u2014\u201d\uff05\uff11\u3008\u3001\u2501\u3010\u300d\uff0c\u3011\uff1b\u201c"
    "\u300a\u201e\u300c\u2019\u2236\u00b4\uff0e\uff08\u2013\uff1f\uff1a\uff01\u00ab\u3009\u300b\uff09\u3002\u2026"
    "\u00bb\u25ba\uff5e"
)
# Sentence marks of all scripts: Unicode's Sentence_Terminal and a few more, as datatrove lists them.
_STOPS = (
    "21 2e 3f 589 61d-61f 6d4 700-702 7f9 837 839 83d-83e 964-965 104a-104b 1362 1367-1368 166e 1735-1736 17d4-17d6 "
    "17d9-17da 1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e 1c3b-1c3c 1c7e-1c7f 203c-203d 2047-2049 "
    "2e2e 2e3c 2e53-2e54 3002 a4ff a60e-a60f a6f3 a6f7 a876-a877 a8ce-a8cf a92f a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb "
    "fe52 fe56-fe57 ff01 ff0e ff1f ff61 10a56-10a57 10f55-10f59 10f86-10f89 11047-11048 110be-110c1 11141-11143 "
    "111c5-111c6 111cd 111de-111df 11238-11239 1123b-1123c 112a9 1144b-1144c 115c2-115c3 115c9-115d7 11641-11642 "
    "1173c-1173e 11944 11946 11a42-11a43 11a9b-11a9c 11c41-11c42 11ef7-11ef8 11f43-11f44 16a6e-16a6f 16af5 "
    "16b37-16b38 16b44 16e98 1bc9f 1da88"
)
_STOPS_NOT_SPLIT = (
    "61d-61e 837 839 83d-83e 17d4-17d6 17d9-17da 1b7d-1b7e 2e53-2e54 10f55-10f59 10f86-10f89 11944 11946 11ef7-11ef8 "
    "11f43-11f44 16e98"
)
# What spaCy's English rules call letters, and those of them without case.
_LETTERS = (
    "41-5a 61-7a c0-d6 d8-f6 f8-1bf 1c4-2af 386 388-38a 38c 38e-38f 391-3a9 3ac-3af 3b1-3c9 3cc-3ce 400-401 403-40a "
    "40c-40d 410-451 453-45a 45c-45d 490-491 496-497 4a2-4a3 4ae-4af 4ba-4bb 4d8-4d9 4e8-4e9 1d00-1d25 1d6b-1d77 "
    "1d79-1d9a 1e00-1eff 2c60-2c7b 2c7e-2c7f a722-a76f a771-a787 a78b-a78e a790-a7b9 a7fa ab30-ab5a ab60-ab64 "
    "ff21-ff3a ff41-ff5a"
)
_UNCASED = (
    "591-5f4 620-64a 66e-6d5 6e5-6ff 750-77f 8a0-8bd 900-9ff b80-cff d80-dff 1100-137f 2e80-2fdf 2ff0-30ff 31c0-31ef "
    "3200-4dbf 4e00-9fff ac00-d7af f900-faff fb1d-fbb1 fbd3-fd3d fd50-fdc7 fdf0-fdfb fe30-fe4f fe70-fefc 1ee00-1eebb "
    "1f200-1f2ff 20000-2a6df 2a700-2ebef 2f800-2fa1f"
)
# Symbols (category So) that its tables do not have: added to Unicode later, or left out.
_NO_ICONS = (
    "166d 2b97 2bc9 2bff 2e50-2e51 32ff fd40-fd4f fdcf fdfe-fdff 1019c 11fd5-11fdc 11fe1-11ff1 1cf50-1cfc3 1d1e9-1d1ea "
    "1e14f 1ed2e 1f10d-1f10f 1f16c-1f16f 1f1ad 1f6d5-1f6d7 1f6dd-1f6df 1f6fa-1f6fc 1f7e0-1f7eb 1f7f0 1f8b0-1f8b1 "
    "1f90c-1f90f 1f93f 1f971-1f972 1f977-1f979 1f97b 1f9a3-1f9af 1f9ba-1f9bf 1f9c3-1f9cf 1fa00-1fa53 1fa70-1fa74 "
    "1fa78-1fa7c 1fa80-1fa86 1fa90-1faac 1fab0-1faba 1fac0-1fac5 1fad0-1fad9 1fae0-1fae7 1faf0-1faf6 1fb00-1fb92 "
    "1fb94-1fbca"
)
# Letters of scripts written without spaces, Katakana left out; Unicode's complex-context scripts among them.
_UNSPACED = (
    "e00-eff 1000-109f 1780-17ff 1950-19df 1a20-1aaf 3005-3007 3040-309f 3400-4dbf 4e00-9fff a9e0-a9ff aa60-aadf "
    "f900-faff 11700-1174f 1b000-1b16f 20000-323af"
)
_QUOTES = "'\"\u201d\u201c`\u2018\u00b4\u2019\u201a,\u201e\u00bb\u00ab\u27e6\u27e7\u2329\u232a\u3008\u3009\uff08\uff09"
_QUOTES_BEYOND = "\u300c\u300d\u300e\u300f\u3014\u3015\u3010\u3011\u300a\u300b"
_MARKS = (
    "\u2026,:;!?\u00bf\u061f\u00a1()[]{}<>_#*&\u3002\uff1f\uff01\uff0c\u3001\uff1b\uff1a\uff5e\u00b7\u0964\u060c\u06d4"
    "\u061b\u066a"
)


def _codes(ranges: str) -> list[int]:
    """Code points of hexadecimal ranges, ends included."""
    found: list[int] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        found += range(int(first, 16), int(last or first, 16) + 1)
    return found


def _set(part: NDArray[np.uint8], characters: str | list[int], bits: int) -> None:
    part[[ord(char) for char in characters] if isinstance(characters, str) else characters] |= bits


def _any_text(part: NDArray[np.uint8]) -> None:
    for code in range(TABLE_SIZE):
        char = chr(code)
        category = unicodedata.category(char)
        if char.isalnum():
            part[code] = ALNUM | (ALPHA if char.isalpha() else 0)
        elif category in ("Mn", "Mc", "Me", "Cf"):
            part[code] = MARK
        elif category[0] == "P":
            part[code] = PUNCT
        if category == "No":
            part[code] |= ALONE
    for code in _codes(_UNSPACED):
        if part[code] & ALPHA:
            part[code] |= ALONE
    _set(part, _SYMBOLS + "".join(map(chr, (*range(9), 11, 12, *range(13, 32), *range(127, 160)))), SYMBOL)
    _set(part, _codes(_STOPS), SYMBOL | STOP | SPLIT)
    part[_codes(_STOPS_NOT_SPLIT)] &= ~np.uint8(SPLIT)


def _english(part: NDArray[np.uint8]) -> None:
    icons = [code for code in range(128, TABLE_SIZE) if unicodedata.category(chr(code)) == "So"]
    icons = sorted(set(icons) - set(_codes(_NO_ICONS)))
    _set(part, icons, FRONT | BACK | CUT)
    _set(part, _QUOTES + _QUOTES_BEYOND + _MARKS + "\u2014\u2013", FRONT | BACK)
    _set(part, "%=\u00a7$\u00a3\u00a5\u0e3f\ufdfc", FRONT)
    _set(part, list(range(0x20A0, 0x20C0)), FRONT)
    _set(part, _QUOTES + _MARKS + "0123456789|%\u00b2-+", DOTTED)
    _set(part, _QUOTES, SMALL | LARGE)
    _set(part, "\u2026", CUT)
    _set(part, ".,:+-*^~<>=/", JOINT)
    for code in _codes(_LETTERS):
        category = unicodedata.category(chr(code))
        part[code] |= LETTER
        if category == "Ll" or code == 0x294:
            part[code] |= SMALL | DOTTED
        elif category == "Lu" or code == 0x3A2:
            part[code] |= LARGE
    _set(part, _codes(_UNCASED), LETTER | SMALL | LARGE | DOTTED)


def hash_of(said: bytes, sort: int) -> int:
    """What kernels compute for an exception or a unit."""
    h = 0xCBF29CE484222325 + (sort << 40)
    for byte in said:
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def _hashed(table: NDArray[np.uint8]) -> None:
    """Slots of two uint64: the hash, and a bit for every byte of the exception at which a word begins."""
    slots = table[SLOTS_AT:PAIRS_AT].view(np.uint64).reshape(SLOTS, 2)
    entries = [(word, pieces, EXCEPTION) for word, pieces in exceptions().items()]
    entries += [(unit, (unit,), UNIT) for unit in UNITS]
    whole = [word for word, pieces in exceptions().items() if len(pieces) == 1 or word.endswith("m.")]
    entries += [(word, exceptions()[word], JOINED) for word in whole if not word.isalpha()]
    for word, pieces, sort in entries:
        said, cuts, at = word.encode(), 0, 0
        for piece in pieces[:-1]:
            at += len(piece.encode())
            cuts |= 1 << at
        h = hash_of(said, sort)
        slot = h % SLOTS
        while slots[slot, 0]:
            slot = (slot + 1) % SLOTS
        slots[slot] = h, cuts
        key = said[0] * 7 + said[len(said) // 2] * 509 + said[-1] * 8191 + len(said) * 127 + sort * 5003
        table[FILTER_AT + key % FILTER_SIZE] = 1
        if sort == JOINED and len(said) > 1:
            table[PAIRS_AT + ((said[0] & 127) << 7 | said[1] & 127)] = 1


@lru_cache(maxsize=1)
def character_classes() -> NDArray[np.uint8]:
    """uint8: the table that the word kernels read, from Python's own Unicode tables and spaCy's English rules.

    The first TABLE_SIZE bytes are bits of each code point: ALPHA and ALNUM as str.isalpha and str.isalnum; SYMBOL makes
    no word alone; STOP and SPLIT end sentences; PUNCT is punctuation; MARK continues a word.
    Made on first use, in 0.1 s.
    """
    table = np.zeros(PAIRS_AT + 16384, np.uint8)
    _any_text(table[:TABLE_SIZE])
    _english(table[TABLE_SIZE : 2 * TABLE_SIZE])
    _hashed(table)
    table.flags.writeable = False
    return table
