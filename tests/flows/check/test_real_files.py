"""What `check` says of public files, looked up in the files themselves by other means."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from assay.flows.check import CheckResult, Problem, check

KNOWN_KINDS = {
    "classification/banking77/train.csv": ("classification", 10_003),
    "classification/anthropic-persona/risk-seeking.jsonl": ("classification", 1_000),
    "qa/natural-questions/NQ-open.dev.jsonl": ("qa", 3_610),
    "qa/gpteacher/toolformer-dedupe-only.json": ("qa", 7_673),
    "qa/xquad/xquad.en.json": ("qa", 1_190),
    "reasoning/gsm8k/train.jsonl": ("reasoning", 7_473),
    "preference/hh-rlhf/harmless-base.test.first1500.jsonl.gz": ("preference", 1_500),
    "sensors/nab/realKnownCause/nyc_taxi.csv": ("domain_log", 10_320),
    "composite-legal/legalbench/cuad_insurance/train.tsv": ("classification", 6),
    "agentic/bfcl/BFCL_v4_parallel.json": ("agentic", 200),
    "agentic/tau-bench/gpt-4o-airline.json": ("agentic", 200),
}


def find(result: CheckResult, rule: str) -> Problem:
    return next(problem for problem in result.problems if problem.rule == rule)


def rules(result: CheckResult) -> set[str]:
    return {problem.rule for problem in result.problems}


def folded(text: str) -> str:
    """The oracle's own folding: what is no letter or digit is a space."""
    return " ".join(re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).lower()).split())


def line_of(example: str) -> int:
    return int(example.rpartition(":")[2])


@pytest.mark.parametrize("name", KNOWN_KINDS, ids=lambda name: name.split("/", 1)[1])
def test_every_record_is_read_as_what_it_is(shared_data: Path, name: str) -> None:
    result = check([str(shared_data / name)])
    kind, count = KNOWN_KINDS[name]
    assert result.kinds == {kind: count}
    assert (result.records, result.unreadable) == (count, 0)
    assert [
        line for line in result.lines() if len(line) > 100 and "assay " not in line and str(shared_data) not in line
    ] == []


def test_sms_spam_has_403_copies_in_its_own_encoding(shared_data: Path) -> None:
    path = shared_data / "classification/sms-spam/spam.csv"
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("cp1252"), newline="")))[1:]
    assert len(rows) == 5572
    copies = len(rows) - len(set(map(tuple, rows)))
    assert copies == 403

    result = check([str(path)], format="csv:cp1252")
    found = find(result, "exact_duplicate")
    assert (result.records, found.count) == (5572, copies)
    assert found.share == pytest.approx(403 / 5572)

    # Every example and the record it is said to repeat are the same line of the file.
    lines = path.read_bytes().decode("cp1252").split("\n")
    for example, why in zip(found.examples, found.why, strict=True):
        first = re.search(r"same as \S+:(\d+)", why)
        assert first is not None
        assert lines[line_of(example) - 1] == lines[int(first[1]) - 1]


def test_sms_spam_read_as_utf8_loses_the_482_lines_that_are_not(shared_data: Path) -> None:
    path = shared_data / "classification/sms-spam/spam.csv"

    def is_utf8(line: bytes) -> bool:
        try:
            line.decode()
        except UnicodeDecodeError:
            return False
        return True

    bad = [n for n, line in enumerate(path.read_bytes().split(b"\n"), 1) if not is_utf8(line)]
    found = find(check([str(path)]), "unreadable_invalid_utf8")
    assert found.count == len(bad) == 482
    assert [line_of(example) for example in found.examples] == bad[:3]
    assert "--format csv:cp1252" in found.fix


def test_banking77_repeats_31_texts_in_other_case_or_punctuation_and_labels_one_twice(shared_data: Path) -> None:
    path = shared_data / "classification/banking77/train.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts: dict[str, list[str]] = {}
    for row in rows:
        texts.setdefault(folded(row["text"]), []).append(row["category"])
    again = sum(len(labels) - 1 for labels in texts.values())
    conflicting = sum(len(labels) for labels in texts.values() if len(set(labels)) > 1)
    assert (len(rows), again, conflicting) == (10_003, 31, 2)

    result = check([str(path)])
    assert find(result, "same_text").count == again
    assert find(result, "label_conflict").count == conflicting
    assert "exact_duplicate" not in rules(result)
    lines = path.read_text("utf-8").split("\n")
    shown = [folded(lines[line_of(at) - 1].rpartition(",")[0]) for at in find(result, "label_conflict").examples]
    assert len(set(shown)) == 1


