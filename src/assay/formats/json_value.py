"""One JSON value from its bytes, strictly: what a decoder would let pass in silence is refused with a reason."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from assay.formats.base import MAX_DEPTH

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class BadValue(ValueError):
    """`reason` is a slug, `detail` says it in words with a path where there is one."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def parse_value(raw: bytes, encoding: str = "utf-8") -> Any:
    """The value in `raw`, or BadValue: broken_json, duplicate_keys, nan, number_out_of_range, invalid_utf8, too_deep.

    Twice the same key in one object is found cheaply: the decoder keeps the last one, so the value written
    again has fewer quotes than the text it came from (a hook on every object is ten times slower).
    """
    if encoding != "utf-8":
        raw = recode(raw, encoding)
    try:
        value = _decode(raw)
        # Escaped quotes are written the same way again, unless they were \u0022.
        doubtful = raw.count(b'"') != _encode(value).count(b'"') or b"\\u0022" in raw
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        raise _why(raw) from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and depth(value) > MAX_DEPTH:
        raise BadValue("too_deep", f"Nested deeper than {MAX_DEPTH} levels - at `$`")
    if doubtful:
        _refuse_duplicates(raw)
    return value


def recode(raw: bytes, encoding: str) -> bytes:
    """The same text as UTF-8. Raises BadValue where `encoding` has no such byte."""
    try:
        return raw.decode(encoding).encode()
    except UnicodeError as error:
        raise BadValue("invalid_encoding", f"Not {encoding}: {error}") from None


def utf8_problem(raw: bytes) -> BadValue | None:
    """Where `raw` stops being UTF-8; None when it is."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        detail = f"Invalid UTF-8: byte 0x{raw[error.start]:02x} at byte {error.start} of the record ({error.reason})"
        return BadValue("invalid_utf8", detail)
    return None


def depth(value: Any) -> int:
    """Levels of lists and objects, counted without recursion."""
    levels, level = 0, [value]
    while level := [x for x in level if isinstance(x, (dict, list))]:
        levels += 1
        level = [child for x in level for child in (x.values() if isinstance(x, dict) else x)]
    return levels


def text_depth(raw: bytes) -> int:
    """Levels of brackets in the text of a value that cannot be decoded."""
    outside = _STRING.sub(b"", raw)
    deepest = now = 0
    for byte in outside:
        if byte in b"[{":
            now += 1
            deepest = max(deepest, now)
        elif byte in b"]}":
            now -= 1
    return deepest


def _why(raw: bytes) -> BadValue:
    """What is wrong with text the fast decoder refused; slow, and only for bad records."""
    if not raw.strip(b" \t\r\n"):
        return BadValue("empty_value", "No value here")
    if found := utf8_problem(raw):
        return found
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and text_depth(raw) > MAX_DEPTH:
        return BadValue("too_deep", f"Nested deeper than {MAX_DEPTH} levels - at `$`")
    try:
        value = json.loads(raw.decode(), parse_constant=_Odd, parse_float=_float, parse_int=_int)
    except (ValueError, RecursionError) as error:
        return BadValue("broken_json", _in_words(raw, error))
    for path, odd in _odd_numbers(value):
        if odd.text in ("NaN", "Infinity", "-Infinity"):
            return BadValue("nan", f"`{odd.text}` is not JSON - at `{path}`")
        shown = odd.text if len(odd.text) < 40 else f"{odd.text[:20]}... ({len(odd.text)} digits)"
        return BadValue("number_out_of_range", f"`{shown}` fits no number type - at `{path}`")
    if _LONE_SURROGATE.search(raw):
        return BadValue("lone_surrogate", "Half of a surrogate pair is not a character - in a `\\u` escape")
    return BadValue("broken_json", _in_words(raw, None))


def _in_words(raw: bytes, error: Exception | None) -> str:
    try:
        _decode(raw)
    except msgspec.MsgspecError as ours:
        return f"{ours} - in {len(raw)} bytes"
    except (ValueError, RecursionError):
        pass
    return str(error or "The value cannot be decoded")


class _Odd:
    """A number that JSON or a double cannot hold, kept as it was written."""

    def __init__(self, text: str) -> None:
        self.text = text


def _float(text: str) -> Any:
    return _Odd(text) if math.isinf(float(text)) else 0.0


def _int(text: str) -> Any:
    return _Odd(text) if len(text) > 4000 else 0


def _odd_numbers(value: Any) -> list[tuple[str, _Odd]]:
    found: list[tuple[str, _Odd]] = []
    waiting = [("$", value)]
    while waiting:
        path, here = waiting.pop()
        if isinstance(here, _Odd):
            found.append((path, here))
        elif isinstance(here, dict):
            waiting += [(f"{path}.{key}", child) for key, child in here.items()]
        elif isinstance(here, list):
            waiting += [(f"{path}[{i}]", child) for i, child in enumerate(here)]
    return sorted(found, key=lambda pair: pair[0])


class _Twice(dict[str, Any]):
    key = ""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    twice = _Twice(made)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            twice.key = key
            break
        seen.add(key)
    return twice


def _refuse_duplicates(raw: bytes) -> None:
    waiting = [("$", json.loads(raw.decode(), object_pairs_hook=_pairs, parse_int=_int, parse_float=_float))]
    while waiting:
        path, here = waiting.pop()
        if isinstance(here, _Twice):
            raise BadValue("duplicate_keys", f"The key `{here.key}` occurs twice - at `{path}`")
        if isinstance(here, dict):
            waiting += [(f"{path}.{key}", child) for key, child in here.items()]
        elif isinstance(here, list):
            waiting += [(f"{path}[{i}]", child) for i, child in enumerate(here)]
