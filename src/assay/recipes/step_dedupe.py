"""The step type that finds copies: after the texts are what they will be, before rules decide."""

from __future__ import annotations

from typing import Any

import msgspec

from assay.core.errors import UnknownName, UserError
from assay.recipes.caching import State
from assay.recipes.inputs import code_digest, file_digest, full_names, rows_version
from assay.recipes.steps import STEPS, Draft, Run, Step, StepType


class EngineParams(msgspec.Struct, frozen=True, kw_only=True):
    """Where it runs: `threads` on this machine, or `ray` with the address of a cluster. Results do not depend on it."""

    name: str = "threads"
    address: str | None = None


class DedupeParams(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of `dedupe`. `keep`: the keeper policy, here or in a file relative to the recipe."""

    method: str = "near"
    fields: list[str] | None = None
    threshold: float | None = None
    size: int = 5
    bands: int = 14
    rows: int = 8
    seed: int = 1
    shingles: str = "auto"
    min_tokens: int = 50
    embedder: str = "lexical"
    keep: Any = None
    engine: str | EngineParams = "threads"
    datasets: list[str] | None = None


_NOT_OPTIONS = ("engine", "datasets", "keep")


def _expand(draft: Draft, params: DedupeParams) -> list[Step]:
    draft.later(lambda: _check(draft, params))
    return [
        draft.step("dedupe", params, part=dataset, name=f"dedupe:{dataset}:{params.method}")
        for dataset in draft.chosen(params.datasets)
    ]


def _check(draft: Draft, params: DedupeParams) -> None:
    """Values out of range, unknown methods, preferences and engines; fields are known once the kinds are."""
    from assay.engine.exchange import ENGINES

    if isinstance(params.keep, str):
        draft.depend(str(draft.file.parent / params.keep))
    try:
        _options(params, draft.file.parent)
    except UserError as error:
        draft.wrong(error.code, error.what, *([error.at] if error.at else []), fix=error.fix)
    engine = _engine(params)
    if engine.name not in ENGINES:
        draft.errors.append(UnknownName("engine", engine.name, ENGINES, at=draft.at("engine")))


def _options(params: DedupeParams, folder: Any) -> Any:
    from assay.flows.dedupe.options import options_of

    values = {k: v for k, v in msgspec.to_builtins(params).items() if k not in _NOT_OPTIONS and v is not None}
    keep = folder / params.keep if isinstance(params.keep, str) else params.keep
    return options_of(values, keep)


def _engine(params: DedupeParams) -> EngineParams:
    return EngineParams(name=params.engine) if isinstance(params.engine, str) else params.engine


def _inputs(run: Run, step: Step) -> dict[str, Any]:
    """What is asked for, as written: a second run must not import what would read it."""
    asked = {k: v for k, v in msgspec.to_builtins(step.params).items() if k not in ("engine", "datasets")}
    if isinstance(step.params.keep, str):
        asked["keep"] = file_digest(run, run.recipe.resolve(step.params.keep))
    return {
        "method": step.params.method,
        **asked,
        "code of deduplication": code_digest("dedup", "kernels", "text", "embed", "records", "flows/dedupe"),
        **{f"rows of {name}": rows_version(run.ws, name) for name in full_names(run.ws, str(step.dataset))},
    }


def _missing(run: Run, step: Step, state: State) -> str:
    """A rollback may have taken the signals away."""
    for name, signals in state.outputs.get("signals", {}).items():
        there = run.ws.dataset(name).signals() if name in run.ws.names() else {}
        for signal in signals:
            if signal not in there:
                return f"{name} has no {signal} any more"
    return ""


def _run(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.dedupe.methods import SIGNALS
    from assay.flows.dedupe.run import dedupe

    if not full_names(run.ws, str(step.dataset)):
        return {"counts": {"records": 0, "duplicates": 0}}
    engine = _engine(step.params)
    result = dedupe(
        run.ws,
        str(step.dataset),
        _options(step.params, run.recipe.file.parent),
        engine=engine.name,
        address=engine.address,
        workers=run.workers,
        message=f"recipe {run.recipe.name}",
        progress=run.progress,
        run_id=run.run_id,
    )
    return {
        "counts": {"records": result.records, "clusters": result.clusters, "duplicates": result.duplicates},
        "signals": {part.dataset: list(SIGNALS[result.method]) for part in result.datasets},
        "cached": result.cached,
    }


def _forecast(run: Run, step: Step) -> str:
    from assay.flows.dedupe.plan import forecast

    return forecast(
        run.ws, full_names(run.ws, str(step.dataset)), _options(step.params, run.recipe.file.parent), run.workers
    )


STEPS.add(
    StepType(
        name="dedupe",
        section="dedupe",
        doc="Finds copies (exact, near, substring, semantic) and writes them as signals; rules decide what to drop.",
        params=DedupeParams,
        many=True,
        reads=("rows", "texts"),
        writes=("copies",),
        expand=_expand,
        inputs=_inputs,
        missing=_missing,
        run=_run,
        forecast=_forecast,
    )
)
