"""What a linear model sees of a text: its distinct words, pairs of words and runs of four bytes, hashed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import one_array, utf8_views
from assay.kernels.hashed_ngrams import BITS, hashed_ngrams, ngram_scores
from assay.text.normal import folded

BUCKETS = 1 << BITS
FEATURES = f"words 1-2, bytes 4 inside words, lower case, binary, l2, {BITS} bits"  # named in every stored model


@dataclass(frozen=True, slots=True)
class Features:
    """Rows of distinct buckets: row i holds buckets[starts[i]:starts[i + 1]]. int64[n + 1], int32[m]."""

    starts: NDArray[np.int64]
    buckets: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.starts) - 1


def features(text: pa.LargeStringArray, most: int = BUCKETS) -> Features:
    """The first `most` distinct buckets of each text; none for a null text. Case and punctuation play no part."""
    return Features(*hashed_ngrams(*utf8_views(_lower(text)), most))


def scores(text: pa.LargeStringArray, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """float64[n]: each text as a vector of length 1, times the weights (float32[BUCKETS]). NaN without a word."""
    return ngram_scores(*utf8_views(_lower(text)), weights)


def _lower(text: pa.LargeStringArray) -> pa.LargeStringArray:
    """ASCII rows as they are, for the kernel folds them; others in lower case (folding costs seven times more)."""
    return _but_ascii(text, pc.utf8_lower)


def comparable(text: pa.LargeStringArray) -> pa.LargeStringArray:
    """ASCII rows as they are, for kernels fold them; others folded by Arrow: equal when folded, equal to kernels."""
    return _but_ascii(text, folded)


def _but_ascii(text: pa.LargeStringArray, change: Callable[[pa.Array], pa.Array]) -> pa.LargeStringArray:
    plain = pc.fill_null(pc.string_is_ascii(text), True)
    if pc.all(plain).as_py() is not False:
        return text
    other = pc.invert(plain)
    return one_array(pc.replace_with_mask(text, other, change(text.filter(other))))
