"""Tool inputs against the schemas that sessions declare: planted faults are named, published sessions are silent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.records import Decoder
from assay.records.schema import schema_of
from assay.signals import SIGNALS, measure_rows

ADD = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a"]}


def session(*calls: tuple[str, str], tools: dict[str, Any] | None = None, uri: str = "u") -> dict[str, Any]:
    declared = [{"name": name, "parameters_json": json.dumps(schema)} for name, schema in (tools or {}).items()]
    steps = [{"tool_calls": [{"tool_name": name, "tool_input_json": given}]} for name, given in calls]
    return {"steps": steps, "tools": declared, "source": {"uri": uri, "path": "f"}}


def values(name: str, *rows: dict[str, Any]) -> list[Any]:
    filled = [{"record_id": f"r{i}", **row} for i, row in enumerate(rows)]
    table = pa.Table.from_pylist(filled, schema=schema_of("agentic"))
    return measure_rows([SIGNALS.get(name)], [table], "agentic")[0][name].to_pylist()


def test_an_input_is_held_against_the_schema_of_its_tool() -> None:
    tools = {"add": ADD}
    rows = [
        session(("add", '{"a": 1}'), tools=tools),
        session(("add", '{"a": "1"}'), ("add", '{"b": 1.5}'), tools=tools),
        session(("other", '{"a": "1"}'), tools=tools),
        session(("add", '{"a": "1"}')),
        session(tools=tools),
    ]
    assert values("tool_input_schema_errors", *rows) == [
        [],
        [
            'add: $.a "1" is not of type "integer"',
            'add: $ "a" is a required property',
            'add: $.b 1.5 is not of type "integer"',
        ],
        None,
        None,
        None,
    ]


def test_a_schema_that_is_none_is_named_once_and_only_by_those_who_call_it() -> None:
    tools = {"bad": {"type": "dict"}, "far": {"$ref": "http://127.0.0.1:9/schema.json"}}
    [found, silent] = values(
        "tool_input_schema_errors",
        session(("bad", "{}"), ("bad", "{}"), ("far", "{}"), tools=tools),
        session(tools=tools),
    )
    assert len(found) == 2
    assert found[0].startswith("bad: schema $.type ")
    assert found[1].startswith("far: schema $ "), "nothing is fetched"
    assert silent is None
    [declared] = values("invalid_tool_schemas", session(tools={**tools, "add": ADD}))
    assert [line.partition(":")[0] for line in declared] == ["bad", "far"]
    assert values("invalid_tool_schemas", session(tools={"add": ADD}), session()) == [[], None]


def test_errors_are_cut_at_twenty_and_long_values_are_not_repeated() -> None:
    calls = [("add", json.dumps({"a": "x" * 5000}))] * 30
    [found] = values("tool_input_schema_errors", session(*calls, tools={"add": ADD}))
    assert len(found) == 20
    assert all(len(line) <= 210 for line in found)


def test_a_tool_that_changes_its_parameters_is_named_where_it_differs_from_most() -> None:
    words = {**ADD, "description": "Adds.", "required": ["a"]}
    other = {**ADD, "required": ["a", "b"]}
    rows = [session(tools={"add": schema}) for schema in (ADD, words, other)]
    assert values("tool_schema_drift", *rows, session()) == [[], [], ["add"], None]
    apart = [session(tools={"add": ADD}, uri="one"), session(tools={"add": other}, uri="two")]
    assert values("tool_schema_drift", *apart) == [[], []], "other sources are other tools"
    named = {**ADD, "properties": {**ADD["properties"], "description": {"type": "string"}}}
    assert values("tool_schema_drift", *rows[:2], session(tools={"add": named}))[2] == ["add"]


def _published(folder: Path) -> pa.Table:
    rows = []
    for path in sorted(folder.glob("*/*.json")):
        obj = json.loads(path.read_bytes())
        if obj["answer_generation"].get("train_messages"):
            decoded = Decoder("agentic").decode(obj)
            rows.append({"record_id": path.name, "source": {"path": path.name}, **decoded.payload})
    return pa.Table.from_pylist(rows, schema=schema_of("agentic"))


def test_toolbenchs_calls_keep_the_schemas_that_they_declare(shared_data: Path) -> None:
    table = _published(shared_data / "agentic/toolbench")
    found = SIGNALS.get("tool_input_schema_errors").run(table, "agentic").to_pylist()
    print(f"\n{len(found)} ToolBench sessions, errors: {[line for each in found for line in each or ()]}")
    assert found == [[]] * 9
    for row in (rows := table.to_pylist()):
        for step in row["steps"]:
            for call in step["tool_calls"] or ():
                call["tool_input_json"] = "[]"
    broken = pa.Table.from_pylist(rows, schema=schema_of("agentic"))
    assert all(SIGNALS.get("tool_input_schema_errors").run(broken, "agentic").to_pylist())


# BFCL writes Python's type names where JSON Schema has its own.
_BFCL_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": None}


def _json_schema(value: Any) -> Any:
    if isinstance(value, dict):
        out = {key: _json_schema(inner) for key, inner in value.items()}
        if isinstance(kind := out.get("type"), str) and kind in _BFCL_TYPES:
            out["type"] = _BFCL_TYPES[kind]
        return {key: inner for key, inner in out.items() if not (key == "type" and inner is None)}
    return [_json_schema(item) for item in value] if isinstance(value, list) else value


def _bfcl(shared_data: Path, spoil: bool, as_published: bool = False) -> list[dict[str, Any]]:
    rows = []
    for name in ("multiple", "simple_python", "parallel"):
        asked, right = (
            [
                json.loads(line)
                for line in (shared_data / f"agentic/bfcl/{sub}BFCL_v4_{name}.json").read_text().splitlines()
            ]
            for sub in ("", "possible_answer/")
        )
        for question, answer in zip(asked, right, strict=True):
            tools = {
                tool["name"]: tool["parameters"] if as_published else _json_schema(tool["parameters"])
                for tool in question["function"]
            }
            calls = []
            for call in answer["ground_truth"]:
                for tool, arguments in call.items():
                    given = {key: options[0] for key, options in arguments.items() if options[0] != ""}
                    required = tools[tool].get("required") or [None]
                    calls.append((tool, json.dumps({k: v for k, v in given.items() if not spoil or k != required[0]})))
            rows.append(session(*calls, tools=tools))
    return rows


def test_bfcls_right_answers_keep_its_schemas_and_spoilt_ones_do_not(shared_data: Path) -> None:
    """As published every called schema is at fault itself: `dict` and `float` are no types of JSON Schema."""
    found = values("tool_input_schema_errors", *_bfcl(shared_data, spoil=False))
    wrong = [each for each in found if each]
    print(f"\n{len(found)} BFCL tasks with their right answers: {len(wrong)} raise, e.g. {wrong[:3]}")
    spoilt = values("tool_input_schema_errors", *_bfcl(shared_data, spoil=True))
    print(f"without the first required argument: {sum(bool(each) for each in spoilt)} raise")
    assert len(wrong) <= 0.05 * len(found)
    assert sum(bool(each) for each in spoilt) >= 0.97 * len(spoilt)
    published = values("tool_input_schema_errors", *_bfcl(shared_data, spoil=False, as_published=True))
    assert all(each and ": schema $" in each[0] for each in published)
