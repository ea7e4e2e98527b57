"""Records that write something otherwise than their source does: dates in another format, units of another system.

A source is the file, where 20 or more of its records write such a thing, else its folder. There is a usual way where
90 % of these records have it; without one nobody drifts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.records.schema import SOURCE, TEXT, columns_of
from assay.signals.base import dataset_signal
from assay.signals.nested import flags, member
from assay.text.dates import AMBIGUOUS, DAY_FIRST, MONTH_FIRST, date_formats
from assay.text.units import unit_systems

USUAL_SHARE, MIN_RECORDS = 0.9, 20
_SEEN = pa.schema([("row", pa.int64()), ("facet", TEXT), ("style", TEXT)])
_COUNTS = pa.schema([("path", TEXT), ("facet", TEXT), ("style", TEXT), ("count", pa.int64())])
Present = Mapping[tuple[str, str], pa.BooleanArray]  # (facet, style) -> which rows have it


def seen(present: Present) -> pa.Table:
    """(row, facet, style) of everything that is there."""
    parts = []
    for (facet, style), marked in present.items():
        rows = np.flatnonzero(flags(marked))
        columns = [pa.array(rows, pa.int64()), *(pa.array([name] * len(rows), TEXT) for name in (facet, style))]
        parts.append(pa.Table.from_arrays(columns, schema=_SEEN))
    return pa.concat_tables(parts) if parts else _SEEN.empty_table()


def _with_place(found: pa.Table, source: pa.Array) -> pa.Table:
    path = pc.fill_null(member(source, "path"), "")
    return found.append_column("path", path.take(one_array(found["row"])))


def counted(found: pa.Table, source: pa.Array) -> pa.Table:
    """(path, facet, style, count) of records; a null style counts the records that have any."""
    found = _with_place(found, source)
    by_style = found.group_by(["path", "facet", "style"], use_threads=False).aggregate([([], "count_all")])
    any_style = found.group_by(["path", "facet", "row"], use_threads=False).aggregate([])
    totals = any_style.group_by(["path", "facet"], use_threads=False).aggregate([([], "count_all")])
    totals = totals.append_column("style", pa.nulls(totals.num_rows, TEXT))
    names = ["path", "facet", "style", "count_all"]
    both = pa.concat_tables([by_style.select(names), totals.select(names)])
    return both.rename_columns(_COUNTS.names).cast(_COUNTS)


def usual(parts: pa.Table) -> pa.Table:
    """(group, facet, style): the usual style of each file, and of each folder's smaller files; null where none is."""
    names = ["path", "facet", "style"]
    parts = parts.group_by(names, use_threads=False).aggregate([("count", "sum")]).rename_columns([*names, "count"])
    totals = parts.filter(pc.and_(parts["style"].is_null(), pc.greater_equal(parts["count"], MIN_RECORDS)))
    large = _key(totals["facet"], totals["path"])
    own = pc.is_in(_key(parts["facet"], parts["path"]), large)
    group = pc.if_else(own, parts["path"], folder(parts["path"]))
    table = pa.table({"group": group, "facet": parts["facet"], "style": parts["style"], "count": parts["count"]})
    keys = ["group", "facet", "style"]
    table = table.group_by(keys, use_threads=False).aggregate([("count", "sum")]).rename_columns([*keys, "count"])
    total = table.filter(table["style"].is_null()).select(["group", "facet", "count"])
    total = total.rename_columns(["group", "facet", "total"])
    share = table.filter(table["style"].is_valid()).join(
        total, ["group", "facet"], join_type="inner", use_threads=False
    )
    wide = pc.greater_equal(share["count"], pc.multiply(share["total"], USUAL_SHARE))
    share = share.filter(pc.and_(wide, pc.greater_equal(share["total"], MIN_RECORDS)))
    # Two styles can both be usual where records have both: then neither is.
    first = share.group_by(["group", "facet"], use_threads=False).aggregate([("style", "min"), ([], "count_all")])
    first = first.filter(pc.equal(first["count_all"], 1)).select(["group", "facet", "style_min"])
    state = total.select(["group", "facet"]).join(first, ["group", "facet"], use_threads=False)
    state = state.rename_columns(["group", "facet", "style"])
    return state.sort_by([("group", "ascending"), ("facet", "ascending")]).combine_chunks()


def folder(path: pa.Array) -> pa.Array:
    """`a/b.json` -> `a/`; no file has a name that ends so."""
    head = pc.struct_field(pc.extract_regex(path, r"^(?P<folder>(?s:.*/))"), "folder")
    return pc.coalesce(head, pa.scalar("/", TEXT))


def _key(facet: pa.Array, group: pa.Array) -> pa.Array:
    return one_array(pc.binary_join_element_wise(facet, group, pa.scalar("\u241e", TEXT)))


def usual_of(state: pa.Table, facet: pa.Array, path: pa.Array) -> pa.Array:
    """The usual style at each facet and path; null where there is none."""
    keys, styles = _key(state["facet"], state["group"]), one_array(state["style"])
    mine, theirs = pc.index_in(_key(facet, path), keys), pc.index_in(_key(facet, folder(path)), keys)
    return styles.take(pc.coalesce(mine, theirs))


