"""Release over a real workspace: from files to files and back, the same bytes however it was made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from assay.core.errors import UserError
from assay.flows.decide import decide
from assay.flows.ingest import ingest
from assay.flows.release import release
from assay.release import FORMATS, verify
from assay.store import Workspace
from tests.flows.sources import decided
from tests.release.test_freeze import tree

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return decided(tmp_path_factory.mktemp("w"))


def test_kept_records_are_released_and_verified(ws: Workspace, tmp_path: Path) -> None:
    result = release(ws, "r1", ["tickets"], tmp_path / "r1", formats=FORMATS, message="first")
    made = decide(ws, "tickets", ws.path.parent / "in" / "rules.yaml")
    assert result.records == made.kept
    assert (result.dropped, result.review) == (made.dropped, made.review)
    assert made.dropped == 19  # 15 pairs in b.jsonl, and five empty talks in a.jsonl
    assert made.review > 0
    assert verify(tmp_path / "r1").ok
    assert "assay verify" in str(result)
    table = pq.read_table(tmp_path / "r1" / "parquet" / "tickets.qa" / "test-00000.parquet")
    assert set(table["split"].to_pylist()) == {"test"}
    assert ws.ledger.releases("r1")[-1]["manifest_sha256"] == result.manifest_sha256


def test_a_release_reads_back_to_the_same_records(ws: Workspace, tmp_path: Path) -> None:
    release(ws, "r", ["tickets"], tmp_path / "r", formats=("jsonl",), keep_all=True)
    again = Workspace.init(tmp_path / "again")
    ingest(again, "tickets", [tmp_path / "r" / "jsonl"], workers=1)
    for name in ws.names("tickets"):
        first, second = (
            {
                row["record_id"]: row["content_hash"]
                for batch in one.dataset(name).scan(columns=["record_id", "content_hash"])
                for row in batch.to_pylist()
            }
            for one in (ws, again)
        )
        assert first == second


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_fragments_and_folder_leave_no_trace(workers: int, ws: Workspace, tmp_path: Path) -> None:
    release(ws, "r", ["tickets"], tmp_path / "one", formats=FORMATS)
    other = decided(tmp_path / "elsewhere" / "deep", workers=workers, fragment_bytes=700)
    assert len(other.dataset("tickets.qa").fragments()) > 3
    release(other, "r", ["tickets"], tmp_path / "two", formats=FORMATS)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_the_order_of_ingest_leaves_no_trace(ws: Workspace, tmp_path: Path) -> None:
    """b before a, in two versions, each from the folder above them: the same records, so the same files."""
    from tests.flows.sources import write_sources

    sources = write_sources(tmp_path / "in")
    made = {}
    for order in (("a", "b"), ("b", "a")):
        one = Workspace.init(tmp_path / "".join(order))
        for name in order:
            ingest(one, "t", [sources / "qa" / f"{name}.jsonl"], workers=1)
        release(one, "r", ["t"], tmp_path / f"out-{''.join(order)}", formats=FORMATS, keep_all=True)
        files = tree(tmp_path / f"out-{''.join(order)}")
        made[order] = {name: sha for name, sha in files.items() if name.startswith(("jsonl", "parquet", "messages"))}
    assert made["a", "b"] == made["b", "a"]


def test_an_undecided_version_is_not_released(tmp_path: Path) -> None:
    ws = decided(tmp_path)
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps({"id": "new", "prompt": "p", "best_answer": "a"}) + "\n")
    ingest(ws, "tickets", [more], workers=1)
    with pytest.raises(UserError) as caught:
        release(ws, "r", ["tickets"], tmp_path / "r")
    assert caught.value.code == "E502"
    assert "assay decide tickets" in caught.value.fix
    assert release(ws, "r", ["tickets.qa@HEAD~1"], tmp_path / "r").records > 0
    every = release(ws, "all", ["tickets"], tmp_path / "all", keep_all=True)
    assert every.records == 101


def test_the_decisions_made_last_count(tmp_path: Path) -> None:
    ws = decided(tmp_path)
    strict = tmp_path / "strict.yaml"
    strict.write_text("name: strict\nrules:\n  - {name: x, dimension: validity, when: word_count < 7, action: drop}\n")
    rules = tmp_path / "in" / "rules.yaml"
    before = release(ws, "a", ["tickets"], tmp_path / "a")
    decide(ws, "tickets", strict)
    by_strict = release(ws, "b", ["tickets"], tmp_path / "b")
    assert by_strict.records != before.records
    decide(ws, "tickets", rules)  # made before, so nothing is evaluated again: it is the latest all the same
    assert release(ws, "c", ["tickets"], tmp_path / "c").records == before.records
    assert release(ws, "d", ["tickets"], tmp_path / "d", rules=str(strict)).records == by_strict.records


def test_rules_that_did_not_decide_are_refused(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        release(ws, "r", ["tickets"], tmp_path / "r", rules="default")
    assert caught.value.code == "E508"


def test_the_rules_stay_known_when_their_file_is_gone(tmp_path: Path) -> None:
    ws = decided(tmp_path)
    (tmp_path / "in" / "rules.yaml").unlink()
    manifest = release(ws, "r", ["tickets"], tmp_path / "r")
    rules = json.loads((tmp_path / "r" / "manifest.json").read_text())["rulesets"][0]["rules"]
    assert {rule["name"]: rule["when"] for rule in rules}["short"] == "word_count < 4"
    assert manifest.records > 0


@pytest.mark.parametrize("place", ["release.before_rename", "release.after_rename"])
def test_killed_and_run_again_it_is_the_same_and_recorded(place: str, tmp_path: Path) -> None:
    ws = decided(tmp_path)
    code = (
        "import sys; from assay.store import Workspace; from assay.flows.release import release;"
        "print(release(Workspace.open(sys.argv[1]), 'r', ['tickets'], sys.argv[2]).written)"
    )
    call = [sys.executable, "-c", code, str(ws.path), str(tmp_path / "out" / "r")]
    killed = subprocess.run(call, env={**os.environ, "ASSAY_FAILPOINT": place}, check=False)
    assert killed.returncode == -9
    assert ws.ledger.releases("r") == []
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(place == "release.before_rename")
    release(ws, "r", ["tickets"], tmp_path / "other" / "r")
    assert tree(tmp_path / "out" / "r") == tree(tmp_path / "other" / "r")
    assert len(ws.ledger.releases("r")) == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["r"]
