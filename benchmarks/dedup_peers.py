"""Other tools' deduplication and decontamination as whole processes, and what each of them kept.

Every tool reads the same JSONL ({"id", "text"}) and is held to one core. Where its settings allow, near copies are
MinHash of 5-word shingles, 14 bands of 8 hashes, seeds and normalisation as it comes. What it kept is read from its own
output, outside the time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import Any

import pyarrow as pa

from benchmarks.corpora import WORK
from benchmarks.measure import Cost, cost
from benchmarks.peers import python_of

ONE_CORE = ("taskset", "--cpu-list", str(max(os.sched_getaffinity(0))))
_SCRIPTS = Path(__file__).parent / "peers_scripts"
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "RAYON_NUM_THREADS": "1",
    "UV_OFFLINE": "1",  # nothing is installed while it is timed
    "DO_NOT_TRACK": "1",
    "DAFT_ANALYTICS_ENABLED": "0",
}
Command = Callable[[Path, Path], list[str]]
Kept = Callable[[Path], list[str]]


@dataclass(frozen=True)
class Peer:
    """`environment`: a name in peers.PINS. `command(source, out)`: what to run. `kept(out)`: ids, read afterwards.

    `megabytes`: of text that its speed is measured on; what it decides is judged on 20 MB by all. `runs`: of which the
    one with the median of CPU seconds counts.
    """

    environment: str
    command: Command
    kept: Kept
    megabytes: int = 20
    runs: int = 1


def measured(peer: Peer, source: Path, size: int, label: str) -> tuple[dict[str, Any], list[str]]:
    """What it cost on `source`, start-up (the same on one text) taken off the rate; and the ids that it kept."""
    tiny = WORK / "one_text.jsonl"
    tiny.write_text(json.dumps({"id": "one", "text": "One text, of two lines.\nThe second line."}) + "\n")
    starts, runs = [], []
    for _ in range(peer.runs):
        starts.append(_run(peer, tiny, WORK / "peer_out" / f"{label}_tiny"))
        out = WORK / "peer_out" / label
        runs.append(_run(peer, source, out))
    start, spent = _median(starts), _median(runs)
    row = spent.as_json() | {
        "text_mb": round(size / 1e6, 1),
        "start_up_s": round(start.wall_s, 2),
        "start_up_cpu_s": round(start.cpu_s, 2),
        "mb_per_s_per_core": round(size / 1e6 / max(spent.cpu_s - start.cpu_s, 1e-9), 2),
        "runs": peer.runs,
    }
    return row, peer.kept(out)


def decided(peer: Peer, source: Path, label: str) -> list[str]:
    """The ids that it kept, where its speed is not asked for."""
    out = WORK / "peer_out" / label
    _run(peer, source, out)
    return peer.kept(out)


def why(failure: Exception) -> str:
    """The end of what a failed command printed, else the failure."""
    if isinstance(failure, subprocess.CalledProcessError) and failure.output:
        return str(failure.output).strip()[-600:]
    return f"{type(failure).__name__}: {failure}"


def _run(peer: Peer, source: Path, out: Path) -> Cost:
    shutil.rmtree(out, ignore_errors=True)  # some of them would go on from what is there
    out.mkdir(parents=True)
    log = out / "log.txt"  # some print more than a pipe holds
    logged = ["sh", "-c", 'exec "$@" >"$0" 2>&1', str(log), *peer.command(source, out)]
    try:
        return cost([*ONE_CORE, *logged], env=_OFFLINE, cwd=out)
    except subprocess.CalledProcessError as failed:
        failed.output = log.read_text(errors="replace")
        raise


def _median(costs: list[Cost]) -> Cost:
    middle = median_low([one.cpu_s for one in costs])
    return next(one for one in costs if one.cpu_s == middle)


def _script(environment: str, name: str, *more: str) -> Command:
    return lambda source, out: [str(python_of(environment)), str(_SCRIPTS / name), str(source), str(out), *more]


def _text_dedup(module: str, *more: str) -> Command:
    def command(source: Path, out: Path) -> list[str]:
        return [
            *(str(python_of("text-dedup")), "-m", f"text_dedup.{module}"),
            *("--path", "json", "--data_files", str(source), "--split", "train", "--column", "text"),
            *("--output", str(out / "kept"), "--cache_dir", str(out / "cache"), "--num_proc", "1", *more),
        ]

    return command


def _data_juicer(operator: str, settings: dict[str, Any]) -> Command:
    def command(source: Path, out: Path) -> list[str]:
        config = out / "config.yaml"  # JSON is YAML
        recipe = {
            "project_name": "benchmark",
            "dataset_path": str(source),
            "export_path": str(out / "kept" / "kept.jsonl"),
            "work_dir": str(out / "work"),
            "ds_cache_dir": str(out / "cache"),
            "text_keys": "text",
            "np": 1,
            "auto_op_parallelism": False,
            "use_cache": False,
            "open_tracer": False,
            "open_monitor": False,
            "process": [{operator: settings}],
        }
        config.write_text(json.dumps(recipe))
        return [str(python_of("data-juicer").parent / "dj-process"), "--config", str(config)]

    return command


def _from_jsonl(out: Path) -> list[str]:
    return [
        json.loads(line)["id"]
        for path in sorted((out / "kept").glob("**/*.jsonl"))
        for line in path.open(encoding="utf-8")
    ]


def _from_json(out: Path) -> list[str]:
    kept: list[str] = json.loads((out / "kept.json").read_text())["kept"]
    return kept


def _from_arrow(out: Path) -> list[str]:
    kept: list[str] = []
    for path in sorted((out / "kept").glob("*.arrow")):
        with pa.OSFile(str(path)) as file:
            kept += pa.ipc.open_stream(file).read_all().column("id").to_pylist()
    return kept


_MINHASH_OF_JUICER = {
    "tokenization": "space",
    "window_size": 5,
    "lowercase": True,
    "num_permutations": 112,
    "num_bands": 14,
    "num_rows_per_band": 8,
}
NEAR = {
    "datatrove": Peer("datatrove", _script("datatrove", "datatrove_near.py"), _from_jsonl),
    "text-dedup": Peer(
        "text-dedup",
        _text_dedup("minhash", "--ngram", "5", "--num_perm", "112", "--b", "14", "--r", "8"),
        _from_arrow,
        100,
    ),
    "data-juicer": Peer(
        "data-juicer", _data_juicer("document_minhash_deduplicator", _MINHASH_OF_JUICER), _from_jsonl, 100
    ),
    "rensa R-MinHash": Peer("rensa", _script("rensa", "rensa_near.py"), _from_json, 100, 3),
    "daft": Peer("daft", _script("daft", "daft_near.py"), _from_json, 100, 3),
}
EXACT = {
    "datatrove": Peer("datatrove", _script("datatrove", "datatrove_exact.py"), _from_jsonl, 100),
    "text-dedup": Peer("text-dedup", _text_dedup("exact_hash"), _from_arrow, 100),
    "data-juicer": Peer("data-juicer", _data_juicer("document_deduplicator", {}), _from_jsonl, 100),
    "daft": Peer("daft", _script("daft", "daft_exact.py"), _from_json, 100, 3),
}


def decontamination(items: Path, mode: str) -> Peer:
    """datatrove's 12-grams against `items` (see peers_scripts/datatrove_decontam.py)."""
    return Peer("datatrove", _script("datatrove", "datatrove_decontam.py", str(items), mode), _from_jsonl)


def removed_rows(out: Path) -> Counter[str]:
    """How many texts datatrove flagged, by the n-gram that it says did it."""
    rows = [json.loads(line) for path in (out / "removed").glob("**/*.jsonl") for line in path.open(encoding="utf-8")]
    return Counter(row["metadata"]["contaminated_ngram"] for row in rows)
