"""The step types that fill and measure datasets: ingest, measure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from assay.core.ids import content_hash, path_digest
from assay.recipes.caching import State
from assay.recipes.inputs import code_digest, copies_version, full_names, rows_version
from assay.recipes.steps import STEPS, Draft, Run, Step, StepType

# What ingest depends on beside its files. A setting at its default is not an input: adding settings later
# must not make old recipes run again.
_SETTINGS = ("kind", "domain", "origin", "license", "format", "map", "on_conflict", "raw")


KindName = Literal[
    "auto", "classification", "qa", "reasoning", "composite", "agentic", "multimodal", "simulation", "domain_log",
    "preference",
]  # fmt: skip


class SourceParams(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of `sources`. `paths` are files, folders, globs or URLs, relative to the recipe."""

    dataset: str
    paths: str | list[str]
    name: str | None = None
    kind: KindName = "auto"
    domain: str | None = None
    origin: Literal["human", "model", "agent", "simulator", "sensor", "unknown"] | None = None
    license: str | None = None
    format: str | None = None
    map: dict[str, str] = {}
    on_conflict: Literal["quarantine", "new-version"] = "quarantine"
    raw: Literal["auto", "keep"] = "auto"


class MeasureParams(msgspec.Struct, frozen=True, kw_only=True):
    """`signals`: "default" (each kind's own set) or names; rules get what they mention in any case."""

    signals: Literal["default"] | list[str] = "default"
    params: dict[str, Any] = {}
    datasets: list[str] | None = None


# ingest ----------------------------------------------------------------------------------------------------------


def _expand_source(draft: Draft, params: SourceParams) -> list[Step]:
    from assay.recipes.checks import check_source

    draft.later(lambda: check_source(draft, params))
    if params.paths in ("-", ["-"]):
        draft.wrong(
            "E203", "a recipe cannot read standard input", "paths", fix="name a file: a rerun must find it again"
        )
    if not params.dataset or "@" in params.dataset:
        draft.wrong("E203", f"{params.dataset!r} is no dataset's name", "dataset", fix="such as tickets")
    if not params.paths:
        draft.wrong("E203", "paths is empty", "paths", fix="name files, folders, globs or URLs")
    return [draft.step("ingest", params, part=params.dataset, name=params.name)]


def source_list(run: Run, step: Step) -> list[str]:
    paths = [step.params.paths] if isinstance(step.params.paths, str) else step.params.paths
    return [run.recipe.resolve(path) for path in paths]


def _source_files(run: Run, step: Step) -> dict[str, str]:
    """Path below its root -> digest, of every file the step reads; listed and read once per run."""
    if step.name not in run.files:
        from assay.recipes.sources import list_sources

        run.files[step.name] = list_sources(run, source_list(run, step), step)
    return run.files[step.name]


def _ingest_inputs(run: Run, step: Step) -> dict[str, Any]:
    chosen = msgspec.to_builtins(step.params)
    settings = {name: chosen[name] for name in _SETTINGS if name in chosen}
    files = {f"file {path}": digest for path, digest in _source_files(run, step).items()}
    return {**settings, "code of the readers": code_digest("records", "formats"), **files}


def _ingest_missing(run: Run, step: Step, state: State) -> str:
    """A dataset that went away, or was rolled back since: its rows may not be there any more."""
    there = full_names(run.ws, str(step.dataset))
    for name, version in state.outputs.get("datasets", {}).items():
        if name not in there:
            return f"{name} is not in the workspace any more"
        if any(v.verb == "rollback" and v.number > version for v in run.ws.ledger.versions(name)):
            return f"{name} was rolled back since"
    return ""


