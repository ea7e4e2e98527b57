"""agentic: one session of an agent: its task, its tools, its steps with their tool calls, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.records.agent_steps import Chat, Steps, Trajectory, Turns, chat_to_steps
from assay.records.codecs import BOOL, INT64, NUMBER, SCALAR, STRUCTURE, TEXT, Codec, ListOf, Row, Struct
from assay.records.errors import wrong_type
from assay.records.kind import Field, Kind, Problem, join_text, problem
from assay.records.messages import looks_like_chat, read_messages, transcript


class Tools(Codec):
    """Tool declarations: OpenAI's {type, function: {...}} (shape `o`) or the inner object alone."""

    expected = "array"
    takes = frozenset({list})
    _tool = Struct(name=TEXT, description=TEXT, parameters_json=(STRUCTURE, ("parameters",)), server=TEXT)

    def fits(self, value: Any) -> bool:
        return isinstance(value, list) and (not value or isinstance(value[0], dict))

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not isinstance(value, list):
            raise wrong_type(self.expected, value, at)
        wrapped = bool(value) and all(isinstance(v, dict) and isinstance(v.get("function"), dict) for v in value)
        out = []
        for i, item in enumerate(value):
            inner = item["function"] if wrapped else item
            out.append(self._tool.read(inner, f"{at}[{i}].function" if wrapped else f"{at}[{i}]")[0])
        return out, "o" if wrapped else ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        out = []
        for item in value:
            tool = self._tool.write(item, "", row)
            if "parameters_json" in tool:
                tool["parameters"] = tool.pop("parameters_json")
            out.append({"type": "function", "function": tool} if shape == "o" else tool)
        return out


class _Aside(Codec):
    """Columns told from an object that stays, whole, among the unknown keys."""

    spread = True
    aside = True
    expected = "object"

    def write(self, value: Any, shape: str, row: Row) -> Any:
        raise TypeError("an object kept aside is not written from columns")


class _ToolBench(_Aside):
    """ToolBench's answer_generation: the query, the functions, the longest chain of messages, the final answer."""

    def fits(self, value: Any) -> bool:
        return isinstance(value, dict) and "train_messages" in value and "query" in value

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not self.fits(value):
            raise wrong_type("object", value, at)
        out: dict[str, Any] = {}
        if isinstance(value["query"], str):
            out["task.instruction"] = value["query"]
        if TOOLS.fits(value.get("function")):
            out["tools"] = TOOLS.read(value["function"], f"{at}.function")[0]
        chains = value["train_messages"]
        if isinstance(chains, list) and chains and looks_like_chat(chains[-1]):
            messages, _ = read_messages(chains[-1], f"{at}.train_messages[{len(chains) - 1}]")
            out["steps"] = chat_to_steps(messages)
        for column, theirs in (("outcome.final_answer", "final_answer"), ("outcome.termination_reason", "finish_type")):
            if isinstance(value.get(theirs), str):
                out[column] = value[theirs]
        return out, ""


class _Info(_Aside):
    """What SWE-agent and tau-bench tell in `info`: how the run ended, and the task."""

    def fits(self, value: Any) -> bool:
        return isinstance(value, dict) and ("exit_status" in value or isinstance(value.get("task"), dict))

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        out: dict[str, Any] = {}
        for column, theirs in (("outcome.termination_reason", "exit_status"), ("outcome.final_answer", "submission")):
            if isinstance(value.get(theirs), str):
                out[column] = value[theirs]
        task = value.get("task")
        if isinstance(task, dict) and isinstance(task.get("instruction"), str):
            out["task.instruction"] = task["instruction"]
        return out, ""


TOOLS = Tools()


def _finish(columns: dict[str, Any], shapes: dict[str, str]) -> None:
    steps = columns.get("steps")
    if steps and "system_prompt" not in columns and steps[0].get("source") == "system":
        parts = steps[0]["messages"][0]["parts"]
        if len(parts) == 1 and parts[0].get("text") is not None and "system_prompt" not in shapes:
            columns["system_prompt"] = parts[0]["text"]


def _text_view(row: Mapping[str, Any]) -> str | None:
    pieces = [(row.get("task") or {}).get("instruction")]
    for step in row.get("steps") or []:
        spoken = [m for m in step.get("messages") or [] if m["role"] not in ("tool", "function", "system")]
        pieces += [transcript(spoken), step.get("reasoning")]
        for call in step.get("tool_calls") or []:
            given = call.get("tool_input_raw") or call.get("tool_input_json") or ""
            pieces.append(f"{call.get('tool_name') or 'tool'}: {given}")
            pieces.append(call.get("tool_output_text") or call.get("tool_output_json"))
    pieces.append((row.get("outcome") or {}).get("final_answer"))
    return join_text(*pieces)


