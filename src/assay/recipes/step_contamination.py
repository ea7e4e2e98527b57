"""The step type that looks for benchmark items: between ingest and decide."""

from __future__ import annotations

from typing import Any

import msgspec

from assay.recipes.caching import State
from assay.recipes.inputs import code_digest, full_names, rows_version
from assay.recipes.sources import list_sources
from assay.recipes.steps import STEPS, Draft, Run, Step, StepType

_FLOWS = tuple(f"flows/contamination{part}.py" for part in ("", "_items", "_results", "_scan"))


class ContaminationParams(msgspec.Struct, frozen=True, kw_only=True):
    """`against`: files relative to the recipe, or datasets (NAME, NAME@REF). `across_splits`: compare the train split
    with the held-out ones. `fields`, `map`, `min_share`: as of `assay contamination`."""

    against: str | list[str] = []
    fields: tuple[str, ...] = ("text",)
    map: dict[str, str] = {}
    min_share: float = 0.5
    across_splits: bool = False
    datasets: list[str] | None = None


def _expand(draft: Draft, params: ContaminationParams) -> list[Step]:
    if not params.against and not params.across_splits:
        draft.wrong("E203", "nothing to compare with", "against", fix="name files, or say across_splits: true")
    if not 0.0 < params.min_share <= 1.0:
        draft.wrong("E203", f"min_share is {params.min_share}, not a share above 0", "min_share", fix="such as 0.5")
    return [draft.step("contamination", params, part=dataset) for dataset in draft.chosen(params.datasets)]


def _against(run: Run, step: Step) -> tuple[list[str], list[str]]:
    """Files, found from the recipe's folder, and datasets."""
    wanted = [step.params.against] if isinstance(step.params.against, str) else step.params.against
    known = {name for full in run.ws.names() for name in (full, full.rpartition(".")[0])}
    known |= {str(other.dataset) for other in run.recipe.steps if other.type.name == "ingest"}
    datasets = [name for name in wanted if name.partition("@")[0] in known]
    return [run.recipe.resolve(name) for name in wanted if name not in datasets], datasets


def _inputs(run: Run, step: Step) -> dict[str, Any]:
    files, datasets = _against(run, step)
    asked = msgspec.to_builtins(step.params)
    digests = list_sources(run, files, step) if files else {}
    code = code_digest("dedup", "kernels", "text", "records", "formats", *_FLOWS)
    return {
        **{name: asked[name] for name in ("fields", "map", "min_share", "across_splits")},
        **{f"file {path}": digest for path, digest in digests.items()},
        **{f"items of {name}": _versions(run, name) for name in datasets},
        "code of contamination": code,
        **{f"rows of {name}": rows_version(run.ws, name) for name in full_names(run.ws, str(step.dataset))},
    }


def _versions(run: Run, name: str) -> dict[str, int]:
    """Versions of the datasets that NAME or NAME@REF means, by full name."""
    base, _, ref = name.partition("@")
    return {
        full: run.ws.dataset(full).resolve(ref) if ref else rows_version(run.ws, full)
        for full in full_names(run.ws, base)
    }


def _missing(run: Run, step: Step, state: State) -> str:
    from assay.flows.contamination import SIGNALS

    for name in full_names(run.ws, str(step.dataset)):
        there = run.ws.dataset(name).signals()
        if any(signal not in there for signal in SIGNALS):
            return f"{name} has lost its signals"
    return ""


def _run(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.contamination import contamination

    if not full_names(run.ws, str(step.dataset)):
        return {"counts": {"records": 0, "hits": 0, "items": 0}}
    files, datasets = _against(run, step)
    params: ContaminationParams = step.params
    result = contamination(
        run.ws,
        str(step.dataset),
        [*files, *datasets],
        fields=params.fields,
        mapping=params.map,
        min_share=params.min_share,
        across_splits=params.across_splits,
        workers=run.workers,
        message=f"recipe {run.recipe.name}",
        progress=run.progress,
        run_id=run.run_id,
    )
    counts = {"items": result.items, "hits": result.hits, "records": result.records, "unread": result.unread}
    return {"counts": counts, "cached": result.cached}


STEPS.add(
    StepType(
        name="contamination",
        section="contamination",
        doc="Looks for benchmark items in the records and writes what it finds as signals.",
        params=ContaminationParams,
        many=True,
        shorthand="against",
        reads=("rows", "texts"),
        writes=("signals",),
        expand=_expand,
        inputs=_inputs,
        missing=_missing,
        run=_run,
    )
)
