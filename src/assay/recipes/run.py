"""Runs a recipe's steps in order, skipping those that have nothing to do; and says beforehand which those are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from assay.core.errors import UserError
from assay.core.failpoints import failpoint
from assay.flows.gates import ERROR, FAIL, GateOutcome
from assay.flows.junit import Case, Suite, write_junit
from assay.recipes import lock as locks
from assay.recipes.caching import LedgerTrust, load_state, save_state, why_stale
from assay.recipes.recipe import Recipe, load_recipe, select_steps
from assay.recipes.results import (
    SKIPPED,
    LockNote,
    PlannedStep,
    PlanResult,
    ReleaseLine,
    RunResult,
    StepLine,
)
from assay.recipes.steps import Run, Step

UNCHANGED = "inputs, parameters and code are unchanged"


def run_recipe(
    ws: Any,
    path: str | Path,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    junit: str | Path | None = None,
    rehash: bool = False,
    update_lock: bool = False,
    workers: int | None = None,
    progress: Any = None,
) -> RunResult:
    """Run what has to be run of a recipe; a killed run is taken up where it stopped.

    select, exclude: names of steps, of step types, or patterns with *. A gate that was left out and has not
    passed on the present rows holds the release back. rehash: read every input file again instead of
    trusting its size and time. update_lock: pin the present versions of signals, rules and presets.
    Raises UserError(s) of the recipe, and those of the steps; `junit` is written then too.
    """
    recipe = load_recipe(path, LedgerTrust(ws))
    reasons = select_steps(recipe.steps, select, exclude)
    lock = _read_lock(recipe, update_lock)
    started = time.perf_counter()
    run_id = ws.ledger.run_start("run", {"recipe": str(recipe.file), "digest": recipe.digest})
    run = Run(ws=ws, recipe=recipe, workers=workers, progress=progress, rehash=rehash, run_id=run_id)
    lines: list[StepLine] = []
    try:
        for step in recipe.steps:
            lines.append(_run_step(run, step, reasons.get(step.name, "")))
    except BaseException as error:
        failed = recipe.steps[len(lines)].name
        ws.ledger.run_end(run_id, "failed", {"step": failed, "error": str(error)})
        if junit is not None and isinstance(error, Exception):
            _write_junit(junit, recipe, lines, run.told("gates"), failed=(failed, str(error)))
        raise
    note = _settle_lock(run, lock, update_lock, whole=not reasons)
    result = RunResult(
        recipe=recipe.name,
        steps=lines,
        gates=run.told("gates"),
        releases=[ReleaseLine(**fact) for fact in run.told("releases")],
        reports=run.told("reports"),
        changes=run.told("changes"),
        lock=note,
        seconds=round(time.perf_counter() - started, 3),
    )
    ws.ledger.run_end(run_id, "ok" if result.ok else "gate", result.as_json())
    if junit is not None:
        _write_junit(junit, recipe, lines, result.gates, note=note)
    return result


def _run_step(run: Run, step: Step, left_out: str) -> StepLine:
    started = time.perf_counter()
    if left_out:
        step.type.left_out(run, step, left_out)
        return StepLine(name=step.name, status="skipped", seconds=0.0, why=left_out)
    if step.type.gated and (held := _held_back(run)):
        return StepLine(name=step.name, status="skipped", seconds=0.0, why=held)
    state = load_state(run, step)
    inputs = step.type.inputs(run, step)
    why = why_stale(run, step, state, inputs)
    if state is not None and not why:
        step.type.replay(run, step, state)
        counts, why = state.outputs.get("counts", {}), UNCHANGED
        status: Literal["ran", "cached"] = "cached"
    else:
        outputs = step.type.run(run, step, state)
        failpoint("step.before_done")
        save_state(run, step, inputs, outputs)
        failpoint("step.after_done")
        counts, status = outputs.get("counts", {}), "cached" if outputs.get("cached") else "ran"
        if status == "cached":
            why = f"nothing new to do ({why})"
    seconds = round(time.perf_counter() - started, 3)
    return StepLine(name=step.name, status=status, seconds=seconds, why=why, counts=counts)


def _held_back(run: Run) -> str:
    bad = [gate.name for gate in run.told("gates") if gate.status in (FAIL, ERROR)]
    return f"held back: gate {', '.join(bad)} did not pass" if bad else ""


def plan_recipe(
    ws: Any, path: str | Path, *, select: Sequence[str] = (), exclude: Sequence[str] = (), rehash: bool = False
) -> PlanResult:
    """What `run_recipe` would do, and why; changes nothing."""
    recipe = load_recipe(path, LedgerTrust(ws))
    reasons = select_steps(recipe.steps, select, exclude)
    run = Run(ws=ws, recipe=recipe, rehash=rehash)
    waiting: dict[str, str] = {}  # what a step to be run writes -> that step
    planned = []
    for step in recipe.steps:
        planned.append(_with_forecast(run, step, _plan_step(run, step, reasons.get(step.name, ""), waiting)))
        if planned[-1].status in ("run", "maybe"):
            waiting.update(dict.fromkeys(step.type.writes, step.name))
    return PlanResult(recipe=recipe.name, steps=planned)


def _with_forecast(run: Run, step: Step, planned: PlannedStep) -> PlannedStep:
    if step.type.forecast is None or planned.status not in ("run", "maybe"):
        return planned
    return msgspec.structs.replace(planned, takes=step.type.forecast(run, step))


def _plan_step(run: Run, step: Step, left_out: str, waiting: dict[str, str]) -> PlannedStep:
    if left_out:
        return PlannedStep(name=step.name, status="skipped", why=left_out)
    state = load_state(run, step)
    why = why_stale(run, step, state, step.type.inputs(run, step))
    before = [waiting[what] for what in step.type.reads if what in waiting]
    if state is None or (why and not before):
        return PlannedStep(name=step.name, status="run", why=why)
    if before:
        return PlannedStep(
            name=step.name, status="maybe", why="; ".join([f"if {before[-1]} changes anything", why][: 1 + bool(why)])
        )
    step.type.replay(run, step, state)  # later steps depend on what gates found
    return PlannedStep(name=step.name, status="cached", why=UNCHANGED)


def _read_lock(recipe: Recipe, update: bool) -> locks.Lock:
    try:
        return locks.read_lock(recipe.file.parent)
    except UserError:
        if update:  # a broken lock is what --update-lock is for
            (recipe.file.parent / locks.FILE).unlink(missing_ok=True)
            return locks.Lock()
        raise


def _settle_lock(run: Run, lock: locks.Lock, update: bool, *, whole: bool) -> LockNote:
    """Compare with the lock, and write it: always when there was none, an upgrade only when told to."""
    recipe: Recipe = run.recipe
    folder, path = recipe.file.parent, str(recipe.file.parent / locks.FILE)
    states = [state for step in recipe.steps if (state := load_state(run, step)) is not None]
    new = locks.merge_pins(state.outputs.get("pins", {}) for state in states)
    old = lock.recipes.get(recipe.file.name)
    if not whole and not update:  # some steps were left out: what they would pin is not known
        changes = locks.drift(old, new) if old else []
        return LockNote(path=path, status="differs" if changes else "none", changes=changes)
    if old is None:
        locks.write_lock(folder, recipe.file.name, new)
        return LockNote(path=path, status="created")
    changes = locks.drift(old, new)
    if update and new != old:
        locks.write_lock(folder, recipe.file.name, new)
        return LockNote(path=path, status="updated", changes=changes)
    if (adopted := locks.adopt(old, new)) != old:
        locks.write_lock(folder, recipe.file.name, adopted)
    return LockNote(path=path, status="differs" if changes else "unchanged", changes=changes)


def _write_junit(
    path: str | Path,
    recipe: Recipe,
    lines: Sequence[StepLine],
    gates: Sequence[GateOutcome],
    *,
    failed: tuple[str, str] | None = None,
    note: LockNote | None = None,
) -> None:
    """One case per step and per gate; steps never reached are skipped."""
    steps = [
        Case(
            name=line.name,
            group="assay.step",
            status="skipped" if line.status == SKIPPED else "passed",
            message=line.why,
            output="" if line.status == SKIPPED else f"{line.status}: {line.why}",
            seconds=line.seconds,
        )
        for line in lines
    ]
    if failed:
        steps.append(
            Case(name=failed[0], group="assay.step", status="error", message=failed[1].split("\n")[0], detail=failed[1])
        )
    done = {case.name for case in steps}
    steps += [
        Case(name=step.name, group="assay.step", status="skipped", message="not reached")
        for step in recipe.steps
        if step.name not in done
    ]
    cases = [_gate_case(gate) for gate in gates]
    if note is not None and note.status == "differs":
        steps.append(Case(name="lock", group="assay.lock", output="warn: " + "; ".join(note.changes)))
    write_junit(path, f"assay run {recipe.name}", [Suite("steps", steps), Suite("gates", cases)])


def _gate_case(gate: GateOutcome) -> Case:
    said = "\n".join(gate.lines())
    if gate.status in (FAIL, ERROR):
        status: Any = "failed" if gate.status == FAIL else "error"
        detail = "\n".join([said, *(gate.rows.examples if gate.rows else [])])
        return Case(name=gate.name, group="assay.gate", status=status, message=said, detail=detail)
    return Case(name=gate.name, group="assay.gate", output=said)
