"""Shares of lines where empty lines are none, against Python that is slow and obvious."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.joined_lines import joined_lines

_PIECES = ("a", "- b", "* \u00e9", "c\u2026", "c\u2026 ", "\n", "\n", "\n\n", "\n\n\n", " ", "\u3000")
texts = st.lists(st.sampled_from(_PIECES) | st.text(max_size=2), min_size=1, max_size=30).map("".join).filter(len)


def slow(text: str) -> list[float]:
    lines = re.split(r"\n+", text)
    counts = Counter(lines)
    return [
        sum(line.startswith(("*", "-")) for line in lines) / len(lines),
        sum(line.endswith("\u2026") for line in lines) / len(lines),
        sum(n for n in counts.values() if n > 1) / len(lines),
        sum(len(line) * n for line, n in counts.items() if n > 1) / max(sum(map(len, text.split())), 1),
    ]


@given(st.lists(texts, max_size=3))
def test_shares_agree_with_python(values: list[str]) -> None:
    found = joined_lines(*utf8_views(pa.array(values, pa.large_string())))
    np.testing.assert_allclose(found, np.array([slow(value) for value in values]).reshape(-1, 4), rtol=1e-12)


def test_an_empty_text_has_no_shares() -> None:
    assert np.isnan(joined_lines(*utf8_views(pa.array(["", None], pa.large_string())))).all()
