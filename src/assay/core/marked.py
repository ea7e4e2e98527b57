"""YAML with places: plain Python values, and the line of every one of them.

Only what PyYAML's SafeLoader allows. A mapping that says a key twice is an error; so are anchors
that would expand to more than a person could have written.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import yaml

from assay.core.errors import UserError, UserErrors

MAX_BYTES = 1 << 20  # a recipe is written by hand; the largest of ours is 4 kB
MAX_NODES = 50_000  # after anchors are expanded: "a billion laughs" stops here
MAX_DEPTH = 40

Path = tuple[str | int, ...]
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(slots=True)
class Places:
    """Where each value of one YAML file stands."""

    file: str
    text: str = ""
    lines: dict[Path, int] = field(default_factory=dict)
    spans: dict[Path, tuple[int, int, int]] = field(default_factory=dict)  # first character, end, first column

    def at(self, path: Path = ()) -> str:
        """`recipe.yaml:14` of the value at `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, 1)}"

    def source(self, path: Path) -> str:
        """The YAML text of one value, on the lines and columns it has in the file.

        A parser of part of the recipe (inline rules) then reports the recipe's own lines.
        """
        start, end, column = self.spans[path]
        return "\n" * self.text.count("\n", 0, start) + " " * column + self.text[start:end]


def load_marked(text: str, file: str) -> tuple[Any, Places]:
    """Read one YAML document. Raises UserErrors E201 with every problem found and its line."""
    if len(text.encode()) > MAX_BYTES:
        raise UserError(
            "E201", f"more than {MAX_BYTES} bytes of YAML", at=file, fix="name data files, do not paste them"
        )
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:  # a character that YAML forbids anywhere
        raise _syntax_error(error, file, text) from None
    try:
        root = loader.get_single_node()
        reader = _Reader(loader, Places(file, text))
        value = reader.value(root, ()) if root is not None else None
    except yaml.YAMLError as error:
        raise _syntax_error(error, file, text) from None
    except RecursionError:  # the parser itself recurses; MAX_DEPTH counts only what it could read
        raise UserError("E201", f"nested deeper than {MAX_DEPTH}", at=file, fix="flatten it") from None
    finally:
        loader.dispose()
    if reader.errors:
        raise UserErrors(reader.errors)
    return value, reader.places


class _Reader:
    def __init__(self, loader: yaml.SafeLoader, places: Places) -> None:
        self.loader, self.places = loader, places
        self.errors: list[UserError] = []
        self.nodes = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.nodes += 1
        line = node.start_mark.line + 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            what = f"nested deeper than {MAX_DEPTH}" if len(path) > MAX_DEPTH else f"expands to over {MAX_NODES} values"
            raise UserError("E201", what, at=f"{self.places.file}:{line}", fix="write it without repeated anchors")
        self.places.lines[path] = line
        self.places.spans[path] = (node.start_mark.index, node.end_mark.index, node.start_mark.column)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, i)) for i, child in enumerate(node.value)]
        return self.scalar(node, line)

    def scalar(self, node: yaml.Node, line: int) -> Any:
        try:
            value = self.loader.construct_object(node, deep=True)
        except ValueError as error:  # a date such as 2025-13-40
            self.errors.append(UserError("E201", f"{node.value!r}: {error}", at=f"{self.places.file}:{line}"))
            return None
        if isinstance(value, float) and not math.isfinite(value):
            at = f"{self.places.file}:{line}"
            self.errors.append(
                UserError("E201", f"{node.value} is not a usable number", at=at, fix="write a finite one")
            )
            return None
        return value

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        own: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                for part in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    extra = self.value(part, path)
                    if isinstance(extra, dict):
                        merged = {**extra, **merged}
                continue
            key = self.scalar(key_node, line) if isinstance(key_node, yaml.ScalarNode) else None
            at = f"{self.places.file}:{line}"
            if not isinstance(key, (str, int)):
                self.errors.append(UserError("E201", "a key must be a plain word", at=at))
                continue
            if key in own:
                fix = f"remove one of them; the first is on line {self.places.lines[(*path, key)]}"
                self.errors.append(UserError("E201", f"the key {key!r} stands here twice", at=at, fix=fix))
                continue
            own[key] = self.value(value_node, (*path, key))
            self.places.lines[(*path, key)] = line
        self.places.lines[path] = node.start_mark.line + 1
        return {**merged, **own}


def _syntax_error(error: yaml.YAMLError, file: str, text: str) -> UserError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).split("\n")[0]
    at = f"{file}:{mark.line + 1}" if mark else file
    if isinstance(error, yaml.reader.ReaderError):
        at = f"{file}:{text.count(chr(10), 0, error.position) + 1}"
        problem = f"the character U+{error.character:04X} is not allowed"
    fix = ""
    if "chomping" in problem or "comment or a line break" in problem:  # `error_if: > 0.2` is a folded block to YAML
        fix = 'quote a value that begins with > or |: "> 0.2"'
    elif "\\t" in problem:
        fix = "indent with spaces"
    return UserError("E201", f"not YAML: {problem}", at=at, fix=fix)
