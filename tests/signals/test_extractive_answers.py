"""Answers that must stand in their context: XQuAD's all do, tampered ones are found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.records import Decoder
from assay.records.schema import schema_of
from assay.signals import SIGNALS


def asked(path: Path) -> list[dict[str, Any]]:
    data = json.loads(path.read_bytes())["data"]
    return [
        {"question": qa["question"], "context": paragraph["context"], "answers": qa["answers"]}
        for article in data
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]


def values(name: str, objects: list[dict[str, Any]]) -> list[Any]:
    decoder, rows = Decoder("qa"), []
    for i, obj in enumerate(objects):
        rows.append({"record_id": f"r{i}", "source": {"path": "f", "row": i}, **decoder.decode(obj).payload})
    return SIGNALS.get(name).run(pa.Table.from_pylist(rows, schema=schema_of("qa")), "qa").to_pylist()


@pytest.mark.parametrize("language", ["en", "de", "zh", "ar"])
def test_every_answer_of_xquad_stands_in_its_context_and_no_made_up_one_does(shared_data: Path, language: str) -> None:
    rows = asked(shared_data / f"qa/xquad/xquad.{language}.json")
    spans, found = values("span_mismatches", rows), values("answer_in_context", rows)
    assert spans == [0] * len(rows)
    assert found.count(False) == 0
    shifted = [
        {**row, "answers": [{**a, "answer_start": a["answer_start"] + 1} for a in row["answers"]]} for row in rows
    ]
    moved = values("span_mismatches", shifted)
    made_up = [{**row, "answers": [{"text": f"qwx{i} zzv", "answer_start": 0}]} for i, row in enumerate(rows)]
    told = values("answer_in_context", made_up)
    print(f"\nxquad.{language}: {len(rows)} spans match; {found.count(None)} not judged (long answers, short contexts)")
    print(f"shifted by one: {sum(map(bool, moved))} found; made up: {told.count(False)} found")
    assert sum(map(bool, moved)) >= len(rows) - 5, "an answer may stand twice, side by side"
    assert told.count(False) == len(rows) - told.count(None)
    assert told.count(None) <= 0.02 * len(rows)


def test_a_figure_inside_a_script_without_spaces_and_an_answer_at_its_place_stand_there() -> None:
    long = (
        "In the year there was much to do for Mannings people, and so it went on for a while until the end of it all."
    )
    chinese = "\u9ed1\u8c79\u961f\u7684\u9632\u5b88\u53ea\u4e22\u4e86308\u5206" * 3
    rows = [
        {"question": "q", "context": long, "answers": [{"text": "Manning", "answer_start": long.index("Manning")}]},
        {"question": "q", "context": long, "answers": [{"text": "Manning", "answer_start": 3}]},
        {"question": "q", "context": chinese, "answers": ["308"]},
        {"question": "q", "context": chinese, "answers": ["30"]},
    ]
    assert values("answer_in_context", rows) == [True, False, True, False]
