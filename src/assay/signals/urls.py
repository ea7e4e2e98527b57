"""Where a page came from, against the user's lists; and the addresses inside texts."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.text.urls import blocklist, urls_in, well_formed

_KINDS = ("composite", "classification", "multimodal", "qa")
_FILES = ("url_domains", "url_hosts", "url_exact", "url_hard_words", "url_soft_words", "url_substrings")


class _Said(msgspec.Struct):
    """The names that an address goes by; whatever else a record says is passed over."""

    url: object = None
    source_url: object = None
    uri: object = None
    link: object = None

    def address(self) -> str | None:
        told = (self.url, self.source_url, self.uri, self.link)
        return next((value for value in told if isinstance(value, str) and value.strip()), None)


_decoder = msgspec.json.Decoder(_Said)


def _reads(kind: str) -> Mapping[str, pa.DataType]:
    return {"metadata_json": TEXT, "extra_json": TEXT} if kind == "composite" else {"extra_json": TEXT}


def _address(text: str | None) -> str | None:
    if text is None or ("ur" not in text and "link" not in text):
        return None
    try:
        return _decoder.decode(text).address()
    except (msgspec.DecodeError, RecursionError):
        return None


@row_signal(
    dimension="validity",
    reads=_reads,
    writes=TEXT,
    unit="name of a list",
    source="FineWeb's URL filter, datatrove url_filter.py; a domain blocks every host below it",
    kinds=_KINDS,
    params={**dict.fromkeys(_FILES), "url_soft_limit": 2},
    default=False,
    python_bound=True,
    files=_FILES,
)
def url_blocked(
    kind: str,
    extra_json: pa.LargeStringArray,
    metadata_json: pa.LargeStringArray | None = None,
    *,
    url_domains: str | None,
    url_hosts: str | None,
    url_exact: str | None,
    url_hard_words: str | None,
    url_soft_words: str | None,
    url_substrings: str | None,
    url_soft_limit: int,
) -> pa.Array:
    """Which of the user's lists the record's address (metadata.url, url, source_url, uri, link) is on, `none` for none.

    Each list is a file with an entry a line: url_domains (and what lies below them), url_hosts, url_exact,
    url_hard_words (one of them among the address's words is enough), url_soft_words (url_soft_limit of them),
    url_substrings (of its letters and digits). The first that fits is named: domain, host, url, hard_word,
    soft_words, substring. Null without an address.
    """
    paths = (url_domains, url_hosts, url_exact, url_hard_words, url_soft_words, url_substrings)
    names = ("domains", "hosts", "urls", "hard_words", "soft_words", "substrings")
    lists = blocklist(dict(zip(names, paths, strict=True)), url_soft_limit)
    known: dict[str, str] = {}
    out: list[str | None] = []
    columns = [column.to_pylist() for column in (metadata_json, extra_json) if column is not None]
    for said in zip(*columns, strict=True):
        url = next((found for text in said if (found := _address(text)) is not None), None)
        if url is not None and url not in known:
            known[url] = lists.which(url) or "none"
        out.append(None if url is None else known[url])
    return pa.array(out, TEXT)


@row_signal(
    dimension="validity",
    reads={"text": TEXT},
    writes=pa.float32(),
    unit="share, 0 to 1",
    source="RFC 3986 and RFC 1123: host, port and escapes; nothing is looked up",
    default=False,
    python_bound=True,
)
def url_valid(text: pa.LargeStringArray) -> pa.Array:
    """The share of a text's http addresses that are well formed. Null where the text has none."""
    out: list[float | None] = []
    for value in text.to_pylist():
        found = urls_in(value) if value is not None and "://" in value else []
        out.append(sum(map(well_formed, found)) / len(found) if found else None)
    return pa.array(out, pa.float32())
