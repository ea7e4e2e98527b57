"""What a rule may say: one boolean SQL expression over the columns of one row, read by DuckDB's own parser.

Allowed are columns, struct members, constants, comparisons, and/or/not, arithmetic, case, cast, and the functions
listed here. Refused: subqueries, aggregates, windows, anything volatile, anything that reaches outside the row.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import duckdb

from assay.core.errors import UserError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTIONS = _words(
    """
    + - * / // % ~~ !~~ ~~* !~~* || abs ceil ceiling floor round sign mod fmod trunc
    nullif ifnull greatest least isnan isinf isfinite

    length len strlen lower upper trim ltrim rtrim left right substring substr replace concat concat_ws contains
    prefix suffix starts_with ends_with position strpos instr like_escape not_like_escape ilike_escape
    not_ilike_escape regexp_matches regexp_full_match regexp_extract string_split split_part ascii

    list_value list_contains list_has list_has_any list_has_all list_position list_distinct list_unique list_sum
    list_min list_max list_avg list_count list_filter list_transform list_apply list_concat list_slice array_slice
    array_contains array_length struct_extract list_extract array_extract list_sort list_any_value

    json_extract json_extract_string json_extract_path json_extract_path_text ->> json_valid json_array_length
    json_type json_exists json_contains json_keys

    date_diff datediff date_part datepart date_trunc datetrunc epoch epoch_ms year month day hour minute second
    strftime to_years to_months to_weeks to_days to_hours to_minutes to_seconds to_milliseconds to_microseconds
    """
)
VOLATILE = _words(
    """
    random setseed uuid gen_random_uuid uuidv4 uuidv7 now get_current_timestamp current_timestamp current_date
    current_time get_current_time today transaction_timestamp localtime localtimestamp nextval currval txid_current
    pg_sleep sleep_ms
    """
)
# JSON `type` of an expression node -> allowed. Everything else is refused by name.
_NODES = _words(
    """
    COLUMN_REF VALUE_CONSTANT FUNCTION CONJUNCTION_AND CONJUNCTION_OR COMPARE_EQUAL COMPARE_NOTEQUAL
    COMPARE_LESSTHAN COMPARE_GREATERTHAN COMPARE_LESSTHANOREQUALTO COMPARE_GREATERTHANOREQUALTO
    COMPARE_DISTINCT_FROM COMPARE_NOT_DISTINCT_FROM COMPARE_BETWEEN COMPARE_NOT_BETWEEN COMPARE_IN COMPARE_NOT_IN
    OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_COALESCE OPERATOR_CAST CASE_EXPR STRUCT_EXTRACT
    ARRAY_EXTRACT ARRAY_SLICE LAMBDA TYPE OPERATOR_TRY
    """
)
_NO_THRESHOLDS: Mapping[str, float] = MappingProxyType({})
_DIVISIONS = frozenset(("/", "//", "%", "mod", "fmod"))
_LAMBDA_TAKERS = frozenset(("list_filter", "list_transform", "list_apply"))

_lock = threading.Lock()
_shared: duckdb.DuckDBPyConnection | None = None


def connect() -> duckdb.DuckDBPyConnection:
    """A cursor on one in-memory database: one thread, UTC, no files, no network, no extensions fetched."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = duckdb.connect(
                ":memory:",
                config={
                    "threads": 1,
                    "enable_external_access": False,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                },
            )
            _shared.execute("SET GLOBAL TimeZone = 'UTC'")
            _shared.execute("SET lock_configuration = true")
        return _shared.cursor()


@dataclass(frozen=True, slots=True)
class Expression:
    """sql: the rewritten expression (a/b as a/NULLIF(b, 0)), the same for any spacing or letter case of keywords.

    names: the columns it reads, sorted. tree: the parsed expression, for explaining a verdict.
    thresholds: the named numbers that stand in it as constants, sorted by name.
    """

    sql: str
    names: tuple[str, ...]
    tree: dict[str, Any]
    thresholds: tuple[tuple[str, float], ...] = ()


def parse_expression(text: str, *, at: str = "", thresholds: Mapping[str, float] = _NO_THRESHOLDS) -> Expression:
    """Read one expression; E212 says what is wrong with it or what is not allowed in it.

    thresholds: names that stand for a number; each is put in where it is written like a column.
    """
    statement = "SELECT " + text + "\n"
    answer = json.loads(_ask("SELECT json_serialize_sql(?)", statement))
    if answer["error"]:
        raise _refused(_parser_message(answer, text), at)
    if len(answer["statements"]) != 1:
        raise _refused("more than one statement", at)
    node = answer["statements"][0]["node"]
    if node["type"] != "SELECT_NODE" or len(node.get("select_list", ())) != 1:
        raise _refused("a rule is one expression", at)
    extras = ("where_clause", "group_expressions", "having", "sample", "qualify", "modifiers")
    if node["from_table"]["type"] != "EMPTY" or any(node.get(name) for name in extras):
        raise _refused("a rule is one expression over the columns of a row, without FROM, WHERE, ORDER or LIMIT", at)
    tree = node["select_list"][0]
    if tree.get("alias"):
        raise _refused(f"`AS {tree['alias']}` names a result; a rule has none", at)
    names: set[str] = set()
    _check(tree, names, frozenset(), at)
    used = {name: thresholds[name] for name in sorted(names & set(thresholds))}
    tree = _with_numbers(tree, {name: _constant(number) for name, number in used.items()}) if used else tree
    node["select_list"][0] = _rewritten(tree)
    sql = _ask("SELECT json_deserialize_sql(?)", json.dumps(answer)).removeprefix("SELECT ")
    return Expression(sql, tuple(sorted(names - set(used))), tree, tuple(used.items()))


