"""Changing a user's own record without knowing its shape: its strings are found by what they say."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from assay.records import Decoded, Decoder, RecordError, restore

Path = tuple[str | int, ...]

# Strings that name a speaker, not something said.
_STRUCTURE = frozenset({"role", "from", "type", "id", "kind"})


@dataclass(frozen=True, slots=True)
class Reader:
    """How the user's records are read."""

    kind: str
    mapping: tuple[tuple[str, str], ...]

    def read(self, obj: Any) -> Decoded | None:
        """How a record would be understood; None where it would not be."""
        try:
            return Decoder(self.kind, mapping=dict(self.mapping)).decode(msgspec.json.decode(encoded(obj)))
        except RecordError:
            return None


@dataclass(frozen=True, slots=True)
class Seed:
    """One of the user's records: as the file gave it, and as it was understood. `number` tells seeds apart."""

    obj: Any
    decoded: Decoded
    number: int
    reader: Reader

    @property
    def kind(self) -> str:
        return self.decoded.kind

    def canonical(self) -> dict[str, Any]:
        """The same record under our own names, for faults in places that every format writes in its own way."""
        return restore(self.kind, {**self.decoded.payload, "source": {"keys": None}})

    def read(self, obj: Any) -> Decoded | None:
        """How a changed copy would be understood; None where it would be no record of this kind."""
        decoded = self.reader.read(obj)
        return decoded if decoded is not None and decoded.kind == self.kind else None

    def copy(self) -> Any:
        return copy.deepcopy(self.obj)


def leaves(obj: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every string of a record with its path, in order."""
    if isinstance(obj, str):
        yield path, obj
    elif isinstance(obj, dict):
        for key, value in obj.items():
            yield from leaves(value, (*path, key))
    elif isinstance(obj, list):
        for i, value in enumerate(obj):
            yield from leaves(value, (*path, i))


def put(obj: Any, path: Path, value: Any) -> Any:
    """The record with `value` at `path`; the record itself changes."""
    if not path:
        return value
    here = obj
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return obj


def remove(obj: Any, path: Path) -> Any:
    here = obj
    for step in path[:-1]:
        here = here[step]
    del here[path[-1]]
    return obj


def saying(obj: Any, text: str) -> list[Path]:
    """Where the record says exactly this; else where it is part of what is said."""
    wanted = text.strip()
    if not wanted:
        return []
    exact = [path for path, said in leaves(obj) if said.strip() == wanted]
    return exact or [path for path, said in leaves(obj) if wanted in said]


def reworded(seed: Seed, text: str, change: Callable[[str], str]) -> Any | None:
    """A copy in which `text` was changed wherever it is said; None where the record does not say it as such."""
    obj = seed.copy()
    places = saying(obj, text)
    said = dict(leaves(obj))
    for path in places:
        exact = said[path].strip() == text.strip()
        obj = put(obj, path, change(said[path]) if exact else said[path].replace(text.strip(), change(text.strip())))
    return obj if places else None


def spoken(obj: Any, text: str | None) -> list[Path]:
    """Paths of the strings that make up a record's text view."""
    whole = text or ""
    return [
        path
        for path, said in leaves(obj)
        if said.strip() and said.strip() in whole and not (path and path[-1] in _STRUCTURE)
    ]


def encoded(obj: Any) -> bytes:
    return msgspec.json.encode(obj)
