"""`assay check` on 100,000 chat and QA records: seconds, peak memory, and what was planted against what was found.

Half the records are chats of 2 to 6 messages, half are questions with answers, about 1 kB each. Every 200th record
is an exact copy, every 500th has no answer: the result must count them right, or the time means nothing.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.corpora import WORK
from benchmarks.measure import Cost, cost

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


def run(count: int) -> dict[str, Any]:
    """Against json.loads of every line; start-up (one record) is shown apart."""
    WORK.mkdir(parents=True, exist_ok=True)
    source, tiny = WORK / f"check_{count}.jsonl", WORK / "check_1.jsonl"
    copies = write(source, count)
    write(tiny, 1)
    start = _check(tiny)[0]
    spent, found = _check(source)
    counts = {problem["rule"]: problem["count"] for problem in found["problems"]}
    if counts.get("exact_duplicate") != copies or found["records"] != count:
        raise AssertionError(f"{copies} copies were planted in {count} records; found {counts}")
    started = time.perf_counter()
    with source.open() as lines:
        for line in lines:
            json.loads(line)
    oracle = time.perf_counter() - started
    return spent.as_json() | {
        "records": count,
        "megabytes": round(source.stat().st_size / 1e6, 1),
        "start_up_s": round(start.wall_s, 2),
        "json_loads_s": round(oracle, 2),
        "times json.loads": round(spent.wall_s / oracle, 1),
        "found": counts,
    }


def _check(source: Path) -> tuple[Cost, dict[str, Any]]:
    command = [sys.executable, "-m", "assay.cli.main", "--json", "check", str(source)]
    # Exit code 1 means that it found the planted faults, which it must.
    spent = cost(["bash", "-c", '"$@" || test $? = 1', "check", *command])
    return spent, json.loads(spent.output[spent.output.index("{") :])
