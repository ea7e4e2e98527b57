"""Where every rule fired: row numbers, not texts, so that a gigabyte of records leaves megabytes of findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class File:
    """A source as the report names it; `lines` is false for formats that have none (Parquet, Arrow)."""

    path: str
    format: str
    lines: bool = True


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no record: where, and what was said about it."""

    source: int
    place: int
    detail: str
    key: str


@dataclass
class Rows:
    """Where the records of one kind stand, in reading order. `keys` are content hashes."""

    source: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    row: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    place: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    keys: NDArray[np.bytes_] = field(default_factory=lambda: np.zeros(0, "S32"))

    def __len__(self) -> int:
        return len(self.row)


@dataclass
class Findings:
    """All hits of a run: rule -> kind -> row numbers of `rows[kind]`, ascending."""

    files: list[File]
    rows: dict[str, Rows]
    unreadable: dict[str, list[Unreadable]] = field(default_factory=dict)
    hits: dict[str, dict[str, Ints]] = field(default_factory=dict)
    said: dict[tuple[str, str, int], str] = field(default_factory=dict)  # (rule, kind, row number) -> why

    def add(self, rule: str, kind: str, numbers: Ints) -> None:
        if len(numbers):
            kinds = self.hits.setdefault(rule, {})
            before = kinds.get(kind)
            kinds[kind] = numbers if before is None else np.concatenate([before, numbers])

    def wants(self, rule: str, kind: str) -> int:
        """How many more examples of this rule and kind could be shown."""
        return EXAMPLES - sum(key[:2] == (rule, kind) for key in self.said)

    def place(self, source: int, place: int) -> str:
        file = self.files[source]
        if place == 0:
            return file.path
        return f"{file.path}:{place}" if file.lines else f"{file.path}:row {place}"

    def at(self, kind: str, number: int) -> str:
        rows = self.rows[kind]
        return self.place(int(rows.source[number]), int(rows.place[number]))

    def at_row(self, kind: str, source: int, row: int) -> str:
        """The place of a record named by its source and position, as duplicates name their first."""
        rows = self.rows[kind]
        number = np.flatnonzero((rows.source == source) & (rows.row == row))
        return self.at(kind, int(number[0])) if len(number) else ""

    def in_order(self, rule: str) -> Iterator[tuple[int, int, str, int]]:
        """(source, place, kind, row number) of every hit, as they stand in the files."""
        found = [
            (int(self.rows[kind].source[n]), int(self.rows[kind].place[n]), kind, int(n))
            for kind, numbers in self.hits.get(rule, {}).items()
            for n in numbers
        ]
        yield from sorted(found)

    def count(self, rule: str) -> dict[str, int]:
        return {kind: len(numbers) for kind, numbers in sorted(self.hits.get(rule, {}).items())}

    def named(self, rule: str, source: int, place: int) -> bool:
        """Whether this rule names the record at this very place."""
        for bad in self.unreadable.get(rule, ()):
            if (bad.source, bad.place) == (source, place):
                return True
        for kind, numbers in self.hits.get(rule, {}).items():
            rows = self.rows[kind]
            if bool(np.any((rows.source[numbers] == source) & (rows.place[numbers] == place))):
                return True
        return False

    def keys(self, rules: Sequence[str]) -> dict[str, dict[str, int]]:
        """For the baseline: rule -> content hash -> times."""
        found: dict[str, Counter[str]] = {}
        for rule in rules:
            counts = found.setdefault(rule, Counter())
            counts.update(bad.key for bad in self.unreadable.get(rule, ()))
            for kind, numbers in self.hits.get(rule, {}).items():
                counts.update(key.decode() for key in self.rows[kind].keys[numbers])
        return {rule: dict(counts) for rule, counts in found.items()}
