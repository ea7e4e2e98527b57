"""XXH64 over spans against the reference implementation."""

from __future__ import annotations

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.xxh64 import xxh64_spans


def oracle(spans: list[bytes]) -> list[list[int]]:
    return [[xxhash.xxh64_intdigest(span, seed) for seed in (0, 1)] for span in spans]


def ours(spans: list[bytes]) -> list[list[int]]:
    data = np.frombuffer(b"".join(spans), np.uint8)
    offsets = np.cumsum([0, *map(len, spans)], dtype=np.int64)
    return xxh64_spans(data, offsets).tolist()


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_agrees_with_the_reference(spans: list[bytes]) -> None:
    assert ours(spans) == oracle(spans)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 7, 8, 31, 32, 33, 63, 64, 1000], ids=lambda n: f"{n} bytes")
def test_every_tail_agrees_with_the_reference(length: int) -> None:
    span = bytes(range(256)) * 4
    assert ours([span[:length]]) == oracle([span[:length]])


def test_spans_may_start_anywhere() -> None:
    data = np.arange(100, dtype=np.uint8)
    assert xxh64_spans(data, np.array([37, 90])).tolist() == oracle([data[37:90].tobytes()])
