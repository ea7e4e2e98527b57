"""When it happened, against a fixed day. No clock is read: `as_of` comes from the recipe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.errors import UserError
from assay.records.schema import TEXT, TIME
from assay.signals.base import row_signal
from assay.signals.nested import flags

_DAY_US = 86_400_000_000
_ZONE = r"(?i)(z|utc|gmt|[+-]\d{2}:?\d{2}|[+-]\d{2})\s*$"
_CLOCK = r"\d{1,2}:\d{2}"


def _when(kind: str) -> dict[str, pa.DataType]:
    """Where each kind says when: the envelope's event_time, and the timestamp of a log line."""
    return {"event_time": TIME, "timestamp": TIME} if kind == "domain_log" else {"event_time": TIME}


def _times(columns: dict[str, pa.Array]) -> pa.TimestampArray:
    return pc.coalesce(*columns.values())


def as_of_us(as_of: Any) -> int | None:
    """Microseconds since 1970 of a day or time given as text (`2026-01-31`, ISO 8601) or datetime; None is None."""
    if as_of is None:
        return None
    if isinstance(as_of, str):
        try:
            as_of = datetime.fromisoformat(as_of)
        except ValueError:
            what = f"as_of is not a day or a time: {as_of!r}"
            raise UserError("E104", what, fix="write it as 2026-01-31 or 2026-01-31T12:00:00Z") from None
    moment = as_of if as_of.tzinfo is not None else as_of.replace(tzinfo=UTC)
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


@row_signal(
    dimension="timeliness",
    reads=_when,
    writes=pa.float64(),
    unit="days",
    source="as_of minus the record's own time",
    params={"as_of": None},
)
def age_days(*, kind: str, as_of: Any, **columns: pa.Array) -> pa.DoubleArray:
    """Age of the record on the day `as_of`; negative when it claims to be later.

    Null without `as_of` and for records that say no time.
    """
    times = _times(columns)
    limit = as_of_us(as_of)
    if limit is None:
        return pa.nulls(len(times), pa.float64())
    # As floats: microseconds of any year fit, and a wild time cannot wrap round.
    micros = pc.cast(pc.cast(times, pa.int64()), pa.float64(), safe=False)
    return pc.divide(pc.subtract(float(limit), micros), float(_DAY_US))


@row_signal(
    dimension="timeliness",
    reads=_when,
    writes=pa.bool_(),
    unit="true or false",
    source="a record cannot be later than the day on which it was collected",
    params={"as_of": None},
)
def future_time(*, kind: str, as_of: Any, **columns: pa.Array) -> pa.BooleanArray:
    """Whether the record's time is more than a day after `as_of`, or outside the years 1900 to 2100.

    Null for records that say no time; without `as_of` only the years are judged.
    """
    micros = pc.cast(_times(columns), pa.int64())
    low, high = as_of_us("1900-01-01"), as_of_us("2100-01-01")
    limit = as_of_us(as_of)
    latest = high if limit is None else limit + _DAY_US
    return pc.or_(pc.less(micros, low), pc.greater(micros, latest))


@row_signal(
    dimension="timeliness",
    reads={"event_time": TIME, "event_time_raw": TEXT},
    writes=pa.bool_(),
    unit="true or false",
    source="records.md: the raw text of a time is kept where parsing lost something",
)
def event_time_missing_zone(event_time: pa.Array, event_time_raw: pa.Array) -> pa.BooleanArray:
    """Whether the time was written with a clock but without a zone: it may be hours off.

    Null for records that say no time. A bare date has no zone to miss. The raw text is kept only where parsing
    lost something, so a time without it was complete.
    """
    said = pc.or_(event_time.is_valid(), event_time_raw.is_valid())
    raw = pc.fill_null(event_time_raw, "")
    zoned = pc.match_substring_regex(raw, _ZONE)
    vague = pc.and_(pc.match_substring_regex(raw, _CLOCK), pc.invert(zoned))
    return pc.if_else(said, vague, pa.scalar(None, pa.bool_()))


@row_signal(
    dimension="timeliness",
    reads={"event_time": TIME, "event_time_raw": TEXT},
    writes=pa.bool_(),
    unit="true or false",
    source="a time that no reader understood",
)
def unreadable_time(event_time: pa.Array, event_time_raw: pa.Array) -> pa.BooleanArray:
    """Whether the record says when, but in a form that is not a time. Null where it says nothing."""
    said = flags(event_time.is_valid()) | flags(event_time_raw.is_valid())
    return pa.array(said & ~flags(event_time.is_valid()), mask=np.logical_not(said))
