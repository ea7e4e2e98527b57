"""A release: the kept rows and no others, in one order, as bytes that only the rows decide."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from assay.core.errors import UserError
from assay.core.ids import sha256_file
from assay.records import Decoder, record_id_of
from assay.release import FORMATS, Part, Sharding, freeze, order, verify
from tests.release.parts import EXAMPLES, decisions_of, decoded_rows, many, part_of, table_of

TABLE = many(700)
DECISIONS = decisions_of(TABLE)


def tree(folder: Path) -> dict[str, str]:
    """Every file but run.json, by hash."""
    files = {p.relative_to(folder).as_posix(): sha256_file(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    del files["run.json"]
    return files


def lines(folder: Path) -> list[dict[str, Any]]:
    found = [line for path in sorted(folder.rglob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return [msgspec.json.decode(line) for line in found]


def every_kind() -> list[Part]:
    return [part_of(table_of(kind, decoded_rows(kind, said)), kind) for kind, said in EXAMPLES.items()]


def test_only_kept_rows_are_released_in_source_order(tmp_path: Path) -> None:
    freeze("r", [part_of(TABLE, decisions=DECISIONS)], tmp_path / "r", formats=("parquet",))
    released = pa.concat_tables([pq.read_table(p) for p in sorted((tmp_path / "r").rglob("train-*.parquet"))])
    kept = {r["record_id"] for r in DECISIONS.to_pylist() if r["action"] == "keep"}
    expected = [
        row["record_id"]
        for row in sorted(TABLE.to_pylist(), key=lambda r: (r["source"]["path"], r["source"]["row"]))
        if row["record_id"] in kept and row["split"] in (None, "train")
    ]
    assert released["record_id"].to_pylist() == expected


def test_batches_order_and_folder_leave_no_trace(tmp_path: Path) -> None:
    """The same rows in other batches, in any order, elsewhere: the same bytes."""
    freeze("r", [part_of(TABLE, decisions=DECISIONS)], tmp_path / "one", formats=FORMATS)
    shuffled = TABLE.take(random.Random(1).sample(range(TABLE.num_rows), TABLE.num_rows))
    for batch_rows, table in ((1, TABLE), (33, shuffled), (700, shuffled)):
        out = tmp_path / "deep" / str(batch_rows)
        part = part_of(table, decisions=DECISIONS.slice(0), batch_rows=batch_rows)
        freeze("r", [part], out, formats=FORMATS)
        assert tree(out) == tree(tmp_path / "one")


def test_rows_out_of_order_are_sorted_through_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    freeze("r", [part_of(TABLE, decisions=DECISIONS)], tmp_path / "one", formats=FORMATS)
    monkeypatch.setattr(order, "BUCKET_BYTES", 20_000)
    shuffled = TABLE.take(random.Random(2).sample(range(TABLE.num_rows), TABLE.num_rows))
    freeze("r", [part_of(shuffled, decisions=DECISIONS)], tmp_path / "two", formats=FORMATS)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_small_groups_and_shards_hold_the_same_rows(tmp_path: Path) -> None:
    small = Sharding(shard_bytes=30_000, group_bytes=9_000, group_rows=40)
    one = freeze("r", [part_of(TABLE, batch_rows=7)], tmp_path / "a", formats=FORMATS, sharding=small)
    freeze("r", [part_of(TABLE, batch_rows=650)], tmp_path / "b", formats=FORMATS, sharding=small)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    shards = [fact for fact in one.manifest.files if fact.format == "parquet" and fact.split == "train"]
    assert len(shards) > 3
    assert sum(f.rows for f in one.manifest.files if f.format == "parquet") == TABLE.num_rows
    assert all(pq.ParquetFile(tmp_path / "a" / f.path).metadata.num_rows == f.rows for f in shards)
    assert verify(tmp_path / "a").ok


def test_order_of_datasets_does_not_matter(tmp_path: Path) -> None:
    freeze("r", every_kind(), tmp_path / "a", formats=FORMATS)
    freeze("r", every_kind()[::-1], tmp_path / "b", formats=FORMATS)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_hash_seed_does_not_matter(tmp_path: Path) -> None:
    for seed in ("1", "77"):
        code = (
            "from pathlib import Path; from tests.release.parts import *; from assay.release import freeze, FORMATS;"
            f"freeze('r', [part_of(many(50))], Path({str(tmp_path / seed)!r}), formats=FORMATS)"
        )
        env = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code], check=True, env=env, cwd=Path(__file__).parents[2])
    assert tree(tmp_path / "1") == tree(tmp_path / "77")


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_json_lines_read_back_to_the_same_ids_and_hashes(kind: str, tmp_path: Path) -> None:
    rows = decoded_rows(kind, EXAMPLES[kind])
    freeze("r", [part_of(table_of(kind, rows), kind)], tmp_path / "r", formats=("jsonl",))
    decoder, found = Decoder(kind), {}
    for i, said in enumerate(lines(tmp_path / "r")):
        decoded = decoder.decode(said)
        found[record_id_of(decoded, "elsewhere.jsonl", 0, i)] = decoded.content_hash
    assert found == {row.record_id: row.decoded.content_hash for row in rows}


def test_no_machine_and_no_clock_in_data_and_manifest(tmp_path: Path) -> None:
    run = {"created_at": "2026-11-20T00:00:00+00:00", "run": "run-1"}
    freeze("r", every_kind(), tmp_path / "a", formats=FORMATS, run=run)
    freeze("r", every_kind(), tmp_path / "b", formats=FORMATS, run={**run, "run": "run-2"})
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    for path in (tmp_path / "a").rglob("*"):
        if path.suffix in (".jsonl", ".json", ".md") and path.name != "run.json":
            assert b"/home/me" not in path.read_bytes()
            assert b"2026-11-20" not in path.read_bytes()
    for path in (tmp_path / "a").rglob("*.parquet"):
        assert "uri" not in [f.name for f in pq.read_schema(path).field("source").type]
    assert b"run-1" in (tmp_path / "a" / "run.json").read_bytes()


def test_held_out_rows_get_files_of_their_own(tmp_path: Path) -> None:
    frozen = freeze("r", [part_of(TABLE)], tmp_path / "r")
    rows = {(f.format, f.split): f.rows for f in frozen.manifest.files if f.split}
    splits = TABLE["split"].to_pylist()
    assert rows["jsonl", "test"] == rows["parquet", "test"] == splits.count("test") > 0
    assert rows["jsonl", "dev_set"] == splits.count("Dev Set") > 0
    assert rows["jsonl", "train"] == TABLE.num_rows - rows["jsonl", "test"] - rows["jsonl", "dev_set"]


def test_the_manifest_counts_what_went_in_and_out(tmp_path: Path) -> None:
    manifest = freeze("r", [part_of(TABLE, decisions=DECISIONS)], tmp_path / "r").manifest
    fact = manifest.datasets[0]
    assert fact.rows == 700 == fact.kept + fact.dropped + fact.review
    assert fact.by_rule == {"drop_rule": fact.dropped, "review_rule": fact.review}
    assert sum(source.rows for source in manifest.sources) == 700
    assert sum(source.kept for source in manifest.sources) == fact.kept == manifest.records
    assert sum(fact.domains.values()) == sum(fact.origins.values()) == sum(fact.splits.values()) == fact.kept
    assert [source.path for source in manifest.sources] == ["a.jsonl", "b/c.jsonl", "b/d.jsonl"]


def test_the_card_has_front_matter_that_hubs_read(tmp_path: Path) -> None:
    freeze("my-release", [part_of(TABLE, decisions=DECISIONS), *every_kind()[:1]], tmp_path / "r", formats=FORMATS)
    _, head, body = (tmp_path / "r" / "README.md").read_text("utf-8").split("---\n", 2)
    front = yaml.safe_load(head)
    assert front["pretty_name"] == "my-release"
    assert front["license"] == "cc-by-4.0"
    assert [config["config_name"] for config in front["configs"]] == [
        "tickets.classification",
        "tickets.qa",
        "tickets.qa.messages",
    ]
    for config in front["configs"]:
        for files in config["data_files"]:
            assert all((tmp_path / "r" / path).is_file() for path in files["path"])
    assert "| tickets.qa | qa | 700 |" in body
    assert "released without a decision" in body


def test_names_in_the_card_are_text(tmp_path: Path) -> None:
    rows = decoded_rows("qa", EXAMPLES["qa"], domain="<img src=x> | `x` [a](http://b)")
    freeze("r", [part_of(table_of("qa", rows))], tmp_path / "r")
    card = (tmp_path / "r" / "README.md").read_text("utf-8")
    assert "<img" not in card
    assert "\\| 'x' \\[a\\](http://b)" in card


def test_the_same_release_again_is_fine_and_another_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "r"
    first = freeze("r", [part_of(TABLE)], out)
    before = (out / "run.json").read_bytes()
    again = freeze("r", [part_of(TABLE, batch_rows=9)], out, run={"run": "later"})
    assert (first.written, again.written) == (True, False)
    assert (out / "run.json").read_bytes() == before
    with pytest.raises(UserError, match="another release") as caught:
        freeze("r", [part_of(TABLE.slice(1))], out)
    assert caught.value.code == "E503"
    (out / "parquet" / "tickets.qa" / "train-00000.parquet").write_bytes(b"x")
    with pytest.raises(UserError, match=r"altered: parquet/tickets\.qa/train-00000\.parquet"):
        freeze("r", [part_of(TABLE)], out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r"]


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(UserError, match="no release") as caught:
        freeze("r", [part_of(TABLE)], tmp_path)
    assert caught.value.code == "E503"
    assert (tmp_path / "mine.txt").read_text() == "keep me"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "../x"}, "E506"),
        ({"name": ""}, "E506"),
        ({"formats": ("jsonl", "csv")}, "E101"),
        ({"parts": [part_of(TABLE), part_of(TABLE)]}, "E506"),
        ({"parts": [part_of(TABLE.slice(0, 0))]}, "E501"),
        ({"parts": [part_of(TABLE, decisions=decisions_of(TABLE, 1))]}, "E501"),
        ({"parts": [part_of(TABLE, decisions=DECISIONS.slice(1))]}, "E502"),
        ({"parts": [p for p in every_kind() if p.kind == "simulation"], "formats": ("messages",)}, "E505"),
    ],
    ids=[
        "a name that climbs",
        "no name",
        "an unknown format",
        "a dataset twice",
        "no rows",
        "nothing kept",
        "a record without decision",
        "no chat form",
    ],
)
def test_mistakes_are_told_and_leave_nothing_behind(change: dict[str, Any], code: str, tmp_path: Path) -> None:
    given = {"name": "r", "parts": [part_of(TABLE)], "formats": ("jsonl",), **change}
    with pytest.raises(UserError) as caught:
        freeze(given["name"], given["parts"], tmp_path / "r", formats=given["formats"])
    assert caught.value.code == code
    assert caught.value.fix
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["release.before_rename", "release.after_rename"])
def test_killed_at_the_rename_a_rerun_gives_the_same_release(place: str, tmp_path: Path) -> None:
    freeze("r", [part_of(many(50))], tmp_path / "whole", formats=FORMATS)
    out = tmp_path / "killed" / "r"
    code = (
        "from pathlib import Path; from tests.release.parts import *; from assay.release import freeze, FORMATS;"
        f"freeze('r', [part_of(many(50))], Path({str(out)!r}), formats=FORMATS)"
    )
    root = Path(__file__).parents[2]
    env = {**os.environ, "ASSAY_FAILPOINT": place}
    killed = subprocess.run([sys.executable, "-c", code], env=env, cwd=root, check=False)
    assert killed.returncode == -9
    assert out.exists() == (place == "release.after_rename")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
    assert tree(out) == tree(tmp_path / "whole")
    assert [p.name for p in out.parent.iterdir()] == ["r"], "the killed run's folder is gone"
    assert verify(out).ok


def test_a_copied_release_verifies(tmp_path: Path) -> None:
    freeze("r", every_kind(), tmp_path / "r", formats=FORMATS)
    shutil.copytree(tmp_path / "r", tmp_path / "copy")
    found = verify(tmp_path / "copy")
    assert found.ok
    assert "ok: r:" in str(found)
