"""Report over a real workspace: what it says is what was decided."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.core.errors import UserError
from assay.flows.decide import decide
from assay.flows.ingest import ingest
from assay.flows.measure import measure
from assay.flows.report import report
from assay.store import Workspace
from tests.flows.sources import decided, write_sources
from tests.flows.world import qa, workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return decided(tmp_path_factory.mktemp("w"))


def test_it_says_what_was_decided(ws: Workspace, tmp_path: Path) -> None:
    result = report(ws, "tickets", tmp_path / "new" / "report.html")
    made = decide(ws, "tickets", ws.path.parent / "in" / "rules.yaml")
    assert (result.kept, result.dropped, result.review) == (made.kept, made.dropped, made.review)
    assert result.quarantined == 1
    html = (tmp_path / "new" / "report.html").read_text("utf-8")
    assert result.bytes == len(html.encode())
    assert "duplicate_of is not null" in html
    assert "qa/b.jsonl" in html or "b.jsonl" in html
    assert re.search(r"tickets\.qa.*tickets\.reasoning", html, re.S)


def test_the_same_version_gives_the_same_page(ws: Workspace, tmp_path: Path) -> None:
    for name in ("a", "b"):
        report(ws, "tickets", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_workspace_differs_only_in_its_run(ws: Workspace, tmp_path: Path) -> None:
    other = decided(tmp_path, workers=2)
    pages = []
    for one in (ws, other):
        report(one, "tickets", tmp_path / "page")
        pages.append(
            re.sub(r'<dl class="ids" id="run">.*?</dl>', "", (tmp_path / "page").read_text("utf-8"), flags=re.S)
        )
    assert pages[0] == pages[1]


def test_what_was_never_decided_has_a_report_that_says_so(tmp_path: Path) -> None:
    ws = Workspace.init(tmp_path / "ws")
    ingest(ws, "raw", [write_sources(tmp_path / "in") / "qa"], workers=1)
    assert report(ws, "raw", tmp_path / "raw.html").kept == 0
    assert "not yet decided" in (tmp_path / "raw.html").read_text("utf-8")


def test_a_full_name_reports_one_kind(ws: Workspace, tmp_path: Path) -> None:
    assert report(ws, "tickets.reasoning", tmp_path / "r.html").records == 10


def test_an_earlier_version_can_be_reported(ws: Workspace, tmp_path: Path) -> None:
    assert report(ws, "tickets.qa@1", tmp_path / "r.html").kept == 0


def test_a_place_that_cannot_be_written_is_told(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(UserError) as caught:
        report(ws, "tickets", tmp_path / "folder.html")
    assert caught.value.code == "E509"
    assert [p.name for p in tmp_path.iterdir()] == ["folder.html"]


def test_copies_count_as_one_effective_record(tmp_path: Path) -> None:
    said = "a sentence that is said by ten records word for word and nowhere else in this dataset"
    own = [f"record {n} has words of its own: " + " ".join(f"w{n}x{i}" for i in range(20)) for n in range(5)]
    rows = [qa(n, said, prompt="") for n in range(10)] + [qa(10 + n, text, prompt="") for n, text in enumerate(own)]
    ws, _ = workspace(tmp_path, rows)
    report(ws, "tickets", tmp_path / "before.html")
    assert "Effective records" not in (tmp_path / "before.html").read_text("utf-8")
    measure(ws, "tickets", only=["novel_ngram_share"])
    report(ws, "tickets", tmp_path / "after.html")
    html = (tmp_path / "after.html").read_text("utf-8")
    assert re.search(r"Effective records</dt><dd>6<small>40.0%", html)
