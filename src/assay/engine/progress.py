"""How far a verb has come: a bar on a terminal, a plain line every few seconds elsewhere; standard error only."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_EVERY_S = 5.0


class Progress:
    """Counts rows and bytes against a total that may be unknown.

    Rich is imported only where there is a terminal to draw on. `quiet` counts and prints nothing.
    """

    def __init__(
        self, label: str, total_bytes: int | None = None, *, quiet: bool = False, out: TextIO | None = None
    ) -> None:
        self.label, self.total_bytes, self.quiet = label, total_bytes, quiet
        self.total_rows: int | None = None
        self.rows = self.bytes = 0
        self._out = out or sys.stderr
        self._started = self._said = time.monotonic()
        self._bar: Bar | None = None
        self._task = 0
        self._spoke = False

    def __enter__(self) -> Progress:
        self._started = self._said = time.monotonic()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def start(self, label: str, total_bytes: int | None, total_rows: int | None = None) -> None:
        """Begin to count something new under the same display. Time left is told by bytes, or by rows."""
        self.close()
        self.label, self.total_bytes, self.total_rows = label, total_bytes, total_rows
        self.rows = self.bytes = 0
        self._started = self._said = time.monotonic()
        self._spoke = False

    def add(self, rows: int = 0, bytes: int = 0) -> None:
        self.rows += rows
        self.bytes += bytes
        if self.quiet:
            return
        if self._out.isatty():
            self._draw()
        elif time.monotonic() - self._said >= _EVERY_S:
            self._said = time.monotonic()
            self._spoke = True
            print(self.line(), file=self._out, flush=True)

    def line(self) -> str:
        """`ingest: 120,000 rows, 118.2 MB, 24.1 MB/s, 3 s left`"""
        seconds = max(time.monotonic() - self._started, 1e-9)
        parts = [f"{self.rows:,} rows"]
        if self.bytes:
            parts += [f"{self.bytes / 1e6:.1f} MB", f"{self.bytes / 1e6 / seconds:.1f} MB/s"]
        left = self.seconds_left()
        if left is not None:
            parts.append(f"{left:.0f} s left")
        return f"{self.label}: {', '.join(parts)}"

    def seconds_left(self) -> float | None:
        """None while nothing tells: no total, or nothing done."""
        total, done = self._total()
        if not total or not done:
            return None
        seconds = time.monotonic() - self._started
        return max(total - done, 0) * seconds / done

    def _total(self) -> tuple[int | None, int]:
        """What is counted against what."""
        return (self.total_rows, self.rows) if self.total_bytes is None else (self.total_bytes, self.bytes)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        elif self._spoke and not self.quiet:
            print(self.line(), file=self._out, flush=True)
        self._spoke = False

    def _draw(self) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.fields[words]}"),
                BarColumn(bar_width=30),
                TimeRemainingColumn(),
                console=Console(file=self._out),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self.label, total=self._total()[0], words=self.label)
        total, done = self._total()
        words = self.line().rsplit(", ", 1)[0]
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, words=words)
