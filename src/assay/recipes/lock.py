"""`assay.lock`, beside the recipe: the versions of signals, rules and presets that its results were made with.

Signals and presets change when Assay is upgraded; a rule file or inline rules change when somebody edits
them. An upgrade that differs from the lock is reported by every run until the lock is updated on purpose;
an edit of one's own rules is taken over silently, because the edit is the purpose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from assay.core.errors import UserError
from assay.core.files import whole_file

FILE = "assay.lock"
FORMAT = 1


class RulesetPin(msgspec.Struct, frozen=True, kw_only=True):
    """`rules` maps each rule's name to a hash of what it says; `preset` is true for those that ship with Assay."""

    hash: str
    preset: bool
    rules: dict[str, str]


class Pins(msgspec.Struct, frozen=True, kw_only=True):
    """What one recipe was run with."""

    signals: dict[str, int] = {}
    rulesets: dict[str, RulesetPin] = {}


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """The file: one entry per recipe of the folder, by file name."""

    format: int = FORMAT
    recipes: dict[str, Pins] = {}


def read_lock(folder: Path) -> Lock:
    """The lock of a folder; empty where there is none. E205 when it cannot be read."""
    file = folder / FILE
    try:
        lock = msgspec.json.decode(file.read_bytes(), type=Lock)
    except FileNotFoundError:
        return Lock()
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        fix = "restore it from version control, or delete it and run with --update-lock"
        raise UserError("E205", f"cannot read the lock file: {error}", at=str(file), fix=fix) from None
    if lock.format != FORMAT:
        fix = "use the newer Assay, or run with --update-lock"
        raise UserError(
            "E205", f"the lock file has format {lock.format}, this Assay reads {FORMAT}", at=str(file), fix=fix
        )
    return lock


def write_lock(folder: Path, recipe: str, pins: Pins) -> None:
    """Set one recipe's pins and leave the others. Sorted and indented, for version control; whole or not at all."""
    lock = read_lock(folder)
    recipes = {**lock.recipes, recipe: pins}
    text = json.dumps(msgspec.to_builtins(Lock(recipes=recipes)), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    with whole_file(folder / FILE) as part:
        part.write_text(text, encoding="utf-8")


def drift(old: Pins, new: Pins) -> list[str]:
    """What an upgrade changed, in words: "signal language: version 1 -> 2", "preset default: rule x changed".

    Signals that are new to the recipe or no longer used by it are its own doing, not an upgrade's.
    """
    said = [
        f"signal {name}: version {old.signals[name]} -> {version}"
        for name, version in sorted(new.signals.items())
        if name in old.signals and old.signals[name] != version
    ]
    for name, pin in sorted(new.rulesets.items()):
        before = old.rulesets.get(name)
        if pin.preset and before is not None and before.preset and before.hash != pin.hash:
            said += [f"preset {name}: {what}" for what in _rule_changes(before.rules, pin.rules)] or [
                f"preset {name}: changed"
            ]
    return said


def adopt(old: Pins, new: Pins) -> Pins:
    """The lock after a run that was not told to update it: upgrades stay as pinned, the recipe's own edits follow."""
    return Pins(
        signals={name: old.signals.get(name, version) for name, version in new.signals.items()},
        rulesets={
            name: old.rulesets[name] if pin.preset and name in old.rulesets and old.rulesets[name].preset else pin
            for name, pin in new.rulesets.items()
        },
    )


def _rule_changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[str]:
    yield from (f"rule {name} is new" for name in new if name not in old)
    yield from (f"rule {name} is gone" for name in old if name not in new)
    yield from (f"rule {name} changed" for name in new if name in old and old[name] != new[name])


def merge_pins(parts: Iterable[Mapping[str, Any]]) -> Pins:
    """Pins from what the steps of a recipe recorded."""
    signals: dict[str, int] = {}
    rulesets: dict[str, RulesetPin] = {}
    for part in parts:
        signals.update(part.get("signals", {}))
        rulesets.update(msgspec.convert(part.get("rulesets", {}), dict[str, RulesetPin]))
    return Pins(signals=signals, rulesets=rulesets)
