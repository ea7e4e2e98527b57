"""Physical limits of measured quantities, by unit and by channel name: what no sensor on Earth should read."""

from __future__ import annotations

import re

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
_SPLIT = re.compile(r"[_\-./\s]+|(?<=[a-z0-9])(?=[A-Z])")


def limits(channel: str | None, unit: str | None) -> tuple[float, float] | None:
    """Lowest and highest plausible value of a channel, by its unit, else by its name; None where neither is known."""
    if unit is not None:
        known = UNITS.get(unit.strip().lower().replace(" ", ""))
        if known is not None:
            return known
    if channel is None:
        return None
    words = {part.lower() for part in _SPLIT.split(channel) if part}
    words.add(channel.lower())
    return next((bounds for needed, bounds in NAMES if needed <= words), None)
