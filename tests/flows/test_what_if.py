"""What-if says exactly what deciding by the changed rules would do, and writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.errors import UnknownName, UserError
from assay.flows.decide import decide
from assay.flows.what_if import what_if
from assay.rules import parse_ruleset
from assay.store import Workspace
from tests.flows.world import Row, qa, workspace

RULES = """
name: lengths
thresholds: {min_words: 6}
rules:
  - {name: short, dimension: completeness, when: word_count < min_words, action: drop}
  - {name: copy, dimension: uniqueness, when: duplicate_of is not null, action: review}
"""


def rows() -> list[Row]:
    return [qa(n, " ".join(["word"] * (n + 1))) for n in range(12)]


def files(folder: Path) -> dict[str, bytes]:
    """Every file but the ledger's, which SQLite may touch by opening it."""
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and "ledger" not in p.name}


def kept(ws: Workspace, rules: str) -> dict[str, str]:
    part = decide(ws, "tickets", parse_ruleset(rules)).datasets[0]
    table = ws.load_decisions("tickets.qa", part.version, part.key)
    assert table is not None
    return dict(zip(table["record_id"].to_pylist(), table["action"].to_pylist(), strict=True))


def test_it_agrees_with_deciding_record_by_record(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    before = kept(ws, RULES)
    found = what_if(ws, "tickets", ["min_words=9"], parse_ruleset(RULES))
    after = kept(ws, RULES.replace("min_words: 6", "min_words: 9"))
    moved = {name for name in before if before[name] != after[name]}
    assert found.changed == len(moved) == 3
    assert (found.kept_before, found.kept_after) == (
        list(before.values()).count("keep"),
        list(after.values()).count("keep"),
    )
    assert [(move.before, move.after, move.count) for move in found.moves] == [("keep", "drop", 3)]
    assert {one.record_id for move in found.moves for one in move.examples} <= moved
    assert "word_count" in found.moves[0].examples[0].reasons[0]
    assert "< 9" in found.moves[0].examples[0].reasons[0]
    assert (found.rules["short"].before, found.rules["short"].after) == (
        list(before.values()).count("drop"),
        list(after.values()).count("drop"),
    )


def test_nothing_is_written(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows())
    decide(ws, "tickets", parse_ruleset(RULES))
    head, held = data.head, files(ws.path)
    what_if(ws, "tickets", ["min_words=1"])
    assert data.head == head
    assert files(ws.path) == held


def test_without_rules_it_asks_about_those_used_last(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    with pytest.raises(UserError) as caught:
        what_if(ws, "tickets", ["min_words=1"])
    assert caught.value.code == "E208"
    decide(ws, "tickets", parse_ruleset(RULES))
    found = what_if(ws, "tickets", ["min_words=1"])
    assert [(move.before, move.after) for move in found.moves] == [("drop", "keep")]
    assert "no longer" in found.moves[0].examples[0].reasons[0]


def test_a_rules_condition_can_be_asked_about(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    decide(ws, "tickets", parse_ruleset(RULES))
    assert what_if(ws, "tickets", ["short=word_count < 0"]).kept_after == 12


@pytest.mark.parametrize(
    ("asked", "code", "what"),
    [
        pytest.param("min_word=3", "E101", "did you mean 'min_words'", id="a name that is nearly right"),
        pytest.param("min_words", "E604", "such as", id="no value"),
        pytest.param("min_words=few", "E604", "needs a number", id="a word for a number"),
        pytest.param("min_words=inf", "E604", "needs a number", id="infinity"),
        pytest.param("short=word_count <", "E212", "not a SQL expression", id="half a condition"),
        pytest.param("short=char_count < 3", "E207", "no measured 'char_count'", id="a signal that is not measured"),
    ],
)
def test_what_cannot_be_asked_is_told(tmp_path: Path, asked: str, code: str, what: str) -> None:
    ws, _ = workspace(tmp_path, rows())
    decide(ws, "tickets", parse_ruleset(RULES))
    with pytest.raises(UserError, match=what) as caught:
        what_if(ws, "tickets", [asked])
    assert caught.value.code == code


def test_a_name_that_is_nothing_like_any_lists_some(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows())
    with pytest.raises(UnknownName, match="one of copy, min_words, short"):
        what_if(ws, "tickets", ["zzz=1"], parse_ruleset(RULES))
