"""The rules beside recipes/fineweb.yaml are the published presets, read where FineWeb reads them."""

from __future__ import annotations

import pytest

from assay.rules import load_ruleset
from tests.conftest import ROOT

AS_THERE = {
    "gopher_repetition@datatrove": ("repetition_", ()),
    "gopher_quality@datatrove": ("quality_", ()),
    "c4@datatrove": ("c4_", ((".page_break", ".page_break_any_end"), (".sentences", ".sentences_any_end"))),
    "fineweb@datatrove": ("fineweb_", (("fineweb_lines", "fineweb_lines_after_c4"),)),
}


@pytest.mark.parametrize("preset", AS_THERE)
def test_thresholds_are_those_of_the_preset(preset: str) -> None:
    prefix, renamed = AS_THERE[preset]
    mine = {rule.name: rule for rule in load_ruleset(ROOT / "recipes" / "fineweb" / "rules.yaml").rules}
    there = load_ruleset(preset).rules
    assert {name for name in mine if name.startswith(prefix)} == {prefix + rule.name for rule in there}
    for rule in there:
        when = rule.expression.sql
        for old, new in renamed:
            when = when.replace(old, new)
        assert (mine[prefix + rule.name].expression.sql, rule.action) == (when, "drop")
