"""assay.lock: what an upgrade is, what one's own edit is, and that nothing else in the file is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.errors import UserError
from assay.recipes.lock import FILE, Pins, RulesetPin, adopt, drift, merge_pins, read_lock, write_lock


def preset(hash_: str, **rules: str) -> RulesetPin:
    return RulesetPin(hash=hash_, preset=True, rules=rules)


def own(hash_: str, **rules: str) -> RulesetPin:
    return RulesetPin(hash=hash_, preset=False, rules=rules)


def test_a_folder_without_a_lock_has_an_empty_one(tmp_path: Path) -> None:
    assert read_lock(tmp_path).recipes == {}


def test_recipes_of_a_folder_share_the_file_and_leave_each_other_alone(tmp_path: Path) -> None:
    first, second = Pins(signals={"language": 1}), Pins(rulesets={"default": preset("h", a="1")})
    write_lock(tmp_path, "a.yaml", first)
    write_lock(tmp_path, "b.yaml", second)
    assert read_lock(tmp_path).recipes == {"a.yaml": first, "b.yaml": second}
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_the_file_is_the_same_whatever_the_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, order in ((one, ("a", "b")), (two, ("b", "a"))):
        folder.mkdir()
        write_lock(folder, "r.yaml", Pins(signals=dict.fromkeys(order, 1)))
    assert (one / FILE).read_bytes() == (two / FILE).read_bytes()


def test_upgrades_are_named() -> None:
    old = Pins(signals={"language": 1, "gone": 3}, rulesets={"default": preset("h1", a="1", b="1", c="1")})
    new = Pins(signals={"language": 2, "added": 1}, rulesets={"default": preset("h2", a="1", b="2", d="1")})
    assert drift(old, new) == [
        "signal language: version 1 -> 2",
        "preset default: rule d is new",
        "preset default: rule c is gone",
        "preset default: rule b changed",
    ]


def test_edits_of_ones_own_rules_are_no_upgrade() -> None:
    old, new = Pins(rulesets={"mine.yaml": own("h1", a="1")}), Pins(rulesets={"mine.yaml": own("h2", a="2")})
    assert drift(old, new) == []
    assert adopt(old, new) == new


def test_an_upgrade_stays_as_pinned_until_the_lock_is_updated() -> None:
    old = Pins(signals={"language": 1, "gone": 1}, rulesets={"default": preset("h1", a="1")})
    new = Pins(signals={"language": 2, "added": 1}, rulesets={"default": preset("h2", a="2")})
    assert adopt(old, new) == Pins(signals={"language": 1, "added": 1}, rulesets={"default": preset("h1", a="1")})
    assert drift(adopt(old, new), new) == drift(old, new)


def test_pins_of_several_steps_are_joined() -> None:
    parts = [
        {"signals": {"a": 1}},
        {},
        {"signals": {"b": 2}, "rulesets": {"r": {"hash": "h", "preset": True, "rules": {}}}},
    ]
    assert merge_pins(parts) == Pins(signals={"a": 1, "b": 2}, rulesets={"r": preset("h")})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="cut off"),
        pytest.param('{"format": 99, "recipes": {}}', id="from a newer Assay"),
        pytest.param('{"format": 1, "recipes": []}', id="of another shape"),
    ],
)
def test_a_lock_that_cannot_be_read_says_how_to_get_a_new_one(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UserError, match="E205"):
        read_lock(tmp_path)
