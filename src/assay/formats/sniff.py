"""Which format a file is in: by its name, then by its content, which wins where the two disagree."""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass, replace
from typing import Any

from assay.core.errors import UserError
from assay.core.extras import need_extra
from assay.formats.base import FORMATS, Shape, Stream
from assay.formats.delimited import SAMPLE_BYTES, sniff
from assay.formats.extract import EXTRACTORS
from assay.formats.json_shape import HEAD_BYTES, layout_of
from assay.formats.json_value import BadValue, parse_value
from assay.formats.line_records import BOM

# Containers that hold no records we can read yet: (where, bytes, what it is).
_MAGIC = (
    (0, b"\x89MCAP", "an MCAP log"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x89HDF\r\n", "an HDF5 file"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (257, b"ustar", "a tar archive"),
    (0, b"ULog\x01", "a ULog flight log"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"OggS", "an Ogg file"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"ID3", "an MP3 file"),
    (4, b"ftyp", "an MP4 video"),
    (0, b"RIFF", "a RIFF file (WAV, AVI or WebP)"),
    (0, b"BZh", "a bzip2 file"),
    (0, b"\xfd7zXZ", "an xz file"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"\x80\x02", "a pickle"),
    (0, b"\x80\x04", "a pickle"),
    (0, b"\x80\x05", "a pickle"),
    (0, b"FEA1", "a Feather version 1 file"),
    (0, b"ORC", "an ORC file"),
    (0, b"Obj\x01", "an Avro file"),
)
_WIDE = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HEAD = 64 << 10
_LINES = 50
_ARC = b"filedesc://"
_PAGE = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_COMPRESSED = (".gz", ".gzip", ".zst", ".zstd")


class NotRecords(ValueError):
    """The file holds nothing that a reader knows; says what it is."""


def name_of(path: str) -> str:
    """`path` in lower case without the endings of compression."""
    name = path.lower()
    while name.endswith(_COMPRESSED):
        name = name.rsplit(".", 1)[0]
    return name


def shape_of(stream: Stream, path: str, wanted: str | None = None) -> Shape:
    """The shape of a file, from its name, its head (which stays to be read) and what the user asked for.

    `wanted` is a format's name, after a colon an encoding, `header` or `noheader`: `csv`, `csv:cp1252`,
    `tsv:noheader`; `xml:QAPair` names the element, `warc:trafilatura` the extractor. Raises NotRecords, and UserError
    E312 for an unknown encoding, E105 where libraries of the format are not installed.
    """
    asked = parse_wanted(wanted)
    head = stream.peek(_HEAD)
    return _shape(stream, path, asked if asked.format else replace(asked, format=_told(stream, head, path)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user wrote for a format; empty, utf-8 and None where nothing was said."""

    format: str = ""
    encoding: str = "utf-8"
    header: bool | None = None
    element: str = ""  # of XML: the name of the records
    extractor: str = EXTRACTORS[0]  # of web pages


def parse_wanted(wanted: str | None) -> Wanted:
    """Raises UserError E312 for a format or encoding that is not known."""
    name, _, rest = (wanted or "").partition(":")
    if name:
        FORMATS.get(name, at="--format")
    if name == "xml":
        return Wanted(name, element=rest)
    asked = Wanted(name)
    for word in filter(None, rest.split(",")):
        if word in ("header", "noheader"):
            asked = replace(asked, header=word == "header")
        elif word in EXTRACTORS and name in ("html", "warc"):
            asked = replace(asked, extractor=word)
        else:
            asked = replace(asked, encoding=_encoding(word))
    return asked


def _encoding(word: str) -> str:
    try:
        name = codecs.lookup(word).name
        # One byte, one character, the ASCII ones in their place: then bytes can be cut before they are decoded.
        table = bytes(range(128)).decode(name) == bytes(range(128)).decode("ascii")
        single = len(bytes(range(256)).decode(name, "replace")) == 256
    except (LookupError, UnicodeError):
        table = single = False
        name = word
    if name == "utf-8" or (table and single):
        return name
    raise UserError(
        "E312",
        f"cannot read the encoding {word!r}",
        at="--format",
        fix="utf-8 or a one-byte encoding such as cp1252; convert others first: iconv -t utf-8",
    )


def _shape(stream: Stream, path: str, asked: Wanted) -> Shape:
    options: dict[str, Any] = {}
    if asked.format in ("csv", "tsv"):
        preferred = "," if asked.format == "csv" else "\t"
        head = stream.peek(SAMPLE_BYTES)
        options = sniff(head, preferred, header=asked.header, encoding=asked.encoding).options()
    elif asked.format == "json":
        head = stream.peek(HEAD_BYTES + 1)
        options = layout_of(head[:HEAD_BYTES], len(head) <= HEAD_BYTES).options()
    elif asked.format == "text":
        options = {"path": path}
    elif asked.format == "xml":
        options = {"element": asked.element}
    elif asked.format in ("html", "pdf", "docx"):
        options = {"path": path, "extractor": asked.extractor}
    elif asked.format == "warc":
        flavour = "arc" if stream.peek(len(_ARC)) == _ARC else "warc"
        options = {"flavour": flavour, "extractor": asked.extractor}
    if (extra := FORMATS.get(asked.format).extra) is not None:
        need_extra(extra, f"format {asked.format!r}", at=path)
    return Shape(asked.format, asked.encoding, options)


def _told(stream: Stream, head: bytes, path: str) -> str:
    """The format's name. Raises NotRecords."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if told := _container(head, path):
        return told
    for start, magic, what in _MAGIC:
        if head[start : start + len(magic)] == magic:
            raise NotRecords(what)
    ending = os.path.splitext(name_of(path))[1]
    named = next((f.name for f in FORMATS if ending and ending in f.extensions), "")
    if named in ("parquet", "arrow"):
        return named  # damaged from its first byte on: its reader says so
    wide = next((name for bom, name in _WIDE if head.startswith(bom)), "")
    if wide:
        raise NotRecords(f"text in {wide}; convert it first: iconv -f {wide} -t utf-8")
    if named in ("json", "jsonl"):
        return _json_or_lines(head, stream, named)
    if named in ("warc", "html", "pdf", "docx"):
        return named  # damaged from its first byte on, or a page that begins with anything
    if named in ("csv", "tsv", "text"):
        return named
    if _is_binary(head):
        raise NotRecords("bytes of an unknown kind" + (f" ({ending})" if ending else ""))
    if head.removeprefix(BOM).lstrip()[:1] in (b"{", b"["):
        return _json_or_lines(head, stream, "json")
    return "html" if _PAGE.match(head.removeprefix(BOM)) else "text"


def _container(head: bytes, path: str) -> str:
    """Archives and documents, by their first bytes; "" for none of them."""
    if head.startswith((b"WARC/", _ARC)):
        return "warc"
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"PK\x03\x04") and (b"word/" in head or name_of(path).endswith(".docx")):
        return "docx"
    return ""


def _json_or_lines(head: bytes, stream: Stream, named: str) -> str:
    """JSON Lines when most of the first lines are objects; a document when none is and it begins like one."""
    body = head.removeprefix(BOM)
    if b"\n" not in body.strip() and len(head) >= _HEAD:
        body = stream.peek(HEAD_BYTES).removeprefix(BOM)
    lines = body.split(b"\n")
    if len(body) >= _HEAD - len(BOM):
        lines.pop()  # cut off by the head
    lines = [line.strip() for line in lines if line.strip()][:_LINES]
    objects = sum(_is_object(line) for line in lines)
    if len(lines) > 1 and objects * 2 > len(lines):
        return "jsonl"
    first = lines[0] if lines else b""
    if named == "jsonl" and first != b"{" and first[:1] != b"[":
        return "jsonl"
    return "json" if first else named


def _is_object(line: bytes) -> bool:
    if line[:1] != b"{" or line[-1:] != b"}":
        return False
    try:
        return isinstance(parse_value(line), dict)
    except BadValue as bad:
        return bad.reason != "broken_json"  # a record for the quarantine, but a line of JSON Lines


def _is_binary(head: bytes) -> bool:
    if b"\0" in head:
        return True
    odd = sum(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in head[:4096])
    return odd > 0.05 * min(len(head), 4096)
