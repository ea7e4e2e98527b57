"""domain_log: what a device, a sensor or a process reported at one time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from assay.records.codecs import SCALAR, TEXT, TIME, Codec, EventTime, ListOf, Row, Struct, from_json, json_text
from assay.records.errors import child, wrong_type
from assay.records.kind import Field, Kind, Problem, join_text, problem

# What tables write for "no value". The text itself is kept in value_text.
NOT_AVAILABLE = frozenset({"", "NA", "N/A", "n/a", "?", "nan", "NaN", "null", "NULL", "None", "-", "--"})
_ROW_NUMBERS = frozenset({"no", "nr", "index", "idx", "row", "row_number", "unnamed:_0", "", "#"})
_VALUES = frozenset({"value", "reading", "measurement", "val"})
_PARTS = ("year", "month", "day", "hour", "minute", "second")


def number_of(text: str) -> float | None:
    """The finite number that a text is, or None. Python's own extras (`1_000`, `inf`) are not numbers here."""
    if "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def is_channel_value(value: Any) -> bool:
    if isinstance(value, str):
        return value in NOT_AVAILABLE or number_of(value) is not None
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _read_value(channel: str, value: Any, at: str) -> dict[str, Any]:
    """A channel from one value. value_text is kept wherever the number alone would not give the text back."""
    out: dict[str, Any] = {"channel": channel}
    if value is None:
        return out
    if isinstance(value, dict):
        out.update(_CHANNEL.read({k: v for k, v in value.items() if k != "channel"}, at)[0])
        return out
    if isinstance(value, (bool, list)):
        out["value_text"] = json_text(value)
        return out
    if isinstance(value, float):
        out["value"] = value
        return out
    text = value if isinstance(value, str) else str(value)
    number = number_of(text)
    if number is not None:
        out["value"] = number
    if number is None or json_text(number) != text:
        out["value_text"] = text
    return out


def _number_or_text(item: Mapping[str, Any]) -> Any:
    """What value_text was written from, in a record whose readings are not all text."""
    text = item["value_text"]
    if item.get("value") is None:
        return text
    try:
        return from_json(text)
    except msgspec.DecodeError:  # `01` is a number in a table and not in JSON
        return text


def _write_value(item: Mapping[str, Any], shape: str) -> Any:
    if item.get("unit") is not None or item.get("quality") is not None:
        out = _CHANNEL.write({k: v for k, v in item.items() if k not in ("channel", "value_text")}, "", item)
        if item.get("value_text") is not None:
            out["value"] = _number_or_text(item)
        return out
    number, text = item.get("value"), item.get("value_text")
    if shape == "s":
        return text if text is not None else None if number is None else json_text(number)
    if text is None:
        return number
    return _number_or_text(item)


class _ReadingValue(Codec):
    def fits(self, value: Any) -> bool:
        return isinstance(value, float)

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        return float(value), ""


_CHANNEL = Struct(value=_ReadingValue(), unit=(TEXT, ("units",)), quality=(TEXT, ("status", "flag")), value_text=TEXT)


def _read_item(value: Mapping[str, Any], at: str) -> dict[str, Any]:
    name = next((value[k] for k in ("channel", "sensor", "name", "key") if isinstance(value.get(k), str)), None)
    if name is None:
        raise wrong_type("object with a channel", value, at)
    inner = {k: v for k, v in value.items() if k not in ("channel", "sensor", "name", "key")}
    reading = inner.pop("value", inner.pop("reading", None))
    out = _read_value(name, reading, child(at, "value")) if not isinstance(reading, dict) else {"channel": name}
    for ours, names in (("unit", ("unit", "units")), ("quality", ("quality", "status", "flag"))):
        found = next((inner[k] for k in names if isinstance(inner.get(k), str)), None)
        if found is not None:
            out[ours] = found
    return out


def _write_item(item: Mapping[str, Any]) -> dict[str, Any]:
    out = {"channel": item["channel"]}
    plain = _write_value({k: v for k, v in item.items() if k in ("value", "value_text")}, "")
    if plain is not None:
        out["value"] = plain
    out.update({k: item[k] for k in ("unit", "quality") if item.get(k) is not None})
    return out


class SensorData(Codec):
    """Readings by channel: an object of values (shape `d`, `s` where all are text), or an array of objects."""

    expected = "object | array"

    def fits(self, value: Any) -> bool:
        return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(v, dict) for v in value[:1]))

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if isinstance(value, dict):
            shape = "s" if value and all(isinstance(v, str) for v in value.values()) else "d"
            items = []
            for channel, reading in value.items():
                if isinstance(reading, dict) and isinstance(reading.get("value"), (int, str)):
                    # A reading with a unit: its number may be an int or text, which the plain path knows how to keep.
                    rest = {k: v for k, v in reading.items() if k != "value"}
                    item = _read_value(channel, reading["value"], child(at, channel))
                    items.append(item | _CHANNEL.read(rest, child(at, channel))[0])
                else:
                    items.append(_read_value(channel, reading, child(at, channel)))
            return items, shape
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        for i, item in enumerate(value):
            if not isinstance(item, dict):
                raise wrong_type("object", item, f"{at}[{i}]")
        return [_read_item(item, f"{at}[{i}]") for i, item in enumerate(value)], ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        if shape in ("d", "s"):
            return {item["channel"]: _write_value(item, shape) for item in value}
        return [_write_item(item) for item in value]


