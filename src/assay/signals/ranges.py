"""Physical limits of measured quantities, by unit and by channel name: what no sensor on Earth should read.

Values, and how fast they can change. A user's own limits are a YAML file, a list of entries such as
`{channel: reactor_temp, unit: degC, min: 0, max: 150, max_rate: 2}`: one of channel and unit says what is meant (both:
both must fit; case plays no part), the other three are optional, max_rate is per second.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from assay.core.errors import UserError

# unit (lower case, without spaces) -> lowest and highest plausible value
UNITS: dict[str, tuple[float, float]] = {
    "c": (-273.15, 3000.0),
    "°c": (-273.15, 3000.0),
    "degc": (-273.15, 3000.0),
    "celsius": (-273.15, 3000.0),
    "f": (-459.67, 5500.0),
    "°f": (-459.67, 5500.0),
    "degf": (-459.67, 5500.0),
    "k": (0.0, 3300.0),
    "kelvin": (0.0, 3300.0),
    "%": (-100.0, 1000.0),  # changes and gains may pass 100
    "%rh": (0.0, 105.0),  # wet sensors read a little over
    "ph": (-1.0, 15.0),
    "hpa": (0.0, 20000.0),
    "mbar": (0.0, 20000.0),
    "bar": (0.0, 10000.0),
    "psi": (0.0, 150000.0),
    "pa": (0.0, 1e9),
    "kpa": (0.0, 1e6),
    "lux": (0.0, 200000.0),
    "bpm": (0.0, 400.0),
    "rpm": (-1e6, 1e6),
    "hz": (0.0, 1e12),
    "ppm": (0.0, 1e6),
    "ug/m3": (0.0, 1e5),
    "µg/m3": (0.0, 1e5),
    "µg/m³": (0.0, 1e5),
}
# whole words of a channel name, split at _ - . / and case -> limits; tried in this order
NAMES: tuple[tuple[frozenset[str], tuple[float, float]], ...] = (
    (frozenset({"temp", "c"}), (-273.15, 3000.0)),
    (frozenset({"temperature", "c"}), (-273.15, 3000.0)),
    (frozenset({"temp", "f"}), (-459.67, 5500.0)),
    (frozenset({"temperature", "f"}), (-459.67, 5500.0)),
    (frozenset({"temp", "k"}), (0.0, 3300.0)),
    (frozenset({"temperature", "k"}), (0.0, 3300.0)),
    (frozenset({"ph", "level"}), (-1.0, 15.0)),
    (frozenset({"ph"}), (-1.0, 15.0)),
    (frozenset({"humidity"}), (0.0, 105.0)),
    (frozenset({"rh"}), (0.0, 105.0)),
    (frozenset({"heart", "rate"}), (0.0, 400.0)),
    (frozenset({"spo2"}), (0.0, 100.5)),
    (frozenset({"latitude"}), (-90.0, 90.0)),
    (frozenset({"lat"}), (-90.0, 90.0)),
    (frozenset({"longitude"}), (-180.0, 360.0)),
    (frozenset({"lon"}), (-180.0, 360.0)),
    (frozenset({"pm2.5"}), (0.0, 1e5)),
    (frozenset({"pm25"}), (0.0, 1e5)),
    (frozenset({"pm10"}), (0.0, 1e5)),
    (frozenset({"battery", "percent"}), (0.0, 100.5)),
    (frozenset({"battery", "pct"}), (0.0, 100.5)),
)
# Whole words of a channel name (one of each set) and its unit, where it has one -> the fastest change per second.
# Quantities whose speed the world limits; a machine's temperature may jump, the weather's does not.
_OUTSIDE = frozenset({"air", "ambient", "outdoor", "outside", "room", "indoor", "dew"})
_TEMPERATURE = frozenset({"temp", "temperature", "point"})
_CELSIUS, _FAHRENHEIT = frozenset({"c", "°c", "degc", "celsius", "k", "kelvin"}), frozenset({"f", "°f", "degf"})
_HPA = frozenset({"hpa", "mbar"})
RATES: tuple[tuple[tuple[frozenset[str], ...], frozenset[str] | None, float], ...] = (
    # Spearfish, South Dakota, 22 January 1943: 27.2 degrees C in two minutes, 0.23 a second (US National Weather
    # Service). Twice that.
    ((_OUTSIDE, _TEMPERATURE), _CELSIUS, 0.5),
    ((_OUTSIDE, _TEMPERATURE), _FAHRENHEIT, 0.9),
    # A tornado over the barometer at Manchester, South Dakota, 24 June 2003: 100 hPa within some 10 seconds (Samaras).
    ((frozenset({"barometric", "baro", "atmospheric", "air"}), frozenset({"pressure", "press"})), _HPA, 20.0),
    # Faster than anything leaves the Earth: 11.2 km/s are 0.1 degrees of latitude. Longitude has no such limit.
    ((frozenset({"latitude", "lat"}),), None, 0.1),
    # Capacitive sensors need some 8 s for 63 % of a step (data sheets of the SHT series): 12 a second.
    ((frozenset({"humidity", "rh"}),), frozenset({"%rh", "%"}), 25.0),
    # Oxygen saturation falls by about 1 % a second in the longest apnoea.
    ((frozenset({"spo2"}),), None, 10.0),
    ((frozenset({"body", "skin", "core"}), frozenset({"temp", "temperature"})), _CELSIUS, 0.5),
)
_SPLIT = re.compile(r"[_\-./\s]+|(?<=[a-z0-9])(?=[A-Z])")


def limits(channel: str | None, unit: str | None) -> tuple[float, float] | None:
    """Lowest and highest plausible value of a channel, by its unit, else by its name; None where neither is known."""
    if unit is not None:
        known = UNITS.get(_plain(unit))
        if known is not None:
            return known
    words = _words(channel)
    return next((found for needed, found in NAMES if needed <= words), None)


def fastest(channel: str | None, unit: str | None) -> float | None:
    """The fastest possible change per second of a channel, in its unit; None where it is not known.

    A unit that is not given, but stands in the channel's name (`air_temp_c`), counts.
    """
    words = _words(channel)
    written = {_plain(unit)} if unit is not None else words
    for needed, units, rate in RATES:
        if all(one & words for one in needed) and (units is None or units & written):
            return rate
    return None


def _plain(unit: str) -> str:
    return unit.strip().lower().replace(" ", "")


def _words(channel: str | None) -> set[str]:
    if channel is None:
        return set()
    return {part.lower() for part in _SPLIT.split(channel) if part} | {channel.lower()}


@dataclass(frozen=True, slots=True)
class Limit:
    """One entry of a user's file; None is no limit."""

    channel: str | None
    unit: str | None
    min: float | None
    max: float | None
    max_rate: float | None

    def fits(self, channel: str | None, unit: str | None) -> bool:
        named = self.channel is None or (channel is not None and channel.strip().lower() == self.channel)
        return named and (self.unit is None or (unit is not None and _plain(unit) == self.unit))


