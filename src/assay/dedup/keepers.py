"""Which record of a cluster is kept: a policy in a few words, applied to columns, the same for any order of rows.

    keep: [human, licensed, {highest: quality_score}, newest, longest]
    keep_all: [{source: "gold/*"}]

Preferences are asked in turn; the record_id decides the rest. Records under `keep_all` never count as a copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import one_array
from assay.core.errors import UnknownName, UserError
from assay.core.ids import content_hash

# Words that stand alone, and those that take a value.
PLAIN = ("human", "licensed", "newest", "oldest", "longest", "shortest")
VALUED = ("highest", "lowest", "source", "domain", "origin", "license", "split")
_MADE = ("model", "simulator")  # origins that count as synthetic
LENGTH = "compared_bytes"  # handed in with the columns: how long the compared text is
DEFAULT_KEEP: tuple[Any, ...] = ("human", "licensed", {"highest": "quality_score"}, "newest", "longest")


@dataclass(frozen=True, slots=True)
class Preference:
    """`name` with its `value`: None, a column, or patterns of which earlier ones are preferred."""

    name: str
    value: str | tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Preferences in order, and what is kept in any case."""

    keep: tuple[Preference, ...]
    keep_all: tuple[Preference, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """JSON values that name this policy: part of what signals depend on."""
        as_list = [[p.name, p.value] for p in self.keep]
        return {"keep": as_list, "keep_all": [[p.name, p.value] for p in self.keep_all]}

    @property
    def digest(self) -> str:
        return content_hash(self.settings)

    def columns(self, available: Sequence[str]) -> list[str]:
        """Fields and signals that it reads, of those there are. E101 for a column that a preference names in vain.

        `highest: quality_score` of the default policy is asked only where that signal is measured.
        """
        found = ["record_id"]
        for preference in (*self.keep, *self.keep_all):
            for column in _columns(preference):
                if column in available:
                    found.append(column)
                elif preference != Preference("highest", "quality_score"):
                    raise UnknownName("field or measured signal", column, available, at="keep")
        return list(dict.fromkeys(found))

    def ranks(self, rows: pa.Table) -> NDArray[np.int64]:
        """int64[rows], 0 for the best of all: those kept in any case, then by the preferences, then by record_id."""
        keys = {f"k{i}": _key(p, rows) for i, p in enumerate(self.keep) if set(_columns(p)) <= set(rows.column_names)}
        table = pa.table({"own": pa.array(~self.protected(rows)), **keys, "record_id": rows["record_id"]})
        order = pc.sort_indices(table, sort_keys=[(name, "ascending", "at_end") for name in table.column_names])
        ranks = np.empty(len(rows), np.int64)
        ranks[order.to_numpy()] = np.arange(len(rows))
        return ranks

    def protected(self, rows: pa.Table) -> NDArray[np.bool_]:
        """bool[rows]: kept in any case."""
        out = np.zeros(len(rows), np.bool_)
        for preference in self.keep_all:
            out |= _key(preference, rows).to_numpy(zero_copy_only=False) < len(preference.value or ())
        return out


def _columns(preference: Preference) -> tuple[str, ...]:
    match preference.name:
        case "human":
            return ("origin",)
        case "licensed":
            return ("license",)
        case "newest" | "oldest":
            return ("event_time",)
        case "longest" | "shortest":
            return (LENGTH,)
        case "highest" | "lowest":
            return (str(preference.value),)
        case name:
            return (name,)


def _key(preference: Preference, rows: pa.Table) -> pa.Array:
    """Numbers of which the smallest is best; unknown values come last."""
    (column,) = _columns(preference)
    values = one_array(rows[column])
    match preference.name:
        case "human":
            known = pc.fill_null(values, "unknown")
            return pc.cast(pc.is_in(known, pa.array(_MADE, known.type)), pa.int8())
        case "licensed":
            return pc.cast(pc.is_null(values), pa.int8())
        case "newest":
            return pc.negate(pc.cast(values, pa.int64()))
        case "oldest":
            return pc.cast(values, pa.int64())
        case "longest":
            return pc.negate(values)
        case "shortest":
            return values
        case "highest" | "lowest":
            if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
                raise UserError("E104", f"{column} is {values.type}, not a number", at="keep", fix="name a number")
            numbers = pc.cast(values, pa.float64())
            return pc.negate(numbers) if preference.name == "highest" else numbers
        case "source":
            values = pc.struct_field(values, "path")
    return _first_match(values, preference.value if isinstance(preference.value, tuple) else ())


def _first_match(values: pa.Array, patterns: Sequence[str]) -> pa.Array:
    """Which pattern matches first, by number; their number where none does. Each distinct value is looked at once."""
    coded = pc.dictionary_encode(values, null_encoding="encode")
    compiled = [re.compile(translate(pattern)) for pattern in patterns]
    places = [
        next((i for i, one in enumerate(compiled) if value is not None and one.match(value)), len(compiled))
        for value in coded.dictionary.to_pylist()
    ]
    return pa.array(places, pa.int32()).take(coded.indices)


def parse_policy(value: Any = None, *, at: str = "keep") -> Policy:
    """A policy from YAML or JSON: a list of preferences, or {keep: [...], keep_all: [...]}; None is the default.

    E101 for an unknown preference, E104 for one with a wrong value.
    """
    if value is None:
        value = {}
    if isinstance(value, list):
        value = {"keep": value}
    if not isinstance(value, Mapping):
        raise UserError("E104", f"a keeper policy must be a list or a mapping, got {value!r}", at=at)
    for name in value:
        if name not in ("keep", "keep_all"):
            raise UnknownName("part of a keeper policy", str(name), ("keep", "keep_all"), at=at)
    keep = tuple(_preference(one, at) for one in value.get("keep", DEFAULT_KEEP))
    all_of = tuple(_preference(one, at) for one in value.get("keep_all", ()))
    for one in all_of:
        if not isinstance(one.value, tuple):
            fix = "such as keep_all: [{source: 'gold/*'}]"
            raise UserError("E104", f"keep_all cannot be told by {one.name!r}", at=at, fix=fix)
    return Policy(keep, all_of)


def _preference(value: Any, at: str) -> Preference:
    if isinstance(value, str):
        if value in VALUED:
            raise UserError("E104", f"{value!r} needs a value", at=at, fix=f"such as {{{value}: ...}}")
        if value not in PLAIN:
            raise UnknownName("preference", value, (*PLAIN, *VALUED), at=at)
        return Preference(value)
    if not isinstance(value, Mapping) or len(value) != 1:
        raise UserError("E104", f"cannot read the preference {value!r}", at=at, fix="a word, or {word: value}")
    ((name, given),) = value.items()
    if name not in VALUED:
        raise UnknownName("preference with a value", str(name), VALUED, at=at)
    if name in ("highest", "lowest"):
        if not isinstance(given, str):
            raise UserError("E104", f"{name} names one column, got {given!r}", at=at)
        return Preference(name, given)
    patterns = [given] if isinstance(given, str) else given
    if not isinstance(patterns, list) or not patterns or not all(isinstance(one, str) for one in patterns):
        raise UserError("E104", f"{name} takes patterns, got {given!r}", at=at, fix=f"such as {{{name}: ['gold/*']}}")
    return Preference(name, tuple(patterns))
