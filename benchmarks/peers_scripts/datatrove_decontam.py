"""datatrove's n-gram decontamination of one JSONL file: SOURCE OUT ITEMS label|question.

ITEMS: a JSONL file of test items, {"task", "query", "text": the answer}. `question` also looks for n-grams of the
question alone, which is off in datatrove. The index is what its indexer's `compute_hashes` gives, written the way its
`run` does: `run` itself wants lighteval and its hub.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter

source, out, items, mode = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
config = NGramsDecontConfig(n_grams=12, find_query_ngrams=mode == "question")


index = out / "index"
index.mkdir(parents=True, exist_ok=True)
NGramsDecontIndexer._requires_dependencies = []
indexer, hashes = NGramsDecontIndexer(str(index), config=config), defaultdict(set)
for line in items.open(encoding="utf-8"):
    item = json.loads(line)
    hashes[item["task"]].update(indexer.compute_hashes(item["text"], item["query"]))
for task, values in hashes.items():
    np.array(sorted(values), dtype=config.hash_config.np_descr).tofile(index / f"{task}.index.hashes")
LocalPipelineExecutor(
    [
        JsonlReader(str(source.parent), glob_pattern=source.name),
        NGramsDecontFilter(str(index), config, JsonlWriter(str(out / "removed"), compression=None)),
        JsonlWriter(str(out / "kept"), compression=None),
    ],
    tasks=1,
    workers=1,
    logging_dir=str(out / "logs"),
).run()
