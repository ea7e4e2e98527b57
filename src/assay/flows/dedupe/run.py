"""Deduplicate: find copies by one of four methods and write them as signals. Dropping is a rule's decision."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from assay.core.ids import fingerprint
from assay.engine import Engine, Progress, open_engine
from assay.flows.dedupe.methods import METHODS, SIGNALS, Access, Job
from assay.flows.dedupe.options import DedupeOptions
from assay.flows.dedupe.results import DedupedDataset, DedupeResult, peak_bytes
from assay.flows.rows_digest import rows_digest
from assay.flows.verb_signals import up_to_date
from assay.store import Dataset, Workspace

_FACTS, _OPTIONS = "dedupe", "dedupe-options"


def dedupe(
    ws: Workspace,
    dataset: str,
    options: DedupeOptions | None = None,
    *,
    engine: str | Engine = "threads",
    address: str | None = None,
    access: Access | None = None,
    workers: int | None = None,
    message: str | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
    report: str | Path | None = None,
) -> DedupeResult:
    """Find copies in every dataset that the name covers; each is compared within itself.

    What was found under the same options on the same rows is not sought again; signatures of fragments that were
    signed before are not made again. Results do not depend on the engine, its workers, or how rows lie in fragments.
    E101: dataset, field, method or column of the policy; E104: a value out of range; E105, E111: the engine.
    """
    asked = options or DedupeOptions()
    started = time.perf_counter()
    opened = open_engine(engine, address=address, workers=workers) if isinstance(engine, str) else engine
    run = ws.ledger.run_start("dedupe", {"dataset": dataset, **asked.as_json()}) if run_id is None else run_id

    def jobs(on: Engine) -> Iterator[Job]:
        for name in ws.names(dataset):
            data = ws.dataset(name)
            settings = settings_of(data, asked)
            yield Job(
                ws=ws, data=data, asked=asked, settings=settings, engine=on,
                access=access or Access(), workers=workers, message=message,
                progress=progress, run_id=run,
            )  # fmt: skip

    try:
        parts = [_one(job) for job in jobs(opened)]
    except BaseException as error:
        if run_id is None:
            ws.ledger.run_end(run, "failed", {"error": str(error)})
        raise
    finally:
        if opened is not engine:
            opened.close()
    result = DedupeResult(
        method=asked.method,
        settings=asked.as_json(),
        engine=opened.name,
        **{name: sum(getattr(part, name) for part in parts) for name in _SUMMED},
        seconds=round(time.perf_counter() - started, 3),
        peak_bytes=peak_bytes(),
        datasets=parts,
    )
    if report is not None:
        from assay.flows.dedupe.report import write_report

        result = msgspec.structs.replace(result, report=", ".join(write_report(ws, result, asked, Path(report))))
    if run_id is None:
        ws.ledger.run_end(run, "done", result.as_json())
    return result


_SUMMED = ("records", "clusters", "duplicates", "verified_pairs", "rejected_pairs", "bytes")


def last_options(ws: Workspace, data: Dataset, method: str) -> DedupeOptions:
    """The options with which a dataset was last deduplicated by this method; the defaults where it never was."""
    saved = ws.ledger.cache_get(_OPTIONS, f"{data.name} {method}")
    return msgspec.convert(saved or {"method": method}, DedupeOptions)


def settings_of(data: Dataset, asked: DedupeOptions) -> dict[str, Any]:
    """Everything but the rows that decides the signals: their fingerprint is made of it."""
    policy = asked.policy()
    columns = data.signals()
    # A policy may read signals: other values, another keeper.
    read = {
        p.value: columns[p.value].fingerprint
        for p in policy.keep
        if p.name in ("highest", "lowest") and p.value in columns
    }
    found: dict[str, Any] = {"options": asked.as_json(), "policy": policy.settings, "policy_signals": read}
    return found | ({"near": asked.near().settings} if asked.method == "near" else {})


def _one(job: Job) -> DedupedDataset:
    started = time.perf_counter()
    ws, data, asked = job.ws, job.data, job.asked
    known = found_before(ws, data, asked, job.settings)
    if known is not None:
        return known
    with ws.lock(data.name, "dedupe"):
        known = found_before(ws, data, asked, job.settings)  # the head may have moved before we had the lock
        if known is not None:
            return known
        if data.head == 0:
            return DedupedDataset(dataset=data.name, version=0, records=0, compared=0, clusters=0, duplicates=0)
        facts = METHODS[asked.method](job)
        facts = msgspec.structs.replace(facts, seconds=round(time.perf_counter() - started, 3))
        ws.ledger.cache_put(_FACTS, _key(ws, data, job.settings), msgspec.to_builtins(facts))
        ws.ledger.cache_put(_OPTIONS, f"{data.name} {asked.method}", asked.as_json())
    return facts


def found_before(
    ws: Workspace, data: Dataset, asked: DedupeOptions, settings: Mapping[str, Any] | None = None
) -> DedupedDataset | None:
    """What the same options came to on the same rows, where all of it is still there."""
    settings = settings_of(data, asked) if settings is None else settings
    if data.head == 0 or not up_to_date(ws, data, SIGNALS[asked.method], settings):
        return None
    saved = ws.ledger.cache_get(_FACTS, _key(ws, data, settings))
    if saved is None:
        return None
    facts = msgspec.convert(saved, DedupedDataset)
    files = [ws.path / name for name in (facts.pairs_file, facts.cut_file) if name is not None]
    if not all(file.is_file() for file in files):
        return None
    return msgspec.structs.replace(facts, version=data.head, cached=True)


def _key(ws: Workspace, data: Dataset, settings: Mapping[str, Any]) -> str:
    return f"{data.name} {fingerprint(dict(settings), rows_digest(ws, data))}"
