"""datatrove's exact deduplication over one JSONL file: SOURCE OUT."""

import sys
from pathlib import Path

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup.exact_dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter

source, out = Path(sys.argv[1]), Path(sys.argv[2])


def text_of(document: Document) -> str:
    return document.text


def reader() -> JsonlReader:
    return JsonlReader(str(source.parent), glob_pattern=source.name)


config = ExactDedupConfig(content_getter=text_of)
signatures, found = str(out / "signatures"), str(out / "found")
stages = [
    [reader(), ExactDedupSignature(signatures, config)],
    [ExactFindDedups(signatures, found, config)],
    [reader(), ExactDedupFilter(found, config), JsonlWriter(str(out / "kept"), compression=None)],
]
for number, pipeline in enumerate(stages):
    LocalPipelineExecutor(pipeline, tasks=1, workers=1, logging_dir=str(out / "logs" / str(number))).run()
