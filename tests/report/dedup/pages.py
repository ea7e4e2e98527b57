"""Pages to draw: a full one made of plain values, and one of real pairs."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from assay.report.dedup import (
    Cluster,
    DedupPage,
    MeasuredPoint,
    Pair,
    Side,
    SourceRow,
    TemplateGroup,
    similarity_bins,
)

FILLER = " ".join(f"word{i}" for i in range(400))


def side(record_id: str, text: str, source: str = "a.jsonl") -> Side:
    return Side(record_id=record_id, text=text, source=source)


def near_page(**changed: Any) -> DedupPage:
    """Everything that a near run can say, small."""
    verified, rejected = [0] * 50, [0] * 50
    verified[49], verified[42], rejected[35], rejected[20] = 7, 3, 11, 5
    page = DedupPage(
        dataset="docs.document",
        version="v3",
        method="near",
        fields=["title", "text"],
        parameters=[("bands", "14"), ("rows", "8"), ("threshold", "0.8")],
        records=12_345,
        compared=12_333,
        clusters=41,
        duplicates=1_234,
        verified_pairs=10,
        rejected_pairs=16,
        bytes=98_765_432,
        seconds=2.5,
        peak_bytes=1_500_000_000,
        engine="threads (2 workers)",
        threshold=0.8,
        verified_bins=verified,
        rejected_bins=rejected,
        pairs_left_out=6,
        cluster_sizes=[(2, 30), (3, 9), (90, 1), (5, 1)],
        largest=[
            Cluster(keeper_id="big-1", size=90, smallest_similarity=0.8125, excerpt="Once upon a time", source="a.jl"),
            Cluster(keeper_id="big-2", size=5, smallest_similarity=None, excerpt=FILLER),
        ],
        bands=14,
        rows=8,
        measured=[MeasuredPoint(similarity=0.625, detected_share=0.29, pairs=10_021)],
        sources=[
            SourceRow(source="fine.jsonl", rows=8_000, duplicates=34),
            SourceRow(source="bad.jsonl", rows=4_000, duplicates=1_200, alarm=True),
            SourceRow(source="none.jsonl", rows=345, duplicates=0),
        ],
        kept_for_values=77,
        templates=[
            TemplateGroup(
                keeper=side("bill-1", "Dear Ms Okafor, your bill is 20 euros."),
                size=90,
                kept=77,
                members=[side("bill-2", "Dear Mr Lind, your bill is 31 euros.")],
            )
        ],
        near_threshold=[
            Pair(left=side("l1", f"{FILLER} red end"), right=side("r1", f"{FILLER} blue end"), similarity=0.83),
            Pair(left=side("l2", "one two three"), right=side("r2", "one two four"), similarity=0.7999),
            Pair(left=side("l3", "Same, text"), right=side("r3", "same text"), similarity=0.8),
        ],
    )  # fmt: skip
    return replace(page, **changed)


def bare_page(method: str = "near", **more: Any) -> DedupPage:
    """What a run says that found nothing."""
    return DedupPage(
        dataset="d.document", version="v1", method=method, fields=(), parameters=(), records=10, clusters=0,
        duplicates=0, **more,
    )  # fmt: skip


def real_page(folder: Path, threshold: float = 0.8) -> DedupPage:
    """Pages of a manual in two versions, compared by exact Jaccard of their word 5-grams."""
    files = [path for version in ("5.1", "7.4") for path in sorted((folder / version).rglob("*.md"))]
    texts = [path.read_text("utf-8-sig") for path in files]
    names = [f"{path.relative_to(folder).parts[0]}/{path.stem}" for path in files]
    shingles = []
    for text in texts:
        words = re.findall(r"\w+", text.casefold())
        shingles.append({tuple(words[i : i + 5]) for i in range(len(words) - 4)})
    pairs = []
    for i, j in combinations(range(len(files)), 2):
        alike = len(shingles[i] & shingles[j]) / (len(shingles[i] | shingles[j]) or 1)
        if alike > 0.3:
            pairs.append((alike, i, j))
    verified, rejected = similarity_bins(np.array([alike for alike, _, _ in pairs]), threshold)
    above = sorted(pair for pair in pairs if pair[0] >= threshold)[:5]
    below = sorted((pair for pair in pairs if pair[0] < threshold), reverse=True)[:5]
    return near_page(
        threshold=threshold,
        verified_pairs=sum(verified),
        rejected_pairs=sum(rejected),
        verified_bins=verified,
        rejected_bins=rejected,
        near_threshold=[
            Pair(left=side(names[i], texts[i]), right=side(names[j], texts[j]), similarity=alike)
            for alike, i, j in above + below
        ],
    )
