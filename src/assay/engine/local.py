"""The engine of one machine: threads, and parts in memory up to a limit, beyond it in one file per partition."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from assay.engine.exchange import (
    MEMORY_BYTES,
    Head,
    Item,
    Out,
    Part,
    Scattered,
    bytes_of,
    checked,
    disk_full,
    read_only,
    read_only_part,
)
from assay.engine.run import run


class Threads:
    """`open_engine("threads")`. The limit on memory holds for all of the engine's shuffles together."""

    name = "threads"

    def __init__(
        self, *, workers: int | None = None, spill: Path | None = None, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._workers, self._spill, self._memory = workers, spill, _Budget(memory_bytes)
        self._open: weakref.WeakSet[_Local[Any]] = weakref.WeakSet()

    def map(self, fn: Callable[[Item], Out], items: Sequence[Item]) -> Iterator[Out]:
        return run(fn, items, workers=self._workers)

    def scatter(
        self,
        split: Callable[[Item], tuple[Head, list[Part]]],
        items: Sequence[Item],
        partitions: int,
        done: Callable[[Head], None] | None = None,
    ) -> Scattered[Head]:
        kept = _Kept(partitions, self._memory, self._spill)
        found: _Local[Head] = _Local(kept, len(items), self._workers)
        self._open.add(found)

        def split_and_keep(number: int) -> Head:
            head, parts = split(items[number])
            kept.add(number, checked(parts, partitions))
            return head

        try:
            for head in run(split_and_keep, range(len(items)), workers=self._workers):
                found.heads.append(head)
                if done is not None:
                    done(head)
        except BaseException as error:
            found.close()
            if isinstance(number := getattr(error, "item", None), int):
                error.item = items[number]  # type: ignore[attr-defined]  # any exception may carry what it happened to
            raise
        return found

    def close(self) -> None:
        for found in list(self._open):
            found.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


class _Local(Scattered[Head]):
    def __init__(self, kept: _Kept, items: int, workers: int | None) -> None:
        self.heads, self.sizes = [], kept.sizes
        self._kept, self._items, self._workers = kept, items, workers

    def gather(self, fn: Callable[..., Out], partitions: Sequence[int], *shared: Any) -> Iterator[Out]:
        self._kept.must_be_open()
        shared = tuple(read_only(value) for value in shared)

        def call(partition: int) -> Out:
            return fn(partition, [self._kept.part(number, partition) for number in range(self._items)], *shared)

        return run(call, partitions, workers=self._workers)

    def close(self) -> None:
        self._kept.close()


class _Budget:
    """Bytes of memory that shuffles may take between them."""

    def __init__(self, limit: int) -> None:
        self._left, self._guard = limit, threading.Lock()

    def take(self, size: int) -> bool:
        with self._guard:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        with self._guard:
            self._left += size


@dataclass(frozen=True)
class _Place:
    """Where a spilled array lies in its partition's file."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int


class _Kept:
    """Parts by item and partition. Threads add items in any order; each reads back what it asks for.

    An item's parts are kept in memory together or spilled together. A partition's file is only ever appended to, so
    that reading one partition reads no other's bytes, and two threads wait for each other only at the same partition.
    """

    def __init__(self, partitions: int, memory: _Budget, spill: Path | None) -> None:
        if partitions < 1:
            raise ValueError("at least one partition")
        self.sizes = [0] * partitions
        self._memory, self._spill = memory, spill
        self._in_memory: dict[int, list[Part]] = {}
        self._spilled: dict[int, list[list[_Place]]] = {}
        self._taken, self._closed = 0, False
        self._ends = [0] * partitions  # of each partition's file
        self._guard, self._file_guards = threading.Lock(), [threading.Lock() for _ in range(partitions)]
        self._folder: Path | None = None
        self._remove: Callable[[], object] | None = None

    def add(self, item: int, parts: list[Part]) -> None:
        sizes = [bytes_of(part) for part in parts]
        total = sum(sizes)
        kept = self._memory.take(total)
        places = None if kept else [self._write(partition, part) for partition, part in enumerate(parts)]
        own = [read_only_part({name: _owned(array) for name, array in part.items()}) for part in parts if kept]
        with self._guard:
            for partition, size in enumerate(sizes):
                self.sizes[partition] += size
            if places is None:
                self._in_memory[item] = own
                self._taken += total
            else:
                self._spilled[item] = places

    def part(self, item: int, partition: int) -> Part:
        self.must_be_open()
        if not 0 <= partition < len(self.sizes):
            raise IndexError(f"partition {partition} of {len(self.sizes)}")
        if item in self._in_memory:
            return self._in_memory[item][partition]
        places = self._spilled[item][partition]
        if not places:
            return {}
        with open(self._file(partition), "rb", buffering=0) as file:
            return {place.name: _read(file.fileno(), place) for place in places}

    def must_be_open(self) -> None:
        if self._closed:
            raise RuntimeError("what was scattered is closed")

    def close(self) -> None:
        with self._guard:
            self._closed = True
            self._memory.give_back(self._taken)
            self._taken = 0
            self._in_memory.clear()
            self._spilled.clear()
            if self._remove is not None:
                self._remove()

    def _write(self, partition: int, part: Part) -> list[_Place]:
        if not part:
            return []
        path = self._file(partition)
        places = []
        with self._file_guards[partition]:
            end = self._ends[partition]
            try:
                # Opened each time: as many files open as there are partitions may be more than a process is allowed.
                with open(path, "ab", buffering=0) as file:
                    for name, array in part.items():
                        places.append(_Place(name, array.dtype, array.shape, end))
                        _write_all(file.fileno(), array)
                        end += array.nbytes
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise disk_full(path) from error
                raise
            self._ends[partition] = end
        return places

    def _file(self, partition: int) -> Path:
        with self._guard:
            if self._folder is None:
                if self._spill is not None:
                    self._spill.mkdir(parents=True, exist_ok=True)
                self._folder = Path(tempfile.mkdtemp(prefix="exchange-", dir=self._spill))
                # At exit and when nobody holds this any more, too.
                self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            return self._folder / f"{partition}.parts"


def _owned(array: NDArray[Any]) -> NDArray[Any]:
    """Without what it is a view of, which may be far larger and would not be counted."""
    return array if array.base is None else array.copy()


def _write_all(file: int, array: NDArray[Any]) -> None:
    left = _bytes(array)
    while left:
        left = left[os.write(file, left) :]


def _read(file: int, place: _Place) -> NDArray[Any]:
    array = np.empty(place.shape, place.dtype)
    left, offset = _bytes(array), place.offset
    while left:
        count = os.preadv(file, [left], offset)
        if count == 0:
            raise OSError(errno.EIO, "a spilled part ends early")
        left, offset = left[count:], offset + count
    array.flags.writeable = False
    return array


def _bytes(array: NDArray[Any]) -> memoryview:
    """The bytes of a contiguous array, whatever its dtype, without copying them."""
    return array.reshape(-1).view(np.uint8).data if array.nbytes else memoryview(b"")
