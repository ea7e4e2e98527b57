"""Named models through the real library, on a tiny model made here: nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from assay.core.errors import UserError
from assay.core.extras import has_extra
from assay.embed.sentence import SentenceModel

needs = pytest.mark.skipif(not has_extra("embed"), reason="the extra 'embed' is not installed: it brings torch")


def texts(*said: str | None) -> pa.LargeStringArray:
    return pa.array(said, pa.large_string())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained BERT of 32 dimensions over single letters."""
    import torch
    from sentence_transformers import SentenceTransformer, models
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers.models import WordPiece
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    pieces = Tokenizer(WordPiece({name: i for i, name in enumerate(names)}, unk_token="[UNK]"))
    pieces.pre_tokenizer = pre_tokenizers.Whitespace()
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(names), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder / "bert")
    PreTrainedTokenizerFast(
        tokenizer_object=pieces, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder / "bert")
    word = models.Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[word, models.Pooling(32)], device="cpu").save(str(folder / "model"))
    return folder / "model"


@needs
@pytest.mark.filterwarnings("default")
def test_a_named_model_gives_rows_of_length_one_and_none_for_blank_texts(tiny: Path) -> None:
    model = SentenceModel(str(tiny), device="cpu")
    found = model.embed(texts("a cat", None, "  ", "a dog", "a cat"))
    assert (found.shape, model.dim, found.dtype) == ((5, 32), 32, np.float32)
    assert not found[1:3].any()
    assert np.linalg.norm(found[[0, 3, 4]], axis=1) == pytest.approx([1, 1, 1], abs=1e-6)
    assert found[0] @ found[4] == pytest.approx(1, abs=1e-6)
    assert not np.array_equal(found[0], found[3])
    assert model.lexical is False


@needs
@pytest.mark.filterwarnings("default")
def test_a_folder_is_named_by_what_is_in_it(tiny: Path) -> None:
    name = SentenceModel(str(tiny)).name
    assert name.startswith("sentence-transformers model ")
    (tiny / "more.txt").write_text("x")
    assert SentenceModel(str(tiny)).name != name
    (tiny / "more.txt").unlink()


@needs
@pytest.mark.filterwarnings("default")
def test_a_model_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="E106: embedder: cannot load"):
        SentenceModel(str(tmp_path / "empty"), device="cpu").embed(texts("a"))


@pytest.mark.skipif(has_extra("embed"), reason="the extra 'embed' is installed")
def test_without_the_extra_it_says_what_to_install() -> None:
    with pytest.raises(UserError, match=r"(?s)E105: embedder 'sentence-transformers:m' .*pip install 'assay\[embed\]'"):
        SentenceModel("m")