def _problems(row: Mapping[str, Any]) -> list[Problem]:
    found = []
    steps = row.get("steps")
    if steps is not None and not steps:
        found.append(problem("$.steps", "no_steps", "the session has no steps"))
    declared = {tool["name"] for tool in row.get("tools") or [] if tool.get("name")}
    expected = None
    for i, step in enumerate(steps or []):
        number = step.get("step_number")
        if number is not None:
            if expected is not None and number != expected:
                detail = f"expected {expected}, got {number}"
                found.append(problem(f"$.steps[{i}].step_number", "step_number", detail))
            elif expected is None and number not in (0, 1):
                found.append(problem(f"$.steps[{i}].step_number", "step_number", f"the first number is {number}"))
            expected = number + 1
        ids = set()
        for j, call in enumerate(step.get("tool_calls") or []):
            at = f"$.steps[{i}].tool_calls[{j}]"
            name, call_id = call.get("tool_name"), call.get("call_id")
            if not name:
                found.append(problem(f"{at}.tool_name", "tool_without_name", "a call that names no tool"))
            elif declared and name not in declared:
                found.append(problem(f"{at}.tool_name", "tool_not_declared", f"{name!r} is not among the tools"))
            if call_id is not None and call_id in ids:
                found.append(problem(f"{at}.call_id", "call_id_repeated", f"{call_id!r} is used twice"))
            ids.add(call_id)
            raw = call.get("tool_input_raw")
            if raw is not None and raw[:1] == "{" and call.get("tool_input_json") is None:
                found.append(problem(f"{at}.tool_input_raw", "tool_input_not_json", "looks like JSON and is not"))
            if call.get("start") is not None and call.get("end") is not None and call["end"] < call["start"]:
                found.append(problem(f"{at}.end", "ends_before_start", "the call ends before it starts"))
    return found


KIND = Kind(
    name="agentic",
    doc=__doc__,
    fields=(
        Field("session_id", SCALAR, ("conversation_id", "trajectory_id", "run_id", "instance_id"), weight=2.0),
        Field("trace_ids", ListOf(TEXT), lenient=True),
        Field("parent_session_id", TEXT, lenient=True),
        Field("task", Struct(id=SCALAR, instruction=(TEXT, ("query", "goal"))), lenient=True),
        Field("task.id", SCALAR, ("task_id",), weight=1.0, lenient=True),
        Field(
            "task.instruction",
            TEXT,
            ("task", "instruction", "goal", "problem_statement"),
            ("question", "query", "prompt"),
            weight=1.0,
            weak_weight=1.0,
            lenient=True,
        ),
        Field("agent", Struct(name=TEXT, version=TEXT, model=TEXT), lenient=True),
        Field("agent.name", TEXT, ("agent", "agent_name"), lenient=True),
        Field("agent.model", TEXT, ("model", "model_name"), weight=0.5, lenient=True),
        Field("system_prompt", TEXT, ("system",), weight=1.0, lenient=True),
        Field("tools", TOOLS, ("function", "functions", "available_tools"), weight=2.0, lenient=True),
        Field("steps", Steps(), ("actions", "tool_trace"), weight=4.0),
        Field("trajectory", Trajectory(), to=("steps",), weight=5.0),
        Field("chat", Chat(with_tools=False), ("traj", "history", "trajectory"), to=("steps",), weight=5.0),
        Field("messages", Chat(with_tools=True), ("conversations", "conversation"), to=("steps",), weight=5.0),
        Field("turns", Turns(), ("question",), to=("steps",), weight=3.0),
        Field("answer_generation", _ToolBench(), to=("steps",), weight=5.0, lenient=True),
        Field("info", _Info(), to=("outcome", "info"), weight=0.5, lenient=True),
        Field(
            "outcome",
            Struct(
                status=TEXT,
                termination_reason=TEXT,
                reward=NUMBER,
                success=BOOL,
                final_answer=SCALAR,
            ),
            lenient=True,
        ),
        Field("outcome.status", TEXT, ("status", "outcome"), weight=0.5, lenient=True),
        Field("outcome.reward", NUMBER, ("reward",), weight=1.0, lenient=True),
        Field("outcome.success", BOOL, ("success", "is_correct", "win", "resolved"), weight=1.0, lenient=True),
        Field("outcome.final_answer", SCALAR, ("final_answer", "final_output"), ("answer",), weight=1.0, lenient=True),
        Field(
            "completeness",
            Struct(
                content_captured=BOOL,
                dropped_attributes=INT64,
                missing_parents=INT64,
                late_spans=INT64,
                truncated=BOOL,
            ),
            lenient=True,
        ),
    ),
    required=("steps",),
    text_view=_text_view,
    problems=_problems,
    finish=_finish,
    id_column="session_id",
    notes={
        "messages": "the messages call tools",
        "steps": "the steps name tools, their inputs or outputs",
        "trajectory": "SWE-agent's thought, action and observation",
        "turns": "turns of messages with function declarations",
    },
)
