"""Features are those of the folded text, and nothing else about it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from assay.text.features import BUCKETS, features, scores
from assay.text.normal import folded

pieces = st.lists(st.sampled_from(["Caf\u00e9 ", "cafe", "\uff21", "!!", " ", "\u2026", "\u0130", "STRASSE"])
                  | st.text(max_size=4), max_size=8).map("".join)  # fmt: skip


def column(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.large_string())


@given(st.lists(pieces | st.none(), max_size=6))
def test_a_text_and_its_folded_form_have_the_same_features(values: list[str | None]) -> None:
    plain, fold = features(column(values)), features(folded(column(values)))
    assert plain.starts.tolist() == fold.starts.tolist()
    assert plain.buckets.tolist() == fold.buckets.tolist()


def test_a_text_without_a_word_has_no_score() -> None:
    weights = np.ones(BUCKETS, np.float32)
    assert np.isnan(scores(column([None, "", "?!"]), weights)).all()
    assert scores(column(["ab"]), weights)[0] > 0
