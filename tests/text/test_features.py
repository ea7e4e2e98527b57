"""Features do not depend on case, nor on the texts beside."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from assay.text.features import BUCKETS, features, scores

pieces = st.lists(st.sampled_from(["Caf\u00e9 ", "cafe", "\uff21", "!!", " ", "\u2026", "\u0130", "STRASSE"])
                  | st.text(max_size=4), max_size=8).map("".join)  # fmt: skip


def column(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.large_string())


@given(st.lists(pieces | st.none(), max_size=6))
def test_case_plays_no_part(values: list[str | None]) -> None:
    lower = pc.utf8_lower(column(values))
    plain, small = features(column(values)), features(lower)
    assert plain.starts.tolist() == small.starts.tolist()
    assert plain.buckets.tolist() == small.buckets.tolist()


def test_neighbours_play_no_part() -> None:
    """A text of ASCII has the same features beside texts of other letters as alone."""
    alone, beside = features(column(["A cafe."])), features(column(["\u00c9T\u00c9", "A cafe.", None]))
    assert alone.buckets.tolist() == beside.buckets[beside.starts[1] : beside.starts[2]].tolist()
    assert beside.starts[3] == beside.starts[2]


def test_a_text_without_a_word_has_no_score() -> None:
    weights = np.ones(BUCKETS, np.float32)
    assert np.isnan(scores(column([None, "", "?!"]), weights)).all()
    assert scores(column(["ab"]), weights)[0] > 0
