"""Web archives, WARC and ARC: one record for every response, resource, conversion and revisit.

What stands around them (warcinfo, request, metadata) is no record of its own. HTML becomes its main text, plain
text stays; of anything else the text is null and `metadata.no_text` says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assay.core.extras import need_extra
from assay.formats.base import FORMATS, RECORD_BYTES, Bad, Chunk, Format, Item
from assay.formats.extract import EXTRA, decoded, extract
from assay.formats.json_value import BadValue
from assay.formats.warc_cut import BEGINS, body_of, is_whole, split_archive

_ASIDE = ("warcinfo", "request", "metadata")
_HTML = ("text/html", "application/xhtml+xml")
_LOOKS_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_TYPE = re.compile(r"\s*([\w.+-]+/[\w.+-]+)")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def parse_archive(chunk: Chunk) -> Iterator[Item | Bad]:
    """The records of a chunk; a record that cannot be read is a bad place, and those after it are read."""
    need_extra(EXTRA, f"format {chunk.shape.format!r}")
    flavour = str(chunk.shape.options["flavour"])
    extractor = str(chunk.shape.options["extractor"])
    start = 0
    for row, end in enumerate(chunk.cuts().tolist(), max(chunk.row, 0)):
        raw, offset = chunk.data[start:end], chunk.offset + start
        start = end
        if not raw.strip(b"\r\n\0"):
            continue
        try:
            obj = _record(raw, flavour, extractor)
        except BadValue as bad:
            yield Bad(bad.reason, bad.detail, row, offset, len(raw), raw)
            continue
        if obj is not None:
            yield Item(obj, row, offset, len(raw), raw)


def _record(raw: bytes, flavour: str, extractor: str) -> dict[str, Any] | None:
    """The object of one record; None for those that are about others. Raises BadValue."""
    body = body_of(raw, 0, BEGINS[flavour], flavour == "arc")
    if body is None:
        raise BadValue("broken_archive", f"No {flavour.upper()} record begins here: {raw[:60]!r}")
    if body[1] is None:
        raise BadValue("bad_length", "The record's header gives no usable length")
    if not is_whole(raw, flavour):
        held = len(raw) - body[0]
        raise BadValue("bad_length", f"The record says {body[1]} bytes and holds {held} before the next one begins")
    payload = raw[body[0] : body[0] + body[1]]
    if flavour == "arc":
        return _arc(raw, payload, extractor)
    return _warc(raw[: body[0]] + payload + b"\r\n\r\n", extractor)


def _arc(raw: bytes, payload: bytes, extractor: str) -> dict[str, Any] | None:
    head = BEGINS["arc"].match(raw)
    assert head is not None
    url, date = _said(head["url"].decode("utf-8", "replace")), head["date"].decode()
    if url.startswith("filedesc:"):
        return None
    metadata = {"url": url, "date": _arc_date(date), "type": "response", "ip": _said(head["ip"].decode("latin-1"))}
    mime = head["mime"].decode("latin-1").lower()
    if not url.lower().startswith("http"):
        return _told(metadata, payload, mime, None, extractor)
    wrapped = (
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http; msgtype=response\r\n"
        b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(payload), payload)
    )
    return _http(wrapped, metadata, extractor, mime)


def _arc_date(text: str) -> str:
    parts = (text[0:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:14])
    year, month, day, hour, minute, second = parts
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z" if len(text) == 14 else text


def _warc(raw: bytes, extractor: str) -> dict[str, Any] | None:
    record = _parsed(raw)
    headers = {str(key).lower(): _said(str(value)) for key, value in record.headers.items()}
    kind = headers.get("warc-type", "").lower()
    if kind in _ASIDE:
        return None
    if kind not in ("response", "resource", "conversion", "revisit"):
        raise BadValue("archive_type", f"A record of type {kind or 'none'!r} holds no page by itself")
    metadata: dict[str, Any] = {
        "url": headers.get("warc-target-uri", "").strip("<>") or None,
        "date": headers.get("warc-date"),
        "type": kind,
        "ip": headers.get("warc-ip-address"),
        "truncated": headers.get("warc-truncated"),
        "digest_ok": bool(record.verify_block_digest()) if "warc-block-digest" in headers else None,
    }
    obj: dict[str, Any] = {"id": headers.get("warc-record-id", "").strip("<>") or None}
    if kind == "revisit":
        metadata["revisit_of"] = headers.get("warc-refers-to", "").strip("<>") or None
        metadata["revisit_url"] = headers.get("warc-refers-to-target-uri", "").strip("<>") or None
        metadata["revisit_date"] = headers.get("warc-refers-to-date")
        metadata["no_text"] = "a revisit: the page is what it was"
        told: dict[str, Any] = {"text": None, "metadata": metadata}
    elif headers.get("content-type", "").lower().startswith("application/http"):
        told = _http(raw, metadata, extractor, "")
    else:
        said = headers.get("content-type", "")
        payload = _limited(record.reader.read(RECORD_BYTES + 1))
        told = _told(metadata, payload, _mime(said), _charset(said), extractor)
    told["metadata"] = {key: value for key, value in told["metadata"].items() if value is not None}
    return {**({"id": obj["id"]} if obj["id"] else {}), **told}


def _http(raw: bytes, metadata: dict[str, Any], extractor: str, mime: str) -> dict[str, Any]:
    """An HTTP message, its transfer and content coding undone."""
    try:
        record, payload = _payload(raw, "all")
    except BadValue as bad:
        record, payload = _payload(raw, "none")
        if record.http_headers and any(
            str(key).lower() == "content-encoding" for key, _ in record.http_headers.items()
        ):
            raise bad from None  # compressed bytes that cannot be undone are no page
        metadata["transfer"] = "the chunks are broken: the body is as it came"
    if record.http_headers is None:
        raise BadValue("broken_http", "No HTTP headers where a message should be")
    headers = {str(key).lower(): _said(str(value)) for key, value in record.http_headers.items()}
    said = headers.get("content-type", "")
    metadata["status"] = record.http_headers.status_code
    metadata["http_headers"] = headers
    return _told(metadata, payload, _mime(said) or mime, _charset(said), extractor)


def _payload(raw: bytes, decode: str) -> tuple[Any, bytes]:
    record = _parsed(raw)
    try:
        record.parse_http(auto_decode=decode, quirks_mode=True)
        return record, _limited(record.reader.read(RECORD_BYTES + 1))
    except (OSError, ValueError, EOFError) as error:
        raise BadValue("broken_http", f"The HTTP message cannot be read: {error}") from None


def _parsed(raw: bytes) -> Any:
    from fastwarc.warc import WarcRecord

    try:
        return WarcRecord.from_bytes(raw)
    except (OSError, ValueError) as error:
        raise BadValue("broken_archive", f"The WARC header cannot be read: {error}") from None


def _limited(payload: bytes) -> bytes:
    if len(payload) > RECORD_BYTES:
        raise BadValue("record_too_long", f"Unpacked, the page is longer than {RECORD_BYTES} bytes")
    return payload


def _told(metadata: dict[str, Any], payload: bytes, mime: str, charset: str | None, extractor: str) -> dict[str, Any]:
    """The object of a payload: its text, and what is known of it."""
    if (not mime or mime == "application/http") and _LOOKS_HTML.match(payload):
        mime = "text/html"
    text = None
    metadata["mime"] = mime or None
    if mime in _HTML:
        page = extract(payload, charset=charset, extractor=extractor)
        text = page.text
        metadata.update(title=page.title, language=page.language, charset=page.charset, extractor=extractor)
        if text is None:
            metadata["no_text"] = "no main text found"
    elif mime == "text/plain":
        text, metadata["charset"] = decoded(payload, charset)
    else:
        metadata["no_text"] = f"not a page: {mime or 'of no stated type'}"
    return {"text": text, "metadata": {key: value for key, value in metadata.items() if value is not None}}


def _mime(content_type: str) -> str:
    found = _TYPE.match(content_type)
    return found[1].lower() if found else ""


def _charset(content_type: str) -> str | None:
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def _said(text: str) -> str:
    """A header's text as one that JSON can hold."""
    return _CONTROL.sub(" ", text.encode("utf-8", "replace").decode())


FORMATS.add(
    Format(
        "warc",
        (".warc", ".arc"),
        "A WARC or ARC web archive: one record per response, HTML as its main text. Extra html; `warc:trafilatura`.",
        split_archive,
        parse_archive,
        extra=EXTRA,
    )
)
