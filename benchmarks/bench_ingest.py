"""JSONL ingest against `datasets`' JSON loading and pyarrow to Parquet: MB/s per core, peak memory, bytes stored.

The three do different work, which the ratio must be read with: ours types, hashes, checks and quarantines every
record and keeps its place in the file; the two others parse columns, and stop at the first broken line.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.corpora import WORK, qa_file, qa_lines
from benchmarks.measure import Cost, cost
from benchmarks.peers import python_of

_DATASETS = """
import sys, datasets
print(len(datasets.load_dataset("json", data_files=sys.argv[1], cache_dir=sys.argv[2], split="train")))
"""
_PYARROW = """
import sys, pyarrow as pa, pyarrow.json as pj, pyarrow.parquet as pq
pa.set_cpu_count(1); pa.set_io_thread_count(1)
text = [(name, pa.large_string()) for name in ("id", "prompt", "best_answer", "topic")]
schema = pa.schema([*text, ("difficulty", pa.int64())])
read = pj.ReadOptions(use_threads=False, block_size=8 << 20)
reader = pj.open_json(sys.argv[1], read, pj.ParseOptions(explicit_schema=schema))
with pq.ParquetWriter(sys.argv[2], schema, compression="zstd") as out:
    for batch in reader: out.write_batch(batch)
"""
ASSAY = [sys.executable, "-m", "assay.cli.main"]
_ONE = {"OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


def run(megabytes: int) -> dict[str, Any]:
    source, tiny = qa_file(megabytes), WORK / "one.jsonl"
    tiny.write_bytes(next(qa_lines(1)))
    size = source.stat().st_size
    out: dict[str, Any] = {"input_mb": round(size / 1e6, 1)}
    for workers in (1, 2):
        home = _empty(WORK / f"ws{workers}")
        command = [*ASSAY, "-w", str(home), "--workers", str(workers), "--json"]
        cost([*command, "init"])
        start = cost([*command, "ingest", "tiny", str(tiny)])
        spent = cost([*command, "ingest", "qa", str(source)])
        again = cost([*command, "ingest", "qa", str(source)])
        out[f"assay, {workers} workers"] = _row(spent, start, size, home) | {"again_s": round(again.wall_s, 2)}
    for name, make in {"datasets": _datasets, "pyarrow to Parquet": _pyarrow}.items():
        home = _empty(WORK / name.split()[0])
        start = cost(make(tiny, _empty(home / "tiny")), env=_ONE)
        spent = cost(make(source, _empty(home / "all")), env=_ONE)
        out[name] = _row(spent, start, size, home / "all")
    ours = out["assay, 1 workers"]["mb_per_s_per_core"]
    out["ratio to datasets"] = round(ours / out["datasets"]["mb_per_s_per_core"], 2)
    out["ratio to pyarrow"] = round(ours / out["pyarrow to Parquet"]["mb_per_s_per_core"], 2)
    return out


def _datasets(source: Path, home: Path) -> list[str]:
    return [str(python_of("datasets")), "-c", _DATASETS, str(source), str(home)]


def _pyarrow(source: Path, home: Path) -> list[str]:
    return [sys.executable, "-c", _PYARROW, str(source), str(home / "out.parquet")]


def _row(spent: Cost, start: Cost, size: int, home: Path) -> dict[str, Any]:
    """Start-up (the same command on one record) is taken off the rate and shown apart."""
    work_s = max(spent.cpu_s - start.cpu_s, 1e-9)
    stored = sum(f.stat().st_size for f in home.rglob("*") if f.is_file())
    return spent.as_json() | {
        "start_up_s": round(start.wall_s, 2),
        "mb_per_s_per_core": round(size / 1e6 / work_s, 1),
        "stored_mb": round(stored / 1e6, 1),
    }


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
