"""Readings against their series: changes faster than the world can make, placeholders, readings that stand out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import one_array
from assay.records.schema import SOURCE, TEXT, TIME, columns_of
from assay.signals.base import dataset_signal
from assay.signals.nested import Flags, flags, flat, member, tally
from assay.signals.ranges import fastest, read_limits
from assay.signals.sensors import listed, stream_of

_READ = {
    "stream_id": TEXT,
    "timestamp": TIME,
    "record_id": TEXT,
    "source": SOURCE,
    "sensor_data": columns_of("domain_log")["sensor_data"],
}
_SERIES = ("stream", "channel", "unit")
SHORTEST_S = 1.0  # steps are at least so long for built-in rates: the noise of a fast sensor is no change
AROUND = 5  # readings on each side that a reading is held against
_ROWS = 1 << 16  # windows at once
# What loggers write for "no value": rows of nines, the ends of integers, the fill values of netCDF and of GRIB.
_PLACEHOLDERS = np.array(sorted(
    {-99.0, -99.9, -32768.0, 32767.0, 65535.0, -2147483648.0, 2147483647.0, 4294967295.0}
    | {sign * value for sign in (1.0, -1.0) for value in (999.0, 999.9, 999.99, 9999.0, 9999.9, 99999.0, 999999.0)}
    | {9.969209968386869e36, 1e20, 9.999e20}
))  # fmt: skip
FEWEST, BEYOND = 10, 3.0  # other readings of the series, and how many times further from 0 than all of them


def _readings(
    *, stream_id: pa.Array, timestamp: pa.Array, record_id: pa.Array, source: pa.Array, sensor_data: pa.ListArray
) -> pa.Table:
    """Finite readings with a time: (stream, channel, unit, time, record_id, value)."""
    items, parents = flat(sensor_data)
    at = pa.array(parents)
    value = pc.cast(member(items, "value"), pa.float64())
    table = pa.table(
        {
            "stream": stream_of(stream_id, source).take(at),
            "channel": member(items, "channel"),
            "unit": pc.fill_null(member(items, "unit"), ""),
            "time": pc.cast(timestamp, pa.int64()).take(at),
            "record_id": record_id.take(at),
            "value": value,
        }
    )
    keep = pc.fill_null(pc.is_finite(value), False)
    for name in ("stream", "channel", "time"):
        keep = pc.and_(keep, table[name].is_valid())
    return table.filter(keep)


def _in_time(parts: pa.Table) -> tuple[pa.Table, Flags, NDArray[np.float64]]:
    """Readings by series and time, where a series begins, and their values."""
    order = [*_SERIES, "time", "record_id", "value"]
    rows = parts.sort_by([(name, "ascending") for name in order]).combine_chunks()
    first = np.ones(rows.num_rows, np.bool_)
    if rows.num_rows > 1:
        first[1:] = False
        for name in _SERIES:
            values = one_array(rows[name])
            first[1:] |= flags(pc.not_equal(values[1:], values[:-1]))
    return rows, first, np.asarray(one_array(rows["value"]).to_numpy(zero_copy_only=False), np.float64)


def _changes(parts: pa.Table) -> pa.Table:
    """Per record: the changes of its readings since the ones before them, as lists of equal length."""
    rows, first, value = _in_time(parts)
    time = one_array(rows["time"]).to_numpy()
    change, seconds = np.zeros(len(value)), np.zeros(len(value))
    with np.errstate(over="ignore"):
        change[1:] = np.abs(value[1:] - value[:-1])
    seconds[1:] = (time[1:].astype(np.float64) - time[:-1].astype(np.float64)) / 1e6
    use = pa.array(~first & (seconds > 0))  # two readings at one time say nothing about speed
    table = pa.table(
        {
            "record_id": rows["record_id"],
            "channel": rows["channel"],
            "unit": rows["unit"],
            "change": change,
            "seconds": seconds,
        }
    ).filter(use)
    names = ("record_id", "channel", "unit", "change", "seconds")
    table = table.sort_by([(name, "ascending") for name in names]).combine_chunks()
    ids = one_array(table["record_id"])
    fresh = np.ones(len(ids), np.bool_)
    if len(ids) > 1:
        fresh[1:] = flags(pc.not_equal(ids[1:], ids[:-1]))
    starts = np.flatnonzero(fresh)
    offsets = pa.array(np.append(starts, len(ids)), pa.int64())
    lists = {name: pa.LargeListArray.from_arrays(offsets, one_array(table[name])) for name in names[1:]}
    return pa.table({"record_id": ids.take(pa.array(starts)), **lists})


@dataset_signal(
    dimension="accuracy",
    kinds=("domain_log",),
    reads=_READ,
    writes=pa.list_(TEXT),
    unit="channel names",
    source="max_rate in `sensor_limits`, else signals/ranges.py: the fastest changes on record, by channel and unit",
    summarise=_readings,
    combine=_changes,
    params={"sensor_limits": None},
    files=("sensor_limits",),
)
def rate_out_of_range(
    state: pa.Table, *, record_id: pa.Array, sensor_limits: str | None, **columns: pa.Array
) -> pa.ListArray:
    """Channels that changed faster since the reading before them than they can; sorted.

    By time within a stream, channel and unit. A user's max_rate holds for any interval; the built-in rates for
    intervals of a second and more, shorter ones counting as one. Null where no reading has a known rate and another
    before it.
    """
    own = read_limits(sensor_limits) if sensor_limits is not None else ()
    row = pc.index_in(record_id, one_array(state["record_id"]))
    taken = {name: one_array(state[name]).take(row) for name in ("channel", "unit", "change", "seconds")}
    channel, parents = flat(taken["channel"])
    unit, _ = flat(taken["unit"])
    change = np.asarray(flat(taken["change"])[0].to_numpy(zero_copy_only=False), np.float64)
    seconds = np.asarray(flat(taken["seconds"])[0].to_numpy(zero_copy_only=False), np.float64)
    pairs = pc.dictionary_encode(pc.binary_join_element_wise(channel, unit, pa.scalar("\u241e", TEXT)))
    rates, floors = [], []
    for pair in pairs.dictionary.to_pylist():
        name, _, written = pair.partition("\u241e")
        mine = next((one for one in own if one.max_rate is not None and one.fits(name, written or None)), None)
        known = mine.max_rate if mine is not None else fastest(name, written or None)
        rates.append(np.nan if known is None else known)
        floors.append(0.0 if mine is not None else SHORTEST_S)
    code = pairs.indices.to_numpy(zero_copy_only=False)
    rate, floor = np.array(rates, np.float64)[code], np.array(floors, np.float64)[code]
    wrong = change > rate * np.maximum(seconds, floor)
    known_rows = tally(parents, len(record_id), ~np.isnan(rate)) > 0
    return listed(parents[wrong], channel.filter(pa.array(wrong)), len(record_id), ~known_rows)


def _placeholders(parts: pa.Table) -> pa.Table:
    """(record_id, channel) of every placeholder in a series whose other readings are far from it, sorted."""
    rows, first, value = _in_time(parts)
    suspect = np.isin(value, _PLACEHOLDERS)
    series = np.cumsum(first) - 1
    count = int(series[-1]) + 1 if len(series) else 0
    others, furthest = np.bincount(series[~suspect], minlength=count), np.zeros(count)
    np.maximum.at(furthest, series[~suspect], np.abs(value[~suspect]))
    wrong = suspect & (others[series] >= FEWEST) & (furthest[series] > 0) & (np.abs(value) >= BEYOND * furthest[series])
    found = rows.select(["record_id", "channel"]).filter(pa.array(wrong))
    found = found.group_by(["record_id", "channel"], use_threads=False).aggregate([])
    return found.sort_by([("record_id", "ascending"), ("channel", "ascending")]).combine_chunks()


@dataset_signal(
    dimension="validity",
    kinds=("domain_log",),
    reads=_READ,
    writes=pa.list_(TEXT),
    unit="channel names",
    source="999, -9999, 65535 and their like, at least three times as far from 0 as all other readings of the series",
    summarise=_readings,
    combine=_placeholders,
)
def placeholder_readings(
    state: pa.Table, *, record_id: pa.Array, sensor_data: pa.ListArray, **columns: pa.Array
) -> pa.ListArray:
    """Channels whose number stands for "no value" and was read as a measurement; sorted. Null without a number.

    A series (stream, channel, unit) is judged by 10 other readings and more that are not all 0.
    """
    ids = pa.table({"record_id": record_id, "row": np.arange(len(record_id))})
    found = ids.join(state, "record_id", join_type="inner", use_threads=False)
    items, parents = flat(sensor_data)
    some = tally(parents, len(record_id), flags(pc.is_finite(pc.cast(member(items, "value"), pa.float64()))))
    return listed(found["row"].to_numpy(), found["channel"], len(record_id), some == 0)


def _spikes(parts: pa.Table) -> pa.Table:
    """Per record: the greatest score of its readings; series of fewer than a window's readings are left out."""
    rows, first, value = _in_time(parts)
    starts = np.append(np.flatnonzero(first), len(value))
    score = np.full(len(value), np.nan)
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        if end - start > 2 * AROUND:
            score[start:end] = scores(value[start:end])
    table = pa.table({"record_id": rows["record_id"], "score": score}).filter(pa.array(~np.isnan(score)))
    top = table.group_by("record_id", use_threads=False).aggregate([("score", "max")])
    return top.rename_columns(["record_id", "score"]).sort_by("record_id").combine_chunks()


