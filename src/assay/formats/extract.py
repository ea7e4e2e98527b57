"""The text of a web page without what surrounds it, by one of two extractors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

EXTRA = "html"
EXTRACTORS = ("resiliparse", "trafilatura")
_SPACE = re.compile(r"\s+")
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says. `text` is None where nothing was found; `charset` is the one it was read in."""

    text: str | None
    title: str | None
    language: str | None
    charset: str


def extract(data: bytes, *, charset: str | None = None, extractor: str = EXTRACTORS[0]) -> Page:
    """The main text of HTML in any encoding; damaged markup is read as browsers read it.

    charset: what the server said; else what the page says, else what its bytes look like.
    Needs the extra "html".
    """
    from resiliparse.parse.html import HTMLTree

    text, used = decoded(data, charset)
    text = text.replace("\0", "\ufffd")
    tree = HTMLTree.parse(text)
    title = _SPACE.sub(" ", tree.title or "").strip() or None
    root = tree.document.query_selector("html") if tree.document is not None else None
    language = root.getattr("lang") if root is not None else None
    main = _trafilatura(text) if extractor == "trafilatura" else _resiliparse(tree)
    return Page((main or "").strip() or None, title, (language or "").strip() or None, used)


def decoded(data: bytes, charset: str | None) -> tuple[str, str]:
    """(text, encoding): bytes that do not fit become U+FFFD."""
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding, map_encoding_to_html5

    named = charset or ""
    if not named and (found := _CHARSET.search(data[:_HEAD])):
        named = found[1].decode("ascii", "replace")
    used = map_encoding_to_html5(named, True) if named else None
    if not used:
        try:
            return data.decode("utf-8-sig"), "utf-8"
        except UnicodeDecodeError:
            used = detect_encoding(data, html5_compatible=True) or "utf-8"
    return bytes_to_str(data, used, "replace"), used


def _resiliparse(tree: Any) -> str | None:
    from resiliparse.extract.html2text import extract_plain_text

    found: str = extract_plain_text(tree, main_content=True, alt_texts=False, list_bullets=False)
    return found


def _trafilatura(text: str) -> str | None:
    import trafilatura

    found: str | None = trafilatura.extract(
        text, favor_precision=True, include_comments=False, deduplicate=False, include_tables=True
    )
    return found
