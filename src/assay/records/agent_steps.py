"""The shapes in which people publish agent runs, to steps and back: flat steps, chats with tool calls, SWE-agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from assay.records.codecs import (
    BOOL,
    INT32,
    INT64,
    NUMBER,
    SCALAR,
    TEXT,
    TIME,
    Codec,
    ListOf,
    Row,
    Struct,
    from_json,
    json_text,
)
from assay.records.errors import wrong_type
from assay.records.messages import MESSAGES, answered_call, has_tools, looks_like_chat, read_messages, write_message

ERROR = Struct(type=TEXT, code=SCALAR, message=TEXT, category=TEXT, transient=BOOL, evidence=TEXT)
CALL = Struct(
    call_id=TEXT,
    tool_name=TEXT,
    tool_input_raw=TEXT,
    tool_input_json=TEXT,
    tool_output_json=TEXT,
    tool_output_text=TEXT,
    is_error=BOOL,
    error=ERROR,
    attempt=INT32,
    retry_of=TEXT,
    injected_fault_id=TEXT,
    start=TIME,
    end=TIME,
)
_USAGE = Struct(
    input=(INT64, ("input_tokens", "prompt_tokens")),
    output=(INT64, ("output_tokens", "completion_tokens")),
    cache_read=INT64,
    cache_write=INT64,
    reasoning=INT64,
)
STEP = Struct(
    step_number=INT32,
    span_id=TEXT,
    parent_span_id=TEXT,
    source=TEXT,
    model=TEXT,
    messages=MESSAGES,
    reasoning=TEXT,
    tool_calls=ListOf(CALL),
    usage=_USAGE,
    finish_reason=TEXT,
    reward=NUMBER,
    step_label=SCALAR,
    loss_weight=NUMBER,
    start=TIME,
    end=TIME,
)

# The flat step: one tool call per step. Member -> its names; which name a record uses is one digit of the shape.
FLAT: dict[str, tuple[str, ...]] = {
    "step_number": ("step_number", "step", "step_index", "index", "step_id"),
    "tool_name": ("tool_name", "tool", "action", "function", "action_name", "name"),
    "tool_input": ("tool_input", "action_input", "input", "arguments", "args", "parameters", "params"),
    "tool_output": ("tool_output", "observation", "output", "result", "tool_response", "response"),
    "reasoning": ("reasoning", "thought", "rationale", "thinking", "reason"),
    "is_error": ("is_error",),
    "error": ("error",),
    "call_id": ("call_id", "tool_call_id"),
}
_SIGNS = frozenset(FLAT["tool_name"] + FLAT["tool_input"] + FLAT["tool_output"]) | {"tool_calls", "step_number"}


def parsed(text: str) -> str | None:
    """JSON text of an object or array that a text is, or None."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return json_text(from_json(text))
    except (msgspec.DecodeError, RecursionError):
        return None


def tool_input(value: Any) -> dict[str, Any]:
    if not isinstance(value, str):
        return {"tool_input_json": json_text(value)}
    found = parsed(value)
    return {"tool_input_raw": value} if found is None else {"tool_input_raw": value, "tool_input_json": found}


def written_input(call: Mapping[str, Any]) -> Any:
    if call.get("tool_input_raw") is not None:
        return call["tool_input_raw"]
    return from_json(call["tool_input_json"]) if call.get("tool_input_json") is not None else None


def tool_output(value: Any) -> dict[str, Any]:
    return {"tool_output_text": value} if isinstance(value, str) else {"tool_output_json": json_text(value)}


def written_output(call: Mapping[str, Any]) -> Any:
    if call.get("tool_output_text") is not None:
        return call["tool_output_text"]
    return from_json(call["tool_output_json"]) if call.get("tool_output_json") is not None else None


_FLAT_CODECS: tuple[tuple[str, Codec], ...] = (
    ("step_number", INT32),
    ("tool_name", TEXT),
    ("reasoning", TEXT),
    ("is_error", BOOL),
    ("call_id", TEXT),
)
_OF_STEP = frozenset({"step_number", "reasoning"})