def _run_ingest(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.ingest import ingest
    from assay.recipes.sources import changed_sources

    params: SourceParams = step.params
    sources = changed_sources(run, step, state, _ingest_inputs(run, step), source_list(run, step))
    result = ingest(
        run.ws,
        params.dataset,
        sources,
        kind=params.kind,
        domain=params.domain,
        origin=params.origin,
        license=params.license,
        format=params.format,
        mapping=params.map,
        on_conflict=params.on_conflict,
        raw=params.raw,
        message=f"recipe {run.recipe.name}",
        workers=run.workers,
        progress=run.progress,
    )
    counts = {name: getattr(result, name) for name in ("read", "added", "duplicates", "quarantined")}
    versions = {name: run.ws.ledger.head(name) for name in full_names(run.ws, params.dataset)}
    return {"datasets": versions, "counts": counts}


STEPS.add(
    StepType(
        name="ingest",
        section="sources",
        doc="Reads files into datasets; only files that are new or changed are read again.",
        params=SourceParams,
        many=True,
        reads=(),
        writes=("rows",),
        expand=_expand_source,
        inputs=_ingest_inputs,
        missing=_ingest_missing,
        run=_run_ingest,
    )
)

# measure ---------------------------------------------------------------------------------------------------------


def _expand_measure(draft: Draft, params: MeasureParams) -> list[Step]:
    from assay.recipes.checks import check_measure

    draft.later(lambda: check_measure(draft, params))
    return [draft.step("measure", params, part=dataset) for dataset in draft.chosen(params.datasets)]


def signal_params(run: Run, params: Mapping[str, Any]) -> dict[str, Any]:
    """What signals are given: the recipe's as_of, and its params with files relative to the recipe."""
    paths = file_params(params)
    given = {name: _file_of(run, name, value) if name in paths else value for name, value in params.items()}
    return {**({"as_of": run.recipe.as_of} if run.recipe.as_of else {}), **given}


def _file_of(run: Run, name: str, value: str) -> str:
    """A path relative to the recipe, or the file of a quality model of this workspace, by its name."""
    path: str = run.recipe.resolve(value)
    if name == "model" and not Path(path).exists():
        from assay.flows.quality import model_file

        return model_file(run.ws, value)
    return path


def file_params(params: Mapping[str, Any]) -> set[str]:
    """Those that name a file or a folder. The signals are imported only where there is something to ask them."""
    if not any(isinstance(value, str) and name != "as_of" for name, value in params.items()):
        return set()
    from assay.signals import SIGNALS

    return {name for signal in SIGNALS for name in signal.files if isinstance(params.get(name), str)}


def param_inputs(run: Run, params: Mapping[str, Any]) -> dict[str, Any]:
    """Each parameter by its value; a file by what is in it."""
    paths = file_params(params)
    values = signal_params(run, params)
    return {
        f"param {name}": path_digest(value, name) if name in paths else content_hash(value)
        for name, value in values.items()
    }


def row_inputs(run: Run, step: Step) -> dict[str, Any]:
    return {f"rows of {name}": rows_version(run.ws, name) for name in full_names(run.ws, str(step.dataset))}


def copy_inputs(run: Run, step: Step) -> dict[str, Any]:
    """What the recipe's own steps found beyond single rows; a recipe without such steps has no such inputs."""
    if not any("copies" in other.type.writes for other in run.recipe.steps):
        return {}
    return {f"copies in {name}": copies_version(run.ws, name) for name in full_names(run.ws, str(step.dataset))}


def _measure_inputs(run: Run, step: Step) -> dict[str, Any]:
    params: MeasureParams = step.params
    return {
        "signals": params.signals,
        **param_inputs(run, params.params),
        "code of the signals": code_digest("signals", "kernels", "text", "records", "flows/measure.py"),
        **row_inputs(run, step),
    }


def _nothing_missing(run: Run, step: Step, state: State) -> str:
    return ""


def _run_measure(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.measure import measure

    params: MeasureParams = step.params
    if not full_names(run.ws, str(step.dataset)):
        return {"counts": {"rows": 0}, "pins": {}}
    result = measure(
        run.ws,
        str(step.dataset),
        only=() if params.signals == "default" else tuple(params.signals),
        also=_mentioned(run),
        run_id=run.run_id,
        params=signal_params(run, params.params),
        workers=run.workers,
        message=f"recipe {run.recipe.name}",
        progress=run.progress,
    )
    measured = {
        (d.dataset, name) for d in result.datasets for name, status in d.signals.items() if status == "measured"
    }
    return {
        "counts": {"rows": sum(d.rows for d in result.datasets), "columns_measured": len(measured)},
        "pins": {"signals": signal_versions(name for d in result.datasets for name in d.signals)},
        "cached": not measured,
    }


def _mentioned(run: Run) -> list[str]:
    """Signals that the recipe's rules read: measured together with the others, in one version."""
    from assay.recipes.step_decide import load_rules
    from assay.signals import SIGNALS

    rulesets = [load_rules(step.params) for step in run.recipe.steps if step.type.name == "decide"]
    names = {name for rules in rulesets for rule in rules.rules for name in rule.expression.names if name in SIGNALS}
    return sorted(name for name in names if SIGNALS.get(name).scope != "verb")


def signal_versions(names: Any) -> dict[str, int]:
    from assay.signals import SIGNALS

    return {name: SIGNALS.get(name).version for name in sorted(set(names))}


STEPS.add(
    StepType(
        name="measure",
        section="measure",
        doc="Measures signals; only missing (fragment, signal) pairs are computed.",
        params=MeasureParams,
        shorthand="signals",
        reads=("rows", "texts", "copies"),
        writes=("signals",),
        expand=_expand_measure,
        inputs=_measure_inputs,
        missing=_nothing_missing,
        run=_run_measure,
    )
)
