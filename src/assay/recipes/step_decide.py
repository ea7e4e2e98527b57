"""The step type that decides: keep, drop or review, by rules over what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from assay.core.ids import content_hash, sha256_hex
from assay.recipes.caching import State
from assay.recipes.inputs import code_digest, file_digest, full_names
from assay.recipes.step_data import copy_inputs, param_inputs, row_inputs, signal_params, signal_versions
from assay.recipes.steps import STEPS, Draft, Run, Step, StepType


class DecideParams(msgspec.Struct, frozen=True, kw_only=True):
    """`rules`: a preset's name, a file relative to the recipe, or the rules themselves."""

    rules: str | list[dict[str, Any]]
    datasets: list[str] | None = None


class DecideSpec(msgspec.Struct, frozen=True, kw_only=True):
    """DecideParams made concrete: a preset, a file, or a text with the places it has in the recipe."""

    name: str
    file: str | None = None
    text: str | None = None
    place: str = ""

    def digest(self, run: Run) -> str:
        if self.text is not None:
            return sha256_hex(self.text.strip().encode())[:32]
        return file_digest(run, self.file) if self.file else f"preset {self.name}"


def _expand_decide(draft: Draft, params: DecideParams) -> list[Step]:
    from assay.recipes.checks import check_rules

    if isinstance(params.rules, str):
        is_file = params.rules.endswith((".yaml", ".yml")) or "/" in params.rules
        file = str(draft.file.parent / params.rules) if is_file else None
        spec = DecideSpec(name=params.rules, file=file, place=draft.at("rules"))
    else:
        inner = (*draft.path, "rules") if (*draft.path, "rules") in draft.places.spans else draft.path
        spec = DecideSpec(name="inline", text=draft.places.source(inner), place=draft.places.file)
    draft.later(lambda: check_rules(draft, spec))
    draft.depend(spec.file)
    return [draft.step("decide", spec, part=dataset) for dataset in draft.chosen(params.datasets)]


def _decide_inputs(run: Run, step: Step) -> dict[str, Any]:
    spec: DecideSpec = step.params
    return {
        "rules": spec.digest(run),
        **param_inputs(run, _measure_params(run)),
        "code of the rules and signals": code_digest(
            "rules", "signals", "kernels", "text", "records", "flows/measure.py", "flows/decide.py"
        ),
        **row_inputs(run, step),
        **copy_inputs(run, step),
    }


def decide_params(run: Run) -> dict[str, Any]:
    """The parameters that rules see their signals with: those of the recipe's measure section."""
    return signal_params(run, _measure_params(run))


def _measure_params(run: Run) -> Mapping[str, Any]:
    found = [step.params.params for step in run.recipe.steps if step.type.name == "measure"]
    return found[0] if found else {}


def load_rules(spec: DecideSpec) -> Any:
    """The ruleset of a decide section. Raises UserError(s) with the recipe's or the rule file's lines."""
    from assay.rules import load_ruleset, parse_ruleset

    if spec.text is not None:
        return parse_ruleset(spec.text, name=spec.name, at=spec.place)
    return load_ruleset(Path(spec.file) if spec.file else spec.name, at=spec.place)


def _decide_missing(run: Run, step: Step, state: State) -> str:
    for name, key in state.outputs.get("datasets", {}).items():
        saved = run.ws.find_decisions(name, key["version"], key["key"])
        if saved is None or not (run.ws.path / saved.path).is_file():
            return f"the decisions on {name} are gone"
    return ""


def _run_decide(run: Run, step: Step, state: State | None) -> dict[str, Any]:
    from assay.flows.decide import decide
    from assay.flows.verdicts import verdict_changes

    if not full_names(run.ws, str(step.dataset)):
        return {"counts": {"kept": 0, "dropped": 0, "review": 0}, "datasets": {}, "pins": {}}
    rules = load_rules(step.params)
    result = decide(
        run.ws,
        str(step.dataset),
        rules,
        params=decide_params(run),
        message=f"recipe {run.recipe.name}",
        workers=run.workers,
        progress=run.progress,
        run_id=run.run_id,
    )
    datasets = {d.dataset: {"version": d.version, "key": d.key, "ruleset": d.ruleset} for d in result.datasets}
    if state is not None:
        for change in verdict_changes(run.ws, state.outputs.get("datasets", {}), datasets):
            run.tell("changes", change)
    used = {name for d in result.datasets for name in d.signals}
    pin = {"hash": rules.hash, "preset": step.params.file is None and step.params.text is None}
    return {
        "datasets": datasets,
        "counts": {"kept": result.kept, "dropped": result.dropped, "review": result.review},
        "by_rule": dict(result.by_rule),
        "pins": {
            "signals": signal_versions(used),
            "rulesets": {step.params.name: {**pin, "rules": {r.name: content_hash(r.content()) for r in rules.rules}}},
        },
        "cached": result.cached,
    }


STEPS.add(
    StepType(
        name="decide",
        section="decide",
        doc="Keep, drop or review by rules; a changed threshold decides again without measuring again.",
        params=DecideParams,
        shorthand="rules",
        reads=("rows", "texts", "signals", "copies"),
        writes=("decisions",),
        expand=_expand_decide,
        inputs=_decide_inputs,
        missing=_decide_missing,
        run=_run_decide,
    )
)
