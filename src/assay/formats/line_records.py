"""One record per line: JSON Lines, and plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.formats.base import FORMATS, Bad, Chunk, Format, Item, Limits, Shape, Stream
from assay.formats.cutting import Place, bad_chunk, cut
from assay.formats.json_value import BadValue, parse_value, recode, utf8_problem

BOM = b"\xef\xbb\xbf"
_NEWLINE = 10


class LineFinder:
    """Records end after each newline."""

    closed = False

    def ends(self, data: bytes, seen: int, final: bool) -> NDArray[np.int64]:
        found = np.flatnonzero(np.frombuffer(data, np.uint8)[seen:] == _NEWLINE).astype(np.int64) + (seen + 1)
        if final and data and (not len(found) or found[-1] < len(data)):
            return np.append(found, np.int64(len(data)))
        return found

    def rescue(self, data: bytes) -> tuple[int, str, str]:
        return 0, "", ""  # a line ends at its newline, however far

    def pass_over(self, data: bytes) -> int:
        return data.find(b"\n") + 1 or -1


def split_lines(stream: Stream, shape: Shape, limits: Limits) -> Iterator[Chunk]:
    place = Place(fragment=limits.used)
    if stream.peek(3) == BOM:
        place.offset = len(stream.read(3))
    yield from until_the_break(stream, shape, place, cut(stream, shape, limits, LineFinder(), place))


def skip_start(stream: Stream, place: Place) -> None:
    """Past a byte order mark and blank lines: the next record is the first one."""
    if stream.peek(3) == BOM:
        place.offset += len(stream.read(3))
    while (head := stream.peek(1 << 16)) and (blank := len(head) - len(head.lstrip(b"\r\n"))):
        passed = stream.read(blank)
        place.offset += blank
        place.line += passed.count(b"\n")


def until_the_break(stream: Stream, shape: Shape, place: Place, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Where the bytes broke off, the record they broke in is a bad place, even when it looks whole."""
    last: Chunk | None = None
    for chunk in chunks:
        if last is not None:
            yield last
        last = chunk
    if stream.broken is None:
        yield from (last,) if last is not None else ()
        return
    reason, detail = stream.broken
    tail = b""
    if last is not None and last.data and not last.data.endswith(b"\n"):
        ends = last.cuts()
        at = int(ends[-2]) if len(ends) > 1 else 0
        tail = last.data[at:]
        place = Place(last.offset + at, last.row + len(ends) - 1, last.line + last.data.count(b"\n", 0, at))
        last = replace(last, data=last.data[:at], ends=ends[:-1].tobytes(), closes_fragment=False) if at else None
    if last is not None:
        yield last
    yield bad_chunk(shape, place, Bad(reason, detail, place.row, place.offset, len(tail), tail), tail)


def parse_jsonl(chunk: Chunk) -> Iterator[Item | Bad]:
    data, encoding = chunk.data, chunk.shape.encoding
    start, row, base = 0, chunk.row, chunk.offset
    for end in chunk.cuts().tolist():
        raw = data[start:end].strip(b" \t\r\n")
        if raw:
            offset = base + start + (data.find(raw[:1], start) - start)
            try:
                yield Item(parse_value(raw, encoding), row, offset, len(raw), raw, row + 1)
            except BadValue as bad:
                yield Bad(bad.reason, bad.detail, row, offset, len(raw), raw, row + 1)
        start = end
        row += 1


def parse_lines(chunk: Chunk) -> Iterator[Item | Bad]:
    data, encoding = chunk.data, chunk.shape.encoding
    start, row = 0, chunk.row
    for end in chunk.cuts().tolist():
        raw = data[start:end].rstrip(b"\r\n")
        if raw.strip():
            offset = chunk.offset + start
            problem = utf8_problem(raw) if encoding == "utf-8" else None
            try:
                text = (raw if problem else recode(raw, encoding)).decode(errors="replace")
            except BadValue as bad:
                problem, text = bad, ""
            if problem:
                yield Bad(problem.reason, problem.detail, row, offset, len(raw), raw, row + 1)
            else:
                yield Item({"text": text}, row, offset, len(raw), raw, row + 1)
        start = end
        row += 1


FORMATS.add(
    Format(
        "jsonl",
        (".jsonl", ".ndjson", ".jsonlines"),
        "One JSON object per line; blank lines are not records.",
        split_lines,
        parse_jsonl,
    )
)
FORMATS.add(Format("lines", (), 'One text per line, as {"text": line}; only on request.', split_lines, parse_lines))
