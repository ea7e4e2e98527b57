"""What a kind of record is: its fields, the names they go by in the wild, its text view and its own rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from functools import cached_property, lru_cache
from typing import Any

import pyarrow as pa

from assay.core.registry import Registry
from assay.records.codecs import Codec
from assay.records.schema import PAYLOADS

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_GAP = re.compile(r"[\s.\-/]+")


@lru_cache(maxsize=16384)
def plain_name(key: str) -> str:
    """A key as it would be written here: `finalAnswer`, `Final Answer` and `final-answer` are `final_answer`."""
    return _GAP.sub("_", _HUMP.sub("_", key)).lower()


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule of a kind. `path` points into the row (`$.steps[2].index`), `rule` is a slug."""

    path: str
    rule: str
    detail: str


@dataclass(frozen=True)
class Field:
    """One thing a record can say.

    `names` are its names in the wild, best first (our own name always counts); `weak` are names that other kinds use
    too and that count less in detection. `to` is where it lies: a column, or a path into a struct or list column.
    `lenient`: a value of another shape is not an error, it stays among the unknown keys.
    """

    name: str
    codec: Codec
    names: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    weight: float = 1.0
    weak_weight: float = 0.5
    to: tuple[str, ...] = ()
    lenient: bool = False
    adds: bool = False  # puts an item into a list column that another field fills: no clash

    @cached_property
    def path(self) -> tuple[str, ...]:
        return self.to or tuple(self.name.split("."))

    @cached_property
    def strengths(self) -> dict[str, float]:
        """Plain name -> weight, best name first."""
        out = {plain_name(self.name): self.weight}
        out.update(dict.fromkeys(self.names, self.weight))
        for name in self.weak:
            out.setdefault(name, self.weak_weight)
        return out


@dataclass(frozen=True)
class Kind:
    """A kind of record. `required` lists columns that must be said, `a|b` meaning any (a null counts as said).

    `text_view` makes the envelope's `text` from a row; `text_column` names the payload column that *is* the text view.
    `finish` may move things between columns once all fields are read (it gets the columns and the shape tags).
    `gather` claims several top-level keys for one field: (object, plain name -> key, keys not yet claimed, fields
    already read) -> field name -> keys.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]
    required: tuple[str, ...]
    text_view: Callable[[Mapping[str, Any]], str | None]
    problems: Callable[[Mapping[str, Any]], list[Problem]]
    id_fields: tuple[str, ...] = ("id", "record_id", "uid", "uuid", "guid")
    id_column: str | None = None  # the payload column that names the record where no id field does
    text_column: str | None = None
    finish: Callable[[dict[str, Any], dict[str, str]], None] | None = None
    gather: Callable[[Mapping[str, Any], Mapping[str, str], list[str], frozenset[str]], dict[str, list[str]]] | None = (
        None
    )
    refuse: frozenset[str] = frozenset()  # a record with one of these keys is not of this kind, whatever else it has
    enough: float = 0.0  # the score that detection asks for
    notes: Mapping[str, str] = default(default_factory=dict)  # field -> why it speaks for this kind, where not plain

    @property
    def payload(self) -> Mapping[str, pa.DataType]:
        """Column -> Arrow type."""
        return PAYLOADS[self.name]

    @property
    def aliases(self) -> dict[str, tuple[str, ...]]:
        """Our field -> names seen in the wild (lower case, snake case), best first."""
        return {field.name: tuple(field.strengths) for field in self.fields}

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}


KINDS: Registry[Kind] = Registry("kind")


def problem(path: str, rule: str, detail: str) -> Problem:
    return Problem(path, rule, detail)


def join_text(*parts: str | None) -> str | None:
    """Parts with a blank line between; None where there is nothing at all."""
    found = [part for part in parts if part]
    return "\n\n".join(found) if found else None
