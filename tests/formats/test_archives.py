"""Web archives: what each record gives, and broken ones taken record by record."""

from __future__ import annotations

import gzip
import io
import random
from pathlib import Path
from typing import Any

import pytest

from assay.core import extras
from assay.core.errors import UserError
from assay.formats import Bad, ByteStream, Limits, NotRecords, expand, read, shape_of
from tests.formats.reading import accounted, items_of

PAGE = (
    "<html lang=en><head><title>A  day\nout</title></head><body><nav><a href=/>Home</a></nav>"
    "<article><h1>A day out</h1>"
    "<p>We went to the café by the sea, and it rained for hours.</p><p>Nobody minded it at all.</p></article>"
    "<footer>Imprint</footer></body></html>"
)


def http(body: bytes, kind: str = "text/html; charset=utf-8", *more: str) -> bytes:
    head = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def record(
    number: int, block: bytes, kind: str = "response", *more: str, length: int | None = None, mime: str = ""
) -> bytes:
    mime = mime or ("application/http; msgtype=response" if kind == "response" else "text/plain")
    head = [
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:0000-{number}>",
        f"WARC-Target-URI: https://example.org/page/{number}",
        "WARC-Date: 2024-05-06T07:08:09Z",
        f"Content-Type: {mime}",
        f"Content-Length: {len(block) if length is None else length}",
        *more,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def page(number: int, **more: Any) -> bytes:
    return record(number, http(PAGE.replace("hours", f"{number} hours").encode()), **more)


def texts(data: bytes, path: str = "a.warc", **more: Any) -> list[str | None]:
    return [item.obj["text"] for item in items_of(data, path, **more)[0]]


def test_a_response_becomes_its_main_text_and_what_is_known_of_it() -> None:
    data = record(0, b"software: x\r\n", "warcinfo") + record(1, b"GET / HTTP/1.1\r\n\r\n", "request") + page(2)
    [item], bad = items_of(data, "crawl.warc")
    assert not bad
    assert item.obj["id"] == "urn:uuid:0000-2"
    assert item.obj["text"].splitlines()[-1] == "Nobody minded it at all."
    assert "Home" not in item.obj["text"]
    about = item.obj["metadata"]
    assert (about["url"], about["date"]) == ("https://example.org/page/2", "2024-05-06T07:08:09Z")
    assert (about["status"], about["mime"], about["title"], about["language"]) == (200, "text/html", "A day out", "en")
    assert item.row == 2
    assert data[item.offset : item.offset + item.length] == item.raw == page(2)


@pytest.mark.parametrize("extractor", ["resiliparse", "trafilatura"])
def test_either_extractor_leaves_out_what_surrounds_the_text(extractor: str) -> None:
    [text] = texts(page(1), wanted=f"warc:{extractor}")
    assert text is not None
    assert "it rained for 1 hours" in text
    assert "Imprint" not in text


def test_the_charset_is_the_servers_then_the_pages_then_what_the_bytes_look_like() -> None:
    german = "<html><head></head><body><p>Die Straße über den Flüssen führt nach Süden, sagte er.</p></body></html>"
    said = german.replace("<head>", "<head><meta charset=windows-1252>")
    blocks = [
        http(german.encode("cp1252"), "text/html; charset=iso-8859-1"),
        http(said.encode("cp1252"), "text/html"),
        http(german.encode("utf-8"), "text/html"),
        http(german.encode("cp1252"), "text/html"),
    ]
    for text in texts(b"".join(record(i, block) for i, block in enumerate(blocks))):
        assert text == "Die Straße über den Flüssen führt nach Süden, sagte er."


def test_what_is_no_page_has_no_text_and_says_why() -> None:
    data = record(1, http(b"\x89PNG", "image/png")) + record(
        2, b"HTTP/1.1 304 Not Modified\r\n\r\n", "revisit", "WARC-Refers-To-Target-URI: https://example.org/page/1"
    ) + record(3, b"Plain words.", "conversion") + record(4, http(b"", "text/html"))  # fmt: skip
    items, bad = items_of(data, "a.warc")
    assert not bad
    assert [item.obj["text"] for item in items] == [None, None, "Plain words.", None]
    assert items[0].obj["metadata"]["no_text"] == "not a page: image/png"
    assert items[1].obj["metadata"]["revisit_url"] == "https://example.org/page/1"
    assert items[3].obj["metadata"]["no_text"] == "no main text found"


def test_chunked_and_compressed_bodies_are_undone() -> None:
    body = PAGE.encode()
    packed = gzip.compress(body)
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    blocks = [
        http(packed, "text/html", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
    ]
    for text in texts(b"".join(record(i, block) for i, block in enumerate(blocks))):
        assert text is not None
        assert "it rained for hours" in text


@pytest.mark.parametrize("length", [0, 7, 10_000, 10**15], ids=["none", "too short", "too long", "absurd"])
def test_a_wrong_length_costs_its_own_record_only(length: int) -> None:
    data = page(1) + page(2, length=length) + page(3)
    items, bad = items_of(data, "a.warc")
    assert [item.obj["id"][-1] for item in items] == ["1", "3"]
    assert [(b.reason, b.offset, b.length) for b in bad] == [("bad_length", len(page(1)), len(page(2, length=length)))]


def test_bytes_between_records_are_kept_as_a_bad_place() -> None:
    junk = b"<<<lost bytes>>>\r\n"
    items, bad = items_of(page(1) + junk + page(2), "a.warc")
    assert [item.obj["id"][-1] for item in items] == [
        "2"
    ]  # what follows the first is no record: its length is in doubt
    assert (bad[0].reason, bad[0].raw) == ("bad_length", page(1) + junk)


def test_a_truncated_gz_member_is_bad_and_what_stands_before_it_is_read() -> None:
    members = [gzip.compress(page(n)) for n in (1, 2, 3)]
    data = members[0] + members[1] + members[2][:-60]
    items, bad = items_of(data, "a.warc.gz")
    assert [item.obj["id"][-1] for item in items] == ["1", "2"]
    assert [b.reason for b in bad] == ["truncated_gz"]
    assert page(3).startswith(bad[0].raw)
    assert bad[0].offset == len(page(1) + page(2))


def test_a_damaged_gz_member_costs_its_own_record_only() -> None:
    members = [gzip.compress(page(n)) for n in range(1, 6)]
    for at, byte in ((30, 0xFF), (0, 0x00), (len(members[1]) - 6, 0x55)):  # in the data, the header, the checksum
        broken = bytearray(members[1])
        broken[at] ^= byte or 0xFF
        data = b"".join([members[0], bytes(broken), *members[2:]])
        shape = shape_of(ByteStream(io.BytesIO(data)), "a.warc.gz")
        found = list(read(ByteStream(io.BytesIO(data)), shape))  # opened anew, as ingest does
        assert {"1", "3", "4", "5"} <= {item.obj["id"][-1] for item in found if not isinstance(item, Bad)}
        assert "broken_gz" in {item.reason for item in found if isinstance(item, Bad)}


def test_a_truncated_plain_archive_loses_its_last_record_only() -> None:
    items, bad = items_of(page(1) + page(2)[:-200], "a.warc")
    assert [item.obj["id"][-1] for item in items] == ["1"]
    assert [b.reason for b in bad] == ["bad_length"]


def test_arc_records_too() -> None:
    body = http(PAGE.encode())
    info = b"1 0 Crawl\nURL IP-address Archive-date Content-type Archive-length\n"
    data = b"filedesc://x.arc 0.0.0.0 20140216050221 text/plain %d\n%s\n" % (len(info), info)
    data += b"http://example.org/a b 10.0.0.1 20140216050221 text/html %d\n%s\n" % (len(body), body)
    data += b"http://example.org/c 10.0.0.1 20140216050221 text/html abc\n%s\n" % body
    items, bad = items_of(data, "old.arc")
    assert [item.obj["metadata"]["url"] for item in items] == ["http://example.org/a b"]
    assert items[0].obj["metadata"]["date"] == "2014-02-16T05:02:21Z"
    assert [b.reason for b in bad] == ["bad_length"]


def test_the_same_for_any_batch_and_any_place_of_the_cut() -> None:
    data = b"".join(page(n) if n % 4 else page(n, length=3) for n in range(12)) + b"end"
    whole = accounted(data, "a.warc")
    for size in (1, 100, 1000, 3000):
        assert accounted(data, "a.warc", batch_bytes=size) == whole


def test_a_record_over_the_limit_is_passed_over() -> None:
    data = page(1) + record(2, http(b"x" * 300_000)) + page(3)
    stream = ByteStream(io.BytesIO(data))
    found = list(read(stream, shape_of(stream, "a.warc"), Limits(batch_bytes=1000, record_bytes=100_000)))
    assert [x.reason for x in found if isinstance(x, Bad)] == ["record_too_long"]
    assert sum(x.length for x in found) == len(data)


def test_without_the_libraries_it_says_which_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.formats.sniff.need_extra", lambda extra, by, at="": extras_missing(extra, by, at))
    with pytest.raises(UserError, match=r"E105.*'warc'.*'html'"):
        items_of(page(1), "a.warc")


def extras_missing(extra: str, by: str, at: str) -> None:
    assert extra in extras.MODULES
    raise UserError("E105", f"{by} needs libraries of the extra {extra!r}", at=at)


def test_mutated_archives_never_crash_and_lose_no_bytes() -> None:
    data = b"".join(page(n) for n in range(5))
    rng = random.Random(5)
    for _ in range(150):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 12)):
            at = rng.randrange(len(broken))
            what = rng.randrange(3)
            if what == 0:
                broken[at] = rng.randrange(256)
            elif what == 1:
                del broken[at : at + rng.randint(1, 40)]
            else:
                broken[at:at] = rng.choice([b"\r\n\r\n", b"WARC/1.0\r\n", b"Content-Length: 9\r\n", bytes(5)])
        stream = ByteStream(io.BytesIO(bytes(broken)))
        try:
            shape = shape_of(stream, "a.warc")
        except NotRecords:
            continue
        found = list(read(stream, shape))
        assert sum(x.length for x in found) <= len(broken)
        if broken.startswith(b"WARC/1.1\r\n") and all(b"response" in x.raw for x in found):
            assert b"".join(x.raw for x in found) == bytes(broken)


def test_real_archives(shared_data: Path) -> None:
    """26 files of three projects' test suites: every page in them, every deliberate fault by its reason."""
    pages, faults = {}, {}
    for source in expand([shared_data / "composite-web" / "warc"]).sources:
        stream = source.stream()
        found = list(read(stream, shape_of(stream, source.path)))
        stream.close()
        name = source.path.split("/")[-1]
        pages[name] = sum(not isinstance(x, Bad) for x in found)
        faults[name] = sorted(x.reason for x in found if isinstance(x, Bad))
    assert len(pages) == 26
    assert pages["warcfile.warc"] == pages["warcfile.warc.gz"] == 16
    assert pages["example.arc"] == pages["example.arc.gz"] == 1
    assert {name: said for name, said in faults.items() if said} == {
        "bad.arc": ["bad_length"] * 3,
        "block-sized-records.warc": ["archive_type"] * 3,
        "clipped.warc.gz": ["truncated_gz"],
        "example-space-in-url.arc": ["bad_length"],
        "example-trunc.warc": ["bad_length"],
    }
