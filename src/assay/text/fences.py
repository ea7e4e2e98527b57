"""Code blocks of Markdown: fences, their language, and those that never close."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"(?m)^([ \t]*)(`{3,}|~{3,})([^\n]*)$")
# Names that people give a language, and ours; the same table reads file extensions.
LANGUAGES = {
    name: language
    for language, names in {
        "bash": "bash sh shell zsh",
        "c": "c h",
        "cpp": "cpp c++ cc cxx hpp hh",
        "csharp": "csharp cs c#",
        "go": "go golang",
        "java": "java",
        "javascript": "javascript js jsx mjs cjs node",
        "json": "json",
        "php": "php",
        "python": "python py python3 py3 pyi",
        "ruby": "ruby rb",
        "rust": "rust rs",
        "scala": "scala sc",
        "sql": "sql",
        "tsx": "tsx",
        "typescript": "typescript ts mts cts",
        "verilog": "verilog v sv systemverilog vh svh",
    }.items()
    for name in names.split()
}
# What authors write behind the language of a block that is not meant to compile.
_NOT_CODE = re.compile(r"\b(?:ignore|compile_fail|pseudo\w*|no-check|skip)\b")


@dataclass(frozen=True, slots=True)
class Block:
    """Code in a text. language is ours or the author's own word, lower case, "" where none is given.

    line is the 1-based line of the text where the code begins; closed is False where the text ends first.
    """

    language: str
    code: str
    line: int
    closed: bool = True
    meant: bool = True  # to be whole and to compile


def language_of(word: str) -> str:
    """Our name of a language that people write in several ways; an unknown word is itself, in lower case."""
    word = word.lower()
    return LANGUAGES.get(word, word)


def code_blocks(text: str) -> list[Block]:
    """Fenced blocks in order, by CommonMark's rules but for their indentation, which may be any (lists, quotes).

    A fence closes at a line of the same character, at least as long, with nothing behind it.
    """
    found: list[Block] = []
    opened: re.Match[str] | None = None
    for match in _FENCE.finditer(text) if "```" in text or "~~~" in text else ():
        mark, info = match[2], match[3]
        if opened is None:
            if not (mark[0] == "`" and "`" in info):  # ```code``` in one line is no fence
                opened = match
        elif mark[0] == opened[2][0] and len(mark) >= len(opened[2]) and not info.strip():
            found.append(_block(text, opened, match.start()))
            opened = None
    if opened is not None:
        found.append(_block(text, opened, None))
    return found


def _block(text: str, opened: re.Match[str], end: int | None) -> Block:
    info = opened[3].strip().lower().lstrip("{.").rstrip("}")
    word = re.split(r"[\s,:;{(]", info, maxsplit=1)[0]
    code = text[opened.end() + 1 : len(text) if end is None else end]
    if opened[1]:
        indent = len(opened[1])
        code = "".join(
            line[min(indent, len(line) - len(line.lstrip(" \t"))) :] for line in code.splitlines(keepends=True)
        )
    line = text.count("\n", 0, opened.end()) + 2
    return Block(language_of(word), code, line, end is not None, _NOT_CODE.search(info) is None)