def _read_flat(item: Mapping[str, Any], names: Mapping[str, str], more: frozenset[str], at: str) -> dict[str, Any]:
    """One flat step; `more` are the step's own members that some step of the record has besides."""
    step: dict[str, Any] = {}
    if not more.isdisjoint(item):
        step = STEP.read({k: v for k, v in item.items() if k in more}, at)[0]
    call: dict[str, Any] = {}
    for name, codec in _FLAT_CODECS:
        theirs = names.get(name)
        value = item.get(theirs) if theirs is not None else None
        # A member under another name and of another type means something else: it stays aside.
        if value is not None and (name == theirs or codec.fits(value)):
            (step if name in _OF_STEP else call)[name] = codec.read(value, f"{at}.{theirs}")[0]
    for name, split in (("tool_input", tool_input), ("tool_output", tool_output)):
        value = item.get(names[name]) if name in names else None
        if value is not None:
            call.update(split(value))
    error = item.get("error") if "error" in names else None
    if isinstance(error, str):
        call["error"] = {"message": error}
    elif isinstance(error, dict):
        call["error"] = ERROR.read(error, f"{at}.error")[0]
    if call:
        step["tool_calls"] = [call]
    return step


_FLAT_STEP = frozenset({"step_number", "reasoning", "tool_calls"})