def bounds(channel: str, unit: str, own: tuple[Limit, ...] = ()) -> tuple[float, float]:
    """Lowest and highest value of a channel ("" for no name, no unit): by the first of `own` that fits and has one of
    them, else by what is known of its quantity; NaN twice where nothing is."""
    name, written = channel or None, unit or None
    for one in own:
        if (one.min, one.max) != (None, None) and one.fits(name, written):
            return -math.inf if one.min is None else one.min, math.inf if one.max is None else one.max
    return limits(name, written) or (math.nan, math.nan)


def read_limits(path: str) -> tuple[Limit, ...]:
    """The limits in a user's file, in order. E106: no such file, or it is not a list of limits."""
    place = Path(path)
    if not place.is_file():
        raise UserError("E106", f"sensor_limits: there is no file {str(path)!r}", fix="check the path")
    found = place.stat()
    return _read(str(place.resolve()), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4)
def _read(path: str, changed: int, size: int) -> tuple[Limit, ...]:
    try:
        entries = yaml.safe_load(Path(path).read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _refused(path, f"no YAML: {error}") from None
    if not isinstance(entries, list):
        raise _refused(path, "not a list of limits")
    return tuple(_limit(path, number, entry) for number, entry in enumerate(entries, 1))


def _limit(path: str, number: int, entry: Any) -> Limit:
    if not isinstance(entry, dict):
        raise _refused(path, f"entry {number} has no names")
    odd = sorted(str(key) for key in entry if key not in ("channel", "unit", "min", "max", "max_rate"))
    if odd:
        raise _refused(path, f"entry {number}: no such name: {', '.join(odd)}")
    channel, unit = entry.get("channel"), entry.get("unit")
    if channel is None and unit is None:
        raise _refused(path, f"entry {number} names neither a channel nor a unit")
    numbers = [entry.get(name) for name in ("min", "max", "max_rate")]
    if any(value is not None and (isinstance(value, bool) or not isinstance(value, int | float)) for value in numbers):
        raise _refused(path, f"entry {number}: min, max and max_rate are numbers")
    low, high, rate = (None if value is None else float(value) for value in numbers)
    name = None if channel is None else str(channel).strip().lower()
    return Limit(name, None if unit is None else _plain(str(unit)), low, high, rate)


def _refused(path: str, what: str) -> UserError:
    fix = "write a list of {channel: .., unit: .., min: .., max: .., max_rate: ..}"
    return UserError("E106", f"sensor_limits: {Path(path).name}: {what}", fix=fix)
