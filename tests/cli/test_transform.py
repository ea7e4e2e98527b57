"""assay transform, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_catalogue import assay


def test_transform_says_what_it_changed_and_mistakes_are_suggested(tmp_path: Path) -> None:
    lines = [json.dumps({"text": "cafÃ© number " + str(n) if n % 2 else f"plain {n}"}) for n in range(6)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert assay("init", folder=tmp_path).returncode == 0
    assert assay("ingest", "web", "a.jsonl", "--kind", "composite", folder=tmp_path).returncode == 0
    done = assay("transform", "web", "--with", "repair_encoding", "--json", folder=tmp_path)
    [found] = json.loads(done.stdout)["datasets"]
    assert (found["version"], found["rows"], found["changed"], found["changes_by"]) == (2, 6, 3, {"encoding": 3})
    again = assay("transform", "web", "--with", "repair_encoding", folder=tmp_path)
    assert "v2  6 rows" in again.stdout
    assert "cached" in again.stdout
    log = assay("log", "web", folder=tmp_path).stdout
    assert "transform repair_encoding" in log.replace("  ", " ")
    wrong = assay("transform", "web", "--with", "repair_encodin", folder=tmp_path)
    assert (wrong.returncode, "did you mean 'repair_encoding'" in wrong.stderr) == (2, True)
    wrong = assay("transform", "web", "--with", "repair_encoding", "--param", "quote=true", folder=tmp_path)
    assert (wrong.returncode, "did you mean 'quotes'" in wrong.stderr) == (2, True)
    old = assay("transform", "web@v1", "--with", "repair_encoding", folder=tmp_path)
    assert (old.returncode, "E602" in old.stderr) == (2, True)
