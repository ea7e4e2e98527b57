"""recipes/fineweb.yaml as a user runs it: archives in, what each filter removes told, a release out."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from assay.flows.ingest import ingest
from assay.formats import Bad, expand, read, shape_of
from assay.recipes import RunResult, run_recipe
from assay.store import Workspace
from tests.conftest import ROOT
from tests.formats.test_archives import http, record

pytest.importorskip("fastwarc")

GOOD = [
    "The harbour was quiet when the first boats came back with their nets, and the people of the town stood waiting.",
    "Anna had counted the crates twice that morning, because her brother said that one of them would be missing.",
    "Nobody believed him until the old weighing machine was opened and a drawer full of letters fell to the floor.",
    "They read every page aloud in the kitchen, while the rain ran down the windows and the dog slept by the stove.",
    "What they learned about the house that winter changed the way in which they spoke of their grandfather.",
    "Write to anna@harbour-town.com if you know more of this story than we do.",
]
GERMAN = [
    "Der Hafen war still, als die ersten Boote mit ihren Netzen zurückkamen und die Leute aus der Stadt warteten.",
    "Anna hatte die Kisten an diesem Morgen zweimal gezählt, weil ihr Bruder sagte, dass eine davon fehlen würde.",
    "Niemand glaubte ihm, bis die alte Waage geöffnet wurde und eine Schublade voller Briefe auf den Boden fiel.",
]


def page(paragraphs: list[str]) -> bytes:
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return http(
        f"<html><head><title>A story</title></head><body><nav><a href=/>Home</a></nav><article><h1>A story of the"
        f" harbour</h1>{body}</article><footer>Imprint</footer></body></html>".encode()
    )


# One page for every stage that it must be removed at, and two that stay. Each is clean but for its one fault.
PAGES = {
    "https://blocked.example/story": ("url filter", page(GOOD)),
    "https://fine.example/logo.png": ("extraction", http(b"\x89PNG\r\n", "image/png")),
    "https://fine.example/hafen": ("language", page(GERMAN * 2)),
    "https://fine.example/again": ("gopher repetition", page([*GOOD[:2], " ".join([GOOD[2]] * 8)])),
    "https://fine.example/short": ("gopher quality", page(GOOD[:2])),
    "https://fine.example/code": ("c4", page([*GOOD[:4], "The letter began with a { and ended with a } as he did."])),
    "https://fine.example/verse": (
        "fineweb",
        page([line.rstrip(".") for line in GOOD[:5]] + ["It ended. So. Then? Yes! No. And that was all of it then"]),
    ),
    "https://fine.example/one": ("", page(GOOD)),
    "https://fine.example/two": ("", page(GOOD[::-1])),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The recipe and its files as in a clone, without what an earlier run left there."""
    folder = tmp_path / "recipes"
    shutil.copytree(ROOT / "recipes", folder, ignore=shutil.ignore_patterns("crawl", "out", "assay.lock"))
    (folder / "crawl").mkdir()
    return folder


def run(folder: Path) -> RunResult:
    with Workspace.init(folder.parent / ".assay") as ws:
        return run_recipe(ws, folder / "fineweb.yaml", workers=1)


def archive(folder: Path) -> Path:
    parts = []
    for number, (url, (_, block)) in enumerate(PAGES.items()):
        parts.append(record(number, block).replace(f"https://example.org/page/{number}".encode(), url.encode()))
    file = folder / "crawl" / "crawl.warc.gz"
    file.write_bytes(b"".join(gzip.compress(part) for part in parts) + gzip.compress(record(99, page(GOOD)))[:-90])
    return file


def test_every_filter_removes_the_page_that_was_made_for_it(project: Path) -> None:
    archive(project)
    (project / "fineweb" / "domains.txt").write_text("blocked.example\n")
    result = run(project)
    counts = {step.name: step.counts for step in result.steps}
    assert {name: counts["ingest:web"][name] for name in ("read", "added", "quarantined")} == {
        "read": 10, "added": 9, "quarantined": 1
    }  # fmt: skip
    stages = ["url filter", "extraction", "language", "gopher repetition", "gopher quality", "c4", "fineweb"]
    assert counts["funnel"] == {"read": 9, **dict.fromkeys(stages, -1), "left": 2}
    lines = (project / "out" / "fineweb").rglob("*.jsonl")
    kept = [json.loads(line) for file in lines for line in file.read_text().splitlines()]
    assert sorted(row["metadata"]["url"] for row in kept) == ["https://fine.example/one", "https://fine.example/two"]
    assert all("<EMAIL>" in row["text"] and "harbour-town" not in row["text"] for row in kept)
    again = run(project)
    assert {step.status for step in again.steps} == {"cached"}


@pytest.mark.slow
def test_every_real_archive_and_page_is_accounted_for(project: Path, shared_data: Path) -> None:
    shutil.copytree(shared_data / "composite-web" / "warc", project / "crawl" / "warc")
    read_ = 0
    for source in expand([project / "crawl"]).sources:
        stream = source.stream()
        found = list(read(stream, shape_of(stream, source.path)))
        stream.close()
        read_ += len(found)
        assert all(isinstance(x, Bad) or x.obj["metadata"]["type"] for x in found)
    result = run(project)
    counts = {step.name: step.counts for step in result.steps}
    ingested = counts["ingest:web"]
    assert ingested["read"] == read_
    assert read_ == ingested["added"] + ingested["duplicates"] + ingested["quarantined"]
    funnel = counts["funnel"]
    assert funnel["read"] == ingested["added"]
    assert funnel["left"] == sum(number for name, number in funnel.items() if name != "left")


@pytest.mark.slow
def test_real_pages_and_archives_lie_in_one_dataset(tmp_path: Path, shared_data: Path) -> None:
    with Workspace.init(tmp_path / ".assay") as ws:
        result = ingest(ws, "web", [shared_data / "composite-html", shared_data / "composite-web"])
        [data] = [ws.dataset(name) for name in ws.names("web")]
        assert (data.kind, data.count()) == ("composite", result.added)
        formats = {row["source"]["format"] for batch in data.scan(columns=["source"]) for row in batch.to_pylist()}
    assert formats == {"html", "warc"}
    assert result.read == result.added + result.duplicates + result.quarantined
    assert result.quarantined >= 9  # every deliberate fault of the archives
