"""The proof: every fault has one rule that must name it, misses are reported, what cannot be planted is no catch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.core.errors import UserError
from assay.flows.check import CheckResult, check
from assay.flows.check import faults as planters
from assay.flows.check.faults import BREAKS, FAULTS, Fault, Plant, faults
from assay.flows.check.profile import profile
from assay.flows.check.seeds import encoded
from assay.records.schema import KIND_NAMES
from assay.signals import SIGNALS

EXAMPLES = [
    {"id": "c1", "text_input": "The parcel came late and was wet", "label": "negative"},
    {"id": "c2", "text_input": "The parcel came early and was fine", "label": "positive"},
    {"id": "q1", "prompt": "Which river runs through the town?", "best_answer": "The small one does."},
    {"id": "r1", "question": "What is 2 + 2?", "chain_of_thought": ["1) 2 + 2 = 4", "2) so 4"], "final_answer": "4"},
    {"id": "m1", "domain": "legal", "text": "This agreement is made today.", "metadata": {"source": "x"}},
    {
        "session_id": "s1",
        "steps": [{"step_number": 1, "tool_name": "find", "tool_input": {"a": 1}, "tool_output": {"b": 2}}],
    },
    {"id": "p1", "text_description": "Red shoes", "image_path": "images/red.jpg", "label": "footwear"},
    {
        "scenario_id": "sim1",
        "environment": "warehouse",
        "robot_position": {"x": 4.2},
        "action_taken": "pick_box",
        "result": "success",
        "notes": "fine",
    },
    {"record_id": "h1", "sensor_data": {"temp_c": 37.2}, "timestamp": "2025-06-12T10:05:00Z", "event_summary": "ok"},
]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("prove") / "examples.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in EXAMPLES))
    return str(path)


@pytest.fixture(scope="module")
def proven(examples: str) -> CheckResult:
    return check([examples], prove=True)


def test_every_planted_fault_is_caught_on_one_record_of_each_kind(proven: CheckResult) -> None:
    result = proven
    missed = [(p.kind, p.fault, p.rule, p.missed) for p in result.proof if p.caught < p.planted]
    assert missed == []
    assert sum(p.planted for p in result.proof) > 150


def test_every_fault_of_what_is_asked_for_is_caught(examples: str) -> None:
    asked = ("pii", "code", "math", "web", "consistency", "agents", "sensors")
    result = check([examples], prove=True, rules=asked)
    assert [(p.kind, p.fault, p.rule, p.missed) for p in result.proof if p.caught < p.planted] == []
    planted = {p.rule for p in result.proof if p.planted}
    assert {"emails", "payment_cards", "bank_accounts", "private_keys", "code_parse_errors", "stale_apis"} <= planted
    assert {"sql_parse_errors", "annotation_errors", "contradictory_values", "skipped_steps"} <= planted
    assert {"broken_urls", "invalid_tool_schemas", "final_answer_wrong", "answer_does_not_follow"} <= planted


def test_further_rules_are_named_in_what_to_do_next(examples: str, tmp_path: Path) -> None:
    own = tmp_path / "own rules.yaml"
    own.write_text("- {name: says_fine, dimension: validity, when: text like '%fine%', action: review}\n")
    result = check([examples], rules=["pii", own])
    found = next(problem for problem in result.problems if problem.rule == "says_fine")
    assert f"--rules '{own}'" in found.fix
    assert f"--rules pii --rules '{own}'" in result.next
    assert {"emails", "says_fine", "truncated"} <= set(result.checks)


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        pytest.param("pi", "no rules preset called 'pi'", id="a preset that is not there"),
        pytest.param("nowhere/own.yaml", "cannot read the rules file", id="a file that is not there"),
    ],
)
def test_rules_that_are_not_there_are_told_before_anything_is_read(examples: str, rules: str, what: str) -> None:
    with pytest.raises(UserError, match=what):
        check([examples], rules=[rules])


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_every_default_rule_of_a_kind_has_a_fault(kind: str) -> None:
    covered = {fault.rule for fault in faults(kind)}
    assert {rule.name for rule in profile(kind).rules if rule.action != "keep"} <= covered
    assert not [fault.name for fault in faults(kind) if fault.plant is planters._no_planter]


def test_every_planter_is_for_a_signal_that_exists() -> None:
    faults("qa")
    assert set(BREAKS) <= set(SIGNALS.names())


def test_a_check_that_misses_its_plant_fails_and_says_so(examples: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unseen = Fault("harmless", "empty_content", lambda seed, length: Plant([encoded({**EXAMPLES[0], "id": "other"})]))
    monkeypatch.setattr(planters, "FAULTS", [*FAULTS, unseen])
    result = check([examples], prove=True)
    missed = {p.fault: p for p in result.proof if p.caught < p.planted}
    assert set(missed) == {"harmless"}
    assert missed["harmless"].missed
    assert result.exit_code == 1
    assert any("MISSED" in line and "harmless" in line for line in result.lines())


def test_what_cannot_be_planted_says_why_and_counts_for_nothing(proven: CheckResult) -> None:
    result = proven
    unplanted = [p for p in result.proof if not p.planted]
    assert unplanted
    assert all(p.why and p.caught == 0 for p in unplanted)
    planted = sum(p.planted for p in result.proof)
    assert f"{planted} of {planted} planted faults caught" in "\n".join(result.lines())


def test_a_proof_is_the_same_every_time(examples: str, proven: CheckResult) -> None:
    assert check([examples], prove=True).proof == proven.proof


def test_user_records_decide_what_is_planted(tmp_path: Path) -> None:
    """With a name that only --map knows, the copies are read by the same --map."""
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"frage": "Was ist das Ding {n}?", "wort": "Ein Ding {n}."}}\n' for n in range(30)))
    result = check([str(path)], mapping={"prompt": "frage", "best_answer": "wort"}, prove=True)
    assert [(p.fault, p.rule) for p in result.proof if p.caught < p.planted] == []
    assert next(p for p in result.proof if p.rule == "exact_duplicate").planted == 5
