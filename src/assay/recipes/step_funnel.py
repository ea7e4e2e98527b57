"""The step type that counts what each stage of a pipeline removes."""

from __future__ import annotations

from typing import Any

import msgspec

from assay.core.ids import content_hash
from assay.flows.funnel import Stage
from assay.recipes.caching import State
from assay.recipes.inputs import code_digest
from assay.recipes.step_outputs import decided
from assay.recipes.steps import STEPS, Draft, Run, Step, StepType


class FunnelParams(msgspec.Struct, frozen=True, kw_only=True):
    """`stages`: name and rules of each filter, in the order in which they are to be counted."""

    stages: list[Stage]


def _expand(draft: Draft, params: FunnelParams) -> list[Step]:
    if "decide" not in draft.data:
        draft.wrong("E203", "a funnel counts decisions", fix="add a `decide:` section")
    names = [stage.name for stage in params.stages]
    if not names or len(set(names)) != len(names):
        draft.wrong("E203", "stages need names of their own", "stages", fix="- {name: language, rules: [not_english]}")
    return [draft.step("funnel", params)]


def _inputs(run: Run, step: Step) -> dict[str, Any]:
    made = {f"decisions on {full}": [one["version"], one["key"]] for full, one in sorted(decided(run).items())}
    stages = content_hash(msgspec.to_builtins(step.params.stages))
    return {"stages": stages, "code of the funnel": code_digest("flows/funnel.py"), **made}


def _missing(run: Run, step: Step, state: State) -> str:
    return ""


def _run(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.funnel import funnel
    from assay.flows.subjects import choose

    made = decided(run)
    versions = {full: one["version"] for full, one in made.items()}
    keys = {full: one["key"] for full, one in made.items()}
    chosen = [part for full in sorted(made) for part in choose(run.ws, full, ref=versions, rules=keys)]
    result = funnel(chosen, step.params.stages)
    return {"counts": _counts(result), "funnel": result.as_json()}


def _counts(result: Any) -> dict[str, int]:
    removed = {stage.stage: -stage.removed for stage in result.stages}
    return {"read": result.read, **removed, **({"other": -result.other} if result.other else {}), "left": result.left}


STEPS.add(
    StepType(
        name="funnel",
        section="funnel",
        doc="Counts what each stage of a pipeline removes, each record at the first stage that drops it.",
        params=FunnelParams,
        shorthand="stages",
        reads=("decisions",),
        writes=("funnel",),
        expand=_expand,
        inputs=_inputs,
        missing=_missing,
        run=_run,
    )
)
