"""What is told about a file from its name and its bytes, and the objects that come of it."""

from __future__ import annotations

import datetime
import decimal
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.formats import ByteStream, NotRecords, shape_of
from assay.formats.delimited import sniff
from tests.formats.reading import accounted, items_of, objects

ROW, OTHER = {"c0": "t", "c1": "l"}, {"c0": "u", "c1": "m"}
A, B = {"id": "1", "q": "x"}, {"id": "2", "q": "y"}


def told(data: bytes, path: str, wanted: str | None = None) -> str:
    return shape_of(ByteStream(io.BytesIO(data)), path, wanted).format


@pytest.mark.parametrize(
    ("path", "data", "format_name"),
    [
        ("x.json", b'{"a":1}\n{"a":2}\n', "jsonl"),
        ("x.json", b'{"a":1}\n{"a":\n{"a":3}\n', "jsonl"),
        ("x.json", b'[{"a":1},\n{"a":2}]', "json"),
        ("x.json", b'{\n "a": 1\n}\n', "json"),
        ("x.jsonl", b'[{"a":1},{"a":2}]', "json"),
        ("x.jsonl", b'[\n {"a":1}\n]', "json"),
        ("x.jsonl", b'{"a":1', "jsonl"),
        ("x.jsonl", b"", "jsonl"),
        ("x.traj", b'{"a": {"b": 1}}', "json"),
        ("x.jsonl.gz", b'{"a":1}', "jsonl"),
        ("LICENSE", b"Permission is granted", "text"),
        ("x.py", b"print(1)", "text"),
        ("x.tsv", b"a\tb\n", "tsv"),
        ("data", b"PAR1....", "parquet"),
    ],
    ids=[
        "JSON Lines under a .json name",
        "JSON Lines with a broken line under a .json name",
        "a list over lines",
        "one object written out",
        "a list on one line under a .jsonl name",
        "a list written out under a .jsonl name",
        "one broken line",
        "an empty file",
        "an unknown name that holds JSON",
        "a name with the ending of compression",
        "text without an ending",
        "source code",
        "a table with tabs",
        "Parquet without a name",
    ],
)
def test_the_format_is_told_by_content_before_name(path: str, data: bytes, format_name: str) -> None:
    assert told(data, path) == format_name


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89MCAP0\r\n", "MCAP"),
        (b"PK\x03\x04", "zip"),
        (b"\0" * 257 + b"ustar\0", "tar"),
        (b"\x93NUMPY", "NumPy"),
        (b"RIFF....WAVE", "RIFF"),
        (b"\1\2\3\0\0", "unknown kind"),
        (b"\xff\xfea\0", "utf-16"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_containers_without_records_are_named(data: bytes, words: str) -> None:
    with pytest.raises(NotRecords, match=words):
        told(data, "file.bin")


def test_an_encoding_of_several_bytes_is_refused_with_the_way_out() -> None:
    with pytest.raises(UserError, match="iconv") as caught:
        told(b"a,b\n", "x.csv", "csv:gb18030")
    assert caught.value.code == "E312"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([A, B], [A, B]),
        ({"data": [A, B]}, [A, B]),
        ({"canary": "GUID 26", "examples": [A, B]}, [{**A, "canary": "GUID 26"}, {**B, "canary": "GUID 26"}]),
        ({"examples": [A], "version": 3}, [{**A, "version": 3}]),
        ({"k1": {"q": "x"}, "k2": {"q": "y"}}, [{"id": "k1", "q": "x"}, {"id": "k2", "q": "y"}]),
        ({"k1": {"id": "z", "q": "x"}, "2": B}, [{"id": "z", "q": "x", "key": "k1"}, B]),
        ({"train": [["t", "l"]], "test": [["u", "m"]]}, [ROW | {"split": "train"}, {**OTHER, "split": "test"}]),
        ({"messages": [{"role": "user"}], "id": 4}, [{"messages": [{"role": "user"}], "id": 4}]),
        ([], []),
        ({"data": []}, [{"data": []}]),
    ],
    ids=[
        "a list",
        "a list under data",
        "a scalar beside the list goes along",
        "a scalar after the list goes along",
        "objects by id get the id",
        "an id of their own stays, the key is kept",
        "splits of rows",
        "one record with a list in it stays one record",
        "an empty list",
        "an empty list under data is one object",
    ],
)
@pytest.mark.parametrize("indent", [None, 2], ids=["compact", "written out"])
def test_documents_become_records(document: Any, expected: list[Any], indent: int | None) -> None:
    assert objects(json.dumps(document, indent=indent).encode(), "x.json") == expected


