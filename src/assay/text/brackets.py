"""Brackets of code that do not close, outside strings and comments, in languages whose lexing is plain."""

from __future__ import annotations

import re
from functools import cache

_C_COMMENT = r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)"
_C_STRING = r'"(?:\\[\s\S]|[^"\\\n])*"'
_CHARACTER = r"'(?:\\[^\n]{1,8}?|[^'\\\n])'"  # one character: Rust's lifetimes and Verilog's 4'b0 are none
_SKIPPED = {
    "c": (_C_COMMENT, _C_STRING, _CHARACTER),
    "cpp": (_C_COMMENT, r'R"([^()\s\\]{0,16})\([\s\S]*?\)\1"', _C_STRING, _CHARACTER),
    "csharp": (_C_COMMENT, r'[$]?@[$]?"(?:""|[^"])*"', r'"""[\s\S]*?"""', _C_STRING, _CHARACTER),
    "go": (_C_COMMENT, r"`[^`]*`", _C_STRING, _CHARACTER),
    "java": (_C_COMMENT, r'"""[\s\S]*?"""', _C_STRING, _CHARACTER),
    "json": (_C_STRING,),
    "kotlin": (_C_COMMENT, r'"""[\s\S]*?"""', _C_STRING, _CHARACTER),
    "python": (r"#[^\n]*", r'"""[\s\S]*?"""', r"'''[\s\S]*?'''", _C_STRING, r"'(?:\\[\s\S]|[^'\\\n])*'"),
    "rust": (_C_COMMENT, r'r(#+)"[\s\S]*?"\1', r'"(?:\\[\s\S]|[^"\\])*"', _CHARACTER),
    "verilog": (_C_COMMENT, _C_STRING),
}
LEXED = tuple(_SKIPPED)
_PAIRS = {")": "(", "]": "[", "}": "{"}


@cache
def _tokens(language: str) -> re.Pattern[str]:
    skipped = "|".join(f"(?:{one})" for one in _SKIPPED[language])
    return re.compile(f"(?:{skipped})|(?P<bracket>[()\\[\\]{{}}])")


def unbalanced_bracket(language: str, code: str) -> tuple[int, str] | None:
    """(1-based line, bracket) of the first bracket without its partner; None where all have one.

    KeyError for a language that is not in LEXED.
    """
    opened: list[tuple[str, int]] = []
    for match in _tokens(language).finditer(code):
        bracket = match["bracket"]
        if bracket is None:
            continue
        if bracket in "([{":
            opened.append((bracket, match.start()))
        elif opened and opened[-1][0] == _PAIRS[bracket]:
            opened.pop()
        else:
            return code.count("\n", 0, match.start()) + 1, bracket
    return (code.count("\n", 0, opened[0][1]) + 1, opened[0][0]) if opened else None
