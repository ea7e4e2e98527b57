"""What a step did last time, and whether that still stands.

A step's state is kept in the ledger under (recipe file, step name): the inputs its result depended on and
the outputs it made. It is skipped when every input is the same and every output is still there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from assay.core.ids import fingerprint
from assay.recipes.steps import Run, Step

SPACE = "recipe-step"
SHOWN = 3  # changed inputs named in a reason; the rest are counted


class State(msgspec.Struct, frozen=True):
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class LedgerTrust:
    """Recipes that passed every check, noted in the workspace's ledger."""

    def __init__(self, ws: Any) -> None:
        self.ws = ws

    def known(self, key: str) -> bool:
        return self.ws.ledger.cache_get("recipe-checked", key) is True

    def add(self, key: str) -> None:
        self.ws.ledger.cache_put("recipe-checked", key, True)


def state_key(run: Run, step: Step) -> str:
    return fingerprint(str(run.recipe.file), step.name)


def load_state(run: Run, step: Step) -> State | None:
    found = run.ws.ledger.cache_get(SPACE, state_key(run, step))
    if found is None:
        return None
    try:
        return msgspec.convert(found, State)
    except msgspec.ValidationError:  # written by another version of Assay: as good as none
        return None


def save_state(run: Run, step: Step, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    run.ws.ledger.cache_put(SPACE, state_key(run, step), {"inputs": inputs, "outputs": outputs})


def changed_inputs(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Labels of what differs, in the order of the new inputs: "rules changed", "new file a.jsonl"."""
    said = [
        f"{label} changed" if label in old else f"new {label}"
        for label, value in new.items()
        if label not in old or old[label] != value
    ]
    return said + [f"{label} is gone" for label in old if label not in new]


def why_stale(run: Run, step: Step, state: State | None, inputs: Mapping[str, Any]) -> str:
    """Why the step has to run, in words; "" when it does not."""
    if state is None:
        return "not run before"
    said = changed_inputs(state.inputs, inputs)
    if said:
        return ", ".join(said[:SHOWN]) + (f" and {len(said) - SHOWN} more" if len(said) > SHOWN else "")
    return step.type.missing(run, step, state)
