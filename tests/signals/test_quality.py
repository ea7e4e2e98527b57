"""The score of a user's own model, as a signal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from assay.core.errors import UserError
from assay.signals import SIGNALS
from assay.text.features import features
from assay.text.linear_model import Scorer

SIGNAL = SIGNALS.get("quality_score")
GOOD = [f"the proof of theorem {i} follows from the lemma about groups" for i in range(60)]
BAD = [f"click here to buy cheap pills number {i} now" for i in range(60)]


def column(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.large_string())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    scorer = Scorer.train(features(column([*GOOD, *BAD])), np.array([True] * 60 + [False] * 60))
    (tmp_path / "model").write_bytes(scorer.to_bytes({}))
    return tmp_path / "model"


def test_good_texts_score_above_bad_ones(model: Path) -> None:
    rows = pa.table({"text": column(["a new lemma about a proof", "cheap pills, buy now", None, "?"])})
    for kind in SIGNAL.kinds:
        good, bad, *rest = SIGNAL.run(rows, kind, {"model": str(model)}).to_pylist()
        assert good > 0.7 > 0.3 > bad
        assert rest == [None, None]


def test_without_a_model_nothing_is_known() -> None:
    assert SIGNAL.run(pa.table({"text": column(GOOD)}), "qa").null_count == len(GOOD)


def test_the_fingerprint_holds_the_model_and_not_its_place(model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(model.read_bytes())
    first = SIGNAL.fingerprint("qa", {"model": str(model)})
    assert SIGNAL.fingerprint("qa", {"model": str(copy)}) == first
    copy.write_bytes(b"another")
    assert SIGNAL.fingerprint("qa", {"model": str(copy)}) != first


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    rows = pa.table({"text": column(GOOD)})
    with pytest.raises(UserError, match="E106"):
        SIGNAL.run(rows, "qa", {"model": str(tmp_path / "none")})
    (tmp_path / "none").write_text("hello")
    with pytest.raises(UserError, match="E107"):
        SIGNAL.run(rows, "qa", {"model": str(tmp_path / "none")})
