"""Every way a record can be bad: it is named with its place and its bytes, and everything around it is read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import BinaryIO

import pytest
import zstandard

from assay.formats import Bad, Limits
from tests.formats.reading import items_of, objects

BEFORE, AFTER = b'{"id":1,"prompt":"a"}', b'{"id":2,"prompt":"b"}'

# id -> (the bad line, reason, words of the detail)
LINES: dict[str, tuple[bytes, str, str]] = {
    "broken JSON": (b'{"id":9,"prompt":', "broken_json", "truncated"),
    "a comma too many": (b'{"id":9,}', "broken_json", "trailing comma"),
    "text after the object": (b'{"id":9} x', "broken_json", "trailing characters"),
    "a duplicate key": (b'{"id":9,"id":10}', "duplicate_keys", "The key `id` occurs twice - at `$`"),
    "a duplicate key deep inside": (b'{"a":[{"k":1},{"k":2,"k":3}]}', "duplicate_keys", "`$.a[1]`"),
    "a duplicate key hidden behind an escaped quote": (b'{"a":"\\u0022","b":1,"b":2}', "duplicate_keys", "`b`"),
    "a duplicate key written with escapes": (b'{"a":1,"\\u0061":2}', "duplicate_keys", "`a`"),
    "a NaN": (b'{"id":9,"score":[1,NaN]}', "nan", "`NaN` is not JSON - at `$.score[1]`"),
    "an Infinity": (b'{"id":9,"score":-Infinity}', "nan", "`-Infinity` is not JSON - at `$.score`"),
    "a number beyond any double": (b'{"id":9,"score":1e400}', "number_out_of_range", "`1e400`"),
    "a number of 5,000 digits": (b'{"id":' + b"9" * 5000 + b"}", "number_out_of_range", "5000 digits"),
    "invalid UTF-8": (b'{"id":9,"prompt":"caf\xe9"}', "invalid_utf8", "byte 0xe9 at byte 21"),
    "an encoded surrogate": (b'{"id":9,"prompt":"\xed\xa0\x80"}', "invalid_utf8", "0xed"),
    "half a surrogate pair": (b'{"id":9,"prompt":"\\ud800"}', "lone_surrogate", "surrogate"),
    "a raw NUL in a string": (b'{"id":9,"prompt":"a\x00b"}', "broken_json", "invalid character"),
    "nesting 10,000 deep": (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "too_deep", "100 levels"),
    "nesting just too deep": (b"[" * 101 + b"]" * 101, "too_deep", "100 levels"),
    "brackets in a string, then nesting too deep": (b'["[[[[",' + b"[" * 1200 + b"]" * 1200 + b"]", "too_deep", "100"),
}


@pytest.mark.parametrize(("line", "reason", "words"), LINES.values(), ids=LINES)
def test_a_bad_line_is_named_and_its_neighbours_are_read(line: bytes, reason: str, words: str) -> None:
    items, bad = items_of(b"\n".join([BEFORE, line, AFTER, b""]), "x.jsonl")
    assert [item.obj["id"] for item in items] == [1, 2]
    (one,) = bad
    assert (one.reason, one.raw, one.row, one.line, one.offset) == (reason, line, 1, 2, len(BEFORE) + 1)
    assert words in one.detail


@pytest.mark.parametrize(("line", "reason", "words"), LINES.values(), ids=LINES)
def test_a_bad_element_of_a_list_is_named_and_its_neighbours_are_read(line: bytes, reason: str, words: str) -> None:
    document = b"[\n  " + BEFORE + b",\n  " + line + b",\n  " + AFTER + b"\n]\n"
    items, bad = items_of(document, "x.json")
    assert [item.obj["id"] for item in items] == [1, 2]
    assert [(one.reason, one.raw, one.line) for one in bad] == [(reason, line, 3)]


@pytest.mark.parametrize(
    "value",
    ['"\\u0022\\""', '"a \\" b"', '{"a":{"a":{"a":1}}}', '[{"a":1},{"a":1}]', '{"":1," ":2}', '"\\ud83d\\ude00"', "-0"],
)
def test_good_values_that_look_doubtful_are_read(value: str) -> None:
    assert objects(f'{{"x":{value}}}\n'.encode(), "x.jsonl") == [json.loads(f'{{"x":{value}}}')]


def spool_into(folder: Path) -> tuple[Limits, list[str]]:
    made: list[str] = []

    def spool() -> tuple[BinaryIO, str]:
        path = str(folder / f"spool{len(made)}")
        made.append(path)
        return open(path, "wb"), path

    return Limits(record_bytes=1 << 20, spool=spool), made


@pytest.mark.parametrize("path", ["x.jsonl", "x.csv", "x.txt"])
def test_a_record_over_the_limit_goes_to_the_spool_whole(path: str, tmp_path: Path) -> None:
    limits, made = spool_into(tmp_path)
    long = b'{"id":9,"prompt":"' + b"x" * (3 << 20) + b'"}'
    head = b"a,b\n1,2\n" if path == "x.csv" else BEFORE + b"\n"
    tail = b"\n3,4\n" if path == "x.csv" else b"\n" + AFTER + b"\n"
    data = long if path == "x.txt" else head + long + tail
    items, bad = items_of(data, path, limits=limits)
    assert len(items) == (0 if path == "x.txt" else 2)
    (one,) = bad
    assert (one.reason, one.raw, one.spooled) == ("record_too_long", b"", made[0])
    assert Path(one.spooled).read_bytes().rstrip(b"\n") == long
    assert one.length == Path(one.spooled).stat().st_size


def test_a_list_element_over_the_limit_goes_to_the_spool_and_the_next_is_read(tmp_path: Path) -> None:
    limits, made = spool_into(tmp_path)
    long = b'{"id":9,"prompt":"' + b"x" * (3 << 20) + b'"}'
    items, bad = items_of(b"[" + BEFORE + b"," + long + b"," + AFTER + b"]", "x.json", limits=limits)
    assert [item.obj["id"] for item in items] == [1, 2]
    assert [one.reason for one in bad] == ["record_too_long"]
    assert Path(made[0]).read_bytes().lstrip(b",") == long


def test_without_a_spool_a_long_record_is_counted_and_hashed() -> None:
    _, bad = items_of(b"x" * (2 << 20), "x.jsonl", limits=Limits(record_bytes=1 << 20))
    assert bad[0].length == 2 << 20
    assert "sha256" in bad[0].detail


def compressed(kind: str, data: bytes) -> bytes:
    if kind == "gz":
        return gzip.compress(data, mtime=0)
    return zstandard.ZstdCompressor().compress(data)


BODY = b"".join(b'{"id":%d,"prompt":"%s"}\n' % (n, str(n * 7919).encode() * 20) for n in range(3000))


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_everything_before_a_truncation_is_read_and_the_rest_is_one_bad_place(kind: str) -> None:
    whole = compressed(kind, BODY)
    items, bad = items_of(whole[: len(whole) * 2 // 3], f"x.jsonl.{kind}")
    assert items
    assert [item.obj["id"] for item in items] == list(range(len(items)))
    (one,) = bad
    assert one.reason == f"truncated_{kind}"
    assert "compressed bytes" in one.detail
    assert one.offset == sum(len(line) + 1 for line in BODY.split(b"\n")[: len(items)])
    assert BODY.split(b"\n")[len(items)].startswith(one.raw)


def test_a_damaged_gz_gives_what_came_before_the_damage() -> None:
    whole = bytearray(compressed("gz", BODY))
    whole[len(whole) // 2 : len(whole) // 2 + 64] = b"\xff" * 64
    items, bad = items_of(bytes(whole), "x.jsonl.gz")
    assert len(items) > 500
    assert bad[-1].reason == "broken_gz"


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_several_members_are_one_file(kind: str) -> None:
    half = BODY.find(b"\n", len(BODY) // 2) + 1
    both = compressed(kind, BODY[:half]) + compressed(kind, BODY[half:])
    assert len(objects(both, f"x.jsonl.{kind}")) == 3000


def test_zero_padding_after_a_gz_is_no_damage() -> None:
    assert len(objects(compressed("gz", BODY) + b"\0" * 512, "x.jsonl.gz")) == 3000


def test_bytes_after_a_gz_that_are_not_gz_are_named() -> None:
    items, bad = items_of(compressed("gz", BODY) + b"hello", "x.jsonl.gz")
    assert (len(items), [one.reason for one in bad]) == (3000, ["broken_gz"])


class TestListsThatAreNotClosed:
    def test_a_missing_bracket_is_named_and_every_element_is_read(self) -> None:
        items, bad = items_of(b"[" + BEFORE + b"," + AFTER, "x.json")
        assert [item.obj["id"] for item in items] == [1, 2]
        assert [(one.reason, one.length) for one in bad] == [("truncated_json", 0)]

    def test_an_element_cut_off_is_the_only_bad_place(self) -> None:
        items, bad = items_of(b"[" + BEFORE + b"," + AFTER[:9], "x.json")
        assert [item.obj["id"] for item in items] == [1]
        assert [(one.reason, one.raw) for one in bad] == [("broken_json", AFTER[:9])]

    def test_bytes_after_the_list_are_named(self) -> None:
        items, bad = items_of(b"[" + BEFORE + b"] x", "x.json")
        assert (len(items), [one.reason for one in bad]) == (1, ["trailing_bytes"])

    def test_a_missing_brace_costs_one_element_of_a_written_out_list(self) -> None:
        records = [b'{"id":%d,"x":{"y":[1,2]}}' % n for n in range(6)]
        records[2] = records[2][:-1]
        items, bad = items_of(b"[\n  " + b",\n  ".join(records) + b"\n]", "x.json")
        assert [item.obj["id"] for item in items] == [0, 1, 3, 4, 5]
        assert [one.raw for one in bad if one.length] == [records[2]]


class TestRowsOfCsv:
    def test_a_row_with_too_many_cells_is_named_with_its_line(self) -> None:
        items, bad = items_of(b"text,label\na,x\nb,x,y\nc,z\n", "x.csv")
        assert [item.obj["text"] for item in items] == ["a", "c"]
        assert [(one.reason, one.line, one.raw, one.detail) for one in bad] == [
            ("field_count", 3, b"b,x,y", "Expected 2 fields, got 3")
        ]

    def test_a_quote_never_closed_costs_its_own_line_only(self) -> None:
        items, bad = items_of(b'text,label\na,x\n"b,x\nc,z\nd,w\n', "x.csv")
        assert [item.obj["text"] for item in items] == ["a", "c", "d"]
        assert [(one.reason, one.line, one.raw) for one in bad] == [("unclosed_quote", 3, b'"b,x')]

    def test_a_stray_quote_that_swallows_rows_gives_them_back(self) -> None:
        data = b'text,label\na,x\n"b,x\nc,z\n"d",w\n"e,f",v\ng,u\n'
        items, bad = items_of(data, "x.csv")
        assert [item.obj["text"] for item in items] == ["a", "c", "d", "e,f", "g"]
        assert [one.raw for one in bad] == [b'"b,x']

    def test_a_byte_that_is_not_utf8_costs_its_row(self) -> None:
        items, bad = items_of(b"text,label\na,x\ncaf\xe9,x\nc,z\n", "x.csv")
        assert [item.obj["text"] for item in items] == ["a", "c"]
        assert [(one.reason, one.raw) for one in bad] == [("invalid_utf8", b"caf\xe9,x")]

    def test_with_its_encoding_named_every_row_is_read(self) -> None:
        rows = objects(b"text,label\ncaf\xe9,x\n", "x.csv", wanted="csv:cp1252")
        assert rows == [{"text": "café", "label": "x"}]


def test_a_text_file_that_is_not_utf8_is_one_bad_place() -> None:
    items, bad = items_of(b"caf\xe9\n", "x.txt")
    assert (items, [(one.reason, one.raw) for one in bad]) == ([], [("invalid_utf8", b"caf\xe9\n")])


def test_raw_bytes_are_never_cut() -> None:
    line = b'{"a":' + b"1" * 300_000
    _, bad = items_of(line + b"\n", "x.jsonl")
    assert bad == [Bad("broken_json", bad[0].detail, 0, 0, len(line), line, 1)]
