"""Published-filter signals of a stored corpus: MB/s of text per core, peak memory, the same values for any workers.

The corpus: technical English (../shared/data/perf, 104 MB), copied until it is large enough. In copy k every word is
changed that holds one of two letters: they are exchanged, another pair in each copy; so no two copies share their
records, and each has texts as real as the first. `measure` reads the texts from the store and writes the columns back;
ingest is not timed. Start-up is the same command on one record. The oracle is the slow Python of tests/kernels.

The peers do what is nearest, on a slice of the same texts. datatrove asks each of its four filters about every text,
called in-process; a filter stops at its first rule that fails, where ours measure every number: the ratio flatters it.
In a pipeline it asks the next filter only about what is kept, which is shown apart. NeMo Curator is not run here: its
rate is the one measured in-process with 22 heuristics on 20 MB of text on such a machine.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard

import assay
from benchmarks.corpora import WORK
from benchmarks.measure import Cost, cost
from benchmarks.peers import python_of

SETS = {
    "datatrove": ("gopher_repetition_datatrove", "gopher_quality_datatrove", "fineweb_lines", "c4_lines"),
    "dolma": ("gopher_repetition_dolma", "gopher_quality_dolma", "c4_dolma"),
    "dclm": ("gopher_repetition_dclm", "gopher_quality_dclm", "c4_dclm"),
}
NEMO_MB_PER_S = 1.45
_PAIRS = "bp dt gk vf mn sz lr cq jw hx bd pt fg kv nm zs rl qc wj xh"  # letters exchanged, by copy
_DATATROVE = """
import json, sys
from datatrove.data import Document
from datatrove.pipeline import filters as f
steps = [f.GopherRepetitionFilter(), f.GopherQualityFilter(), f.C4QualityFilter(filter_no_terminal_punct=False),
         f.FineWebQualityFilter()]
kept = 0
for number, line in enumerate(open(sys.argv[1])):
    document = Document(text=json.loads(line)["text"], id=str(number))
    good = True
    for step in steps:
        if step.filter(document) is not True:
            good = False
            if sys.argv[2] == "pipeline":
                break
    kept += good
