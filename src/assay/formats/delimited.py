"""CSV and TSV: quoted fields with newlines, headers told from the first rows, every row with its bytes and place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.formats.base import FORMATS, Bad, Chunk, Format, Item, Limits, Shape, Stream
from assay.formats.cutting import Place, cut
from assay.formats.json_value import BadValue, recode, utf8_problem
from assay.formats.line_records import BOM, LineFinder, skip_start, until_the_break

SAMPLE_BYTES = 256 << 10
_SAMPLE_ROWS = 100
_STRAY_QUOTES = 3
_NUMBER = re.compile(r"[-+]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?$")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w./\-:]*$")
_WORDS = """
    id text label question answer prompt response output input instruction title context category intent timestamp
    time date value name index url source domain split target sentence premise hypothesis rationale solution
"""
_KNOWN = frozenset(_WORDS.split())  # names of columns that no value is likely to be


@dataclass(frozen=True)
class Dialect:
    """`names` is empty for a file without a header: its columns are c0, c1, ..."""

    delimiter: str
    quoted: bool
    names: tuple[str, ...]
    header: bool
    width: int

    def options(self) -> dict[str, Any]:
        return {
            "delimiter": self.delimiter,
            "quoted": self.quoted,
            "names": list(self.names),
            "header": self.header,
            "width": self.width,
        }


@lru_cache(32)
def _patterns(delimiter: str, quoted: bool) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """A whole record with its newline; and one field with the delimiter after it.

    A field that begins with a quote runs to its closing quote, over newlines and doubled quotes; any other
    quote is a character. Possessive, so that a quote never closed fails at once and is not read another way.
    """
    d = re.escape(delimiter.encode())
    plain = rb"[^" + d + rb"\n]*+"
    if not quoted:
        return re.compile(rb"[^\n]*+\n"), re.compile(rb"()()([^" + d + rb"]*+)(" + d + rb"|\Z)")
    quote = rb'"[^"]*+(?:""[^"]*+)*+"'
    field = rb"(?>" + quote + plain + rb'|(?!")' + plain + rb")"
    record = re.compile(field + rb"(?>" + d + field + rb")*+\n")
    one = re.compile(rb'(?:"([^"]*+(?:""[^"]*+)*+)"([^' + d + rb']*+)|(?!")([^' + d + rb"]*+))(" + d + rb"|\Z)")
    return record, one


class RecordFinder:
    """Records end at newlines outside quoted fields."""

    closed = False

    def __init__(self, delimiter: str, quoted: bool) -> None:
        self._record, _ = _patterns(delimiter, quoted)
        self._lines = LineFinder()
        self._quoted = quoted

    def ends(self, data: bytes, seen: int, final: bool) -> NDArray[np.int64]:
        if not self._quoted or b'"' not in data:
            return self._lines.ends(data, 0, final)
        ends: list[int] = []
        at, size, match = 0, len(data), self._record.match
        while at < size and (found := match(data, at)):
            at = found.end()
            ends.append(at)
        if final and at < size:
            rest = self._final(data, at)
            ends += rest
        return np.array(ends, np.int64)

    def _final(self, data: bytes, at: int) -> list[int]:
        """Ends in the last bytes of a file: a record without newline, or a quote that is never closed."""
        ends: list[int] = []
        while at < len(data):
            if self._record.fullmatch(data[at:] + b"\n"):
                return [*ends, len(data)]
            # The quote opened here has no end: the physical line stands alone, and reading goes on below it.
            at = data.find(b"\n", at) + 1 or len(data)
            ends.append(at)
            while at < len(data) and (found := self._record.match(data, at)):
                at = found.end()
                ends.append(at)
        return ends

    def rescue(self, data: bytes) -> tuple[int, str, str]:
        return data.find(b"\n") + 1, "unclosed_quote", "The quote opened on this line is not closed"

    def pass_over(self, data: bytes) -> int:
        return data.find(b"\n") + 1 or -1


def fields_of(record: bytes, delimiter: str, quoted: bool) -> list[bytes | None] | None:
    """Cells of a record without its newline, None for an empty cell without quotes; None when its quotes do not fit."""
    d = delimiter.encode()
    if not quoted or b'"' not in record:
        return [cell or None for cell in record.split(d)]
    _, one = _patterns(delimiter, quoted)
    cells: list[bytes | None] = []
    at = 0
    while found := one.match(record, at):
        inside, after, bare, sep = found.groups()
        if after and b"\n" in inside:  # not a text over several lines: a stray quote that met the next one
            return None
        cells.append(inside.replace(b'""', b'"') + after if inside is not None else bare or None)
        at = found.end()
        if not sep:
            return cells if at == len(record) else None
    return None


def sniff(head: bytes, preferred: str, *, header: bool | None = None, encoding: str = "utf-8") -> Dialect:
    """Delimiter, quoting, header and width from the first rows. The same bytes give the same answer, always."""
    head = head.removeprefix(BOM)
    best: tuple[float, int, Dialect] | None = None
    misfits = 0
    for rank, (delimiter, quoted) in enumerate(
        [(d, q) for d in dict.fromkeys((preferred, ",", "\t", ";", "|")) for q in (True, False)]
    ):
        rows = _sample(head, delimiter, quoted, encoding)
        widths = Counter(len(row) for row in rows if row)
        if not widths:
            misfits = _STRAY_QUOTES if quoted else misfits
            continue
        width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
        score = count / max(len(rows), 1) if width > 1 else 0.05
        if delimiter != preferred:
            score -= 0.05
        if quoted:
            misfits = len(rows) - count
        elif misfits < _STRAY_QUOTES:
            continue  # a few rows with stray quotes are bad rows, not another dialect
        if best is None or score > best[0] + 1e-9:
            best = (score, rank, Dialect(delimiter, quoted, (), False, width))
    if best is None:
        return Dialect(preferred, True, (), False, 1)
    found = best[2]
    rows = [row for row in _sample(head, found.delimiter, found.quoted, encoding) if row]
    has_header = _is_header(rows) if header is None else header
    if not has_header:
        return found
    names = _names(rows[0]) if rows else ()
    return Dialect(found.delimiter, found.quoted, names, True, max(len(names), 1))


def _sample(head: bytes, delimiter: str, quoted: bool, encoding: str) -> list[list[str]]:
    """The first rows as text; a row whose quotes do not fit counts as an empty one."""
    finder = RecordFinder(delimiter, quoted)
    whole = len(head) < SAMPLE_BYTES
    start, rows = 0, []
    for end in finder.ends(head, 0, whole).tolist():
        record = head[start:end].rstrip(b"\r\n")
        start = end
        if not record:
            continue
        cells = fields_of(record, delimiter, quoted)
        rows.append([(cell or b"").decode(encoding, "replace").strip() for cell in cells] if cells else [])
        if len(rows) == _SAMPLE_ROWS:
            break
    return rows


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: short, distinct words that do not recur below, unlike the values there."""
    if not rows:
        return False
    first = [cell for cell in rows[0] if cell]
    below = [row for row in rows[1:] if len(row) == len(rows[0])]
    if not first or len(set(first)) < len(first):
        return False
    if any(len(cell) > 64 or "\n" in cell or _NUMBER.match(cell) or len(cell.split()) > 6 for cell in first):
        return False
    if any(cell and any(row[i] == cell for row in below) for i, cell in enumerate(rows[0])):
        return False
    if any(cell.lower() in _KNOWN for cell in first) or all(_IDENTIFIER.match(cell) for cell in first):
        return True
    numeric = [sum(bool(_NUMBER.match(row[i])) for row in below) for i in range(len(rows[0]))]
    return any(count >= 0.8 * len(below) > 0 for count in numeric)


