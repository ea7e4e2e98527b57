"""Deduplicate: find copies by one of four methods and write them as signals. Dropping is a rule's decision."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.ids import fingerprint
from assay.engine import Engine, Progress, open_engine
from assay.flows.alarms import ALARM_SHARE, MIN_ROWS, sources_of
from assay.flows.dedupe.exact import SIGNALS as EXACT
from assay.flows.dedupe.exact import exact, exact_values
from assay.flows.dedupe.fragments import fragments_of, index_folder
from assay.flows.dedupe.near import SIGNALS as NEAR
from assay.flows.dedupe.near import near, near_values
from assay.flows.dedupe.options import DedupeOptions
from assay.flows.dedupe.pairs import pair_table, write_pairs
from assay.flows.dedupe.results import BINS, DedupedDataset, DedupeResult, SourceShare, peak_bytes
from assay.flows.dedupe.semantic import SIGNALS as SEMANTIC
from assay.flows.dedupe.semantic import semantic
from assay.flows.dedupe.substring import SIGNALS as SUBSTRING
from assay.flows.dedupe.substring import substring
from assay.flows.rows_digest import rows_digest
from assay.flows.verb_signals import up_to_date, write_signals
from assay.store import Dataset, Workspace

_FACTS, _OPTIONS = "dedupe", "dedupe-options"
SIGNALS: Mapping[str, tuple[str, ...]] = {
    "exact": EXACT,
    "near": NEAR,
    "substring": SUBSTRING,
    "semantic": SEMANTIC,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One dataset to be deduplicated, and what for."""

    ws: Workspace
    data: Dataset
    asked: DedupeOptions
    settings: Mapping[str, Any]
    engine: Engine
    workers: int | None
    message: str | None
    progress: Progress | None
    run_id: str | None

    def write(self, names: Sequence[str], values: Callable[[int], Mapping[str, pa.Array]], message: str) -> int:
        """The signals as one version; returns its number."""
        return write_signals(
            self.ws,
            self.data,
            names,
            self.settings,
            values,
            verb=f"dedupe --method {self.asked.method}",
            message=self.message or message,
            run_id=self.run_id,
        )


