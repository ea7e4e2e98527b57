"""Cut a stream into chunks of whole records: at every `batch_bytes`, and exactly where a fragment ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.formats.base import Bad, Chunk, Limits, Shape, Stream

_LEAST_BYTES = 64 << 10  # of a read: tiny batches are cut from it, never read one by one


class Finder(Protocol):
    """Where records end. `ends` sees the buffer from a record's start; bytes before `seen` were shown already."""

    closed: bool  # nothing after the last end belongs to records

    def ends(self, data: bytes, seen: int, final: bool) -> NDArray[np.int64]: ...
    def rescue(self, data: bytes) -> tuple[int, str, str]:
        """A record grew too long: (bytes to give up, reason, detail); 0 bytes when its end is still to come."""
        ...

    def pass_over(self, data: bytes) -> int:
        """The end of the record being given up, within the next `data`; -1 when it is not there."""
        ...


@dataclass
class Place:
    """Where the cutter stands in a file, and in the fragment being filled."""

    offset: int = 0
    row: int = 0
    line: int = 1
    fragment: int = 0  # bytes already in the current fragment
    extra: Mapping[str, Any] = field(default_factory=dict)
    counts_rows: bool = True  # False: only the parser knows how many rows a record gives
    rest: bytes = b""  # what `cut` left: bytes after the last record end

    def step(self, data: bytes, records: int) -> None:
        self.offset += len(data)
        self.line += data.count(b"\n")
        self.row += records
        self.fragment += len(data)


def cut(stream: Stream, shape: Shape, limits: Limits, finder: Finder, place: Place) -> Iterator[Chunk]:
    """Chunks until the stream (or the finder's section) ends. What is left without an end is `place.rest`.

    Chunks end where a record does: at the first record end at or after `batch_bytes`, and at the first one at
    or after `fragment_bytes`, so that fragments are the same for any batch size.
    """
    held, seen = b"", 0
    while True:
        block = stream.read(max(limits.batch_bytes, len(held), _LEAST_BYTES))
        final = not block
        held += block
        ends = finder.ends(held, seen, final)
        seen = len(held)
        if len(ends):
            yield from _pieces(held, ends, shape, limits, place)
            held = held[int(ends[-1]) :]
            seen -= int(ends[-1])
        if final or finder.closed:
            place.rest = held
            return
        while len(held) > limits.record_bytes:
            spent, reason, detail = finder.rescue(held)
            if spent:
                yield bad_chunk(shape, place, Bad(reason, detail, *_at(place), spent, held[:spent]), held[:spent])
                held, seen = held[spent:], 0
                ends = finder.ends(held, 0, False)
                seen = len(held)
                if len(ends):
                    yield from _pieces(held, ends, shape, limits, place)
                    held = held[int(ends[-1]) :]
                    seen -= int(ends[-1])
                continue
            blocks = _blocks(held, stream, max(limits.batch_bytes, _LEAST_BYTES))
            chunk, held = _passed_over(blocks, shape, limits, finder, place)
            seen = 0
            yield chunk


def _at(place: Place) -> tuple[int, int]:
    return place.row, place.offset


def _pieces(data: bytes, ends: NDArray[np.int64], shape: Shape, limits: Limits, place: Place) -> Iterator[Chunk]:
    start = first = 0
    lengths = np.diff(ends, prepend=0)
    long = np.flatnonzero(lengths > limits.record_bytes)
    while first < len(ends):
        if len(long) and long[0] == first:  # it came whole in one block, and is refused as if it had not
            end = int(ends[first])
            chunk, _ = _passed_over(iter((data[start:end],)), shape, limits, None, place)
            yield chunk
            start, first, long = end, first + 1, long[1:]
            continue
        room = limits.fragment_bytes - place.fragment
        batch = int(np.searchsorted(ends, start + limits.batch_bytes))
        fragment = int(np.searchsorted(ends, start + max(room, 1)))
        last = min(batch, fragment, len(ends) - 1, *(long[:1] - 1))
        end = int(ends[last])
        piece = data[start:end]
        closes = last == fragment
        yield Chunk(
            shape,
            piece,
            (ends[first : last + 1] - start).tobytes(),
            place.row if place.counts_rows else -1,
            place.line,
            place.offset,
            place.extra,
            (),
            closes,
        )
        place.step(piece, last + 1 - first)
        if closes:
            place.fragment = 0
        start, first = end, last + 1


def bad_chunk(shape: Shape, place: Place, bad: Bad, spent: bytes) -> Chunk:
    """A chunk that holds no record, only a bad place. `spent` are the bytes of the file that it used up."""
    bad.line = place.line
    if not place.counts_rows:
        bad.row = 0
    chunk = Chunk(
        shape, b"", b"", place.row if place.counts_rows else -1, place.line, place.offset, place.extra, (bad,)
    )
    place.step(spent, 1)
    return chunk


def _passed_over(
    blocks: Iterator[bytes], shape: Shape, limits: Limits, finder: Finder | None, place: Place
) -> tuple[Chunk, bytes]:
    """Pass over a record longer than allowed; its bytes go to the spool, or are only counted and hashed.

    The first block is all record; `finder` says where it ends in those after. Returns the bytes beyond it too.
    """
    file, path = limits.spool() if limits.spool else (None, "")
    digest, length, lines, left = sha256(), 0, 0, b""
    for number, block in enumerate(blocks):
        end = finder.pass_over(block) if finder is not None and number else -1
        part = block[:end] if end >= 0 else block
        digest.update(part)
        length += len(part)
        lines += part.count(b"\n")
        if file is not None:
            file.write(part)
        if end >= 0:
            left = block[end:]
            break
    if file is not None:
        file.close()
    detail = f"One record of {length} bytes; the limit is {limits.record_bytes}"
    if file is None:
        detail += f" (sha256 {digest.hexdigest()}; bytes not kept)"
    bad = Bad("record_too_long", detail, place.row, place.offset, length, b"", place.line, path)
    chunk = bad_chunk(shape, place, bad, b"")
    place.offset += length
    place.line += lines
    place.fragment += length
    return chunk, left


def _blocks(held: bytes, stream: Stream, size: int) -> Iterator[bytes]:
    yield held
    while block := stream.read(size):
        yield block
