"""Sensor and event logs: gaps, order, channels that fall silent, values that cannot be, values that never change."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.records.schema import SOURCE, TEXT, TIME, columns_of
from assay.signals.base import dataset_signal, row_signal
from assay.signals.nested import Flags, Ints, flags, flat, in_order, lengths, member, tally, valid, visible
from assay.signals.ranges import bounds, read_limits

_READINGS = {"sensor_data": columns_of("domain_log")["sensor_data"]}
_TIMED = {"stream_id": TEXT, "timestamp": TIME, "record_id": TEXT, "source": SOURCE}
_STREAMED = {"stream_id": TEXT, "source": SOURCE, **_READINGS}
_LOG = ("domain_log",)
_NAMES = pa.list_(TEXT)
USUAL_SHARE = 0.9  # a channel that this share of a stream's records have is one that the others lack
MIN_RECORDS = 10  # of a stream, before its habits mean anything


def stream_of(stream_id: pa.Array, source: pa.Array) -> pa.Array:
    """The stream's name; a file without streams is one."""
    return pc.coalesce(stream_id, member(source, "path"))


def _new(keys: pa.Array) -> Flags:
    fresh = np.ones(len(keys), np.bool_)
    if len(keys) > 1:
        fresh[1:] = flags(pc.not_equal(keys[1:], keys[:-1]))
    return fresh


def listed(rows: Ints, names: pa.Array, count: int, unknown: Flags) -> pa.ListArray:
    """Names by row, as sorted distinct lists."""
    table = pa.table({"row": rows, "name": names}).group_by(["row", "name"], use_threads=False).aggregate([])
    table = table.sort_by([("row", "ascending"), ("name", "ascending")])
    offsets = np.concatenate([[0], np.cumsum(tally(table["row"].to_numpy(), count))])
    items = one_array(table["name"]).cast(TEXT) if table.num_rows else pa.array([], TEXT)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, mask=pa.array(unknown)).cast(_NAMES)


def _timed(*, stream_id: pa.Array, timestamp: pa.Array, record_id: pa.Array, source: pa.Array) -> pa.Table:
    return pa.table(
        {
            "stream": stream_of(stream_id, source),
            "time": pc.cast(timestamp, pa.int64()),
            "path": member(source, "path"),
            "row": member(source, "row"),
            "record_id": record_id,
        }
    )


def _spacing(parts: pa.Table) -> pa.Table:
    """Per record: microseconds since the one before in time, that over the stream's median, twins, order."""
    rows = parts.filter(pc.and_(parts["stream"].is_valid(), parts["time"].is_valid()))
    rows = rows.sort_by([(name, "ascending") for name in ("stream", "path", "row", "record_id")]).combine_chunks()
    late = np.zeros(rows.num_rows, np.bool_)
    if rows.num_rows:
        # Order is that of the file: a record is out of order when an earlier line of its stream is later in time.
        fresh = _new(one_array(rows["stream"])) | _new(pc.fill_null(one_array(rows["path"]), ""))
        times = one_array(rows["time"]).to_numpy()
        late[1:] = ~fresh[1:] & (times[1:] < times[:-1])
    rows = rows.append_column("late", pa.array(late))
    rows = rows.sort_by(
        [(name, "ascending") for name in ("stream", "time", "path", "row", "record_id")]
    ).combine_chunks()
    times, fresh = one_array(rows["time"]).to_numpy(), _new(one_array(rows["stream"]))
    gap = np.zeros(len(times), np.float64)
    if len(times) > 1:
        gap[1:] = times[1:].astype(np.float64) - times[:-1].astype(np.float64)
    first = fresh[: len(times)]
    stream = np.cumsum(first) - 1
    ratio = _over_median(gap, stream, first)
    twin = ~first & (gap == 0)
    group = np.cumsum(~twin) - 1
    same = np.bincount(group)[group] - 1 if len(group) else group
    return in_order(
        pa.table(
            {
                "record_id": rows["record_id"],
                "gap_s": pa.array(gap / 1e6, mask=first),
                "ratio": pa.array(ratio, mask=np.isnan(ratio)),
                "same": same,
                "late": rows["late"],
            }
        )
    )


