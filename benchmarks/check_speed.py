"""`assay check` on 100,000 chat and QA records: seconds, peak memory, and what was planted against what was found.

    python -m benchmarks.check_speed [--records 100000] [--workers 2] [--eval]

Half the records are chats of 2 to 6 messages, half are questions with answers, about 1 kB each. Every 200th record
is an exact copy, every 500th has no answer: the result must count them right, or the time means nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.measure import cost, machine

WORK = Path(__file__).parent / "work"
COPY_EVERY = 200
EMPTY_EVERY = 500
_SYLLABLES = [c + v for c in "bdklmnrst" for v in "aeio"]


def sentences(rng: Random, count: int) -> list[str]:
    words = ["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(20_000)]
    return [" ".join(rng.choices(words, k=rng.randint(6, 18))).capitalize() + "." for _ in range(count)]


def records(count: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Deterministic; the exact copies repeat the record two before."""
    rng = Random(seed)
    pool = sentences(rng, 50_000)
    past: list[dict[str, Any]] = []
    for n in range(count):
        if n % COPY_EVERY == COPY_EVERY - 1:
            yield past[-2]
            continue
        answer = "" if n % EMPTY_EVERY == EMPTY_EVERY - 2 else " ".join(rng.choices(pool, k=9))
        asked = f"{rng.choice(pool)} {rng.choice(pool)} Number {n}?"
        if n % 2:
            turns = [{"role": "user", "content": asked}]
            for _ in range(rng.randint(0, 2)):
                turns.append({"role": "assistant", "content": rng.choice(pool)})
                turns.append({"role": "user", "content": rng.choice(pool)})
            record: dict[str, Any] = {"messages": [*turns, {"role": "assistant", "content": answer or pool[0]}]}
        else:
            record = {"question": asked, "answer": answer, "topic": rng.choice(pool)[:20]}
        past = [*past[-2:], record]
        yield record


def write(path: Path, count: int) -> int:
    """JSON Lines of `records(count)`; returns the number of copies."""
    with path.open("w") as out:
        for record in records(count):
            out.write(json.dumps(record) + "\n")
    return count // COPY_EVERY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--eval", action="store_true", help="hold 1,000 of them against the rest as well")
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    source = WORK / f"check_speed_{args.records}.jsonl"
    copies = write(source, args.records)
    command = [sys.executable, "-m", "assay.cli.main", "--json", "--workers", str(args.workers), "check", str(source)]
    if args.eval:
        held = WORK / "check_speed_eval.jsonl"
        held.write_text("".join(source.read_text().splitlines(keepends=True)[:: max(args.records // 1000, 1)]))
        command += ["--eval", str(held)]
    # Exit code 1 means that it found the planted faults, which it must.
    spent = cost(["bash", "-c", '"$@" || test $? = 1', "check", *command])
    found = json.loads(spent.output[spent.output.index("{") :])
    counts = {problem["rule"]: problem["count"] for problem in found["problems"]}
    print(json.dumps({"machine": machine(), "megabytes": round(source.stat().st_size / 1e6, 1)}, indent=1))
    print(f"{found['records']:,} records, {spent.wall_s:.1f} s, {spent.cpu_s:.1f} CPU s, peak {spent.peak_mb:,.0f} MB")
    print(json.dumps(counts, indent=1))
    if counts.get("exact_duplicate") != copies or found["records"] != args.records:
        sys.exit(f"wrong: {copies} copies were planted")


if __name__ == "__main__":
    main()