def test_squad_questions_carry_their_context_and_lose_nothing() -> None:
    article = {
        "title": "T",
        "paragraphs": [
            {"context": "C1", "qas": [{"id": "1", "question": "Q1", "answers": []}, {"id": "2", "question": "Q2"}]},
            {"context": "C2", "qas": [{"id": "3", "question": "Q3", "title": "own"}]},
        ],
    }
    items, bad = items_of(json.dumps({"version": "1.1", "data": [article]}).encode(), "x.json")
    assert not bad
    said = {"context": "C1", "title": "T", "version": "1.1"}
    assert [item.obj for item in items[:2]] == [
        {"id": "1", "question": "Q1", "answers": [], **said},
        {"id": "2", "question": "Q2", **said},
    ]
    assert [item.row for item in items] == [0, 1, 2]
    assert items[2].obj["paragraph_title"] == "T"


def test_values_side_by_side_are_records() -> None:
    assert objects(b'{\n"a":1}\n\n{\n"a":2\n} {"a":3}', "x.json") == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_a_long_member_beside_the_list_is_not_lost_in_silence() -> None:
    document = json.dumps({"data": [A, B], "notes": "n" * 5000}).encode()
    items, bad = items_of(document, "x.json")
    assert len(items) == 2
    assert [(one.reason, len(one.raw)) for one in bad] == [("outside_records", 5002)]


def test_byte_order_mark_and_carriage_returns_are_not_content() -> None:
    assert objects(b'\xef\xbb\xbf{"a":1}\r\n{"a":2}\r\n', "x.jsonl") == [{"a": 1}, {"a": 2}]
    assert objects(b"\xef\xbb\xbftext,label\r\na,b\r\n", "x.csv") == [{"text": "a", "label": "b"}]


class TestTables:
    def test_quoted_cells_hold_newlines_delimiters_and_quotes(self) -> None:
        data = b'text,label\n"a\nb, ""c""",x\n"",y\n,z\n'
        assert objects(data, "x.csv") == [
            {"text": 'a\nb, "c"', "label": "x"},
            {"text": "", "label": "y"},
            {"label": "z"},
        ]

    def test_rows_say_the_line_they_start_on(self) -> None:
        items, _ = items_of(b'text,label\n"a\nb",x\nc,y\n', "x.csv")
        assert [item.line for item in items] == [2, 4]

    @pytest.mark.parametrize(
        ("data", "header"),
        [
            (b"text,category\nI wait,card\nWhere,card\n", True),
            (b"timestamp,value\n2014-04-01,45.0\n", True),
            (b"v1,v2,,,\nham,Go until,,,\n", True),
            (b"True Id,Site name\n1,Salvation Army\n2,Other\n", True),
            (b"A11,6,A34\nA12,48,A32\n", False),
            (b'"Find the degree of Q over Q.",0,4,B\nLet p be,8,2,C\n', False),
            (b"happy,joy\nglad,joy\nsad,grief\n", False),
            (b"What is it?\tyes\tBecause it is.\nWhy?\tno\tSo.\n", False),
        ],
        ids=[
            *("words", "time series", "empty names", "two words"),
            *("codes and numbers", "sentences", "labels recur", "questions"),
        ],
    )
    def test_headers_are_told_from_rows(self, data: bytes, header: bool) -> None:
        assert sniff(data, ",").header is header

    def test_columns_without_header_are_numbered(self) -> None:
        assert objects(b"A11,6\nA12,48\n", "x.csv") == [{"c0": "A11", "c1": "6"}, {"c0": "A12", "c1": "48"}]

    def test_the_user_knows_better(self) -> None:
        assert objects(b"happy,joy\nsad,grief\n", "x.csv", wanted="csv:header") == [{"happy": "sad", "joy": "grief"}]
        assert len(objects(b"text,label\na,b\n", "x.csv", wanted="csv:noheader")) == 2

    @pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"], ids=["comma", "semicolon", "bar", "tab"])
    def test_delimiters_are_told(self, delimiter: str) -> None:
        rows = "\n".join(delimiter.join(row) for row in (("text", "label"), ("a", "b"), ("c", "d")))
        assert objects(rows.encode(), "x.csv") == [{"text": "a", "label": "b"}, {"text": "c", "label": "d"}]

    def test_quotes_are_characters_where_they_never_fit(self) -> None:
        data = b"".join(b'"quote %d\tx\n' % n for n in range(20))
        assert [row["c0"] for row in objects(data, "x.tsv")] == [f'"quote {n}' for n in range(20)]


