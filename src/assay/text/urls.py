"""Web addresses: where one ends in a text, whether it is well formed, and a user's lists of those not wanted."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

_IN_TEXT = re.compile(r"https?://[^\s<>\"'`{}|\\^]+", re.IGNORECASE)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z", re.IGNORECASE)
_TOP = re.compile(r"(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})\Z", re.IGNORECASE)
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_WORD_BREAK = re.compile(r"[^a-z0-9]+")
_CLOSERS = {")": "(", "]": "["}
LISTS = ("domains", "hosts", "urls", "hard_words", "soft_words", "substrings")


def urls_in(text: str) -> list[str]:
    """The http addresses of a text, without the punctuation of the sentence that they stand in."""
    found = []
    for match in _IN_TEXT.finditer(text):
        url = match[0]
        while url and (
            url[-1] in ".,;:!?*_~" or (url[-1] in _CLOSERS and url.count(url[-1]) > url.count(_CLOSERS[url[-1]]))
        ):
            url = url[:-1]
        found.append(url)
    return found


def well_formed(url: str) -> bool:
    """Whether an http address can be one: a host of names that may be (or an IP), a port, whole escapes."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.port == 0 or _BAD_ESCAPE.search(url):
            return False
        if ":" in host or host.replace(".", "").isdigit():
            ipaddress.ip_address(host)
            return True
        ascii_host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:  # a port out of range, an address that is none, a host that cannot be written in ASCII
        return False
    labels = ascii_host.removesuffix(".").split(".")
    if labels == ["localhost"]:
        return True
    return len(labels) > 1 and bool(_TOP.match(labels[-1])) and all(_LABEL.match(label) for label in labels)


@dataclass(frozen=True, slots=True)
class Blocklist:
    """A user's lists, in lower case. `substrings` is one expression over an address's letters and digits."""

    domains: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()
    hard_words: frozenset[str] = frozenset()
    soft_words: frozenset[str] = frozenset()
    substrings: re.Pattern[str] | None = None
    soft_limit: int = 2

    def which(self, url: str) -> str | None:
        """The first list that an address is on, as FineWeb asks them: domain, host, url, hard_word, soft_words,
        substring; None for none."""
        lower = url.strip().lower()
        host = _host(lower)
        if self.domains and any(part in self.domains for part in _suffixes(host)):
            return "domain"
        if host in self.hosts:
            return "host"
        if lower in self.urls:
            return "url"
        words = set(_WORD_BREAK.split(lower))
        if words & self.hard_words:
            return "hard_word"
        if self.soft_words and len(words & self.soft_words) >= self.soft_limit:
            return "soft_words"
        if self.substrings is not None and self.substrings.search(_WORD_BREAK.sub("", lower)):
            return "substring"
        return None


def _host(url: str) -> str:
    try:
        return (urlsplit(url if "//" in url else f"//{url}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _suffixes(host: str) -> list[str]:
    """a.b.c -> a.b.c, b.c, c: a domain blocks what lies below it."""
    labels = host.split(".")
    return [".".join(labels[i:]) for i in range(len(labels))]


def blocklist(files: Mapping[str, str | None], soft_limit: int = 2) -> Blocklist:
    """The lists in these files, one entry a line; blank lines and those that begin with # say nothing.

    Raises OSError for a file that cannot be read. Kept while a file's size and time stay: a list may have millions.
    """
    stamps = []
    for name in LISTS:
        path = files.get(name)
        if path is not None:
            about = os.stat(path)
            stamps.append((name, path, about.st_size, about.st_mtime_ns))
    return _read(tuple(stamps), soft_limit)


@lru_cache(4)
def _read(stamps: tuple[tuple[str, str, int, int], ...], soft_limit: int) -> Blocklist:
    said: dict[str, frozenset[str]] = {}
    for name, path, _, _ in stamps:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = (line.strip().lower() for line in file)
            said[name] = frozenset(line for line in lines if line and not line.startswith("#"))
    parts = sorted(filter(None, (_WORD_BREAK.sub("", part) for part in said.pop("substrings", frozenset()))))
    return Blocklist(
        **said, substrings=re.compile("|".join(map(re.escape, parts))) if parts else None, soft_limit=soft_limit
    )