def scores(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[n > 2 * AROUND]: distances of each value from the median of its 5 neighbours on each side, in
    robust standard deviations of these distances over the series. 0 for a series that never leaves its medians."""
    padded = np.pad(value, AROUND, mode="reflect")
    away = np.empty(len(value))
    for start in range(0, len(value), _ROWS):
        part = padded[start : start + min(_ROWS, len(value) - start) + 2 * AROUND]
        windows = np.lib.stride_tricks.sliding_window_view(part, 2 * AROUND + 1)
        # Without the value itself: on a slope it would be its own median, and the scale of the distances nothing.
        others = np.delete(windows, AROUND, axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            middle = np.median(others, axis=1)
            away[start : start + len(windows)] = np.abs(windows[:, AROUND] - middle)
    scale = np.median(away)
    if scale == 0 and np.any(away > 0):  # a sensor of few steps mostly stands on its median
        scale = np.median(away[away > 0])
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        out: NDArray[np.float64] = np.where(away > 0, away / (1.4826 * scale), 0.0)
    return np.asarray(np.minimum(np.nan_to_num(out, nan=0.0, posinf=1e12), 1e12), np.float64)


@dataset_signal(
    dimension="accuracy",
    kinds=("domain_log",),
    reads=_READ,
    writes=pa.float64(),
    unit="robust standard deviations (1.4826 MAD)",
    source="Hampel (1974): distance from the median of its 10 neighbours over the series' median distance",
    summarise=_readings,
    combine=_spikes,
    default=False,  # what is a spike and what an event, the user knows: see docs/decisions/drift-and-media.md
)
def spike_score(state: pa.Table, *, record_id: pa.Array, **columns: Any) -> pa.DoubleArray:
    """How far the record's furthest reading stands from its neighbours in time; at most 1e12.

    Null without a reading in a series (stream, channel, unit) of 11 or more.
    """
    return one_array(state["score"]).take(pc.index_in(record_id, one_array(state["record_id"])))