def _over_median(gap: np.ndarray, stream: np.ndarray, first: Flags) -> np.ndarray:
    """Each gap over the median of its stream's positive gaps; NaN where there are fewer than MIN_RECORDS of these."""
    out = np.full(len(gap), np.nan)
    use = ~first & (gap > 0)
    order = np.lexsort((gap[use], stream[use]))
    of, sizes = stream[use][order], np.bincount(stream[use], minlength=int(stream[-1]) + 1 if len(stream) else 0)
    sorted_gaps, starts = gap[use][order], np.concatenate([[0], np.cumsum(sizes)])[:-1]
    enough = np.flatnonzero(sizes >= MIN_RECORDS)
    if len(enough) and len(of):
        median = np.full(len(sizes), np.nan)
        median[enough] = sorted_gaps[starts[enough] + sizes[enough] // 2]
        out = np.where(first, np.nan, gap / median[stream])
    return out


def _of(state: pa.Table, record_id: pa.Array, column: str) -> pa.Array:
    return one_array(state[column]).take(pc.index_in(record_id, one_array(state["record_id"])))


@dataset_signal(
    dimension=None,
    kinds=_LOG,
    reads=_TIMED,
    writes=pa.float64(),
    unit="seconds",
    source="time since the record before in its stream",
    summarise=_timed,
    combine=_spacing,
)
def sensor_gap_s(state: pa.Table, *, record_id: pa.Array, **columns: pa.Array) -> pa.DoubleArray:
    """Seconds since the record before in the same stream; null for the first of a stream and without a time."""
    return _of(state, record_id, "gap_s")


@dataset_signal(
    dimension="timeliness",
    kinds=_LOG,
    reads=_TIMED,
    writes=pa.float64(),
    unit="times the stream's median interval",
    source="a regular stream has gaps near its median; 10 times that is an outage",
    summarise=_timed,
    combine=_spacing,
)
def sensor_gap_ratio(state: pa.Table, *, record_id: pa.Array, **columns: pa.Array) -> pa.DoubleArray:
    """The gap before this record over the median gap of its stream.

    Null for the first of a stream, and in streams with fewer than MIN_RECORDS gaps.
    """
    return _of(state, record_id, "ratio")


@dataset_signal(
    dimension="uniqueness",
    kinds=_LOG,
    reads=_TIMED,
    writes=pa.int64(),
    unit="other records",
    source="one stream says one thing at one time",
    summarise=_timed,
    combine=_spacing,
)
def duplicate_timestamps(state: pa.Table, *, record_id: pa.Array, **columns: pa.Array) -> pa.Int64Array:
    """How many other records of the stream have the same time. Null without a time."""
    return _of(state, record_id, "same")


@dataset_signal(
    dimension="consistency",
    kinds=_LOG,
    reads=_TIMED,
    writes=pa.bool_(),
    unit="true or false",
    source="lines of one file and stream rise in time",
    summarise=_timed,
    combine=_spacing,
)
def out_of_order(state: pa.Table, *, record_id: pa.Array, **columns: pa.Array) -> pa.BooleanArray:
    """Whether the line of the same file and stream before this one is later in time. Null without a time."""
    return _of(state, record_id, "late")


def _channels(*, stream_id: pa.Array, source: pa.Array, sensor_data: pa.ListArray) -> pa.Table:
    """(stream, channel, unit) -> records that have it; channel null counts the stream's records with readings."""
    stream = stream_of(stream_id, source)
    items, parents = flat(sensor_data)
    seen = pa.table(
        {
            "stream": stream.take(pa.array(parents)),
            "channel": member(items, "channel"),
            "unit": pc.fill_null(member(items, "unit"), ""),
            "at": parents,
        }
    )
    seen = seen.filter(pc.and_(seen["stream"].is_valid(), seen["channel"].is_valid()))
    seen = seen.group_by(["stream", "channel", "unit", "at"], use_threads=False).aggregate([])
    by_unit = seen.group_by(["stream", "channel", "unit"], use_threads=False).aggregate([([], "count_all")])
    held = stream.filter(pa.array((lengths(sensor_data) > 0) & valid(stream)))
    counts = pc.value_counts(held)
    totals = pa.table(
        {
            "stream": member(counts, "values"),
            "channel": pa.nulls(len(counts), TEXT),
            "unit": pa.nulls(len(counts), TEXT),
            "count": member(counts, "counts"),
        }
    )
    named = by_unit.select(["stream", "channel", "unit", "count_all"])
    return pa.concat_tables([totals, named.rename_columns(["stream", "channel", "unit", "count"])])


def _habits(parts: pa.Table) -> pa.Table:
    """Usual channels of each stream with their usual unit: (stream, channel, unit, usual)."""
    table = parts.group_by(["stream", "channel", "unit"], use_threads=False).aggregate([("count", "sum")])
    totals = (
        table.filter(table["channel"].is_null()).select(["stream", "count_sum"]).rename_columns(["stream", "total"])
    )
    named = table.filter(table["channel"].is_valid())
    named = named.sort_by(
        [("stream", "ascending"), ("channel", "ascending"), ("count_sum", "descending"), ("unit", "ascending")]
    )
    channels = named.group_by(["stream", "channel"], use_threads=False).aggregate(
        [("count_sum", "sum"), ("unit", "first"), ("count_sum", "first")]
    )
    joined = channels.join(totals, "stream", join_type="inner", use_threads=False)
    enough = pc.greater_equal(joined["total"], MIN_RECORDS)
    usual = pc.and_(enough, pc.greater_equal(joined["count_sum_sum"], pc.multiply(joined["total"], USUAL_SHARE)))
    sure = pc.and_(
        enough, pc.greater_equal(joined["count_sum_first"], pc.multiply(joined["count_sum_sum"], USUAL_SHARE))
    )
    unit = pc.if_else(sure, joined["unit_first"], pa.scalar(None, TEXT))
    out = pa.table({"stream": joined["stream"], "channel": joined["channel"], "unit": unit, "usual": usual})
    return out.sort_by([("stream", "ascending"), ("channel", "ascending")]).combine_chunks()


@dataset_signal(
    dimension="completeness",
    kinds=_LOG,
    reads=_STREAMED,
    writes=_NAMES,
    unit="channel names",
    source="channels that at least 90 % of the stream's records have",
    summarise=_channels,
    combine=_habits,
)
def dropped_channels(
    state: pa.Table, *, stream_id: pa.Array, source: pa.Array, sensor_data: pa.ListArray
) -> pa.ListArray:
    """Channels that the stream usually has and this record lacks, or has without a value; sorted.

    Null for records without readings and streams of fewer than MIN_RECORDS such records.
    """
    rows = len(sensor_data)
    stream = stream_of(stream_id, source)
    items, parents = flat(sensor_data)
    said = valid(member(items, "value")) | visible(member(items, "value_text"))
    have = pa.table({"row": parents, "channel": member(items, "channel")}).filter(pa.array(said))
    usual = state.filter(state["usual"]).select(["stream", "channel"])
    here = pa.table({"row": np.arange(rows), "stream": stream}).filter(pa.array(lengths(sensor_data) > 0))
    wanted = here.join(usual, "stream", join_type="inner", use_threads=False)
    lacking = wanted.join(have, ["row", "channel"], join_type="left anti", use_threads=False)
    known = np.zeros(rows, np.bool_)
    known[wanted["row"].to_numpy()] = True
    return listed(lacking["row"].to_numpy(), lacking["channel"], rows, ~known)


@dataset_signal(
    dimension="consistency",
    kinds=_LOG,
    reads=_STREAMED,
    writes=_NAMES,
    unit="channel names",
    source="the unit that at least 90 % of the stream's readings of a channel have",
    summarise=_channels,
    combine=_habits,
)
def unit_changes(state: pa.Table, *, stream_id: pa.Array, source: pa.Array, sensor_data: pa.ListArray) -> pa.ListArray:
    """Channels whose unit differs from the one that the stream usually gives them; sorted. Null without readings."""
    items, parents = flat(sensor_data)
    stream = stream_of(stream_id, source).take(pa.array(parents))
    mine = pa.table(
        {
            "row": parents,
            "stream": stream,
            "channel": member(items, "channel"),
            "own": pc.fill_null(member(items, "unit"), ""),
        }
    )
    joined = mine.join(state.select(["stream", "channel", "unit"]), ["stream", "channel"], use_threads=False)
    odd = joined.filter(pc.fill_null(pc.not_equal(joined["own"], joined["unit"]), False))
    return listed(odd["row"].to_numpy(), odd["channel"], len(sensor_data), lengths(sensor_data) == 0)


@row_signal(
    dimension="accuracy",
    kinds=_LOG,
    reads=_READINGS,
    writes=_NAMES,
    unit="channel names",
    source="the limits in `sensor_limits`, else signals/ranges.py: physical limits by unit and channel name",
    version=2,
    params={"sensor_limits": None},
    files=("sensor_limits",),
)
def out_of_range(sensor_data: pa.ListArray, *, sensor_limits: str | None) -> pa.ListArray:
    """Channels whose value cannot be, by unit or name; sorted. Null where no reading has known limits.

    sensor_limits: a YAML file, see signals/ranges.py; its first entry with a min or max that fits a channel wins.
    """
    own = read_limits(sensor_limits) if sensor_limits is not None else ()
    items, parents = flat(sensor_data)
    channel, unit = member(items, "channel"), member(items, "unit")
    value = np.asarray(
        pc.fill_null(pc.cast(member(items, "value"), pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    )
    pairs = pc.dictionary_encode(
        pc.binary_join_element_wise(pc.fill_null(channel, ""), pc.fill_null(unit, ""), pa.scalar("\u241e", TEXT))
    )
    parted = [pair.partition("\u241e") for pair in pairs.dictionary.to_pylist()]
    known = [bounds(name, written, own) for name, _, written in parted]
    low, high = [low for low, _ in known], [high for _, high in known]
    code = pairs.indices.to_numpy(zero_copy_only=False)
    lows, highs = np.array(low, np.float64)[code], np.array(high, np.float64)[code]
    judged = ~np.isnan(lows) & ~np.isnan(value)
    wrong = judged & ((value < lows) | (value > highs)) & valid(channel)
    unknown = tally(parents, len(sensor_data), judged) == 0
    return listed(parents[wrong], channel.filter(pa.array(wrong)), len(sensor_data), unknown)


@row_signal(
    dimension="completeness",
    kinds=_LOG,
    reads=_READINGS,
    writes=pa.int64(),
    unit="readings",
    source="a channel that is named and says nothing",
)
def empty_readings(sensor_data: pa.ListArray) -> pa.Int64Array:
    """Readings with neither a number nor a text, NaN counting as none. Null without readings."""
    items, parents = flat(sensor_data)
    value = member(items, "value")
    said = flags(pc.invert(pc.is_nan(value))) | visible(member(items, "value_text"))
    return pa.array(tally(parents, len(sensor_data), ~said), mask=lengths(sensor_data) == 0)


def _values(
    *, stream_id: pa.Array, timestamp: pa.Array, record_id: pa.Array, source: pa.Array, sensor_data: pa.ListArray
) -> pa.Table:
    items, parents = flat(sensor_data)
    at = pa.array(parents)
    table = pa.table(
        {
            "stream": stream_of(stream_id, source).take(at),
            "channel": member(items, "channel"),
            "time": pc.cast(timestamp, pa.int64()).take(at),
            "record_id": record_id.take(at),
            "value": member(items, "value"),
        }
    )
    keep = [table[name].is_valid() for name in ("stream", "channel", "time", "value")]
    return table.filter(pc.and_(pc.and_(keep[0], keep[1]), pc.and_(keep[2], keep[3])))


def _runs(parts: pa.Table) -> pa.Table:
    """Longest run of one value that each record stands in, over its channels that do change elsewhere."""
    rows = parts.sort_by([(name, "ascending") for name in ("stream", "channel", "time", "record_id", "value")])
    rows = rows.combine_chunks()
    if not rows.num_rows:
        return pa.table({"record_id": pa.array([], TEXT), "run": pa.array([], pa.int64())})
    series = _new(one_array(rows["stream"])) | _new(one_array(rows["channel"]))
    value = np.asarray(one_array(rows["value"]).to_numpy(zero_copy_only=False))
    turn = series.copy()
    turn[1:] |= value[1:] != value[:-1]
    group, of = np.cumsum(turn) - 1, np.cumsum(series) - 1
    run = np.bincount(group)[group]
    # A channel that never changes (a setting, an id) is no flatline: nothing stopped.
    turns = np.bincount(of, weights=turn)[of]
    run = np.where(turns >= MIN_RECORDS, run, 1)
    table = pa.table({"record_id": rows["record_id"], "run": run})
    return (
        table.group_by("record_id", use_threads=False).aggregate([("run", "max")]).rename_columns(["record_id", "run"])
    )


@dataset_signal(
    dimension="accuracy",
    kinds=_LOG,
    reads={**_TIMED, **_READINGS},
    writes=pa.int64(),
    unit="records",
    source="a sensor that repeats one value after having varied is stuck",
    summarise=_values,
    combine=_runs,
)
def flatline_run(state: pa.Table, *, record_id: pa.Array, **columns: pa.Array) -> pa.Int64Array:
    """Length of the longest run of one unchanged value that this record stands in, over its channels.

    1 is an ordinary reading. Channels with fewer than MIN_RECORDS changes are left out: settings do not vary. Null
    without a numeric reading, a time or a stream.
    """
    return _of(state, record_id, "run")
