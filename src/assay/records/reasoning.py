"""reasoning: a question, the steps to its answer one by one, and the answer they reach."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assay.records.codecs import BOOL, INT32, NUMBER, SCALAR, TEXT, Codec, Reshaped, Row, Struct
from assay.records.errors import wrong_type
from assay.records.kind import Field, Kind, Problem, join_text, problem

# The ways steps are numbered in text. All numbered steps of a record must share one, or the text stays as it is.
_STYLES: dict[str, tuple[re.Pattern[str], str]] = {
    "p": (re.compile(r"([1-9]\d{0,3})\) "), "{}) "),
    "d": (re.compile(r"([1-9]\d{0,3})\. "), "{}. "),
    "s": (re.compile(r"Step ([1-9]\d{0,3}): "), "Step {}: "),
    "c": (re.compile(r"([1-9]\d{0,3}): "), "{}: "),
}
_STEP = Struct(
    index=(INT32, ("step", "step_number", "number", "id")),
    text=(TEXT, ("content", "step_text", "thought", "value")),
    rating=(NUMBER, ("score", "reward")),
    label=(SCALAR, ("verdict",)),
    tool_call_id=TEXT,
)
GSM8K = "\n#### "  # GSM8K's answers are the worked steps, then this mark, then the result


def _style_of(lines: list[str]) -> str:
    for style, (pattern, _) in _STYLES.items():
        if any(pattern.match(line) for line in lines):
            return style
    return ""


def _from_lines(lines: list[str]) -> tuple[list[dict[str, Any]], str]:
    style = _style_of(lines)
    steps: list[dict[str, Any]] = []
    for line in lines:
        numbered = _STYLES[style][0].match(line) if style else None
        if numbered:
            steps.append({"index": int(numbered[1]), "text": line[numbered.end() :]})
        else:
            steps.append({"text": line})
    return steps, style


def _to_lines(steps: Any, style: str) -> list[str]:
    mark = _STYLES[style][1] if style else ""
    return [
        mark.format(step["index"]) + step["text"] if style and step.get("index") is not None else step["text"]
        for step in steps
    ]


def _split(text: str) -> tuple[list[str], str]:
    """The lines of a worked solution, and how they were joined; one piece where lines are not its steps."""
    if "\n" in text and all(line.strip() for line in text.split("\n")):
        return text.split("\n"), "1"
    if "\n\n" in text and all(part.strip("\n") == part and part.strip() for part in text.split("\n\n")):
        return text.split("\n\n"), "2"
    return [text], "0"


def _is_steps(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value)
    if not isinstance(value, list):
        return False
    first = value[0] if value else ""
    return isinstance(first, str) or (
        isinstance(first, dict)
        and any(isinstance(first.get(k), str) for k in ("text", "content", "step_text", "thought"))
        and "role" not in first
        and "tool_name" not in first
    )


def _read_steps(value: Any, at: str) -> tuple[Any, str]:
    """Shape: "" objects, "l" + style lines, or a digit (how the lines were joined) + style."""
    if isinstance(value, str):
        lines, joined = _split(value)
        steps, style = _from_lines(lines)
        return steps, joined + style
    if value and all(isinstance(item, str) for item in value):
        steps, style = _from_lines(value)
        return steps, "l" + style
    steps = []
    for i, item in enumerate(value):
        if not isinstance(item, dict):
            raise wrong_type("str" if isinstance(value[0], str) else "object", item, f"{at}[{i}]")
        steps.append(_STEP.read(item, f"{at}[{i}]")[0])
    return steps, ""


def _write_steps(value: Any, shape: str, row: Row) -> Any:
    if not shape:
        return [_STEP.write(item, "", row) for item in value]
    lines = _to_lines(value, shape[1:])
    return lines if shape[0] == "l" else {"0": "", "1": "\n", "2": "\n\n"}[shape[0]].join(lines)


class _Solution(Codec):
    """GSM8K's answer: worked lines, `#### `, result. Fills steps and final_answer."""

    spread = True

    def fits(self, value: Any) -> bool:
        return isinstance(value, str) and value.count(GSM8K) == 1 and not value.startswith(GSM8K)

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not self.fits(value):
            raise wrong_type("steps, then '#### ' and the result", value, at)
        worked, _, result = value.partition(GSM8K)
        steps, shape = _read_steps(worked, at)
        return {"steps": steps, "final_answer": result}, shape

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return _write_steps(row["steps"], shape, row) + GSM8K + row["final_answer"]


def _text_view(row: Mapping[str, Any]) -> str | None:
    steps = "\n".join(step["text"] for step in row.get("steps") or [] if step.get("text"))
    return join_text(row.get("question"), steps, row.get("final_answer"))


def _problems(row: Mapping[str, Any]) -> list[Problem]:
    found = []
    steps = row.get("steps")
    if steps is not None and not steps:
        found.append(problem("$.steps", "no_steps", "the list of steps is empty"))
    expected = None
    for i, step in enumerate(steps or []):
        index = step.get("index")
        if index is not None:
            if expected is not None and index != expected:
                found.append(problem(f"$.steps[{i}].index", "step_number", f"expected {expected}, got {index}"))
            elif expected is None and index not in (0, 1):
                found.append(problem(f"$.steps[{i}].index", "step_number", f"the first number is {index}"))
            expected = index + 1
        if not (step.get("text") or "").strip():
            found.append(problem(f"$.steps[{i}].text", "step_is_empty", "a step without words"))
    return found


KIND = Kind(
    name="reasoning",
    doc=__doc__,
    fields=(
        Field(
            "question",
            TEXT,
            ("problem", "prompt", "problem_statement", "question_text"),
            ("input", "query", "instruction"),
            weight=2.0,
            weak_weight=1.0,
        ),
        Field(
            "steps",
            Reshaped("array", _is_steps, _read_steps, _write_steps),
            (
                "chain_of_thought",
                "cot",
                "rationale",
                "reasoning_steps",
                "reasoning",
                "solution",
                "thoughts",
                "reasoning_content",
                "proof",
                "chain",
            ),
            ("explanation", "thought", "thinking"),
            weight=3.0,
            weak_weight=2.0,
        ),
        Field(
            "solution",
            _Solution(),
            ("answer", "output", "response", "target"),
            to=("steps",),
            weight=5.0,
            lenient=True,
        ),
        Field(
            "final_answer",
            SCALAR,
            (),
            ("answer", "result", "target", "expected_answer", "correct", "label", "output", "response"),
            weight=3.0,
            weak_weight=1.5,
        ),
        Field("verifier", Struct(name=TEXT, passed=BOOL, detail=TEXT), lenient=True),
    ),
    required=("question", "steps"),
    text_view=_text_view,
    problems=_problems,
    id_fields=("id", "record_id", "uid", "uuid", "guid", "problem_id", "question_id", "example_id"),
    notes={"solution": "`#### ` before the result marks worked steps (GSM8K)"},
)
