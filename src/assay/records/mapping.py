"""`--map ours=theirs.path[0]`: which of the file's names (or paths) is which of our fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from assay.core.errors import UserError

Path = tuple[str | int, ...]
ABSENT: Any = object()
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def parse_path(text: str, *, at: str = "") -> Path:
    """`a.b[0]` as ("a", "b", 0); a leading `$.` is allowed. A name with a dot in it is tried whole first."""
    text = text.removeprefix("$.")
    steps: list[str | int] = []
    place = 0
    while place < len(text):
        step = _STEP.match(text, place)
        if step is None:
            raise UserError("E301", f"{text!r} is not a path", at=at, fix="write name, name.inner or name.inner[0]")
        steps.append(step[1] if step[1] is not None else int(step[2]))
        place = step.end()
    if not steps or isinstance(steps[0], int):
        raise UserError("E301", f"{text!r} is not a path", at=at, fix="write name, name.inner or name.inner[0]")
    return tuple(steps)


def parse_map(pairs: Iterable[str]) -> dict[str, str]:
    """The mapping of `--map` values, checked: {our field: their path}.

    Raises
        UserError E301: not of the form ours=theirs, or the same field twice.
        UserError E302: no kind has a field of that name (the nearest names are given).
    """
    known = known_names()
    found: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        ours, theirs = ours.strip(), theirs.strip()
        at = f"--map {pair}"
        if not equals or not ours or not theirs:
            raise UserError("E301", f"{pair!r} is not of the form ours=theirs", at=at, fix="write --map question=q")
        parse_path(theirs, at=at)
        if ours not in known:
            near = get_close_matches(ours, known, n=3)
            fix = f"did you mean {' or '.join(map(repr, near))}?" if near else f"one of {', '.join(known)}"
            raise UserError("E302", f"no kind has a field called {ours!r}", at=at, fix=fix)
        if ours in found:
            raise UserError("E301", f"{ours!r} is mapped twice", at=at, fix="keep one of the two")
        found[ours] = theirs
    return found


def known_names() -> list[str]:
    """Every field that can be mapped, of any kind."""
    from assay.records.kind import KINDS
    from assay.records.plan import all_fields

    names = {"record_id", "id"}
    for kind in KINDS:
        names |= {field.name for field in all_fields(kind)} | set(kind.payload)
    return sorted(names)


def value_at(obj: Any, path: Sequence[str | int]) -> Any:
    """The value at a path; ABSENT where there is none."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(obj, list) or step >= len(obj):
                return ABSENT
            obj = obj[step]
        elif isinstance(obj, Mapping) and step in obj:
            obj = obj[step]
        else:
            return ABSENT
    return obj


def resolve(mapping: Mapping[str, str], obj: Mapping[str, Any]) -> dict[str, Path]:
    """Paths for this object: a text that is one of its keys is that key, whatever dots it has."""
    return {ours: (theirs,) if theirs in obj else parse_path(theirs) for ours, theirs in mapping.items()}


def without(obj: Mapping[str, Any], path: Sequence[str | int]) -> dict[str, Any]:
    """A copy of an object without the member at a path of names."""
    out = dict(obj)
    step = str(path[0])
    if len(path) == 1:
        del out[step]
    else:
        out[step] = without(out[step], path[1:])
    return out
