"""How one field is read into its column and written back. The decoder keeps whatever a codec does not give back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from assay.records.errors import RecordError, child, wrong_type
from assay.records.times import parse_time, raw_time, time_text

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
Row = Mapping[str, Any]


def json_text(value: Any) -> str:
    """JSON text in the order of the original."""
    return _encode(value).decode()


def from_json(text: str) -> Any:
    return _decode(text)


class Codec:
    """One shape of one field.

    `read` gives the column's value (or, where `spread`, a mapping of column paths to values) and a shape tag that
    `write` needs to give the original back. Values never hold None members: null is absence here, and the decoder
    keeps explicit nulls aside. `fits` is a look at the outside only: it decides detection, not validity.
    """

    expected: ClassVar[str] = "str"
    spread: ClassVar[bool] = False
    aside: ClassVar[bool] = False  # the value itself stays among the unknown keys: only columns are told from it

    direct: ClassVar[bool] = False  # a str is its own column value, in shape ""
    by_type: ClassVar[bool] = False  # whether a value fits is told by its type alone
    takes: ClassVar[frozenset[type]] = frozenset()  # no value of another type ever fits; empty: any may

    def fits(self, value: Any) -> bool:
        return isinstance(value, str)

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not self.fits(value):
            raise wrong_type(self.expected, value, at)
        return value, ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return value


class Text(Codec):
    """A string, and nothing but a string."""

    direct = by_type = True


class ShortText(Text):
    """A string that can be a name: one line, at most 100 characters."""

    direct, by_type = False, False
    takes = frozenset({str})

    def fits(self, value: Any) -> bool:
        return isinstance(value, str) and len(value) <= 100 and "\n" not in value


class Scalar(Codec):
    """A string; numbers and booleans become their JSON text (shape `n`)."""

    expected = "str | int | float | bool"
    direct = by_type = True

    def fits(self, value: Any) -> bool:
        return isinstance(value, (str, int, float))

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if isinstance(value, str):
            return value, ""
        if not self.fits(value):
            raise wrong_type(self.expected, value, at)
        return json_text(value), "n"

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return from_json(value) if shape == "n" else value


class ShortScalar(Scalar):
    """A label: a number, a boolean, or a string of one line and at most 100 characters."""

    by_type = False
    takes = frozenset({str})  # what else fits is told by type

    def fits(self, value: Any) -> bool:
        return super().fits(value) and (not isinstance(value, str) or (len(value) <= 100 and "\n" not in value))

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, (str, int, float)):
            raise wrong_type(self.expected, value, at)
        return SCALAR.read(value, at)


class Json(Codec):
    """Anything, as JSON text."""

    expected = "any"
    by_type = True

    def fits(self, value: Any) -> bool:
        return True

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        return json_text(value), ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return from_json(value)


class Structure(Json):
    """An object or an array, as JSON text."""

    expected = "object | array"

    def fits(self, value: Any) -> bool:
        return isinstance(value, (dict, list))

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not self.fits(value):
            raise wrong_type(self.expected, value, at)
        return json_text(value), ""


class Number(Codec):
    """A finite number; text of one is read too (shape `s`), because a CSV file has no other way."""

    expected = "float"

    def fits(self, value: Any) -> bool:
        return self._number(value) is not None

    def _number(self, value: Any) -> float | int | None:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        number = self._number(value)
        if number is None:
            raise wrong_type(self.expected, value, at)
        shape = "s" if isinstance(value, str) else "i" if isinstance(value, int) else ""
        return number, shape

    def write(self, value: Any, shape: str, row: Row) -> Any:
        if shape == "i" and float(value).is_integer():
            return int(value)
        return json_text(value) if shape == "s" else value


class Int(Number):
    """A whole number that fits its column: `bits` is 32 or 64."""

    expected = "int"

    def __init__(self, bits: int = 64) -> None:
        self.limit = 1 << (bits - 1)

    def _number(self, value: Any) -> int | None:
        if isinstance(value, str):
            try:
                value = int(value) if len(value) <= 20 else None
            except ValueError:
                return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        return value if -self.limit <= value < self.limit else None

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        number = self._number(value)
        if number is None:
            if isinstance(value, int) and not isinstance(value, bool):
                raise RecordError("number_out_of_range", f"Expected `int` below {self.limit} - at `{at}`")
            raise wrong_type(self.expected, value, at)
        return number, "s" if isinstance(value, str) else "f" if isinstance(value, float) else ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return str(value) if shape == "s" else float(value) if shape == "f" else value


class Bool(Codec):
    """true or false; 0, 1 and their words are read too."""

    expected = "bool"
    _words: ClassVar[dict[Any, bool]] = {
        "true": True,
        "True": True,
        "false": False,
        "False": False,
        "0": False,
        "1": True,
    }

    def fits(self, value: Any) -> bool:
        return isinstance(value, bool) or value in (0, 1) or (isinstance(value, str) and value in self._words)

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not self.fits(value):
            raise wrong_type(self.expected, value, at)
        if isinstance(value, str):
            return self._words[value], {"true": "l", "false": "l", "True": "u", "False": "u"}.get(value, "d")
        return bool(value), "" if isinstance(value, bool) else "n"

    def write(self, value: Any, shape: str, row: Row) -> Any:
        if shape == "n":
            return int(value)
        return {"l": str(value).lower(), "u": str(value), "d": str(int(value))}.get(shape, value)


class ListOf(Codec):
    """An array of one codec's values, each in its plain shape; `loose` lets one value stand for a list of one."""

    expected = "array"
    takes = frozenset({list})

    def __init__(self, item: Codec) -> None:
        self.item = item

    def fits(self, value: Any) -> bool:
        return isinstance(value, list) and (not value or self.item.fits(value[0]))

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        pairs = [self.item.read(item, f"{at}[{i}]") for i, item in enumerate(value)]
        shapes = {shape for _, shape in pairs}
        return [read for read, _ in pairs], shapes.pop() if len(shapes) == 1 else ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return [self.item.write(item, shape, row) for item in value]


