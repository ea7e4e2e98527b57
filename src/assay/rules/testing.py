"""Tests of rules, written beside them: a record, and what must happen to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from assay.core.errors import UnknownName, UserError
from assay.core.marked import Places
from assay.records.schema import KIND_NAMES

if TYPE_CHECKING:
    from assay.rules.rule import Rule

_KEYS = ("name", "kind", "record", "beside", "params", "given", "action", "fires", "silent")
_ACTIONS = ("keep", "drop", "review")
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """`record` as a user writes it, measured and judged together with the records `beside` it.

    kind: None lets the record say it. action: what must be decided, None for whatever. fires, silent: rules that must
    fire on it, and that must not. params: of the signals, such as as_of. given: values of signals that a verb of its
    own measures (near_similarity: 0.9); null where not given.
    """

    name: str
    record: Mapping[str, Any]
    kind: str | None = None
    beside: tuple[Mapping[str, Any], ...] = ()
    params: Mapping[str, Any]
    given: Mapping[str, Any]
    action: str | None = None
    fires: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    at: str = ""


def parse_tests(value: Any, path: _Path, places: Places, errors: list[UserError]) -> tuple[RuleTest, ...]:
    """The tests of a rules file; what is wrong with them goes to `errors` (E211, E101)."""
    if not isinstance(value, list):
        errors.append(UserError("E211", "`tests` is a list", at=places.at(path), fix="begin each test with `- name:`"))
        return ()
    read = (_test(item, (*path, i), places, errors) for i, item in enumerate(value))
    return tuple(test for test in read if test is not None)


def _test(item: Any, path: _Path, places: Places, errors: list[UserError]) -> RuleTest | None:
    before = len(errors)

    def wrong(what: str, key: str, fix: str = "") -> None:
        errors.append(UserError("E211", what, at=places.at((*path, key)), fix=fix))

    if not isinstance(item, dict):
        wrong(f"a test is a mapping, got {item!r}", "", "name, record, and one of action, fires, silent")
        return None
    for key in item:
        if key not in _KEYS:
            near = get_close_matches(str(key), _KEYS, n=1)
            wrong(f"a test has no field {key!r}", key, f"did you mean {near[0]!r}?" if near else f"one of {_KEYS}")
    if not isinstance(item.get("record"), dict):
        wrong("a test needs a `record`, as in your files", "record", "record: {prompt: ..., best_answer: ...}")
    if not any(key in item for key in ("action", "fires", "silent")):
        wrong("a test that expects nothing cannot fail", "name", "add `action:`, `fires:` or `silent:`")
    if item.get("action", "keep") not in _ACTIONS:
        wrong(f"no action {item['action']!r}", "action", f"one of {', '.join(_ACTIONS)}")
    if item.get("kind", "qa") not in KIND_NAMES:
        errors.append(UnknownName("kind", str(item["kind"]), KIND_NAMES, at=places.at((*path, "kind"))))
    for key in ("fires", "silent"):
        if not _texts(item.get(key, [])):
            wrong(f"{key!r} is a list of rules", key)
    if not isinstance(item.get("beside", []), list) or not all(isinstance(one, dict) for one in item.get("beside", [])):
        wrong("`beside` is a list of records", "beside")
    if not isinstance(item.get("params", {}), dict):
        wrong("`params` gives signal parameters values", "params", "params: {as_of: 2026-01-01}")
    if not isinstance(item.get("given", {}), dict):
        wrong("`given` gives signals values", "given", "given: {near_similarity: 0.9}")
    if len(errors) > before:
        return None
    return RuleTest(
        name=str(item.get("name") or f"test {path[-1]}"),
        record=item["record"],
        kind=item.get("kind"),
        beside=tuple(item.get("beside", ())),
        params=item.get("params", {}),
        given=item.get("given", {}),
        action=item.get("action"),
        fires=tuple(item.get("fires", ())),
        silent=tuple(item.get("silent", ())),
        at=places.at(path),
    )


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def tests_about_nothing(tests: Sequence[RuleTest], rules: Sequence[Rule]) -> list[UserError]:
    """E101 for each rule that a test names and nobody has."""
    names = [rule.name for rule in rules]
    return [
        UnknownName("rule", name, names, at=test.at)
        for test in tests
        for name in (*test.fires, *test.silent)
        if name not in names
    ]
