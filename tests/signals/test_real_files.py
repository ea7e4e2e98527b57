"""False alarms on published files: rates that were looked at by eye, so that a change cannot raise them unseen."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.records.schema import schema_of
from assay.signals import SIGNALS


def lines(path: Path) -> list[Any]:
    raw = path.read_bytes()
    return [json.loads(line) for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines() if line]


def share(name: str, texts: list[str]) -> float:
    """Share of the texts on which a boolean or a positive number is given."""
    rows = [{"record_id": str(i), "text": text} for i, text in enumerate(texts)]
    values = SIGNALS.get(name).run(pa.Table.from_pylist(rows, schema=schema_of("composite")), "composite").to_pylist()
    return sum(bool(value) for value in values) / len(values)


def test_whole_texts_are_hardly_ever_called_truncated(shared_data: Path) -> None:
    """Seen: 0 of 1,000 abstracts' conclusions, 1 of 3,358 passages (a bracket really left open), 0 of 42 RFCs."""
    pubmed = json.loads((shared_data / "qa/pubmedqa/ori_pqal.json").read_bytes()).values()
    assert share("truncated", [one["LONG_ANSWER"] for one in pubmed]) == 0
    assert share("truncated", [text for one in pubmed for text in one["CONTEXTS"]]) < 0.001
    rfcs = sorted((shared_data / "composite-markdown/rust-rfcs").glob("*.md"))
    assert share("truncated", [path.read_text("utf-8") for path in rfcs]) == 0
    questions = [one["question"] for one in lines(shared_data / "reasoning/gsm8k/train.jsonl")]
    assert share("truncated", questions) < 0.001, "2 of 7,473 end without a question mark"


def test_dialogues_cut_by_their_source_are_found(shared_data: Path) -> None:
    """hh-rlhf's answers were cut at a length: 45 of the 1,500 chosen ones stop in the middle, as read by eye."""
    pairs = lines(shared_data / "preference/hh-rlhf/harmless-base.test.first1500.jsonl.gz")
    assert share("truncated", [pair["chosen"].split("\n\nAssistant:")[-1] for pair in pairs]) == pytest.approx(
        0.03, abs=0.005
    )


def test_texts_cut_at_a_word_are_found_when_they_can_be_judged(shared_data: Path) -> None:
    pairs = lines(shared_data / "preference/hh-rlhf/harmless-base.test.first1500.jsonl.gz")
    whole = [text for pair in pairs if len((text := pair["chosen"].split("\n\nAssistant:")[-1]).split()) > 60]
    cut = [" ".join(text.split()[: len(text.split()) * 2 // 3]) for text in whole]
    assert share("truncated", cut) > 0.5


@pytest.mark.parametrize("language", ["de", "fr", "es", "pt", "vi", "tr", "ru", "zh", "ja", "ar", "hi", "nb"])
def test_no_language_looks_like_mojibake(shared_data: Path, language: str) -> None:
    text = (shared_data / f"gold-lang-id/lingua-sentences/{language}.txt").read_text("utf-8")
    assert share("mojibake_share", text.split("\n")) <= 0.005


def test_mojibake_in_a_published_file_is_found(shared_data: Path) -> None:
    """XQuAD's Arabic contexts hold UTF-8 read as Windows-1252 in several paragraphs (a dash as three characters)."""
    data = json.loads((shared_data / "qa/xquad/xquad.ar.json").read_bytes())["data"]
    contexts = [paragraph["context"] for article in data for paragraph in article["paragraphs"]]
    assert 0.02 < share("mojibake_share", contexts) < 0.2
    whole = json.loads((shared_data / "qa/pubmedqa/ori_pqal.json").read_bytes()).values()
    assert share("mojibake_share", [one["LONG_ANSWER"] for one in whole]) == 0