def drifting(
    state: pa.Table, found: pa.Table, source: pa.Array, same: Callable[[str, str], bool] | None = None
) -> pa.ListArray:
    """Per record `style in facet (usually other)` of each style that is not its source's usual one; sorted.

    Null where the record has nothing that is usually written in one way. same(style, usual): styles to let pass.
    """
    found = _with_place(found, source)
    common = usual_of(state, one_array(found["facet"]), one_array(found["path"]))
    judged = found.append_column("usual", common).filter(common.is_valid())
    odd = judged.filter(pc.not_equal(judged["style"], judged["usual"]))
    out: list[list[str] | None] = [None] * len(source)
    for row in np.unique(one_array(judged["row"]).to_numpy()).tolist():
        out[row] = []
    for one in odd.to_pylist():
        if same is None or not same(one["style"], one["usual"]):
            listed = out[one["row"]]
            assert listed is not None
            listed.append(f"{one['style']} in {one['facet']} (usually {one['usual']})")
    return pa.array([None if one is None else sorted(one) for one in out], pa.list_(TEXT))


def _dated(kind: str) -> dict[str, pa.DataType]:
    held = columns_of(kind)
    names = ("text", "event_time_raw", "extra_json", "metadata_json")
    return {"source": SOURCE, **{name: held[name] for name in names if name in held}}


def _dates(columns: Mapping[str, pa.Array]) -> pa.Table:
    present = {}
    for name, values in columns.items():
        for style, marked in date_formats(values, alone=name == "event_time_raw").items():
            present[name, style] = marked
    return seen(present)


def _dated_counts(*, kind: str, source: pa.Array, **columns: pa.Array) -> pa.Table:
    return counted(_dates(columns), source)


def _one_order(style: str, usual: str) -> bool:
    """A slashed date of two small numbers is in the order that its source has otherwise."""
    return style == AMBIGUOUS and usual in (DAY_FIRST, MONTH_FIRST)


def _usual_dates(parts: pa.Table) -> pa.Table:
    """As usual(); slashed dates that could be either stand for the order that their path has otherwise, if only one."""
    names = ["path", "facet", "style"]
    parts = parts.group_by(names, use_threads=False).aggregate([("count", "sum")]).rename_columns([*names, "count"])
    places = _key(parts["facet"], folder(parts["path"]))
    style, count = one_array(parts["style"]), one_array(parts["count"])
    by_place: dict[str, dict[str, int]] = {}
    slashed = pc.indices_nonzero(pc.is_in(style, pa.array([DAY_FIRST, MONTH_FIRST], TEXT)))
    for i in slashed.to_pylist():
        tally = by_place.setdefault(places[i].as_py(), {DAY_FIRST: 0, MONTH_FIRST: 0})
        tally[style[i].as_py()] += count[i].as_py()
    meant = []
    for i, name in enumerate(style.to_pylist()):
        orders = by_place.get(places[i].as_py()) if name == AMBIGUOUS else None
        if orders is not None:
            best = max((DAY_FIRST, MONTH_FIRST), key=lambda order: orders[order])
            name = best if orders[best] >= USUAL_SHARE * sum(orders.values()) else name
        meant.append(name)
    return usual(parts.set_column(2, "style", pa.array(meant, TEXT)))


@dataset_signal(
    dimension="consistency",
    reads=_dated,
    writes=pa.list_(TEXT),
    unit="date formats",
    source="the format in which at least 90 % of the source's records with a date write it, of 20 and more",
    summarise=_dated_counts,
    combine=_usual_dates,
    default=False,
)
def date_format_drift(state: pa.Table, *, kind: str, source: pa.Array, **columns: pa.Array) -> pa.ListArray:
    """Date formats of the record that its source does not use otherwise, as `MM/DD/YYYY in text (usually YYYY-MM-DD)`.

    By field: the text, the raw event time, extra_json and metadata_json. Null where the record has no date, or its
    source no usual format. See text/dates.py for what is a date.
    """
    return drifting(state, _dates(columns), source, _one_order)


_TEXTS: dict[str, Any] = {"text": TEXT, "source": SOURCE}


def _unit_counts(*, text: pa.Array, source: pa.Array) -> pa.Table:
    return counted(seen(unit_systems(text)), source)


@dataset_signal(
    dimension="consistency",
    reads=_TEXTS,
    writes=pa.list_(TEXT),
    unit="systems of units",
    source="the system in which at least 90 % of the source's records give a quantity, of 20 and more",
    summarise=_unit_counts,
    combine=usual,
    default=False,
)
def unit_drift(state: pa.Table, *, text: pa.Array, source: pa.Array) -> pa.ListArray:
    """Quantities given in other units than the source's usual, as `lb, oz in weight (usually kg, g)`.

    Weight, length, distance, temperature, speed and money in the text view. Null where the record gives none of them,
    or its source has no usual units for them. See text/units.py for how they are found.
    """
    return drifting(state, seen(unit_systems(text)), source)
