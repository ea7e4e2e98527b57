"""The lexical embedder: what is near what, rows that depend on nothing but themselves, models as files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.core.ids import sha256_hex
from assay.embed import LexicalModel, checked
from assay.embed.lexical import LexicalParams, fit

TEXTS = [
    "The cat sat on the mat and looked at the birds outside the window.",
    "Restart the service with systemctl and read its journal for errors.",
    "Interest rates rose again as the central bank fought inflation.",
    "Mix flour, butter and sugar, then bake the dough for twenty minutes.",
    "The service is restarted by systemctl; its journal shows the errors.",
    "A cat on the mat was looking at birds through the window.",
    "The central bank raised interest rates again to fight inflation.",
    "Bake the dough of butter, sugar and flour for about twenty minutes.",
]
PARAPHRASES = [(0, 5), (1, 4), (2, 6), (3, 7)]


def column(texts: list[str | None]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


@pytest.fixture(scope="module")
def model() -> LexicalModel:
    return fit(TEXTS)


def test_paraphrases_with_the_same_words_are_nearer_than_any_other_text(model: LexicalModel) -> None:
    found = model.embed(column(TEXTS)).astype(np.float64)
    cosine = found @ found.T - 2 * np.eye(len(TEXTS))
    for a, b in PARAPHRASES:
        assert (cosine[a].argmax(), cosine[b].argmax()) == (b, a)


def test_texts_with_equal_words_are_equal_and_texts_without_a_word_have_no_vector(model: LexicalModel) -> None:
    found = model.embed(column(["The CAT, sat on the mat", "the cat sat on the mat!", None, "", " ?! "]))
    assert found.dtype == np.float32
    assert found.shape == (5, model.dim)
    assert np.array_equal(found[0], found[1])
    assert not found[2:].any()
    assert np.linalg.norm(found[:2], axis=1) == pytest.approx([1, 1], abs=1e-6)


def test_words_that_the_model_has_never_seen_still_tell_texts_apart(model: LexicalModel) -> None:
    """A plain truncated SVD would call these two the same: all that it knows of them is "the cat"."""
    found = model.embed(column(["the cat zyxomma quernstone", "the cat brimborion flittern", "quernstone zyxomma"]))
    assert found[0] @ found[1] < 0.8
    assert found[2].any()
    assert found[0] @ found[2] > found[1] @ found[2] + 0.3


@settings(max_examples=40)
@given(st.lists(st.sampled_from([*TEXTS, None, "", "another cat"]), min_size=1, max_size=9), st.data())
def test_a_row_depends_on_nothing_but_its_text(texts: list[str | None], data: st.DataObject) -> None:
    model = _shared()
    whole = model.embed(column(texts))
    start = data.draw(st.integers(0, len(texts)))
    stop = data.draw(st.integers(start, len(texts)))
    assert np.array_equal(model.embed(column(texts).slice(start, stop - start)), whole[start:stop])


_MODELS: list[LexicalModel] = []


def _shared() -> LexicalModel:
    if not _MODELS:
        _MODELS.append(fit(TEXTS))
    return _MODELS[0]


def test_a_stored_model_gives_the_same_vectors_and_is_named_by_its_bytes(model: LexicalModel) -> None:
    data = model.to_bytes()
    again = LexicalModel.from_bytes(data)
    assert again.to_bytes() == data
    assert again.name == model.name == f"lexical {sha256_hex(data)[:16]}"
    assert np.array_equal(again.embed(column(TEXTS)), model.embed(column(TEXTS)))


@pytest.mark.parametrize("data", [b"", b"not a model", b"PK\x03\x04"], ids=["empty", "text", "half a zip"])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(UserError, match="E107: x is not a lexical model"):
        LexicalModel.from_bytes(data, "x")


def test_a_model_of_other_features_is_refused(model: LexicalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    data = model.to_bytes()
    monkeypatch.setattr("assay.embed.lexical.FEATURES", "something else")
    with pytest.raises(UserError, match=r"E107: .* made by another assay"):
        LexicalModel.from_bytes(data)


@pytest.mark.parametrize("texts", [[], [None], ["..."], ["one"], ["one two"] * 3], ids=str)
def test_hardly_anything_to_learn_from_is_a_model_all_the_same(texts: list[str | None]) -> None:
    model = fit(texts)
    found = model.embed(column(["one two", "three"]))
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert np.isfinite(found).all()


_FIT = """
from tests.embed.test_lexical import TEXTS, LexicalParams, fit
print(fit(TEXTS * 3 + [t.upper() + " more" for t in TEXTS], LexicalParams(dim=6)).name)
"""


def test_the_model_has_the_same_bytes_whatever_the_threads_and_hash_seed() -> None:
    root = Path(__file__).resolve().parents[2]
    names = set()
    for threads, seed in (("1", "0"), ("2", "7")):
        env = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", _FIT], cwd=root, env=env, capture_output=True, text=True, check=True
        )  # fmt: skip
        names.add(done.stdout.strip())
    assert len(names) == 1


def test_the_seed_and_the_settings_are_part_of_the_model() -> None:
    texts = [f"{text} {other}" for text in TEXTS for other in TEXTS]
    names = {fit(texts, params).name for params in (LexicalParams(dim=4), LexicalParams(dim=4, seed=2))}
    assert len(names) == 2


def test_an_embedders_answer_is_checked_and_scaled() -> None:
    found = checked(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32), 2, "m")
    assert np.array_equal(found, np.array([[0.6, 0.8], [0.0, 0.0]], np.float32))
    with pytest.raises(ValueError, match="m: 3 texts gave vectors of shape"):
        checked(found, 3, "m")
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="NaN or infinity"):
            checked(np.array([[1.0, bad]], np.float32), 1, "m")


def precision_and_recall(cosine: np.ndarray, same: np.ndarray, threshold: float) -> tuple[float, float]:
    hit = cosine >= threshold
    both = int((hit & same).sum())
    return both / max(1, int(hit.sum())), both / int(same.sum())


def test_pages_of_two_versions_are_found_over_thresholds(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pages of one name in different versions of a manual, against all other pairs. Prints the curve."""
    files = sorted((shared_data / "gold-near-dup" / "powershell-versions").rglob("*.md"))
    texts = [file.read_text("utf-8") for file in files]
    model = fit(texts)
    found = model.embed(column(list(texts))).astype(np.float64)
    left, right = np.triu_indices(len(files), 1)
    page = np.array([f"{file.parent.name}/{file.name}" for file in files])
    version = np.array([file.parents[1].name for file in files])
    other = version[left] != version[right]
    same = (page[left] == page[right])[other]
    cosine = (found @ found.T)[left, right][other]
    curve = {t: precision_and_recall(cosine, same, t) for t in (0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)}
    with capsys.disabled():
        print(f"\n{model.name}: {int(same.sum())} pairs of pages of one name among {len(same)}")
        for threshold, (precision, recall) in curve.items():
            print(f"  cosine >= {threshold:.2f}: precision {precision:.3f}, recall {recall:.3f}")
    assert curve[0.9][0] >= 0.98
    assert curve[0.9][1] >= 0.7
    assert curve[0.75][0] >= 0.95
    assert curve[0.75][1] >= 0.9
