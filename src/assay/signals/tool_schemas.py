"""Tool inputs against the JSON Schemas that sessions declare, and tools whose declaration differs between sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from assay.records.schema import SOURCE, TEXT, columns_of
from assay.signals.base import dataset_signal, row_signal
from assay.signals.nested import flat, in_order, member

_COLUMNS = columns_of("agentic")
_TOOLS = {"tools": _COLUMNS["tools"]}
_AGENTIC = ("agentic",)
_LISTED = pa.list_(TEXT)
_MOST = 20  # errors listed of one session: a session that is wrong in every call says so in fewer words
_LONGEST = 200  # characters of one message: validators repeat the whole value in it
_ANNOTATIONS = ("description", "title", "examples", "example", "$comment")  # words about a parameter, not its shape
_sorted = msgspec.json.Encoder(order="sorted").encode


@dataclass(slots=True)
class _Schemas:
    """Validators by the text of their schema. Nothing is fetched: a reference to elsewhere makes a schema invalid."""

    known: dict[str, Any] = field(default_factory=dict)

    def of(self, text: str) -> Any:
        """A validator, or a string that says what is wrong with the schema."""
        found = self.known.get(text)
        if found is None:
            try:
                found = jsonschema_rs.validator_for(msgspec.json.decode(text), offline=True)
            except (ValueError, RecursionError) as error:  # ValidationError and DecodeError are ValueErrors
                where = "".join(f".{part}" for part in getattr(error, "instance_path", ()))
                found = _cut(f"schema ${where} {str(error).partition(chr(10))[0]}")
            self.known[text] = found
        return found


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST else message[: _LONGEST - 3] + "..."


def _place(path: list[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _errors(validator: Any, given: str) -> list[str]:
    try:
        value = msgspec.json.decode(given)
        if validator.is_valid(value):
            return []
        return sorted(f"{_place(one.instance_path)} {one.message}" for one in validator.iter_errors(value))
    except (ValueError, RecursionError, OverflowError) as error:
        return [f"$ cannot be checked: {str(error).partition(chr(10))[0]}"]


def _declared(tools: pa.ListArray) -> list[dict[str, str]]:
    """Name to the text of its schema, for each session; a name declared twice has its last one."""
    items, parents = flat(tools)
    out: list[dict[str, str]] = [{} for _ in range(len(tools))]
    names, schemas = member(items, "name").to_pylist(), member(items, "parameters_json").to_pylist()
    for row, name, schema in zip(parents.tolist(), names, schemas, strict=True):
        if name is not None and schema is not None and schema != "null":
            out[row][name] = schema
    return out


@row_signal(
    dimension="validity",
    kinds=_AGENTIC,
    reads={**_TOOLS, "steps": _COLUMNS["steps"]},
    writes=_LISTED,
    unit='"tool: $.path message"',
    source="JSON Schema of each declared tool, by jsonschema-rs; drafts 4 to 2020-12, as the schema says",
)
def tool_input_schema_errors(tools: pa.ListArray, steps: pa.ListArray) -> pa.ListArray:
    """What is wrong with tool inputs by the schemas that the session declares, call by call, at most 20.

    A called tool whose own schema is not valid JSON Schema is named once. Null where no call can be judged: no tool
    called that is declared with a schema, or no input that is JSON.
    """
    declared, schemas = _declared(tools), _Schemas()
    flat_steps, step_rows = flat(steps)
    calls, call_steps = flat(member(flat_steps, "tool_calls"))
    rows = step_rows[call_steps].tolist() if len(call_steps) else []
    names, inputs = member(calls, "tool_name").to_pylist(), member(calls, "tool_input_json").to_pylist()
    found: list[list[str] | None] = [None] * len(steps)
    for row, name, given in zip(rows, names, inputs, strict=True):
        schema = declared[row].get(name)
        if schema is None or given is None:
            continue
        mine = found[row]
        if mine is None:
            mine = found[row] = []
        validator = schemas.of(schema)
        if isinstance(validator, str):
            mine += [line] if (line := f"{name}: {validator}") not in mine else []
        else:
            mine += [_cut(f"{name}: {error}") for error in _errors(validator, given)]
    return pa.array([None if each is None else each[:_MOST] for each in found], _LISTED)


@row_signal(
    dimension="validity",
    kinds=_AGENTIC,
    reads=_TOOLS,
    writes=_LISTED,
    unit='"tool: schema $.path message"',
    source="JSON Schema's own meta-schemas, by jsonschema-rs",
    default=False,
)
def invalid_tool_schemas(tools: pa.ListArray) -> pa.ListArray:
    """Declared tools, called or not, whose parameters are not valid JSON Schema. Null where none has a schema."""
    schemas = _Schemas()
    out: list[list[str] | None] = []
    for declared in _declared(tools):
        checked = [(name, schemas.of(text)) for name, text in declared.items()]
        wrong = [f"{name}: {result}" for name, result in checked if isinstance(result, str)]
        out.append(wrong if declared else None)
    return pa.array(out, _LISTED)


def _shape(value: Any, *, properties: bool = False) -> Any:
    """A schema without the words about it; `required` is a set. Keys of `properties` are names, whatever they are."""
    if isinstance(value, Mapping):
        kept = value.items() if properties else ((k, v) for k, v in value.items() if k not in _ANNOTATIONS)
        shaped = {}
        for key, inner in kept:
            is_set = key in ("required", "enum", "type") and not properties and isinstance(inner, list)
            names = key in ("properties", "$defs", "definitions", "patternProperties") and not properties
            shaped[key] = sorted(inner, key=_sorted) if is_set else _shape(inner, properties=names)
        return shaped
    return [_shape(item) for item in value] if isinstance(value, list) else value


def _canonical(schema: str, known: dict[str, str]) -> str:
    """The shape of a schema as text; one that is not JSON is its own shape."""
    if schema not in known:
        try:
            known[schema] = _sorted(_shape(msgspec.json.decode(schema))).decode()
        except (msgspec.DecodeError, RecursionError):
            known[schema] = schema
    return known[schema]


def _sources(source: pa.StructArray) -> pa.Array:
    return pc.fill_null(member(source, "uri"), "")


def _shapes(*, source: pa.StructArray, tools: pa.ListArray) -> pa.Table:
    known: dict[str, str] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    for where, declared in zip(_sources(source).to_pylist(), _declared(tools), strict=True):
        for name, schema in declared.items():
            counts[where, name, _canonical(schema, known)] += 1
    keys = sorted(counts)
    columns = [pa.array([key[i] for key in keys], TEXT) for i in range(3)]
    return pa.table([*columns, pa.array([counts[key] for key in keys], pa.int64())], ["where", "name", "shape", "n"])


def _usual(shapes: pa.Table) -> pa.Table:
    """Tools that have several shapes in a source, each with the one that most sessions declare, of equals the first."""
    totals = shapes.group_by(["where", "name", "shape"], use_threads=False).aggregate([("n", "sum")])
    best: dict[tuple[str, str], tuple[int, str, int]] = {}
    for row in in_order(totals.select(["where", "name", "shape", "n_sum"])).to_pylist():
        key = (row["where"], row["name"])
        count, shape, kinds = best.get(key, (0, "", 0))
        best[key] = (row["n_sum"], row["shape"], kinds + 1) if row["n_sum"] > count else (count, shape, kinds + 1)
    drifting = {key: value for key, value in best.items() if value[2] > 1}
    return pa.table(
        {
            "where": pa.array([key[0] for key in drifting], TEXT),
            "name": pa.array([key[1] for key in drifting], TEXT),
            "shape": pa.array([value[1] for value in drifting.values()], TEXT),
        }
    )


@dataset_signal(
    dimension="consistency",
    kinds=_AGENTIC,
    reads={"source": SOURCE, **_TOOLS},
    writes=_LISTED,
    unit="tool names",
    source="the parameters that most sessions of the source declare for the tool, without words about them",
    summarise=_shapes,
    combine=_usual,
)
def tool_schema_drift(state: pa.Table, *, source: pa.StructArray, tools: pa.ListArray) -> pa.ListArray:
    """Tools that this session declares with other parameters than most sessions of its source do; sorted.

    Descriptions, titles, examples and order do not count. Null where no tool has a schema.
    """
    usual = {(row["where"], row["name"]): row["shape"] for row in state.to_pylist()}
    known: dict[str, str] = {}
    out: list[list[str] | None] = []
    for where, declared in zip(_sources(source).to_pylist(), _declared(tools), strict=True):
        odd = [
            name
            for name, schema in sorted(declared.items())
            if (where, name) in usual and usual[where, name] != _canonical(schema, known)
        ]
        out.append(odd if declared else None)
    return pa.array(out, _LISTED)
