"""Faults of what machines write: agent sessions, media, simulation steps, sensor logs; by the signal that sees them.

Streams and episodes are planted whole, under names of their own, with the user's readings and states in them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from assay.flows.check.faults import Plant, breaks, one
from assay.flows.check.seeds import Seed, encoded

_NOT_SO = "so changed it is another kind of record"


# Agents


def _session(seed: Seed, *calls: dict[str, Any], **changes: Any) -> Plant | str:
    """A copy with further steps of one call each at its end."""
    obj = seed.canonical()
    steps = list(obj.get("steps") or [])
    last = max((step.get("step_number") or 0 for step in steps), default=0)
    steps += [{"step_number": last + i + 1, "tool_calls": [call]} for i, call in enumerate(calls)]
    obj = {**obj, "steps": steps, **changes}
    obj.pop("completeness", None)  # a session whose content was not captured is judged by nothing
    return one(obj) if seed.read(obj) is not None else _NOT_SO


def _call(**changes: Any) -> dict[str, Any]:
    base = {"tool_name": "planted_tool", "tool_input_json": '{"n":1}', "tool_output_json": '{"ok":true}'}
    return {**base, **changes}


_FAILED = {"is_error": True, "error": {"type": "timeout", "message": "no answer in 30 s"}, "tool_output_json": None}


@breaks("tool_error_share", "calls that nearly all fail")
def _failing(seed: Seed, length: int) -> Plant | str:
    calls = sum(len(step.get("tool_calls") or ()) for step in seed.decoded.payload.get("steps") or ())
    failed = {key: value for key, value in _call(**_FAILED).items() if value is not None}
    return _session(seed, *[{**failed, "tool_input_json": f'{{"n":{n}}}'} for n in range(10 * calls + 5)])


@breaks("calls_without_result", "a call that never came back")
def _silent(seed: Seed, length: int) -> Plant | str:
    return _session(seed, {"tool_name": "planted_tool", "tool_input_json": '{"n":1}'})


@breaks("undeclared_tools", "a call of an undeclared tool")
def _undeclared(seed: Seed, length: int) -> Plant | str:
    tools = [*(seed.canonical().get("tools") or []), {"name": "declared_tool", "description": "Declared."}]
    return _session(seed, _call(), tools=tools)


@breaks("invalid_tool_inputs", "tool input that is broken JSON")
def _broken_input(seed: Seed, length: int) -> Plant | str:
    return _session(
        seed, {"tool_name": "planted_tool", "tool_input_raw": '{"n": 1,', "tool_output_json": '{"ok":true}'}
    )


@breaks("step_order_ok", "steps out of order")
def _disordered(seed: Seed, length: int) -> Plant | str:
    steps = [{"step_number": n, "tool_calls": [_call()], "reasoning": f"Step {n}."} for n in (1, 3, 2)]
    return _session(seed, steps=steps)


@breaks("repeated_calls", "the same call over and over")
def _stuck(seed: Seed, length: int) -> Plant | str:
    return _session(seed, *[_call()] * 8)


@breaks("outcome_missing", "no outcome")
def _open_end(seed: Seed, length: int) -> Plant | str:
    obj = seed.canonical()
    obj.pop("outcome", None)
    return one(obj) if seed.read(obj) is not None else _NOT_SO


@breaks("success_after_failed_call", "success claimed after a failed call")
def _boast(seed: Seed, length: int) -> Plant | str:
    failed = {key: value for key, value in _call(**_FAILED).items() if value is not None}
    return _session(seed, failed, outcome={"status": "success", "success": True})


# Media


def _media(seed: Seed, media: list[dict[str, Any]], **changes: Any) -> Plant | str:
    obj = {**seed.canonical(), "media": media, **changes}
    return one(obj) if seed.read(obj) is not None else _NOT_SO


@breaks("media_without_source", "a picture that is nowhere")
def _nowhere(seed: Seed, length: int) -> Plant | str:
    return _media(seed, [{"modality": "image", "mime": "image/png"}])


@breaks("media_type_mismatches", "a picture that is said to be sound")
def _mistyped(seed: Seed, length: int) -> Plant | str:
    return _media(seed, [{"uri": f"images/{seed.number}.png", "mime": "audio/wav", "modality": "audio"}])


@breaks("media_places_ok", "more places for pictures than pictures")
def _places(seed: Seed, length: int) -> Plant | str:
    text = f"{seed.decoded.payload.get('text') or ''} <image> <image> <image>"
    return _media(seed, [{"uri": f"images/{seed.number}.png", "modality": "image"}], text=text)


@breaks("media_duplicates", "the picture of another record")
def _same_picture(seed: Seed, length: int) -> Plant | str:
    obj = seed.canonical()
    return one({**obj, "text": f"{obj.get('text') or ''} (again)"}) if obj.get("media") else "it has no media"


# Simulations


def _episode(seed: Seed, name: str, steps: list[dict[str, Any]], blamed: int) -> Plant | str:
    """Steps of an episode of its own, with the seed's environment, state and action."""
    base = {key: value for key, value in seed.canonical().items() if key not in ("is_first", "is_last")}
    lines = []
    for step in steps:
        obj = {**base, "scenario_id": f"planted-{name}-{seed.number}", "episode_id": "e", **step}
        if seed.read(obj) is None:
            return _NOT_SO
        lines.append(encoded(obj))
    return Plant(lines, blamed)