def _write_flat(step: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if not _FLAT_STEP.issuperset(step):
        out = STEP.write({k: v for k, v in step.items() if k not in _FLAT_STEP}, "", step)
    call = (step.get("tool_calls") or [{}])[0]
    values = {
        "step_number": step.get("step_number"),
        "tool_name": call.get("tool_name"),
        "tool_input": written_input(call),
        "tool_output": written_output(call),
        "reasoning": step.get("reasoning"),
        "is_error": call.get("is_error"),
        "call_id": call.get("call_id"),
    }
    error = call.get("error")
    if error is not None:
        error = ERROR.write(error, "", step)
        values["error"] = error["message"] if set(error) == {"message"} else error
    for name, value in values.items():
        if value is not None and name in names:
            out[names[name]] = value
    return out


class Steps(Codec):
    """Steps as objects. Shape: "" our own members, or `f` and a digit per flat member (which of its names is used)."""

    expected = "array"
    takes = frozenset({list})

    def fits(self, value: Any) -> bool:
        if not isinstance(value, list):
            return False
        return not value or (isinstance(value[0], dict) and not _SIGNS.isdisjoint(value[0]) and "role" not in value[0])

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        for i, item in enumerate(value):
            if not isinstance(item, dict):
                raise wrong_type("object", item, f"{at}[{i}]")
        present = {key for item in value for key in item}
        if "tool_calls" in present or "messages" in present:
            return [STEP.read(item, f"{at}[{i}]")[0] for i, item in enumerate(value)], ""
        names, digits, used = {}, "", set[str]()
        for name, theirs in FLAT.items():
            at_digit = next((i for i, their in enumerate(theirs) if their in present and their not in used), None)
            digits += "-" if at_digit is None else str(at_digit)
            if at_digit is not None:
                names[name] = theirs[at_digit]
                used.add(theirs[at_digit])
        more = frozenset((present - used) & STEP.members.keys())
        return [_read_flat(item, names, more, f"{at}[{i}]") for i, item in enumerate(value)], "f" + digits

    def write(self, value: Any, shape: str, row: Row) -> Any:
        if not shape:
            return [STEP.write(item, "", row) for item in value]
        names = {n: theirs[int(d)] for (n, theirs), d in zip(FLAT.items(), shape[1:], strict=True) if d != "-"}
        return [_write_flat(item, names) for item in value]


def _calls_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    calls = []
    for part in message["parts"]:
        if part["type"] == "tool_call":
            calls.append(_call(from_json(part["json"])))
        elif part["type"] == "function_call":
            written = part.get("json") or parsed(part.get("text") or "")
            calls.append(_call(from_json(written)) if written else {"tool_input_raw": part.get("text") or ""})
    return calls


def _call(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {"tool_input_json": json_text(value)}
    inner = value.get("function")
    function = inner if isinstance(inner, dict) else value
    out: dict[str, Any] = {}
    if isinstance(value.get("id"), str):
        out["call_id"] = value["id"]
    if isinstance(function.get("name"), str):
        out["tool_name"] = function["name"]
    if function.get("arguments") is not None:
        out.update(tool_input(function["arguments"]))
    return out


def chat_to_steps(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One step per message; the results of tools join the step that called them.

    A result that names its call lies only in that call's tool_output_text: outputs are most of the bytes.
    """
    steps: list[dict[str, Any]] = []
    for message in messages:
        if message["role"] in ("tool", "function") and steps and steps[-1].get("tool_calls"):
            step = steps[-1]
            step["messages"].append(message)
            _give_output(step["tool_calls"], message)
            continue
        step = {"source": message["role"], "messages": [message]}
        calls = _calls_of(message)
        if calls:
            step["tool_calls"] = calls
        steps.append(step)
    return steps


def _give_output(calls: list[dict[str, Any]], message: dict[str, Any]) -> None:
    parts = message["parts"]
    if len(parts) != 1 or parts[0].get("text") is None:
        return
    named = answered_call(parts[0])
    waiting = [call for call in calls if "tool_output_text" not in call]
    if named is not None:
        owners = [call for call in calls if call.get("call_id") == named]
        if len(owners) == 1 and "tool_output_text" not in owners[0]:
            owners[0]["tool_output_text"] = parts[0].pop("text")
    elif waiting:
        waiting[0]["tool_output_text"] = parts[0]["text"]


def steps_to_chat(steps: Sequence[Mapping[str, Any]], dialect: str) -> list[dict[str, Any]]:
    out = []
    for step in steps:
        outputs = {call.get("call_id"): call.get("tool_output_text") for call in step.get("tool_calls") or []}
        for message in step.get("messages") or []:
            parts = message.get("parts") or []
            if parts and parts[0]["type"] == "tool_result" and parts[0].get("text") is None:
                named = answered_call(parts[0])
                if named is not None:
                    message = {**message, "parts": [{**parts[0], "text": outputs.get(named)}, *parts[1:]]}
            out.append(write_message(message, dialect))
    return out


class Chat(Codec):
    """A run as chat messages. `with_tools`: only a chat that calls tools speaks for an agent's run."""

    expected = "array"
    takes = frozenset({list})

    def __init__(self, with_tools: bool) -> None:
        self.with_tools = with_tools

    def fits(self, value: Any) -> bool:
        return looks_like_chat(value) and (not self.with_tools or has_tools(value))

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        messages, dialect = read_messages(value, at)
        return chat_to_steps(messages), dialect

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return steps_to_chat(value, shape)


class Turns(Codec):
    """Turns of messages (BFCL's `question`): an array of arrays; a step per turn."""

    expected = "array"
    takes = frozenset({list})

    def fits(self, value: Any) -> bool:
        return isinstance(value, list) and bool(value) and looks_like_chat(value[0])

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        steps = []
        for i, turn in enumerate(value):
            if not isinstance(turn, list):
                raise wrong_type("array", turn, f"{at}[{i}]")
            messages, _ = read_messages(turn, f"{at}[{i}]")
            steps.append({"source": messages[0]["role"], "messages": messages} if messages else {"messages": []})
        return steps, ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return [[write_message(message, "") for message in step.get("messages") or []] for step in value]


class Trajectory(Codec):
    """SWE-agent's trajectory: thought, action (a command line), observation, response."""

    expected = "array"
    takes = frozenset({list})

    def fits(self, value: Any) -> bool:
        return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "action" in value[0]

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        steps = []
        for i, item in enumerate(value):
            if not isinstance(item, dict):
                raise wrong_type("object", item, f"{at}[{i}]")
            step: dict[str, Any] = {}
            if isinstance(item.get("thought"), str):
                step["reasoning"] = item["thought"]
            call = {}
            action, seen = item.get("action"), item.get("observation")
            if isinstance(action, str):
                command = action.split(None, 1)
                call = {"tool_input_raw": action} | ({"tool_name": command[0]} if command else {})
            if isinstance(seen, str):
                call["tool_output_text"] = seen
            if call:
                step["tool_calls"] = [call]
            steps.append(step)
        return steps, ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        out = []
        for step in value:
            call = (step.get("tool_calls") or [{}])[0]
            pairs = {
                "thought": step.get("reasoning"),
                "action": call.get("tool_input_raw"),
                "observation": call.get("tool_output_text"),
            }
            out.append({name: said for name, said in pairs.items() if said is not None})
        return out
