"""Times as people write them, to UTC microseconds, never guessing more than the text says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# An epoch is told by its size: seconds from 1973 to 5138, milliseconds and so on for the same years.
_EPOCH_UNITS = ((1e8, 1e11, 1_000_000.0), (1e11, 1e14, 1_000.0), (1e14, 1e17, 1.0), (1e17, 1e20, 0.001))


def parse_time(value: Any) -> datetime | None:
    """A time in UTC, or None where it is not one (`raw` then keeps it).

    Reads ISO 8601 (also with a space, a date alone, any number of decimals), YYYY/MM/DD, RFC 2822 and epochs in
    seconds to nanoseconds (as numbers, or as text of at least nine digits). A time without a zone is taken as UTC.
    Small numbers (seconds since the start of an episode) are not times of day: None.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _epoch(value)
    if isinstance(value, str):
        return _text(value) if len(value) <= 64 else None
    return None


def _epoch(value: float) -> datetime | None:
    size = abs(value)
    for low, high, per in _EPOCH_UNITS:
        if low <= size < high:
            try:
                # Integer microseconds: 1686286924.844282 must not become ...281.
                micros = value * int(per) if isinstance(value, int) and per >= 1 else round(value * per)
                return _EPOCH + timedelta(microseconds=micros)
            except (OverflowError, ValueError):
                return None
    return None


@lru_cache(maxsize=8192)
def _text(text: str) -> datetime | None:
    text = text.strip()
    if _NUMBER.fullmatch(text) and len(text.lstrip("-").partition(".")[0]) >= 9:
        return _epoch(float(text) if "." in text else int(text))
    slashed = _SLASHED.fullmatch(text)
    if slashed:
        year, month, day, rest = slashed.groups()
        text = f"{year}-{month:0>2}-{day:0>2}{rest}"
    if text[:1].isdigit():
        try:
            return _utc(datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            pass
    if "," in text or text[-5:-4] in "+-":
        try:
            return _utc(parsedate_to_datetime(text))
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return None


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def time_text(time: datetime) -> str:
    """The canonical text of a time: `2025-06-12T10:05:00Z`, with microseconds only where there are any."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def raw_time(value: Any, time: datetime | None) -> str | None:
    """What must be kept beside the parsed time: None where `time_text` gives the very text back."""
    if isinstance(value, str):
        return None if time is not None and time_text(time) == value else value
    return repr(value)
