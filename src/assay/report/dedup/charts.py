"""The three charts of a deduplication run: similarity of pairs, sizes of clusters, chance of detection."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from assay.report.dedup.model import DedupPage, MeasuredPoint
from assay.report.distributions import number
from assay.report.findings import percent
from assay.report.svg import Axis, Frame, x_ticks, y_grid

FRAME = Frame(460, 220, 44.0, 452.0, 26.0, 190.0)
_UNEVEN = 60  # times the median bar that the highest may be before counts are drawn on a log scale
_Z = 1.96  # normal quantile of a 95 % interval


def similarity_chart(page: DedupPage) -> str:
    """Pairs by similarity, verified on top of rejected, the threshold as a dashed line."""
    bins = len(page.verified_bins)
    x = Axis(0.0, 1.0, FRAME.left, FRAME.right)
    y = _counts_axis([a + b for a, b in zip(page.verified_bins, page.rejected_bins, strict=True)])
    parts = y_grid(FRAME, y, y.ticks(4), number)
    for place, (verified, rejected) in enumerate(zip(page.verified_bins, page.rejected_bins, strict=True)):
        if verified or rejected:
            parts.append(_stack(x, y, place / bins, (place + 1) / bins, rejected, verified))
    parts += [FRAME.base(), *x_ticks(FRAME, x, x.ticks(), number)]
    if page.threshold is not None:
        parts += _limit(x, page.threshold, f"threshold {page.threshold:g}")
    said = f"{page.verified_pairs:,} pairs verified, {page.rejected_pairs:,} rejected, by similarity from 0 to 1"
    return FRAME.svg(said + ("" if page.threshold is None else f"; threshold {page.threshold:g}"), parts)


def is_log(page: DedupPage) -> bool:
    return _uneven([a + b for a, b in zip(page.verified_bins, page.rejected_bins, strict=True)])


def _uneven(counts: Sequence[int]) -> bool:
    some = sorted(n for n in counts if n)
    return bool(some) and some[-1] > _UNEVEN * some[len(some) // 2]


def _counts_axis(counts: Sequence[int]) -> Axis:
    top = max(counts, default=0) or 1
    # Headroom, so that the highest bar stays under the labels.
    log = _uneven(counts)
    return Axis(0.0, max(top * (1.6 if log else 1.06), 1.0), FRAME.bottom, FRAME.top, log=log)


def _stack(x: Axis, y: Axis, start: float, end: float, rejected: int, verified: int) -> str:
    left, right = x.at(start), x.at(end)
    said = ", ".join(f"{n:,} {word}" for n, word in ((verified, "verified"), (rejected, "rejected")) if n)
    out = [f"<g><title>{start:.3g} to {end:.3g}: {said}</title>"]
    total, base = verified + rejected, FRAME.bottom
    whole = max(base - y.at(total), 1.6)  # one pair must still be seen
    for name, n in (("keep", rejected), ("drop", verified)):
        if n:
            # On a log scale the parts of a bar still show their shares of its pairs.
            height = whole * n / total
            base -= height
            out.append(_rect(name, left, right, base, height))
    return "".join([*out, "</g>"])


def _rect(name: str, left: float, right: float, top: float, height: float) -> str:
    gap = min(1.0, (right - left) * 0.15)
    return (
        f'<rect class="{name}" x="{left + gap / 2:.1f}" y="{top:.1f}" width="{max(right - left - gap, 0.8):.1f}" '
        f'height="{height:.1f}"/>'
    )


def _limit(x: Axis, value: float, label: str) -> list[str]:
    at = x.at(value)
    right = at > FRAME.width * 0.5
    return [
        f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="16" y2="{FRAME.bottom:g}"/>',
        f'<text class="limit" x="{at + (-4 if right else 4):.1f}" y="14" text-anchor="{"end" if right else "start"}">'
        f"{escape(label)}</text>",
    ]


# Cluster sizes


def size_bins(sizes: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(from, to, clusters): 2, 3, 4 to 5, 6 to 7, 8 to 11 and so on, two bins for each doubling, up to the largest."""
    most = max((size for size, _ in sizes), default=0)
    edges = [1, 2]
    while edges[-1] <= most:
        edges.append(edges[-1] * 3 // 2 if edges[-1] & (edges[-1] - 1) == 0 else edges[-1] * 4 // 3)
    found = [(a, b - 1, sum(n for size, n in sizes if a <= size < b)) for a, b in pairwise(edges)]
    return [one for one in found if one[0] > 1 or one[2]]


def sizes_chart(sizes: Sequence[tuple[int, int]], noun: str, said: str) -> str:
    """Counts of `noun` by size of cluster; both axes are logarithmic. `said`: the chart in words."""
    bins = size_bins(sizes)
    top = max((n for _, _, n in bins), default=0) or 1
    y = Axis(0.0, top * 1.6, FRAME.bottom, FRAME.top, log=True)
    ticks = [0.0, *(v for v in (10.0**p for p in range(16)) if v <= y.high)]
    parts = y_grid(FRAME, y, ticks[:: max(1, math.ceil(len(ticks) / 6))], number)
    wide = (FRAME.right - FRAME.left) / max(len(bins), 6)  # a single size must not fill the chart
    each = max(1, math.ceil(len(bins) / 9))
    for place, (low, high, n) in enumerate(bins):
        left, middle = FRAME.left + place * wide, FRAME.left + (place + 0.5) * wide
        if n:
            span = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            height = max(FRAME.bottom - y.at(n), 1.6)
            bar = _rect("drop", left + wide * 0.1, left + wide * 0.9, FRAME.bottom - height, height)
            parts.append(f"<g><title>{noun} in clusters of {span}: {n:,}</title>{bar}</g>")
            if len(bins) <= 14:
                parts.append(_under(middle, FRAME.bottom - height - 4, number(n), "on"))
        if place % each == 0:
            several = each == 1 and low != high
            parts.append(_under(middle, FRAME.bottom + 17, number(low) + (f"–{number(high)}" if several else ""), ""))
    return FRAME.svg(said, [*parts, FRAME.base()])


def _under(x: float, y: float, label: str, name: str) -> str:
    named = f' class="{name}"' if name else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(label)}</text>'


