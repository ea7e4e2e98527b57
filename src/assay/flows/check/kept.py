"""Compressed columns between the two passes: in memory, and beyond a limit in a file that has no name."""

from __future__ import annotations

import tempfile
from typing import IO

# What is kept in memory before the rest goes to the temporary folder. It leaves nothing there: the file has no
# name from the start, and ends with the process.
MEMORY_BYTES = 256 << 20


class Kept:
    """`put` bytes, `take` them back once, in any order."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._limit = memory_bytes
        self._held = 0
        self._memory: dict[int, bytes] = {}
        self._places: list[tuple[int, int]] = []
        self._file: IO[bytes] | None = None
        self._end = 0

    def put(self, data: bytes) -> int:
        """A number to take it back by."""
        number = len(self._places)
        if self._held + len(data) <= self._limit:
            self._held += len(data)
            self._memory[number] = data
            self._places.append((0, 0))
            return number
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="assay-check-")  # noqa: SIM115  (closed by `close`)
        self._file.seek(self._end)
        self._file.write(data)
        self._places.append((self._end, len(data)))
        self._end += len(data)
        return number

    def take(self, number: int) -> bytes:
        if number in self._memory:
            data = self._memory.pop(number)
            self._held -= len(data)
            return data
        if self._file is None:
            raise KeyError(number)
        start, length = self._places[number]
        self._file.seek(start)
        return self._file.read(length)

    def close(self) -> None:
        self._memory.clear()
        if self._file is not None:
            self._file.close()
