"""Counted facts of published sets: copies and conflicts in BANKING77, and annotators who disagree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assay.records import Decoder, Row, to_batch
from assay.records.schema import schema_of
from assay.signals import SIGNALS, measure_rows
from tests.signals.labelled import banking77, table


def measured(names: tuple[str, ...], rows: pa.Table, kind: str) -> dict[str, pa.Array]:
    return measure_rows([SIGNALS.get(name) for name in names], [rows], kind)[0]


def test_banking77_has_31_copies_and_one_text_under_two_labels(shared_data: Path) -> None:
    """10,003 rows: 31 repeat another but for case and punctuation, 4 but for outer spaces, none to the byte."""
    texts, labels = banking77(shared_data)
    assert len(texts) == 10_003
    assert len(texts) - len(set(texts)) == 0
    assert len(texts) - len({text.strip() for text in texts}) == 4
    rows = table(texts, labels)
    hashes = pa.array([f"{text}\x00{label}" for text, label in zip(texts, labels, strict=True)], pa.large_string())
    source = pa.array([{"path": "train.csv", "row": i} for i in range(len(texts))], rows.schema.field("source").type)
    rows = rows.set_column(rows.schema.get_field_index("content_hash"), "content_hash", hashes)
    rows = rows.set_column(rows.schema.get_field_index("source"), "source", source)
    found = measured(
        ("content_duplicates", "text_duplicates", "text_duplicate_of", "label_conflicts", "label_variant_of"),
        rows,
        "classification",
    )
    assert pc.sum(found["content_duplicates"]).as_py() == 0
    assert pc.sum(pc.greater(found["text_duplicates"], 0)).as_py() == 62
    assert len(found["text_duplicate_of"].drop_null()) == 31
    conflicting = [i for i, n in enumerate(found["label_conflicts"].to_pylist()) if n]
    assert len(conflicting) == 2
    assert {(texts[i], labels[i]) for i in conflicting} == {
        ("Has my top up gone through?", "pending_top_up"),
        ("Has my top-up gone through?", "top_up_reverted"),
    }
    assert len(found["label_variant_of"].drop_null()) == 0


def test_pubmedqa_annotators_disagree_on_299_of_1000(shared_data: Path) -> None:
    """The two first answers beside the final one: one of them saw the conclusion, the other did not."""
    answers = json.loads((shared_data / "qa/pubmedqa/ori_pqal.json").read_bytes()).values()
    records = [
        {
            "text": one["QUESTION"],
            "label": one["final_decision"],
            "annotations": [
                {"annotator": "reasoning_free", "label": one["reasoning_free_pred"]},
                {"annotator": "reasoning_required", "label": one["reasoning_required_pred"]},
            ],
        }
        for one in answers
    ]
    agreement = measured(("annotator_agreement",), batch(records, "classification"), "classification")
    shares = agreement["annotator_agreement"].to_pylist()
    assert len(shares) == 1000
    apart = sum(one["reasoning_free_pred"] != one["reasoning_required_pred"] for one in answers)
    assert apart == 299
    assert {share: shares.count(share) for share in set(shares)} == {0.0: 4, 0.5: 295, 1.0: 701}
    assert sum(share < 1 for share in shares) == 299


def test_one_of_three_pandalm_raters_disagrees_on_120_of_999(shared_data: Path) -> None:
    pairs = json.loads((shared_data / "preference/pandalm/testset-v1.json").read_bytes())
    records = [preference(pair) for pair in pairs]
    agreement = measured(("vote_agreement",), batch(records, "preference"), "preference")["vote_agreement"].to_pylist()
    assert len(agreement) == 999
    rounded = [round(share, 2) for share in agreement]
    assert {share: rounded.count(share) for share in set(rounded)} == {0.67: 120, 1.0: 879}


def preference(pair: dict[str, Any]) -> dict[str, Any]:
    """1 and 2 name the better response, 0 is a tie."""
    votes = []
    for i in (1, 2, 3):
        choice = pair[f"annotator{i}"]
        said = {"choice": choice - 1} if choice else {"tie": True}
        votes.append({"rater": f"annotator{i}", "rater_type": "human", **said})
    asked = f"{pair['instruction']}\n{pair['input']}".strip()
    # Six responses of the file are the JSON word true, in the place of a text.
    texts = [str(pair[f"response{i}"]) for i in (1, 2)]
    candidates = [{"messages": [{"role": "assistant", "content": text}]} for text in texts]
    return {"prompt": [{"role": "user", "content": asked}], "candidates": candidates, "votes": votes}


def batch(records: list[dict[str, Any]], kind: str) -> pa.Table:
    decoder = Decoder(kind)
    rows = [Row(decoder.decode(record), f"r{i:04}") for i, record in enumerate(records)]
    return pa.Table.from_batches([to_batch(kind, rows)], schema_of(kind))