@breaks("state_continuity", "a next state the next step contradicts")
def _jump(seed: Seed, length: int) -> Plant | str:
    steps = [
        {"step_index": n, "state_json": {"x": float(n)}, "result": {"next_state": {"x": n + 1.0}}} for n in range(4)
    ]
    steps[2]["state_json"] = {"x": 77.0}
    return _episode(seed, "jump", steps, 1)


@breaks("missing_steps_before", "steps missing before it")
def _gap(seed: Seed, length: int) -> Plant | str:
    return _episode(seed, "gap", [{"step_index": n, "notes": f"step {n}"} for n in (0, 1, 5)], 2)


@breaks("repeated_steps", "a step number that occurs twice")
def _same_step(seed: Seed, length: int) -> Plant | str:
    return _episode(seed, "twice", [{"step_index": n, "notes": f"note {i}"} for i, n in enumerate((0, 1, 1))], 2)


@breaks("episode_end_missing", "an episode without an end")
def _endless(seed: Seed, length: int) -> Plant | str:
    steps = [{"step_index": n, "result": {"reward": 0.0, "terminated": False, "truncated": False}} for n in range(3)]
    return _episode(seed, "endless", steps, 2)


@breaks("nonfinite_numbers", "a state that is not finite")
def _infinite(seed: Seed, length: int) -> Plant | str:
    return _episode(seed, "infinite", [{"step_index": 0, "state_json": {"x": "NaN"}}], 0)


# Sensor logs

_START = datetime(2024, 5, 1, tzinfo=UTC)


def stream(seed: Seed, name: str, minutes: list[float], blamed: int, **readings: Any) -> Plant | str:
    """Records of a stream of its own, at these minutes; `readings` gives each a list of readings by position."""
    base = seed.canonical()
    lines = []
    for i, minute in enumerate(minutes):
        time = (_START + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
        obj = {**base, "stream_id": f"planted-{name}-{seed.number}", "timestamp": time}
        obj["sensor_data"] = readings["at"](i) if readings else [reading("planted", i % 7 + 0.5)]
        if seed.read(obj) is None:
            return _NOT_SO
        lines.append(encoded(obj))
    return Plant(lines, blamed)


def reading(channel: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"channel": channel, "value": value, **more}


def minutes(n: int) -> list[float]:
    return [float(i) for i in range(n)]


@breaks("sensor_gap_ratio", "a gap in its stream")
def _silence(seed: Seed, length: int) -> Plant | str:
    return stream(seed, "gap", [*minutes(20), 20_000.0], 20)


@breaks("sensor_gap_s", "hours without a reading")
def _long_silence(seed: Seed, length: int) -> Plant | str:
    return stream(seed, "silence", [*minutes(20), 90_000.0], 20)


@breaks("duplicate_timestamps", "the time of the record before it")
def _same_time(seed: Seed, length: int) -> Plant | str:
    return stream(seed, "same", [0.0, 1.0, 1.0], 2)


@breaks("out_of_order", "a time before the line before it")
def _back(seed: Seed, length: int) -> Plant | str:
    return stream(seed, "back", [*minutes(12), 3.5], 12)


@breaks("dropped_channels", "a channel its stream has and it lacks")
def _dropped(seed: Seed, length: int) -> Plant | str:
    def at(i: int) -> list[dict[str, Any]]:
        both = [reading("planted_a", i % 7 + 0.5), reading("planted_b", i % 5 + 0.5)]
        return both[:1] if i == 30 else both

    return stream(seed, "dropped", minutes(31), 30, at=at)


@breaks("unit_changes", "a reading in another unit")
def _other_unit(seed: Seed, length: int) -> Plant | str:
    return stream(
        seed, "unit", minutes(31), 30, at=lambda i: [reading("t", 20.5 + i % 7, unit="K" if i == 30 else "C")]
    )


@breaks("out_of_range", "a reading that cannot be")
def _impossible(seed: Seed, length: int) -> Plant | str:
    return stream(seed, "range", [0.0], 0, at=lambda i: [reading("humidity", 4000.0, unit="%rh")])


@breaks("empty_readings", "a reading without a value")
def _no_value(seed: Seed, length: int) -> Plant | str:
    return stream(seed, "empty", [0.0], 0, at=lambda i: [reading("planted", None)])


@breaks("flatline_run", "a sensor that stopped moving")
def _flat(seed: Seed, length: int) -> Plant | str:
    def at(i: int) -> list[dict[str, Any]]:
        return [reading("planted", 3.25 if i >= 60 else (i * 37) % 101 / 10)]

    return stream(seed, "flat", minutes(460), 459, at=at)
