"""The text that records are compared by: the text view, or fields that a user names, joined line by line.

A field is a column or a path into one: `best_answer`, `task.instruction`, `steps[].tool_calls[].tool_input_raw`;
`messages[role=user|system].parts[].text` takes only items whose `role` is one of these. `prompt` and `response` mean
what each kind has for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import one_array
from assay.core.errors import UnknownName, UserError
from assay.records.schema import TEXT, columns_of

VIEW = ("text",)
_ASKED, _SAID = "role=user|system|human", "role=assistant|gpt|model"
ALIASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "prompt": {
        "classification": ("text", "text_pair"),
        "qa": ("prompt", f"messages[{_ASKED}].parts[].text"),
        "reasoning": ("question",),
        "composite": ("text",),
        "agentic": ("task.instruction", f"steps[].messages[{_ASKED}].parts[].text"),
        "multimodal": ("text",),
        "simulation": ("task", "state_json"),
        "domain_log": ("raw_line", "event_summary"),
        "preference": ("prompt[].parts[].text",),
    },
    "response": {
        "classification": ("label",),
        "qa": ("best_answer", f"messages[{_SAID}].parts[].text", "answers[].text"),
        "reasoning": ("steps[].text", "final_answer"),
        "composite": ("text",),
        "agentic": (
            f"steps[].messages[{_SAID}].parts[].text",
            "steps[].reasoning",
            "steps[].tool_calls[].tool_name",
            "steps[].tool_calls[].tool_input_raw",
            "outcome.final_answer",
        ),
        "multimodal": ("label",),
        "simulation": ("action_json",),
        "domain_log": ("event_summary",),
        "preference": ("candidates[].messages[].parts[].text",),
    },
}
_SEGMENT = re.compile(r"(\w+)(\[(?:(\w+)=([^\]]+))?\])?$")

Rows = NDArray[np.int64]
Segment = tuple[str, bool, str, tuple[str, ...]]  # member, is a list, key to choose items by, its wanted values


def paths_of(kind: str, fields: Sequence[str]) -> list[str]:
    """The paths that fields mean for a kind, each checked against its schema.

    E101 for a name that the kind does not have, E104 for a path that does not lead to a text.
    """
    found = [path for name in fields for path in ALIASES.get(name, {}).get(kind, (name,))]
    for path in found:
        _check(kind, path)
    return list(dict.fromkeys(found))


def columns_read(kind: str, fields: Sequence[str]) -> list[str]:
    """The columns of a kind that the fields lie in."""
    return list(dict.fromkeys(_parse(path)[0][0] for path in paths_of(kind, fields)))


def compared_text(rows: pa.RecordBatch | pa.Table, kind: str, fields: Sequence[str] = VIEW) -> pa.LargeStringArray:
    """One text per row: the fields' texts in order, joined by newlines. Null where a row has none of them."""
    paths = paths_of(kind, fields)
    parts = [leaves(one_array(rows[_parse(path)[0][0]]), path) for path in paths]
    if len(paths) == 1 and "." not in paths[0] and "[" not in paths[0]:
        return parts[0][0]
    texts = pa.concat_arrays([texts for texts, _ in parts])
    owner = np.concatenate([own for _, own in parts])
    keep = texts.is_valid().to_numpy(zero_copy_only=False)
    texts, owner = texts.filter(pa.array(keep)), owner[keep]
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=len(rows))
    starts = np.concatenate([[0], np.cumsum(counts)])
    lists = pa.LargeListArray.from_arrays(pa.array(starts, pa.int64()), texts.take(pa.array(order)))
    joined = pc.binary_join(lists, pa.scalar("\n", TEXT))
    return pc.if_else(pa.array(counts > 0), joined, pa.scalar(None, TEXT))


def leaves(column: pa.Array, path: str) -> tuple[pa.LargeStringArray, Rows]:
    """Every text that a path leads to, in order, and the row of each. `column` is the path's first member."""
    own: Rows = np.arange(len(column), dtype=np.int64)
    for place, (name, many, key, wanted) in enumerate(_parse(path)):
        if place:
            column = pc.struct_field(column, name)
        if many:
            counts = np.asarray(pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False), np.int64)
            own = np.repeat(own, counts)
            column = column.flatten()
            if key:
                chosen = pc.fill_null(pc.is_in(pc.struct_field(column, key), pa.array(wanted, TEXT)), False)
                own, column = own[chosen.to_numpy(zero_copy_only=False)], column.filter(chosen)
    return column, own


def _parse(path: str) -> list[Segment]:
    found = []
    for part in path.split("."):
        match = _SEGMENT.match(part)
        if match is None:
            fix = "such as best_answer, steps[].text or messages[role=user].parts[].text"
            raise UserError("E104", f"cannot read the field {path!r}", at="fields", fix=fix)
        name, many, key, wanted = match.groups()
        found.append((name, many is not None, key or "", tuple((wanted or "").split("|"))))
    return found


def _check(kind: str, path: str) -> None:
    held: Mapping[str, pa.DataType] = columns_of(kind)
    at = ""
    dtype: pa.DataType | None = None
    for name, many, _, _ in _parse(path):
        if name not in held:
            where = f"field of kind {kind!r}" if not at else f"member of {at!r}"
            raise UnknownName(where, name, [*held, *(ALIASES if not at else ())], at="fields")
        dtype, at = held[name], f"{at}.{name}" if at else name
        if many != pa.types.is_list(dtype):
            is_list = "is a list" if pa.types.is_list(dtype) else "is no list"
            fix = f"write {name + '[]' if not many else name}"
            raise UserError("E104", f"{at} of kind {kind!r} {is_list}", at=path, fix=fix)
        if many:
            dtype, at = dtype.value_type, f"{at}[]"
        held = {dtype.field(i).name: dtype.field(i).type for i in range(dtype.num_fields)} if _is_struct(dtype) else {}
    if dtype != TEXT:
        raise UserError("E104", f"{path} of kind {kind!r} is {dtype}, not a text", at="fields", fix="name a text in it")


def _is_struct(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_struct(dtype))
