"""Slow and obvious: words, shingles, signatures, similarity and clusters in plain Python, character by character."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

BITS = 0xFFFFFFFFFFFFFFFF
STEP, PRIME, BASIS = 0x9E3779B97F4A7C15, 0x100000001B3, 0xCBF29CE484222325
UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
PARTS = ""  # what stands for a mark or a space: no character


def alone(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in UNSPACED)


def folded(char: str) -> list[str]:
    """The characters that one character counts as; PARTS where it is a mark or a space, nothing where it is skipped."""
    if ord(char) > 0xFFFF:
        return [PARTS] if 0x1F000 <= ord(char) <= 0x1FAFF or ord(char) >= 0xE0000 else [char]
    whole = char
    if not "\uac00" <= char <= "\ud7a3":
        whole = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    out = []
    for one in whole:
        category = unicodedata.category(one)
        if category == "Cf" or (category == "Mn" and unicodedata.combining(one) not in (0, 7, 9)):
            continue
        out.append(one if category[0] in "LNM" else PARTS)
    return out


def words(text: str, *, code: bool = False) -> list[str]:
    found, word = [], ""
    for char in text:
        values = folded(char)
        if values == [PARTS]:
            found.append(word)
            word = ""
            if code and "!" <= char <= "~":
                found.append(char)
        elif len(values) == 1 and alone(values[0]):
            found += [word, values[0]]
            word = ""
        else:  # a character that stands for several is never parted within, but it ends a word where it holds a mark
            word += "".join(values)
            if PARTS in values:
                found.append(word)
                word = ""
    return [one for one in [*found, word] if one]


def chars(text: str) -> str:
    """Folded characters, one space between words."""
    out = ""
    gap = False
    for char in text:
        values = folded(char)
        if values == [PARTS]:
            gap = bool(out)
        elif values:
            out += (" " if gap else "") + "".join(value or " " for value in values)
            gap = False
    return out


def looks_like_code(text: str) -> bool:
    seen = [one for one in text.encode()[:4096] if one > 32]
    marks = sum(chr(one) in "(){}=;" for one in seen)
    return 25 * marks >= len(seen) and (marks >= 6 or (2 * marks >= len(seen) and len(seen) > 0))


def shingles(text: str, size: int = 5, mode: str = "auto") -> list[tuple[str, ...]]:
    """Every run of `size` words; of characters where there are fewer words; marks alone where code has nothing else."""
    code = mode == "code" or (mode == "auto" and looks_like_code(text))
    found = words(text, code=code)
    if len(found) >= size:
        return [tuple(found[i : i + size]) for i in range(len(found) - size + 1)]
    plain = chars(text)
    if found and not plain:
        return [tuple(found)]
    width = min(size, len(plain))
    return [("chars", plain[i : i + width]) for i in range(len(plain) - width + 1)] if found else []


def mixed(h: int) -> int:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = ((h ^ (h >> 33)) * factor) & BITS
    return h ^ (h >> 33)


def word_hash(word: str) -> int:
    """FNV-1a over characters, mixed; lowest bits: 1 without a digit, 2 but for digits alone, 4 under five digits."""
    h = BASIS
    for char in word:
        h = ((h ^ ord(char)) * PRIME) & BITS
    digits = sum("0" <= char <= "9" for char in word)
    return (mixed(h) & ~7) | (digits == 0) | (digits < len(word)) << 1 | (digits < 5) << 2


def shingle_hash(run: Sequence[int]) -> int:
    h = 0
    for value in run:
        h = (h * STEP + value) & BITS
    return mixed(h)


def chars_hash(run: str) -> int:
    h = 0x84222325CBF29CE4
    for char in run:
        h = ((h ^ ord(char)) * PRIME) & BITS
    return mixed(h)


def hashes(text: str, size: int = 5, mode: str = "auto") -> list[int]:
    out = []
    for run in shingles(text, size, mode):
        out.append(chars_hash(run[1]) if run[0] == "chars" else shingle_hash([word_hash(word) for word in run]))
    return out


def signature(of: Iterable[int], factors: Sequence[int], addends: Sequence[int]) -> list[int]:
    high = [value >> 32 for value in of]
    return [min((a * h + b) & 0xFFFFFFFF for h in high) for a, b in zip(factors, addends, strict=True)]


def band_hashes(least: Sequence[int], bands: int) -> list[int]:
    """One hash for each band."""
    rows, out = len(least) // bands, []
    for band in range(bands):
        h = band + 1
        for value in least[band * rows : (band + 1) * rows]:
            h = (h * STEP + value) & BITS
        out.append(mixed(h))
    return out


def jaccard(a: Iterable[object], b: Iterable[object]) -> float:
    one, other = set(a), set(b)
    return len(one & other) / len(one | other) if one | other else 0.0


def components(n: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    near: dict[int, set[int]] = {i: set() for i in range(n)}
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    out = [-1] * n
    for i in range(n):
        waiting = [i] if out[i] < 0 else []
        while waiting:
            one = waiting.pop()
            if out[one] < 0:
                out[one] = i
                waiting += sorted(near[one])
    return out


def stars(
    order: Sequence[int], protected: Sequence[bool], edges: Mapping[tuple[int, int], float], threshold: float,
    sets: Sequence[set[int]],
) -> list[int]:  # fmt: skip
    """The best without a keeper keeps its neighbours, and their neighbours where these are close enough to it."""
    near: dict[int, set[int]] = {i: set() for i in range(len(order))}
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    keeper = [-1] * len(order)
    for best in order:
        if keeper[best] >= 0:
            continue
        keeper[best] = best
        second = {two for one in near[best] for two in near[one]} - near[best]
        close = near[best] | {two for two in second if jaccard(sets[best], sets[two]) >= threshold}
        for one in sorted(close):
            if keeper[one] < 0 and not protected[one]:
                keeper[one] = best
    return keeper
