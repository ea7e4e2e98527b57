"""What is wrong with one record: a slug for counting, and a sentence with a path."""

from __future__ import annotations

from typing import Any

_NAMES = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    list: "array",
    tuple: "array",
    dict: "object",
    bytes: "bytes",
}


class RecordError(ValueError):
    """A record that cannot be loaded. It goes to quarantine; the records around it do not notice.

    `reason` is a slug (wrong_type, missing_field, unknown_kind, not_an_object, nan, invalid_text, too_deep,
    number_out_of_range; readers add their own, such as duplicate_keys). `detail` is a sentence with a path:
    ``Expected `array`, got `str` - at `$.steps` ``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)  # as args, so that the error survives a worker process
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


def json_type(value: Any) -> str:
    """The JSON name of a value's type, as msgspec writes it."""
    return _NAMES.get(type(value), type(value).__name__)


def wrong_type(expected: str, value: Any, at: str) -> RecordError:
    return RecordError("wrong_type", f"Expected `{expected}`, got `{json_type(value)}` - at `{at}`")


def missing_field(name: str, at: str = "$") -> RecordError:
    where = "" if at == "$" else f" - at `{at}`"
    return RecordError("missing_field", f"Object missing required field `{name}`{where}")


def child(at: str, key: str | int) -> str:
    """The path of a member: `$.steps[2]`, or `$['odd key']` where a dot would mislead."""
    if isinstance(key, int):
        return f"{at}[{key}]"
    return f"{at}.{key}" if key.isidentifier() else f"{at}[{key!r}]"
