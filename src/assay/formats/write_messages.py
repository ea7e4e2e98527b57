"""Records as chat `messages`, which OpenAI fine-tuning, TRL and `datasets` read; counts what a chat cannot hold.

One line is {"id", "messages": [{role, content, ...}]}, and for sessions "tools" as JSON text. Tool arguments are
JSON text too, as the OpenAI format has it: a struct per tool would give every file another schema.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

# What a turn may have, in the order in which a card declares them.
TURN_MEMBERS = ("role", "content", "name", "weight", "reasoning_content", "tool_calls", "tool_call_id")

Row = Mapping[str, Any]
Message = dict[str, Any]


@dataclass
class Loss:
    """What did not survive, in records: whole ones by reason, fields by path."""

    written: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    members: set[str] = field(default_factory=set)  # of the turns, as far as they occurred

    def as_json(self) -> dict[str, Any]:
        return {
            "written": self.written,
            "skipped": dict(sorted(self.skipped.items())),
            "fields_lost": dict(sorted(self.lost.items())),
            "turn_members": [name for name in TURN_MEMBERS if name in self.members],
        }


class Unfit(ValueError):
    """This record has no chat form; the text is the reason."""


@dataclass(frozen=True)
class ChatForm:
    """How one kind becomes a chat. `carried` are the payload paths that the chat holds; all others count as lost."""

    build: Callable[[Row], list[Message]]
    carried: frozenset[str]
    tools: Callable[[Row], str] | None = None


class MessagesWriter:
    """Rows of one kind to JSON lines. `payload` are the kind's payload columns, whose losses are counted."""

    def __init__(self, kind: str, payload: list[str]) -> None:
        self._form = CHAT_FORMS[kind]
        self._payload = payload
        self.loss = Loss()
        self._encode = msgspec.json.Encoder().encode

    def encode(self, row: Row) -> bytes | None:
        """The row's line without its end, or None where it has no chat form (counted in `loss.skipped`)."""
        try:
            messages = self._form.build(row)
            _must_train(messages)
        except Unfit as unfit:
            self.loss.skipped[str(unfit)] += 1
            return None
        said = {message["content"] for message in messages if message.get("content")}
        for path in {path for name in self._payload for path in _filled(row[name], name)}:
            if path not in self._form.carried and not _repeated(row, path, said):
                self.loss.lost[path] += 1
        self.loss.members.update(*messages)
        line: dict[str, Any] = {"id": row["record_id"], "messages": messages}
        if self._form.tools is not None:
            line["tools"] = self._form.tools(row)
        self.loss.written += 1
        return self._encode(line)


def _must_train(messages: list[Message]) -> None:
    roles = {message["role"] for message in messages if message.get("content") or message.get("tool_calls")}
    if "assistant" not in roles:
        raise Unfit("no assistant turn")
    if "user" not in roles:
        raise Unfit("no user turn")


def _filled(value: Any, path: str) -> Iterator[str]:
    """Paths below `path` that hold something."""
    if value is None or value == "" or value == []:
        return
    if isinstance(value, Mapping):
        inner = value.items()
        if value.get("type") in _CALL_PARTS:
            inner = {**value, "json": None}.items()  # written as tool_calls and tool_call_id
        for name, member in inner:
            yield from _filled(member, f"{path}.{name}")
    elif isinstance(value, list):
        for member in value:
            yield from _filled(member, path)
    else:
        yield path


def _repeated(row: Row, path: str, said: set[str]) -> bool:
    """A whole text that is one of the turns is not lost, whichever column it came from."""
    value: Any = row
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return False
        value = value.get(name)
    return isinstance(value, str) and value in said


_CALL_PARTS = ("tool_call", "function_call", "tool_result")


def _text_of(parts: list[Mapping[str, Any]] | None) -> str:
    spoken = (part["text"] for part in parts or [] if part["type"] not in ("tool_call", "function_call"))
    return "\n".join(text for text in spoken if text)


def _turn(message: Row) -> Message:
    turn: Message = {"role": message["role"], "content": _text_of(message["parts"])}
    for part in message["parts"] or []:
        if part["type"] == "tool_result" and part["json"]:
            turn["tool_call_id"] = msgspec.json.decode(part["json"])["tool_call_id"]
    calls = [msgspec.json.decode(p["json"]) for p in message["parts"] or [] if p["type"] == "tool_call"]
    if calls:
        turn["tool_calls"] = [_call_of(call, number) for number, call in enumerate(calls)]
    if message["name"]:
        turn["name"] = message["name"]
    if message["weight"] is not None:
        turn["weight"] = message["weight"]
    return turn


_MESSAGE_PATHS = ("role", "name", "weight", "parts.type", "parts.text")


def _call_of(said: Any, number: int) -> dict[str, Any]:
    """A call as published, in the one shape that every line uses."""
    said = said if isinstance(said, dict) else {}
    function = said.get("function") if isinstance(said.get("function"), dict) else said
    arguments = function.get("arguments", "{}")
    text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    return _call(str(said.get("id") or f"call_{number}"), function.get("name"), text)


