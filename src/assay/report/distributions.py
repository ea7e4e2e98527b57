"""A signal's values as counts: columns are read some at a time, 8 million values or one column."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import one_array
from assay.report.model import Bin, Constant, Distribution, SignalInfo, Threshold
from assay.report.rows import Rows
from assay.report.thresholds import thresholds_for

BINS = 36
FEW_VALUES = 12  # whole numbers with no more distinct values than this get a bar each
CATEGORIES = 8
_VALUES = 8_000_000  # read at once: one scan costs some 20 ms whatever it reads
_HEAVY_TAIL = 25.0  # (99th percentile + 1) / (median + 1) from which a log axis reads better


def distributions_of(rows: Rows, limit: int) -> tuple[list[Distribution], list[Constant]]:
    """Signals that a rule compares with a number first, then by dimension and name; at most `limit` are drawn."""
    drawn: list[Distribution] = []
    constants: list[Constant] = []
    signals = _by_interest(rows)
    together = max(1, _VALUES // max(rows.count, 1))
    for start in range(0, len(signals), together):
        group = signals[start : start + together]
        batches = list(rows.subject.scan([signal.name for signal in group]))
        if not batches:
            break
        table = pa.Table.from_batches(batches)
        for signal in group:
            found = _one(rows, signal, thresholds_for(signal.name, rows.subject.rules), table.column(signal.name))
            if isinstance(found, Constant):
                constants.append(found)
            elif found is not None and len(drawn) < limit:
                drawn.append(found)
    return drawn, constants


def _by_interest(rows: Rows) -> list[SignalInfo]:
    used = {column for rule in rows.subject.rules for column in rule.expression.names}

    def key(signal: SignalInfo) -> tuple[bool, bool, bool, str]:
        thresholds = thresholds_for(signal.name, rows.subject.rules)
        return (not thresholds, signal.name not in used, signal.dimension is None, signal.name)

    return sorted(rows.subject.signals, key=key)


def _one(
    rows: Rows, signal: SignalInfo, thresholds: Sequence[Threshold], column: pa.ChunkedArray
) -> Distribution | Constant | None:
    dtype = column.type
    if signal.unit == "record_id":
        return None  # points at another record: evidence for one row, no distribution
    if pa.types.is_boolean(dtype) or _is_text(dtype):
        return _categories(rows, signal, column, thresholds)
    if pa.types.is_integer(dtype) or pa.types.is_floating(dtype):
        known = pc.is_valid(column).to_numpy()
        values = pc.fill_null(column, 0).to_numpy().astype(np.float64)[known]
        return _numbers(rows, signal, values, known, thresholds, whole=pa.types.is_integer(dtype))
    return None


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


def _categories(
    rows: Rows, signal: SignalInfo, column: pa.ChunkedArray, thresholds: Sequence[Threshold]
) -> Distribution | Constant | None:
    coded = one_array(column).cast(pa.large_string()).dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy()
    names = coded.dictionary.to_pylist()
    unknown = int((codes < 0).sum())
    if not names:
        return Constant(signal, rows.subject.dataset, "unknown", len(codes), unknown)
    if len(names) == 1:
        return Constant(signal, rows.subject.dataset, _shown(names[0]), len(codes), unknown)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    if len(names) > 50 and counts.max() < 0.02 * len(codes):
        return None  # ids and hashes: nearly every record has its own
    order = sorted(range(len(names)), key=lambda i: (-counts[i], names[i]))
    bins = [
        Bin(_shown(names[i]), float(n), float(n), _by_action(rows, codes == i))
        for n, i in enumerate(order[:CATEGORIES])
    ]
    if len(order) > CATEGORIES:
        rest = np.isin(codes, order[CATEGORIES:])
        bins.append(Bin(f"{len(order) - CATEGORIES} others", CATEGORIES, CATEGORIES, _by_action(rows, rest)))
    return Distribution(
        signal, rows.subject.dataset, "bars", bins, len(codes), unknown, None, None, None, thresholds=thresholds
    )


def _shown(value: str) -> str:
    return value if value.strip() else "(empty)"


def _numbers(
    rows: Rows, signal: SignalInfo, values: NDArray[np.float64], known: NDArray[np.bool_],
    thresholds: Sequence[Threshold], *, whole: bool,
) -> Distribution | Constant | None:  # fmt: skip
    dataset, unknown = rows.subject.dataset, int((~known).sum())
    if len(values) == 0:
        return Constant(signal, dataset, "unknown", len(known), unknown)
    low, median, high = float(values.min()), float(np.median(values)), float(values.max())
    if low == high:
        return Constant(signal, dataset, number(low), len(known), unknown)
    action = rows.action[known]
    distinct = np.unique(values)
    if len(distinct) <= (FEW_VALUES if whole else 3):
        bins = [Bin(number(v), float(v), float(v), _counts(action[values == v])) for v in distinct.tolist()]
        return Distribution(
            signal, dataset, "bars", bins, len(known), unknown, low, median, high, thresholds=thresholds
        )
    form, edges = _edges(values, thresholds, whole=whole)
    inside = (values >= edges[0]) & (values <= edges[-1])
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    counted = np.array([np.bincount(place[inside & (action == a)], minlength=len(edges) - 1) for a in range(3)])
    bins = [
        Bin(
            f"{number(edges[i])} to {number(edges[i + 1])}",
            float(edges[i]),
            float(edges[i + 1]),
            _triple(counted[:, i]),
        )
        for i in range(len(edges) - 1)
    ]
    shown = [t for t in thresholds if edges[0] <= t.value <= edges[-1]]
    return Distribution(
        signal, dataset, form, bins, len(known), unknown, low, median, high, shown, int((~inside).sum())
    )


def _edges(
    values: NDArray[np.float64], thresholds: Sequence[Threshold], *, whole: bool
) -> tuple[str, NDArray[np.float64]]:
    low, high = float(values.min()), float(values.max())
    bottom, middle, top = (float(q) for q in np.percentile(values, (1, 50, 99)))
    if low >= 0 and (top + 1) / (middle + 1) > _HEAVY_TAIL:
        grid = np.expm1(np.linspace(math.log1p(low), math.log1p(high), BINS + 1))
        return "log", _whole(grid) if whole else grid
    # A single far outlier must not squeeze all others into one bar; what is cut off is said beside the chart.
    reach = [t.value for t in thresholds]
    if high - top > 3 * (top - bottom) > 0:
        high = max([top, *[v for v in reach if v <= high]])
    if bottom - low > 3 * (top - bottom) > 0:
        low = min([bottom, *[v for v in reach if v >= low]])
    near = [v for v in reach if low - 0.5 * (high - low) <= v <= high + 0.5 * (high - low)]
    low, high = min([low, *near]), max([high, *near])
    grid = np.linspace(low, high, BINS + 1)
    return "linear", _whole(grid) if whole else grid


def _whole(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges on whole numbers: a bar that holds two values beside bars that hold one would look like a peak."""
    low, high = math.floor(grid[0]), math.ceil(grid[-1])
    if len(grid) > 2 and abs((grid[1] - grid[0]) - (grid[-1] - grid[-2])) < 1e-9:
        step = max(1, math.ceil((high + 1 - low) / BINS))
        return np.arange(low, high + step + 1, step, dtype=np.float64)
    edges = np.unique(np.round(grid))
    edges[-1] = max(edges[-1], high)
    return edges


def _by_action(rows: Rows, mask: NDArray[np.bool_]) -> tuple[int, int, int]:
    return _counts(rows.action[mask])


def _counts(action: NDArray[np.int8]) -> tuple[int, int, int]:
    return _triple(np.bincount(action, minlength=3))


def _triple(counts: NDArray[np.int64]) -> tuple[int, int, int]:
    keep, review, drop = (int(n) for n in counts[:3])
    return keep, review, drop


def number(value: float) -> str:
    """Short and exact enough to read off a chart: 12,000 / 0.035 / 1.2M."""
    size = abs(value)
    if size >= 1e15:
        return f"{value:.3g}" if size >= 0.001 else ("<0.001" if value > 0 else ">-0.001")
    for limit, suffix in ((1e9, "G"), (1e6, "M")):
        if size >= limit:
            return f"{value / limit:.3g}{suffix}"
    if size >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if size >= 0.001 else ("<0.001" if value > 0 else ">-0.001")
