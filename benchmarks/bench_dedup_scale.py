"""Deduplication as data grows: MB/s per core and peak memory at 0.25, 0.5, 1 and 2 GB, and ten million short records.

Texts: technical English (../shared/data/perf, 104 MB), copied until there is enough. In copy k all letters are
permuted, otherwise in each: every copy has the near-duplicates of the first among its own records, and none in other
copies, so that work can grow with the data and not with its square. `assay dedupe` reads from the store and writes
signals; ingest is not timed, start-up (the same command on one record) is taken off. `planned_mb` is what `assay plan`
says beforehand.

Ten million records of some 90 bytes, a tenth of them near copies of the one before, show that what is exchanged and
sorted stays out of memory.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np
import pyarrow as pa

import assay
from assay.flows.dedupe.options import DedupeOptions
from assay.flows.dedupe.plan import forecast
from assay.records.schema import schema_of
from assay.store import Workspace
from benchmarks.bench_measure import shared_texts
from benchmarks.corpora import WORK
from benchmarks.measure import Cost, cost

SIZES = (250, 500, 1000, 2000)
_BATCH = 500_000


def command(home: Path, dataset: str, workers: int, *more: str) -> list[str]:
    start = [sys.executable, "-m", "assay.cli.main", "-w", str(home), "--workers", str(workers), "--json"]
    return [*start, "dedupe", dataset, *more]


def start_up(workers: int = 1) -> Cost:
    """The same command on one record, everything compiled."""
    home, tiny = WORK / "dedup_tiny", WORK / "one_text.jsonl"
    tiny.write_text(
        json.dumps({"id": "one", "text": "One text, of two lines.\nThe second line has some words."}) + "\n"
    )
    shutil.rmtree(home, ignore_errors=True)
    assay.open(home, create=True).ingest("tiny", [str(tiny)])
    cost(command(home, "tiny", workers))  # compiles
    return cost(command(home, "tiny", workers, "--seed", "2"))


def permuted(megabytes: int) -> tuple[Path, int]:
    """A JSONL file with at least that much text, and how many bytes of text it has. Copy 0 is the texts themselves."""
    path = WORK / f"permuted_{megabytes}mb.jsonl"
    size = path.with_suffix(".size")
    if not size.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        texts, total, copy = list(shared_texts("english_docs")), 0, 0
        with path.open("w", encoding="utf-8") as out:
            while total < megabytes * 1_000_000:
                letters = list(ascii_lowercase)
                Random(copy).shuffle(letters)
                given = "".join(letters) if copy else ascii_lowercase
                table = str.maketrans(ascii_lowercase + ascii_uppercase, given + given.upper())
                for number, original in enumerate(texts):
                    text = original.translate(table)
                    out.write(json.dumps({"id": f"{copy}-{number}", "text": text}) + "\n")
                    total += len(text.encode())
                    if total >= megabytes * 1_000_000:
                        break
                copy += 1
        size.write_text(str(total))
    return path, int(size.read_text())


def stored(megabytes: int) -> tuple[Path, int]:
    """A workspace with so much text as `docs`, without an index; and how many bytes of text."""
    source, size = permuted(megabytes)
    home = WORK / f"dedup_{megabytes}mb"
    if not (home / "ledger.db").exists():
        assay.open(home, create=True).ingest("docs", [str(source)])
    shutil.rmtree(home / "index", ignore_errors=True)
    return home, size


def row(spent: Cost, start: Cost, size: int) -> dict[str, Any]:
    said = json.loads(spent.output.splitlines()[-1])
    cpu = spent.cpu_s - start.cpu_s
    counts = {name: said[name] for name in ("records", "clusters", "duplicates", "verified_pairs", "rejected_pairs")}
    rates = {"mb_per_s_per_core": round(size / 1e6 / cpu, 1), "mb_per_s_wall": round(size / 1e6 / spent.wall_s, 1)}
    return spent.as_json() | {"text_mb": round(size / 1e6, 1), "start_up_cpu_s": round(start.cpu_s, 3)} | rates | counts


def planned_mb(home: Path, dataset: str, workers: int) -> float:
    """What `assay plan` says of memory."""
    with Workspace.open(home) as ws:
        said = forecast(ws, ws.names(dataset), DedupeOptions(), workers)
    found = re.search(r"about ([\d.]+) GB of memory", said)
    return float(found.group(1)) * 1000 if found else float("nan")


def digest(home: Path, dataset: str) -> str:
    with Workspace.open(home) as ws:
        return ws.dataset(ws.names(dataset)[0]).compute_digest()


def growing(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    start, out = start_up(), {}
    for megabytes in sizes:
        home, size = stored(megabytes)
        assay.open(home)["docs"].rollback("1")
        planned = planned_mb(home, "docs", 1)
        spent = cost(command(home, "docs", 1))
        out[f"{megabytes} MB"] = row(spent, start, size) | {"planned_mb": planned}
    rates = [one["mb_per_s_per_core"] for one in out.values()]
    out["slowest to fastest"] = round(min(rates) / max(rates), 3)
    return out


def workers_agree(megabytes: int) -> dict[str, Any]:
    """One worker and two, with another hash seed: the same table digest."""
    out, digests = {}, []
    for workers in (1, 2):
        home, size = stored(megabytes)
        assay.open(home)["docs"].rollback("1")
        spent = cost(command(home, "docs", workers), env={"PYTHONHASHSEED": str(workers)})
        digests.append(digest(home, "docs"))
        out[f"{workers} workers"] = row(spent, start_up(workers), size) | {"digest": digests[-1][:16]}
    if digests[0] != digests[1]:
        raise AssertionError("two workers found something else than one")
    return out


def short_records(number: int) -> Iterator[pa.RecordBatch]:
    """`number` records of twelve words, every tenth the one before with one word more."""
    rng = np.random.default_rng(0)
    words = np.array([f"{a}{b}" for a in "bdfgklmnprst" for b in ("an", "ela", "iso", "orum", "uma", "adent")], object)
    schema = schema_of("composite")
    for first in range(0, number, _BATCH):
        count = min(_BATCH, number - first)
        chosen = words[rng.integers(0, len(words), (count, 16))]
        chosen[9::10] = chosen[8::10]
        texts = [" ".join(one) for one in chosen]
        texts[9::10] = [f"{one} indeed" for one in texts[9::10]]
        ids = [f"r{first + i:09d}" for i in range(count)]
        place = {"path": "a.jsonl", "uri": ".", "format": "jsonl"}
        given = {
            "record_id": pa.array(ids, pa.large_string()),
            "kind": pa.array(["composite"] * count, pa.large_string()),
            "text": pa.array(texts, pa.large_string()),
            "content_hash": pa.array(ids, pa.large_string()),
            "source": pa.array([{**place, "row": first + i} for i in range(count)], schema.field("source").type),
        }
        columns = [given.get(f.name, pa.nulls(count, f.type)).cast(f.type) for f in schema]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def many(number: int) -> dict[str, Any]:
    home = WORK / f"dedup_{number}_records"
    if not (home / "ledger.db").exists():
        part = home.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        ws = Workspace.init(part)
        data = ws.create("short.composite")
        with data.begin_append("1") as job:
            for index, batch in enumerate(short_records(number)):
                job.write(index, [batch], {})
            job.commit({})
        ws.close()
        part.rename(home)
    shutil.rmtree(home / "index", ignore_errors=True)
    with Workspace.open(home) as ws:
        size = sum(batch.column(0).nbytes for batch in ws.dataset("short.composite").scan(columns=["text"]))
        if ws.dataset("short.composite").head > 1:
            ws.dataset("short.composite").rollback(1)
    planned = planned_mb(home, "short", 2)
    spent = cost(command(home, "short", 2))
    return row(spent, start_up(2), size) | {"planned_mb": planned}


def run(sizes: tuple[int, ...] = SIZES, number: int = 10_000_000) -> dict[str, Any]:
    return {
        "growing, 1 worker": growing(sizes),
        "workers": workers_agree(sizes[-2]),
        f"{number:,} records, 2 workers": many(number),
    }
