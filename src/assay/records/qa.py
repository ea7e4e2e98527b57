"""qa: a question or a conversation, with the answer or answers wanted, and what they may be answered from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.records.codecs import INT64, NUMBER, SCALAR, TEXT, ListOf, Reshaped, Row, Struct, from_json, json_text
from assay.records.errors import wrong_type
from assay.records.kind import Field, Kind, Problem, join_text, problem
from assay.records.messages import MESSAGES, text_part, transcript

_ANSWER = Struct(
    text=(SCALAR, ("answer", "value", "span")), score=NUMBER, span_start=(INT64, ("answer_start", "start", "offset"))
)


def _is_answers(value: Any) -> bool:
    if isinstance(value, dict):  # SQuAD as Hugging Face columns: {"text": [...], "answer_start": [...]}
        return isinstance(value.get("text"), list)
    return isinstance(value, list) and (not value or isinstance(value[0], (str, int, float, dict)))


def _read_answers(value: Any, at: str) -> tuple[Any, str]:
    if isinstance(value, dict):
        texts, starts = value["text"], value.get("answer_start")
        starts = starts if isinstance(starts, list) and len(starts) == len(texts) else [None] * len(texts)
        out = []
        for i, (text, start) in enumerate(zip(texts, starts, strict=True)):
            item: dict[str, Any] = {"text": TEXT.read(text, f"{at}.text[{i}]")[0]}
            if start is not None:
                item["span_start"] = INT64.read(start, f"{at}.answer_start[{i}]")[0]
            out.append(item)
        return out, "c"
    if not value or not isinstance(value[0], dict):
        texts, shape = ListOf(SCALAR).read(value, at)
        return [{"text": text} for text in texts], "tn" if shape == "n" else "t"
    return ListOf(_ANSWER).read(value, at)


def _write_answers(value: Any, shape: str, row: Row) -> Any:
    if shape == "c":
        starts = [item["span_start"] for item in value if item.get("span_start") is not None]
        out: dict[str, Any] = {"text": [item["text"] for item in value]}
        return out | {"answer_start": starts} if len(starts) == len(value) else out
    if shape.startswith("t"):
        return [SCALAR.write(item["text"], shape[1:], row) for item in value]
    written = [_ANSWER.write(item, "", row) for item in value]
    for item in written:  # SQuAD's name, by far the commonest
        if "span_start" in item:
            item["answer_start"] = item.pop("span_start")
    return written


def _read_context(value: Any, at: str) -> tuple[Any, str]:
    if isinstance(value, str):
        return [text_part(value)], "1"
    if isinstance(value, dict):
        return [{"type": "json", "json": json_text(value)}], "j"
    parts = []
    for i, item in enumerate(value):
        if isinstance(item, str):
            parts.append(text_part(item))
        elif isinstance(item, (dict, list)):
            parts.append({"type": "json", "json": json_text(item)})
            text = item.get("text") or item.get("content") if isinstance(item, dict) else None
            if isinstance(text, str):
                parts[-1]["text"] = text
        else:
            raise wrong_type("str | object", item, f"{at}[{i}]")
    return parts, ""


def _write_context(value: Any, shape: str, row: Row) -> Any:
    items = [from_json(part["json"]) if part.get("json") is not None else part["text"] for part in value]
    return items[0] if shape in ("1", "j") else items


def _finish(columns: dict[str, Any], shapes: dict[str, str]) -> None:
    # Where only a list of equally good answers was given, the first stands for them (Natural Questions, SQuAD).
    answers = columns.get("answers")
    if "best_answer" not in columns and answers and answers[0].get("text") is not None:
        columns["best_answer"] = answers[0]["text"]


def _text_view(row: Mapping[str, Any]) -> str | None:
    context = join_text(*(part.get("text") for part in row.get("context") or []))
    return join_text(context, row.get("prompt"), transcript(row.get("messages")), row.get("best_answer"))


def _problems(row: Mapping[str, Any]) -> list[Problem]:
    found = []
    messages = row.get("messages") or []
    only_user = all(message["role"] == "user" for message in messages)  # prompts alone, turn by turn
    for i, message in enumerate(messages):
        role = message["role"]
        if role == "system" and i > 0:
            found.append(problem(f"$.messages[{i}]", "system_not_first", "a system message after the first message"))
        if i and not only_user and role in ("user", "assistant") and messages[i - 1]["role"] == role:
            found.append(problem(f"$.messages[{i}]", "role_repeated", f"two {role} messages in a row"))
        if not message.get("parts"):
            found.append(problem(f"$.messages[{i}]", "message_is_empty", f"the {role} message says nothing"))
    if messages and row.get("best_answer") is None and messages[-1]["role"] not in ("assistant", "tool"):
        found.append(problem(f"$.messages[{len(messages) - 1}]", "no_final_answer", "the last message is no answer"))
    context = [part["text"] for part in row.get("context") or [] if part.get("text") is not None]
    for i, answer in enumerate(row.get("answers") or []):
        start, text = answer.get("span_start"), answer.get("text")
        if start is not None and text is not None and len(context) == 1:
            there = context[0][start : start + len(text)] if start >= 0 else ""
            if there != text:
                found.append(problem(f"$.answers[{i}].span_start", "span_mismatch", f"the context has {there!r} there"))
    if row.get("prompt") is not None and row.get("prompt") == row.get("best_answer"):
        found.append(problem("$.best_answer", "answer_repeats_prompt", "the answer is the prompt"))
    return found


KIND = Kind(
    name="qa",
    doc=__doc__,
    fields=(
        Field(
            "prompt",
            TEXT,
            ("question", "instruction", "query", "user_prompt", "instructions", "question_text"),
            ("inputs", "problem", "input", "user", "human"),
            weight=2.0,
            weak_weight=1.0,
        ),
        Field(
            "messages",
            MESSAGES,
            ("conversations", "conversation", "dialog", "dialogue", "chat", "turns"),
            weight=4.0,
        ),
        Field(
            "best_answer",
            SCALAR,
            (
                "answer",
                "output",
                "response",
                "completion",
                "long_answer",
                "reference_answer",
                "correct_answer",
                "ground_truth",
                "canonical_solution",
                "answer_key",
                "answer_text",
            ),
            ("final_answer", "target", "gold", "reference", "reply", "assistant", "generation"),
            weight=3.0,
            weak_weight=1.5,
        ),
        Field(
            "answers",
            Reshaped("array", _is_answers, _read_answers, _write_answers),
            ("answer", "references", "correct_answers", "answer_list", "answer_aliases", "acceptable_answers"),
            ("targets", "outputs"),
            weight=3.0,
        ),
        Field(
            "context",
            Reshaped("str | array | object", lambda v: isinstance(v, (str, list, dict)), _read_context, _write_context),
            ("contexts", "passage", "passages", "background", "documents", "evidence"),
            ("input", "body", "document"),
            lenient=True,
        ),
    ),
    required=("prompt|messages",),
    text_view=_text_view,
    problems=_problems,
    finish=_finish,
    id_fields=(
        "id",
        "record_id",
        "uid",
        "uuid",
        "guid",
        "question_id",
        "example_id",
        "qid",
        "task_id",
        "prompt_id",
    ),
    refuse=frozenset({"chosen", "rejected"}),
)
