"""In which system of units a text gives a quantity: presence of each, by regular expressions in linear time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_GAP, _NUMBER = r"[^.;\n\d]{0,30}", r"\d[\d.,]*\s?-?"
_WEIGHT = rf"(?i)\b(?:body ?weight|weigh(?:s|t|ed|ing)?|mass)\b{_GAP}{_NUMBER}"
_HEIGHT = rf"(?i)\b(?:height|tall|length|wide|width|depth)\b{_GAP}{_NUMBER}"
_DISTANCE = rf"(?i)\b(?:distance|away|drove|drives?|travel(?:s|led|ed)?|mileage|range)\b{_GAP}{_NUMBER}"
_PRICE = (
    r"(?i)\b(?:price[sd]?|costs?|fees?|salary|revenue|amount|charge[sd]?|pa(?:id|y|ys)|total)\b[^.;\n\d$€£¥₹]{0,30}"
)
# quantity -> system -> pattern. Temperature and speed need no word beside them: their units are theirs alone.
QUANTITIES: dict[str, dict[str, str]] = {
    "weight": {
        "kg, g": rf"{_WEIGHT}(?:kg|kilograms?|kilos?|g|grams?|mg)\b",
        "lb, oz": rf"{_WEIGHT}(?:lbs?|pounds?|oz|ounces?)\b",
    },
    "length": {
        "m, cm": rf"{_HEIGHT}(?:m|cm|mm|met(?:er|re)s?|centimet(?:er|re)s?)\b",
        "ft, in": rf"{_HEIGHT}(?:ft|feet|foot|in|inch|inches|yards?)\b",
    },
    "distance": {
        "km": rf"{_DISTANCE}(?:km|kilomet(?:er|re)s?)\b",
        "miles": rf"{_DISTANCE}(?:mi|miles?)\b",
    },
    "temperature": {
        "°C": r"\d\s?(?:°|º|degrees? )\s?(?:C|Celsius|celsius|centigrade)\b",
        "°F": r"\d\s?(?:°|º|degrees? )\s?(?:F|Fahrenheit|fahrenheit)\b",
    },
    "speed": {
        "km/h": r"(?i)\d\s?(?:km/h|kmh|kph|kilomet(?:er|re)s? per hour)\b",
        "mph": r"(?i)\d\s?(?:mph|mi/h|miles? per hour)\b",
    },
    "money": {
        "$": rf"{_PRICE}(?:US)?\$\s?\d",
        "€": rf"{_PRICE}(?:€\s?\d|\d[\d.,]*\s?(?:€|EUR\b|euros?\b))",
        "£": rf"{_PRICE}(?:£\s?\d|\d[\d.,]*\s?GBP\b)",
        "¥": rf"{_PRICE}(?:¥\s?\d|\d[\d.,]*\s?(?:JPY|CNY|yen|yuan)\b)",
    },
}


def unit_systems(text: pa.Array) -> dict[tuple[str, str], pa.BooleanArray]:
    """(quantity, system) -> whether each text gives such a quantity in it; null texts give none."""
    rows = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(text, r"\d"), False))
    some = text.take(rows)
    out = {}
    for quantity, systems in QUANTITIES.items():
        for system, pattern in systems.items():
            marked = np.zeros(len(text), np.bool_)
            if len(some):
                hits = pc.indices_nonzero(pc.match_substring_regex(some, pattern))
                marked[rows.take(hits).to_numpy()] = True
            out[quantity, system] = pa.array(marked)
    return out
