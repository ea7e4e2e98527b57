"""Charts as inline SVG. Colours are CSS variables of the page, so that one drawing serves light, dark and print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from assay.report.distributions import number
from assay.report.model import ACTIONS, Bin, Distribution, Threshold

WIDTH, HEIGHT = 360, 164
_LEFT, _RIGHT, _TOP, _BOTTOM = 6.0, 354.0, 34.0, 138.0
_CLASSES = ("keep", "review", "drop")
_WORDS = ("kept", "for review", "dropped")


class _Axis:
    """Maps a value to x, linear or by log(1 + value)."""

    def __init__(self, low: float, high: float, *, log: bool) -> None:
        self._log = log
        self.low, self.high = low, high
        self._from, self._to = self._of(low), self._of(high)

    def _of(self, value: float) -> float:
        return math.log1p(max(value, 0.0)) if self._log else value

    def x(self, value: float) -> float:
        span = (self._to - self._from) or 1.0
        return _LEFT + (_RIGHT - _LEFT) * min(max((self._of(value) - self._from) / span, 0.0), 1.0)

    def ticks(self) -> list[float]:
        if self._log:
            powers = [0.0, *[10.0**p for p in range(16)]]
            found = [v for v in powers if self.low <= v <= self.high]
            return found if len(found) <= 6 else found[:: math.ceil(len(found) / 6)]
        step = nice_step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def nice_step(span: float, ticks: int = 5) -> float:
    """1, 2 or 5 times a power of ten, giving about `ticks` ticks."""
    rough = max(span, 1e-12) / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    return next((m * power for m in (1.0, 2.0, 5.0) if m * power >= rough), 10.0 * power)


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
    axis = _Axis(low, high, log=chart.form == "log")
    top = max(b.total for b in chart.bins) or 1
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(summary(chart))}" class="chart">']
    parts += [_shade(axis, t, half) for t in chart.thresholds]
    for bar in chart.bins:
        parts.append(_bar(axis, bar, half, top))
    parts.append(f'<line class="axis" x1="{_LEFT:g}" x2="{_RIGHT:g}" y1="{_BOTTOM:g}" y2="{_BOTTOM:g}"/>')
    parts += _tick_marks(axis, [b.start for b in chart.bins] if chart.form == "bars" else axis.ticks())
    parts += [_line(axis, t, half, place) for place, t in enumerate(chart.thresholds)]
    return "".join([*parts, "</svg>"])


def _bar(axis: _Axis, bar: Bin, half: float, top: int) -> str:
    if not bar.total:
        return ""
    x0, x1 = axis.x(bar.start - half), axis.x(bar.end + half)
    gap = min(1.0, (x1 - x0) * 0.15) if not half else min(6.0, (x1 - x0) * 0.2)
    x, width = x0 + gap / 2, max(x1 - x0 - gap, 0.8)
    said = ", ".join(f"{n:,} {word}" for n, word in zip(bar.counts, _WORDS, strict=True) if n)
    out, y = [f"<g><title>{escape(bar.label)}: {said}</title>"], _BOTTOM
    for name, count in zip(_CLASSES, bar.counts, strict=True):
        if count:
            height = max((_BOTTOM - _TOP) * count / top, 1.6)  # one record must still be seen
            y -= height
            out.append(f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>')
    return "".join([*out, "</g>"])


def _edge(threshold: Threshold, half: float) -> float:
    """On an axis of whole bars, the line stands between the bars that fire and those that do not."""
    side = {">": half, "<=": half, "<": -half, ">=": -half}[threshold.operator]
    return threshold.value + side


def _shade(axis: _Axis, threshold: Threshold, half: float) -> str:
    x = axis.x(_edge(threshold, half))
    start, end = (x, _RIGHT) if threshold.operator[0] == ">" else (_LEFT, x)
    if end - start < 0.5:
        return ""
    name = threshold.action if threshold.action in ACTIONS else "warn"
    return (
        f'<rect class="zone {name}" x="{start:.1f}" y="{_TOP:g}" width="{end - start:.1f}" '
        f'height="{_BOTTOM - _TOP:g}"/>'
    )


def _line(axis: _Axis, threshold: Threshold, half: float, place: int) -> str:
    x = axis.x(_edge(threshold, half))
    y = 11 + 12 * (place % 2)
    right = x > WIDTH * 0.6
    label = f"{threshold.operator} {number(threshold.value)} {threshold.action}"
    return (
        f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 3}" y2="{_BOTTOM:g}"><title>{escape(threshold.rule)}'
        f'</title></line><text class="limit" x="{x + (-3 if right else 3):.1f}" y="{y}" '
        f'text-anchor="{"end" if right else "start"}">{escape(label)}</text>'
    )


def _tick_marks(axis: _Axis, values: Sequence[float]) -> list[str]:
    if len(values) > 8:
        values = values[:: math.ceil(len(values) / 8)]
    out = []
    for value in values:
        x = axis.x(value)
        anchor = "start" if x < 20 else "end" if x > WIDTH - 20 else "middle"
        out.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{_BOTTOM:g}" y2="{_BOTTOM + 4:g}"/>')
        out.append(f'<text x="{x:.1f}" y="{_BOTTOM + 17:g}" text-anchor="{anchor}">{number(value)}</text>')
    return out


def summary(chart: Distribution) -> str:
    """The chart in words, for those who cannot see it."""
    said = f"{chart.signal.name} of {chart.rows - chart.unknown:,} records"
    if chart.low is not None and chart.median is not None and chart.high is not None:
        said += f": from {number(chart.low)} to {number(chart.high)}, median {number(chart.median)}"
    limits = ", ".join(f"{t.action} {t.operator} {number(t.value)}" for t in chart.thresholds)
    return said + (f"; rules: {limits}" if limits else "")