print(kept)
"""


def shared_texts(name: str) -> Iterator[str]:
    folder = Path(os.environ.get("ASSAY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    with (folder / "perf" / f"{name}.jsonl.zst").open("rb") as packed:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(packed), encoding="utf-8"):
            yield json.loads(line)["text"]


def corpus(megabytes: int, name: str = "english_docs") -> tuple[Path, int]:
    """A JSONL file with at least that much text, and how many bytes of text it has."""
    path = WORK / f"{name}_{megabytes}mb.jsonl"
    size = path.with_suffix(".size")
    if not size.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        texts = list(shared_texts(name))
        total, copy = 0, 0
        with path.open("w", encoding="utf-8") as out:
            while total < megabytes * 1_000_000:
                a, b = _PAIRS.split()[copy % 20]
                exchanged = str.maketrans(a + b + a.upper() + b.upper(), b + a + b.upper() + a.upper())
                for number, original in enumerate(texts):
                    text = original.translate(exchanged) if copy else original
                    out.write(json.dumps({"id": f"{copy}-{number}", "text": text}) + "\n")
                    total += len(text.encode())
                    if total >= megabytes * 1_000_000:
                        break
                copy += 1
        size.write_text(str(total))
    return path, int(size.read_text())


def run(megabytes: int) -> dict[str, Any]:
    source, size = corpus(megabytes)
    tiny = WORK / "one_text.jsonl"
    tiny.write_text(json.dumps({"id": "one", "text": "One text, of two lines.\nThe second line."}) + "\n")
    home = WORK / "measured"
    ws = assay.open(home, create=True)
    for name, path in (("docs", source), ("tiny", tiny)):
        if not any(known.startswith(f"{name}.") for known in ws.store.names()):
            ws.ingest(name, [str(path)])
    data = ws.store.dataset(ws.store.names("docs")[0])
    out: dict[str, Any] = {"text_mb": round(size / 1e6, 1), "records": data.count()}
    for variant, names in SETS.items():
        for workers in (1, 2) if variant == "datatrove" else (1,):
            command = [sys.executable, "-m", "assay.cli.main", "-w", str(home), "--workers", str(workers), "--json"]
            only = [part for name in names for part in ("--only", name)]
            for dataset in ("tiny", "docs"):
                ws[dataset].rollback("1")
            cost([*command, "measure", "tiny", *only])  # compiles, where nothing is compiled yet
            ws["tiny"].rollback("1")
            start = cost([*command, "measure", "tiny", *only])
            spent = cost([*command, "measure", "docs", *only], env={"PYTHONHASHSEED": str(workers)})
            out[f"{variant}, {workers} workers"] = _row(spent, start, size) | {"digest": _digest(home, names)}
    out["texts that slow Python agrees on"] = _agreed(home)
    one, two = (out[f"datatrove, {workers} workers"] for workers in (1, 2))
    if one["digest"] != two["digest"]:
        raise AssertionError("two workers measured something else than one")
    if megabytes >= 1000:
        out["datatrove, 1 workers, twice the corpus"] = _memory(2 * megabytes)
    out |= _datatrove()
    ours = one["mb_per_s_per_core"]
    out["ratio to datatrove"] = round(ours / out["datatrove, every filter"]["mb_per_s_per_core"], 1)
    out["nemo_mb_per_s, measured elsewhere"] = NEMO_MB_PER_S
    out["ratio to NeMo Curator"] = round(ours / NEMO_MB_PER_S, 1)
    return out


def _memory(megabytes: int) -> dict[str, Any]:
    """Peak memory of one worker on a corpus twice as large; kernels are compiled by now."""
    source, size = corpus(megabytes)
    home = WORK / "measured_large"
    ws = assay.open(home, create=True)
    if not ws.store.names():
        ws.ingest("docs", [str(source)])
    ws["docs"].rollback("1")
    only = [part for name in SETS["datatrove"] for part in ("--only", name)]
    spent = cost([sys.executable, "-m", "assay.cli.main", "-w", str(home), "--workers", "1", "measure", "docs", *only])
    return spent.as_json() | {"text_mb": round(size / 1e6, 1)}


def _datatrove() -> dict[str, Any]:
    source, size = corpus(20)
    tiny = WORK / "one_text.jsonl"
    command = [str(python_of("datatrove")), "-c", _DATATROVE]
    out = {}
    for how in ("every filter", "pipeline"):
        start = cost([*command, str(tiny), how])
        spent = cost([*command, str(source), how])
        kept = int(spent.output.split()[-1])
        out[f"datatrove, {how}"] = _row(spent, start, size) | {"text_mb": round(size / 1e6, 1), "kept": kept}
    return out


def _digest(home: Path, names: tuple[str, ...]) -> str:
    """Over every value of the signals, in the order of the rows."""
    h, store = hashlib.sha256(), assay.open(home).store
    for batch in store.dataset(store.names("docs")[0]).scan(columns=list(names)):
        h.update(repr(batch.to_pylist()).encode())
    return h.hexdigest()[:16]


def _agreed(home: Path) -> int:
    """How many texts were compared, number by number, with Python that counts one by one."""
    from tests.kernels import test_repetition, test_shape

    store, checked, names = assay.open(home).store, 0, SETS["dclm"][:2]
    data = store.dataset(store.names("docs")[0])
    for row in next(data.scan(columns=["text", *names])).to_pylist():
        if not 0 < len(row["text"]) < 5_000:
            continue
        values = [v for name in names for v in row[name].values()]
        slow = [*test_repetition.slow(row["text"], 2), *test_shape.slow(row["text"], 2)]
        del slow[13 + 3]  # what dclm does not measure
        expected = [None if math.isnan(value) else value for value in slow]
        if any(
            (a is None) != (b is None) or (a and abs(a - b) > 1e-12 * b) for a, b in zip(values, expected, strict=True)
        ):
            raise AssertionError(f"slow Python has {expected}, we have {values}: {row['text'][:200]!r}")
        checked += 1
        if checked == 40:
            break
    return checked


def _row(spent: Cost, start: Cost, size: int) -> dict[str, Any]:
    """Start-up (the same command on one record) is taken off the rate and shown apart."""
    return spent.as_json() | {
        "start_up_s": round(start.wall_s, 2),
        "start_up_cpu_s": round(start.cpu_s, 2),
        "mb_per_s_per_core": round(size / 1e6 / max(spent.cpu_s - start.cpu_s, 1e-9), 2),
    }
