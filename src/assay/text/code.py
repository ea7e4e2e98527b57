"""Whether code parses: tree-sitter in fifteen languages, and Python's own rules of indentation. Extra: code."""

from __future__ import annotations

import ast
import re
import warnings
from functools import cache
from importlib import import_module
from typing import Any

LONGEST = 1_000_000  # characters of one block: longer ones are data
# Our name of a language: the module of its grammar, and the function in it.
_GRAMMARS = {
    "bash": ("tree_sitter_bash", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "php": ("tree_sitter_php", "language"),
    "php_only": ("tree_sitter_php", "language_php_only"),
    "python": ("tree_sitter_python", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "scala": ("tree_sitter_scala", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "verilog": ("tree_sitter_verilog", "language"),
}
PARSED = tuple(sorted({*_GRAMMARS} - {"php_only"}))
_PYTHON_2 = ("print_statement", "exec_statement")
_SESSION = re.compile(r"\s*(?:>>>|In \[\d+\]:|\$ |% |PS [A-Z]:)")  # how a terminal begins; docstrings hold more
_ELLIPSIS = re.compile(r"(?m)^\s*(?:\.\.\.|…|//\s*\.\.\.|#\s*\.\.\.|/\*\s*\.\.\.\s*\*/)\s*$|[{(]\s*(?:\.\.\.|…)\s*[)}]")


@cache
def _parser(language: str) -> Any:
    from tree_sitter import Language, Parser

    module, function = _GRAMMARS[language]
    made = getattr(import_module(module), "language_php" if language == "php" else function)()
    return Parser(Language(made))


def tree_of(language: str, code: str) -> Any:
    """The root node of a piece of code; KeyError for a language without a grammar."""
    grammar = "php_only" if language == "php" and "<?" not in code else language
    return _parser(grammar).parse(code.encode("utf-8", "replace")).root_node


def parse_errors(language: str, code: str) -> list[int] | None:
    """1-based lines where code does not parse, in order; None where it cannot be judged.

    Not judged: languages without a grammar, empty code, terminal sessions (`>>>`, `$ `), and pieces whose author cut
    something out (`...` on a line of its own). Python 2's print and exec statements, and indentation that Python
    refuses, are errors; nothing here depends on the version of Python that runs.
    """
    if language not in PARSED or not code.strip() or len(code) > LONGEST:
        return None
    if is_piece(code, ellipsis=language != "python"):
        return None
    root = tree_of(language, code)
    lines = _wrong_lines(root, python=language == "python")
    if language == "python" and not lines:
        lines = _wrong_indentation(code)
    return lines


def is_piece(code: str, *, ellipsis: bool = True) -> bool:
    """Whether code is no whole: a terminal session, or with something cut out. ellipsis: whether `...` says so."""
    return _SESSION.match(code) is not None or ((ellipsis or "…" in code) and _ELLIPSIS.search(code) is not None)


def _wrong_lines(root: Any, *, python: bool) -> list[int]:
    found: set[int] = set()
    waiting = [root] if root.has_error or python else []
    while waiting:
        node = waiting.pop()
        if node.is_missing or node.is_error or (python and node.type in _PYTHON_2):
            found.add(node.start_point[0] + 1)
        elif node.has_error or (python and node.type in _HOLDS_STATEMENTS):
            waiting.extend(node.children)
    return sorted(found)


_HOLDS = """
module block function_definition class_definition if_statement elif_clause else_clause for_statement while_statement
try_statement except_clause finally_clause with_statement decorated_definition
"""
_HOLDS_STATEMENTS = frozenset(_HOLDS.split())


def _wrong_indentation(code: str) -> list[int]:
    """tree-sitter takes any indentation. Only this class of Python's errors is the same in every version."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in strings
            ast.parse(code)
    except IndentationError as error:
        return [error.lineno or 1]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    return []
