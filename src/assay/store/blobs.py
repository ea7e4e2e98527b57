"""Bytes by their SHA-256: compressed, written whole or not at all, kept once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from assay.core.errors import UserError
from assay.store.ledger_db import disk_full

_CHUNK = 1 << 20
_LEVEL = 3


class Blobs:
    """A folder of zstd files named by the SHA-256 of what they hold.

    Many small things belong in one blob: put them joined, remember offset and length, `get` the part.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes | BinaryIO | Path) -> str:
        """Keep `data` (bytes, an open binary file, or a path; streamed) and return its SHA-256, 64 hex digits.

        Safe from several threads and processes. Raises UserError E408 where the disk is full.
        """
        if isinstance(data, bytes):
            sha256 = hashlib.sha256(data).hexdigest()
            if not self.path(sha256).exists():
                self._write(iter((data,)))
            return sha256
        if isinstance(data, Path):
            with open(data, "rb") as file:
                return self._write(_chunks(file))
        return self._write(_chunks(data))

    def get(self, sha256: str, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes, or `length` of them from `offset`. Raises UserError E411: absent, damaged or too short."""
        parts: list[bytes] = []
        skip, want = offset, length
        for chunk in self._read(sha256):
            if skip >= len(chunk):
                skip -= len(chunk)
                continue
            part = chunk[skip:] if want is None else chunk[skip : skip + want]
            skip = 0
            parts.append(part)
            if want is not None:
                want -= len(part)
                if want == 0:
                    break
        if want or skip:
            raise _damaged(sha256, "ends early", self.path(sha256))
        data = b"".join(parts)
        if offset == 0 and length is None and hashlib.sha256(data).hexdigest() != sha256:
            raise _damaged(sha256, "does not hold what its name says", self.path(sha256))
        return data

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.root.glob("*/*.zst"))

    def __contains__(self, sha256: object) -> bool:
        return isinstance(sha256, str) and len(sha256) == 64 and self.path(sha256).exists()

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.root.glob("*/*.zst"))

    def is_sound(self, sha256: str) -> bool:
        """Whether the stored bytes still have the hash they are named by."""
        found = hashlib.sha256()
        try:
            for chunk in self._read(sha256):
                found.update(chunk)
        except UserError:
            return False
        return found.hexdigest() == sha256

    def path(self, sha256: str) -> Path:
        """Where these bytes lie, compressed, for those who must name a file."""
        return self.root / sha256[:2] / f"{sha256}.zst"

    def _read(self, sha256: str) -> Iterator[bytes]:
        path = self.path(sha256)
        try:
            with (
                open(path, "rb") as file,
                zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as reader,
            ):
                while chunk := reader.read(_CHUNK):
                    yield chunk
        except FileNotFoundError:
            raise _damaged(sha256, "is not there", path) from None
        except zstandard.ZstdError as error:
            raise _damaged(sha256, f"cannot be read ({error})", path) from None

    def _write(self, chunks: Iterator[bytes]) -> str:
        sha256 = hashlib.sha256()
        # One frame with a checksum. Renamed only after its bytes are on disk: a name is a promise.
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
        self.root.mkdir(parents=True, exist_ok=True)
        fd, temporary = tempfile.mkstemp(prefix="blob-", suffix=".part", dir=self.root)
        try:
            with os.fdopen(fd, "wb") as file:
                for chunk in chunks:
                    sha256.update(chunk)
                    file.write(compressor.compress(chunk))
                file.write(compressor.flush())
                file.flush()
                os.fsync(file.fileno())
            path = self.path(sha256.hexdigest())
            path.parent.mkdir(exist_ok=True)
            if path.exists():
                os.unlink(temporary)
            else:
                os.replace(temporary, path)
        except BaseException as error:
            if os.path.exists(temporary):
                os.unlink(temporary)
            if isinstance(error, OSError) and error.errno in (28, 27, 122):  # ENOSPC, EFBIG, EDQUOT
                raise disk_full(self.root) from error
            raise
        return sha256.hexdigest()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _damaged(sha256: str, what: str, path: Path) -> UserError:
    return UserError("E411", f"the blob {sha256} {what}", at=str(path), fix="assay fsck; restore it from a copy")
