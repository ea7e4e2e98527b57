"""Real public files: each is ingested by itself, and what happened to every record of it is said."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from assay.core.errors import UserError
from assay.flows.ingest import ingest
from assay.store import Workspace

ENDINGS = (".json", ".jsonl", ".jsonl.gz", ".csv", ".tsv", ".txt", ".md", ".parquet")


def real_files(folder: Path, per_folder: int, most_bytes: int) -> list[str]:
    entries = json.loads((folder / "MANIFEST.json").read_text())["entries"]
    taken: Counter[tuple[str, str]] = Counter()
    out: list[str] = []
    for entry in entries:
        path = str(entry["path"])
        group = ("/".join(path.split("/")[:2]), Path(path).suffix)
        if not path.endswith(ENDINGS) or path.startswith("multimodal") or entry["bytes"] > most_bytes:
            continue
        taken[group] += 1
        if taken[group] <= per_folder:
            out.append(path)
    return out


def what_happened(shared_data: Path, path: str, place: Path) -> str:
    with Workspace.init(place) as ws:
        try:
            result = ingest(ws, "real", [str(shared_data / path)])
        except UserError as refused:
            error = refused
        else:
            assert result.read == result.added + result.duplicates + result.quarantined, path
            assert result.read > 0 or not (shared_data / path).read_bytes().strip(), path
            assert sum(ws.dataset(name).count() for name in ws.names()) == result.added, path
            assert len(ws.ledger.quarantine("real")) == result.quarantined, path
            kinds = ", ".join(f"{one.added} {one.kind}" for one in result.datasets if one.added)
            bad = ", ".join(f"{count} {reason}" for reason, count in result.reasons.items())
            return f"{path}: {kinds or 'nothing'} added" + (f"; {bad} quarantined" if bad else "")
    # Files without headers or with fields of their own: the message names the fields and the way out.
    assert error.code == "E316", (path, str(error))
    assert "--map" in error.fix
    return f"{path}: no kind told ({error.what[:90]})"


@pytest.mark.parametrize(
    ("per_folder", "most_bytes"),
    [(1, 600_000), pytest.param(10_000, 1 << 40, marks=pytest.mark.slow)],
    ids=["one of each origin", "all"],
)
def test_every_base_file_is_ingested_and_adds_up(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], per_folder: int, most_bytes: int
) -> None:
    paths = real_files(shared_data, per_folder, most_bytes)
    said = [what_happened(shared_data, path, tmp_path / f"ws{n}") for n, path in enumerate(paths)]
    with capsys.disabled():
        print("\n" + "\n".join(said))
    assert len(said) > 25
    assert sum("added" in line for line in said) > 0.6 * len(said)


def test_headerless_tables_become_records_with_a_mapping(shared_data: Path, tmp_path: Path) -> None:
    with Workspace.init(tmp_path / "ws") as ws:
        source = str(shared_data / "reasoning" / "flan-cot" / "qasc_train.tsv")
        mapping = {"question": "c0", "final_answer": "c1", "steps": "c2"}
        result = ingest(ws, "cot", [source], kind="reasoning", mapping=mapping)
        assert (result.added, result.quarantined) == (result.read, 0)


def test_a_table_in_another_encoding_is_whole_once_it_is_named(shared_data: Path, tmp_path: Path) -> None:
    with Workspace.init(tmp_path / "ws") as ws:
        source = str(shared_data / "classification" / "sms-spam" / "spam.csv")
        plain = ingest(ws, "plain", [source])
        assert plain.reasons["invalid_utf8"] > 100
        named = ingest(ws, "named", [source], format="csv:cp1252")
        assert named.added == named.read == 5572
