"""datatrove's four MinHash stages over one JSONL file, as its own example has them: SOURCE OUT."""

import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter

source, out = Path(sys.argv[1]), Path(sys.argv[2])
config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
signatures, buckets, removals = (str(out / name) for name in ("signatures", "buckets", "removals"))


def reader() -> JsonlReader:
    return JsonlReader(str(source.parent), glob_pattern=source.name)


stages = [
    ([reader(), MinhashDedupSignature(signatures, config=config)], 1),
    ([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets),
    ([MinhashDedupCluster(buckets, removals, config=config)], 1),
    ([reader(), MinhashDedupFilter(removals), JsonlWriter(str(out / "kept"), compression=None)], 1),
]
for number, (pipeline, tasks) in enumerate(stages):
    LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(out / "logs" / str(number))).run()
