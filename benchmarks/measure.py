"""Run a command and say what it cost: wall and CPU seconds, and the peak memory of its whole process tree."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class Cost:
    """`cpu_s` counts user and system time of the process and all its children; `peak_mb` is resident memory."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str

    def as_json(self) -> dict[str, Any]:
        return {k: round(v, 3) for k, v in asdict(self).items() if k != "output"}


def cost(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Cost:
    """Raises CalledProcessError, with the output, where the command fails."""
    before = os.times()
    started = time.perf_counter()
    peak = 0
    with tempfile.TemporaryFile("w+") as log:  # a pipe that nobody reads holds 64 KB, then the child waits for ever
        child = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, cwd=cwd, env={**os.environ, **(env or {})}
        )
        process = psutil.Process(child.pid)
        while child.poll() is None:
            peak = max(peak, _tree_rss(process))
            time.sleep(0.02)
        log.seek(0)
        output = log.read()
    wall = time.perf_counter() - started
    after = os.times()
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command, output)
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall, spent, peak / 1e6, output)


def _tree_rss(process: psutil.Process) -> int:
    total = 0
    try:
        for one in [process, *process.children(recursive=True)]:
            # shared pages of spawned workers count once each; that overstates ours, never the peer's
            total += one.memory_info().rss
    except psutil.Error:
        pass
    return total


def machine() -> dict[str, Any]:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("assay", "pylance", "pyarrow", "duckdb", "numba", "msgspec")},
        "date": time.strftime("%Y-%m-%d"),
    }
