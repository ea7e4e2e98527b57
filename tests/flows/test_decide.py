"""Decide: every row gets one action and all its reasons; nothing is decided twice, and changes of verdict are named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from assay.core.errors import UserError, UserErrors
from assay.flows.decide import decide
from assay.flows.measure import measure
from assay.flows.verdicts import verdict_changes
from assay.rules import parse_ruleset
from assay.store import Workspace
from tests.flows.world import Row, fill, qa, workspace

RULES = """
- {name: short, dimension: completeness, when: word_count < 6, action: review}
- {name: copy, dimension: uniqueness, when: duplicate_of is not null, action: drop}
- {name: old, dimension: timeliness, when: age_days > 365, action: drop, on_null: pass}
- {name: never, dimension: validity, when: word_count < 0, action: drop}
"""


def rows() -> list[Row]:
    return [qa(0), qa(1, "short"), qa(2, "the same again and again"), qa(3, "the same again and again"), qa(4)]


def actions(ws: Workspace, version: int, key: str) -> dict[str, str]:
    table = ws.load_decisions("tickets.qa", version, key)
    assert table is not None
    return dict(zip(table["record_id"].to_pylist(), table["action"].to_pylist(), strict=True))


def test_rows_are_kept_plus_dropped_plus_review(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows()[:2], rows()[2:])
    found = decide(ws, "tickets", parse_ruleset(RULES))
    assert (found.kept, found.dropped, found.review) == (3, 1, 1)
    assert found.by_rule == {"copy": 1, "never": 0, "old": 0, "short": 1}
    part = found.datasets[0]
    assert actions(ws, part.version, part.key)["q0003"] == "drop"
    assert "3 kept + 1 dropped + 1 to review" in str(found)
    assert "2 rules fired nowhere" in str(found)


def test_it_measures_what_the_rules_mention_and_nothing_else(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows())
    decide(ws, "tickets", parse_ruleset(RULES))
    assert sorted(data.signals()) == ["age_days", "duplicate_of", "word_count"]


def test_the_same_rules_over_the_same_rows_are_not_evaluated_again(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    first = decide(ws, "tickets", parse_ruleset(RULES))
    again = decide(ws, "tickets", parse_ruleset(RULES.replace("word_count < 6", "word_count   <   6")))
    assert (first.cached, again.cached) == (False, True)
    assert (again.by_rule, again.kept) == (first.by_rule, first.kept)


def test_another_threshold_decides_again_without_measuring(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows())
    first = decide(ws, "tickets", parse_ruleset(RULES)).datasets[0]
    head = data.head
    second = decide(ws, "tickets", parse_ruleset(RULES.replace("< 6", "< 100"))).datasets[0]
    assert data.head == head
    assert (second.cached, second.review) == (False, 4)
    changes = verdict_changes(
        ws,
        {"tickets.qa": {"version": first.version, "key": first.key}},
        {"tickets.qa": {"version": second.version, "key": second.key}},
    )

    told = [(c.before, c.after, c.count, c.examples) for c in changes]
    assert told == [("keep", "review", 3, ["q0000", "q0002", "q0004"])]


def test_two_rulesets_never_overwrite_each_other(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    one = decide(ws, "tickets", parse_ruleset(RULES)).datasets[0]
    two = decide(ws, "tickets", parse_ruleset(RULES.replace("< 6", "< 100"))).datasets[0]
    assert one.version == two.version
    assert actions(ws, one.version, one.key) != actions(ws, two.version, two.key)


def test_lost_decisions_are_made_again(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    decide(ws, "tickets", parse_ruleset(RULES))
    for file in (ws.path / "decisions").rglob("*.parquet"):
        file.unlink()
    assert not decide(ws, "tickets", parse_ruleset(RULES)).cached


def test_time_rules_use_the_time_they_are_given(tmp_path: Path) -> None:
    made = [qa(0, event_time=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))]
    ws, _ = workspace(tmp_path, made)
    dropped = [
        decide(ws, "tickets", parse_ruleset(RULES), params={"as_of": as_of}).dropped
        for as_of in ("2024-06-01T00:00:00Z", "2025-06-01T00:00:00Z", "2024-06-01T00:00:00Z")
    ]
    assert dropped == [0, 1, 0]


def test_an_older_version_is_decided_by_what_it_holds(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows())
    measure(ws, "tickets", only=["word_count", "duplicate_of", "age_days"])
    old = data.head
    fill(ws, "tickets.qa", [[qa(9)]], key="2")
    assert decide(ws, "tickets", parse_ruleset(RULES), ref=old).datasets[0].rows == 5
    with pytest.raises(UserError, match=r"E207: tickets\.qa@1 has no measured"):
        decide(ws, "tickets", parse_ruleset(RULES), ref=1)


def test_names_are_checked_before_anything_is_measured(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows())
    wrong = RULES.replace("word_count < 6", "wrod_count < 6").replace("duplicate_of is", "tools is")
    with pytest.raises(UserErrors) as caught:
        decide(ws, "tickets", parse_ruleset(wrong, "r.yaml"))
    assert "did you mean 'word_count'" in str(caught.value)
    assert "no field or signal called 'tools'" in str(caught.value)
    assert data.signals() == {}


def test_presets_and_files_work_by_name(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    (tmp_path / "mine.yaml").write_text(RULES)
    by_file = decide(ws, "tickets", tmp_path / "mine.yaml")
    assert by_file.datasets[0].ruleset == "mine"
    assert decide(ws, "tickets", "default").datasets[0].ruleset == "default"


def test_batches_of_any_size_decide_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [qa(i, "x" * (i % 7) if i % 2 else None) for i in range(60)]
    ws, data = workspace(tmp_path, made)
    whole = decide(ws, "tickets", parse_ruleset(RULES)).datasets[0]
    expected = ws.load_decisions(data.name, whole.version, whole.key)
    for file in (ws.path / "decisions").rglob("*.parquet"):
        file.unlink()
    scan = type(data).scan
    monkeypatch.setattr(
        type(data), "scan", lambda self, ref=None, **more: scan(self, ref, **{**more, "batch_bytes": 500})
    )
    again = decide(ws, "tickets", parse_ruleset(RULES)).datasets[0]
    found = ws.load_decisions(data.name, again.version, again.key)
    assert found is not None
    assert found.equals(expected)


def test_a_dataset_without_rows_decides_nothing(tmp_path: Path) -> None:
    ws = Workspace.init(tmp_path / "ws")
    ws.create("empty.qa")
    found = decide(ws, "empty", "default")
    assert (found.kept, found.dropped, found.review) == (0, 0, 0)


def test_several_kinds_are_decided_together(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    fill(ws, "tickets.classification", [[{"record_id": "c1", "text": "hello there you", "label": "greeting"}]])
    found = decide(ws, "tickets", "default")
    assert [part.dataset for part in found.datasets] == ["tickets.classification", "tickets.qa"]
    assert found.kept + found.dropped + found.review == 6


def test_rules_of_other_kinds_are_no_mistake(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    other = RULES + "- {name: tools, dimension: accuracy, kinds: [agentic], when: len(tools) > 9, action: drop}\n"
    assert decide(ws, "tickets", parse_ruleset(other)).by_rule.keys() == {"short", "copy", "old", "never"}


def test_a_rollback_has_the_decisions_of_what_it_restored(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows())
    decided = decide(ws, "tickets", parse_ruleset(RULES)).datasets[0]
    fill(ws, "tickets.qa", [[qa(9)]])
    assert ws.load_decisions(data.name, data.head) is None
    restored = data.rollback(decided.version).number
    again = data.rollback(restored).number
    assert actions(ws, again, decided.key) == actions(ws, decided.version, decided.key)
