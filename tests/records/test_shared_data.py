"""Real public files: what each is taken for, that nothing of it is lost, and what is refused."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.core.ids import canonical_json
from assay.records import Decoder, RecordError, Row, find_problems, record_id_of, restore, to_batch


def objects(path: Path) -> Iterator[Any]:
    """A plain reader, apart from the product's own."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if path.suffix in (".csv", ".tsv"):
        rows = csv.DictReader(
            data.decode("utf-8", "replace").splitlines(), delimiter="\t" if path.suffix == ".tsv" else ","
        )
        yield from ({k: v for k, v in row.items() if k is not None and v is not None} for row in rows)
        return
    try:
        whole = json.loads(data)
    except json.JSONDecodeError:
        yield from (json.loads(line) for line in data.split(b"\n") if line.strip())
        return
    if isinstance(whole, list):
        yield from whole
    elif "examples" in whole:
        yield from whole["examples"]
    elif "version" in whole:
        for article in whole["data"]:
            for paragraph in article["paragraphs"]:
                yield from ({**qa, "context": paragraph["context"]} for qa in paragraph["qas"])
    elif path.stem == "ori_pqal":
        yield from ({"id": name, **record} for name, record in whole.items())
    else:
        yield whole


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("qa/natural-questions/*.jsonl", "qa"),
        ("qa/gpteacher/*.json", "qa"),
        ("qa/xquad/*.json", "qa"),
        ("qa/pubmedqa/*.json", "qa"),
        ("reasoning/gsm8k/train.jsonl", "reasoning"),
        ("reasoning/gsm8k/example*.jsonl", "qa"),
        ("reasoning/big-bench-mistake/*.jsonl", "reasoning"),
        ("reasoning/entailment_bank/*.jsonl", "reasoning"),
        ("reasoning/bbh/*.json", "qa"),
        ("reasoning/svamp/*.json", "qa"),
        ("classification/banking77/train.csv", "classification"),
        ("classification/sms-spam/*.csv", "classification"),
        ("classification/anthropic-persona/*.jsonl", "classification"),
        ("composite-legal/legalbench/cuad_*/train.tsv", "classification"),
        ("agentic/bfcl/*.json", "agentic"),
        ("agentic/swe-agent/*/*.traj", "agentic"),
        ("agentic/tau-bench/*.json", "agentic"),
        ("agentic/toolbench/G1_answer/*.json", "agentic"),
        ("agentic/who-and-when/Algorithm-Generated/1*.json", "agentic"),
        ("preference/fastchat/*.json", "qa"),
        ("preference/hh-rlhf/*.gz", "preference"),
        ("preference/llmbar/*.json", "preference"),
        ("preference/pandalm/testset*.json", "preference"),
        ("preference/mt-bench/*/question.jsonl", "qa"),
        ("sensors/nab/*/*.csv", "domain_log"),
        ("sensors/uci-beijing-pm25/*.csv", "domain_log"),
        ("gold-label-errors/*/*.json", "multimodal"),
        ("gold-pii/presidio/*.json", "composite"),
        ("agentic/bfcl/possible_answer/*.json", "unknown_kind"),
        ("agentic/api-bank/level-1-given-desc/AddA*.jsonl", "unknown_kind"),
        ("preference/mt-bench/*/reference_answer/*.jsonl", "unknown_kind"),
        ("classification/uci-german/*.csv", "unknown_kind"),
    ],
)
def test_real_files_are_told_apart_and_come_back(shared_data: Path, pattern: str, kind: str) -> None:
    files = sorted(shared_data.glob(pattern))[:4]
    assert files
    for path in files:
        decoder, outcomes, rows, originals = Decoder(), Counter[str](), [], []
        for i, obj in enumerate(objects(path)):
            if i == 150:
                break
            try:
                decoded = decoder.decode(obj)
            except RecordError as error:
                outcomes[error.reason] += 1
                continue
            outcomes[decoded.kind] += 1
            rows.append(Row(decoded, record_id_of(decoded, path.name, 0, i)))
            originals.append(obj)
        assert set(outcomes) == {kind}, (path.name, outcomes)
        if not rows:
            continue
        for row, obj in zip(to_batch(kind, rows).to_pylist(), originals, strict=True):
            assert canonical_json(restore(kind, row), normal=False) == canonical_json(obj, normal=False)
            find_problems(kind, row)
