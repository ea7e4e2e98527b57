"""The page of a run: what its signals and pairs say, with texts of the clusters and pairs that are worth a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.core.errors import UserError
from assay.core.files import whole_file
from assay.flows.alarms import ALARM_SHARE
from assay.flows.dedupe.options import DedupeOptions
from assay.flows.dedupe.pairs import nearest, read_pairs
from assay.flows.dedupe.results import DedupedDataset, DedupeResult
from assay.report.dedup.model import Cluster, DedupPage, Pair, Side, SourceRow, TemplateGroup, similarity_bins
from assay.report.dedup.render import render_dedup
from assay.store import Dataset, Workspace
from assay.text.fields import columns_read, compared_text

LARGEST = 10  # clusters that are listed
EACH_SIDE = 5  # pairs nearest the threshold, above and below it
TEMPLATES, MEMBERS = 5, 3  # groups of one template, and records shown of each
EXCERPT = 160  # characters

# keeper of a copy, similarity to it
_SIGNALS = {
    "near": ("near_duplicate_of", "near_similarity"),
    "exact": ("same_text_as", None),
    "semantic": ("semantic_duplicate_of", "semantic_similarity"),
}
_PARAMETERS = {
    "near": ("size", "bands", "rows", "seed", "shingles"),
    "exact": (),
    "substring": ("min_tokens",),
    "semantic": ("embedder",),
}


@dataclass(frozen=True, slots=True)
class _Texts:
    """Compared texts by id, as they are at the version of the run."""

    data: Dataset
    version: int
    fields: tuple[str, ...]

    def of(self, ids: Sequence[str]) -> dict[str, Side]:
        wanted = list(dict.fromkeys(ids))
        columns = list(dict.fromkeys(["record_id", "source", *columns_read(self.data.kind, self.fields)]))
        rows = self.data.take(wanted, columns=columns, ref=self.version)
        texts = compared_text(rows, self.data.kind, self.fields).to_pylist()
        places = one_array(rows["source"]).to_pylist()
        return {
            record: Side(record_id=record, text=text or "", source=(place or {}).get("path") or "")
            for record, text, place in zip(rows["record_id"].to_pylist(), texts, places, strict=True)
        }


def write_report(ws: Workspace, result: DedupeResult, options: DedupeOptions, out: Path) -> list[str]:
    """One page per dataset: `out` for a single one, else with the dataset's name in it. E509: it cannot be written."""
    written = []
    for part in result.datasets:
        path = out if len(result.datasets) == 1 else out.with_name(f"{out.stem}.{part.dataset}{out.suffix}")
        html = render_dedup(page_of(ws.dataset(part.dataset), part, result, options, ws.path)).encode()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as file:
                file.write_bytes(html)
        except OSError as error:
            raise UserError(
                "E509", f"cannot write {path}: {error.strerror}", fix="name a file with --report"
            ) from error
        written.append(str(path))
    return written


def page_of(
    data: Dataset, part: DedupedDataset, result: DedupeResult, options: DedupeOptions, place: Path
) -> DedupPage:
    """Everything the page shows of one dataset. place: of the workspace."""
    texts = _Texts(data, part.version, options.fields)
    threshold = options.at_least if options.method in ("near", "semantic") else None
    pairs = None if part.pairs_file is None else read_pairs(place / part.pairs_file)
    verified, rejected = ([], []) if pairs is None or threshold is None else _bins(pairs, threshold)
    largest: list[Cluster] = []
    if part.records:
        told = _SIGNALS.get(options.method)
        largest = _repeated(data, part, texts) if told is None else _largest(_copies(data, part, *told), texts)
    near = options.method == "near"
    return DedupPage(
        dataset=part.dataset,
        version=f"v{part.version}",
        method=options.method,
        fields=options.fields,
        parameters=[(name, str(getattr(options, name))) for name in _PARAMETERS[options.method]],
        records=part.records,
        compared=part.compared,
        clusters=part.clusters,
        duplicates=part.duplicates,
        verified_pairs=part.verified_pairs,
        rejected_pairs=part.rejected_pairs,
        pairs_left_out=part.pairs_left_out,
        bytes=part.bytes,
        seconds=part.seconds,
        peak_bytes=result.peak_bytes,
        engine=result.engine,
        threshold=threshold,
        verified_bins=verified,
        rejected_bins=rejected,
        cluster_sizes=part.sizes,
        largest=largest,
        bands=options.bands if near else None,
        rows=options.rows if near else None,
        sources=[
            SourceRow(source=one.source, rows=one.rows, duplicates=one.duplicates, alarm=one.alarm)
            for one in part.sources
        ],
        alarm_share=ALARM_SHARE,
        kept_for_values=part.with_values,
        templates=_templates(data, part, texts) if near and part.with_values else [],
        near_threshold=[] if pairs is None or threshold is None else _pairs(pairs, threshold, texts),
    )