def test_natural_questions_and_gsm8k_have_no_copies(shared_data: Path) -> None:
    for name in ("qa/natural-questions/NQ-open.dev.jsonl", "reasoning/gsm8k/train.jsonl"):
        lines = (shared_data / name).read_text("utf-8").splitlines()
        assert len(lines) == len(set(lines))
        assert "exact_duplicate" not in rules(check([str(shared_data / name)]))


def test_two_versions_of_gpteacher_overlap_as_far_as_they_are_equal(shared_data: Path) -> None:
    train = shared_data / "qa/gpteacher/toolformer-similarity-0.6.json"
    held = shared_data / "qa/gpteacher/toolformer-dedupe-only.json"

    def said(record: dict[str, Any]) -> str:
        return folded(f"{record['input']} {record['instruction']} {record['output']}")

    texts = {said(record) for record in json.loads(held.read_text("utf-8"))}
    prompts = {folded(f"{record['input']} {record['instruction']}") for record in json.loads(held.read_text("utf-8"))}
    records = json.loads(train.read_text("utf-8"))
    same = sum(said(record) in texts for record in records)
    asked = sum(
        said(record) not in texts and folded(f"{record['input']} {record['instruction']}") in prompts
        for record in records
    )
    result = check([str(train)], eval=[str(held)])
    assert find(result, "eval_overlap_text").count == same == 2387
    assert find(result, "eval_overlap_prompt").count == asked == 6
    assert result.eval_records == 7673
    assert result.exit_code == 1


def test_gzipped_preferences_name_lines_of_the_text_inside(shared_data: Path) -> None:
    path = shared_data / "preference/hh-rlhf/harmless-base.test.first1500.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    result = check([str(path)])
    found = find(result, "truncated")
    for example in found.examples:
        pair = json.loads(lines[line_of(example) - 1])
        ends = {pair["chosen"].rstrip()[-1:], pair["rejected"].rstrip()[-1:]}
        assert ends - set('.!?"”…)'), f"{example} ends well"


def test_bfcl_questions_have_nothing_to_learn(shared_data: Path) -> None:
    path = shared_data / "agentic/bfcl/BFCL_v4_parallel.json"
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    roles = Counter(turn["role"] for record in records for turns in record["question"] for turn in turns)
    assert roles.get("assistant", 0) == 0
    result = check([str(path)])
    assert find(result, "trains_on_zero_tokens").count == len(records) == 200


def test_a_log_without_zones_says_so_for_every_line(shared_data: Path) -> None:
    path = shared_data / "sensors/nab/realKnownCause/nyc_taxi.csv"
    found = find(check([str(path)]), "time_without_zone")
    assert found.count == 10_320
    assert [line_of(example) for example in found.examples] == [2, 3, 4]


PROVEN = [
    "classification/sms-spam/spam.csv",
    "qa/natural-questions/NQ-open.dev.jsonl",
    "qa/xquad/xquad.en.json",
    "reasoning/gsm8k/train.jsonl",
    "preference/hh-rlhf/harmless-base.test.first1500.jsonl.gz",
    "sensors/nab/realKnownCause/nyc_taxi.csv",
    "agentic/tau-bench/gpt-4o-airline.json",
    "agentic/bfcl/BFCL_v4_multi_turn_base.json",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVEN, ids=lambda name: name.split("/", 1)[1])
def test_every_planted_fault_is_caught(shared_data: Path, name: str) -> None:
    proof = check([str(shared_data / name)], prove=True).proof
    missed = [f"{p.fault} by {p.rule}: {p.caught}/{p.planted}" for p in proof if p.caught < p.planted]
    assert missed == []
    assert sum(p.planted for p in proof) >= 50
