"""Token counts: exact with a file, an estimate that says so without, and who is cut off or learns nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from assay.core.errors import UserError
from assay.flows.check.tokens import Estimate, count_rows, counter, find_tokenizer, truncated, zero_loss
from assay.flows.check.views import Segment


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer that makes one token of every word."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    folder = tmp_path_factory.mktemp("words")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


ROWS: list[list[Segment]] = [
    [(False, "a b c"), (True, "d e")],
    [(False, "a b c d"), (True, "e")],
    [(False, "a"), (True, ""), (False, "b")],
    [],
    [(True, "x y"), (False, "z z z z"), (True, "w")],
]


def test_a_tokenizer_file_counts_exactly(words: Path) -> None:
    rows = count_rows(ROWS, counter(str(find_tokenizer(words))))
    assert rows.total.tolist() == [5, 5, 2, 0, 7]
    assert rows.trained.tolist() == [2, 1, 0, 0, 3]
    assert rows.prompt.tolist() == [3, 4, -1, -1, 0]


def test_records_longer_than_the_context_are_cut(words: Path) -> None:
    rows = count_rows(ROWS, counter(str(find_tokenizer(words))))
    assert truncated(rows, 5).tolist() == [False, False, False, False, True]
    assert truncated(rows, 4).tolist() == [True, True, False, False, True]


def test_a_prompt_that_fills_the_context_leaves_nothing_to_learn(words: Path) -> None:
    rows = count_rows(ROWS, counter(str(find_tokenizer(words))))
    assert zero_loss("qa", rows, 4).tolist() == [False, True, True, True, False]
    assert zero_loss("qa", rows, None).tolist() == [False, False, True, True, False]
    assert not zero_loss("classification", rows, 1).any()


def test_the_estimate_says_that_it_is_one() -> None:
    assert not Estimate.exact
    assert "estimate" in Estimate.method
    assert Estimate().count(["", "hello world"]).tolist()[0] == 0


@pytest.mark.parametrize("name", ["absent.json", "."], ids=["no file", "a folder without one"])
def test_a_missing_tokenizer_is_a_user_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="E383"):
        find_tokenizer(tmp_path / name)


def test_a_file_that_is_no_tokenizer_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match="E383"):
        counter(str(find_tokenizer(tmp_path)))
