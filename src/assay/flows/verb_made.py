"""Signals that a verb measures, brought up to date when `measure` or a rule asks for them."""

from __future__ import annotations

from collections.abc import Sequence

from assay.core.errors import UserError
from assay.engine import Progress
from assay.flows.verb_signals import up_to_date
from assay.signals import Signal
from assay.store import Dataset, Workspace

_DEDUPE = "dedupe --method "


def bring_up_to_date(
    ws: Workspace,
    data: Dataset,
    signals: Sequence[Signal],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
) -> set[str]:
    """Names of those that had to be measured again.

    `dedupe` runs with the options that it last had for this dataset and method, or with its defaults. A verb that
    cannot run by itself (it needs files) raises E207, which says how it is run.
    """
    from assay.flows.dedupe.run import dedupe, last_options

    stale: dict[str, list[str]] = {}
    for signal in signals:
        if not up_to_date(ws, data, [signal.name]):
            stale.setdefault(str(signal.made_by), []).append(signal.name)
    for made_by, names in stale.items():
        if not made_by.startswith(_DEDUPE):
            raise UserError(
                "E207", f"{data.name} has no {names[0]!r} of its present rows", fix=f"assay {made_by} {data.name}"
            )
        options = last_options(ws, data, made_by.removeprefix(_DEDUPE))
        dedupe(ws, data.name, options, workers=workers, progress=progress, run_id=run_id)
    return {name for names in stale.values() for name in names}
