"""Semantic copies of one dataset: vectors, exact cosines, clusters around keepers, and the signals that say so."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import one_array
from assay.core.ids import fingerprint, xxh3_hex
from assay.dedup.keepers import Policy, parse_policy
from assay.dedup.semantic import FLOOR, MOST_KEPT, ClosePairs, close_pairs, clusters, measured_recall, same_vectors
from assay.embed import Embedder
from assay.engine import Progress
from assay.flows.dedupe.embedders import TextRows, open_embedder, read_texts, stem_of, vectors_of
from assay.flows.dedupe.fragments import Fragment, fragments_of, index_folder
from assay.flows.dedupe.rows import Clustered, members, policy_rows, spread
from assay.flows.verb_signals import write_signals
from assay.kernels import cells, cosine
from assay.kernels.caching import source_stamp
from assay.providers import Price
from assay.records.schema import TEXT
from assay.store import Workspace
from assay.store.vectors import CellSearch, ExactSearch

SIGNALS = (
    "semantic_duplicate_of",
    "semantic_similarity",
    "semantic_cluster",
    "semantic_cluster_size",
    "semantic_by",
)
THRESHOLD = 0.9
# Distinct vectors up to which every pair is looked at: 2 minutes of one core at 192 values. Beyond, pairs that share a
# cell, a search that may miss some; how many is measured.
EXACT_ROWS = 200_000

Ints = NDArray[np.int64]
_NO_PRICE = Price()


@dataclass(frozen=True, slots=True, kw_only=True)
class Semantic(Clustered):
    """Everything a run found. Aligned arrays of members: row (sorted numbers), keeper, score (NaN for a keeper), ids.

    left, right: int64, rows that stand for their vectors; scores: float64, their cosines, at least the floor: of each
    row the closest MOST_KEPT. verified_pairs, rejected_pairs: pairs of all vectors on both sides of the threshold,
    copies with the very same vector counted once each. known: bool[all rows], has a vector. texts: distinct ones;
    cached: of them, embedded before. searched: keepers with more copies than are kept. recall: of the
    pairs at or above the floor, measured on a sample where not every pair was looked at; 1 elsewhere.
    """

    score: NDArray[np.float64]
    ids: pa.LargeStringArray
    left: Ints
    right: Ints
    scores: NDArray[np.float64]
    known: NDArray[np.bool_]
    verified_pairs: int
    rejected_pairs: int
    embedder: str
    lexical: bool
    dim: int
    texts: int
    cached: int
    searched: int
    recall: float
    bytes: int


def find_semantic(
    ws: Workspace, fragments: Sequence[Fragment], texts: TextRows, embedder: Embedder, policy: Policy, *,
    threshold: float = THRESHOLD, floor: float = FLOOR, most: int = MOST_KEPT, exact_rows: int | None = None,
    workers: int | None = None, progress: Progress | None = None,
) -> Semantic:  # fmt: skip
    """Find and verify copies. Same result for any number of workers and layout of fragments.

    With the vectors and pairs of an earlier run on the same texts, only the clusters are made anew: another threshold
    or policy costs no search.
    """
    if not fragments:
        return _nothing(embedder)
    vectors, cached = vectors_of(ws, fragments, texts, embedder, calls=workers, progress=progress)
    some = np.flatnonzero(vectors.any(axis=1)) if len(vectors) else np.zeros(0, np.int64)
    vectors = vectors[some]
    first, of_vector = same_vectors(vectors) if len(vectors) else (some, some)
    vectors = vectors[first]
    group_of_text = np.full(len(texts.digests) + 1, -1, np.int64)  # the last one: no text
    group_of_text[some] = of_vector
    group = group_of_text[texts.text]
    exact = ExactSearch(vectors)
    code = source_stamp(Path(cosine.__file__)) + source_stamp(Path(cells.__file__))
    whole = len(vectors) <= (EXACT_ROWS if exact_rows is None else exact_rows)
    named = fingerprint(xxh3_hex(texts.digests[some].tobytes()), floor, most, whole, code)
    stem = stem_of(fragments, embedder)
    pairs = _pairs(ws, fragments, stem, named, exact, whole, floor, most, progress)
    rows = np.flatnonzero(group >= 0)
    sizes = np.bincount(group[rows], minlength=len(vectors))
    rows = rows[(sizes[group[rows]] > 1) | (np.diff(pairs.starts)[group[rows]] > 0)]
    table = policy_rows(fragments[0].data, fragments, rows, texts.lengths, policy)
    ranks, protected = policy.ranks(table), policy.protected(table)
    found = clusters(pairs, exact, vectors, group[rows], ranks, protected, threshold)
    here = _standing_for(group[rows], ranks, len(vectors))
    left = np.repeat(np.arange(len(vectors)), np.diff(pairs.starts))
    right = pairs.others.astype(np.int64)
    low, high = np.minimum(left, right), np.maximum(left, right)
    _, once = np.unique(low * max(len(vectors), 1) + high, return_index=True)  # most pairs are in both rows' lists
    close = pairs.at_least(threshold)
    return Semantic(
        row=rows,
        keeper=rows[found.keeper],
        score=found.score,
        ids=one_array(table["record_id"]),
        left=rows[here[low[once]]],
        right=rows[here[high[once]]],
        scores=pairs.scores[once],
        known=group >= 0,
        verified_pairs=close + int((sizes - 1)[sizes > 0].sum()),
        rejected_pairs=int(pairs.counts.sum()) - close,
        embedder=embedder.name,
        lexical=embedder.lexical,
        dim=vectors.shape[1],
        texts=len(texts.digests),
        cached=cached,
        searched=found.searched,
        recall=pairs.recall,
        bytes=int(texts.lengths.sum()),
    )


def _nothing(embedder: Embedder) -> Semantic:
    rows, scores = np.zeros(0, np.int64), np.zeros(0)
    return Semantic(
        row=rows, keeper=rows, score=scores, ids=pa.array([], TEXT), left=rows, right=rows, scores=scores,
        known=np.zeros(0, np.bool_), verified_pairs=0, rejected_pairs=0, embedder=embedder.name,
        lexical=embedder.lexical, dim=embedder.dim or 0, texts=0, cached=0, searched=0, recall=1.0, bytes=0,
    )  # fmt: skip


def _standing_for(group: Ints, ranks: Ints, groups: int) -> Ints:
    """The best row of each group; -1 for a group without one."""
    order = np.argsort(ranks, kind="stable")
    names, first = np.unique(group[order], return_index=True)
    out = np.full(groups, -1, np.int64)
    out[names] = order[first]
    return out


def _pairs(
    ws: Workspace, fragments: Sequence[Fragment], stem: str, named: str, exact: ExactSearch, whole: bool, floor: float,
    most: int, progress: Progress | None,
) -> ClosePairs:  # fmt: skip
    vectors = exact.vectors
    folder = index_folder(ws, fragments[0].dataset)
    path = folder / f"close-{stem}-{named}.npz"
    found = ClosePairs.load(path)
    if found is not None and len(found.cut) == len(vectors):
        return found
    if progress is not None:
        progress.start(f"search {fragments[0].dataset}", None)
    found = close_pairs(exact if whole else CellSearch(vectors), vectors, floor, most)
    if not whole:
        found = replace(found, recall=measured_recall(found, exact, vectors))
    found.save(path)
    older = stem.rpartition("-")[0] + "-" if stem.startswith("lexical-") else stem
    for old in folder.glob(f"close-{older}*.npz"):
        if old != path:
            old.unlink()
    return found


def semantic_values(found: Semantic, fragment: Fragment) -> dict[str, pa.Array]:
    """The signals of one fragment's rows."""
    here = members(found.row, found.keeper, found.ids, fragment)
    known = found.known[fragment.first_row : fragment.first_row + fragment.rows]
    clustered = spread(here.size > 1, here.inside, False)
    return {
        "semantic_duplicate_of": here.keeper_id(here.is_copy),
        "semantic_similarity": here.column(found.score, here.is_copy, pa.float64()),
        "semantic_cluster": here.keeper_id(clustered),
        "semantic_cluster_size": pa.array(spread(here.size, here.inside, 1), pa.int64(), mask=~known),
        "semantic_by": pa.array([found.embedder], TEXT).take(pa.array(np.zeros(len(known), np.int64), mask=~known)),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticFound:
    """What a run came to. records: all rows; compared: those with a vector. cached_vectors: of `texts`, the distinct
    ones, those embedded before. recall: see Semantic. cost: of this run's calls, in the price's currency; 0 for
    embedders on this machine. found: members and pairs."""

    dataset: str
    version: int
    records: int
    compared: int
    clusters: int
    duplicates: int
    verified_pairs: int
    rejected_pairs: int
    embedder: str
    lexical: bool
    dim: int
    texts: int
    cached_vectors: int
    cost: float
    recall: float
    bytes: int
    seconds: float
    found: Semantic


def semantic(
    ws: Workspace,
    name: str,
    *,
    embedder: str = "lexical",
    threshold: float = THRESHOLD,
    fields: Sequence[str] = ("text",),
    policy: Policy | None = None,
    settings: Mapping[str, Any] | None = None,
    key: str | None = None,
    price: Price = _NO_PRICE,
    budget: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
    message: str | None = None,
) -> SemanticFound:
    """Find semantic copies in one dataset and write them as signals, in one version.

    settings: what the signals depend on beside the rows, where the caller names it.
    embedder: see FORMS in embedders.py. key (without one, what OPENAI_API_KEY
    holds), price, budget: of an endpoint. E104 for a threshold below the floor (0.8);
    E101, E107, E110 for the embedder.
    """
    started = time.perf_counter()
    policy = parse_policy() if policy is None else policy
    with ws.lock(name, "dedupe"):
        data = ws.dataset(name)
        fragments = fragments_of(ws, data, tuple(fields))
        texts = read_texts(fragments, workers)
        opened = open_embedder(ws, embedder, fragments, texts, key=key, price=price, budget=budget)
        found = find_semantic(
            ws, fragments, texts, opened, policy, threshold=threshold, workers=workers, progress=progress
        )  # fmt: skip
        said: Mapping[str, Any] = settings or {
            "method": "semantic", "embedder": found.embedder, "fields": list(fields), "threshold": threshold,
            "policy": policy.settings,
        }  # fmt: skip
        by_id = {fragment.id: fragment for fragment in fragments}
        version = data.head
        if fragments:
            version = write_signals(
                ws, data, SIGNALS, said, lambda fragment: semantic_values(found, by_id[fragment]),
                verb="dedupe", message=message or f"copies by {found.embedder}", progress=progress, run_id=run_id,
            )  # fmt: skip
    return SemanticFound(
        dataset=name,
        version=version,
        records=len(found.known),
        compared=int(found.known.sum()),
        clusters=found.clusters,
        duplicates=found.duplicates,
        verified_pairs=found.verified_pairs,
        rejected_pairs=found.rejected_pairs,
        embedder=found.embedder,
        lexical=found.lexical,
        dim=found.dim,
        texts=found.texts,
        cached_vectors=found.cached,
        cost=float(getattr(opened, "cost", 0.0)),
        recall=found.recall,
        bytes=found.bytes,
        seconds=round(time.perf_counter() - started, 3),
        found=found,
    )
