"""simulation: one step of a simulated world: the state seen, the action taken, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.records.codecs import BOOL, INT64, JSON, NUMBER, SCALAR, STRUCTURE, TEXT, ListOf, Struct
from assay.records.kind import Field, Kind, Problem, problem

_ENVIRONMENT = Struct(
    id=(SCALAR, ("name", "env_id")),
    version=TEXT,
    spec_json=(STRUCTURE, ("spec", "config")),
    seed=INT64,
    dt=(NUMBER, ("timestep",)),
    solver=TEXT,
)
_RESULT = Struct(
    outcome=(TEXT, ("status", "result")),
    next_state_json=(JSON, ("next_state", "next_observation")),
    reward=NUMBER,
    terminated=(BOOL, ("done",)),
    truncated=BOOL,
    info_json=(STRUCTURE, ("info",)),
)


def _text_view(row: Mapping[str, Any]) -> str | None:
    result = row.get("result") or {}
    lines = (
        ("task", row.get("task")),
        ("environment", (row.get("environment") or {}).get("id")),
        ("state", row.get("state_json")),
        ("action", row.get("action_json")),
        ("result", result.get("outcome")),
        ("notes", row.get("notes")),
    )
    return "\n".join(f"{name}: {said}" for name, said in lines if said) or None


def _problems(row: Mapping[str, Any]) -> list[Problem]:
    found = []
    step, first = row.get("step_index"), row.get("is_first")
    result = row.get("result") or {}
    if step is not None and step < 0:
        found.append(problem("$.step_index", "step_negative", f"step {step}"))
    if first is False and step == 0:
        found.append(problem("$.is_first", "first_step_unmarked", "step 0 says it is not the first"))
    if first and step is not None and step > 1:
        found.append(problem("$.is_first", "first_step_late", f"step {step} says it is the first"))
    if row.get("is_last") is False and (result.get("terminated") or result.get("truncated")):
        found.append(problem("$.is_last", "ended_but_not_last", "the episode ended here, and goes on"))
    if row.get("state_json") is None and row.get("state_tensor") is None and row.get("action_json") is None:
        found.append(problem("$", "no_state_and_no_action", "neither a state nor an action"))
    return found


KIND = Kind(
    name="simulation",
    doc=__doc__,
    fields=(
        Field("scenario_id", SCALAR, ("scenario", "sim_id", "simulation_id"), weight=3.0),
        Field(
            "episode_id",
            SCALAR,
            ("episode_index", "episode"),
            ("trajectory_id", "unit"),
            weight=2.0,
            weak_weight=1.0,
        ),
        Field(
            "step_index",
            INT64,
            ("frame_index", "timestep", "step_id"),
            ("step", "t", "frame", "cycle"),
            weight=1.0,
            lenient=True,
        ),
        Field("environment", _ENVIRONMENT, ("env",), weight=1.0, lenient=True),
        Field(
            "environment.id",
            SCALAR,
            ("environment", "env", "env_id", "env_name", "world"),
            weight=1.0,
            lenient=True,
        ),
        Field("environment.seed", INT64, ("seed",), weight=0.25, lenient=True),
        Field(
            "state_json",
            JSON,
            ("state", "observation", "obs", "robot_position", "robot_state", "observation_state", "world_state"),
            weight=2.0,
        ),
        Field("state_tensor", ListOf(NUMBER), weight=2.0),
        Field("action_json", JSON, ("action_taken", "action"), ("actions",), weight=2.0, weak_weight=1.0),
        Field("result", _RESULT, ("outcome",), weight=1.0, lenient=True),
        Field("result.outcome", TEXT, ("result", "outcome"), ("status",), weight=1.0, lenient=True),
        Field("result.reward", NUMBER, ("reward", "next_reward"), weight=1.0, lenient=True),
        Field("result.terminated", BOOL, ("terminated", "done", "terminal", "next_done"), weight=1.0, lenient=True),
        Field("result.truncated", BOOL, ("truncated",), weight=0.5, lenient=True),
        Field(
            "result.next_state_json",
            JSON,
            ("next_state", "next_observation", "next_obs"),
            weight=2.0,
        ),
        Field("result.info_json", STRUCTURE, ("info",), weight=0.25, lenient=True),
        Field("is_first", BOOL, weight=0.5, lenient=True),
        Field("is_last", BOOL, weight=0.5, lenient=True),
        Field("task", TEXT, ("instruction", "language_instruction"), weight=0.5, lenient=True),
        Field("notes", TEXT, ("note", "comment"), weight=0.25, lenient=True),
    ),
    required=("state_json|state_tensor|action_json|result",),
    enough=4.5,  # more than a `state` and an `action`, which are words of many other tables
    text_view=_text_view,
    problems=_problems,
    refuse=frozenset({"trajectory", "messages", "steps", "prompt", "text"}),
)
