"""Checks one section of a recipe against the struct that declares it, and collects every mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from assay.core.errors import UserError
from assay.core.marked import Path, Places

S = TypeVar("S", bound=msgspec.Struct)


def read_section(kind: type[S], data: Any, path: Path, places: Places, errors: list[UserError]) -> S | None:
    """`data` as a `kind`; None, and at least one entry more in `errors`, where it does not fit.

    Fields are converted one by one, so that one wrong field does not hide the next.
    """
    noun = str(path[0]) if path else "recipe"
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    if not isinstance(data, dict):
        example = ", ".join(name for name, field in fields.items() if field.required) or next(iter(fields))
        errors.append(
            UserError(
                "E203", f"{noun} must be a mapping, got {_named(data)}", at=places.at(path), fix=f"keys: {example}"
            )
        )
        return None
    before = len(errors)
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in fields:
            errors.append(unknown_key(str(key), fields, noun, places.at((*path, key))))
            continue
        field = fields[key]
        try:
            values[field.name] = msgspec.convert(value, field.type)
        except msgspec.ValidationError as error:
            inner = (*path, key) if (*path, key) in places.lines else path  # a shorthand section has no key of its own
            errors.append(_wrong_value(str(error), value, field.type, inner, places))
    for name, field in fields.items():
        if field.required and name not in data:
            errors.append(UserError("E203", f"{noun} lacks {name!r}", at=places.at(path), fix=f"add `{name}: ...`"))
    return kind(**values) if len(errors) == before else None


def unknown_key(key: str, known: Any, noun: str, at: str) -> UserError:
    """E202: an unknown key, and what it probably meant."""
    near = get_close_matches(key, list(known), n=1)
    fix = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(known)}"
    return UserError("E202", f"{noun} has no key {key!r}", at=at, fix=fix)


def _wrong_value(message: str, value: Any, wanted: Any, path: Path, places: Places) -> UserError:
    what, _, inner = message.partition(" - at `$")
    for index, name in re.findall(r"\[(\d+)\]|\.([^.\[`]+)", inner):
        step: str | int = int(index) if index else name
        path = (*path, step)
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
    fix = ""
    if isinstance(value, bool) and "str" in what:
        fix = "YAML reads yes, no, on and off as true and false: quote it"
    elif "Invalid enum value" in what:
        choices = list(_choices(wanted))
        near = get_close_matches(str(value), choices, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(choices)}"
        what = f"{path[-1] if isinstance(path[-1], str) else path[-2]} cannot be {value!r}"
    return UserError("E203", f"{what}: {_named(value)}" if "Expected" in what else what, at=places.at(path), fix=fix)


def _choices(wanted: Any) -> Iterator[str]:
    if get_origin(wanted) is Literal:
        yield from map(str, get_args(wanted))
    else:
        for part in get_args(wanted):
            yield from _choices(part)


def _named(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
