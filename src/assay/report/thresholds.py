"""The numbers that a rule compares a signal with, read from its parsed SQL, to be drawn into the distribution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assay.report.model import Threshold
from assay.rules import Rule

_SIGNS = {
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_MIRROR = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def thresholds_for(signal: str, rules: Sequence[Rule]) -> list[Threshold]:
    """Plain comparisons of the signal with a number, joined by and/or; anything more involved is not drawn."""
    unique: dict[tuple[float, str, str], Threshold] = {}
    for rule in rules:
        for name, operator, value in _comparisons(rule.expression.tree):
            if name == signal:
                unique.setdefault((value, operator, rule.action), Threshold(value, operator, rule.name, rule.action))
    return [unique[key] for key in sorted(unique)]


def _comparisons(tree: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    if tree["type"] in ("CONJUNCTION_AND", "CONJUNCTION_OR"):
        for child in tree["children"]:
            yield from _comparisons(child)
    sign = _SIGNS.get(tree["type"])
    if sign is None:
        return
    left, right = tree["left"], tree["right"]
    if _column(left) and _number(right) is not None:
        yield _column(left), sign, _number(right) or 0.0
    elif _column(right) and _number(left) is not None:
        yield _column(right), _MIRROR[sign], _number(left) or 0.0


def _column(tree: dict[str, Any]) -> str:
    return tree["column_names"][0] if tree["type"] == "COLUMN_REF" and len(tree["column_names"]) == 1 else ""


def _number(tree: dict[str, Any]) -> float | None:
    if tree["type"] != "VALUE_CONSTANT":
        return None
    try:
        return float(tree["literal"].get("text"))
    except (TypeError, ValueError):
        return None
