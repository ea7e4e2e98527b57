"""Why a rule fired, in words made from the rule and the row: `bullet_line_share 0.94 > 0.9`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assay.rules.rule import Rule

_LONGEST = 60  # characters of a value shown
_SIGNS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "is distinct from",
    "COMPARE_NOT_DISTINCT_FROM": "is",
}


def placeholders(template: str) -> list[str]:
    """The {names} in a reason; a brace that opens nothing is text."""
    return re.findall(r"\{([A-Za-z_][A-Za-z0-9_]*)\}", template)


def reason(rule: Rule, row: Mapping[str, Any]) -> str:
    """One line. The rule's own text where it has one, else its expression with the row's values put in.

    row: values by column name; a column that it lacks is shown as unknown.
    """
    if rule.reason:
        filled = rule.reason
        for name in placeholders(rule.reason):
            filled = filled.replace("{" + name + "}", show(row.get(name)))
        return filled
    return _told(rule.expression.tree, row) if rule.expression.tree else rule.when


def show(value: Any) -> str:
    """A value short enough for a line of a report. Null is `unknown`."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        shown = ", ".join(show(item) for item in value[:5])
        return shown + (f", ... ({len(value)} in all)" if len(value) > 5 else "")
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _told(tree: dict[str, Any], row: Mapping[str, Any]) -> str:
    kind = tree["type"]
    if kind == "CONJUNCTION_AND":
        return " and ".join(_told(child, row) for child in tree["children"])
    if kind == "CONJUNCTION_OR":
        # Only the sides that may be why: one that is plainly false for this row explains nothing.
        sides = [child for child in tree["children"] if _holds(child, row) is not False]
        return " or ".join(_told(child, row) for child in sides or tree["children"])
    if kind in _SIGNS:
        left, right = _term(tree["left"], row), _term(tree["right"], row)
        return f"{left} {_SIGNS[kind]} {right}"
    if kind == "COMPARE_BETWEEN":
        low, high = _term(tree["lower"], row), _term(tree["upper"], row)
        return f"{_term(tree['input'], row)} between {low} and {high}"
    if kind in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
        child = tree["children"][0]
        return f"{_written(child)} is unknown" if kind == "OPERATOR_IS_NULL" else _term(child, row)
    if kind == "OPERATOR_NOT":
        inner = tree["children"][0]
        return f"{_written(inner)} is false" if inner["type"] == "COLUMN_REF" else f"not ({_told(inner, row)})"
    return _term(tree, row)


def _term(tree: dict[str, Any], row: Mapping[str, Any]) -> str:
    """A value as `name value`, a constant as itself, anything else as written with the values it reads."""
    if tree["type"] == "COLUMN_REF":
        return f"{_written(tree)} {show(_value(tree, row))}"
    if tree["type"] == "VALUE_CONSTANT":
        return str(tree["literal"].get("text", "null"))
    names = sorted(_columns(tree))
    values = ", ".join(f"{name} {show(row.get(name))}" for name in names)
    return f"{_written(tree)} ({values})" if values else _written(tree)


def _value(tree: dict[str, Any], row: Mapping[str, Any]) -> Any:
    value: Any = row
    for name in tree["column_names"]:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _columns(tree: Any) -> set[str]:
    if isinstance(tree, list):
        return {name for item in tree for name in _columns(item)}
    if not isinstance(tree, dict):
        return set()
    if tree.get("type") == "COLUMN_REF":
        return {tree["column_names"][0]}
    return {name for value in tree.values() for name in _columns(value)}


def _written(tree: dict[str, Any]) -> str:
    """The expression as a person would write it."""
    kind = str(tree["type"])
    if kind == "COLUMN_REF":
        return ".".join(tree["column_names"])
    if kind == "VALUE_CONSTANT":
        return str(tree["literal"].get("text", "null"))
    if kind == "FUNCTION":
        inside = [_written(argument["expression"]) for argument in tree["arguments"]]
        if tree.get("is_operator") and len(inside) == 2:
            return f"{inside[0]} {tree['function_name']} {inside[1]}"
        return f"{tree['function_name']}({', '.join(inside)})"
    if kind in ("OPERATOR_COALESCE", "ARRAY_EXTRACT", "STRUCT_EXTRACT", "COMPARE_IN"):
        inside = [_written(child) for child in tree["children"]]
        if kind == "COMPARE_IN":
            return f"{inside[0]} in ({', '.join(inside[1:])})"
        return f"coalesce({', '.join(inside)})" if kind == "OPERATOR_COALESCE" else f"{inside[0]}[{inside[1]}]"
    if kind in _SIGNS:
        return f"{_written(tree['left'])} {_SIGNS[kind]} {_written(tree['right'])}"
    if kind == "OPERATOR_TRY":
        return f"try({_written(tree['children'][0])})"
    if kind == "OPERATOR_CAST":
        return f"{_written(tree['child'])}::{tree['type_expr'].get('type_name', '').lower()}"
    if kind == "LAMBDA":
        return f"{_written(tree['lhs'])} -> {_written(tree['expr'])}"
    return kind.lower().replace("_", " ")


def _holds(tree: dict[str, Any], row: Mapping[str, Any]) -> bool | None:
    """Whether a simple comparison of a column with a number, or a bare column, holds; None when not told so simply."""
    if tree["type"] == "COLUMN_REF":
        value = _value(tree, row)
        return bool(value) if isinstance(value, bool) else (False if value is None else None)
    if tree["type"] in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL") and tree["children"][0]["type"] == "COLUMN_REF":
        return bool((_value(tree["children"][0], row) is None) == (tree["type"] == "OPERATOR_IS_NULL"))
    if tree["type"] not in _SIGNS or tree["left"]["type"] != "COLUMN_REF" or tree["right"]["type"] != "VALUE_CONSTANT":
        return None
    value, literal = _value(tree["left"], row), tree["right"]["literal"]
    if not isinstance(value, (int, float)) or literal.get("kind") not in ("INTEGER", "NUMERIC"):
        return None
    limit = float(literal["text"])
    truths: dict[str, bool] = {
        "=": value == limit,
        "<>": value != limit,
        "<": value < limit,
        ">": value > limit,
        "<=": value <= limit,
        ">=": value >= limit,
    }
    return truths.get(_SIGNS[tree["type"]])
