"""Sorted hashes with what belongs to each, in files that are written piece by piece and mapped into memory.

There may be more of them than memory should hold; tasks on every worker look them up, and share the pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from assay.dedup.substring import Keys, Repeats

_HASH, _INDEX, HOLDERS = "hash", "index", "holders"
_TYPES: Mapping[str, Any] = {_HASH: np.uint64, HOLDERS: np.uint64, _INDEX: np.int64}


class HashWriter:
    """Writes columns of one table in `folder`, pieces in the order of their hashes; the index follows at the end."""

    def __init__(self, folder: Path, name: str, *columns: str) -> None:
        self._folder, self._name = folder, name
        self._files: dict[str, BinaryIO] = {c: _place(folder, name, c).open("wb") for c in (_HASH, *columns)}

    def __enter__(self) -> HashWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files.values():
            file.close()
        if error is None:
            Keys.of(_mapped(self._folder, self._name, _HASH)).index.tofile(_place(self._folder, self._name, _INDEX))

    def append(self, **columns: NDArray[Any]) -> None:
        for name, file in self._files.items():
            columns[name].astype(_TYPES[name], copy=False).tofile(file)


def read_keys(folder: Path, name: str) -> Keys:
    """The hashes of a table, mapped."""
    index = _mapped(folder, name, _INDEX)
    return Keys(_mapped(folder, name, _HASH), index, Keys.shift_of(len(index)))


def read_repeats(folder: Path, name: str) -> Repeats:
    """A table with the column HOLDERS, mapped."""
    return Repeats(read_keys(folder, name), _mapped(folder, name, HOLDERS))


def _place(folder: Path, name: str, column: str) -> Path:
    return folder / f"{name}.{column}"


def _mapped(folder: Path, name: str, column: str) -> NDArray[Any]:
    path, dtype = _place(folder, name, column), _TYPES[column]
    if path.stat().st_size == 0:  # nothing can be mapped
        found = np.zeros(0, dtype)
        found.flags.writeable = False
        return found
    return np.asarray(np.memmap(path, dtype, mode="r"))
