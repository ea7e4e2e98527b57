"""XML: every element of one name is a record, with what the elements around it say. On request, as `xml:QAPair`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from assay.formats.base import FORMATS, MAX_DEPTH, Bad, Chunk, Format, Item
from assay.formats.text_files import split_text


@dataclass(slots=True)
class _Element:
    """`start`, `end`: bytes in the document; `end` is -1 while the element is open. `line` counts from 1."""

    name: str
    attributes: dict[str, str]
    start: int
    line: int
    end: int = -1
    parts: list[str] = field(default_factory=list)
    children: list[_Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts).strip()


class _Tree:
    """The elements of a document as expat meets them; what was read before a mistake stays."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.root = _Element("", {}, 0, 1)
        self.open = [self.root]
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) > MAX_DEPTH:
            raise ValueError(f"elements nested more than {MAX_DEPTH} deep")
        element = _Element(name, attributes, self.parser.CurrentByteIndex, self.parser.CurrentLineNumber)
        self.open[-1].children.append(element)
        self.open.append(element)

    def _characters(self, text: str) -> None:
        self.open[-1].parts.append(text)

    def _end(self, name: str) -> None:
        element, at = self.open.pop(), self.parser.CurrentByteIndex
        # Expat stands at `</name>`, or behind `<name/>`.
        alone = self.data.startswith(b"/>", at - 2) and _tag_end(self.data, element.start) == at
        element.end = at if alone else self.data.index(b">", at) + 1


def _tag_end(data: bytes, at: int) -> int:
    """Behind the tag that starts at `at`; its attributes may hold a `>`."""
    quote = 0
    for i in range(at, len(data)):
        byte = data[i]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == 0x3E:
            return i + 1
    return len(data)


def parse_xml(chunk: Chunk) -> Iterator[Item | Bad]:
    """Records in the order of the document. Outer facts are added under names the record does not use itself."""
    data, wanted = chunk.data, str(chunk.shape.options["element"])
    tree = _Tree(data)
    broken = ""
    at, line = 0, 1
    try:
        tree.parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:  # ValueError: an encoding that expat does not know
        broken = str(error)
        at, line = max(0, tree.parser.ErrorByteIndex), max(1, tree.parser.ErrorLineNumber)
    row = 0
    last = 0
    for element, outer in _records(tree.root, wanted, {}):
        if element.end < 0:
            continue  # open when the document broke: part of the bad rest
        raw = data[element.start : element.end]
        own = _object(element)
        obj = {**own, **{name: value for name, value in outer.items() if name not in own}}
        yield Item(obj, row, chunk.offset + element.start, len(raw), raw, chunk.line + element.line - 1)
        row, last = row + 1, element.end
    if broken:
        rest = data[last:]
        yield Bad("broken_xml", broken, row, chunk.offset + last, len(rest), rest, chunk.line + line - 1)
    elif not row:
        names = sorted(_names(tree.root))[:20]
        detail = f"No element called {wanted!r} among {', '.join(names)}" if wanted else "xml:NAME names the records"
        yield Bad("no_such_element", detail, 0, chunk.offset + at, len(data), data, 1)


def _records(element: _Element, wanted: str, outer: dict[str, Any]) -> Iterator[tuple[_Element, dict[str, Any]]]:
    if element.name == wanted and wanted:
        yield element, outer
        return
    inner = {**outer, **_prefixed(element)}
    for child in element.children:
        if not child.children and child.name != wanted:  # a plain fact beside the records, such as a title
            if child.text:
                _put(inner, child.name, child.text)
            inner.update(_prefixed(child))
    for child in element.children:
        yield from _records(child, wanted, inner)


def _prefixed(element: _Element) -> dict[str, str]:
    return {f"{element.name}_{name}": value for name, value in element.attributes.items()}


def _object(element: _Element) -> dict[str, Any]:
    """Attributes by name, children by name (twice the same makes a list), a child's attributes as child_name."""
    found: dict[str, Any] = dict(element.attributes)
    for child in element.children:
        value = _object(child) if child.children else child.text
        _put(found, child.name, value)
        if not child.children:
            for name, said in _prefixed(child).items():
                _put(found, name, said)
    if element.text:
        _put(found, "text", element.text)
    return found


def _put(into: dict[str, Any], name: str, value: Any) -> None:
    if name not in into:
        into[name] = value
    elif isinstance(into[name], list):
        into[name].append(value)
    else:
        into[name] = [into[name], value]


def _names(element: _Element) -> set[str]:
    return {name for child in element.children for name in (child.name, *_names(child))}


FORMATS.add(
    Format(
        "xml",
        (),
        "Elements of one name as records: `xml:QAPair`; attributes and the plain elements around them come along.",
        split_text,
        parse_xml,
    )
)
