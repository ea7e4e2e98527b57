"""Runs recipes in processes that may be killed, and says what they left. Used by test_recipe_kill."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from assay.recipes import run_recipe
from assay.release import verify
from assay.store import Workspace

# A few signals of each scope: what is killed is the storing of their values, not their kernels.
RECIPE = """\
name: journey
as_of: 2026-01-01
sources:
  - {dataset: mixed, paths: data, license: CC-BY-4.0}
transform: [{with: repair_encoding}]
dedupe: [{method: near}, {method: exact, fields: [response]}]
measure: [word_count, age_days]
decide:
  rules:
    - {name: short, dimension: completeness, when: word_count < 3, action: review}
    - {name: copy, dimension: uniqueness, when: duplicate_of is not null, action: drop}
    - {name: near, dimension: uniqueness, when: near_similarity > 0.9 and near_values_differing = 0, action: review}
gates:
  - kept >= 1
report: out/{dataset}.html
release: {name: journey, to: out/release, formats: [jsonl, parquet]}
"""


def context() -> ForkServerContext:
    """Processes that fork from one with everything imported and no thread started: half a second each, not five."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["tests.journeys.preloaded"])
    return found


def small_folder(folder: Path) -> Path:
    """Two kinds in two formats, with duplicates, mojibake, a broken line and a record of no kind."""
    data = folder / "data"
    data.mkdir(parents=True)
    qa = [{"id": f"q{i}", "prompt": f"What is {i} + {i}?", "best_answer": f"It is {2 * i}."} for i in range(40)]
    lines = [json.dumps(row) for row in qa] + [json.dumps({**qa[0], "id": "again"}), '{"id": "broken"', '{"x": 1}']
    (data / "qa.jsonl").write_text("\n".join(lines) + "\n")
    rows = [f"{i},the box number {i} arrived at the cafÃ©,{'good' if i % 2 else 'bad'}" for i in range(30)]
    (data / "labels.csv").write_text("id,text,label\n" + "\n".join(rows) + "\n")
    (folder / "recipe.yaml").write_text(RECIPE)
    return folder


def run_once(folder: str, failpoint: str | None, workers: int) -> None:
    """The child: one run of the recipe, in which a failpoint may kill it."""
    if failpoint:
        os.environ["ASSAY_FAILPOINT"] = failpoint
    with Workspace.init(Path(folder) / ".assay") as ws:
        run_recipe(ws, Path(folder) / "recipe.yaml", workers=workers)


def run(folder: Path, *, failpoint: str | None = None, after_s: float | None = None, workers: int = 1) -> int:
    """Run it, kill it where or when asked; returns the exit code (-9: killed)."""
    child = context().Process(target=run_once, args=(str(folder), failpoint, workers))
    child.start()
    if after_s is not None:
        child.join(after_s)
        if child.is_alive() and child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)
    child.join(600)
    assert child.exitcode is not None
    return child.exitcode


def timed(folder: Path) -> float:
    started = time.perf_counter()
    assert run(folder) == 0
    return time.perf_counter() - started


def left(folder: Path) -> dict[str, Any]:
    """What must not depend on kills: the release's bytes, the tables' digests, and that everything is in order."""
    out = folder / "out" / "release"
    files = {f.relative_to(out).as_posix(): f.read_bytes() for f in sorted(out.rglob("*")) if f.is_file()}
    files.pop("run.json")  # the clock's facts
    with Workspace.open(folder / ".assay") as ws:
        return {
            "files": files,
            "digests": {name: ws.dataset(name).digest() for name in ws.names()},
            "rows": {name: ws.dataset(name).count() for name in ws.names()},
            "quarantined": sorted((e.reason, e.row) for e in ws.ledger.quarantine()),
            "fsck": ws.fsck(deep=True),
            "verified": verify(out).ok,
            "beside": sorted(f.name for f in (folder / "out").iterdir()),
        }
