"""What a record said beyond its columns: taken away at decode, laid back over them at restore.

`merge(built, subtract(value, built))` is `value` again. The rest lies in extra_json under the record's own keys:
a member that the columns hold in part has only its other part there, list items by position
(`{"steps": {"0": {"duration_ms": 5}}}`).
"""

from __future__ import annotations

from typing import Any

import msgspec

NOTHING: Any = object()  # None is a value: an explicit null is kept
_sorted = msgspec.json.Encoder(order="sorted").encode


class CannotSubtract(Exception):
    """The built value says something that the original does not: adding alone cannot repair it."""


def same(a: Any, b: Any) -> bool:
    """Equal as canonical JSON: 1, 1.0 and true differ, key order does not count."""
    if type(a) is str and type(b) is str:
        return a == b
    built: bool = _sorted(a) == _sorted(b)
    return built


def subtract(value: Any, built: Any) -> Any:
    """What `merge` must lay over `built` to give `value`; NOTHING where they are the same."""
    if isinstance(value, dict) and isinstance(built, dict):
        if any(key not in value for key in built):
            raise CannotSubtract
        rest = {}
        for key, item in value.items():
            left = subtract(item, built[key]) if key in built else item
            if left is not NOTHING:
                rest[key] = left
        return rest or NOTHING
    if isinstance(value, list) and isinstance(built, list) and len(value) >= len(built):
        rest = {}
        for i, item in enumerate(value):
            left = subtract(item, built[i]) if i < len(built) else item
            if left is not NOTHING:
                rest[str(i)] = left
        return rest or NOTHING
    if type(value) is type(built) and not isinstance(value, (dict, list)) and same(value, built):
        return NOTHING
    if isinstance(value, dict) and isinstance(built, (dict, list)):
        raise CannotSubtract  # merge would take the object for a rest
    return value


def merge(built: Any, rest: Any) -> Any:
    """`built` with a rest laid over it."""
    if isinstance(rest, dict):
        if isinstance(built, dict):
            out = dict(built)
            for key, item in rest.items():
                out[key] = merge(out[key], item) if key in out else item
            return out
        if isinstance(built, list):
            items = list(built)
            for key, item in rest.items():
                i = int(key)
                if i < len(items):
                    items[i] = merge(items[i], item)
                else:
                    items.append(item)
            return items
    return rest
