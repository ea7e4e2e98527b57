"""A registry is a small typed table: name -> item. A name taken is an error, an unknown one suggests the nearest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from assay.core.errors import UnknownName, UserError


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Registry(Generic[T]):
    """Items by name, in order of registration. `noun` is what an item is called in errors."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._items: dict[str, T] = {}

    def add(self, item: T) -> T:
        if item.name in self._items:
            raise UserError("E102", f"{self.noun} {item.name!r} is registered twice")
        self._items[item.name] = item
        return item

    def get(self, name: str, *, at: str = "") -> T:
        if name not in self._items:
            raise UnknownName(self.noun, name, self._items, at=at)
        return self._items[name]

    def names(self) -> list[str]:
        return list(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)