def _names(row: Sequence[str]) -> tuple[str, ...]:
    """Column names; an empty one becomes its position, a second of the same name gets a number."""
    names: list[str] = []
    for i, cell in enumerate(row):
        name = cell or f"c{i}"
        n = 2
        while name in names:
            name, n = f"{cell or f'c{i}'}_{n}", n + 1
        names.append(name)
    return tuple(names)


def split_delimited(stream: Stream, shape: Shape, limits: Limits) -> Iterator[Chunk]:
    place = Place(fragment=limits.used)
    skip_start(stream, place)
    finder = RecordFinder(shape.options["delimiter"], shape.options["quoted"])
    for chunk in until_the_break(stream, shape, place, cut(stream, shape, limits, finder, place)):
        for bad in chunk.bad:
            bad.row = bad.line - 1
        yield chunk


def parse_delimited(chunk: Chunk) -> Iterator[Item | Bad]:
    options, encoding = chunk.shape.options, chunk.shape.encoding
    delimiter, quoted, width = options["delimiter"], options["quoted"], options["width"]
    names = options["names"] or [f"c{i}" for i in range(width)]
    start, line = 0, chunk.line
    header = options["header"] and chunk.row == 0
    for end in chunk.cuts().tolist():
        whole = chunk.data[start:end]
        record = whole.rstrip(b"\r\n")
        offset, here = chunk.offset + start, line
        start = end
        line += whole.count(b"\n")
        if not record.strip():
            continue
        if header:
            header = False
            continue
        found = _row(record, delimiter, quoted, names, encoding)
        if isinstance(found, dict):
            yield Item(found, here - 1, offset, len(record), record, here)
        elif b"\n" not in record:
            yield Bad(found.reason, found.detail, here - 1, offset, len(record), record, here)
        else:
            yield from _line_by_line(record, delimiter, quoted, names, encoding, offset, here)


def _line_by_line(
    record: bytes, delimiter: str, quoted: bool, names: Sequence[str], encoding: str, offset: int, line: int
) -> Iterator[Item | Bad]:
    """A record over several lines that does not fit: most often a stray quote swallowed good rows below it."""
    for piece in record.split(b"\n"):
        text = piece.rstrip(b"\r")
        if text.strip():
            found = _row(text, delimiter, quoted, names, encoding)
            if isinstance(found, dict):
                yield Item(found, line - 1, offset, len(text), text, line)
            else:
                yield Bad(found.reason, found.detail, line - 1, offset, len(text), text, line)
        offset += len(piece) + 1
        line += 1


def _row(record: bytes, delimiter: str, quoted: bool, names: Sequence[str], encoding: str) -> dict[str, str] | BadValue:
    if encoding == "utf-8":
        if problem := utf8_problem(record):
            return problem
        text = record
    else:
        try:
            text = recode(record, encoding)
        except BadValue as bad:
            return bad
    cells = fields_of(text, delimiter, quoted)
    if cells is None:
        return BadValue("unclosed_quote", "A quote opened in this record is not closed")
    if len(cells) != len(names):
        return BadValue("field_count", f"Expected {len(names)} fields, got {len(cells)}")
    # An empty cell without quotes says nothing, as null does in JSON; a quoted one is an empty text.
    return {name: cell.decode() for name, cell in zip(names, cells, strict=True) if cell is not None}


for _name, _ext, _doc in (
    ("csv", (".csv",), "Comma-separated (or ; or |) rows; the header is told from the first rows."),
    ("tsv", (".tsv", ".tab"), "Tab-separated rows; columns without a header are c0, c1, ..."),
):
    FORMATS.add(Format(_name, _ext, _doc, split_delimited, parse_delimited))
