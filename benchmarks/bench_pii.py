"""Personal data, redaction, languages, blocked words and licences in real documents, per core; datatrove beside it.

CPU seconds of the work alone, compiled and loaded before; the peer is timed the same way in its own environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.core.arrow import BATCH_BYTES, batches_by_bytes
from assay.signals import SIGNALS
from assay.transforms import TRANSFORMS
from benchmarks.bench_measure import shared_texts
from benchmarks.corpora import WORK
from benchmarks.peers import python_of

_PEER = """
import json, sys, time
from datatrove.data import Document
from datatrove.pipeline.formatters import PIIFormatter
formatter = PIIFormatter()
texts = [json.loads(line)["text"] for line in open(sys.argv[1], encoding="utf-8")]
formatter.format(texts[0])
started = time.process_time()
for _ in range(int(sys.argv[2])):
    for text in texts:
        formatter.format(text)
print(time.process_time() - started)
"""


def documents(name: str) -> pa.Table:
    """The texts of a file of real documents."""
    return pa.table({"text": pa.array(shared_texts(name), pa.large_string())})


def sentences() -> pa.Table:
    """Real sentences of 27 languages, of 130 bytes."""
    folder = Path(os.environ.get("ASSAY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    files = sorted((folder / "gold-lang-id" / "lingua-sentences").glob("*.txt"))
    lines = [line for file in files for line in file.read_text("utf-8").split("\n") if line.strip()]
    return pa.table({"text": pa.array(lines, pa.large_string())})


def _batches(rows: pa.Table) -> list[pa.RecordBatch]:
    return list(batches_by_bytes(rows.combine_chunks().to_batches(), BATCH_BYTES))


def _seconds(work: Callable[[pa.RecordBatch], object], batches: list[pa.RecordBatch], copies: int) -> float:
    work(batches[0].slice(0, 8))
    started = time.process_time()
    for _ in range(copies):
        for batch in batches:
            work(batch)
    return time.process_time() - started


def _peer(rows: pa.Table, copies: int) -> float:
    file = WORK / "pii_documents.jsonl"
    WORK.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in rows["text"].to_pylist()), "utf-8")
    command = [str(python_of("datatrove")), "-c", _PEER, str(file), str(copies)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def run(copies: int) -> dict[str, Any]:
    """copies: how often the 104 MB of English documents are gone through; 10 make the gigabyte."""
    english, mixed = documents("english_docs"), documents("multilingual_docs")
    if copies == 0:
        english, mixed, copies = english.slice(0, 1000), mixed.slice(0, 1000), 1
    listed = WORK / "blocked_words.txt"
    WORK.mkdir(parents=True, exist_ok=True)
    listed.write_text(
        "\n".join(f"{a}{b}" for a in ("damn", "blast", "rot", "mud", "bad") for b in ("", "y", "ed", "ing"))
    )
    jobs: dict[str, tuple[pa.Table, int, Callable[[pa.RecordBatch], object]]] = {
        "pii_spans": (english, copies, lambda b: SIGNALS.get("pii_spans").run(b, "composite")),
        "redact_pii": (english, copies, lambda b: TRANSFORMS.get("redact_pii").apply(b["text"])),
        "language": (english, copies, lambda b: SIGNALS.get("language").run(b, "composite")),
        "language, ten languages": (mixed, copies, lambda b: SIGNALS.get("language").run(b, "composite")),
        "language, sentences": (sentences(), copies, lambda b: SIGNALS.get("language").run(b, "composite")),
        "blocked_words, 20 of them": (
            english,
            1,
            lambda b: SIGNALS.get("blocked_words").run(b, "composite", {"words": str(listed)}),
        ),
        "spdx_license": (english, 1, lambda b: SIGNALS.get("spdx_license").run(b, "composite")),
    }
    result: dict[str, Any] = {}
    for name, (rows, times, work) in jobs.items():
        megabytes = sum(len(text.as_buffer()) for text in rows["text"]) / 1e6 * times
        seconds = _seconds(work, _batches(rows), times)
        result[name] = {
            "megabytes": round(megabytes),
            "cpu_s": round(seconds, 3),
            "mb_per_s": round(megabytes / seconds, 1),
            "rows_per_s": round(len(rows) * times / seconds),
        }
    seconds = _peer(english, copies)
    mine = result["pii_spans"]
    result["datatrove PIIFormatter (e-mail, IPv4)"] = {
        "megabytes": mine["megabytes"],
        "cpu_s": round(seconds, 3),
        "mb_per_s": round(mine["megabytes"] / seconds, 1),
    }
    result["times datatrove"] = round(seconds / mine["cpu_s"], 1)
    return result
