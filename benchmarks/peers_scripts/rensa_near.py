"""rensa's R-MinHash and LSH over one JSONL file: SOURCE OUT. Shingles in plain Python, the first of a group kept."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from rensa import RMinHash, RMinHashLSH

ids = []


def shingles() -> Iterator[list[str]]:
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            ids.append(record["id"])
            words = re.findall(r"\w+", record["text"].lower())
            yield [" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))]


parent = []


def root(i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


lsh = RMinHashLSH(threshold=0.7, num_perm=112, num_bands=14)
for i, sketch in enumerate(RMinHash.from_token_sets(shingles(), num_perm=112, seed=42)):
    parent.append(i)
    for near in lsh.query(sketch):
        a, b = sorted((root(i), root(near)))
        parent[b] = a
    lsh.insert(i, sketch)
kept = [one for i, one in enumerate(ids) if root(i) == i]
out = Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
(out / "kept.json").write_text(json.dumps({"kept": kept}))