# Detection


def detection(similarity: float, bands: int, rows: int) -> float:
    """Chance that two records of this Jaccard similarity share a band: 1 - (1 - J**rows)**bands."""
    return 1.0 - (1.0 - similarity**rows) ** bands


def similarity_at(chance: float, bands: int, rows: int) -> float:
    """The similarity from which on a pair is proposed with this chance."""
    return float((1.0 - (1.0 - chance) ** (1.0 / bands)) ** (1.0 / rows))


def interval(point: MeasuredPoint) -> tuple[float, float]:
    """95 % Wilson interval of a measured share."""
    n, p = point.pairs, point.detected_share
    middle = (p + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
    half = _Z / (1 + _Z * _Z / n) * math.sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def detection_chart(page: DedupPage) -> str:
    """The theoretical curve, the threshold with the chance at it, and what was measured with 95 % intervals."""
    bands, rows = page.bands or 1, page.rows or 1
    x = Axis(0.0, 1.0, FRAME.left, FRAME.right)
    y = Axis(0.0, 1.0, FRAME.bottom, FRAME.top)
    steps = [i / 200 for i in range(201)]
    path = " ".join(f"{x.at(j):.1f},{y.at(detection(j, bands, rows)):.1f}" for j in steps)
    parts = [*y_grid(FRAME, y, y.ticks(), lambda v: f"{v:.0%}"), FRAME.base(), *x_ticks(FRAME, x, x.ticks(), number)]
    parts.append(f'<polyline class="curve" points="{path}"/>')
    said = f"Chance that a pair is proposed, by similarity: {bands} bands of {rows} rows"
    if page.threshold is not None:
        at = detection(page.threshold, bands, rows)
        parts += _limit(x, page.threshold, f"{percent(at)} at the threshold {page.threshold:g}")
        parts.append(f'<circle class="at" cx="{x.at(page.threshold):.1f}" cy="{y.at(at):.1f}" r="4"/>')
        said += f"; {percent(at)} at the threshold {page.threshold:g}"
    for point in page.measured:
        if point.pairs > 0:
            parts.append(_point(x, y, point))
    return FRAME.svg(said, parts)


def _point(x: Axis, y: Axis, point: MeasuredPoint) -> str:
    low, high = interval(point)
    at = f"{x.at(point.similarity):.1f}"
    return (
        f"<g><title>{point.similarity:.3g}: {percent(point.detected_share)} of {point.pairs:,} pairs</title>"
        f'<line class="error" x1="{at}" x2="{at}" y1="{y.at(low):.1f}" y2="{y.at(high):.1f}"/>'
        f'<circle class="point" cx="{at}" cy="{y.at(point.detected_share):.1f}" r="3"/></g>'
    )