def dedupe(
    ws: Workspace,
    dataset: str,
    options: DedupeOptions | None = None,
    *,
    engine: str | Engine = "threads",
    address: str | None = None,
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
    run = ws.ledger.run_start("dedupe", {"dataset": dataset, **asked.as_json()}) if run_id is None else run_id
    opened = open_engine(engine, address=address, workers=workers) if isinstance(engine, str) else engine

    def jobs(on: Engine) -> Iterator[_Job]:
        for name in ws.names(dataset):
            data = ws.dataset(name)
            settings = settings_of(data, asked)
            yield _Job(
                ws=ws, data=data, asked=asked, settings=settings, engine=on, workers=workers, message=message,
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


def _one(job: _Job) -> DedupedDataset:
    started = time.perf_counter()
    ws, data, asked = job.ws, job.data, job.asked
    ws.ledger.cache_put(_OPTIONS, f"{data.name} {asked.method}", asked.as_json())
    known = found_before(ws, data, asked, job.settings)
    if known is not None:
        return known
    with ws.lock(data.name, "dedupe"):
        known = found_before(ws, data, asked, job.settings)  # the head may have moved before we had the lock
        if known is not None:
            return known
        if data.head == 0:
            return DedupedDataset(dataset=data.name, version=0, records=0, compared=0, clusters=0, duplicates=0)
        facts = _METHODS[asked.method](job)
        facts = msgspec.structs.replace(facts, seconds=round(time.perf_counter() - started, 3))
        ws.ledger.cache_put(_FACTS, _key(ws, data, job.settings), msgspec.to_builtins(facts))
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
    if facts.pairs_file is not None and not (ws.path / facts.pairs_file).is_file():
        return None
    return msgspec.structs.replace(facts, version=data.head, cached=True)


def _key(ws: Workspace, data: Dataset, settings: Mapping[str, Any]) -> str:
    return f"{data.name} {fingerprint(dict(settings), rows_digest(ws, data))}"


def _near(job: _Job) -> DedupedDataset:
    ws, data, params = job.ws, job.data, job.asked.near()
    fragments = fragments_of(ws, data, job.asked.fields)
    found = near(data, fragments, params, job.asked.policy(), job.engine, job.progress)
    pairs = index_folder(ws, data.name) / f"pairs-near-{fingerprint(dict(job.settings), rows_digest(ws, data))}.parquet"
    write_pairs(pairs, pair_table(found.row, found.ids, found.left, found.right, found.scores))
    by_id = {fragment.id: fragment for fragment in fragments}
    version = job.write(NEAR, lambda fragment: near_values(found, by_id[fragment]), "near copies")
    close = int((found.scores >= params.threshold).sum())
    copies = found.row[found.row != found.keeper]
    return DedupedDataset(
        dataset=data.name,
        version=version,
        records=len(found.shingles),
        compared=int((found.shingles > 0).sum()),
        clusters=found.clusters,
        duplicates=found.duplicates,
        verified_pairs=close + found.more_close,
        rejected_pairs=len(found.scores) - close + found.more - found.more_close,
        pairs_left_out=found.missed,
        with_values=int((found.values[found.row != found.keeper] > 0).sum()),
        from_index=found.known,
        bytes=found.bytes,
        similarity=np.histogram(found.scores, bins=BINS, range=(0.0, 1.0))[0].tolist(),
        sizes=cluster_sizes(found.keeper),
        sources=source_shares(data, version, copies),
        pairs_file=pairs.relative_to(ws.path).as_posix(),
    )


def _exact(job: _Job) -> DedupedDataset:
    data = job.data
    fragments = fragments_of(job.ws, data, job.asked.fields)
    found = exact(data, fragments, job.asked.policy(), job.engine, job.progress)
    by_id = {fragment.id: fragment for fragment in fragments}
    version = job.write(EXACT, lambda fragment: exact_values(found, by_id[fragment]), "equal texts")
    return DedupedDataset(
        dataset=data.name,
        version=version,
        records=len(found.words),
        compared=int((found.words > 0).sum()),
        clusters=found.clusters,
        duplicates=found.duplicates,
        verified_pairs=found.duplicates,
        bytes=found.bytes,
        sizes=cluster_sizes(found.keeper),
        sources=source_shares(data, version, found.row[found.row != found.keeper]),
    )


def _substring(job: _Job) -> DedupedDataset:
    found = substring(
        job.ws,
        job.data.name,
        min_tokens=job.asked.min_tokens,
        fields=job.asked.fields,
        engine=job.engine,
        settings=job.settings,
        progress=job.progress,
        run_id=job.run_id,
        message=job.message,
    )
    return DedupedDataset(
        dataset=job.data.name,
        version=found.version,
        records=found.records,
        compared=found.records,
        clusters=found.spans,
        duplicates=found.records_with_spans,
        bytes=found.bytes,
        spans=found.spans,
        repeated_bytes=found.repeated_bytes,
        cut_file=str(found.cut_file),
    )


def _semantic(job: _Job) -> DedupedDataset:
    found = semantic(
        job.ws,
        job.data.name,
        embedder=job.asked.embedder,
        threshold=job.asked.at_least,
        fields=job.asked.fields,
        policy=job.asked.policy(),
        settings=job.settings,
        workers=job.workers,
        progress=job.progress,
        run_id=job.run_id,
        message=job.message,
    )
    return DedupedDataset(
        dataset=job.data.name,
        version=found.version,
        records=found.records,
        compared=found.compared,
        clusters=found.clusters,
        duplicates=found.duplicates,
        verified_pairs=found.verified_pairs,
        rejected_pairs=found.rejected_pairs,
        bytes=found.bytes,
        embedder=found.embedder,
    )


_METHODS: Mapping[str, Callable[[_Job], DedupedDataset]] = {
    "exact": _exact,
    "near": _near,
    "substring": _substring,
    "semantic": _semantic,
}


def cluster_sizes(keeper: NDArray[np.int64]) -> list[tuple[int, int]]:
    """(size, how many clusters of it), smallest first; records alone are no cluster."""
    sizes, counts = np.unique(np.unique(keeper, return_counts=True)[1], return_counts=True)
    return [(int(size), int(count)) for size, count in zip(sizes, counts, strict=True) if size > 1]


def source_shares(data: Dataset, version: int, copies: NDArray[np.int64]) -> list[SourceShare]:
    """Copies (row numbers) by source, most of them first; sources without any are left out."""
    if not len(copies):
        return []
    names, codes = sources_of(data, version)
    rows, there = np.bincount(codes, minlength=len(names)), np.bincount(codes[copies], minlength=len(names))
    found = [
        SourceShare(
            source=names[i],
            rows=int(rows[i]),
            duplicates=int(there[i]),
            alarm=bool(rows[i] >= MIN_ROWS and there[i] > ALARM_SHARE * rows[i]),
        )
        for i in np.flatnonzero(there).tolist()
    ]
    return sorted(found, key=lambda one: (-one.duplicates, one.source))
