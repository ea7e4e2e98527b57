"""Folding: what makes two texts the same."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.text.normal import folded, folded_hash

texts = st.lists(
    st.none() | st.text(alphabet="aA .,é\u0301ÉeE\ufb01fiß\u4f60-_\n", max_size=10) | st.text(max_size=6), max_size=6
)


def column(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.large_string())


@given(texts)
def test_digests_are_equal_exactly_where_the_folded_texts_are(values: list[str | None]) -> None:
    digests = folded_hash(column(values)).to_pylist()
    shown = folded(column(values)).to_pylist()
    for left, a in zip(shown, digests, strict=True):
        if not left:
            assert a is None, "what folds to nothing has no digest"
        for right, b in zip(shown, digests, strict=True):
            if a is not None and b is not None:
                assert (left == right) == (a == b), (left, right)


@given(texts, st.integers(0, 6))
def test_slicing_slices(values: list[str | None], cut: int) -> None:
    whole = column(values)
    assert folded_hash(whole.slice(cut)).to_pylist() == folded_hash(whole).to_pylist()[cut:]


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        pytest.param("Hello,  World!", "hello world", True, id="case, spaces, punctuation"),
        pytest.param("caf\u00e9", "cafe\u0301", True, id="composed and decomposed"),
        pytest.param("\ufb01ne", "fine", True, id="ligatures"),
        pytest.param("top-up", "top up", True, id="a hyphen is a gap"),
        pytest.param("topup", "top up", False, id="a gap is not nothing"),
        pytest.param("caf\u00e9", "cafe", False, id="accents count"),
        pytest.param("3.5", "35", False, id="a decimal point is a gap"),
    ],
)
def test_same_text(left: str, right: str, same: bool) -> None:
    one, two = folded_hash(column([left, right])).to_pylist()
    assert (one == two) == same
    first, second = folded(column([left, right])).to_pylist()
    assert (first == second) == same
