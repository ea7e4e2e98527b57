"""The README's tour, run as it stands, in a folder that holds the files it names."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

README = Path(__file__).resolve().parents[2] / "README.md"


def commands() -> list[list[str]]:
    lines = re.findall(r"^    (assay .*)$", README.read_text("utf-8"), re.MULTILINE)
    return [shlex.split(line, comments=True)[1:] for line in lines]


def block(language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("tour")
    (home / "exports").mkdir()
    pairs = [
        {"id": f"qa_{n:03}", "prompt": f"What is {n} times {n}?", "best_answer": f"It is {n * n}."} for n in range(1300)
    ]
    for name, part in {"exports/all": pairs[:1200], "train": pairs[:100], "test": pairs[1200:]}.items():
        (home / f"{name}.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in part), "utf-8")
    odd = {"fields": {"subject": "How do I reset it?"}, "replies": [{"body": "Hold the button for ten seconds."}]}
    (home / "odd.jsonl").write_text(json.dumps(odd) + "\n", "utf-8")
    kinds = {
        "good": "To reset device {n}, hold its button until light {n} turns green.",
        "bad": "idk {n} lol {n} whatever",
    }
    for name, text in kinds.items():
        lines = [json.dumps({"prompt": "How?", "best_answer": text.format(n=n)}) + "\n" for n in range(300)]
        (home / f"{name}.jsonl").write_text("".join(lines), "utf-8")
    (home / "recipe.yaml").write_text(block("yaml"), "utf-8")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.train_from_iterator([pair["best_answer"] for pair in pairs], trainers.BpeTrainer(vocab_size=300))
    tokenizer.save(str(home / "tokenizer.json"))
    return home


def test_the_tour_runs_from_the_first_command_to_the_last(folder: Path) -> None:
    tour = commands()
    assert {words[0] for words in tour} >= {"check", "init", "ingest", "decide", "release", "verify", "plan", "run"}
    for words in tour:
        command = [sys.executable, "-m", "assay.cli.main", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert (folder / "report.html").is_file()


def test_the_python_example_runs(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block("python")], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "1,200 rows = 1,200 kept" in done.stdout
