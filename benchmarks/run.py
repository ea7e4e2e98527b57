"""make bench: every benchmark in one run on one machine; results go to benchmarks/results/<name>.json."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import (
    bench_check,
    bench_dedup,
    bench_dedup_scale,
    bench_history,
    bench_ingest,
    bench_measure,
    bench_pii,
)
from benchmarks.measure import machine

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="small inputs: does it run at all? Writes nothing")
    parser.add_argument(
        "names", nargs="*", help="ingest, history, check, measure, pii, dedup, dedup_scale; all by default"
    )
    args = parser.parse_args()
    megabytes, records, chats = (20, 20_000, 2_000) if args.small else (1_000, 1_000_000, 100_000)
    benches: dict[str, Callable[[], dict[str, Any]]] = {
        "ingest": lambda: bench_ingest.run(megabytes),
        "history": lambda: bench_history.run(records),
        "check": lambda: bench_check.run(chats),
        "measure": lambda: bench_measure.run(megabytes),
        "pii": lambda: bench_pii.run(0 if args.small else 10),
        "dedup": bench_dedup.run,
        "dedup_scale": (lambda: bench_dedup_scale.run((5, 10, 20), 50_000)) if args.small else bench_dedup_scale.run,
    }
    for name in args.names or benches:
        result = {"machine": machine(), "result": benches[name]()}
        print(json.dumps({name: result["result"]}, indent=2))
        if not args.small:
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
