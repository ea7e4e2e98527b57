"""An object as sorted JSON: what cannot be JSON is refused here, and the content hash is made here."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from typing import Any

import msgspec

from assay.core.ids import nfc, xxh3_hex
from assay.records.errors import RecordError, child

MAX_DEPTH = 100  # of nesting: deeper than any real record, and safe for every recursion after this point

sorted_json = msgspec.json.Encoder(order="sorted").encode
plain_json = msgspec.json.Encoder().encode
parse_json = msgspec.json.Decoder().decode


def encode_whole(obj: dict[str, Any]) -> bytes:
    """The object's sorted JSON; says what in it JSON or Arrow cannot hold."""
    try:
        data: bytes = sorted_json(obj)
    except RecursionError:
        raise RecordError("too_deep", f"Nested more than {MAX_DEPTH} levels - at `$`") from None
    except UnicodeEncodeError:
        where = _find(obj, lambda v: isinstance(v, str) and not _is_utf8(v))
        raise RecordError("invalid_text", f"A lone surrogate is no text - at `{where}`") from None
    except TypeError as error:
        raise RecordError("wrong_type", f"{error} - at `$`") from None
    except (ValueError, OverflowError) as error:
        raise RecordError("number_out_of_range", f"{error} - at `$`") from None
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _depth(obj) > MAX_DEPTH:
        raise RecordError("too_deep", f"Nested more than {MAX_DEPTH} levels - at `$`")
    if b"null" in data:  # how NaN and infinity are written, too
        where = _find(obj, lambda v: isinstance(v, float) and not math.isfinite(v))
        if where:
            raise RecordError("nan", f"Expected a finite number - at `{where}`")
    return data


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find(obj: Any, is_it: Callable[[Any], bool]) -> str:
    """The path of the first value that is it (keys count as values); "" where none is."""
    stack: list[tuple[str, Any]] = [("$", obj)]
    while stack:
        at, value = stack.pop()
        if is_it(value):
            return at.encode(errors="backslashreplace").decode()
        if isinstance(value, dict):
            if any(is_it(key) for key in value):
                return at.encode(errors="backslashreplace").decode()
            stack.extend((child(at, key), item) for key, item in reversed(value.items()))
        elif isinstance(value, (list, tuple)):
            stack.extend((child(at, i), item) for i, item in reversed(list(enumerate(value))))
    return ""


def _depth(obj: Any) -> int:
    level, depth = [obj], 0
    while level:
        depth += 1
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, (list, tuple)):
                inner.extend(value)
        level = inner
    return depth - 1


def _drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop_nulls(item) for key, item in value.items() if item is not None}
    return [_drop_nulls(item) for item in value] if isinstance(value, list) else value


def hash_of(data: bytes) -> str:
    """The hash of sorted JSON: members that are null do not count, and texts are in NFC."""
    changed = None
    if b"null" in data:
        changed = _drop_nulls(parse_json(data))
    # Quotes and escapes never combine with what follows them, so the whole is in NFC only if every text in it is.
    if not data.isascii() and not unicodedata.is_normalized("NFC", data.decode()):
        changed = nfc(parse_json(data) if changed is None else changed)
    return xxh3_hex(data if changed is None else sorted_json(changed))
