"""What `assay dedupe` says."""

from __future__ import annotations

import resource
import sys
from typing import Any

import msgspec

from assay.core.results import Result

PRESETS = {
    "exact": "same_text",
    "near": "near_duplicates",
    "substring": "repeated_spans",
    "semantic": "semantic_duplicates",
}
BINS = 50  # of the similarity histogram, over 0 to 1


class SourceShare(msgspec.Struct, frozen=True, kw_only=True):
    """`duplicates` of the `rows` of one source (a file, or a folder of small ones); `alarm`: more than the limit.

    Records of a template that hold other values than their keeper are not counted: rules keep them.
    """

    source: str
    rows: int
    duplicates: int
    alarm: bool


class DedupedDataset(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset, one method.

    compared: records that had something to compare. verified_pairs: proposed pairs whose exact similarity reached the
    threshold; rejected_pairs: the others. pairs_left_out: pairs of very long runs of equal bands that were not made.
    with_values: duplicates that hold other values than their keeper in a template (near_values_differing > 0).
    from_index: fragments that were not read again. similarity: pairs per bin of BINS over 0 to 1. sizes: [size,
    clusters]. pairs_file: record ids and exact similarity of every pair compared, as Parquet. Of substring: `clusters`
    and `spans` are different repeated spans, `duplicates` records that have one, cut_file is for cut_repeated.
    Of semantic: embedder, and recall, the share of close pairs that the search proposes (1: it looks at every pair).
    """

    dataset: str
    version: int
    records: int
    compared: int
    clusters: int
    duplicates: int
    verified_pairs: int = 0
    rejected_pairs: int = 0
    pairs_left_out: int = 0
    with_values: int = 0
    from_index: int = 0
    bytes: int = 0
    spans: int = 0
    repeated_bytes: int = 0
    cut_file: str | None = None
    similarity: list[int] = []
    sizes: list[tuple[int, int]] = []
    sources: list[SourceShare] = []
    pairs_file: str | None = None
    embedder: str | None = None
    recall: float | None = None
    seconds: float = 0.0
    cached: bool = False


class DedupeResult(Result, frozen=True, kw_only=True):
    """`bytes` of compared text; `peak_bytes` of this process's memory so far; the counts are those of all datasets."""

    method: str
    settings: dict[str, Any]
    engine: str
    records: int
    clusters: int
    duplicates: int
    verified_pairs: int
    rejected_pairs: int
    bytes: int
    seconds: float
    peak_bytes: int
    datasets: list[DedupedDataset]
    report: str | None = None

    @property
    def cached(self) -> bool:
        return all(part.cached for part in self.datasets)

    def lines(self) -> list[str]:
        out = []
        for part in self.datasets:
            said = f"{part.duplicates:,} {self._noun}"
            said += "" if self.method == "substring" else f" in {part.clusters:,} clusters"
            cached = "  (cached)" if part.cached else ""
            out.append(f"{part.dataset} v{part.version}  {part.records:,} records: {said}{cached}")
            if part.verified_pairs + part.rejected_pairs:
                out.append(f"  {part.verified_pairs:,} pairs verified, {part.rejected_pairs:,} rejected")
            if part.spans:
                out.append(f"  {part.spans:,} repeated spans, {part.repeated_bytes / 1e6:,.1f} MB of text in them")
                out.append(
                    f"  to cut them: assay transform {part.dataset} --with cut_repeated --param spans={part.cut_file}"
                )
            if part.recall is not None and part.recall < 1.0:
                out.append(f"  {part.recall:.1%} of the close pairs are found by the search, measured on a sample")
            if part.with_values:
                out.append(f"  {part.with_values:,} of them differ in a template's values: the rules keep these")
            if part.records - part.compared:
                out.append(f"  {part.records - part.compared:,} records had nothing to compare")
            if part.pairs_left_out:
                out.append(f"  {part.pairs_left_out:,} pairs of long runs of equal bands were not compared")
            for source in part.sources:
                if source.alarm:
                    share = source.duplicates / source.rows
                    out.append(
                        f"  ALARM: {source.duplicates:,} of {source.rows:,} ({share:.0%}) of {source.source} are copies"
                    )
        rate = f", {self.bytes / 1e6 / self.seconds:.0f} MB/s" if self.seconds and not self.cached else ""
        out.append(f"{self.bytes / 1e6:,.1f} MB compared in {self.seconds:.1f} s{rate}")
        if self.report:
            out.append(f"report: {self.report}")
        names = [part.dataset for part in self.datasets]
        if not names:
            return ["nothing to compare"]
        return [*out, f"next: assay decide {names[0]} --rules {PRESETS[self.method]}"]

    @property
    def _noun(self) -> str:
        return "records with text that others have" if self.method == "substring" else "duplicates"


def peak_bytes() -> int:
    """The most memory this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
