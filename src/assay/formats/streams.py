"""Bytes front to back, gz and zst taken off by content. Damage never raises: the bytes end, and it says why."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import zstandard

from assay.core.errors import UserError

_MEMBER = b"\x1f\x8b\x08"
GZ, ZST = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# Of compressed input. Constant, so that what a damaged block takes with it does not depend on who reads.
_BLOCK = 64 << 10
_COLUMNAR_BYTES = 256 << 20


class ByteStream:
    """`file` read once, decompressed where its first bytes say so (gz, also several members; zst, several frames).

    Where the compressed bytes are cut short or damaged, everything before the break is given, then the stream
    ends and `broken` holds (reason, detail). With `resumes` a damaged gz goes on at its next member instead, and
    `damage` holds what was passed over: for archives, whose every record is a member of its own.
    """

    def __init__(self, file: BinaryIO, *, compressed: bool = True) -> None:
        self.broken: tuple[str, str] | None = None
        self.resumes = False
        self.damage: list[tuple[str, str]] = []
        self.compression = ""
        self._file = file
        head = _read(file, 4)
        if compressed and head.startswith(GZ):
            self.compression, self._blocks = "gz", self._gunzip(head)
        elif compressed and head.startswith(ZST):
            self.compression, self._blocks = "zst", self._unzstd(head)
        else:
            self._blocks = self._plain(head)
        self._held = b""
        self._done = False

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, fewer only at the end."""
        self._fill(size)
        out, self._held = self._held[:size], self._held[size:]
        return out

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, which stay to be read."""
        self._fill(size)
        return self._held[:size]

    def unread(self, data: bytes) -> None:
        """Give back bytes that were read; they come first again."""
        self._held = data + self._held

    def seekable(self) -> BinaryIO:
        """The whole file for formats that must seek: the file itself where it can, else its bytes in memory."""
        if not self.compression and self._file.seekable():
            self._file.seek(0)
            return self._file
        data = self.read(_COLUMNAR_BYTES + 1)
        if len(data) > _COLUMNAR_BYTES:
            raise UserError(
                "E314",
                f"a column file over {_COLUMNAR_BYTES >> 20} MiB cannot be read compressed or from a pipe",
                fix="decompress it into a file first",
            )
        return io.BytesIO(data)

    def close(self) -> None:
        self._file.close()

    def _fill(self, size: int) -> None:
        if len(self._held) >= size or self._done:
            return
        parts, have = [self._held], len(self._held)
        while have < size:
            block = next(self._blocks, None)
            if block is None:
                self._done = True
                break
            parts.append(block)
            have += len(block)
        self._held = b"".join(parts)

    def _plain(self, head: bytes) -> Iterator[bytes]:
        yield head
        while block := _read(self._file, 1 << 20):
            yield block

    def _gunzip(self, head: bytes) -> Iterator[bytes]:
        data, at = head + _read(self._file, _BLOCK), 0
        while data:
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                if not data:
                    self.broken = ("truncated_gz", f"The gz file ends inside its data, after {at} compressed bytes")
                    return
                before = member.copy()
                try:
                    out = member.decompress(data)
                except zlib.error as error:
                    yield _until_broken(before, data)
                    told = ("broken_gz", f"The gz data is damaged after {at} compressed bytes: {error}")
                    if not self.resumes:
                        self.broken = told
                        return
                    self.damage.append(told)
                    passed, data = self._next_member(data)
                    at += passed
                    break
                if out:
                    yield out
                at += len(data) - len(member.unused_data)
                data = member.unused_data or (b"" if member.eof else _read(self._file, _BLOCK))
            data = data or _read(self._file, _BLOCK)
            if len(data) == 1:  # a member's two magic bytes may lie on both sides of a block
                data += _read(self._file, _BLOCK)
            if not data.strip(b"\0"):  # tapes and some downloads pad with zeros
                while data := _read(self._file, _BLOCK):
                    if data.strip(b"\0"):
                        break
            if data and not data.startswith(GZ):
                told = ("broken_gz", f"Bytes that are not gz follow after {at} compressed bytes")
                if not self.resumes:
                    self.broken = told
                    return
                self.damage.append(told)
                passed, data = self._next_member(data)
                at += passed

    def _next_member(self, data: bytes) -> tuple[int, bytes]:
        """(bytes passed over, those from the next member's first on); b"" where none comes any more."""
        passed = 1
        data = data[1:]
        while (found := data.find(_MEMBER)) < 0:
            passed += max(len(data) - len(_MEMBER) + 1, 0)
            data = data[-len(_MEMBER) + 1 :]
            more = _read(self._file, _BLOCK)
            if not more:
                return passed, b""
            data += more
        return passed + found, data[found:]

    def _unzstd(self, head: bytes) -> Iterator[bytes]:
        data, at = head + _read(self._file, _BLOCK), 0
        while data:
            frame = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
            while not frame.eof:
                if not data:
                    self.broken = ("truncated_zst", f"The zst file ends inside its data, after {at} compressed bytes")
                    return
                try:
                    out = frame.decompress(data)
                except zstandard.ZstdError as error:
                    self.broken = ("broken_zst", f"The zst data is damaged after {at} compressed bytes: {error}")
                    return
                if out:
                    yield out
                at += len(data) - len(frame.unused_data)
                data = frame.unused_data or (b"" if frame.eof else _read(self._file, _BLOCK))
            data = data or _read(self._file, _BLOCK)


def _until_broken(member: zlib._Decompress, data: bytes) -> bytes:
    """What can still be had from `data`, fed in ever smaller pieces up to the byte that breaks."""
    out: list[bytes] = []
    size = len(data)
    while data:
        size = min(size, len(data))
        before = member.copy()
        try:
            out.append(member.decompress(data[:size]))
            data = data[size:]
        except zlib.error:
            if size == 1:
                break
            member, size = before, size // 2
    return b"".join(out)


def _read(file: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end: pipes and sockets give less than they were asked for."""
    data = file.read(size)
    if not data or len(data) == size:
        return data or b""
    parts, have = [data], len(data)
    while have < size and (more := file.read(size - have)):
        parts.append(more)
        have += len(more)
    return b"".join(parts)
