"""What Python code imports and calls by full name, through its import aliases. Extra: code.

By tree-sitter, not `ast`: code with an error elsewhere is still read, and the answer does not depend on the version
of Python that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.text.code import LONGEST, tree_of

# What these return, so that `df = pandas.read_csv(..)` makes `df.append` a method of DataFrame.
_FRAMES = "concat merge read_csv read_excel read_feather read_json read_parquet read_sql read_table"
RETURNS = {f"pandas.{name}": "pandas.DataFrame" for name in _FRAMES.split()}


@dataclass(frozen=True, slots=True)
class Import:
    """`name` is the whole name: x.y for `from x import y` (member) as for `import x.y`.

    guarded: inside a try, so that its failure is expected.
    """

    name: str
    module: str
    line: int
    member: bool
    guarded: bool


@dataclass(slots=True)
class Names:
    """imports in order; uses are full dotted names reached through an import; keywords those passed to such a call."""

    imports: list[Import] = field(default_factory=list)
    uses: list[tuple[str, int]] = field(default_factory=list)
    keywords: list[tuple[str, str, int]] = field(default_factory=list)


def names_in(code: str) -> Names:
    """Imports and uses of a piece of Python. Relative and star imports are left out; a name bound twice is unknown."""
    names = Names()
    if len(code) > LONGEST or "import" not in code:
        return names
    nodes = _grouped(tree_of("python", code))
    aliases: dict[str, str] = {}
    for node in nodes["import"]:
        for local, one in _imported(node):
            names.imports.append(one)
            aliases[local] = one.name if one.member or local != one.name.partition(".")[0] else local
    for bound in _bound(nodes):
        aliases.pop(bound, None)
    typed = _typed(nodes["assignment"], aliases)
    for node in nodes["attribute"]:
        if node.parent is None or node.parent.type != "attribute":
            full = _full(node, aliases) or _full(node, typed)
            if full:
                names.uses.append((full, node.start_point[0] + 1))
    for node in nodes["call"]:
        called = _full(node.child_by_field_name("function"), aliases)
        arguments = node.child_by_field_name("arguments")
        for child in arguments.children if called and arguments is not None else ():
            if child.type == "keyword_argument":
                key = _text(child.child_by_field_name("name"))
                names.keywords.append((called or "", key, child.start_point[0] + 1))
    return names


_KINDS = {
    "import_statement": "import",
    "import_from_statement": "import",
    "attribute": "attribute",
    "call": "call",
    "assignment": "assignment",
    "for_statement": "bound",
    "function_definition": "bound",
    "class_definition": "bound",
    "parameters": "bound",
    "lambda_parameters": "bound",
}


def _grouped(root: Any) -> dict[str, list[Any]]:
    """The nodes that matter, in order of the text."""
    found: dict[str, list[Any]] = {kind: [] for kind in set(_KINDS.values())}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if kind := _KINDS.get(node.type):
            found[kind].append(node)
        waiting.extend(reversed(node.children))
    return found


def _text(node: Any) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _imported(node: Any) -> Iterator[tuple[str, Import]]:
    line, guarded = node.start_point[0] + 1, _inside_try(node)
    module = node.child_by_field_name("module_name")
    if module is not None and module.type != "dotted_name":
        return  # relative: of the package that the code is from
    base = _text(module)
    for child in node.children_by_field_name("name"):
        aliased = child.type == "aliased_import"
        name = _text(child.child_by_field_name("name") if aliased else child)
        local = _text(child.child_by_field_name("alias")) if aliased else name
        if base:
            yield local, Import(f"{base}.{name}", base, line, True, guarded)
        else:
            yield local.partition(".")[0], Import(name, name, line, False, guarded)


def _inside_try(node: Any) -> bool:
    while node is not None:
        if node.type == "try_statement":
            return True
        node = node.parent
    return False


def _bound(nodes: Mapping[str, list[Any]]) -> Iterator[str]:
    """Names that something other than an import gives a value."""
    for node in nodes["assignment"]:
        yield from _identifiers(node.child_by_field_name("left"))
    for node in nodes["bound"]:
        if node.type == "for_statement":
            yield from _identifiers(node.child_by_field_name("left"))
        elif node.type in ("parameters", "lambda_parameters"):
            yield from (name for child in node.children for name in _parameter(child))
        else:
            yield _text(node.child_by_field_name("name"))


def _parameter(node: Any) -> Iterator[str]:
    named = node.child_by_field_name("name")
    yield from _identifiers(named if named is not None else node)


def _identifiers(node: Any) -> Iterator[str]:
    if node is None:
        return
    if node.type == "identifier":
        yield _text(node)
    elif node.type in ("pattern_list", "tuple_pattern", "list_pattern", "typed_parameter", "list_splat_pattern"):
        for child in node.children:
            if child.type != "type":
                yield from _identifiers(child)


def _full(node: Any, known: Mapping[str, str]) -> str | None:
    """The full dotted name of `np.random.rand`, given what np is; None where its root is not known."""
    parts: list[str] = []
    while node is not None and node.type == "attribute":
        parts.append(_text(node.child_by_field_name("attribute")))
        node = node.child_by_field_name("object")
    if node is None or node.type != "identifier" or _text(node) not in known:
        return None
    return ".".join([known[_text(node)], *reversed(parts)])


def _typed(assignments: list[Any], aliases: Mapping[str, str]) -> dict[str, str]:
    """Variables that hold an object of a known class, every time that they are assigned."""
    classes: dict[str, set[str | None]] = {}
    for node in assignments:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or left.type != "identifier":
            continue
        made = None
        if right is not None and right.type == "call":
            called = _full(right.child_by_field_name("function"), aliases) or ""
            last = called.rpartition(".")[2]
            made = RETURNS.get(called) or (called if last[:1].isupper() else None)
            receiver = right.child_by_field_name("function")
            if made is None and receiver is not None and _root(receiver) == _text(left):
                continue  # df = df.append(..): what it was before decides
        classes.setdefault(_text(left), set()).add(made)
    return {name: next(iter(kinds)) or "" for name, kinds in classes.items() if len(kinds) == 1 and None not in kinds}


def _root(node: Any) -> str:
    while node is not None and node.type in ("attribute", "call", "subscript"):
        node = node.children[0] if node.children else None
    return _text(node)
