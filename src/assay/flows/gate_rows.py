"""The decided rows that gates look at, and the failing ones written down so that people can look at them too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from assay.core.errors import UnknownName, UserError
from assay.core.files import whole_file
from assay.core.ids import fingerprint
from assay.flows.gates import FailingRows, Gate
from assay.flows.rulesets import known_ruleset
from assay.records.schema import KIND_NAMES, TEXT
from assay.rules import Ruleset, fired_by_rule, parse_ruleset
from assay.signals import known_columns
from assay.store import Workspace

Mask = NDArray[np.bool_]
_FROM_ROWS = ("domain", "origin", "license", "split")
_EXAMPLES = 5
NONE = "(none)"


@dataclass(eq=False)
class DecidedRows:
    """One decided version of one dataset. Arrays are in the order of its rows."""

    ws: Workspace
    name: str
    version: int
    ruleset: Ruleset
    decisions: pa.Table
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        self.kind = self.ws.dataset(self.name).kind

    def __len__(self) -> int:
        return int(self.decisions.num_rows)

    @cached_property
    def _facts(self) -> pa.Table:
        parts = list(self.ws.dataset(self.name).scan(self.version, columns=["record_id", *_FROM_ROWS, "source"]))
        if not parts:
            return pa.table({"record_id": pa.array([], TEXT)})
        table = pa.Table.from_batches(parts)
        path = pc.struct_field(table["source"], "path")
        table = table.drop_columns(["source"]).append_column("source", path)
        if not table["record_id"].equals(self.decisions["record_id"]):
            raise RuntimeError(f"{self.name}@{self.version}: decisions and rows are not in the same order")
        return table

    def axis(self, name: str) -> pa.Array:
        """The group of each row, as text; null is (none)."""
        if name in ("kind", "dataset"):
            return pa.repeat(pa.scalar(self.kind if name == "kind" else self.name, TEXT), len(self))
        if len(self) == 0:
            return pa.array([], TEXT)
        return pc.fill_null(self._facts[name].cast(TEXT), NONE).combine_chunks()

    def is_action(self, action: str) -> Mask:
        return np.asarray(pc.equal(self.decisions["action"], action).to_numpy(zero_copy_only=False), np.bool_)

    @cached_property
    def fired(self) -> dict[str, Mask]:
        """Rule -> where it fired."""
        return fired_by_rule(self.decisions["rules"], self.ruleset.for_kind(self.kind))

    def column(self, name: str) -> pa.ChunkedArray | None:
        """A field or signal; None where this kind has none such or the version has not measured it."""
        data = self.ws.dataset(self.name)
        if name not in data.schema(self.version).names:
            signal = data.signals(self.version).get(name)
            if signal is None or signal.unmeasured_fragments:
                return None
        batches = list(data.scan(self.version, columns=[name]))
        return pa.chunked_array([batch.column(0) for batch in batches]) if batches else None

    def columns(self, names: Sequence[str]) -> pa.Table:
        wanted = list(dict.fromkeys(["record_id", *names]))
        return pa.Table.from_batches(list(self.ws.dataset(self.name).scan(self.version, columns=wanted)))


def load_decided(ws: Workspace, decided: Mapping[str, Mapping[str, Any]]) -> list[DecidedRows]:
    """The rows of decided datasets, by name. `decided`: full name -> {version, key}. E208 where there are none."""
    found = []
    for name, made in sorted(decided.items()):
        table = ws.load_decisions(name, made["version"], made["key"])
        if table is None:
            raise UserError(
                "E208", f"no decisions on {name}@{made['version']}", fix=f"assay decide {name} --rules RULES"
            )
        found.append(
            DecidedRows(ws, name, int(made["version"]), known_ruleset(ws, made["key"]), table.combine_chunks())
        )
    return found


def condition(gate: Gate) -> Ruleset:
    """The condition of a `share(...)` gate as a ruleset of one rule. Raises E212 for what a rule may not say."""
    text = "- {name: gate, dimension: validity, action: warn, when: " + _quoted(gate.argument or "") + "}\n"
    return parse_ruleset(text, gate.place or "gate", name="gate")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def gate_columns(gate: Gate) -> list[str]:
    """The fields and signals that a gate reads. Raises E101 for a name that no kind has, E212 for a bad condition."""
    if gate.argument is None:
        return []
    names = [gate.argument]
    if gate.metric == "share":
        names = list(condition(gate).rules[0].expression.names)
    known = {name for kind in KIND_NAMES for name in known_columns(kind)}
    for name in names:
        if name not in known:
            raise UnknownName("field or signal", name, known, at=gate.place)
    return names


def write_failing(
    ws: Workspace,
    scope: str,
    gate: Gate,
    rows: Sequence[DecidedRows],
    masks: Sequence[Mask],
    groups: Sequence[pa.Array],
) -> FailingRows | None:
    """Note the masked rows in the workspace as gates/<gate>-<scope>.parquet, in the order of datasets and rows."""
    parts = []
    for part, mask, group in zip(rows, masks, groups, strict=True):
        chosen = pa.array(np.flatnonzero(mask))
        ids = part.decisions["record_id"].combine_chunks().take(chosen)
        names = pa.repeat(pa.scalar(part.name, TEXT), len(ids))
        parts.append(pa.table({"dataset": names, "record_id": ids, "group": group.take(chosen)}))
    table = pa.concat_tables(parts).combine_chunks() if parts else None
    if table is None or table.num_rows == 0:
        return None
    folder = ws.path / "gates"
    folder.mkdir(exist_ok=True)
    path = folder / f"{_slug(gate.name)}-{fingerprint(scope, gate.name)[:12]}.parquet"
    with whole_file(path) as part_file:
        pq.write_table(table, part_file, compression="zstd")
    first = table.slice(0, _EXAMPLES).to_pylist()
    examples = [f"{row['dataset']} {row['record_id']}" for row in first]
    return FailingRows(count=table.num_rows, path=path.relative_to(ws.path).as_posix(), examples=examples)


def read_failing(ws: Workspace, rows: FailingRows) -> pa.Table:
    """All failing rows of a gate: dataset, record_id (what `assay show` takes) and group."""
    return pq.read_table(Path(ws.path) / rows.path)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:60]
