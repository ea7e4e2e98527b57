"""Charts as inline SVG. Colours are CSS variables of the page, so that one drawing serves light, dark and print."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from assay.report.distributions import number
from assay.report.model import ACTIONS, Bin, Distribution, Threshold
from assay.report.svg import Axis, Frame, x_ticks

_FRAME = Frame(360, 164, 6.0, 354.0, 34.0, 138.0)
_CLASSES = ("keep", "review", "drop")
_WORDS = ("kept", "for review", "dropped")


def is_discrete(chart: Distribution) -> bool:
    """Few numbers close enough together to stand on one axis."""
    values = [b.start for b in chart.bins]
    if chart.form != "bars" or chart.low is None or len(values) < 2:
        return False
    step = min(b - a for a, b in pairwise(values))
    return step > 0 and (values[-1] - values[0]) / step <= 24


def histogram(chart: Distribution) -> str:
    """Stacked bars by decision, the rules' thresholds as dashed lines, the side on which they fire shaded."""
    half = 0.0
    if chart.form == "bars":
        values = [b.start for b in chart.bins]
        half = min(b - a for a, b in pairwise(values)) / 2
    low, high = chart.bins[0].start - half, chart.bins[-1].end + half
    axis = Axis(low, high, _FRAME.left, _FRAME.right, log=chart.form == "log")
    top = max(b.total for b in chart.bins) or 1
    parts = [_shade(axis, t, half) for t in chart.thresholds]
    for bar in chart.bins:
        parts.append(_bar(axis, bar, half, top))
    parts.append(_FRAME.base())
    parts += x_ticks(_FRAME, axis, [b.start for b in chart.bins] if chart.form == "bars" else axis.ticks(), number)
    parts += [_line(axis, t, half, place) for place, t in enumerate(chart.thresholds)]
    return _FRAME.svg(summary(chart), parts)


def _bar(axis: Axis, bar: Bin, half: float, top: int) -> str:
    if not bar.total:
        return ""
    x0, x1 = axis.at(bar.start - half), axis.at(bar.end + half)
    gap = min(1.0, (x1 - x0) * 0.15) if not half else min(6.0, (x1 - x0) * 0.2)
    x, width = x0 + gap / 2, max(x1 - x0 - gap, 0.8)
    said = ", ".join(f"{n:,} {word}" for n, word in zip(bar.counts, _WORDS, strict=True) if n)
    out, y = [f"<g><title>{escape(bar.label)}: {said}</title>"], _FRAME.bottom
    for name, count in zip(_CLASSES, bar.counts, strict=True):
        if count:
            height = max((_FRAME.bottom - _FRAME.top) * count / top, 1.6)  # one record must still be seen
            y -= height
            out.append(f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>')
    return "".join([*out, "</g>"])


def _edge(threshold: Threshold, half: float) -> float:
    """On an axis of whole bars, the line stands between the bars that fire and those that do not."""
    side = {">": half, "<=": half, "<": -half, ">=": -half}[threshold.operator]
    return threshold.value + side


def _shade(axis: Axis, threshold: Threshold, half: float) -> str:
    x = axis.at(_edge(threshold, half))
    start, end = (x, _FRAME.right) if threshold.operator[0] == ">" else (_FRAME.left, x)
    if end - start < 0.5:
        return ""
    name = threshold.action if threshold.action in ACTIONS else "warn"
    return (
        f'<rect class="zone {name}" x="{start:.1f}" y="{_FRAME.top:g}" width="{end - start:.1f}" '
        f'height="{_FRAME.bottom - _FRAME.top:g}"/>'
    )


def _line(axis: Axis, threshold: Threshold, half: float, place: int) -> str:
    x = axis.at(_edge(threshold, half))
    y = 11 + 12 * (place % 2)
    right = x > _FRAME.width * 0.6
    label = f"{threshold.operator} {number(threshold.value)} {threshold.action}"
    return (
        f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 3}" y2="{_FRAME.bottom:g}">'
        f'<title>{escape(threshold.rule)}</title></line><text class="limit" x="{x + (-3 if right else 3):.1f}" y="{y}" '
        f'text-anchor="{"end" if right else "start"}">{escape(label)}</text>'
    )


def summary(chart: Distribution) -> str:
    """The chart in words, for those who cannot see it."""
    said = f"{chart.signal.name} of {chart.rows - chart.unknown:,} records"
    if chart.low is not None and chart.median is not None and chart.high is not None:
        said += f": from {number(chart.low)} to {number(chart.high)}, median {number(chart.median)}"
    limits = ", ".join(f"{t.action} {t.operator} {number(t.value)}" for t in chart.thresholds)
    return said + (f"; rules: {limits}" if limits else "")
