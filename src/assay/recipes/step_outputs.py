"""The step types that judge and give out what was decided: gates, report, release."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Literal

import msgspec

from assay.core.errors import UserError
from assay.core.ids import content_hash
from assay.flows.gates import ERROR, PASS, Gate, GateOutcome, Limit, parse_gate
from assay.recipes.caching import State, load_state, why_stale
from assay.recipes.inputs import code_digest, file_digest
from assay.recipes.steps import STEPS, Draft, Run, Step, StepType

# Always checked, unless the recipe has its own of the same metric. The alarm only warns: half a source may
# well be duplicates, but somebody should have looked.
BUILT_IN = (
    Gate(name="counts_add_up", metric="counts_add_up", require=Limit("=", 0)),
    Gate(name="removed_share", metric="removed_share", warn_if=Limit(">", 0.5), min_rows=20),
)


class GatesParams(msgspec.Struct, frozen=True, kw_only=True):
    gates: list[str | dict[str, Any]]


class ReportParams(msgspec.Struct, frozen=True, kw_only=True):
    """`path`: an HTML file, or, for several datasets, one with {dataset} in it."""

    path: str
    datasets: list[str] | None = None


class ReleaseParams(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """`to` is the release's folder, relative to the recipe."""

    name: str
    to: str
    formats: list[Literal["jsonl", "parquet", "messages"]] = msgspec.field(default_factory=lambda: ["jsonl", "parquet"])
    from_: list[str] | None = None


# What the decide steps gave, for those that come after them ------------------------------------------------------


def decided(run: Run) -> dict[str, dict[str, Any]]:
    """Full dataset name -> {version, key, ruleset} of the latest decisions that this recipe made."""
    found: dict[str, dict[str, Any]] = {}
    for step in run.recipe.steps:
        if step.type.name == "decide" and (state := load_state(run, step)) is not None:
            found.update(state.outputs.get("datasets", {}))
    return found


def _undecided(run: Run) -> list[str]:
    """Names of the recipe's decide steps whose decisions are not those of the present rows and rules."""
    return [
        step.name
        for step in run.recipe.steps
        if step.type.name == "decide" and why_stale(run, step, load_state(run, step), step.type.inputs(run, step))
    ]


def _covers(dataset: str, full: str) -> bool:
    return full == dataset or full.startswith(f"{dataset}.")


def _gates_told(run: Run) -> list[list[Any]]:
    return [[gate.name, gate.status, gate.value, gate.threshold] for gate in run.told("gates")]


def _decision_inputs(run: Run, datasets: list[str]) -> dict[str, Any]:
    return {
        f"decisions on {full}": [made["version"], made["key"]]
        for full, made in sorted(decided(run).items())
        if any(_covers(dataset, full) for dataset in datasets)
    }


# gates -----------------------------------------------------------------------------------------------------------


def _expand_gates(draft: Draft, params: GatesParams) -> list[Step]:
    from assay.recipes.checks import check_gate

    if "decide" not in draft.data:
        draft.wrong("E203", "gates need decisions to look at", fix="add a `decide:` section")
    if not params.gates:
        draft.wrong("E203", "gates is empty", fix='such as "uniqueness >= 0.95 in every domain"')
    gates: list[Gate] = []
    for index, entry in enumerate(params.gates):
        try:
            gate = parse_gate(entry, at=draft.at(index))
        except UserError as error:
            draft.errors.append(error)
            continue
        if any(gate.name == other.name for other in gates):
            draft.wrong("E206", f"gate {gate.name!r} stands here twice", index, fix="give one of them a `name`")
        gates.append(gate)
        draft.later(lambda gate=gate: check_gate(draft, gate))  # type: ignore[misc]
    draft.gates = gates
    return [draft.step("gates", GatesParams(gates=params.gates))]


def all_gates(run: Run) -> list[Gate]:
    named = {gate.metric for gate in run.recipe.gates}
    return [*run.recipe.gates, *(gate for gate in BUILT_IN if gate.metric not in named)]


def _gate_inputs(run: Run, step: Step) -> dict[str, Any]:
    gates = [msgspec.to_builtins(msgspec.structs.replace(gate, place="")) for gate in all_gates(run)]
    quarantined = {
        f"quarantine of {dataset}": len(run.ws.ledger.quarantine(dataset)) for dataset in run.recipe.datasets
    }
    return {
        "gates": content_hash(gates),
        "code of the gates": code_digest("flows/gates.py", "flows/gate_values.py", "flows/gate_rows.py", "rules"),
        **quarantined,
        **_decision_inputs(run, list(run.recipe.datasets)),
    }


