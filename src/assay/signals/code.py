"""Code in records: where it stands, in which language, whether it parses and whether its fences close."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec
import pyarrow as pa

from assay.records.schema import SOURCE, TEXT, columns_of
from assay.signals.base import row_signal
from assay.signals.nested import flat, member
from assay.signals.targets import answered, answered_columns, joined_steps
from assay.text.brackets import LEXED, unbalanced_bracket
from assay.text.code import PARSED, is_piece, parse_errors
from assay.text.fences import LANGUAGES, Block, code_blocks, language_of

CODE_KINDS = ("qa", "reasoning", "composite", "agentic", "preference")
_LISTED = pa.list_(TEXT)
_CODE_DOMAINS = ("code", "source code", "software", "programming")
_LANGUAGE_KEYS = ("language", "lang", "programming_language")
_PATH_KEYS = ("path", "file_path", "filename", "file", "max_stars_repo_path")
_CODE_KEYS = ("code", "source", "script", "program", "query", "sql", "command")  # of a tool's input
_MOST = 20


def code_columns(kind: str) -> dict[str, pa.DataType]:
    """What `code_of` reads."""
    if kind == "reasoning":
        return {"steps": columns_of(kind)["steps"], "final_answer": TEXT}
    more: dict[str, pa.DataType] = {}
    if kind == "composite":
        more = {"domain": TEXT, "metadata_json": TEXT, "source": SOURCE}
    if kind == "agentic":
        more = {"steps": columns_of(kind)["steps"]}
    return {**answered_columns(kind), **more}


def code_of(kind: str, columns: dict[str, pa.Array]) -> list[list[Block]]:
    """The code of each record: fenced blocks of what a model would learn to say, whole files, tool inputs.

    A composite record is code as a whole where its metadata or its file's name says a language: `language` (or `lang`)
    when its domain is code, `path` (or `filename`) and the source path by their extension.
    """
    texts = joined_steps(columns["steps"]) if kind == "reasoning" else answered(kind, columns)
    if kind == "composite":
        wholes = _whole_languages(columns)
        pairs = zip(texts.to_pylist(), wholes, strict=True)
        return [[Block(whole, text, 1)] if text and whole else code_blocks(text or "") for text, whole in pairs]
    found = [code_blocks(text) if text else [] for text in texts.to_pylist()]
    if kind == "reasoning":
        for blocks, answer in zip(found, columns["final_answer"].to_pylist(), strict=True):
            blocks.extend(code_blocks(answer or ""))
    if kind == "agentic":
        for row, block in _tool_code(columns["steps"]):
            found[row].append(block)
    return found


def _whole_languages(columns: dict[str, pa.Array]) -> list[str]:
    names = zip(
        columns["domain"].to_pylist(),
        columns["metadata_json"].to_pylist(),
        member(columns["source"], "path").to_pylist(),
        strict=True,
    )
    return [_whole_language(domain, metadata, path) for domain, metadata, path in names]


def _whole_language(domain: str | None, metadata: str | None, path: str | None) -> str:
    held = _object(metadata)
    if (domain or "").lower() in _CODE_DOMAINS:
        for key in _LANGUAGE_KEYS:
            if isinstance(word := held.get(key), str) and word.lower() in LANGUAGES:
                return language_of(word)
    for name in (*(held.get(key) for key in _PATH_KEYS), path):
        extension = PurePosixPath(name).suffix[1:].lower() if isinstance(name, str) else ""
        if extension in LANGUAGES and extension != "json":  # a JSON file holds records
            return language_of(extension)
    return ""


def _object(text: str | None) -> dict[str, Any]:
    try:
        held = msgspec.json.decode(text) if text else {}
    except msgspec.DecodeError:
        return {}
    return held if isinstance(held, dict) else {}


def _tool_code(steps: pa.ListArray) -> Iterator[tuple[int, Block]]:
    """Code in tool inputs whose language the input or the tool's name tells: python, {"code": "print(1)"}."""
    flat_steps, step_rows = flat(steps)
    calls, call_steps = flat(member(flat_steps, "tool_calls"))
    names, inputs = member(calls, "tool_name").to_pylist(), member(calls, "tool_input_json").to_pylist()
    for at, name, given in zip(call_steps.tolist(), names, inputs, strict=True):
        if given and any(f'"{key}"' in given for key in _CODE_KEYS):
            held = _object(given)
            said = held.get("language")
            words = [said] if isinstance(said, str) else (name or "").lower().replace("-", "_").split("_")
            languages = [language_of(word) for word in words if word.lower() in LANGUAGES]
            for key in _CODE_KEYS:
                if languages and isinstance(code := held.get(key), str):
                    yield int(step_rows[at]), Block(languages[0], code, 1)


