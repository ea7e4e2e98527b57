"""What a record asks and what it teaches, per kind: the parts that overlap, tokens and faults look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Roles whose words a trainer that masks prompts computes a loss on.
TRAINED_ROLES = frozenset({"assistant", "gpt", "model", "bot", "chatbot", "ai", "function_call", "tool_call"})

# Kinds that are rendered into a prompt and an answer: only these can train on zero tokens.
ANSWERING = ("qa", "reasoning", "agentic", "preference")
# Kinds whose every token of text counts for the loss.
CONTINUING = ("composite",)
# Kinds with no text to tokenise as such: their numbers are not language.
WORDLESS = ("simulation",)

Segment = tuple[bool, str]  # (a trainer learns from it, text)


def prompt_of(kind: str, payload: Mapping[str, Any]) -> str:
    """What the record asks: everything a model is given before it answers. Empty where there is no such thing."""
    if kind == "classification":
        return _join(payload.get("text"), payload.get("text_pair"))
    if kind in ("composite", "multimodal"):
        return _join(payload.get("text"))
    if kind == "domain_log":
        return ""
    asked = []
    for trained, text in segments(kind, payload):
        if trained:
            break
        asked.append(text)
    return _join(*asked)


def whole_of(kind: str, payload: Mapping[str, Any]) -> str:
    """Everything the record says in words, answers and labels included."""
    words = _join(*(text for _, text in segments(kind, payload)))
    return _join(words, payload.get("label")) if kind in ("classification", "multimodal") else words


def segments(kind: str, payload: Mapping[str, Any]) -> list[Segment]:
    """The record's text in reading order, cut where masking changes. Empty texts are left out."""
    return [(trained, text) for trained, text in _SEGMENTS[kind](payload) if text]


def _join(*texts: Any) -> str:
    return "\n".join(text for text in texts if text)


def message_text(message: Mapping[str, Any]) -> str:
    return _join(*(part.get("text") or part.get("json") for part in message.get("parts") or ()))


def _messages(messages: Sequence[Mapping[str, Any]] | None, *, trained: bool | None = None) -> list[Segment]:
    found = []
    for message in messages or ():
        role = str(message.get("role") or "").lower()
        learns = (role in TRAINED_ROLES and message.get("weight") != 0) if trained is None else trained
        found.append((learns, message_text(message)))
    return found


def _qa(payload: Mapping[str, Any]) -> list[Segment]:
    context = [(False, message_text({"parts": payload.get("context")}))]
    if payload.get("messages"):
        return context + _messages(payload["messages"])
    answers = payload.get("answers") or ()
    answer = payload.get("best_answer") or next((a["text"] for a in answers if a.get("text")), "")
    return [*context, (False, payload.get("prompt") or ""), (True, answer)]


def _reasoning(payload: Mapping[str, Any]) -> list[Segment]:
    steps = [(True, step.get("text") or "") for step in payload.get("steps") or ()]
    return [(False, payload.get("question") or ""), *steps, (True, payload.get("final_answer") or "")]


def _agentic(payload: Mapping[str, Any]) -> list[Segment]:
    task = payload.get("task") or {}
    found = [(False, payload.get("system_prompt") or "")]
    for tool in payload.get("tools") or ():
        found.append((False, _join(tool.get("name"), tool.get("description"), tool.get("parameters_json"))))
    found.append((False, task.get("instruction") or ""))
    for step in payload.get("steps") or ():
        found += _messages(step.get("messages"))
        found.append((True, step.get("reasoning") or ""))
        for call in step.get("tool_calls") or ():
            arguments = call.get("tool_input_json") or call.get("tool_input_raw")
            found.append((True, _join(call.get("tool_name"), arguments)))
            found.append((False, call.get("tool_output_json") or call.get("tool_output_text") or ""))
    outcome = payload.get("outcome") or {}
    return [*found, (True, outcome.get("final_answer") or "")]


def _preference(payload: Mapping[str, Any]) -> list[Segment]:
    candidates = payload.get("candidates") or ()
    chosen = (payload.get("resolution") or {}).get("chosen")
    at = chosen if isinstance(chosen, int) and 0 <= chosen < len(candidates) else 0
    answer = _messages(candidates[at].get("messages"), trained=True) if candidates else []
    return _messages(payload.get("prompt"), trained=False) + answer


def _text(payload: Mapping[str, Any]) -> list[Segment]:
    return [(True, payload.get("text") or "")]


def _pair(payload: Mapping[str, Any]) -> list[Segment]:
    return [(False, _join(payload.get("text"), payload.get("text_pair")))]


def _log(payload: Mapping[str, Any]) -> list[Segment]:
    return [(True, _join(payload.get("raw_line"), payload.get("event_summary")))]


def _nothing(payload: Mapping[str, Any]) -> list[Segment]:
    return []


_SEGMENTS = {
    "classification": _pair,
    "qa": _qa,
    "reasoning": _reasoning,
    "composite": _text,
    "agentic": _agentic,
    "multimodal": _pair,
    "simulation": _nothing,
    "domain_log": _log,
    "preference": _preference,
}


def answer_of(kind: str, payload: Mapping[str, Any]) -> str:
    """The last thing the record teaches; empty where it teaches nothing."""
    return next((text for trained, text in reversed(segments(kind, payload)) if trained), "")


def question_of(kind: str, payload: Mapping[str, Any]) -> str:
    """The last thing said before the first answer: the question itself, without system prompt or context."""
    asked = ""
    for trained, text in segments(kind, payload):
        if trained:
            break
        asked = text
    return asked
