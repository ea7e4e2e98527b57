"""What the page of a deduplication run shows, as plain structs: filled by the run, drawn by `render_dedup`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

METHODS = ("near", "exact", "substring", "semantic")
ALARM_SHARE = 0.3  # of a source's records; published pipelines lose 10 to 20 % to their strictest rule


@dataclass(frozen=True, kw_only=True)
class Side:
    """One record of a pair: its id, where it came from (empty: not known) and the text as it was compared."""

    record_id: str
    text: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two compared records; `left` is the keeper where one of them is. similarity: exact, from 0 to 1."""

    left: Side
    right: Side
    similarity: float


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """One of the largest clusters. smallest_similarity: of a member to the keeper; null: not measured.

    Of substring a cluster is one repeated span: keeper_id is a record that has it, size how many do, excerpt the span.
    """

    keeper_id: str
    size: int
    smallest_similarity: float | None
    excerpt: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class MeasuredPoint:
    """The share of `pairs` pairs of about this similarity that shared a band."""

    similarity: float
    detected_share: float
    pairs: int


@dataclass(frozen=True, kw_only=True)
class SourceRow:
    """`duplicates` of the `rows` of one source, without those that are kept for their values.

    alarm: more than the page's alarm_share, and enough rows to say so.
    """

    source: str
    rows: int
    duplicates: int
    alarm: bool = False


@dataclass(frozen=True, kw_only=True)
class TemplateGroup:
    """A cluster some of whose records hold other values than the keeper (near_values_differing > 0).

    size: records in the cluster; kept: those kept for their values; members: a few of these, to show.
    """

    keeper: Side
    size: int
    kept: int
    members: Sequence[Side] = ()


@dataclass(frozen=True, kw_only=True)
class DedupPage:
    """One dataset, one method.

    version: such as v3. parameters: (name, value) in the order to be shown. bytes: of compared text.
    compared: records that had something to compare; null: all of them.
    seconds, peak_bytes, engine stand in the last block alone, the only part that differs between two equal runs.

    threshold: null where nothing is verified by similarity (exact, substring). verified_bins, rejected_bins: pairs by
    similarity, in equal bins over 0 to 1 (see `similarity_bins`), equally many of both, or none.
    pairs_left_out: pairs of long runs of equal bands that were not made.
    cluster_sizes: (size, clusters), in any order. largest: the clusters to list.
    bands, rows: of the signature; null for methods without one. measured: points beside the theoretical curve.
    alarm_share: the limit that sources' alarms were set by.
    kept_for_values: duplicates that hold other values than their keeper, in all clusters.
    near_threshold: pairs to compare side by side, in any order; the page tells from similarity and threshold which
    side each is on.
    """

    dataset: str
    version: str
    method: str
    fields: Sequence[str]
    parameters: Sequence[tuple[str, str]]
    records: int
    clusters: int
    duplicates: int
    verified_pairs: int = 0
    rejected_pairs: int = 0
    bytes: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0
    engine: str = ""
    compared: int | None = None
    threshold: float | None = None
    verified_bins: Sequence[int] = ()
    rejected_bins: Sequence[int] = ()
    pairs_left_out: int = 0
    cluster_sizes: Sequence[tuple[int, int]] = ()
    largest: Sequence[Cluster] = ()
    bands: int | None = None
    rows: int | None = None
    measured: Sequence[MeasuredPoint] = ()
    sources: Sequence[SourceRow] = ()
    alarm_share: float = ALARM_SHARE
    kept_for_values: int = 0
    templates: Sequence[TemplateGroup] = ()
    near_threshold: Sequence[Pair] = ()

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method is one of {', '.join(METHODS)}, got {self.method!r}")
        if len(self.verified_bins) != len(self.rejected_bins):
            raise ValueError(f"{len(self.verified_bins)} bins of verified pairs, {len(self.rejected_bins)} of rejected")


def similarity_bins(scores: NDArray[np.float64], threshold: float, bins: int = 50) -> tuple[list[int], list[int]]:
    """Verified and rejected pairs by similarity: two lists of `bins` counts over 0 to 1.

    scores: float64[pairs]; 1.0 is in the last bin, what is below 0 (a cosine can be) in the first.
    """
    # 0.58 * 50 is 28.999999999999996: a score on an edge belongs to the bin that begins there.
    place = np.clip(np.floor(scores * bins + 1e-9), 0, bins - 1).astype(np.int64)
    verified = scores >= threshold
    return (
        np.bincount(place[verified], minlength=bins).tolist(),
        np.bincount(place[~verified], minlength=bins).tolist(),
    )