def _bins(pairs: pa.Table, threshold: float) -> tuple[list[int], list[int]]:
    return similarity_bins(pairs["similarity"].to_numpy(), threshold)


def _copies(data: Dataset, part: DedupedDataset, keeper: str, similarity: str | None) -> pa.Table:
    """record_id, keeper and similarity (null where there is none to tell) of every copy."""
    columns = ["record_id", keeper, *([similarity] if similarity else [])]
    parts = [batch.filter(pc.is_valid(batch.column(keeper))) for batch in data.scan(part.version, columns=columns)]
    table = pa.Table.from_batches(parts)
    scores = table[similarity] if similarity else pa.nulls(len(table), pa.float64())
    return pa.table({"record_id": table["record_id"], "keeper": table[keeper], "similarity": scores})


def _largest(copies: pa.Table, texts: _Texts) -> list[Cluster]:
    sizes = copies.group_by("keeper").aggregate([("record_id", "count"), ("similarity", "min")])
    order = [("record_id_count", "descending"), ("keeper", "ascending")]
    rows = sizes.sort_by(order).slice(0, LARGEST).to_pylist()
    sides = texts.of([row["keeper"] for row in rows])
    return [
        Cluster(
            keeper_id=row["keeper"],
            size=row["record_id_count"] + 1,
            smallest_similarity=row["similarity_min"],
            excerpt=_excerpt(sides[row["keeper"]].text),
            source=sides[row["keeper"]].source,
        )
        for row in rows
    ]


def _repeated(data: Dataset, part: DedupedDataset, texts: _Texts) -> list[Cluster]:
    """The repeated spans that most records have; each is shown by the first record that has it."""
    best: dict[str, tuple[int, str, int, int]] = {}
    for batch in data.scan(part.version, columns=["record_id", "repeated_spans"]):
        spans = batch.column("repeated_spans")
        counts = np.asarray(pc.fill_null(pc.list_value_length(spans), 0).to_numpy(zero_copy_only=False))
        owner = np.repeat(np.arange(batch.num_rows), counts)
        flat = spans.flatten()
        holders = pc.struct_field(flat, "records").to_numpy()
        for at in np.argsort(-holders, kind="stable")[: 20 * LARGEST].tolist():
            span, record = flat[at].as_py(), batch.column("record_id")[int(owner[at])].as_py()
            key = f"{span['records']:012d} {span['end'] - span['start']:012d}"
            if key not in best or record < best[key][1]:
                best[key] = (span["records"], record, span["start"], span["end"])
    chosen = sorted(best.values(), key=lambda one: (-one[0], one[1], one[2]))[:LARGEST]
    sides = texts.of([record for _, record, _, _ in chosen])
    return [
        Cluster(
            keeper_id=record,
            size=holders,
            smallest_similarity=None,
            excerpt=_excerpt(sides[record].text.encode()[start:end].decode("utf-8", "replace")),
            source=sides[record].source,
        )
        for holders, record, start, end in chosen
    ]


def _templates(data: Dataset, part: DedupedDataset, texts: _Texts) -> list[TemplateGroup]:
    """Keepers with the most records kept for their values, with a few of these."""
    columns = ["record_id", "near_duplicate_of", "near_values_differing"]
    table = pa.Table.from_batches(
        [batch.filter(pc.is_valid(batch.column(1))) for batch in data.scan(part.version, columns=columns)]
    )
    kept = table.filter(pc.greater(table["near_values_differing"], 0))
    counts = kept.group_by("near_duplicate_of").aggregate([("record_id", "count")])
    chosen = counts.sort_by([("record_id_count", "descending"), ("near_duplicate_of", "ascending")]).slice(0, TEMPLATES)
    found = []
    for row in chosen.to_pylist():
        keeper = row["near_duplicate_of"]
        mine = kept.filter(pc.equal(kept["near_duplicate_of"], keeper))
        members = sorted(mine["record_id"].to_pylist())[:MEMBERS]
        size = pc.sum(pc.equal(table["near_duplicate_of"], keeper)).as_py() + 1
        sides = texts.of([keeper, *members])
        found.append(
            TemplateGroup(
                keeper=sides[keeper],
                size=size,
                kept=row["record_id_count"],
                members=[sides[member] for member in members],
            )
        )
    return found


def _pairs(pairs: pa.Table, threshold: float, texts: _Texts) -> list[Pair]:
    chosen = nearest(pairs, threshold, EACH_SIDE).to_pylist()
    sides = texts.of([row[side] for row in chosen for side in ("left", "right")])
    return [Pair(left=sides[row["left"]], right=sides[row["right"]], similarity=row["similarity"]) for row in chosen]


def _excerpt(text: str) -> str:
    words = " ".join(text[: 2 * EXCERPT].split())
    return words if len(words) < EXCERPT else words[: EXCERPT - 1] + "…"