class DateParts(Codec):
    """year, month, day and perhaps hour, minute, second in members of their own."""

    expected = "year, month, day"
    spread = True

    def fits(self, value: Any) -> bool:
        return False  # found by `gather`, never under one key

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        shape = "s" if any(isinstance(v, str) for v in value.values()) else "n"
        try:
            numbers = [int(v) for v in value.values()]
            if shape == "n" and any(not isinstance(v, int) for v in value.values()):
                return {}, shape
            time = datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type,misc]  # three to six numbers
        except (ValueError, TypeError, OverflowError):
            return {}, shape
        return {"timestamp": time, "event_time": time}, f"{shape}{len(value)}"

    def write(self, value: Any, shape: str, row: Row) -> Any:
        time = row.get("timestamp")
        if time is None:
            return {}
        parts = [getattr(time, name) for name in _PARTS[: int(shape[1:] or 0)]]
        return dict(zip(_PARTS, map(str, parts) if shape[0] == "s" else parts, strict=False))


def _gather(
    obj: Mapping[str, Any], names: Mapping[str, str], free: list[str], read: frozenset[str]
) -> dict[str, list[str]]:
    """A table's row: its time, and every other column of numbers as a channel.

    Most columns beside the time must be numbers, or one be called `value`; nested values are no table's.
    """
    found: dict[str, list[str]] = {}
    parts = [name for name in _PARTS if name in names]
    if parts[:3] == ["year", "month", "day"] and parts == list(_PARTS[: len(parts)]):
        parts = [names[name] for name in parts]
        if all(key in free for key in parts):
            found["date_parts"] = parts
    if (not found and "timestamp" not in read) or "sensor_data" in read:
        return found
    plain = {key: name for name, key in names.items()}
    used = {key for keys in found.values() for key in keys}
    others = [key for key in free if key not in used and plain.get(key, "") not in _ROW_NUMBERS]
    channels = [key for key in others if is_channel_value(obj[key]) and not plain.get(key, "").endswith("id")]
    numbers = [key for key in channels if obj[key] is not None and obj[key] not in NOT_AVAILABLE]
    named = any(plain.get(key) in _VALUES for key in channels)
    if (
        numbers
        and (named or 2 * len(channels) > len(others))
        and not any(isinstance(obj[k], (dict, list)) for k in free)
    ):
        found["channels"] = channels
    return found


def _problems(row: Mapping[str, Any]) -> list[Problem]:
    found = []
    seen: set[str] = set()
    for i, reading in enumerate(row.get("sensor_data") or []):
        channel = reading.get("channel")
        if channel in seen:
            found.append(problem(f"$.sensor_data[{i}]", "channel_repeated", f"{channel!r} is read twice"))
        seen.add(channel or "")
        if reading.get("value") is None and reading.get("value_text") not in (None, *NOT_AVAILABLE):
            detail = f"{channel!r} reads {reading['value_text']!r}"
            found.append(problem(f"$.sensor_data[{i}].value", "value_not_a_number", detail))
    if row.get("timestamp") is None and row.get("event_time_raw") is not None:
        found.append(problem("$.timestamp", "time_unreadable", f"{row['event_time_raw']!r} is not a time"))
    for i, label in enumerate(row.get("labels") or []):
        if label.get("start") is not None and label.get("end") is not None and label["end"] < label["start"]:
            found.append(problem(f"$.labels[{i}]", "ends_before_start", "the label's end lies before its start"))
    return found


KIND = Kind(
    name="domain_log",
    doc=__doc__,
    fields=(
        Field(
            "stream_id",
            SCALAR,
            ("sensor_id", "device_id", "machine_id", "station_id", "source_id", "host", "hostname", "device"),
            ("station", "sensor", "machine", "service", "stream"),
            weight=1.0,
        ),
        Field(
            "timestamp",
            EventTime("timestamp"),
            ("time", "datetime", "ts", "event_time", "date_time", "logged_at", "created_at"),
            ("date",),
            to=("timestamp",),
            weight=1.0,
        ),
        Field("sensor_data", SensorData(), ("sensors", "readings", "measurements"), weight=4.0),
        Field(
            "event_summary",
            TEXT,
            ("event", "summary"),
            ("message", "msg", "log", "log_message"),
            weight=3.0,
            weak_weight=2.0,
        ),
        Field("severity", SCALAR, ("level", "log_level", "loglevel"), weight=1.5, lenient=True),
        Field("raw_line", TEXT, ("log_line", "raw_log"), ("line", "raw"), weight=3.0, weak_weight=1.0),
        Field("template_id", SCALAR, ("event_id", "event_template"), weight=0.5, lenient=True),
        Field(
            "labels",
            ListOf(Struct(label=SCALAR, start=TIME, end=TIME)),
            ("anomalies", "windows"),
            weight=0.5,
            lenient=True,
        ),
        Field("date_parts", DateParts(), to=("timestamp",), weight=1.0),
        Field("channels", SensorData(), to=("sensor_data",), weight=2.0),
    ),
    required=("sensor_data|event_summary|raw_line",),
    text_view=lambda row: join_text(row.get("event_summary"), row.get("raw_line")),
    problems=_problems,
    gather=_gather,
    refuse=frozenset(
        {"messages", "prompt", "question", "steps", "state", "observation", "action", "episode_index", "role"}
    ),
    notes={"channels": "every column of numbers beside the time is a channel"},
)
