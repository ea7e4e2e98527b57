"""What every reader of foreign bytes gives: items and bad places, cut from chunks that a worker can parse alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.core.arrow import BATCH_BYTES, FRAGMENT_BYTES
from assay.core.registry import Registry

# One record may not be longer: a 200 MB line is a broken file far more often than it is a record, and each
# record is held several times over while it is decoded.
RECORD_BYTES = 64 << 20
# Real nested records stay under 60 levels; the interpreter's own limit depends on who calls, ours does not.
MAX_DEPTH = 100


@dataclass(slots=True)
class Item:
    """One object as the file gives it.

    `row` is the 0-based line of the record in formats made of lines, its 0-based position elsewhere; `line` is
    the 1-based line an editor shows, 0 where there are none; `offset` and `length` are bytes of the decompressed
    file, and `raw` those bytes (rows for Parquet and Arrow: `offset` is the row, `raw` its JSON).
    """

    obj: Any
    row: int
    offset: int
    length: int
    raw: bytes
    line: int = 0


@dataclass(slots=True)
class Bad:
    """A place that gave no object: why (a slug), in words, and its bytes, whole.

    Bytes too long to hold are in the file `spooled` instead of `raw`, when the caller handed in a place for them.
    """

    reason: str
    detail: str
    row: int
    offset: int
    length: int
    raw: bytes
    line: int = 0
    spooled: str = ""


@dataclass(frozen=True)
class Shape:
    """How one file is written: told once from its head, needed by every chunk. Plain values: it travels to workers."""

    format: str
    encoding: str = "utf-8"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Chunk:
    """Whole records cut from a file, with where they start; the unit of work of a worker process.

    `ends` are the positions in `data` (int64 bytes) where each record ends; the next starts there. `row` is the
    number of the first record, or -1 where only the parser can count (a document that explodes into rows: its
    items count from 0 and whoever joins chunks adds what came before).
    """

    shape: Shape
    data: bytes
    ends: bytes
    row: int
    line: int
    offset: int
    extra: Mapping[str, Any] = field(default_factory=dict)
    bad: tuple[Bad, ...] = ()
    closes_fragment: bool = False
    weight: int = 0  # bytes of the file this stands for, where it is not len(data)

    def __len__(self) -> int:
        return len(self.ends) // 8

    def cuts(self) -> NDArray[np.int64]:
        return np.frombuffer(self.ends, np.int64)

    def halves(self) -> list[Chunk]:
        """Two chunks that hold the same records, or this one when it holds a single record."""
        if len(self) < 2:
            return [self]
        ends = self.cuts()
        middle = len(ends) // 2
        at = int(ends[middle - 1])
        first = replace(self, data=self.data[:at], ends=ends[:middle].tobytes(), bad=(), closes_fragment=False)
        second = replace(
            self,
            data=self.data[at:],
            ends=(ends[middle:] - at).tobytes(),
            row=self.row + middle if self.row >= 0 else -1,
            line=self.line + self.data.count(b"\n", 0, at),
            offset=self.offset + at,
        )
        return [first, second]


class Stream(Protocol):
    """Decompressed bytes, front to back. `broken` is (reason, detail) once the bytes ended before the file did.

    A reader that can do without some bytes in the middle sets `resumes`, and finds in `damage` what was passed over.
    """

    broken: tuple[str, str] | None
    resumes: bool
    damage: list[tuple[str, str]]

    def read(self, size: int) -> bytes: ...
    def peek(self, size: int) -> bytes: ...
    def unread(self, data: bytes) -> None: ...
    def seekable(self) -> BinaryIO: ...


class Spool(Protocol):
    """A place for bytes too long to hold: gives an open file to write and its path."""

    def __call__(self) -> tuple[BinaryIO, str]: ...


@dataclass(frozen=True)
class Limits:
    """How a file is cut. Only `record_bytes` and `fragment_bytes` may change what comes out."""

    batch_bytes: int = BATCH_BYTES
    record_bytes: int = RECORD_BYTES
    fragment_bytes: int = FRAGMENT_BYTES
    used: int = 0  # bytes already in the fragment when this file begins
    spool: Spool | None = None


@dataclass(frozen=True)
class Format:
    """A reader: `split` cuts a stream into chunks, `parse` gives the items of one, `halve` makes two of one.

    `extra` names the extra of pyproject whose libraries `parse` needs.
    """

    name: str
    extensions: tuple[str, ...]
    doc: str
    split: Callable[[Stream, Shape, Limits], Iterator[Chunk]]
    parse: Callable[[Chunk], Iterator[Item | Bad]]
    halve: Callable[[Chunk], list[Chunk]] = Chunk.halves
    extra: str | None = None


FORMATS: Registry[Format] = Registry("format")


def read(stream: Stream, shape: Shape, limits: Limits | None = None) -> Iterator[Item | Bad]:
    """Every item and bad place of one file, in order, with rows counted through: `split` and `parse` joined."""
    reader = FORMATS.get(shape.format)
    counted = 0
    for chunk in reader.split(stream, shape, limits or Limits()):
        base = counted
        for found in parse(chunk):
            if chunk.row < 0:
                found.row += base
                counted += 1
            yield found


def parse(chunk: Chunk) -> Iterator[Item | Bad]:
    """The items of one chunk and the bad places its splitter met, in order; counted from 0 where `row` is -1."""
    found: Iterator[Item | Bad] = FORMATS.get(chunk.shape.format).parse(chunk) if chunk.data else iter(())
    for n, one in enumerate(chain(found, chunk.bad)):
        if chunk.row < 0:
            one.row = n
        yield one
