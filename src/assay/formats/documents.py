"""HTML, PDF and DOCX: one file is one record, its text with what the file says of itself."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from assay.core.extras import need_extra
from assay.formats.base import FORMATS, RECORD_BYTES, Bad, Chunk, Format, Item
from assay.formats.extract import EXTRA as HTML_EXTRA
from assay.formats.extract import extract
from assay.formats.json_value import BadValue
from assay.formats.text_files import split_text

DOCS_EXTRA = "docs"
_PDF_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-]\d\d)'?(\d\d)?'?)?")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_GROWS = 200  # a DOCX part that unpacks to more than so many times its size is a bomb, not a document


def _document(
    name: str, extra: str, read: Callable[[bytes, Chunk], dict[str, Any]]
) -> Callable[[Chunk], Iterator[Item | Bad]]:
    """A parser of whole files."""

    def parse(chunk: Chunk) -> Iterator[Item | Bad]:
        need_extra(extra, f"format {name!r}")
        raw = chunk.data
        try:
            found = read(raw, chunk)
        except BadValue as bad:
            yield Bad(bad.reason, bad.detail, 0, chunk.offset, len(raw), raw)
            return
        metadata = {"path": str(chunk.shape.options.get("path", "")), **found.pop("metadata")}
        said = {key: value for key, value in metadata.items() if value not in (None, "")}
        yield Item({"text": found["text"], "metadata": said}, 0, chunk.offset, len(raw), raw)

    return parse


def _html(raw: bytes, chunk: Chunk) -> dict[str, Any]:
    encoding = chunk.shape.encoding
    extractor = str(chunk.shape.options["extractor"])
    page = extract(raw, charset=None if encoding == "utf-8" else encoding, extractor=extractor)
    metadata: dict[str, Any] = {"title": page.title, "language": page.language, "charset": page.charset}
    metadata["extractor"] = extractor
    if page.text is None:
        metadata["no_text"] = "no main text found"
    return {"text": page.text, "metadata": metadata}


def _pdf(raw: bytes, chunk: Chunk) -> dict[str, Any]:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it says to stderr what the metadata says here
    try:
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise BadValue("encrypted", "The PDF needs a password")
        about = reader.metadata or {}
        pages = [page.extract_text() for page in reader.pages]
        said = {key: _clean(str(about.get(f"/{name}") or "")) for key, name in _PDF_SAYS.items()}
    except BadValue:
        raise
    except Exception as error:  # it raises whatever its code meets; nothing a file holds may stop the ones after it
        raise BadValue("broken_pdf", f"The PDF cannot be read: {type(error).__name__}: {error}") from None
    text = _clean("\n\n".join(page.strip() for page in pages if page.strip()))
    metadata: dict[str, Any] = {**said, "pages": len(pages), "mime": "application/pdf"}
    metadata["date"] = _pdf_date(said.pop("date", ""))
    if not text:
        metadata["no_text"] = "no page holds text: scanned, or empty" if pages else "no pages"
    return {"text": text or None, "metadata": metadata}


_PDF_SAYS = {"title": "Title", "author": "Author", "subject": "Subject", "producer": "Producer", "date": "CreationDate"}


def _pdf_date(text: str) -> str:
    found = _PDF_DATE.match(text)
    if found is None:
        return text
    year, month, day, hour, minute, second, zone, more = found.groups()
    date = f"{year}-{month or '01'}-{day or '01'}"
    if hour is None:
        return date
    return f"{date}T{hour}:{minute or '00'}:{second or '00'}{f'{zone}:{more or chr(48) * 2}' if zone else 'Z'}"


def _docx(raw: bytes, chunk: Chunk) -> dict[str, Any]:
    import docx
    from docx.table import Table

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > min(RECORD_BYTES * 4, _GROWS * len(raw)):
            raise BadValue("record_too_long", f"The document unpacks to {unpacked} bytes")
        document = docx.Document(io.BytesIO(raw))
        blocks = [
            "\n".join("\t".join(cell.text for cell in row.cells) for row in block.rows)
            if isinstance(block, Table)
            else block.text
            for block in document.iter_inner_content()
        ]
        about = document.core_properties
        written = about.created or about.modified
        metadata: dict[str, Any] = {
            "title": _clean(about.title or ""),
            "author": _clean(about.author or ""),
            "subject": _clean(about.subject or ""),
            "language": _clean(about.language or ""),
            "date": written.isoformat() if written else None,
            "mime": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    except BadValue:
        raise
    except Exception as error:  # as above
        raise BadValue("broken_docx", f"The document cannot be read: {type(error).__name__}: {error}") from None
    text = _clean("\n\n".join(block.strip() for block in blocks if block.strip()))
    if not text:
        metadata["no_text"] = "the document holds no text"
    return {"text": text or None, "metadata": metadata}


def _clean(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


FORMATS.add(
    Format(
        "html",
        (".html", ".htm", ".xhtml"),
        "A web page: one file is one record, its main text. Extra html; `html:trafilatura` for the other extractor.",
        split_text,
        _document("html", HTML_EXTRA, _html),
        extra=HTML_EXTRA,
    )
)
FORMATS.add(
    Format(
        "pdf",
        (".pdf",),
        "A PDF document: one file is one record, the text of its pages. Extra docs.",
        split_text,
        _document("pdf", DOCS_EXTRA, _pdf),
        extra=DOCS_EXTRA,
    )
)
FORMATS.add(
    Format(
        "docx",
        (".docx",),
        "A Word document: one file is one record, its paragraphs and tables. Extra docs.",
        split_text,
        _document("docx", DOCS_EXTRA, _docx),
        extra=DOCS_EXTRA,
    )
)
