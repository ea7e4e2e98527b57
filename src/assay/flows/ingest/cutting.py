"""From files to tasks for workers: opened once to be told, cut in order, grouped where they are small."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from assay.core.errors import UserError
from assay.flows.ingest.results import SkippedFile
from assay.flows.ingest.tasks import Part, Task
from assay.formats import FORMATS, ByteStream, Chunk, Limits, Listing, NotRecords, Shape, Source, shape_of

_GROUP_PARTS = 256
_GROUP_BYTES = 1 << 20


@dataclass(frozen=True)
class File:
    """A source, how it is written, and what it looked like when it was opened."""

    source: Source
    shape: Shape
    stamp: tuple[Any, ...]
    stream: ByteStream | None  # of what cannot be opened twice
    compressed: bool


def opened(listing: Listing, wanted: str | None) -> tuple[list[File], list[SkippedFile]]:
    """Every file's shape, told before anything is written; files in folders that hold no records are skipped.

    Raises UserError E311, E313: a file that cannot be read; E318: one named by itself that holds no records.
    """
    files: list[File] = []
    skipped = [SkippedFile(path=passed.path, reason=passed.reason) for passed in listing.skipped]
    for source in listing.sources:
        stamp = source.stamp()
        stream = source.stream()
        try:
            shape = shape_of(stream, source.path, wanted)
        except NotRecords as error:
            stream.close()
            if source.named:
                fix = "convert it first; if it is text after all, say so with --format"
                raise UserError("E318", f"{source.path} is {error}", at=source.uri, fix=fix) from None
            skipped.append(SkippedFile(path=source.path, reason=str(error)))
            continue
        except OSError as error:
            raise UserError("E313", f"cannot read {source.uri}: {error}", at=source.uri) from None
        once = source.uri == "-"
        if not once:
            stream.close()
        files.append(File(source, shape, stamp, stream if once else None, bool(stream.compression)))
    return files, sorted(skipped, key=lambda passed: passed.path)


class Cutter:
    """Cuts files into tasks. Fragments end at the same records whatever the batches."""

    def __init__(
        self, files: Sequence[File], folder: Path, batch_bytes: int, fragment_bytes: int, record_bytes: int
    ) -> None:
        self.files, self.folder = files, folder
        self.batch_bytes, self.fragment_bytes, self.record_bytes = batch_bytes, fragment_bytes, record_bytes
        self.bytes = 0
        self._fragment = self._used = 0

    def tasks(self) -> Iterator[Task]:
        group: list[Part] = []
        size = 0
        for part in self._parts():
            alone = part.chunk.row < 0
            if group and alone:
                yield Task(tuple(group), self._fragment)
                group, size = [], 0
            group.append(part)
            size += weight(part.chunk)
            fragment = self._fragment
            self._count(part.chunk)
            full = size >= min(self.batch_bytes, _GROUP_BYTES) or len(group) == _GROUP_PARTS
            if full or alone or self._fragment != fragment:
                yield Task(tuple(group), fragment)
                group, size = [], 0
        if group:
            yield Task(tuple(group), self._fragment)

    def _count(self, chunk: Chunk) -> None:
        size = weight(chunk)
        self.bytes += size
        if chunk.closes_fragment:
            self._fragment += 1
            self._used = 0
        else:
            self._used += size

    def _parts(self) -> Iterator[Part]:
        for number, file in enumerate(self.files):
            source = file.source
            stream = file.stream or source.stream()
            limits = Limits(
                self.batch_bytes,
                self.record_bytes,
                self.fragment_bytes,
                min(self._used, self.fragment_bytes),
                self.spool,
            )
            try:
                for chunk in FORMATS.get(file.shape.format).split(stream, file.shape, limits):
                    yield Part(chunk, source.root, source.path, number)
            except OSError as error:
                raise UserError("E313", f"cannot read {source.uri}: {error}", at=source.uri) from error
            finally:
                stream.close()

    def spool(self) -> tuple[BinaryIO, str]:
        """A file for the bytes of a record too long to hold; gone with the folder when the ingest ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fd, path = tempfile.mkstemp(dir=self.folder, prefix="spool-")
        return os.fdopen(fd, "wb"), path

    def check_unchanged(self) -> None:
        """Raises UserError E317 where a source is not what it was when it was opened."""
        for file in self.files:
            try:
                same = file.source.stamp() == file.stamp
            except OSError:
                same = False
            if not same:
                fix = "wait until whatever writes it has finished, then run again"
                raise UserError("E317", f"{file.source.path} changed while it was read", at=file.source.uri, fix=fix)


def weight(chunk: Chunk) -> int:
    """Bytes of the file that a chunk stands for."""
    return chunk.weight or len(chunk.data) or sum(bad.length for bad in chunk.bad)
