"""The files in the hands of the library that most people load them with, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from assay.release import FORMATS, freeze
from tests.release.parts import EXAMPLES, decoded_rows, many, part_of, table_of
from tests.release.test_messages import OPENAI

pytestmark = pytest.mark.peer

LOAD = """
import json, sys
from datasets import load_dataset
loaded = load_dataset(*json.loads(sys.argv[1])["args"], **json.loads(sys.argv[1])["options"])
print(json.dumps({split: {"rows": len(rows), "columns": rows.column_names, "last": rows[-1]}
                  for split, rows in loaded.items()}, default=str))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    peers = pytest.importorskip("benchmarks.peers")
    try:
        return Path(peers.python_of("datasets"))
    except (subprocess.CalledProcessError, OSError) as error:
        pytest.skip(f"datasets cannot be installed here: {error}")


def load(python: Path, tmp_path: Path, *args: str, **options: Any) -> dict[str, Any]:
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    call = json.dumps({"args": args, "options": options})
    done = subprocess.run([python, "-c", LOAD, call], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    loaded: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return loaded


@pytest.mark.parametrize("form", ["jsonl", "messages", "parquet"])
def test_plain_files_load(form: str, python: Path, tmp_path: Path) -> None:
    freeze("r", [part_of(many(300))], tmp_path / "r", formats=FORMATS)
    file = next((tmp_path / "r" / form).rglob("train-*"))
    kind = "parquet" if form == "parquet" else "json"
    loaded = load(python, tmp_path, kind, data_files=str(file))
    rows = load_rows(tmp_path / "r", form)
    assert loaded["train"]["rows"] == rows


def load_rows(folder: Path, form: str) -> int:
    manifest = json.loads((folder / "manifest.json").read_text())
    return sum(f["rows"] for f in manifest["files"] if f["format"] == form and f["split"] == "train")


def test_the_folder_loads_by_its_card_with_its_splits(python: Path, tmp_path: Path) -> None:
    freeze("r", [part_of(many(300))], tmp_path / "r", formats=FORMATS)
    loaded = load(python, tmp_path, str(tmp_path / "r"), "tickets.qa")
    assert set(loaded) == {"train", "test", "dev_set"}
    assert sum(split["rows"] for split in loaded.values()) == 300
    assert "prompt" in loaded["train"]["columns"]


def test_every_kind_loads_from_parquet(python: Path, tmp_path: Path) -> None:
    parts = [part_of(table_of(kind, decoded_rows(kind, said)), kind) for kind, said in EXAMPLES.items()]
    freeze("r", parts, tmp_path / "r")
    files = {kind: str(next((tmp_path / "r" / "parquet" / f"tickets.{kind}").iterdir())) for kind in EXAMPLES}
    for file in files.values():
        assert load(python, tmp_path, "parquet", data_files=file)["train"]["rows"] > 0


def test_a_tool_call_after_many_plain_sessions_loads_by_the_card(python: Path, tmp_path: Path) -> None:
    """A loader that guesses types from the first 10 MB would fail here; the card declares them."""
    filler = "x" * 3000
    plain = [
        {"id": f"p{i}", "messages": [{"role": "user", "content": filler}, {"role": "assistant", "content": "ok"}]}
        for i in range(4000)
    ]
    table = table_of("agentic", decoded_rows("agentic", [*plain, OPENAI]))
    freeze("r", [part_of(table, "agentic")], tmp_path / "r", formats=("messages",))
    loaded = load(python, tmp_path, str(tmp_path / "r"), "tickets.agentic.messages")
    assert loaded["train"]["rows"] == 4001
    assert loaded["train"]["last"]["messages"][2]["tool_calls"][0]["function"]["name"] == "count"
