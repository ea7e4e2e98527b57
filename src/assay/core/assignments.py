"""`name=value` words of a command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from assay.core.errors import UserError


def parse_assignments(words: Sequence[str]) -> dict[str, Any]:
    """Names with their values: JSON where the text is JSON (30, true, [1, 2]), else the text itself.

    E604 for a word without a name or an equals sign, and for a name that comes twice.
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise UserError("E604", f"cannot read {word!r}", fix="such as as_of=2026-01-31")
        if name in found:
            raise UserError("E604", f"{name!r} is given twice", fix="give it once")
        found[name] = _value(text.strip())
    return found


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
