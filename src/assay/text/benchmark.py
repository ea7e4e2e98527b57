"""Benchmark items made searchable, and texts searched for them: exact, and forgiving what re-typing changes.

Words are those of kernels.shingles.row_words: case, accents, width, spacing, line breaks and punctuation do not count,
because re-wrapped lines alone took a published decontamination from 0.87 recall to 0. An n-gram of digits alone never
counts: `0 0 0 ...` was behind 20 of 20 false removals of a well-known tool. Equal means equal 64-bit hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from assay.core.arrow import one_array, utf8_views
from assay.core.files import whole_file
from assay.kernels.contamination import match_rows
from assay.kernels.contamination_tables import Keyed, Scratch, Tables
from assay.kernels.fold_table import fold_table
from assay.kernels.shingles import PROSE, row_words
from assay.records.schema import TEXT

MIN_SHARE = 0.5
_FORMAT = b"assay.benchmark"
_PROBE = "Straße 12 r2d2 日本 ½ 123456"  # words of all sorts

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Items:
    """Benchmark items: where each stands, what it asks, all that it says, and its answers (any number of each item's).

    answers: texts; answer_of: int64, the item of each, in order.
    """

    at: list[str]
    prompt: pa.LargeStringArray
    whole: pa.LargeStringArray
    answers: pa.LargeStringArray
    answer_of: NDArray[np.int64]

    @classmethod
    def of(cls, items: Sequence[tuple[str, str, str, Sequence[str]]]) -> Items:
        """From (place, prompt, whole text, answers)."""
        return cls(
            [item[0] for item in items],
            pa.array([item[1] for item in items], TEXT),
            pa.array([item[2] for item in items], TEXT),
            pa.array([answer for item in items for answer in item[3]], TEXT),
            np.repeat(np.arange(len(items)), [len(item[3]) for item in items]).astype(np.int64),
        )

    @classmethod
    def joined(cls, parts: Sequence[Items]) -> Items:
        if not parts:
            return cls.of([])
        firsts = np.cumsum([0, *(len(part.at) for part in parts)])
        return cls(
            [at for part in parts for at in part.at],
            pa.concat_arrays([part.prompt for part in parts]),
            pa.concat_arrays([part.whole for part in parts]),
            pa.concat_arrays([part.answers for part in parts]),
            np.concatenate([part.answer_of + first for part, first in zip(parts, firsts, strict=False)]),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What texts hold of a benchmark; see kernels.contamination.match_rows. words: int32, of each text."""

    matches: NDArray[np.int64]
    shares: NDArray[np.float64]
    spans: NDArray[np.int64]
    words: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Index:
    """Benchmark items as hashes. at: place of each. wordless: items that say nothing; short: those of 1 to 3 words,
    found as whole texts only; covered: items that can be found inside longer texts, by n-grams or as a phrase."""

    at: list[str]
    tables: Tables
    wordless: int
    short: int
    covered: int

    def __len__(self) -> int:
        return len(self.at)

    def find(
        self,
        text: pa.LargeStringArray,
        prompt: pa.LargeStringArray | None = None,
        reply: pa.LargeStringArray | None = None,
        *,
        min_share: float = MIN_SHARE,
    ) -> Found:
        """Every item that each text holds. prompt, reply: what the records ask and answer, where that is known apart.

        text (the whole text is equal), prompt (what is asked), ngrams (a share of the distinct 13-grams of the prompt,
        of the whole text where the prompt has fewer than 8 words; all words in a row where there are 8 to 12), short
        (4 to 7 words in a row), answer (as ngrams, of an answer; or text or reply are an answer of 3 to 7 words).
        """
        counts = np.zeros(len(text), np.int32)
        if not self.at:
            return Found(np.zeros((0, 3), np.int64), np.zeros((0, 2)), np.zeros((0, 3), np.int64), counts)
        asked, said = (_NONE if column is None else utf8_views(column) for column in (prompt, reply))
        items, targets = len(self.at), len(self.tables.target_items)
        scratch = Scratch(
            np.zeros(targets, np.int32),
            np.zeros(targets, np.int32),
            np.zeros(items, np.uint8),
            np.zeros(items, np.int32),
            np.zeros(items, np.uint8),
            np.zeros(items, np.uint8),
            np.zeros((items, 2), np.float64),
        )
        offsets, data = utf8_views(text)
        tables = _frozen(self.tables)
        found = match_rows(offsets, data, *asked, *said, fold_table(), tables, scratch, float(min_share), counts)
        return Found(*found, counts)

    def arrays(self) -> dict[str, Array]:
        """All tables, by name."""
        found = {}
        for name, value in self.tables._asdict().items():
            parts = {f"{name}.{part}": array for part, array in value._asdict().items()} if _is_keyed(value) else None
            found.update(parts or {name: value})
        return found

    def digest(self) -> str:
        """32 hex digits: equal ones find the same in any text, and call it by the same places."""
        hasher = xxhash.xxh3_128("\n".join(self.at).encode("utf-8", "surrogatepass"))
        for name, array in self.arrays().items():
            hasher.update(f"{name} {array.dtype} {array.shape} ".encode())
            hasher.update(np.ascontiguousarray(array).tobytes())
        return hasher.hexdigest()

    def save(self, path: Path) -> None:
        """Write it whole or not at all: hashes and places, no texts. The same bytes for equal items."""
        columns: dict[str, pa.Array] = {"at": pa.array([self.at], pa.list_(TEXT))}
        for name, array in self.arrays().items():
            flat = pa.array(np.ascontiguousarray(array).reshape(-1))
            columns[name] = pa.ListArray.from_arrays(pa.array([0, len(flat)], pa.int32()), flat)
        facts = [self.wordless, self.short, self.covered]
        columns["facts"] = pa.array([facts], pa.list_(pa.int64()))
        table = pa.table(columns).replace_schema_metadata({_FORMAT: _mark()})
        with whole_file(path) as part, pa.ipc.new_file(str(part), table.schema) as out:
            out.write_table(table)

    @classmethod
    def load(cls, path: str) -> Index:
        """What `save` wrote. OSError: cannot be read; ValueError: it is something else."""
        try:
            with pa.memory_map(path) as file:
                table: Any = pa.ipc.open_file(file).read_all()
        except pa.ArrowInvalid as error:
            raise ValueError(str(error)) from None
        mark = (table.schema.metadata or {}).get(_FORMAT)
        if mark != _mark():
            by = "another version of Assay: write it again" if mark else "something else than `assay contamination`"
            raise ValueError(f"it was written by {by}")
        held = {name: one_array(table[name]).flatten() for name in table.column_names}
        values: dict[str, Any] = {}
        for name in Tables._fields:
            if name in held:
                values[name] = held[name].to_numpy().copy()
            else:
                values[name] = Keyed(*(held[f"{name}.{part}"].to_numpy().copy() for part in Keyed._fields))
        values["holds"] = values["holds"].reshape(-1, 2)
        return cls(held["at"].to_pylist(), Tables(**values), *held["facts"].to_pylist())


_NOTHING = np.zeros(1, np.int64), np.zeros(0, np.uint8)
for _array in _NOTHING:
    _array.flags.writeable = False  # to Numba another type than one that may be written to
_NONE = _NOTHING


def _mark() -> bytes:
    """Another one where words have other hashes: an index of these would find nothing, and say so of clean data."""
    raw = np.frombuffer(_PROBE.encode(), np.uint8)
    words, places = np.zeros(len(raw), np.uint64), np.zeros((2, len(raw)), np.int32)
    n = row_words(raw, 0, len(raw), fold_table(), PROSE, words, places[0], places[1])
    return b"1 " + xxhash.xxh3_64_hexdigest(words[:n].tobytes()).encode()


def _is_keyed(value: Any) -> bool:
    return isinstance(value, Keyed)


def _frozen(tables: Tables) -> Tables:
    """Read-only: arrays that came through an engine are, and to Numba these are another type."""
    for value in tables:
        for array in value if isinstance(value, Keyed) else (value,):
            array.flags.writeable = False
    return tables
