"""Plain text, Markdown and source code: one file is one record, its text with where it came from and its language."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from assay.formats.base import FORMATS, Bad, Chunk, Format, Item, Limits, Shape, Stream
from assay.formats.cutting import Place, bad_chunk, cut
from assay.formats.json_value import BadValue, recode, utf8_problem
from assay.formats.line_records import BOM

_PAGES = (".html", ".htm", ".xhtml")  # read as pages, and as text only on request
# By extension; the language of a file without one is not guessed.
LANGUAGES: dict[str, str] = {
    **dict.fromkeys((".txt", ".text", ".log"), "text"),
    **dict.fromkeys((".md", ".markdown", ".mdx"), "markdown"),
    **dict.fromkeys((".rst",), "restructuredtext"),
    **dict.fromkeys((".tex",), "latex"),
    **dict.fromkeys(_PAGES, "html"),
    **dict.fromkeys((".xml", ".xsd", ".xsl", ".svg"), "xml"),
    **dict.fromkeys((".yaml", ".yml"), "yaml"),
    **dict.fromkeys((".py", ".pyi", ".pyx"), "python"),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), "javascript"),
    **dict.fromkeys((".ts", ".tsx"), "typescript"),
    **dict.fromkeys((".c", ".h"), "c"),
    **dict.fromkeys((".cc", ".cpp", ".cxx", ".hpp", ".hh", ".cu"), "c++"),
    **dict.fromkeys((".sh", ".bash", ".zsh"), "shell"),
    **dict.fromkeys((".ps1", ".psm1"), "powershell"),
    **dict.fromkeys((".rb",), "ruby"),
    **dict.fromkeys((".rs",), "rust"),
    **dict.fromkeys((".kt", ".kts"), "kotlin"),
    **dict.fromkeys((".pl", ".pm"), "perl"),
    **dict.fromkeys((".hs",), "haskell"),
    **dict.fromkeys((".jl",), "julia"),
    **dict.fromkeys((".cs",), "c#"),
    **dict.fromkeys((".ex", ".exs"), "elixir"),
    **dict.fromkeys((".erl",), "erlang"),
    **dict.fromkeys((".ini", ".cfg", ".conf"), "ini"),
    **dict.fromkeys((".f90", ".f", ".for"), "fortran"),
    **{f".{name}": name for name in ("go", "java", "php", "swift", "scala", "lua", "sql", "css", "scss", "toml")},
    **{f".{name}": name for name in ("r", "dart", "clj", "lisp", "vim", "cmake", "proto", "graphql", "tf", "zig")},
}


class WholeFinder:
    """The whole stream is one record."""

    closed = False

    def ends(self, data: bytes, seen: int, final: bool) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.array([len(data)] if final and data else [], np.int64)

    def rescue(self, data: bytes) -> tuple[int, str, str]:
        return 0, "", ""

    def pass_over(self, data: bytes) -> int:
        return -1


def split_text(stream: Stream, shape: Shape, limits: Limits) -> Iterator[Chunk]:
    place = Place(fragment=limits.used)
    if stream.peek(3) == BOM:
        place.offset = len(stream.read(3))
    for chunk in cut(stream, shape, limits, WholeFinder(), place):
        if stream.broken is None or not chunk.data:
            yield chunk
        else:
            reason, detail = stream.broken
            yield bad_chunk(shape, place, Bad(reason, detail, 0, place.offset, len(chunk.data), chunk.data), b"")


def parse_text(chunk: Chunk) -> Iterator[Item | Bad]:
    raw, encoding = chunk.data, chunk.shape.encoding
    problem = utf8_problem(raw) if encoding == "utf-8" else None
    text = b""
    try:
        text = b"" if problem else recode(raw, encoding)
    except BadValue as bad:
        problem = bad
    if problem:
        yield Bad(problem.reason, problem.detail, 0, chunk.offset, len(raw), raw, 1)
        return
    path = str(chunk.shape.options["path"])
    metadata = {"path": path}
    if language := LANGUAGES.get(os.path.splitext(path)[1].lower()):
        metadata["language"] = language
    yield Item({"text": text.decode(), "metadata": metadata}, 0, chunk.offset, len(raw), raw, 1)


FORMATS.add(
    Format(
        "text",
        tuple(ending for ending in LANGUAGES if ending not in _PAGES),
        "Plain text, Markdown or source code: one file is one record.",
        split_text,
        parse_text,
    )
)
