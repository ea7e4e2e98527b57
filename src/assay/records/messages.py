"""Chat messages in the dialects people publish, to `message` = {role, name, parts, weight} and back.

OpenAI (`role`, `content`, `tool_calls`), ShareGPT (`from`, `value`), plain user turns, and the "\n\nHuman: " dialogue
text of hh-rlhf. Members beyond these are kept aside by the decoder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assay.records.codecs import Codec, Row, from_json, json_text
from assay.records.errors import child, missing_field, wrong_type

ROLES = {
    "human": "user",
    "gpt": "assistant",
    "ai": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "prompter": "user",
    "observation": "tool",
    "function_call": "assistant",
    "function_response": "tool",
    "api": "tool",
}
KNOWN_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_SHAREGPT = {"user": "human", "assistant": "gpt", "tool": "observation"}
_HH = re.compile(r"\n\n(Human|Assistant):( ?)")


def role_of(written: str) -> str:
    lower = written.lower()
    return ROLES.get(lower, lower if lower in KNOWN_ROLES else written)


def text_part(text: str | None) -> dict[str, Any]:
    return {"type": "text", "text": text}


def message(role: str, text: str | None) -> dict[str, Any]:
    return {"role": role, "parts": [text_part(text)]}


def _part(value: Any, at: str) -> dict[str, Any]:
    if isinstance(value, str):
        return text_part(value)
    if not isinstance(value, dict):
        raise wrong_type("object", value, at)
    kind = value.get("type")
    if kind == "text" and isinstance(value.get("text"), str):
        return text_part(value["text"])
    part: dict[str, Any] = {"type": kind if isinstance(kind, str) else "json", "json": json_text(value)}
    url = value.get("image_url") or value.get("url") or value.get("image") or value.get("audio")
    url = url.get("url") if isinstance(url, dict) else url
    if isinstance(url, str) and not url.startswith("data:"):
        part["media"] = {"uri": url, "modality": "audio" if "audio" in part["type"] else "image"}
    return part


def read_message(value: Any, at: str) -> tuple[dict[str, Any], str]:
    """One message and its dialect: `` (OpenAI) or `s` (ShareGPT)."""
    if not isinstance(value, dict):
        raise wrong_type("object", value, at)
    if "from" in value and "role" not in value:
        return _read_sharegpt(value, at), "s"
    role = value.get("role")
    if role is None:
        raise missing_field("role", at)
    if not isinstance(role, str):
        raise wrong_type("str", role, child(at, "role"))
    content = value.get("content")
    parts: list[dict[str, Any]] = []
    out: dict[str, Any] = {"role": role_of(role), "parts": parts}
    if isinstance(content, str):
        parts.append(text_part(content))
    elif isinstance(content, list):
        parts.extend(_part(part, f"{at}.content[{i}]") for i, part in enumerate(content))
    elif content is not None:
        raise wrong_type("str | array", content, child(at, "content"))
    if out["role"] == "tool" and len(parts) == 1 and isinstance(value.get("tool_call_id"), str):
        parts[0]["type"] = "tool_result"
        parts[0]["json"] = json_text({"tool_call_id": value["tool_call_id"]})
    calls = value.get("tool_calls")
    if isinstance(calls, list):
        parts.extend({"type": "tool_call", "json": json_text(call)} for call in calls)
    call = value.get("function_call")
    if isinstance(call, dict):
        parts.append({"type": "function_call", "json": json_text(call)})
    if isinstance(value.get("name"), str):
        out["name"] = value["name"]
    weight = value.get("weight")
    if isinstance(weight, (int, float)) and not isinstance(weight, bool) and abs(weight) < 1e300:
        out["weight"] = float(weight)
    return out, ""


def _read_sharegpt(value: Mapping[str, Any], at: str) -> dict[str, Any]:
    speaker, said = value["from"], value.get("value")
    if not isinstance(speaker, str):
        raise wrong_type("str", speaker, child(at, "from"))
    if said is not None and not isinstance(said, str):
        raise wrong_type("str", said, child(at, "value"))
    parts = [] if said is None else [text_part(said)]
    if parts and speaker == "function_call":
        parts[0]["type"] = "function_call"
    out: dict[str, Any] = {"role": role_of(speaker), "parts": parts}
    weight = value.get("weight")
    if isinstance(weight, (int, float)) and not isinstance(weight, bool) and abs(weight) < 1e300:
        out["weight"] = float(weight)
    return out


def answered_call(part: Mapping[str, Any]) -> str | None:
    """The id of the call that a tool's result answers, where it names one."""
    written = part.get("json")
    found = from_json(written).get("tool_call_id") if written is not None else None
    return found if isinstance(found, str) else None


