"""Our side of bench_dedup: the same inputs through the store, the same judge.

Ingest is not timed: a dataset is deduplicated many times and read in once. What is timed reads texts from the store,
signs, groups, verifies, and writes signals. Start-up is the same command on one record, as for the peers.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import assay
from benchmarks import dedup_peers
from benchmarks.bench_measure import corpus
from benchmarks.corpora import WORK
from benchmarks.measure import Cost, cost

if TYPE_CHECKING:
    from benchmarks.bench_dedup import Truth

RUNS = 3  # the median is told


def stored(path: Path) -> Path:
    """A workspace with the file as `docs`, and one record as `tiny`; without an index or signals."""
    home = WORK / f"ours_{path.stem}"
    shutil.rmtree(home, ignore_errors=True)
    tiny = WORK / "one_text.jsonl"
    tiny.write_text(
        json.dumps({"id": "one", "text": "One text, of two lines.\nThe second line has a few words."}) + "\n"
    )
    ws = assay.open(home, create=True)
    ws.ingest("docs", [str(path)])
    ws.ingest("tiny", [str(tiny)])
    return home


def timed(path: Path, size: int, *what: str) -> tuple[dict[str, Any], Path]:
    """MB of text per CPU second of one core, start-up taken off; the workspace holds the signals afterwards."""
    home = stored(path)
    ws = assay.open(home)
    front = [*dedup_peers.ONE_CORE, sys.executable, "-m", "assay.cli.main", "-w", str(home), "--workers", "1", "--json"]

    def once(dataset: str) -> Cost:
        ws[dataset].rollback("1")
        shutil.rmtree(home / "index", ignore_errors=True)
        return cost([*front, what[0], dataset, *what[1:]])

    once("tiny")  # compiles, where nothing is compiled yet
    start = sorted((once("tiny") for _ in range(RUNS)), key=lambda one: one.cpu_s)[RUNS // 2]
    spent = sorted((once("docs") for _ in range(RUNS)), key=lambda one: one.cpu_s)[RUNS // 2]
    cpu = spent.cpu_s - start.cpu_s
    said = json.loads(spent.output.splitlines()[-1])
    row = spent.as_json() | {"start_up_cpu_s": round(start.cpu_s, 3), "text_mb": round(size / 1e6, 1)}
    row["mb_per_s_per_core"] = round(size / 1e6 / cpu, 1)
    return row | {name: said[name] for name in ("clusters", "duplicates", "verified_pairs") if name in said}, home


def kept(home: Path, signal: str) -> list[str]:
    """Ids of records without that signal."""
    store = assay.open(home).store
    data = store.dataset(store.names("docs")[0])
    rows = [row for batch in data.scan(columns=["record_id", signal]) for row in batch.to_pylist()]
    return [row["record_id"] for row in rows if row[signal] is None]


def near(truths: dict[str, Truth], megabytes: int = 100) -> dict[str, Any]:
    """Speed on the corpus; decisions judged on the truths' files, all copies removed, template values or not."""
    source, size = corpus(megabytes)
    row, _ = timed(source, size, "dedupe", "--method", "near", "--shingles", "words")
    for name, truth in truths.items():
        home = stored(truth.path)
        assay.open(home)["docs"].dedupe(method="near", shingles="words")
        row[name] = truth.judged(kept(home, "near_duplicate_of"))
    return row


def exact(edited: Path, judged: Any, megabytes: int = 100) -> dict[str, Any]:
    """Equal texts but for case, accents, spaces and punctuation: the retyped copies are found too."""
    source, size = corpus(megabytes)
    row, home = timed(source, size, "dedupe", "--method", "exact")
    row["corpus"] = judged(source, kept(home, "same_text_as"))
    home = stored(edited)
    assay.open(home)["docs"].dedupe(method="exact")
    row["with edited copies"] = judged(edited, kept(home, "same_text_as"))
    return row


def contaminated(home: Path) -> set[str]:
    store = assay.open(home).store
    data = store.dataset(store.names("docs")[0])
    rows = [row for b in data.scan(columns=["record_id", "contaminated_by"]) for row in b.to_pylist()]
    return {row["record_id"] for row in rows if row["contaminated_by"] is not None}


def contamination(
    items: Path, planted: tuple[Path, dict[str, str]], found: Any, megabytes: int = 100
) -> dict[str, Any]:
    source, size = corpus(megabytes)
    against = ("--against", str(items), "--map", "prompt=query", "--map", "best_answer=text")
    row, home = timed(source, size, "contamination", *against)
    row["flagged"] = len(contaminated(home))
    path, how = planted
    home = stored(path)
    mapping = ["prompt=query", "best_answer=text"]
    assay.open(home)["docs"].contamination([str(items)], mapping=mapping)
    return row | {"planted": found(contaminated(home), how)}
