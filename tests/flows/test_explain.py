"""Show: everything known about a record is there, and it is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.core.errors import UserError
from assay.flows.explain import show
from assay.flows.ingest import ingest
from assay.store import Workspace
from tests.flows.sources import decided


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return decided(tmp_path_factory.mktemp("w"), raw="keep")


def test_a_record_says_where_it_came_from(ws: Workspace) -> None:
    (record,) = show(ws, "tickets", "a20").records
    lines = (ws.path.parent / "in" / "qa" / "a.jsonl").read_bytes().splitlines()
    assert record.dataset == "tickets.qa"
    assert record.said == json.loads(lines[20])
    assert record.place.row == 20
    assert record.place.path is not None
    assert record.place.path.endswith("a.jsonl")
    assert record.place.original is not None
    assert json.loads(record.place.original) == record.said
    assert record.license == "MIT"


def test_a_decision_has_every_rule_with_its_reason(ws: Workspace) -> None:
    (record,) = show(ws, "tickets", "a20").records
    assert record.decision is not None
    assert record.decision.ruleset == "tests"
    by_name = {rule.rule: rule for rule in record.decision.rules}
    assert by_name["short"].verdict == "fired"
    assert by_name["short"].reason == "word_count 2 < 4"
    assert by_name["old"].verdict == "unknown"
    assert "age_days unknown" in by_name["old"].reason


def test_every_signal_is_listed_with_what_it_means(ws: Workspace) -> None:
    (record,) = show(ws, "tickets", "a3").records
    signals = {signal.name: signal for signal in record.signals}
    assert signals.keys() == ws.dataset("tickets.qa").signals().keys()
    assert signals["word_count"].unit == "words"
    assert signals["age_days"].measured
    assert signals["age_days"].value is None


def test_the_printed_form_holds_the_facts(ws: Workspace) -> None:
    text = str(show(ws, "tickets", "a20"))
    for part in ("a.jsonl:21", "word_count 2 < 4", "review", "best_answer: hm", "added", "history"):
        assert part in text


def test_the_history_tells_what_changed(tmp_path: Path) -> None:
    ws = decided(tmp_path)
    edited = tmp_path / "edit.jsonl"
    edited.write_text(json.dumps({"id": "a3", "prompt": "What is item number 3?", "best_answer": "Three."}) + "\n")
    ingest(ws, "tickets", [edited], workers=1, on_conflict="new-version")
    data = ws.dataset("tickets.qa")
    data.rollback(1, "undo")
    (now,) = show(ws, "tickets", "a3").records
    said = [(event.version, event.what.split(":")[0]) for event in now.history if event.action is None]
    assert [what for _, what in said] == ["added", "changed", "changed"]
    changed = next(event for event in now.history if event.what.startswith("changed"))
    assert "best_answer" in changed.what
    assert [event.action for event in now.history if event.action] == ["keep"]
    assert now.said["best_answer"] == "It is 3."
    (then,) = show(ws, "tickets.qa@1", "a3").records
    assert then.signals == []
    assert then.decision is None


def test_a_dataset_in_short(ws: Workspace) -> None:
    facts = {one.dataset: one for one in show(ws, "tickets").datasets}
    qa = facts["tickets.qa"]
    assert qa.rows == 90
    assert qa.domains == {"": 60, "legal": 16, "sports": 14}
    assert qa.decision is not None
    assert qa.decision["keep"] + qa.decision["drop"] + qa.decision["review"] == 90
    assert qa.quarantined == 1
    assert facts["tickets.reasoning"].rows == 10
    text = str(show(ws, "tickets"))
    assert "assay show tickets.qa" in text
    assert "90 qa records" in text


def test_an_unknown_record_suggests_a_near_one(ws: Workspace) -> None:
    with pytest.raises(UserError) as caught:
        show(ws, "tickets", "a2O")
    assert caught.value.code == "E101"
    assert "did you mean" in caught.value.fix


def test_results_become_json(ws: Workspace) -> None:
    body = show(ws, "tickets", "a20").as_json()
    assert json.loads(json.dumps(body))["records"][0]["record_id"] == "a20"
