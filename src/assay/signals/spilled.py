"""Cells of a table beyond its header: a row cut at the wrong places spills into columns without a name."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from assay.records.schema import TEXT
from assay.signals.base import ALL, dataset_signal

# The readers of tables call the column at position 3 `c3` where the header does not name it.
_UNNAMED = re.compile(r"c\d+")
_LIKELY = r'"c\d+":'
RARE = 0.5  # of the records; a table read without a header has its unnamed columns on every row


def _members(text: str) -> dict[str, Any]:
    """The members of a JSON object; none where the text is anything else."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return {}
    return value if isinstance(value, dict) else {}


def _cells(extra_json: pa.LargeStringArray) -> list[tuple[int, list[str]]]:
    """Row and unnamed columns that hold something, for the rows that have any."""
    likely = pc.fill_null(pc.match_substring_regex(extra_json, _LIKELY), False)
    found = []
    for row in pc.indices_nonzero(likely).to_pylist():
        extra = _members(extra_json[row].as_py())
        names = sorted(name for name, value in extra.items() if _UNNAMED.fullmatch(name) and value not in (None, ""))
        if names:
            found.append((row, names))
    return found


def _summarise(extra_json: pa.LargeStringArray) -> pa.Table:
    counts = Counter(name for _, names in _cells(extra_json) for name in names)
    names = ["", *sorted(counts)]  # the empty name counts the records
    return pa.table(
        {
            "name": pa.array(names, TEXT),
            "count": pa.array([len(extra_json), *(counts[n] for n in names[1:])], pa.int64()),
        }
    )


def _combine(parts: pa.Table) -> pa.Table:
    totals = parts.group_by("name", use_threads=False).aggregate([("count", "sum")])
    return totals.sort_by("name")


@dataset_signal(
    dimension="validity",
    reads={"extra_json": TEXT},
    writes=pa.list_(TEXT),
    unit="column names",
    source="signals/spilled.py: columns that a table's header does not name, filled on fewer than half of the rows",
    kinds=ALL,
    summarise=_summarise,
    combine=_combine,
)
def spilled_cells(state: pa.Table, *, extra_json: pa.LargeStringArray) -> pa.ListArray:
    """Filled columns without a name, where most records of the dataset leave them empty. Never null.

    An unescaped comma cuts a text in two: the first part stays in its column, the rest lands in these.
    """
    counts = dict(zip(state["name"].to_pylist(), state["count_sum"].to_pylist(), strict=True))
    total = counts.get("", 0)
    rare = {name for name, count in counts.items() if name and count < RARE * total}
    values: list[list[str]] = [[] for _ in range(len(extra_json))]
    for row, names in _cells(extra_json):
        values[row] = [name for name in names if name in rare]
    return pa.array(values, pa.list_(TEXT))