def _call(call_id: str, name: Any, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": str(name or "unknown"), "arguments": arguments}}


def _qa(row: Row) -> list[Message]:
    if row["messages"]:
        return [_turn(message) for message in row["messages"]]
    answer = row["best_answer"] or _best(row["answers"])
    if not row["prompt"]:
        raise Unfit("no prompt")
    if not answer:
        raise Unfit("no answer")
    # Without its passage a reading question cannot be answered, so the passage opens the user's turn.
    passages = _text_of(row["context"])
    prompt = f"{passages}\n\n{row['prompt']}" if passages else row["prompt"]
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]


def _best(answers: list[Mapping[str, Any]] | None) -> str | None:
    """The answer with the highest score; the first where none is scored."""
    given = [answer for answer in answers or [] if answer["text"]]
    if not given:
        return None
    scored = max(given, key=lambda answer: float("-inf") if answer["score"] is None else answer["score"])
    return str(scored["text"])


def _reasoning(row: Row) -> list[Message]:
    if not row["question"]:
        raise Unfit("no question")
    lines = [step["text"] for step in row["steps"] or [] if step["text"]]
    final = row["final_answer"]
    if final and not (lines and final in lines[-1]):
        lines.append(final)
    if not lines:
        raise Unfit("no answer")
    return [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": "\n".join(lines)}]


def _session(row: Row) -> list[Message]:
    turns: list[Message] = []
    if row["system_prompt"] and not _opens_with(row, "system", row["system_prompt"]):
        turns.append({"role": "system", "content": row["system_prompt"]})
    instruction = (row["task"] or {}).get("instruction")
    if instruction and not _opens_with(row, "user", instruction):
        turns.append({"role": "user", "content": instruction})
    for index, step in enumerate(row["steps"] or []):
        turns.extend(_step(step, index))
    final = (row["outcome"] or {}).get("final_answer")
    if final and not (turns and turns[-1]["role"] == "assistant" and turns[-1]["content"] == final):
        turns.append({"role": "assistant", "content": final})
    return turns


def _opens_with(row: Row, role: str, text: str) -> bool:
    """The first message of that role says the text already."""
    for step in row["steps"] or []:
        for message in step["messages"] or []:
            if message["role"] == role:
                return text in _text_of(message["parts"])
    return False


def _step(step: Row, index: int) -> Iterator[Message]:
    said = [_turn(message) for message in step["messages"] or []]
    calls = step["tool_calls"] or []
    spoken = [turn for turn in said if turn["role"] == "assistant"]
    yield from (turn for turn in said if turn["role"] not in ("assistant", "tool", "function"))
    turn: Message = {"role": "assistant", "content": "\n".join(t["content"] for t in spoken if t["content"])}
    if step["reasoning"]:
        turn["reasoning_content"] = step["reasoning"]
    if step["loss_weight"] is not None:
        turn["weight"] = step["loss_weight"]
    ids = [call["call_id"] or f"call_{index}_{number}" for number, call in enumerate(calls)]
    if calls:
        turn["tool_calls"] = [
            _call(call_id, call["tool_name"], call["tool_input_json"] or call["tool_input_raw"] or "{}")
            for call_id, call in zip(ids, calls, strict=True)
        ]
    if turn["content"] or calls or step["reasoning"]:
        yield turn
    results = [_result(call) for call in calls]
    for call_id, call, result in zip(ids, calls, results, strict=True):
        if result is not None:
            yield {"role": "tool", "tool_call_id": call_id, "name": call["tool_name"] or "unknown", "content": result}
    # Results are written from the calls, which hold their ids; one that no call holds stays a message.
    for turn in said:
        if turn["role"] in ("tool", "function") and turn["content"] and turn["content"] not in results:
            yield {**turn, "role": "tool"}


def _result(call: Row) -> str | None:
    if call["tool_output_text"] is not None:
        return str(call["tool_output_text"])
    if call["tool_output_json"] is not None:
        return str(call["tool_output_json"])
    message = (call["error"] or {}).get("message")
    return None if message is None else str(message)


def _tools(row: Row) -> str:
    """The tools a session could use, as the JSON text of OpenAI's list of functions."""
    listed = [
        {
            "type": "function",
            "function": {
                "name": tool["name"],
                "description": tool["description"] or "",
                "parameters": msgspec.Raw((tool["parameters_json"] or "{}").encode()),
            },
        }
        for tool in row["tools"] or []
    ]
    return msgspec.json.encode(listed).decode()


CHAT_FORMS: dict[str, ChatForm] = {
    "qa": ChatForm(
        _qa,
        frozenset(
            {"prompt", "best_answer", "context.type", "context.text"} | {f"messages.{p}" for p in _MESSAGE_PATHS}
        ),
    ),
    "reasoning": ChatForm(_reasoning, frozenset({"question", "steps.index", "steps.text", "final_answer"})),
    "agentic": ChatForm(
        _session,
        frozenset(
            {"system_prompt", "task.instruction", "outcome.final_answer", "steps.reasoning", "steps.loss_weight"}
            | {f"steps.messages.{path}" for path in _MESSAGE_PATHS}
            | {f"tools.{name}" for name in ("name", "description", "parameters_json")}
            | {f"steps.tool_calls.{n}" for n in ("call_id", "tool_name", "tool_input_json", "tool_input_raw")}
            | {"steps.tool_calls.tool_output_json", "steps.tool_calls.tool_output_text"}
            | {"steps.step_number", "steps.source"}
        ),
        _tools,
    ),
}