def write_message(value: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    parts = value.get("parts") or []
    out: dict[str, Any] = {}
    if dialect == "s":
        called = bool(parts) and parts[0]["type"] == "function_call"
        out["from"] = "function_call" if called else _SHAREGPT.get(value["role"], value["role"])
        if parts:
            out["value"] = parts[0]["text"]
    else:
        out["role"] = value["role"]
        content = [part for part in parts if part["type"] not in ("tool_call", "function_call")]
        if len(content) == 1 and content[0]["type"] in ("text", "tool_result") and content[0].get("text") is not None:
            out["content"] = content[0]["text"]
            if content[0]["type"] == "tool_result":
                out["tool_call_id"] = answered_call(content[0])
        elif content:
            out["content"] = [_write_part(part) for part in content]
        calls = [from_json(part["json"]) for part in parts if part["type"] == "tool_call"]
        if calls:
            out["tool_calls"] = calls
        for part in parts:
            if part["type"] == "function_call" and part.get("json") is not None:
                out["function_call"] = from_json(part["json"])
        if value.get("name") is not None:
            out["name"] = value["name"]
    weight = value.get("weight")
    if weight is not None:
        out["weight"] = int(weight) if float(weight).is_integer() else weight
    return out


def _write_part(part: Mapping[str, Any]) -> Any:
    written = part.get("json")
    return from_json(written) if written is not None else {"type": "text", "text": part.get("text")}


def read_messages(value: Sequence[Any], at: str) -> tuple[list[dict[str, Any]], str]:
    pairs = [read_message(item, f"{at}[{i}]") for i, item in enumerate(value)]
    dialects = {dialect for _, dialect in pairs}
    return [read for read, _ in pairs], "s" if dialects == {"s"} else ""


def looks_like_chat(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and ("role" in value[0] or "from" in value[0])
    )


def has_tools(value: Any) -> bool:
    """Whether a chat calls tools: OpenAI tool_calls, function_call, tool results, or ShareGPT's function_call."""
    return any(
        isinstance(m, dict)
        and (
            bool(m.get("tool_calls"))
            or bool(m.get("function_call"))
            or m.get("role") in ("tool", "function")
            or m.get("from") in ("function_call", "observation", "tool")
        )
        for m in value
    )


class Messages(Codec):
    """A chat: an array of messages, or of strings that are the user's turns (shape `u`)."""

    expected = "array"
    takes = frozenset({list})

    def fits(self, value: Any) -> bool:
        return looks_like_chat(value) or (isinstance(value, list) and bool(value) and isinstance(value[0], str))

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        if value and all(isinstance(item, str) for item in value):
            return [message("user", item) for item in value], "u"
        return read_messages(value, at)

    def write(self, value: Any, shape: str, row: Row) -> Any:
        if shape == "u":
            return [item["parts"][0]["text"] for item in value]
        return [write_message(item, shape) for item in value]


def read_dialogue(text: str) -> list[dict[str, Any]] | None:
    """The messages of a "\n\nHuman: ...\n\nAssistant: ..." text; None where it is not exactly that."""
    pieces = _HH.split(text)
    if len(pieces) < 4 or pieces[0]:
        return None
    out = []
    for i in range(1, len(pieces), 3):
        role, gap, said = pieces[i : i + 3]
        if said and not gap:
            return None
        # hh-rlhf ends a few dialogues in "Assistant: ": an empty turn. Without the space there is no text at all.
        out.append(message("user" if role == "Human" else "assistant", said if gap else None))
    return out if write_dialogue(out) == text else None


def write_dialogue(messages: Sequence[Mapping[str, Any]]) -> str:
    names = {"user": "Human", "assistant": "Assistant"}
    said = [(names[m["role"]], m["parts"][0]["text"]) for m in messages]
    return "".join(f"\n\n{name}:" if text is None else f"\n\n{name}: {text}" for name, text in said)


def message_text(value: Mapping[str, Any]) -> str:
    return "\n".join(part["text"] for part in value.get("parts") or [] if part.get("text"))


def transcript(messages: Sequence[Mapping[str, Any]] | None) -> str | None:
    """Messages as one text, `role: words`, for the text view; None where nobody says anything."""
    said = [(m["role"], message_text(m)) for m in messages or []]
    lines = [f"{role}: {text}" for role, text in said if text]
    return "\n\n".join(lines) if lines else None


MESSAGES = Messages()
