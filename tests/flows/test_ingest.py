"""Ingest: every record added, known or quarantined; the same tables for any workers, batches, folders and kills."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import UserError
from assay.flows.ingest import IngestResults, ingest
from assay.flows.ingest import run as ingest_run
from assay.flows.quarantine import quarantine
from assay.formats import Listing, expand
from assay.formats import sources as sources_module
from assay.records import restore
from assay.store import Workspace
from tests.flows import ingest_jobs

EXAMPLES = """\
{"id":"ml_class_01","text_input":"...","label":"positive"}
{"id":"qa_014","prompt":"...","best_answer":"..."}
{"id":"reason_220","question":"...","chain_of_thought":["1) ...","2) ..."],"final_answer":"28"}
{"id":"composite_005","domain":"legal","text":"...","metadata":{"source":"...","date":"2025-04-10"}}
{"session_id":"agent_8392","steps":[{"step_number":1,"tool_name":"InventoryDB","tool_input":{"q":1},"tool_output":{},"reasoning":"..."}]}
{"id":"multi_031","text_description":"Red running shoes, size 9","image_path":"images/run_shoe_red.jpg","label":"footwear"}
{"scenario_id":"sim_101","environment":"warehouse_sim","robot_position":{"x":4.2,"y":7.9,"theta":90},"action_taken":"pick_box","result":"success","notes":"..."}
{"record_id":"hyper_774","domain":"biotech_lab","sensor_data":{"temp_c":37.2,"ph_level":6.9},"timestamp":"2025-06-12T10:05:00Z","event_summary":"..."}
"""  # noqa: E501  as people write them
KINDS = ("agentic", "classification", "composite", "domain_log", "multimodal", "qa", "reasoning", "simulation")


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.init(tmp_path / "ws") as made:
        yield made


def qa(n: int, answer: str = "yes") -> dict[str, Any]:
    return {"id": f"q{n}", "prompt": f"Is it {n}?", "best_answer": answer}


def write(path: Path, rows: list[Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows))
    return str(path)


def counts(result: IngestResults) -> tuple[int, int, int, int]:
    assert result.read == result.added + result.duplicates + result.quarantined
    for one in result.datasets:
        assert one.read == one.added + one.duplicates + one.quarantined
    return result.read, result.added, result.duplicates, result.quarantined


def rows_of(ws: Workspace, name: str) -> list[dict[str, Any]]:
    return [row for batch in ws.dataset(name).scan() for row in batch.to_pylist()]


def test_the_eight_example_lines_become_eight_kinds(ws: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "examples.jsonl"
    source.write_text(EXAMPLES)
    result = ingest(ws, "examples", [str(source)])
    assert counts(result) == (8, 8, 0, 0)
    assert [(one.dataset, one.added) for one in result.datasets] == [(f"examples.{kind}", 1) for kind in KINDS]
    assert all(one.why for one in result.datasets)
    assert ws.names("examples") == [f"examples.{kind}" for kind in KINDS]


def test_rows_give_their_originals_back_or_their_bytes_are_kept(ws: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "examples.jsonl"
    source.write_text(EXAMPLES)
    ingest(ws, "examples", [str(source)], raw="keep")
    originals = [json.loads(line) for line in EXAMPLES.splitlines()]
    for name in ws.names():
        (row,) = rows_of(ws, name)
        assert restore(name.rpartition(".")[2], row) == originals[row["source"]["row"]]
        kept = ws.blobs.get(row["raw"]["sha256"], row["raw"]["offset"], row["raw"]["length"])
        assert json.loads(kept) == originals[row["source"]["row"]]


def test_the_same_file_again_adds_nothing_and_makes_no_version(ws: Workspace, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [qa(1), qa(2), {"prompt": "x", "best_answer": "y"}, b"{broken\n"])
    assert counts(ingest(ws, "d", [source])) == (4, 3, 0, 1)
    again = ingest(ws, "d", [source])
    assert counts(again) == (4, 0, 3, 1)
    assert (again.version, len(ws.dataset("d.qa").versions())) == (1, 1)
    assert len(ws.ledger.quarantine("d")) == 1


def test_a_grown_file_adds_only_what_is_new_and_lists_a_bad_record_once(ws: Workspace, tmp_path: Path) -> None:
    rows = [qa(1), b"{broken\n", {"prompt": "x", "best_answer": "y"}]
    source = write(tmp_path / "a.jsonl", rows)
    ingest(ws, "d", [source])
    write(tmp_path / "a.jsonl", [*rows, qa(2), {"prompt": "x", "best_answer": "y"}, b"[broken\n"])
    assert counts(ingest(ws, "d", [source])) == (6, 2, 2, 2)
    assert [entry.reason for entry in ws.ledger.quarantine("d")] == ["broken_json", "broken_json"]


def test_duplicates_in_the_data_stay_rows(ws: Workspace, tmp_path: Path) -> None:
    same = {"prompt": "x", "best_answer": "y"}
    sources = [write(tmp_path / "in" / name, [same] * 3) for name in ("a.jsonl", "b.jsonl")]
    assert counts(ingest(ws, "d", [str(tmp_path / "in")])) == (6, 6, 0, 0)
    rows = rows_of(ws, "d.qa")
    assert len({row["record_id"] for row in rows}) == 6
    assert len({row["content_hash"] for row in rows}) == 1
    assert counts(ingest(ws, "d", sources)) == (6, 0, 6, 0)


def test_occurrences_are_counted_across_batches(ws: Workspace, tmp_path: Path) -> None:
    same = {"prompt": "x" * 1000, "best_answer": "y"}
    source = write(tmp_path / "a.jsonl", [same] * 300)
    assert counts(ingest(ws, "d", [source], batch_bytes=1)) == (300, 300, 0, 0)
    with Workspace.init(tmp_path / "other") as other:
        ingest(other, "d", [source])
        assert other.dataset("d.qa").digest() == ws.dataset("d.qa").digest()


def test_readings_of_a_stream_at_the_same_time_are_numbered(ws: Workspace, tmp_path: Path) -> None:
    at = {"timestamp": "2025-06-12T10:05:00Z", "sensor_data": {"t": 1.0}}
    source = write(tmp_path / "log.jsonl", [at, at, {**at, "sensor_data": {"t": 2.0}}])
    assert counts(ingest(ws, "d", [source], kind="domain_log")) == (3, 3, 0, 0)
    ids = sorted(row["record_id"] for row in rows_of(ws, "d.domain_log"))
    assert [name.rpartition("/")[2] for name in ids] == ["0", "1", "2"]
    assert len({name.rpartition("/")[0] for name in ids}) == 1
    assert counts(ingest(ws, "d", [source], kind="domain_log")) == (3, 0, 3, 0)


class TestConflicts:
    def test_the_same_id_with_other_content_is_quarantined_with_its_bytes(self, ws: Workspace, tmp_path: Path) -> None:
        ingest(ws, "d", [write(tmp_path / "a.jsonl", [qa(1), qa(2)])])
        result = ingest(ws, "d", [write(tmp_path / "b.jsonl", [qa(1, "no"), qa(3)])])
        assert counts(result) == (2, 1, 0, 1)
        (entry,) = ws.ledger.quarantine("d")
        assert (entry.reason, entry.kind, entry.file, entry.row) == ("id_conflict", "qa", "b.jsonl", 0)
        assert entry.sha256 is not None
        assert json.loads(ws.blobs.get(entry.sha256, entry.blob_offset or 0, entry.blob_length)) == qa(1, "no")

    def test_questions_of_one_article_are_listed_one_by_one(self, ws: Workspace, tmp_path: Path) -> None:
        for name, language in (("a.json", "one"), ("b.json", "two")):
            asked = [{"id": f"s{n}", "question": f"{language} {n}?", "answers": []} for n in range(30)]
            article = {
                "title": "T",
                "paragraphs": [{"context": "C", "qas": asked[:7]}, {"context": "D", "qas": asked[7:]}],
            }
            write(tmp_path / "squad" / name, [{"data": [article] * 2}])
        result = ingest(ws, "d", [str(tmp_path / "squad")])
        assert counts(result) == (120, 30, 30, 60)
        assert quarantine(ws, "d").quarantined == 60
        assert sorted(row["source"]["row"] for row in rows_of(ws, "d.qa")) == list(range(30))

    def test_new_versions_replace_rows_on_request(self, ws: Workspace, tmp_path: Path) -> None:
        ingest(ws, "d", [write(tmp_path / "a.jsonl", [qa(1), qa(2)])])
        result = ingest(ws, "d", [write(tmp_path / "b.jsonl", [qa(1, "no"), qa(3)])], on_conflict="new-version")
        assert counts(result) == (2, 2, 0, 0)
        assert result.datasets[0].replaced == 1
        answers = {row["record_id"]: row["best_answer"] for row in rows_of(ws, "d.qa")}
        assert answers == {"q1": "no", "q2": "yes", "q3": "yes"}
        diff = ws.dataset("d.qa").diff(1, "HEAD")
        assert [change.record_id for change in diff.changed] == ["q1"]

    @pytest.mark.parametrize("batch_bytes", [1, 8 << 20], ids=["in batches of their own", "in one batch"])
    def test_the_last_of_several_contents_counts(self, ws: Workspace, tmp_path: Path, batch_bytes: int) -> None:
        padding = [qa(n, "x" * 40_000) for n in range(10, 14)]
        rows = [qa(1, "a"), *padding, qa(1, "b"), *padding, qa(1, "a"), qa(1, "a"), qa(1, "c")]
        source = write(tmp_path / "a.jsonl", rows)
        result = ingest(ws, "d", [source], on_conflict="new-version", batch_bytes=batch_bytes)
        assert counts(result) == (13, 8, 5, 0)
        assert [row["best_answer"] for row in rows_of(ws, "d.qa") if row["record_id"] == "q1"] == ["c"]


BAD_LINES = [
    b"{broken\n",
    b'{"id":1,"id":2}\n',
    b'{"id":"x","prompt":NaN}\n',
    b"\xff\xfe\n",
    b"[" * 10_000 + b"\n",
    b"7\n",
]


def test_bad_records_are_listed_with_place_reason_and_bytes(ws: Workspace, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [qa(1), *BAD_LINES, {"id": 3, "prompt": ["no"], "best_answer": 4}, qa(2)])
    result = ingest(ws, "d", [source], kind="qa")
    assert (result.added, result.read) == (2, len(BAD_LINES) + 3)
    listed = quarantine(ws, "d")
    assert listed.quarantined == result.quarantined == sum(result.reasons.values())
    assert set(listed.by_reason) >= {"broken_json", "duplicate_keys", "nan", "invalid_utf8", "not_an_object"}
    data = Path(source).read_bytes()
    for entry, record in zip(ws.ledger.quarantine("d"), listed.entries, strict=True):
        assert entry.sha256 is not None
        raw = ws.blobs.get(entry.sha256, entry.blob_offset or 0, entry.blob_length)
        assert raw == data[record.offset : (record.offset or 0) + (record.length or 0)]
        assert data.split(b"\n")[(record.line or 0) - 1] == raw
    assert any("$.prompt" in entry.detail for entry in listed.entries)
    assert not ws.fsck(deep=True)


@pytest.mark.parametrize(
    ("megabytes", "record_bytes"),
    [(20, 1 << 20), pytest.param(200, 64 << 20, marks=pytest.mark.slow)],
    ids=["20 MB, allowed 1", "200 MB, allowed 64"],
)
def test_a_line_over_the_limit_is_quarantined_whole(
    ws: Workspace, tmp_path: Path, megabytes: int, record_bytes: int
) -> None:
    source = tmp_path / "a.jsonl"
    with open(source, "wb") as out:
        out.write(json.dumps(qa(1)).encode() + b'\n{"id":"long","prompt":"')
        for _ in range(megabytes):
            out.write(b"x" * 1_000_000)
        out.write(b'"}\n' + json.dumps(qa(2)).encode() + b"\n")
    result = ingest(ws, "d", [str(source)], kind="qa", record_bytes=record_bytes)
    assert counts(result) == (3, 2, 0, 1)
    (entry,) = ws.ledger.quarantine("d")
    assert (entry.reason, entry.row) == ("record_too_long", 1)
    assert (entry.length or 0) > megabytes * 1_000_000
    assert entry.sha256 is not None
    assert ws.blobs.is_sound(entry.sha256)
    assert ws.blobs.get(entry.sha256, 0, 13) == b'{"id":"long",'


def test_a_truncated_gz_gives_everything_before_the_break(ws: Workspace, tmp_path: Path) -> None:
    rng = random.Random(0)
    data = gzip.compress(b"".join(json.dumps(qa(n, str(rng.random()))).encode() + b"\n" for n in range(2000)), mtime=0)
    (tmp_path / "a.jsonl.gz").write_bytes(data[: len(data) // 2])
    result = ingest(ws, "d", [str(tmp_path / "a.jsonl.gz")])
    assert result.added > 500
    assert result.reasons == {"truncated_gz": 1}


def test_the_record_that_kills_its_worker_is_quarantined_alone(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_run, "INLINE_BYTES", 0)
    rows = [qa(n, "POISON" if n == 7 else "fine") for n in range(14)]
    result = ingest(ws, "d", [write(tmp_path / "a.jsonl", rows)], workers=2, decode=ingest_jobs.fragile)
    assert counts(result) == (14, 13, 0, 1)
    listed = quarantine(ws, "d")
    assert [entry.line for entry in listed.entries] == [8]
    assert {entry.reason for entry in listed.entries} == {"worker_crashed"}


class TestSources:
    def test_a_mixed_folder_makes_a_dataset_per_kind_and_says_what_it_skipped(
        self, ws: Workspace, tmp_path: Path
    ) -> None:
        folder = tmp_path / "in"
        write(folder / "a.jsonl", [qa(1)])
        write(folder / "sub" / "b.csv", [b"text,label\nfine,good\n"])
        write(folder / "readme.md", [b"# Hello\n"])
        write(folder / "x.png", [b"\x89PNG\r\n\x1a\n\0\0"])
        write(folder / ".hidden.jsonl", [qa(2)])
        write(folder / "bad.jsonl", [b"{broken\n"])
        result = ingest(ws, "mixed", [str(folder)])
        assert [one.dataset for one in result.datasets] == [
            "mixed.classification",
            "mixed.composite",
            "mixed.qa",
            "mixed",
        ]
        assert counts(result) == (4, 3, 0, 1)
        assert {one.path: one.reason for one in result.skipped} == {"x.png": "a PNG image", ".hidden.jsonl": "hidden"}
        assert (result.kind, result.dataset) == ("mixed", "mixed")

    def test_formats_agree_about_the_same_records(self, ws: Workspace, tmp_path: Path) -> None:
        rows = [{"id": f"c{n}", "text": f"text {n}", "label": "ab"[n % 2]} for n in range(5)]
        table = pa.Table.from_pylist(rows)
        pq.write_table(table, tmp_path / "a.parquet")
        with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as out:
            out.write_table(table)
        write(tmp_path / "a.jsonl", rows)
        (tmp_path / "a.json").write_text(json.dumps(rows))
        csv = "id,text,label\n" + "".join(f"{row['id']},{row['text']},{row['label']}\n" for row in rows)
        (tmp_path / "a.csv").write_text(csv)
        (tmp_path / "a.tsv").write_text(csv.replace(",", "\t"))
        for n, ending in enumerate(("jsonl", "json", "csv", "tsv", "parquet", "arrow")):
            found = counts(ingest(ws, "d", [str(tmp_path / f"a.{ending}")]))
            assert found == ((5, 5, 0, 0) if n == 0 else (5, 0, 5, 0)), ending

    def test_globs_urls_and_standard_input_are_sources(self, ws: Workspace, tmp_path: Path) -> None:
        write(tmp_path / "a1.jsonl", [qa(1)])
        write(tmp_path / "a2.jsonl", [qa(2)])
        with fsspec.open("memory://bucket/deep/m.jsonl", "wb") as out:
            out.write(json.dumps(qa(3)).encode())
        assert counts(ingest(ws, "d", [str(tmp_path / "a*.jsonl")])) == (2, 2, 0, 0)
        assert counts(ingest(ws, "d", ["memory://bucket"])) == (1, 1, 0, 0)
        assert counts(ingest(ws, "d", [f"file://{tmp_path}/a1.jsonl"])) == (1, 0, 1, 0)
        listing = expand(["-"], stdin=io.BytesIO(json.dumps(qa(4)).encode()))
        assert counts(ingest(ws, "d", listing)) == (1, 1, 0, 0)
        places = {row["record_id"]: row["source"]["path"] for row in rows_of(ws, "d.qa")}
        assert places == {"q1": "a1.jsonl", "q2": "a2.jsonl", "q3": "deep/m.jsonl", "q4": "stdin"}

    def test_two_files_of_one_name_are_told_apart(self, ws: Workspace, tmp_path: Path) -> None:
        same = {"prompt": "x", "best_answer": "y"}
        sources = [write(tmp_path / name / "data.jsonl", [same]) for name in ("one", "two")]
        assert counts(ingest(ws, "d", [*sources, sources[0]])) == (2, 2, 0, 0)
        assert sorted(row["source"]["path"] for row in rows_of(ws, "d.qa")) == ["one/data.jsonl", "two/data.jsonl"]

    def test_a_thousand_small_files_are_read_together(self, ws: Workspace, tmp_path: Path) -> None:
        for n in range(1000):
            write(tmp_path / "tree" / f"{n % 10}" / f"f{n}.py", [b"x = %d\n" % n])
        assert counts(ingest(ws, "code", [str(tmp_path / "tree")])) == (1000, 1000, 0, 0)
        row = next(row for row in rows_of(ws, "code.composite") if row["source"]["path"] == "7/f7.py")
        assert json.loads(row["metadata_json"]) == {"path": "7/f7.py", "language": "python"}

    def test_nothing_in_a_folder_is_nothing_read(self, ws: Workspace, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        result = ingest(ws, "d", [str(tmp_path / "empty")])
        assert (result.read, result.exit_code, ws.names()) == (0, 5, [])


class TestRefusals:
    def code(self, ws: Workspace, sources: Any, **options: Any) -> str:
        with pytest.raises(UserError) as caught:
            ingest(ws, "d", sources, **options)
        assert ws.names() == [] or ws.dataset(ws.names()[0]).head == 0
        assert not ws.ledger.quarantine("d")
        assert ws.ledger.runs() == [] or ws.ledger.runs()[-1].status in ("failed", "running")
        return caught.value.code

    def test_a_missing_file(self, ws: Workspace, tmp_path: Path) -> None:
        assert self.code(ws, [write(tmp_path / "a.jsonl", [qa(1)]), str(tmp_path / "nope.jsonl")]) == "E311"

    def test_a_file_without_permission(self, ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source = write(tmp_path / "a.jsonl", [qa(1)])

        def refuse(*_: Any, **__: Any) -> Any:  # the tests may run as root, whom no permission stops
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(sources_module, "open", refuse, raising=False)
        assert self.code(ws, [source]) == "E313"

    def test_records_of_no_kind(self, ws: Workspace, tmp_path: Path) -> None:
        source = write(tmp_path / "a.jsonl", [{"alpha": 1, "beta": 2}] * 3)
        with pytest.raises(UserError, match="`alpha`, `beta`"):
            ingest(ws, "d", [source])
        assert self.code(ws, [source]) == "E316"

    def test_a_file_that_grows_while_it_is_read(self, ws: Workspace, tmp_path: Path) -> None:
        source = write(tmp_path / "a.jsonl", [qa(1)])
        (one,) = expand([source]).sources

        class Growing(io.BytesIO):
            def close(self) -> None:
                with open(source, "ab") as out:
                    out.write(b"{}\n")
                super().close()

        from dataclasses import replace

        listing = Listing((replace(one, open=lambda: Growing(Path(source).read_bytes())),))
        assert self.code(ws, listing) == "E317"

    def test_an_archive_named_by_itself(self, ws: Workspace, tmp_path: Path) -> None:
        assert self.code(ws, [write(tmp_path / "a.zip", [b"PK\x03\x04"])]) == "E318"

    @pytest.mark.parametrize("option", ["kind", "origin", "on_conflict", "raw"])
    def test_words_that_are_none(self, ws: Workspace, tmp_path: Path, option: str) -> None:
        assert self.code(ws, [write(tmp_path / "a.jsonl", [qa(1)])], **{option: "nonsense"}) == "E319"


class TestRetry:
    def test_a_mapping_lets_records_in(self, ws: Workspace, tmp_path: Path) -> None:
        odd = {"frage": "Wie?", "antwort": "So."}
        source = write(tmp_path / "a.jsonl", [qa(1), odd, odd, {"frage": 7}, b"{broken\n"])
        assert counts(ingest(ws, "d", [source], kind="qa"))[3] == 4
        mapping = {"prompt": "frage", "best_answer": "antwort"}
        result = quarantine(ws, "d", retry=True, mapping=mapping)
        assert (result.retried, result.added, result.duplicates, result.resolved) == (4, 2, 0, 2)
        assert result.quarantined == len(result.entries) == 2
        assert ws.dataset("d.qa").count() == 3
        again = quarantine(ws, "d", retry=True, mapping=mapping)
        assert (again.retried, again.resolved, again.quarantined) == (2, 0, 2)
        assert ws.dataset("d.qa").count() == 3

    def test_a_corrected_line_of_the_file_is_read_from_there(self, ws: Workspace, tmp_path: Path) -> None:
        source = write(tmp_path / "a.jsonl", [qa(1), b'{"id":"q2","prompt":"Is it 2?"\n', qa(3)])
        ingest(ws, "d", [source])
        write(tmp_path / "a.jsonl", [qa(1), qa(2), qa(3)])
        assert quarantine(ws, "d", retry=True).resolved == 1
        assert counts(ingest(ws, "d", [source])) == (3, 0, 3, 0)

    def test_a_conflict_is_settled_by_taking_the_newer(self, ws: Workspace, tmp_path: Path) -> None:
        ingest(ws, "d", [write(tmp_path / "a.jsonl", [qa(1), qa(1, "no")])])
        assert quarantine(ws, "d", retry=True).resolved == 0
        assert quarantine(ws, "d", retry=True, on_conflict="new-version").quarantined == 0
        assert [row["best_answer"] for row in rows_of(ws, "d.qa")] == ["no"]

    @pytest.mark.parametrize(
        ("name", "broken", "fixed"),
        [
            ("a.csv", b"id,text,label\n1,a,x\n2,b\n3,c,z\n", b"id,text,label\n1,a,x\n2,b,y\n3,c,z\n"),
            ("a.json", b'[{"text":"a","label":"x"},{"text":}]', b'[{"text":"a","label":"x"},{"text":"b","label":"y"}]'),
            ("a.txt", b"caf\xe9", "café".encode()),
        ],
        ids=["a row of a table", "an element of a list", "a text file"],
    )
    def test_every_format_can_be_retried(
        self, ws: Workspace, tmp_path: Path, name: str, broken: bytes, fixed: bytes
    ) -> None:
        write(tmp_path / name, [broken])
        assert ingest(ws, "d", [str(tmp_path / name)]).quarantined == 1
        write(tmp_path / name, [fixed])
        result = quarantine(ws, "d", retry=True)
        assert (result.resolved, result.added, result.quarantined) == (1, 1, 0)
        assert ingest(ws, "d", [str(tmp_path / name)]).added == 0

    def test_a_dataset_that_is_not_there_is_an_error(self, ws: Workspace) -> None:
        with pytest.raises(UserError, match="no dataset called"):
            quarantine(ws, "nope")


def run_apart(home: Path, sources: list[str], *, env: dict[str, str] | None = None, **options: Any) -> Any:
    command = [sys.executable, "-m", "tests.flows.ingest_jobs", str(home), "d", json.dumps(options), *sources]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else done


def many(folder: Path) -> list[str]:
    """Several fragments of two kinds, with duplicates, conflicts and bad records."""
    rng = random.Random(7)
    rows: list[Any] = []
    for n in range(1500):
        rows.append(qa(n % 1400, f"answer {n % 1400 if n % 50 else n}"))
        rows.append({"text": f"text {n % 40}", "label": rng.choice("ab")})
        if n % 97 == 0:
            rows.append(b"{broken %d\n" % n)
        if n % 31 == 0:
            rows.append({"prompt": "null", "best_answer": "x", "note": None, "n": n})
    write(folder / "b.jsonl", rows[: len(rows) // 2])
    write(folder / "c.jsonl", rows[len(rows) // 2 :])
    article = {
        "title": "T",
        "paragraphs": [{"context": "C", "qas": [{"id": f"s{n}", "question": "Q"} for n in range(99)]}],
    }
    (folder / "a.json").write_text(json.dumps({"data": [article, article]}))
    return [str(folder)]


def test_tables_are_the_same_for_any_batches_hash_seed_and_folder(tmp_path: Path, undisturbed: Any) -> None:
    sources, elsewhere = many(tmp_path / "in"), many(tmp_path / "other" / "in")
    fragments, plain = {"fragment_bytes": 40_000}, undisturbed
    assert plain["counts"]["quarantined"] > 15
    assert plain["counts"]["duplicates"] > 50
    small = run_apart(tmp_path / "w2", sources, env={"PYTHONHASHSEED": "1"}, workers=1, batch_bytes=777, **fragments)
    moved = run_apart(tmp_path / "w3", elsewhere, env={"PYTHONHASHSEED": "2"}, workers=1, **fragments)
    assert small == moved == plain


def test_worker_processes_make_the_same_tables(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = many(tmp_path / "in")
    inline = ingest(ws, "d", sources, fragment_bytes=40_000)
    digests = {name: ws.dataset(name).digest() for name in ws.names()}
    monkeypatch.setattr(ingest_run, "INLINE_BYTES", 0)
    with Workspace.init(tmp_path / "other") as other:
        apart = ingest(other, "d", sources, workers=2, batch_bytes=9999, fragment_bytes=40_000)
        assert counts(apart) == counts(inline)
        assert apart.reasons == inline.reasons
        assert {name: other.dataset(name).digest() for name in other.names()} == digests


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What ingesting `many` in fragments of 40 kB gives when nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return run_apart(folder / "ws", many(folder / "in"), workers=1, fragment_bytes=40_000)


@pytest.mark.parametrize(
    "failpoint",
    ["ingest.after_fragment:1", "ingest.after_fragment:4", "commit.after_intent", "commit.after_table:2"],
    ids=["after the first fragment", "after a later fragment", "before the first commit", "inside the second commit"],
)
def test_a_killed_ingest_resumes_to_the_same_tables(tmp_path: Path, failpoint: str, undisturbed: Any) -> None:
    sources, plain = many(tmp_path / "in"), undisturbed
    options = {"workers": 1, "fragment_bytes": 40_000}
    killed = run_apart(tmp_path / "ws", sources, env={"ASSAY_FAILPOINT": failpoint}, **options)
    assert killed.returncode == -9
    rerun = run_apart(tmp_path / "ws", sources, **options)
    assert rerun["digests"] == plain["digests"]
    assert rerun["counts"]["read"] == plain["counts"]["read"]
    assert rerun["counts"]["quarantined"] == plain["counts"]["quarantined"]
    if failpoint == "ingest.after_fragment:4":
        assert rerun["counts"]["resumed"]
        assert rerun["counts"]["added"] == plain["counts"]["added"]
    with Workspace.open(tmp_path / "ws") as ws:
        assert len(ws.ledger.quarantine("d")) == plain["counts"]["quarantined"]
        assert not ws.fsck(deep=True)
        assert not list((tmp_path / "ws" / "ingest").glob("*"))
