"""Which columns of a record hold text that a transform may change, and how to change them where they lie.

Prose only: never ids, roles, names, labels, units, times or addresses of files. A path names struct members;
`[]` is every item of a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.records.schema import TEXT

_PARTS = "parts[].text"
_DATA = "parts[].json"
_CALL = "steps[].tool_calls[]"

# Where the kind keeps prose.
PROSE: Mapping[str, tuple[str, ...]] = {
    "classification": ("text", "text_pair"),
    "qa": ("prompt", f"messages[].{_PARTS}", "best_answer", "answers[].text", "context[].text"),
    "reasoning": ("question", "steps[].text", "final_answer", "verifier.detail"),
    "composite": ("text",),
    "agentic": (
        "task.instruction",
        "system_prompt",
        "tools[].description",
        f"steps[].messages[].{_PARTS}",
        "steps[].reasoning",
        f"{_CALL}.tool_output_text",
        f"{_CALL}.error.message",
        f"{_CALL}.error.evidence",
        "outcome.final_answer",
    ),
    "multimodal": ("text",),
    "simulation": ("task", "notes"),
    "domain_log": ("event_summary", "raw_line", "sensor_data[].value_text"),
    "preference": (f"prompt[].{_PARTS}", f"candidates[].messages[].{_PARTS}"),
}

# Where it keeps JSON text: strings in it may change, keys may not. What is not JSON after all is taken as prose.
JSON: Mapping[str, tuple[str, ...]] = {
    "classification": (),
    "qa": (f"messages[].{_DATA}", "context[].json"),
    "reasoning": (),
    "composite": ("metadata_json",),
    "agentic": (
        "tools[].parameters_json",
        f"steps[].messages[].{_DATA}",
        f"{_CALL}.tool_input_raw",
        f"{_CALL}.tool_input_json",
        f"{_CALL}.tool_output_json",
    ),
    "multimodal": ("annotations_json",),
    "simulation": ("environment.spec_json", "state_json", "action_json", "result.next_state_json", "result.info_json"),
    "domain_log": (),
    "preference": ("tools_json", f"prompt[].{_DATA}", f"candidates[].messages[].{_DATA}"),
}
# Of every kind: keys that no column holds, and what a generator was told.
JSON_OF_ALL = ("extra_json", "generator.params_json")

Rows = NDArray[np.int64]
Change = Callable[[pa.LargeStringArray, Rows], pa.LargeStringArray]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def json_paths(kind: str) -> tuple[str, ...]:
    """The columns of a kind that hold JSON text."""
    return JSON[kind] + JSON_OF_ALL


def change_at(column: pa.Array, path: str, change: Change) -> pa.Array:
    """The column with one leaf changed; the very same column where `change` gives back what it was given.

    path: below the column, "" for itself. change(texts, rows) is given all texts of the leaf in order and the row of
    each; it gives as many.
    """
    return _at(column, path.replace("[]", ".[]").strip(".").split(".") if path else [], change, _rows(len(column)))


def _rows(n: int) -> Rows:
    return np.arange(n, dtype=np.int64)


def _at(array: pa.Array, path: list[str], change: Change, rows: Rows) -> pa.Array:
    if not path:
        return change(array, rows)
    if path[0] == "[]":
        offsets = np.asarray(array.offsets.to_numpy(), np.int64)
        items = array.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
        new = _at(items, path[1:], change, np.repeat(rows, np.diff(offsets)))
        if new is items:
            return array
        places = pa.array((offsets - offsets[0]).astype(np.int32))
        return pa.ListArray.from_arrays(places, new, type=array.type, mask=array.is_null())
    index = array.type.get_field_index(path[0])
    child = array.field(index)
    new = _at(child, path[1:], change, rows)
    if new is child:
        return array
    children = [new if i == index else array.field(i) for i in range(array.type.num_fields)]
    return pa.StructArray.from_arrays(children, fields=list(array.type), mask=array.is_null())


def column_of(path: str) -> tuple[str, str]:
    """ "steps[].text" -> ("steps", "[].text")."""
    head = path.partition(".")[0]
    name = head.removesuffix("[]")
    return name, path[len(name) :].removeprefix(".")


def in_json(change: Change) -> Change:
    """`change` for texts that are JSON: it is given the strings in them, and the texts are written anew where any
    of those changed."""

    def changed(texts: pa.LargeStringArray, rows: Rows) -> pa.LargeStringArray:
        values = [_parsed(text) for text in texts.to_pylist()]
        found: list[str] = []
        home: list[int] = []
        for row, value in zip(rows.tolist(), values, strict=True):
            before = len(found)
            found.extend(_strings(value))
            home.extend([row] * (len(found) - before))
        flat = pa.array(found, TEXT)
        new = change(flat, np.array(home, np.int64))
        if new is flat:
            return texts
        supply = iter(new.to_pylist())
        out = []
        for text, value in zip(texts.to_pylist(), values, strict=True):
            filled, differs = _filled(value, supply)
            out.append((filled.text if isinstance(filled, _Plain) else _encode(filled).decode()) if differs else text)
        return pa.array(out, TEXT)

    return changed


class _Plain:
    """Text in a JSON column that is no JSON."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _parsed(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return _decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _Plain(text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, _Plain):
        yield value.text
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _filled(value: Any, supply: Iterator[str]) -> tuple[Any, bool]:
    """The value with its strings replaced in order, and whether any differs."""
    if isinstance(value, str):
        new = next(supply)
        return new, new != value
    if isinstance(value, _Plain):
        text = next(supply)
        return _Plain(text), text != value.text
    if isinstance(value, dict):
        pairs = {key: _filled(item, supply) for key, item in value.items()}
        return {key: new for key, (new, _) in pairs.items()}, any(differs for _, differs in pairs.values())
    if isinstance(value, list):
        items = [_filled(item, supply) for item in value]
        return [new for new, _ in items], any(differs for _, differs in items)
    return value, False
