"""Quoted passages and citations in a text, and an index of a folder of authorities in which both are looked up."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import UserError
from assay.text.citations import identifiers

GRAM = 4  # words of a quote that are looked up at once; shorter pieces between ellipses are not looked up
NEAR = 25  # words between an author and the year of a work, as in a list of references
MOST_BYTES = 128 << 20  # of authorities: the index needs about three times as much memory
_ENDINGS = (".txt", ".md", ".markdown", ".rst", ".html", ".htm", ".xml", ".json", ".jsonl", ".csv", ".tsv", "")
_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[a-z/!][^<>]*>")
_STRAIGHT = r'(?<![\w"])"(?=\S)(?P<s>[^"\n]*(?:\n(?!\s*\n)[^"\n]*){0,8}?)(?<=\S)"(?![\w"])'
_CURLY = r"[“„](?P<c>[^“”„]{1,4000})[”“]"
_ANGLE = r"«(?P<a>[^«»]{1,4000})»"
_QUOTE = re.compile(f"{_STRAIGHT}|{_CURLY}|{_ANGLE}")
_BLOCK = re.compile(r"(?m)(?:^[ ]{0,3}>[ \t]?.*(?:\n|\Z))+")
_MARKUP = re.compile(r"<[A-Za-z/!][^<>]{0,2000}>")  # its attributes stand in quotation marks
_ALERT = re.compile(r"\s*\[!\w+\]")  # `> [!NOTE]` sets a box, and quotes nobody
_LEFT_OUT = re.compile(r"\[\s*(?:\.\s*){3}\]|\[…\]|\(\s*(?:\.\s*){3}\)|(?:\.\s?){3,}|…|\*\s?\*\s?\*")
_FENCE = re.compile(r"^(`{3,9}|~{3,9}).*?^\1", re.M | re.S)


def words(text: str) -> list[str]:
    """Letters and digits in lower case, compatibility forms made one; all else only parts words."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("\u00ad", ""))


def prose(text: str) -> str:
    """The text without fenced code, in which quotation marks mean something else."""
    return _FENCE.sub("\n", text)


def quoted(text: str, fewest: int) -> list[str]:
    """Passages in quotation marks or block quotes of at least `fewest` words, in order, each once.

    Fenced code, attributes of HTML tags, boxes such as `> [!NOTE]` and addresses without a space are no quotes.
    """
    text = _MARKUP.sub(" ", prose(text))
    found = [(match.start(), match[match.lastgroup or 0]) for match in _QUOTE.finditer(text)]
    for match in _BLOCK.finditer(text):
        found.append((match.start(), re.sub(r"(?m)^[ ]{0,3}>[ \t]?", "", match[0]).strip()))
    long = [said for _, said in sorted(found) if min(len(said.split()), len(words(said))) >= fewest]
    return [said for said in dict.fromkeys(long) if not _ALERT.match(said)]


def pieces(quote: str) -> list[list[str]]:
    """The words of a quote, parted where something was left out; pieces shorter than GRAM words are dropped.

    What an editor put in brackets (`[t]he court`, `[sic]`) parts a quote as well.
    """
    parted = _LEFT_OUT.sub("\0", quote)
    parted = re.sub(r"\[[^\]\n]{0,80}\]\w*", "\0", parted)
    return [found for part in parted.split("\0") if len(found := words(part)) >= GRAM]


