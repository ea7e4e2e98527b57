"""Label errors and label names in a workspace: any number of workers, and the preset that judges by them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assay.flows.decide import decide
from assay.flows.measure import measure
from assay.store import Dataset, Workspace
from tests.flows.world import values, workspace
from tests.signals.test_label_errors import NEAR, SCORE, SUSPECTED, world

pytest.importorskip("cleanlab")


def rows(texts: list[str], labels: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "record_id": f"r{i:04}",
            "source": {"path": "a.jsonl", "row": i, "uri": ".", "format": "jsonl"},
            "content_hash": f"{i:032x}",
            "text": text,
            "label": label,
        }
        for i, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]


def stored(folder: Path, texts: list[str], labels: list[str], cut: int) -> tuple[Workspace, Dataset]:
    made = rows(texts, labels)
    return workspace(folder, *[part for part in (made[:cut], made[cut:]) if part], name="topics.classification")


def test_values_are_the_same_for_any_workers_and_fragments(tmp_path: Path) -> None:
    texts, labels = world(per_label=60)
    labels[3], labels[100] = "music", "weather"
    found = []
    for workers, cut in ((1, 180), (2, 70), (2, 1)):
        ws, data = stored(tmp_path / f"{workers}-{cut}", texts, labels, cut)
        measure(ws, "topics", only=[SCORE, SUSPECTED, NEAR], workers=workers)
        found.append(values(data, SCORE, SUSPECTED, NEAR))
        assert measure(ws, "topics", only=[SCORE, SUSPECTED, NEAR], workers=workers).cached
    assert found[0] == found[1] == found[2]
    assert found[0]["r0003"][1] == "weather"


_STATE = """
import hashlib
from assay.signals.label_evidence import combine, summarise
from assay.text.features import features
from assay.text.linear_model import Scorer
from tests.signals.labelled import flipped, table
from tests.signals.test_label_errors import world
texts, labels = world(per_label=60)
labels, wrong = flipped(labels, 0.1, 0)
rows = table(texts, labels)
state = combine(summarise(*(rows[name].combine_chunks() for name in ("text", "text_pair", "label", "label_set"))))
model = Scorer.train(features(rows["text"].combine_chunks()), wrong).to_bytes({"b": 1, "a": 2})
print(hashlib.sha256(repr(state.to_pylist()).encode() + model).hexdigest())
"""


@pytest.mark.slow
def test_no_hash_seed_and_no_process_changes_a_bit() -> None:
    found = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", _STATE], env=environment, capture_output=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1


def fired(ws: Workspace, data: Dataset) -> dict[str, list[str]]:
    result = decide(ws, data.name, "labels")
    table = ws.load_decisions(data.name, result.datasets[0].version)
    assert table is not None
    return {row["record_id"]: sorted(row["rules"]) for row in table.to_pylist() if row["rules"]}


def test_the_preset_names_each_planted_fault_and_nothing_else(tmp_path: Path) -> None:
    texts, labels = world(per_label=60)
    labels[3] = "music"
    texts.append(texts[150].upper() + "!")
    labels.append("weather")  # the same text under two labels
    labels[20] = "Weather"  # one class in another spelling
    found = fired(*stored(tmp_path / "faults", texts, labels, 90))
    assert "suspected_label_error" in found["r0003"]
    assert "same_text_other_label" in found["r0150"]
    assert "same_text_other_label" in found["r0180"]
    assert "label_written_otherwise" in found["r0020"]
    assert set(found) == {"r0003", "r0020", "r0150", "r0180"}


def test_the_preset_names_one_class_under_two_names(tmp_path: Path) -> None:
    texts, labels = world(per_label=60)
    halves = ["cooking_tip" if i % 3 == 0 else "cooking_tips" for i in range(len(labels))]
    labels = [half if label == "cooking" else label for label, half in zip(labels, halves, strict=True)]
    found = fired(*stored(tmp_path, texts, labels, 40))
    wanted = {f"r{i:04}" for i, label in enumerate(labels) if label == "cooking_tip"}
    assert {name for name, rules in found.items() if "near_synonym_label" in rules} == wanted


def test_a_clean_set_is_left_alone(tmp_path: Path) -> None:
    assert fired(*stored(tmp_path, *world(per_label=60), 90)) == {}
