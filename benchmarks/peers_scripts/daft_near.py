"""daft's MinHash over one JSONL file: SOURCE OUT. Bands and union-find in NumPy; the first of a group is kept."""

import json
import os
import sys
from pathlib import Path

import daft
import numpy as np
from daft.functions import minhash, normalize

text = normalize(daft.col("text"), remove_punct=True, lowercase=True, nfd_unicode=True, white_space=True)
frame = daft.read_json(sys.argv[1]).select("id", minhash(text, num_hashes=112, ngram_size=5).alias("mins"))
table = frame.to_arrow()
ids = table.column("id").to_pylist()
mins = np.concatenate([chunk.flatten().to_numpy() for chunk in table.column("mins").chunks]).reshape(-1, 14, 8)
parent = np.arange(len(ids))


def root(i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


for band in range(14):
    _, first, which = np.unique(mins[:, band], axis=0, return_index=True, return_inverse=True)
    near = first[which.ravel()]
    for i in np.flatnonzero(near != np.arange(len(ids))):
        a, b = sorted((root(i), root(near[i])))
        parent[b] = a
out = Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
kept = [one for i, one in enumerate(ids) if root(i) == i]
(out / "kept.json").write_text(json.dumps({"kept": kept}))
os._exit(0)  # all is written; taking itself down, it sometimes crashes
