"""Times as people write them. What parsing loses is kept as written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.records import Decoder
from assay.records.times import parse_time, raw_time, time_text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("2025-06-12T10:05:00Z", "2025-06-12T10:05:00Z", id="the canonical form"),
        pytest.param("2025-06-12T10:05:00+02:00", "2025-06-12T08:05:00Z", id="a zone"),
        pytest.param("2014-04-01 00:05:00", "2014-04-01T00:05:00Z", id="without a zone it is UTC"),
        pytest.param("2014-04-10 07:15:00.000000", "2014-04-10T07:15:00Z", id="decimals of zero"),
        pytest.param("2025-04-10", "2025-04-10T00:00:00Z", id="a date"),
        pytest.param("2025/4/1 07:00:00", "2025-04-01T07:00:00Z", id="slashes"),
        pytest.param("Tue, 05 Mar 2024 10:00:00 +0100", "2024-03-05T09:00:00Z", id="mail"),
        pytest.param(1686286924.844282, "2023-06-09T05:02:04.844282Z", id="epoch seconds"),
        pytest.param(1686286924844, "2023-06-09T05:02:04.844000Z", id="epoch milliseconds"),
        pytest.param("1686286924", "2023-06-09T05:02:04Z", id="epoch as text"),
        pytest.param(0.033, None, id="seconds since a start are no time of day"),
        pytest.param("2011", None, id="a year alone"),
        pytest.param("12 June", None, id="no year"),
        pytest.param("", None, id="nothing"),
        pytest.param(True, None, id="a boolean"),
        pytest.param("9999-99-99", None, id="no such day"),
        pytest.param("0001-01-01T00:00:00+14:00", None, id="before the calendar"),
        pytest.param(10**30, None, id="a very large number"),
    ],
)
def test_parse(value: Any, expected: str | None) -> None:
    time = parse_time(value)
    assert (None if time is None else time_text(time)) == expected


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_the_canonical_text_comes_back(time: datetime) -> None:
    text = time_text(time)
    assert parse_time(text) == time
    assert raw_time(text, time) is None


@given(st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_anything_is_a_time_or_is_not(value: Any) -> None:
    time = parse_time(value)
    assert time is None or time.tzinfo is UTC


def envelope(obj: dict[str, Any]) -> dict[str, Any]:
    return Decoder().decode(obj).envelope


def test_a_records_time_is_found_at_the_top_and_in_its_metadata() -> None:
    expected = datetime(2025, 4, 10, tzinfo=UTC)
    assert envelope({"text": "a", "date": "2025-04-10"}) == {"event_time": expected, "event_time_raw": "2025-04-10"}
    inside = {"text": "a", "metadata": {"source": "s", "published": "2025-04-10T00:00:00Z"}}
    assert envelope(inside) == {"event_time": expected}


def test_what_is_no_time_is_kept_raw() -> None:
    assert envelope({"text": "a", "date": "last June"}) == {"event_time_raw": "last June"}


def test_year_month_day_hour_make_one_time() -> None:
    row = {"year": "2010", "month": "1", "day": "2", "hour": "3", "TEMP": "-11"}
    assert Decoder().decode(row).payload["timestamp"] == datetime(2010, 1, 2, 3, tzinfo=UTC)
