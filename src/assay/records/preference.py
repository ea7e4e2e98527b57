"""preference: answers to one prompt, and which of them people or judges preferred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.records.codecs import BOOL, INT32, NUMBER, SCALAR, STRUCTURE, TEXT, TIME, Codec, ListOf, Row, Struct
from assay.records.errors import child, wrong_type
from assay.records.kind import Field, Kind, Problem, join_text, problem
from assay.records.messages import (
    MESSAGES,
    looks_like_chat,
    message,
    message_text,
    read_dialogue,
    read_message,
    read_messages,
    transcript,
    write_dialogue,
    write_message,
)

_TEXTS = ("text", "response", "completion", "output", "answer", "summary", "content")


class Prompt(Codec):
    """The prompt: one text (shape `s`), a dialogue text (`h`), or messages."""

    expected = "str | array"

    def fits(self, value: Any) -> bool:
        return isinstance(value, str) or looks_like_chat(value)

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if isinstance(value, str):
            dialogue = read_dialogue(value)
            return (dialogue, "h") if dialogue else ([message("user", value)], "s")
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        messages, dialect = read_messages(value, at)
        return messages, "m" + dialect

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return _write_said(value, shape)


class UserText(Codec):
    """A further text of the prompt (Alpaca's `input`): a user message."""

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, str):
            raise wrong_type(self.expected, value, at)
        return message("user", value), ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return value["parts"][0]["text"]


def _write_said(messages: Sequence[Mapping[str, Any]], shape: str) -> Any:
    if shape.startswith("h"):
        return write_dialogue(messages)
    if shape.startswith("m"):
        return [write_message(m, "s" if "s" in shape else "") for m in messages]
    if shape.startswith("o"):
        return write_message(messages[0], "")
    return messages[0]["parts"][0]["text"]


class Candidate(Codec):
    """One answer: a text (`s`), a dialogue text (`h`), a message (`o`) or messages (`m`).

    A `+` in the shape: the original repeats the prompt, which was taken out of the candidates.
    """

    expected = "str | array | object"

    def fits(self, value: Any) -> bool:
        return isinstance(value, str) or looks_like_chat(value) or (isinstance(value, dict) and "role" in value)

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if isinstance(value, str):
            dialogue = read_dialogue(value)
            return ({"messages": dialogue}, "h") if dialogue else ({"messages": [message("assistant", value)]}, "s")
        if isinstance(value, dict):
            return {"messages": [read_message(value, at)[0]]}, "o"
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        messages, dialect = read_messages(value, at)
        return {"messages": messages}, "m" + dialect

    def write(self, value: Any, shape: str, row: Row) -> Any:
        messages = value.get("messages") or []
        return _write_said([*(row.get("prompt") or []), *messages] if "+" in shape else messages, shape)


_CANDIDATE = Struct(
    messages=MESSAGES, score=(NUMBER, ("rating", "overall_score")), rank=INT32, model=(TEXT, ("model_name",))
)


class Candidates(Codec):
    """Answers as an array of texts (shape `t`) or objects (shape: which member holds the text, or "" for messages)."""

    expected = "array"
    takes = frozenset({list})

    def fits(self, value: Any) -> bool:
        if not isinstance(value, list) or not value:
            return False
        first = value[0]
        return isinstance(first, str) or (
            isinstance(first, dict)
            and (looks_like_chat(first.get("messages")) or any(isinstance(first.get(name), str) for name in _TEXTS))
            and "role" not in first
        )

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        if all(isinstance(item, str) for item in value):
            return [{"messages": [message("assistant", item)]} for item in value], "t"
        out = []
        first = value[0] if isinstance(value[0], dict) else {}
        member = next((name for name in _TEXTS if isinstance(first.get(name), str)), "")
        for i, item in enumerate(value):
            if not isinstance(item, dict):
                raise wrong_type("object", item, f"{at}[{i}]")
            read, _ = _CANDIDATE.read(item, f"{at}[{i}]")
            if member and item.get(member) is not None:
                said = item[member]
                if not isinstance(said, str):
                    raise wrong_type("str", said, child(f"{at}[{i}]", member))
                read["messages"] = [message("assistant", said)]
            out.append(read)
        return out, member

    def write(self, value: Any, shape: str, row: Row) -> Any:
        if shape == "t":
            return [item["messages"][0]["parts"][0]["text"] for item in value]
        out = []
        for item in value:
            written = _CANDIDATE.write(item, "", row)
            if shape and "messages" in written:
                del written["messages"]
                written[shape] = item["messages"][0]["parts"][0]["text"]
            out.append(written)
        return out