@row_signal(
    dimension="validity",
    kinds=CODE_KINDS,
    reads=code_columns,
    writes=_LISTED,
    unit='"language:line"',
    source="tree-sitter grammars of " + ", ".join(PARSED),
    default=False,
    python_bound=True,
    extra="code",
)
def code_parse_errors(*, kind: str, **columns: pa.Array) -> pa.ListArray:
    """Places where code does not parse, as "language:line" of the text, at most 20.

    Read are fenced blocks with a language, whole-code records and tool inputs (code_of). Null where nothing can be
    judged: no code of a known language, or only sessions, pieces with `...` in them and blocks marked as no code.
    """
    out: list[list[str] | None] = []
    for blocks in code_of(kind, columns):
        judged = [(block, parse_errors(block.language, block.code)) for block in blocks if block.meant]
        known = [(block, lines) for block, lines in judged if lines is not None]
        found = [f"{block.language}:{block.line + line - 1}" for block, lines in known for line in lines]
        out.append(found[:_MOST] if known else None)
    return pa.array(out, _LISTED)


@row_signal(
    dimension=None,
    kinds=CODE_KINDS,
    reads=code_columns,
    writes=_LISTED,
    unit="languages",
    source="text/fences.py: fence tags, file names, metadata",
    default=False,
    python_bound=True,
)
def code_languages(*, kind: str, **columns: pa.Array) -> pa.ListArray:
    """Languages of the record's code, sorted; a block without a tag counts for none. Empty where there is no code."""
    found = [sorted({block.language for block in blocks} - {""}) for blocks in code_of(kind, columns)]
    return pa.array(found, _LISTED)


@row_signal(
    dimension="completeness",
    kinds=CODE_KINDS,
    reads=answered_columns,
    writes=pa.int64(),
    unit="fences",
    source="CommonMark 0.31, section 4.5",
    default=False,
    python_bound=True,
)
def unclosed_fences(*, kind: str, **columns: pa.Array) -> pa.Int64Array:
    """Code fences that never close in what a model would learn to say: 0 or 1. Null where there is no fence."""
    found = [code_blocks(text) if text else [] for text in answered(kind, columns).to_pylist()]
    return pa.array([sum(not block.closed for block in blocks) if blocks else None for blocks in found], pa.int64())


@row_signal(
    dimension="completeness",
    kinds=CODE_KINDS,
    reads=code_columns,
    writes=_LISTED,
    unit='"language:line bracket"',
    source="text/brackets.py: " + ", ".join(LEXED),
    default=False,
    python_bound=True,
)
def unbalanced_brackets(*, kind: str, **columns: pa.Array) -> pa.ListArray:
    """The first bracket of each block without its partner, outside strings and comments, as "go:12 {".

    Needs no grammar and no extra. Null where no code is in a language that is lexed here, or only sessions and pieces.
    """
    out: list[list[str] | None] = []
    for blocks in code_of(kind, columns):
        judged = [block for block in blocks if block.language in LEXED and block.meant and not is_piece(block.code)]
        places = [(block, unbalanced_bracket(block.language, block.code)) for block in judged]
        found = [f"{block.language}:{block.line + at[0] - 1} {at[1]}" for block, at in places if at is not None]
        out.append(found[:_MOST] if judged else None)
    return pa.array(out, _LISTED)