def _constant(number: float) -> dict[str, Any]:
    """The parsed form of a number as a person writes it: 0.1, not 0.1000000000000000055."""
    template = json.loads(_ask("SELECT json_serialize_sql(?)", f"SELECT {number!r}"))
    constant: dict[str, Any] = template["statements"][0]["node"]["select_list"][0]
    return constant


def _with_numbers(tree: Any, numbers: Mapping[str, dict[str, Any]]) -> Any:
    """The same tree with each named threshold as its number."""
    if isinstance(tree, list):
        return [_with_numbers(item, numbers) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("type") == "COLUMN_REF" and len(tree["column_names"]) == 1 and tree["column_names"][0] in numbers:
        return numbers[tree["column_names"][0]]
    if tree.get("type") == "LAMBDA":
        bound = _heads(tree)
        inner = {name: number for name, number in numbers.items() if name not in bound}
        return {**tree, "expr": _with_numbers(tree["expr"], inner)}
    return {name: _with_numbers(value, numbers) for name, value in tree.items()}


def _ask(question: str, argument: str) -> str:
    answer = connect().execute(question, [argument]).fetchall()
    return str(answer[0][0])


def _refused(what: str, at: str, fix: str = "") -> UserError:
    return UserError("E212", what, at=at, fix=fix or "docs/errors/E212.md lists what a rule may use")


def _parser_message(answer: dict[str, Any], text: str) -> str:
    message = str(answer.get("error_message", "cannot be read")).replace("\n", " ")
    position = str(answer.get("position", ""))
    if position.isdigit():  # counted in the statement that we put round it
        seen = text[max(0, int(position) - len("SELECT ")) :][:20]
        return f"not a SQL expression: {message}" + (f", near {seen!r}" if seen else ", at its end")
    return f"not a SQL expression: {message}"


def _children(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """The expressions inside a node, in order of writing."""
    found: list[dict[str, Any]] = []
    for value in tree.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                if "class" in item and "type" in item:
                    found.append(item)
                else:
                    found.extend(_children(item))
    return found


def _check(tree: dict[str, Any], names: set[str], bound: frozenset[str], at: str, *, taker: bool = False) -> None:
    kind = tree["type"]
    if kind not in _NODES:
        raise _refused(f"{_plain_name(tree)} is not allowed in a rule", at)
    if kind == "COLUMN_REF":
        first = tree["column_names"][0]
        if first in VOLATILE and first not in bound:
            raise _refused(f"{first} changes from run to run: rules must give the same verdict tomorrow", at)
        if first not in bound:
            names.add(first)
        return
    if kind == "LAMBDA":
        if not taker:
            raise _refused("`->` is not allowed in a rule", at, "for JSON write json_extract(column, path)")
        if tree.get("syntax_type") == "SINGLE_ARROW":
            raise _refused("`x -> ...` is not how a lambda is written", at, "write `lambda x: ...`")
        _check(tree["expr"], names, bound | _heads(tree), at)
        return
    if kind == "FUNCTION":
        called = tree["function_name"]
        if called in VOLATILE:
            raise _refused(f"{called}() changes from run to run: rules must give the same verdict tomorrow", at)
        if called not in FUNCTIONS or tree.get("schema") or tree.get("catalog"):
            raise _refused(f"the function {called}() is not allowed in a rule", at)
        if tree.get("distinct") or tree.get("filter") or (tree.get("order_bys") or {}).get("orders"):
            raise _refused("aggregates are not allowed in a rule: it sees one row", at)
        for child in _children(tree):
            _check(child, names, bound, at, taker=called in _LAMBDA_TAKERS)
        return
    for child in _children(tree):
        _check(child, names, bound, at)


def _heads(tree: dict[str, Any]) -> frozenset[str]:
    """The names that a lambda binds."""
    left = tree["lhs"]
    heads = [left] if left["type"] == "COLUMN_REF" else _children(left)
    return frozenset(head["column_names"][0] for head in heads if head["type"] == "COLUMN_REF")


def _plain_name(tree: dict[str, Any]) -> str:
    kind = tree["type"]
    named = {"SUBQUERY": "a subquery", "STAR": "`*`", "VALUE_PARAMETER": "a parameter (? or $1)", "COLLATE": "COLLATE"}
    if kind in named:
        return named[kind]
    return "a window" if kind.startswith("WINDOW") else kind.replace("_", " ").lower()


def _rewritten(tree: Any) -> Any:
    """The same tree with every divisor d as NULLIF(d, 0): a division by zero is unknown, not an abort."""
    if isinstance(tree, list):
        return [_rewritten(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    tree = {name: _rewritten(value) for name, value in tree.items()}
    if tree.get("type") == "FUNCTION" and tree["function_name"] in _DIVISIONS and len(tree["arguments"]) == 2:
        divisor = tree["arguments"][1]
        tree["arguments"] = [tree["arguments"][0], {**divisor, "expression": _nullif_zero(divisor["expression"])}]
    return tree


def _nullif_zero(divisor: dict[str, Any]) -> dict[str, Any]:
    template = json.loads(_ask("SELECT json_serialize_sql(?)", "SELECT nullif(1, 0)"))
    call: dict[str, Any] = template["statements"][0]["node"]["select_list"][0]
    call["arguments"][0]["expression"] = divisor
    return call
