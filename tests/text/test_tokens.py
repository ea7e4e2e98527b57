"""Counting with a tokenizer file: a small one is trained here, nothing is fetched."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from tokenizers import Tokenizer as Backend
from tokenizers import models, pre_tokenizers, trainers

from assay.core.errors import UserError
from assay.text.tokens import Tokenizer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    backend = Backend(models.WordLevel(unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.train_from_iterator(
        ["the cat sat"], trainers.WordLevelTrainer(special_tokens=["[UNK]"], show_progress=False)
    )
    backend.enable_truncation(2)
    path = tmp_path / "tokenizer.json"
    backend.save(str(path))
    return path


def test_counts_every_text_whole_and_null_stays_null(file: Path) -> None:
    tokenizer = Tokenizer.load(file)
    texts = pa.array(["the cat sat down", "", None, "the"], pa.large_string())
    assert tokenizer.counts(texts).to_pylist() == [4, 0, None, 1], "the file's own truncation must not shorten counts"
    assert tokenizer.counts(texts.slice(2)).to_pylist() == [None, 1]


def test_a_folder_holds_its_tokenizer_and_is_known_by_its_bytes(file: Path) -> None:
    assert Tokenizer.load(file.parent).sha256 == Tokenizer.load(file).sha256


@pytest.mark.parametrize(
    ("name", "content"),
    [("gone.json", None), ("broken.json", "{"), ("other.json", '{"a": 1}')],
    ids=["no file", "no JSON", "other JSON"],
)
def test_what_is_no_tokenizer_is_said_to_be_none(tmp_path: Path, name: str, content: str | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match="E330"):
        Tokenizer.load(path)
