"""A rule that drops much of one source is named, with the source; one that drops little is not."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from assay.flows.alarms import MIN_ROWS
from assay.flows.decide import decide
from assay.rules import parse_ruleset
from tests.flows.world import qa, workspace

RULES = """
- {name: short, dimension: completeness, when: word_count < 6, action: drop}
- {name: odd, dimension: validity, when: word_count < 6, action: review}
"""
SHORT = "one two"


def test_a_rule_that_removes_most_of_a_dataset_raises_an_alarm(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, [qa(n, SHORT if n % 2 else None) for n in range(MIN_ROWS)])
    found = decide(ws, "tickets", parse_ruleset(RULES))
    (alarm,) = found.datasets[0].alarms
    assert (alarm.rule, alarm.source, alarm.rows) == ("short", None, MIN_ROWS)
    assert alarm.removed == found.dropped
    assert "ALARM: short drops" in str(found)


def test_a_rule_below_the_share_raises_none(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, [qa(n, SHORT if n < 3 else None) for n in range(MIN_ROWS)])
    part = decide(ws, "tickets", parse_ruleset(RULES)).datasets[0]
    assert part.dropped == 3
    assert not part.alarms
    again = decide(ws, "tickets", parse_ruleset(RULES), alarm_share=0.1).datasets[0]
    assert [alarm.removed for alarm in again.alarms] == [3]


def test_few_rows_say_nothing(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, [qa(n, SHORT) for n in range(MIN_ROWS - 1)])
    part = decide(ws, "tickets", parse_ruleset(RULES)).datasets[0]
    assert part.dropped == MIN_ROWS - 1
    assert not part.alarms
    assert isinstance(ws.load_decisions("tickets.qa", part.version, part.key), pa.Table)


def test_one_bad_source_among_good_ones_is_named(tmp_path: Path) -> None:
    good = [qa(n, path="good.jsonl") for n in range(4 * MIN_ROWS)]
    bad = [qa(1000 + n, SHORT, path="bad.jsonl") for n in range(MIN_ROWS)]
    ws, _ = workspace(tmp_path, good, bad)
    part = decide(ws, "tickets", parse_ruleset(RULES)).datasets[0]
    assert [(alarm.source, alarm.removed, alarm.rows) for alarm in part.alarms] == [("bad.jsonl", MIN_ROWS, MIN_ROWS)]


def test_small_files_count_by_their_folder(tmp_path: Path) -> None:
    good = [qa(n, path="a.jsonl") for n in range(4 * MIN_ROWS)]
    bad = [qa(1000 + n, SHORT, path=f"pages/{n}.json") for n in range(MIN_ROWS)]
    ws, _ = workspace(tmp_path, good, bad)
    part = decide(ws, "tickets", parse_ruleset(RULES)).datasets[0]
    assert [alarm.source for alarm in part.alarms] == ["pages/"]
