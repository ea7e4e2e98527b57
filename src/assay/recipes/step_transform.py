"""The step type that changes texts: between ingest and measure."""

from __future__ import annotations

from typing import Any

import msgspec

from assay.core.errors import UnknownName
from assay.core.ids import content_hash
from assay.recipes.caching import State
from assay.recipes.inputs import code_digest, full_names
from assay.recipes.steps import STEPS, Draft, Run, Step, StepType


class TransformParams(msgspec.Struct, frozen=True, kw_only=True, rename={"name": "with"}):
    """One entry of `transform`. `with`: a transform's name; `params`: its parameters, files relative to the recipe."""

    name: str
    params: dict[str, Any] = {}
    datasets: list[str] | None = None


def _expand(draft: Draft, params: TransformParams) -> list[Step]:
    draft.later(lambda: _check(draft, params))
    return [draft.step("transform", params, part=dataset) for dataset in draft.chosen(params.datasets)]


def _check(draft: Draft, params: TransformParams) -> None:
    from assay.transforms import TRANSFORMS

    if params.name not in TRANSFORMS:
        draft.errors.append(UnknownName("transform", params.name, TRANSFORMS.names(), at=draft.at("with")))
        return
    known = TRANSFORMS.get(params.name).params
    for name in params.params:
        if name not in known:
            noun = f"parameter of transform {params.name!r}"
            draft.errors.append(UnknownName(noun, name, known, at=draft.at("params", name)))


def _params(run: Run, step: Step) -> dict[str, Any]:
    """The parameters, with the files they name found from the recipe's folder."""
    from assay.transforms import TRANSFORMS

    files = TRANSFORMS.get(step.params.name).files
    return {
        name: run.recipe.resolve(value) if name in files and isinstance(value, str) else value
        for name, value in step.params.params.items()
    }


def _inputs(run: Run, step: Step) -> dict[str, Any]:
    from assay.transforms import TRANSFORMS

    print_ = TRANSFORMS.get(step.params.name).fingerprint(_params(run, step))
    return {
        "transform": print_,
        "params": content_hash(step.params.params),
        "code of the transforms": code_digest("transforms", "kernels", "text", "records", "flows/transform.py"),
        **{f"rows of {name}": _rows_version(run, step, name) for name in full_names(run.ws, str(step.dataset))},
    }


def _rows_version(run: Run, step: Step, full_name: str) -> int:
    """The last version that changed rows, but for those that this step and the transforms after it made."""
    from assay.transforms import TRANSFORMS

    steps = [s for s in run.recipe.steps if s.type is step.type and s.dataset == step.dataset]
    mine = {TRANSFORMS.get(s.params.name).fingerprint(_params(run, s)) for s in steps[steps.index(step) :]}
    versions = run.ws.ledger.versions(full_name)
    return max((v.number for v in versions if v.verb != "measure" and v.stats.get("transform") not in mine), default=0)


def _missing(run: Run, step: Step, state: State) -> str:
    return ""


def _run(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.transform import transform

    if not full_names(run.ws, str(step.dataset)):
        return {"counts": {"rows": 0, "changed": 0}}
    result = transform(
        run.ws,
        str(step.dataset),
        step.params.name,
        _params(run, step),
        workers=run.workers,
        progress=run.progress,
        run_id=run.run_id,
    )
    return {
        "counts": {"rows": sum(part.rows for part in result.datasets), "changed": result.changed},
        "changes_by": {part.dataset: part.changes_by for part in result.datasets},
        "cached": result.cached,
    }


STEPS.add(
    StepType(
        name="transform",
        section="transform",
        doc="Changes texts (repair, clean, redact) and makes a new version; ids stay.",
        params=TransformParams,
        many=True,
        reads=("rows",),
        writes=("texts",),
        expand=_expand,
        inputs=_inputs,
        missing=_missing,
        run=_run,
    )
)
