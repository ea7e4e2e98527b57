"""Checks of a recipe that need the registries: names of kinds, formats, signals, rules and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.core.errors import UnknownName, UserError
from assay.flows.gates import Gate
from assay.recipes.steps import Draft

if TYPE_CHECKING:
    from assay.recipes.step_data import MeasureParams, SourceParams
    from assay.recipes.step_decide import DecideSpec


def check_source(draft: Draft, params: SourceParams) -> None:
    from assay.formats import parse_wanted
    from assay.records import parse_map

    try:
        parse_wanted(params.format)
    except UserError as error:
        draft.wrong(error.code, error.what, "format", fix=error.fix)
    for ours, theirs in params.map.items():
        try:
            parse_map([f"{ours}={theirs}"])
        except UserError as error:
            draft.wrong(error.code, error.what, "map", ours, fix=error.fix)


def check_measure(draft: Draft, params: MeasureParams) -> None:
    from assay.signals import SIGNALS

    names = [] if params.signals == "default" else params.signals
    for index, name in enumerate(names):
        if name not in SIGNALS:
            draft.errors.append(UnknownName("signal", name, SIGNALS.names(), at=draft.at("signals", index)))
    known = {param for signal in SIGNALS for param in signal.params}
    for name in params.params:
        if name not in known:
            draft.errors.append(UnknownName("signal parameter", name, known, at=draft.at("params", name)))


def check_rules(draft: Draft, spec: DecideSpec) -> None:
    from assay.recipes.step_decide import load_rules
    from assay.records.schema import KIND_NAMES
    from assay.rules import check_names
    from assay.signals import known_columns

    # Which kinds there will be is known only after the ingest: a name that some kind has will do for now.
    known = {name: column for kind in KIND_NAMES for name, column in known_columns(kind).items()}
    check_names(load_rules(spec).rules, {"any kind": known})


def check_gate(draft: Draft, gate: Gate) -> None:
    """A gate's column or condition uses names that at least one kind has."""
    from assay.flows.gate_rows import gate_columns

    gate_columns(gate)
