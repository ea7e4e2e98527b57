"""Compression and entropy, against their definitions and against the tools that others have."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.entropy import character_entropy as entropy_kernel
from assay.signals.information import SHORTEST, character_entropy, compressibility

PROSE = (
    "The harbour was quiet that morning, and the boats which had gone out before dawn were only now coming back. "
    "Nobody on the pier asked what they had caught; the baskets said it, and so did the gulls above them. "
)


def column(*values: str | None) -> pa.LargeStringArray:
    return pa.array(values, pa.large_string())


def slow_entropy(text: str) -> float | None:
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) if text else None


@given(st.lists(st.text(max_size=40), max_size=5))
def test_entropy_agrees_with_its_formula(values: list[str]) -> None:
    got = character_entropy(column(*values)).to_pylist()
    for value, expected in zip(got, map(slow_entropy, values), strict=True):
        assert value == (None if expected is None else pytest.approx(expected, abs=1e-9))


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_bytes_that_are_no_utf8_have_an_entropy(values: list[bytes]) -> None:
    offsets = np.cumsum([0, *map(len, values)]).astype(np.int64)
    bits = entropy_kernel(offsets, np.frombuffer(b"".join(values), np.uint8))
    assert [bool(np.isnan(one)) for one in bits] == [not value for value in values]
    assert not (bits < 0).any()


def test_what_is_left_is_what_the_library_leaves() -> None:
    texts = [PROSE, PROSE * 20, "ab" * 500]
    packer = zstandard.ZstdCompressor(level=1, write_content_size=False)
    expected = [len(packer.compress(text.encode())) / len(text) for text in texts]
    assert compressibility(column(*texts)).to_pylist() == expected


def test_copies_and_noise_stand_apart_from_prose() -> None:
    rng = Random(0)
    noise = "".join(chr(rng.randrange(33, 127)) for _ in range(4000))
    copied, prose, random = compressibility(column(PROSE * 50, PROSE, noise)).to_pylist()
    assert copied < 0.05 < 0.5 < prose < 0.8 < random
    one, english, many = character_entropy(column("a" * 100, PROSE, noise)).to_pylist()
    assert one == 0 < 3.8 < english < 4.6 < 6 < many


def test_no_text_and_a_short_one_have_no_compression() -> None:
    assert compressibility(column(None, "", "a" * (SHORTEST - 1))).null_count == 3
    assert compressibility(column("a" * SHORTEST)).null_count == 0
    assert character_entropy(column(None, "")).null_count == 2
    assert compressibility(column()).to_pylist() == []
