"""Changes that no sensor can make, limits of a user's own, and readings that stand out."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.core.errors import UserError
from assay.signals.ranges import fastest, read_limits
from assay.signals.sensor_rates import scores
from tests.signals.test_examples import values

_START = datetime(2026, 1, 1, tzinfo=UTC)


def reading(seconds: float, unit: str | None = None, stream: str = "s", **channels: float | None) -> dict[str, Any]:
    data = [{"channel": name, "value": value, "unit": unit} for name, value in channels.items()]
    return {"stream_id": stream, "timestamp": _START + timedelta(seconds=seconds), "sensor_data": data}


def rates(*rows: dict[str, Any], **params: Any) -> list[Any]:
    return values("rate_out_of_range", "domain_log", *rows, **params)


def test_weather_that_jumps_is_named_and_weather_that_drifts_is_not() -> None:
    calm = [reading(10 * i, "C", air_temp=20.0 + i, humidity=50.0) for i in range(5)]
    assert rates(*calm) == [None, [], [], [], []]
    assert rates(*calm, reading(50, "C", air_temp=90.0, humidity=50.0))[-1] == ["air_temp"]


@pytest.mark.parametrize(
    ("channel", "unit", "expected"),
    [
        pytest.param("air_temp", "C", 0.5, id="the weather"),
        pytest.param("outdoorTemperature", "degF", 0.9, id="in Fahrenheit"),
        pytest.param("air_temp_c", None, 0.5, id="a unit in the name"),
        pytest.param("temp_c", None, None, id="some temperature may be a machine's"),
        pytest.param("humidity", "%rh", 25.0, id="humidity"),
        pytest.param("barometric_pressure", "Pa", None, id="a unit without a table"),
        pytest.param("gps.lat", None, 0.1, id="latitude"),
        pytest.param("latency", None, None, id="whole words only"),
    ],
)
def test_known_rates(channel: str, unit: str | None, expected: float | None) -> None:
    assert fastest(channel, unit) == expected


def test_noise_of_a_fast_sensor_is_no_change() -> None:
    rows = [reading(0.01 * i, "C", air_temp=20.0 + 0.2 * (i % 2)) for i in range(20)]
    assert rates(*rows)[1:] == [[]] * 19


def test_streams_units_and_equal_times_are_not_compared() -> None:
    rows = [reading(0, lat=10.0), reading(1, lat=50.0, stream="t"), reading(0, lat=80.0)]
    assert rates(*rows) == [None, None, None]


def test_the_order_of_the_file_plays_no_part() -> None:
    assert rates(reading(2, lat=50.0), reading(0, lat=10.0), reading(1, lat=10.0)) == [["lat"], None, []]


def test_limits_of_a_users_own(tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text(
        "- {channel: Reactor, unit: degC, min: 0, max: 150, max_rate: 2}\n- {channel: lat, max_rate: 100}\n"
    )
    rows = [reading(i, "degC", reactor=value) for i, value in enumerate((20.0, 21.0, 29.0, 160.0))]
    assert rates(*rows, sensor_limits=str(file)) == [None, [], ["reactor"], ["reactor"]]
    assert rates(*rows) == [None] * 4
    out = values("out_of_range", "domain_log", *rows, sensor_limits=str(file))
    assert out == [[], [], [], ["reactor"]]
    fast = [reading(0, "degC", reactor=20.0), reading(0.1, "degC", reactor=21.0)]
    assert rates(*fast, sensor_limits=str(file))[1] == ["reactor"], "a user's rate holds for any interval"
    jump = [reading(0, lat=10.0), reading(1, lat=50.0)]
    assert rates(*jump, sensor_limits=str(file))[1] == [], "a user's entry wins over the built-in rate"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1", "not a list"),
        ("- 3", "entry 1 has no names"),
        ("- {min: 3}", "names neither"),
        ("- {channel: a, high: 3}", "no such name: high"),
        ("- {channel: a, max: warm}", "are numbers"),
        ("- [", "no YAML"),
    ],
)
def test_a_file_that_holds_no_limits_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        read_limits(str(file))
    assert caught.value.code == "E106"


def test_placeholders_are_named_and_numbers_that_fit_are_not() -> None:
    rows = [reading(i, t=20.0 + i, x=990.0 + i) for i in range(15)]
    rows += [
        reading(20, t=-9999.0, x=999.0),
        reading(21, t=-999.9, x=None),
        reading(22, x=None),
        reading(23, t=65535.0),
    ]
    found = values("placeholder_readings", "domain_log", *rows)
    assert found[:15] == [[]] * 15
    assert found[15:] == [["t"], ["t"], None, ["t"]]
    fill = [reading(i, t=20.0 + i) for i in range(15)] + [reading(15, t=float(np.float32(9.96921e36)))]
    assert values("placeholder_readings", "domain_log", *fill)[15] == ["t"], "as netCDF fills in"
    counter = [reading(i, t=0.0) for i in range(15)] + [reading(15, t=999.0)]
    assert values("placeholder_readings", "domain_log", *counter) == [[]] * 16, "of a counter nothing is known"
    few = [reading(i, t=20.0) for i in range(9)] + [reading(9, t=-9999.0)]
    assert values("placeholder_readings", "domain_log", *few) == [[]] * 10


def test_a_spike_stands_out_and_a_ramp_does_not() -> None:
    rng = np.random.default_rng(0)
    rows = [reading(i, x=float(i + rng.normal())) for i in range(200)]
    rows[77]["sensor_data"][0]["value"] += 40.0
    found = values("spike_score", "domain_log", *rows)
    assert int(np.argmax(found)) == 77
    assert found[77] > 20
    assert sorted(found)[-2] < 6


def test_few_readings_and_still_sensors() -> None:
    assert values("spike_score", "domain_log", *[reading(i, x=1.0) for i in range(10)]) == [None] * 10
    assert values("spike_score", "domain_log", *[reading(i, x=1.0) for i in range(11)]) == [0.0] * 11


def test_scores_agree_with_a_slow_reading_of_the_definition() -> None:
    value = np.random.default_rng(1).normal(size=40)
    padded = [*value[5:0:-1], *value, *value[-2:-7:-1]]
    others = [sorted(padded[i : i + 5] + padded[i + 6 : i + 11]) for i in range(40)]
    away = [abs(padded[i + 5] - (one[4] + one[5]) / 2) for i, one in enumerate(others)]
    middle = (sorted(away)[19] + sorted(away)[20]) / 2
    assert scores(value) == pytest.approx([one / (1.4826 * middle) for one in away])


def nab(folder: Path, name: str, channel: str, unit: str) -> list[dict[str, Any]]:
    with (folder / f"sensors/nab/{name}.csv").open() as file:
        return [
            {
                "stream_id": name,
                "timestamp": datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC),
                "sensor_data": [{"channel": channel, "value": float(row["value"]), "unit": unit}],
            }
            for row in csv.DictReader(file)
        ]


def test_real_rooms_machines_and_weather_change_slowly_enough(shared_data: Path) -> None:
    rows = nab(shared_data, "realKnownCause/ambient_temperature_system_failure", "ambient_temp", "F")
    found = rates(*rows)
    assert [one for one in found if one] == []
    assert found.count(None) == 1
    with (shared_data / "sensors/uci-beijing-pm25/pollution.csv").open() as file:
        hours = list(csv.DictReader(file))[:5000]
    weather = [
        reading(3600 * i, "C", dew_point=float(hour["DEWP"]), air_temp=float(hour["TEMP"]))
        for i, hour in enumerate(hours)
    ]
    assert [one for one in rates(*weather) if one] == []
    weather[2500]["sensor_data"][1]["value"] = 9999.0
    hits = [i for i, one in enumerate(rates(*weather)) if one]
    assert hits == [2500, 2501], "there and back"


def test_real_sensors_write_no_placeholders(shared_data: Path) -> None:
    for file in sorted((shared_data / "sensors/nab").rglob("*.csv")):
        name = file.relative_to(shared_data / "sensors/nab").with_suffix("").as_posix()
        found = values("placeholder_readings", "domain_log", *nab(shared_data, name, "x", "F")[:4000])
        assert [one for one in found if one] == []


def test_spikes_of_a_real_machine_are_few(shared_data: Path) -> None:
    name = "realKnownCause/machine_temperature_system_failure"
    found = np.array(values("spike_score", "domain_log", *nab(shared_data, name, "machine_temp", "F")), np.float64)
    assert np.mean(found > 20) < 0.01
    labels = json.loads((shared_data / "sensors/nab/labels_combined_windows.json").read_text())
    assert len(labels[f"{name}.csv"]) == 4, "anomalies are labelled as windows of days, not as readings"
