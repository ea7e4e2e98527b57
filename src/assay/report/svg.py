"""What all charts are made of: a frame, axes, ticks. Inline SVG; colours are classes of the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Frame:
    """A drawing of width x height; what is plotted stands between left and right, top and bottom."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float

    def svg(self, label: str, parts: Sequence[str]) -> str:
        """The whole chart; `label` says it in words."""
        head = f'<svg viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(label)}" class="chart">'
        return "".join([head, *parts, "</svg>"])

    def base(self) -> str:
        return f'<line class="axis" x1="{self.left:g}" x2="{self.right:g}" y1="{self.bottom:g}" y2="{self.bottom:g}"/>'


class Axis:
    """Maps values low to high to places start to end, linear or by log(1 + value); what is beyond stands at the end."""

    def __init__(self, low: float, high: float, start: float, end: float, *, log: bool = False) -> None:
        self._log = log
        self.low, self.high = low, high
        self._start, self._end = start, end
        self._from, self._to = self._of(low), self._of(high)

    def _of(self, value: float) -> float:
        return math.log1p(max(value, 0.0)) if self._log else value

    def at(self, value: float) -> float:
        span = (self._to - self._from) or 1.0
        return self._start + (self._end - self._start) * min(max((self._of(value) - self._from) / span, 0.0), 1.0)

    def ticks(self, count: int = 5) -> list[float]:
        if self._log:
            powers = [0.0, *[10.0**p for p in range(16)]]
            found = [v for v in powers if self.low <= v <= self.high]
            return found if len(found) <= 6 else found[:: math.ceil(len(found) / 6)]
        step = nice_step(self.high - self.low, count)
        first = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def nice_step(span: float, ticks: int = 5) -> float:
    """1, 2 or 5 times a power of ten, giving about `ticks` ticks."""
    rough = max(span, 1e-12) / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    return next((m * power for m in (1.0, 2.0, 5.0) if m * power >= rough), 10.0 * power)


def x_ticks(
    frame: Frame, axis: Axis, values: Sequence[float], said: Callable[[float], str], most: int = 8
) -> list[str]:
    """Marks and labels under the plot; of more than `most` only some."""
    if len(values) > most:
        values = values[:: math.ceil(len(values) / most)]
    out = []
    for value in values:
        x = axis.at(value)
        anchor = "start" if x < 20 else "end" if x > frame.width - 20 else "middle"
        out.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.bottom:g}" y2="{frame.bottom + 4:g}"/>')
        out.append(f'<text x="{x:.1f}" y="{frame.bottom + 17:g}" text-anchor="{anchor}">{said(value)}</text>')
    return out


def y_grid(frame: Frame, axis: Axis, values: Sequence[float], said: Callable[[float], str]) -> list[str]:
    """Hairlines across the plot with their values left of it."""
    out = []
    for value in values:
        y = axis.at(value)
        if value != axis.low:
            out.append(f'<line class="grid" x1="{frame.left:g}" x2="{frame.right:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{frame.left - 6:g}" y="{y + 3.5:.1f}" text-anchor="end">{said(value)}</text>')
    return out
