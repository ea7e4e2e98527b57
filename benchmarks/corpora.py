"""Inputs of a stated size, made by repetition with changed ids; deterministic, kept under benchmarks/work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

WORK = Path(__file__).parent / "work"
_WORDS = Path(__file__).read_text("utf-8").split()


def qa_lines(count: int, seed: int = 0) -> Iterator[bytes]:
    """About 1 kB each: a question, an answer of several sentences, two unknown keys."""
    rng = Random(seed)
    vocabulary = [f"{word.strip('.,')}{n}" for word in sorted(set(_WORDS)) if word.isalpha() for n in range(8)]
    paragraphs = [" ".join(rng.choices(vocabulary, k=60)).capitalize() + "." for _ in range(2000)]
    for number in range(count):
        record = {
            "id": f"q{number}",
            "prompt": f"Question {number}: {rng.choice(paragraphs)[:120]}?",
            "best_answer": f"{rng.choice(paragraphs)} {rng.choice(paragraphs)}",
            "difficulty": rng.randrange(5),
            "topic": rng.choice(vocabulary),
        }
        yield json.dumps(record).encode() + b"\n"


def qa_file(megabytes: int) -> Path:
    """A JSONL file of at least this size."""
    path = WORK / f"qa_{megabytes}mb.jsonl"
    if not path.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        block = b"".join(qa_lines(20_000))
        with part.open("wb") as out:
            copy = 0
            while out.tell() < megabytes * 1_000_000:
                # only the id changes from copy to copy, so that no two records are the same record
                out.write(block.replace(b'{"id": "q', b'{"id": "c%d-q' % copy))
                copy += 1
        part.rename(path)
    return path