class Vote(Codec):
    """One verdict over two answers, counted from one: 1, 2, 0 for a tie; "model_a", "tie"; "A", "B"."""

    expected = "1 | 2 | 0 | 'model_a' | 'model_b' | 'tie'"
    _words = (("1", "2", "0"), ("model_a", "model_b", "tie"), ("A", "B", "tie"), ("A", "B", "C"), ("a", "b", "tie"))

    def _find(self, value: Any) -> tuple[int, str] | None:
        if isinstance(value, int) and not isinstance(value, bool):
            return ({1: 0, 2: 1, 0: 2}[value], "n") if value in (0, 1, 2) else None
        for i, words in enumerate(self._words):
            if value in words:
                return words.index(value), str(i)
        return (3, "b") if value == "tie (bothbad)" else None

    def fits(self, value: Any) -> bool:
        return isinstance(value, (int, str)) and self._find(value) is not None

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        found = self._find(value) if isinstance(value, (int, str)) else None
        if found is None:
            raise wrong_type(self.expected, value, at)
        choice, shape = found
        if choice < 2:
            return {"choice": choice}, shape
        return ({"tie": True} if choice == 2 else {"tie": True, "both_bad": True}), shape

    def write(self, value: Any, shape: str, row: Row) -> Any:
        if shape == "b":
            return "tie (bothbad)"
        choice = 2 if value.get("tie") else value["choice"]
        return {0: 1, 1: 2, 2: 0}[choice] if shape == "n" else self._words[int(shape)][choice]


_VOTES = Struct(
    rater=(SCALAR, ("judge", "annotator")),
    rater_type=TEXT,
    choice=INT32,
    order_shown=ListOf(INT32),
    tie=BOOL,
    both_bad=BOOL,
    margin=NUMBER,
    aspects=TEXT,
    rubric_version=TEXT,
    at=TIME,
)


def _finish(columns: dict[str, Any], shapes: dict[str, str]) -> None:
    candidates = columns.get("candidates") or []
    if len(candidates) < 2 or not all(candidate.get("messages") for candidate in candidates[:2]):
        return
    pair = [name for name in ("chosen", "rejected", "candidates.0", "candidates.1") if name in shapes]
    if len(pair) == 2 and all(shapes[name][:1] in ("h", "m") for name in pair):
        first, second = (candidate["messages"] for candidate in candidates[:2])
        shared = 0
        while shared < min(len(first), len(second)) - 1 and first[shared] == second[shared]:
            shared += 1
        prompt = columns.get("prompt")
        if prompt is None and shared:
            columns["prompt"] = prompt = first[:shared]
        if prompt and first[: len(prompt)] == prompt and second[: len(prompt)] == prompt and shared >= len(prompt):
            for name, candidate in zip(pair, candidates, strict=False):
                candidate["messages"] = candidate["messages"][len(prompt) :]
                shapes[name] += "+"
    if "chosen" in shapes and "rejected" in shapes and "resolution" not in columns:
        columns["resolution"] = {"chosen": 0, "rejected": 1}


def _text_view(row: Mapping[str, Any]) -> str | None:
    answers = [transcript(candidate.get("messages")) for candidate in row.get("candidates") or []]
    return join_text(transcript(row.get("prompt")), *answers)