@dataclass(frozen=True, slots=True)
class Authorities:
    """The words of all files of a folder, one after the other, with an index of their runs of GRAM words.

    tokens: int32[n] numbers of words, -1 between files; ends: where each file ends; grams: uint64[m] sorted hashes of
    the runs, and at: int32[m] where each begins. A run that is found is compared word by word.
    """

    names: tuple[str, ...]
    vocabulary: dict[str, int]
    tokens: NDArray[np.int32]
    ends: NDArray[np.int64]
    grams: NDArray[np.uint64]
    at: NDArray[np.int32]
    identifiers: frozenset[str]

    def holds(self, quote: str) -> bool | None:
        """Whether one file has all pieces of the quote in order; None where no piece is long enough to look up."""
        wanted = pieces(quote)
        if not wanted:
            return None
        numbers = [[self.vocabulary.get(word, -2) for word in piece] for piece in wanted]
        if any(-2 in piece for piece in numbers):
            return False
        reached: dict[int, int] = {}  # file -> where the pieces so far end at the earliest
        for order, piece in enumerate(numbers):
            found: dict[int, int] = {}
            for start in self._places(np.array(piece, np.int32)).tolist():
                file = int(np.searchsorted(self.ends, start, side="right"))
                if (order == 0 or start >= reached.get(file, 1 << 62)) and file not in found:
                    found[file] = start + len(piece)
            reached = found
        return bool(reached)

    def mentions(self, identifier: str) -> bool:
        """Whether a file, its name included, has the identifier; an author and a year within NEAR words."""
        if not identifier.startswith("author "):
            return identifier in self.identifiers
        found = words(identifier.removeprefix("author "))
        author, year = (self.vocabulary.get(word, -2) for word in found[-2:])
        starts, years = np.flatnonzero(self.tokens == author), np.flatnonzero(self.tokens == year)
        if not len(starts) or not len(years):
            return False
        nearest = np.clip(np.searchsorted(starts, years), 0, len(starts) - 1)
        near = np.minimum(np.abs(starts[nearest] - years), np.abs(starts[np.maximum(nearest - 1, 0)] - years))
        return bool(near.min() <= NEAR)

    def _places(self, piece: NDArray[np.int32]) -> NDArray[np.int32]:
        """Where these words (GRAM and more) stand in a row; rising."""
        hashes = _gram_hashes(piece)
        lows, highs = (np.searchsorted(self.grams, hashes, side=side) for side in ("left", "right"))
        rarest = int(np.argmin(highs - lows))
        starts = self.at[lows[rarest] : highs[rarest]] - rarest
        starts = starts[(starts >= 0) & (starts + len(piece) <= len(self.tokens))]
        for offset, number in enumerate(piece):
            starts = starts[self.tokens[starts + offset] == number]
        return np.sort(starts)


def _gram_hashes(tokens: NDArray[np.int32]) -> NDArray[np.uint64]:
    count = max(0, len(tokens) - GRAM + 1)
    out = np.zeros(count, np.uint64)
    for k in range(GRAM):
        out = (out ^ (out >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) + tokens[k : k + count].astype(np.uint64)
    return out


def read_authorities(folder: str | Path) -> Authorities:
    """Index every text, Markdown and HTML file below a folder (or one file). E106: none there, or too much."""
    place = Path(folder)
    if not place.exists():
        raise UserError("E106", f"authorities: there is no file or folder {str(folder)!r}", fix="check the path")
    files = [place] if place.is_file() else sorted(file for file in place.rglob("*") if file.is_file())
    files = [file for file in files if file.suffix.lower() in _ENDINGS and not file.name.startswith(".")]
    total = sum(file.stat().st_size for file in files)
    if not files:
        raise UserError("E106", f"authorities: no texts in {place.name!r}", fix="text, Markdown and HTML are read")
    if total > MOST_BYTES:
        what = f"authorities: {total >> 20} MiB in {place.name!r}, at most {MOST_BYTES >> 20} are indexed"
        raise UserError("E106", what, fix="leave out what the records do not quote")
    vocabulary: dict[str, int] = {}
    parts: list[NDArray[np.int32]] = []
    ends: list[int] = []
    known: set[str] = set()
    length = 0
    for file in files:
        text = file.read_bytes().decode("utf-8", "replace")
        if file.suffix.lower() in (".html", ".htm", ".xml"):
            text = html.unescape(_TAG.sub(" ", text))
        name = file.name if file == place else file.relative_to(place).as_posix()
        title = re.sub(r"[_/]+|(?<=[A-Za-z])(?=\d)", " ", name)
        known |= identifiers(text) | identifiers(title) | named_numbers(file.stem)
        numbers = [vocabulary.setdefault(word, len(vocabulary)) for word in words(title)] + [-1]
        numbers += [vocabulary.setdefault(word, len(vocabulary)) for word in words(text)] + [-1]
        parts.append(np.array(numbers, np.int32))
        length += len(numbers)
        ends.append(length)
    tokens = np.concatenate(parts)
    hashes = _gram_hashes(tokens)
    inside = np.ones(len(hashes), np.bool_)
    for k in range(GRAM):
        inside &= tokens[k : k + len(hashes)] >= 0
    at = np.flatnonzero(inside).astype(np.int32)
    order = np.argsort(hashes[at], kind="stable")
    names = tuple(file.name if file == place else file.relative_to(place).as_posix() for file in files)
    ends_at = np.array(ends, np.int64)
    return Authorities(names, vocabulary, tokens, ends_at, hashes[at][order], at[order], frozenset(known))


def named_numbers(stem: str) -> set[str]:
    """`0404-change-prefer-dynamic` is RFC 404 in a folder of RFCs."""
    match = re.match(r"(?i)(?:rfc[-_ ]?)?0*(\d{1,5})(?![\d.])", stem)
    return {f"rfc {match[1]}"} if match else set()
