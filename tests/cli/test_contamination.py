"""assay contamination, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_catalogue import assay
from tests.flows.test_contamination import MOON, PLAIN


def test_contamination_finds_decides_and_trims(tmp_path: Path) -> None:
    records = [{"prompt": f"So, {MOON}?", "best_answer": "1972"}, {"prompt": "Tell me more.", "best_answer": PLAIN}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (tmp_path / "bench.csv").write_text(f"q,a\n{MOON},1972\nis it so?,\n")
    assert assay("init", folder=tmp_path).returncode == 0
    assert assay("ingest", "tickets", "a.jsonl", folder=tmp_path).returncode == 0
    asked = ("contamination", "tickets", "--against", "bench.csv", "--map", "prompt=q", "--map", "best_answer=a")
    done = assay(*asked, "--index", "bench.index", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"items", "hits", "records", "by_item", "datasets", "unread", "seconds"} <= found.keys()
    assert (found["items"], found["hits"], found["records"]) == (2, 1, 1)
    [item] = found["by_item"]
    assert item == {"place": "bench.csv:2", "records": 1, "how": "ngrams", "share": 1.0, "answer_share": None}
    again = assay(*asked, folder=tmp_path)
    assert "1 hold benchmark items (1 ngrams)  (cached)" in again.stdout
    assert "1 items can only be found as whole texts" in again.stdout
    decided = json.loads(assay("decide", "tickets", "--rules", "contamination", "--json", folder=tmp_path).stdout)
    assert (decided["dropped"], decided["kept"]) == (1, 1)
    cut = assay(
        "transform", "tickets", "--with", "cut_contamination", "--param", "against=bench.index", folder=tmp_path
    )
    assert cut.returncode == 0, cut.stderr
    assert json.loads(assay(*asked, "--json", folder=tmp_path).stdout)["records"] == 0


def test_mistakes_are_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": "a", "best_answer": "b"}) + "\n")
    assert assay("init", folder=tmp_path).returncode == 0
    assert assay("ingest", "tickets", "a.jsonl", folder=tmp_path).returncode == 0
    for words, code, said in (
        (("tickets",), 2, "--across-splits"),
        (("tickets", "--against", "none.jsonl"), 2, "E311"),
        (("ticket", "--against", "a.jsonl"), 2, "did you mean 'tickets'"),
        (("tickets@v1", "--against", "a.jsonl"), 2, "E602"),
        (("tickets", "--against", "a.jsonl", "--map", "prompt"), 2, "E301"),
    ):
        wrong = assay("contamination", *words, folder=tmp_path)
        assert (wrong.returncode, said in wrong.stderr) == (code, True), wrong.stderr