class Struct(Codec):
    """An object with known members (name -> codec, or (codec, other names)); other members are kept aside.

    A member of the wrong type is an error only under our own name: under another name it may mean another thing.
    """

    expected = "object"
    by_type = True

    def __init__(self, **members: Codec | tuple[Codec, tuple[str, ...]]) -> None:
        self.members = {
            name: (spec, (name,)) if isinstance(spec, Codec) else (spec[0], (name, *spec[1]))
            for name, spec in members.items()
        }

    def fits(self, value: Any) -> bool:
        return isinstance(value, dict)

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, dict):
            raise wrong_type(self.expected, value, at)
        out = {}
        for name, (codec, names) in self.members.items():
            for theirs in names:
                found = value.get(theirs)
                if found is not None and (theirs == name or codec.fits(found)):
                    out[name] = codec.read(found, child(at, theirs))[0]
                    break
        return out, ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        out = {}
        for name, (codec, _) in self.members.items():
            found = value.get(name)
            if found is not None:
                out[name] = codec.write(found, "", row)
        return out


class Time(Codec):
    """A time inside a struct; what is not one stays aside and the column is null."""

    expected = "time"

    def fits(self, value: Any) -> bool:
        return parse_time(value) is not None

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        return parse_time(value), ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return time_text(value)


class EventTime(Codec):
    """The time of the record itself: a payload column, and with it the envelope's event_time and event_time_raw."""

    expected = "time"
    spread = by_type = True

    def __init__(self, column: str) -> None:
        self.column = column

    def fits(self, value: Any) -> bool:
        return isinstance(value, (str, int, float)) and not isinstance(value, bool)

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not self.fits(value):
            raise wrong_type("str | int | float", value, at)
        time = parse_time(value)
        columns: dict[str, Any] = {}
        if time is not None:
            columns[self.column] = columns["event_time"] = time
        raw = raw_time(value, time)
        if raw is not None:
            columns["event_time_raw"] = raw
        return columns, "" if isinstance(value, str) else "n"

    def write(self, value: Any, shape: str, row: Row) -> Any:
        raw = row.get("event_time_raw")
        if raw is not None:
            return from_json(raw) if shape == "n" else raw
        return time_text(row[self.column])


class Reshaped(Codec):
    """A codec from three functions, for a shape that one place has."""

    def __init__(
        self,
        expected: str,
        fits: Callable[[Any], bool],
        read: Callable[[Any, str], tuple[Any, str]],
        write: Callable[[Any, str, Row], Any],
    ) -> None:
        self._says, self._fits, self._read, self._write = expected, fits, read, write

    def fits(self, value: Any) -> bool:
        return self._fits(value)

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not self._fits(value):
            raise wrong_type(self._says, value, at)
        return self._read(value, at)

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return self._write(value, shape, row)


TEXT, SCALAR, JSON, NUMBER, INT64, INT32, BOOL, TIME = (
    Text(),
    Scalar(),
    Json(),
    Number(),
    Int(64),
    Int(32),
    Bool(),
    Time(),
)
LABEL, STRUCTURE, NAME = ShortScalar(), Structure(), ShortText()
