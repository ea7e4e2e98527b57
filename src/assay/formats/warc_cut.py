"""Where the records of WARC and ARC archives begin and end, also where their lengths lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.formats.base import Bad, Chunk, Limits, Shape, Stream
from assay.formats.cutting import Place, bad_chunk, cut

_LENGTH = re.compile(rb"(?:^|\n)Content-Length:[ \t]*(\d{1,18})[ \t]*\r?\n", re.IGNORECASE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_HEADER_BYTES = 256 << 10
# A line that begins a record. An ARC record's: url, address, 14 digits (some wrote more), type, length.
BEGINS = {
    "warc": re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n"),
    "arc": re.compile(
        rb"(?P<url>[a-zA-Z][\w+.-]*:[^\r\n]*) (?P<ip>\S+) (?P<date>\d{12,20}) (?P<mime>\S+) (?P<length>\S+)\r?\n"
    ),
}
_LINE_BYTES = 64 << 10


class ArchiveFinder:
    """A record ends where its length says, when another record, or nothing, follows there; else where one begins.

    A length that leads elsewhere makes the record bad, never those after it.
    """

    closed = False

    def __init__(self, flavour: str) -> None:
        self.begins = BEGINS[flavour]
        self.arc = flavour == "arc"

    def ends(self, data: bytes, seen: int, final: bool) -> NDArray[np.int64]:
        found: list[int] = []
        at = 0
        while at < len(data):
            end = self._end(data, at, final)
            if end < 0:
                break
            found.append(end)
            at = end
        return np.array(found, np.int64)

    def _end(self, data: bytes, at: int, final: bool) -> int:
        """Where the record at `at` ends; -1 when that is still to come."""
        body = body_of(data, at, self.begins, self.arc)
        if body is None:
            if not final and len(data) - at < _HEADER_BYTES and self.begins.match(data, at):
                return -1  # its header is not whole yet
            return self._next(data, at + 1, final)
        start, length = body
        if length is not None and start + length <= len(data):
            end = start + length
            gap = end
            while gap < len(data) and data[gap] in b"\r\n":
                gap += 1
            if self.begins.match(data, gap) or (gap == len(data) and final):
                return gap
            if not final and len(data) - gap < _LINE_BYTES and b"\n" not in data[gap:]:
                return -1  # what follows is not whole yet
        elif length is not None and not final:
            return -1
        return self._next(data, start, final)

    def _next(self, data: bytes, at: int, final: bool) -> int:
        """Where the next record begins at a line's start; the end of the data where nothing more comes."""
        start = at
        while (newline := data.find(b"\n", start - 1)) >= 0:
            start = newline + 1
            if self.begins.match(data, start) and start >= at:
                return start
            start += 1
        return len(data) if final else -1

    def rescue(self, data: bytes) -> tuple[int, str, str]:
        body = body_of(data, 0, self.begins, self.arc)
        found = self._next(data, body[0] if body else 1, False)
        return (0, "", "") if found < 0 else (found, "bad_length", "The record's length leads past the next record")

    def pass_over(self, data: bytes) -> int:
        return self._next(data, 1, False)


def body_of(data: bytes, at: int, begins: re.Pattern[bytes], arc: bool) -> tuple[int, int | None] | None:
    """(where the body starts, its length or None where it has no usable one) of the record at `at`; None for none."""
    head = begins.match(data, at)
    if head is None:
        return None
    if arc:
        said = head["length"]
        return head.end(), int(said) if said.isdigit() and len(said) < 19 else None
    stop = _HEADER_END.search(data, head.end() - 2, at + _HEADER_BYTES)
    if stop is None:
        return None
    length = _LENGTH.search(data, head.end() - 1, stop.end())
    return stop.end(), int(length[1]) if length else None


def is_whole(data: bytes, flavour: str) -> bool:
    """Whether a record's bytes are as many as its length says, and nothing but line ends after that."""
    body = body_of(data, 0, BEGINS[flavour], flavour == "arc")
    if body is None or body[1] is None:
        return False
    end = body[0] + body[1]
    return end <= len(data) and not data[end:].strip(b"\r\n")


def split_archive(stream: Stream, shape: Shape, limits: Limits) -> Iterator[Chunk]:
    """Records of a WARC or ARC file, whole.

    Where the compressed bytes broke off, the record they broke in is bad. Where they are damaged in the middle,
    reading goes on at the next gz member, and each damage is a bad place of its own, at the end.
    """
    stream.resumes = True
    place, flavour = Place(fragment=limits.used), str(shape.options["flavour"])
    last: Chunk | None = None
    for chunk in cut(stream, shape, limits, ArchiveFinder(flavour), place):
        if last is not None:
            yield last
        last = chunk
    if stream.broken is not None:
        yield from _broken_off(shape, place, last, flavour, stream.broken)
    elif last is not None:
        yield last
    for reason, detail in stream.damage:
        yield bad_chunk(shape, place, Bad(reason, detail, place.row, place.offset, 0, b""), b"")


def _broken_off(shape: Shape, place: Place, last: Chunk | None, flavour: str, broken: tuple[str, str]) -> list[Chunk]:
    """The last chunk without the record that the bytes broke off in, and that record as a bad place."""
    tail, kept = b"", [last] if last is not None else []
    if last is not None and last.data:
        ends = last.cuts()
        at = int(ends[-2]) if len(ends) > 1 else 0
        if not is_whole(last.data[at:], flavour):
            tail = last.data[at:]
            place = Place(last.offset + at, last.row + len(ends) - 1)
            kept = [replace(last, data=last.data[:at], ends=ends[:-1].tobytes(), closes_fragment=False)] if at else []
    reason, detail = broken
    return [*kept, bad_chunk(shape, place, Bad(reason, detail, place.row, place.offset, len(tail), tail), tail)]
