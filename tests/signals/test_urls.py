"""Addresses of pages against a user's lists, and addresses inside texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.records.schema import schema_of
from assay.signals import SIGNALS
from assay.text.urls import urls_in, well_formed

LISTS = {
    "url_domains": "# comment\nbad.example\n\nEVIL.test\n",
    "url_hosts": "shop.fine.example\n",
    "url_exact": "https://fine.example/One\n",
    "url_hard_words": "casino\n",
    "url_soft_words": "hot\nsexy\nfree\n",
    "url_substrings": "free-poker\n",
}


@pytest.fixture
def lists(tmp_path: Path) -> dict[str, str]:
    for name, text in LISTS.items():
        (tmp_path / name).write_text(text)
    return {name: str(tmp_path / name) for name in LISTS}


def blocked(urls: list[Any], params: dict[str, Any], column: str = "metadata_json") -> list[str | None]:
    rows = [{"record_id": "r", column: None if url is None else json.dumps({"n": 1, "url": url})} for url in urls]
    table = pa.Table.from_pylist(
        [{name: row.get(name) for name in schema_of("composite").names} for row in rows], schema=schema_of("composite")
    )
    found: list[str | None] = SIGNALS.get("url_blocked").run(table, "composite", params).to_pylist()
    return found


# The plants, each with the list that must name it, and clean ones beside them.
PLANTED = {
    "https://www.bad.example/x": "domain",
    "https://a.b.evil.test": "domain",
    "http://shop.fine.example:8080/": "host",
    "https://fine.example/one": "url",
    "https://fine.example/best-casino?x=1": "hard_word",
    "https://fine.example/hot/sexy": "soft_words",
    "https://fine.example/free/poker/": "substring",
    "https://notbad.example/x": "none",
    "https://fine.example/casinos": "none",
    "https://fine.example/hot/hot": "none",
    "https://www.shop.fine.example/": "none",
    "not an address": "none",
}


def test_the_first_list_that_an_address_is_on_is_named(lists: dict[str, str]) -> None:
    assert dict(zip(PLANTED, blocked(list(PLANTED), lists), strict=True)) == PLANTED


def test_without_an_address_nothing_is_known_and_nothing_crashes(lists: dict[str, str]) -> None:
    assert blocked([None, 7, "", ["https://bad.example"]], lists) == [None, None, None, None]


def test_an_address_among_the_unknown_keys_counts_too(lists: dict[str, str]) -> None:
    assert blocked(["https://bad.example"], lists, "extra_json") == ["domain"]


def test_the_lists_content_is_part_of_the_fingerprint(lists: dict[str, str]) -> None:
    signal = SIGNALS.get("url_blocked")
    before = signal.fingerprint("composite", lists)
    Path(lists["url_hosts"]).write_text("fine.example\n")
    assert signal.fingerprint("composite", lists) != before
    assert blocked(["https://fine.example/two"], lists) == ["host"]


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://example.org", True),
        ("http://example.org:8080/a%20b?c=d#e", True),
        ("https://sub.bücher.example/ä", True),
        ("http://127.0.0.1/", True),
        ("http://[2001:db8::1]:80/", True),
        ("http://localhost:3000", True),
        ("http://example", False),
        ("http://exa_mple..org", False),
        ("http://-example.org", False),
        ("http://300.1.1.1/", False),
        ("http://example.org:99999/", False),
        ("http://example.org/100%", False),
        ("http://example.123", False),
    ],
)
def test_a_well_formed_address(url: str, fine: bool) -> None:
    assert well_formed(url) is fine


def test_an_address_ends_where_its_sentence_goes_on() -> None:
    text = "See https://a.example/x, (http://b.example/y_(z)) and <https://c.example>."
    assert urls_in(text) == ["https://a.example/x", "http://b.example/y_(z)", "https://c.example"]


def test_the_share_of_well_formed_addresses() -> None:
    texts = pa.table(
        {
            "text": pa.array(
                ["no address", None, "http://a.example http://b..c", "https://x.example."], pa.large_string()
            )
        }
    )
    assert SIGNALS.get("url_valid").run(texts, "qa").to_pylist() == [None, None, 0.5, 1.0]
