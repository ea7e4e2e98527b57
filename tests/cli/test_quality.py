"""`assay quality` on the command line, end to end: train, list, measure by name, score by a rubric."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.cli.verbs import BAD_INPUT, OK
from tests.flows.test_quality import _PROOF, _SALE, lines, texts
from tests.flows.test_rubric import judge
from tests.providers.server import serving


def run(capsys: pytest.CaptureFixture[str], place: Path, *words: str) -> tuple[int, dict[str, Any]]:
    from assay.cli.main import app, hoist

    with pytest.raises(SystemExit) as ended:
        app(args=hoist([*words, "--json", "-w", str(place)]), prog_name="assay")
    out = capsys.readouterr().out
    return int(ended.value.code or 0), json.loads(out)


def test_a_model_from_files_to_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, rubric = tmp_path / "ws", tmp_path / "edu.yaml"
    good, bad = (lines(tmp_path / f"{n}.jsonl", texts(w, 60, 0)) for n, w in (("good", _PROOF), ("bad", _SALE)))
    rubric.write_text("{name: edu, version: 1, question: 'How much does it teach?', scale: [0, 5]}")
    assert run(capsys, place, "init")[0] == OK
    code, made = run(capsys, place, "quality", "train", "edu", "--good", good, "--bad", bad)
    assert (code, made["name"], made["rows_good"], made["heldout_auc"]) == (OK, "edu", 60, 1.0)
    assert run(capsys, place, "quality", "list")[1]["models"][0]["model"] == made["model"]
    assert run(capsys, place, "ingest", "web", good)[0] == OK
    code, measured = run(capsys, place, "measure", "web", "--only", "quality_score", "--param", "model=edu")
    assert (code, measured["datasets"][0]["signals"]) == (OK, {"quality_score": "measured"})
    with serving(judge) as server:
        words = ["--rubric", str(rubric), "--endpoint", server.url, "--model", "small", "--key-env", "NO_SUCH_KEY"]
        code, scored = run(capsys, place, "quality", "score", "web", *words)
    assert (code, scored["rows"], scored["asked"]) == (OK, 60, 60)
    code, refused = run(capsys, place, "quality", "train", "edu", "--good", good, "--bad", good)
    assert (code, refused["errors"][0]["code"]) == (BAD_INPUT, "E108")