class TestColumns:
    TABLE = pa.table(
        {
            "id": ["a", "b"],
            "n": [1, None],
            "x": [1.5, 2.5],
            "at": [datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 2)],
            "price": [decimal.Decimal("1.10"), None],
            "tags": [["p", "q"], []],
            "blob": [b"\x00\xff", None],
        }
    )

    def parquet(self, table: pa.Table, **options: Any) -> bytes:
        sink = io.BytesIO()
        pq.write_table(table, sink, **options)
        return sink.getvalue()

    def test_parquet_rows_are_objects_that_json_can_hold(self) -> None:
        first, second = objects(self.parquet(self.TABLE), "x.parquet")
        plain = {"id": "a", "n": 1, "x": 1.5, "tags": ["p", "q"]}
        assert first == {**plain, "at": "2020-01-01 00:00:00.000000", "price": "1.10", "blob": "AP8="}
        assert (second["n"], second["tags"]) == (None, [])

    @pytest.mark.parametrize("kind", ["file", "stream"])
    def test_arrow_files_and_streams_read_like_parquet(self, kind: str) -> None:
        sink = io.BytesIO()
        writer = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
        with writer(sink, self.TABLE.schema) as out:
            out.write_table(self.TABLE)
        assert objects(sink.getvalue(), "x.arrow") == objects(self.parquet(self.TABLE), "x.parquet")

    def test_a_nan_is_named_with_its_column(self) -> None:
        items, bad = items_of(self.parquet(pa.table({"id": [1, 2], "x": [1.0, float("nan")]})), "x.parquet")
        assert [item.obj["id"] for item in items] == [1]
        assert [(one.reason, one.row) for one in bad] == [("nan", 1)]
        assert bad[0].detail == "`nan` is no number that JSON has - at `$.x`"

    def test_a_damaged_row_group_costs_only_itself(self) -> None:
        table = pa.table({"id": list(range(3000))})
        data = bytearray(self.parquet(table, row_group_size=1000, use_dictionary=False, compression="none"))
        start = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(1).column(0).data_page_offset
        data[start : start + 40] = b"\xff" * 40
        items, bad = items_of(bytes(data), "x.parquet")
        assert [item.obj["id"] for item in items] == [*range(1000), *range(2000, 3000)]
        assert [one.reason for one in bad] == ["broken_parquet"]
        assert items[1000].row == 2000

    def test_a_file_cut_short_is_one_bad_place_with_its_bytes(self) -> None:
        data = self.parquet(self.TABLE)[:-20]
        items, bad = items_of(data, "x.parquet")
        assert (items, [one.reason for one in bad], bad[0].raw) == ([], ["broken_parquet"], data)


def test_text_files_become_composite_records_with_path_and_language() -> None:
    assert objects("naïve = 1\n".encode(), "pkg/mod.py") == [
        {"text": "naïve = 1\n", "metadata": {"path": "pkg/mod.py", "language": "python"}}
    ]


def test_lines_on_request_are_one_record_each() -> None:
    assert objects(b"one\n\ntwo\n", "x.txt", wanted="lines") == [{"text": "one"}, {"text": "two"}]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
records = st.lists(st.dictionaries(st.text(), json_values, max_size=5), min_size=1, max_size=8)


@settings(max_examples=80)
@given(records, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_any_list_of_objects_reads_as_the_json_module_reads_it(rows: list[Any], indent: Any, ascii_: bool) -> None:
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    assert objects(text, "x.json") == json.loads(text)


@settings(max_examples=80)
@given(records, st.integers(1, 40))
def test_lines_are_the_same_for_any_batch_size(rows: list[Any], batch_bytes: int) -> None:
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    assert accounted(data, "x.jsonl", batch_bytes=batch_bytes) == accounted(data, "x.jsonl")


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)


@settings(max_examples=80)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=10), st.integers(1, 30))
def test_any_table_written_by_the_csv_module_reads_back(rows: list[tuple[str, str]], batch_bytes: int) -> None:
    import csv

    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("text", "label"), *rows])
    data = out.getvalue().encode()
    items, bad = items_of(data, "x.csv", wanted="csv:header")
    assert not bad
    assert [(item.obj["text"], item.obj["label"]) for item in items] == rows
    assert accounted(data, "x.csv", batch_bytes=batch_bytes) == accounted(data, "x.csv")


def test_every_real_base_file_is_the_same_for_tiny_batches(shared_data: Path) -> None:
    for name in (
        "qa/xquad/xquad.de.json",
        "qa/pubmedqa/ori_pqal.json",
        "reasoning/bbh/web_of_lies.json",
        "classification/clinc150/data_full.json",
        "classification/sms-spam/spam.csv",
        "reasoning/flan-cot/qasc_train.tsv",
        "robot-episodes/g1-lerobot/data/chunk-000/episode_000000.parquet",
        "gold-decontam/humaneval/HumanEval.jsonl.gz",
    ):
        data = (shared_data / name).read_bytes()
        assert accounted(data, name, batch_bytes=70_000) == accounted(data, name), name
