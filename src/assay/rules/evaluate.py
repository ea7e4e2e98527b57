"""Rules over a table: which fired on which record, which were unknown, and what follows. Arrow in, Arrow out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.errors import UnknownName, UserError, UserErrors
from assay.records.schema import TEXT
from assay.rules.rule import Rule
from assay.rules.sql import connect

DECISIONS = pa.schema(
    [
        pa.field("record_id", TEXT),
        pa.field("action", pa.string()),
        pa.field("rules", pa.list_(TEXT)),
        pa.field("unknown", pa.list_(TEXT)),
    ]
)
_Grid = NDArray[np.bool_]


def evaluate(rules: Sequence[Rule], table: pa.Table, kind: str, *, unmeasured: Collection[str] = ()) -> pa.Table:
    """One row per record, in the table's order: record_id, action (keep, drop, review), rules, unknown.

    rules: the names of every rule that fired, sorted: drop, review, warn and keep alike, also one that a keep rule
        took back. A null `when` counts as fired where the rule says on_null fire or review.
    unknown: the names of every rule whose `when` was null on this record, sorted.
    unmeasured: names that may be missing from the table: rules that read them are unknown on every record.

    Rules of other kinds are left out. E101 for any other missing name, E212 for an expression that is not boolean
    or does not fit the types, E214 for one that fails on a value.
    """
    applied = sorted((rule for rule in rules if rule.for_kind(kind)), key=lambda rule: rule.name)
    true, null = _verdicts(applied, table, unmeasured)
    fired = true.copy()
    for i, rule in enumerate(applied):
        if rule.on_null != "pass":
            fired[:, i] |= null[:, i]
    names = [rule.name for rule in applied]
    return pa.table(
        [
            table["record_id"].cast(TEXT),
            _actions(applied, true, null, fired),
            _names_where(names, fired),
            _names_where(names, null),
        ],
        schema=DECISIONS,
    )


def _actions(rules: Sequence[Rule], true: _Grid, null: _Grid, fired: _Grid) -> pa.Array:
    effective = fired.copy()
    place = {rule.name: i for i, rule in enumerate(rules)}
    for i, rule in enumerate(rules):
        if rule.action == "keep":
            for other in rule.overrides:
                if other in place:
                    effective[fired[:, i], place[other]] = False
    drop = np.zeros(len(true), np.bool_)
    review = np.zeros(len(true), np.bool_)
    for i, rule in enumerate(rules):
        asked = effective[:, i] & ~true[:, i] & null[:, i] & (rule.on_null == "review")
        if rule.action == "drop":
            drop |= effective[:, i] & ~asked
        elif rule.action == "review":
            review |= effective[:, i]
        review |= asked
    level = np.where(drop, 2, np.where(review, 1, 0))
    return pa.array(["keep", "review", "drop"]).take(pa.array(level))


def _names_where(names: Sequence[str], grid: _Grid) -> pa.ListArray:
    offsets = np.concatenate([[0], np.cumsum(grid.sum(axis=1))])
    items = pa.array(names, TEXT).take(pa.array(np.nonzero(grid)[1]))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items).cast(pa.list_(TEXT))


def _verdicts(rules: Sequence[Rule], table: pa.Table, unmeasured: Collection[str]) -> tuple[_Grid, _Grid]:
    """bool[rows, rules] twice: where `when` is true, and where it is null."""
    rows = table.num_rows
    true, null = np.zeros((rows, len(rules)), np.bool_), np.ones((rows, len(rules)), np.bool_)
    errors: list[UserError] = []
    asked: list[int] = []
    for i, rule in enumerate(rules):
        missing = [name for name in rule.expression.names if name not in table.column_names]
        if not missing:
            asked.append(i)
        for name in missing:
            if name not in unmeasured:
                errors.append(UnknownName("field or signal", name, table.column_names, at=rule.at))
    if errors:
        raise UserErrors(errors)
    names = sorted({name for i in asked for name in rules[i].expression.names})
    # A table without columns has no rows for DuckDB: constant rules need the ids as well.
    needed = table.select(names or ["record_id"])
    database = connect()
    try:
        database.register("t", needed)
        for i, column in zip(asked, _ask(database, [rules[i] for i in asked]), strict=True):
            unknown = column.is_null().to_numpy(zero_copy_only=False)
            null[:, i] = unknown
            true[:, i] = column.fill_null(False).to_numpy(zero_copy_only=False)
    finally:
        database.close()
    return true, null


def _ask(database: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> list[pa.Array]:
    if not rules:
        return []
    errors = _type_errors(database, rules)
    if errors:
        raise UserErrors(errors)
    chosen = ", ".join(f"({rule.expression.sql}) AS r{i}" for i, rule in enumerate(rules))
    try:
        answer = database.sql(f"SELECT {chosen} FROM t").to_arrow_table()
    except duckdb.Error as error:
        raise UserErrors(_failing(database, rules)) from error
    return [column.combine_chunks() for column in answer.columns]


def check_types(rules: Sequence[Rule], known: Mapping[str, Mapping[str, pa.DataType]]) -> None:
    """Every `when` is boolean and fits the types of its columns, for every kind it applies to; E212, all at once.

    known: kind -> field or signal -> type; the names have been checked before.
    """
    errors: dict[str, UserError] = {}
    for kind, columns in known.items():
        mine = [rule for rule in rules if rule.for_kind(kind)]
        names = sorted({name for rule in mine for name in rule.expression.names}) or ["record_id"]
        database = connect()
        try:
            database.register("t", pa.schema([(name, columns[name]) for name in names]).empty_table())
            for error in _type_errors(database, mine):
                errors.setdefault(str(error), error)
        finally:
            database.close()
    if errors:
        raise UserErrors(list(errors.values()))


def _type_errors(database: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> list[UserError]:
    errors: list[UserError] = []
    for rule in rules:
        try:
            described = database.execute(f"DESCRIBE SELECT ({rule.expression.sql}) FROM t").fetchall()
        except duckdb.Error as error:
            errors.append(
                UserError("E212", f"rule {rule.name!r}: {_short(error)}", at=rule.at, fix=f"when: {rule.when}")
            )
            continue
        if described[0][1] != "BOOLEAN":
            what = f"rule {rule.name!r}: `when` gives {described[0][1]}, not true or false"
            errors.append(UserError("E212", what, at=rule.at, fix="compare it with something"))
    return errors


def _failing(database: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> list[UserError]:
    """One by one, to name the rules that fail on some value."""
    errors: list[UserError] = []
    for rule in rules:
        try:
            database.execute(f"SELECT count(*) FILTER (WHERE ({rule.expression.sql})) FROM t").fetchall()
        except duckdb.Error as error:
            fix = "wrap the failing part in TRY(...), which is unknown where it fails"
            errors.append(UserError("E214", f"rule {rule.name!r}: {_short(error)}", at=rule.at, fix=fix))
    return errors or [UserError("E214", "the rules failed together, though each works alone", fix="report this")]


def _short(error: Exception) -> str:
    text = str(error).split("\n\n")[0]
    for tail in ("LINE 1:", "Candidate functions:", "You might need to add explicit type casts"):
        text = text.split(tail)[0]
    return " ".join(text.split()).removeprefix("Binder Error: ")
