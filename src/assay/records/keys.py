"""The `source.keys` text: which of the record's own names each of our fields came from, and in what shape.

    record_id=id;prompt=question;answers=answer:list

An entry is `ours`, `ours=theirs` or `ours=theirs:shape`. `theirs` is a top-level key; `$.a.b` is a path; `$` means
that the field was spread over the top level. Characters that the syntax uses are percent-encoded in names.
No text at all means: every payload column under our own name, in our own shape.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SPECIAL = re.compile(r"[%;=:.$]")


class Entry(NamedTuple):
    ours: str
    path: tuple[str, ...]  # () is the top level itself
    shape: str


def _escape(name: str) -> str:
    return _SPECIAL.sub(lambda m: f"%{ord(m[0]):02X}", name)


def _unescape(name: str) -> str:
    return re.sub(r"%([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), name)


@lru_cache(maxsize=4096)
def entry_text(ours: str, path: tuple[str, ...], shape: str = "") -> str:
    if len(path) == 1:
        theirs = _escape(path[0])
        if theirs == ours and not shape:
            return ours
    else:
        theirs = ".".join(["$", *map(_escape, path)])
    return f"{ours}={theirs}:{shape}" if shape else f"{ours}={theirs}"


@lru_cache(maxsize=4096)
def parse_keys(text: str) -> tuple[Entry, ...]:
    entries = []
    for part in text.split(";"):
        ours, equals, theirs = part.partition("=")
        theirs, _, shape = theirs.partition(":")
        if not equals:
            path: tuple[str, ...] = (ours,)
        elif theirs.startswith("$"):
            path = tuple(_unescape(name) for name in theirs.split(".")[1:])
        else:
            path = (_unescape(theirs),)
        entries.append(Entry(ours, path, shape))
    return tuple(entries)