def _gates_missing(run: Run, step: Step, state: State) -> str:
    for gate in state.outputs.get("gates", []):
        if gate["rows"] and not (run.ws.path / gate["rows"]["path"]).is_file():
            return f"the failing rows of gate {gate['name']} are gone"
    return ""


def _ingest_counts(run: Run) -> dict[str, dict[str, int]]:
    states = {s.name: load_state(run, s) for s in run.recipe.steps if s.type.name == "ingest"}
    return {name: state.outputs.get("counts", {}) for name, state in states.items() if state is not None}


def _run_gates(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.gate_values import check_gates

    outcomes = check_gates(
        run.ws,
        all_gates(run),
        list(run.recipe.datasets),
        decided(run),
        ingested=_ingest_counts(run),
        scope=str(run.recipe.file),
    )
    for outcome in outcomes:
        run.tell("gates", outcome)
    return {"gates": [outcome.as_json() for outcome in outcomes], "counts": _gate_counts(outcomes)}


def _gate_counts(outcomes: list[GateOutcome]) -> dict[str, int]:
    statuses = [outcome.status for outcome in outcomes]
    return {status: statuses.count(status) for status in (PASS, "warn", "fail", ERROR) if status in statuses}


def _replay_gates(run: Run, step: Step, state: State) -> None:
    for outcome in msgspec.convert(state.outputs["gates"], list[GateOutcome]):
        run.tell("gates", outcome)


def _gates_left_out(run: Run, step: Step, reason: Any) -> None:
    """A gate that was not looked at never passes. What it found earlier counts only for the very same decisions."""
    state = load_state(run, step)
    if state is not None and not _undecided(run) and not why_stale(run, step, state, _gate_inputs(run, step)):
        _replay_gates(run, step, state)
        return
    if any(s.type.gated for s in run.recipe.steps):
        for gate in all_gates(run):
            why = f"not measured: {reason}"
            run.tell(
                "gates", GateOutcome(name=gate.name, status=ERROR, value=None, threshold=gate.threshold, reason=why)
            )


STEPS.add(
    StepType(
        name="gates",
        section="gates",
        doc="Conditions that decided datasets must meet before they are released.",
        params=GatesParams,
        shorthand="gates",
        reads=("decisions",),
        writes=("verdict",),
        expand=_expand_gates,
        inputs=_gate_inputs,
        missing=_gates_missing,
        run=_run_gates,
        replay=_replay_gates,
        left_out=_gates_left_out,
    )
)

# report ----------------------------------------------------------------------------------------------------------


def _expand_report(draft: Draft, params: ReportParams) -> list[Step]:
    datasets = draft.chosen(params.datasets)
    if len(datasets) > 1 and "{dataset}" not in params.path:
        fix = "such as reports/{dataset}.html, or name one under `datasets`"
        draft.wrong("E203", f"one report path for {len(datasets)} datasets", "path", fix=fix)
    steps = []
    for dataset in datasets:
        path = params.path.replace("{dataset}", dataset)
        steps.append(draft.step("report", msgspec.structs.replace(params, path=path), part=dataset))
    return steps


def _report_inputs(run: Run, step: Step) -> dict[str, Any]:
    return {
        "path": step.params.path,
        "code of the report": code_digest("report", "flows/report.py", "flows/subjects.py", "rules"),
        "gates": _gates_told(run),
        **_decision_inputs(run, [str(step.dataset)]),
    }


def _report_missing(run: Run, step: Step, state: State) -> str:
    path = Path(state.outputs["path"])
    if not path.is_file():
        return f"{path.name} is gone"
    return "" if file_digest(run, path) == state.outputs["sha256"] else f"{path.name} was altered"


def _run_report(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.report import report

    path = Path(run.recipe.resolve(step.params.path))
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = {full: made for full, made in decided(run).items() if _covers(str(step.dataset), full)}
    if not mine:
        raise UserError(
            "E208", f"no decisions on {step.dataset} to report", at=step.place, fix="add a `decide:` section"
        )
    made = report(
        run.ws,
        str(step.dataset),
        path,
        rules={full: one["key"] for full, one in mine.items()},
        ref={full: one["version"] for full, one in mine.items()},
        gates=run.told("gates"),
    )
    run.tell("reports", str(path))
    scores = {name: msgspec.to_builtins(score) for name, score in made.scorecard.items()}
    return {"path": str(path), "sha256": file_digest(run, path), "counts": scores}


def _replay_report(run: Run, step: Step, state: State) -> None:
    run.tell("reports", state.outputs["path"])


STEPS.add(
    StepType(
        name="report",
        section="report",
        doc="Writes the HTML report; made anew when its file is gone or altered.",
        params=ReportParams,
        shorthand="path",
        reads=("decisions", "verdict"),
        writes=("report",),
        expand=_expand_report,
        inputs=_report_inputs,
        missing=_report_missing,
        run=_run_report,
        replay=_replay_report,
    )
)

# release ---------------------------------------------------------------------------------------------------------


def _expand_release(draft: Draft, params: ReleaseParams) -> list[Step]:
    if "decide" not in draft.data:
        draft.wrong("E203", "a release needs decisions", fix="add a `decide:` section")
    return [draft.step("release", params)]


def _release_inputs(run: Run, step: Step) -> dict[str, Any]:
    params: ReleaseParams = step.params
    return {
        "name": params.name,
        "to": params.to,
        "formats": params.formats,
        "code of the release": code_digest("release", "flows/release.py", "formats", "records"),
        "gates": _gates_told(run),
        **_decision_inputs(run, params.from_ or list(run.recipe.datasets)),
    }


def _release_missing(run: Run, step: Step, state: State) -> str:
    """Every file of the release is there with the bytes it was given; nothing was put beside them."""
    folder = Path(state.outputs["path"])
    if not folder.is_dir():
        return f"{folder.name} is gone"
    known: dict[str, str] = state.outputs["files"]
    found = {f.relative_to(folder).as_posix(): f for f in sorted(folder.rglob("*")) if f.is_file()}
    for name in sorted({*known, *found}):
        if name not in found:
            return f"{name} is gone from the release"
        if name not in known:
            return f"{name} was put into the release"
        if file_digest(run, found[name]) != known[name]:
            return f"{name} of the release was altered"
    return ""


def _run_release(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.release import release

    params: ReleaseParams = step.params
    out = Path(run.recipe.resolve(params.to))
    old = out.parent / f".{out.name}.replaced"
    shutil.rmtree(old, ignore_errors=True)
    if _is_ours(out, params.name):
        os.rename(out, old)  # back again if the new one cannot be made
    try:
        result = release(
            run.ws,
            params.name,
            _release_refs(run, params),
            out,
            rules={full: made["key"] for full, made in decided(run).items()},
            formats=tuple(params.formats),
            gates=run.told("gates"),
            message=f"recipe {run.recipe.name}",
        )
    except BaseException:
        if old.is_dir() and not out.exists():
            os.rename(old, out)
        raise
    shutil.rmtree(old, ignore_errors=True)
    files = {f.relative_to(out).as_posix(): file_digest(run, f) for f in sorted(out.rglob("*")) if f.is_file()}
    fact = {"name": params.name, "path": str(out), "records": result.records}
    run.tell("releases", fact)
    return {**fact, "files": files, "counts": {"records": result.records}}


def _release_refs(run: Run, params: ReleaseParams) -> list[str]:
    """The decided versions, pinned: measuring for another recipe may have moved the newest since."""
    made = decided(run)
    wanted = params.from_ or list(run.recipe.datasets)
    return [f"{full}@{made[full]['version']}" for full in sorted(made) if any(_covers(name, full) for name in wanted)]


def _is_ours(out: Path, name: str) -> bool:
    """A release of this name, which a recipe may replace. Anything else in the way is the user's to move."""
    try:
        manifest = msgspec.json.decode((out / "manifest.json").read_bytes())
    except (OSError, msgspec.DecodeError):
        return False
    return isinstance(manifest, dict) and manifest.get("name") == name


def _replay_release(run: Run, step: Step, state: State) -> None:
    run.tell("releases", {name: state.outputs[name] for name in ("name", "path", "records")})


STEPS.add(
    StepType(
        name="release",
        section="release",
        doc="Freezes the kept records into files; held back when a gate did not pass.",
        params=ReleaseParams,
        reads=("decisions", "verdict"),
        writes=("release",),
        gated=True,
        expand=_expand_release,
        inputs=_release_inputs,
        missing=_release_missing,
        run=_run_release,
        replay=_replay_release,
    )
)