def _problems(row: Mapping[str, Any]) -> list[Problem]:
    found = []
    candidates = row.get("candidates") or []
    if row.get("candidates") is not None and len(candidates) < 2:
        found.append(problem("$.candidates", "too_few_candidates", "nothing to prefer one answer to"))
    said = ["\n\n".join(message_text(m) for m in candidate.get("messages") or []) for candidate in candidates]
    for i, text in enumerate(said):
        if not text.strip():
            found.append(problem(f"$.candidates[{i}]", "candidate_is_empty", "an answer without words"))
        if text in said[:i]:
            found.append(problem(f"$.candidates[{i}]", "candidates_equal", f"the same answer as {said.index(text)}"))
    resolution = row.get("resolution") or {}
    for side in ("chosen", "rejected"):
        choice = resolution.get(side)
        if choice is not None and not 0 <= choice < len(candidates):
            found.append(problem(f"$.resolution.{side}", "no_such_candidate", f"there is no answer {choice}"))
    if resolution.get("chosen") is not None and resolution.get("chosen") == resolution.get("rejected"):
        found.append(problem("$.resolution", "chosen_is_rejected", "one answer is both"))
    for i, vote in enumerate(row.get("votes") or []):
        choice = vote.get("choice")
        if choice is not None and not 0 <= choice < len(candidates):
            found.append(problem(f"$.votes[{i}].choice", "no_such_candidate", f"there is no answer {choice}"))
        if choice is not None and vote.get("tie"):
            found.append(problem(f"$.votes[{i}]", "tie_with_a_choice", "a tie that chooses"))
    return found


_PAIR = (
    ("chosen", ("chosen_response", "preferred", "response_chosen", "accepted"), "candidates.0"),
    ("rejected", ("rejected_response", "dispreferred", "response_rejected"), "candidates.1"),
    (
        "candidates.0",
        (
            "output_1",
            "response1",
            "response_1",
            "answer1",
            "answer_1",
            "response_a",
            "conversation_a",
            "answer_a",
            "output_a",
        ),
        "",
    ),
    (
        "candidates.1",
        (
            "output_2",
            "response2",
            "response_2",
            "answer2",
            "answer_2",
            "response_b",
            "conversation_b",
            "answer_b",
            "output_b",
        ),
        "",
    ),
)

KIND = Kind(
    name="preference",
    doc=__doc__,
    fields=(
        Field(
            "prompt",
            Prompt(),
            ("question", "instruction", "query"),
            ("input", "context"),
            weight=2.0,
            weak_weight=1.0,
        ),
        Field("prompt.1", UserText(), ("input",), weight=0.5, lenient=True, adds=True),
        Field("tools_json", STRUCTURE, ("tools",), weight=0.5, lenient=True),
        Field("candidates", Candidates(), ("completions", "responses", "summaries"), weight=4.0),
        *(
            Field(name, Candidate(), names, to=tuple(to.split(".")) if to else (), weight=3.0)
            for name, names, to in _PAIR
        ),
        Field(
            "candidates.0.score",
            NUMBER,
            ("score_chosen", "chosen_score", "chosen_rating", "score_a", "score_1"),
            lenient=True,
            adds=True,
        ),
        Field(
            "candidates.1.score",
            NUMBER,
            ("score_rejected", "rejected_score", "rejected_rating", "score_b", "score_2"),
            lenient=True,
            adds=True,
        ),
        Field("candidates.0.model", TEXT, ("chosen_model", "model_a", "model_1"), lenient=True, adds=True),
        Field("candidates.1.model", TEXT, ("rejected_model", "model_b", "model_2"), lenient=True, adds=True),
        Field("votes", ListOf(_VOTES), lenient=True),
        Field(
            "votes.0",
            Vote(),
            ("label", "winner", "preference", "preferred_output", "annotator1", "annotator_1"),
            weight=1.0,
            lenient=True,
        ),
        Field("votes.1", Vote(), ("annotator2", "annotator_2"), lenient=True),
        Field("votes.2", Vote(), ("annotator3", "annotator_3"), lenient=True),
        Field("resolution", Struct(chosen=INT32, rejected=INT32, by=TEXT, margin=NUMBER), lenient=True),
        Field("resolution.margin", NUMBER, ("margin",), weight=0.5, lenient=True),
    ),
    required=("candidates",),
    text_view=_text_view,
    problems=_problems,
    finish=_finish,
    id_fields=("id", "record_id", "uid", "uuid", "guid", "prompt_id", "comparison_id"),
)
