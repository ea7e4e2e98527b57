"""The four methods of `dedupe`, each over one dataset: what it finds, written as signals, and the facts of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.ids import fingerprint
from assay.engine import Engine, Progress
from assay.flows.alarms import ALARM_SHARE, MIN_ROWS, sources_of
from assay.flows.dedupe.exact import SIGNALS as EXACT
from assay.flows.dedupe.exact import exact, exact_values
from assay.flows.dedupe.fragments import fragments_of, index_folder
from assay.flows.dedupe.near import SIGNALS as NEAR
from assay.flows.dedupe.near import Near, near, near_values
from assay.flows.dedupe.options import DedupeOptions
from assay.flows.dedupe.pairs import pair_table, write_pairs
from assay.flows.dedupe.results import BINS, DedupedDataset, SourceShare
from assay.flows.dedupe.semantic import SIGNALS as SEMANTIC
from assay.flows.dedupe.semantic import Semantic, semantic
from assay.flows.dedupe.substring import SIGNALS as SUBSTRING
from assay.flows.dedupe.substring import substring
from assay.flows.rows_digest import rows_digest
from assay.flows.verb_signals import write_signals
from assay.providers.base import Price
from assay.store import Dataset, Workspace

SIGNALS: Mapping[str, tuple[str, ...]] = {
    "exact": EXACT,
    "near": NEAR,
    "substring": SUBSTRING,
    "semantic": SEMANTIC,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """To an endpoint that embeds. key: null for the environment's OPENAI_API_KEY. budget: no call once it is spent.
    price: of a million tokens, in the budget's currency."""

    key: str | None = None
    budget: float | None = None
    price: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One dataset to be deduplicated, and what for."""

    ws: Workspace
    data: Dataset
    asked: DedupeOptions
    settings: Mapping[str, Any]
    engine: Engine
    access: Access
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

    def keep_pairs(self, found: Near | Semantic) -> str:
        """Write the compared pairs to the index; returns the file's place in the workspace."""
        named = fingerprint(dict(self.settings), rows_digest(self.ws, self.data))
        path = index_folder(self.ws, self.data.name) / f"pairs-{self.asked.method}-{named}.parquet"
        write_pairs(path, pair_table(found.row, found.ids, found.left, found.right, found.scores))
        return path.relative_to(self.ws.path).as_posix()


def _near(job: Job) -> DedupedDataset:
    ws, data, params = job.ws, job.data, job.asked.near()
    fragments = fragments_of(ws, data, job.asked.fields)
    found = near(data, fragments, params, job.asked.policy(), job.engine, job.progress)
    by_id = {fragment.id: fragment for fragment in fragments}
    version = job.write(NEAR, lambda fragment: near_values(found, by_id[fragment]), "near copies")
    close = int((found.scores >= params.threshold).sum())
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
        similarity=similarities(found.scores),
        sizes=cluster_sizes(found.keeper),
        sources=source_shares(data, version, found.row[(found.row != found.keeper) & (found.values == 0)]),
        pairs_file=job.keep_pairs(found),
    )


def _exact(job: Job) -> DedupedDataset:
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
        sources=source_shares(data, version, found.copies),
    )


def _substring(job: Job) -> DedupedDataset:
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


def _semantic(job: Job) -> DedupedDataset:
    found = semantic(
        job.ws,
        job.data.name,
        embedder=job.asked.embedder,
        threshold=job.asked.at_least,
        fields=job.asked.fields,
        policy=job.asked.policy(),
        settings=job.settings,
        key=job.access.key,
        budget=job.access.budget,
        price=Price(input=job.access.price),
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
        similarity=similarities(found.found.scores),
        sizes=cluster_sizes(found.found.keeper),
        sources=source_shares(job.data, found.version, found.found.copies),
        pairs_file=job.keep_pairs(found.found),
        embedder=found.embedder,
        recall=found.recall,
    )


METHODS: Mapping[str, Callable[[Job], DedupedDataset]] = {
    "exact": _exact,
    "near": _near,
    "substring": _substring,
    "semantic": _semantic,
}


def similarities(scores: NDArray[np.float64]) -> list[int]:
    """Pairs in each of BINS equal parts of 0 to 1."""
    found: list[int] = np.histogram(np.clip(scores, 0.0, 1.0), bins=BINS, range=(0.0, 1.0))[0].tolist()
    return found


def cluster_sizes(keeper: NDArray[np.int64]) -> list[tuple[int, int]]:
    """(size, how many clusters of it), smallest first; records alone are no cluster."""
    sizes, counts = np.unique(np.unique(keeper, return_counts=True)[1], return_counts=True)
    return [(int(size), int(count)) for size, count in zip(sizes, counts, strict=True) if size > 1]


def source_shares(data: Dataset, version: int, copies: NDArray[np.int64]) -> list[SourceShare]:
    """Copies (row numbers; not those that rules keep for their values) by source, most of them first.

    Sources without any are left out.
    """
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
