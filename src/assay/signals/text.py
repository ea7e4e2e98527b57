"""How long a text is, and whether there is one at all. They read the record's text view."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assay.core.arrow import utf8_views
from assay.kernels.counts import text_counts
from assay.kernels.tokens import estimate_tokens
from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.signals.nested import visible

_READS = {"text": TEXT}


def _counts(text: pa.LargeStringArray, which: int) -> pa.Array:
    values = text_counts(*utf8_views(text))[:, which]
    return pa.array(values, mask=text.is_null().to_numpy(zero_copy_only=False))


@row_signal(
    dimension="completeness",
    reads=_READS,
    writes=pa.bool_(),
    unit="true or false",
    source="a record without visible text trains on nothing",
)
def empty_content(text: pa.LargeStringArray) -> pa.BooleanArray:
    """Whether the text view is missing or holds nothing but white space. Never null."""
    return pa.array(~visible(text))


@row_signal(dimension=None, reads=_READS, writes=pa.int64(), unit="characters", source="Unicode code points")
def char_count(text: pa.LargeStringArray) -> pa.Int64Array:
    """Code points of the text view; null where there is none."""
    return _counts(text, 0)


@row_signal(dimension=None, reads=_READS, writes=pa.int64(), unit="words", source="runs without white space")
def word_count(text: pa.LargeStringArray) -> pa.Int64Array:
    """Words between white space; scripts written without spaces count few. Null where there is no text."""
    return _counts(text, 1)


@row_signal(dimension=None, reads=_READS, writes=pa.int64(), unit="lines", source="line feeds")
def line_count(text: pa.LargeStringArray) -> pa.Int64Array:
    """Lines; a line feed at the very end opens no further one. Null where there is no text."""
    return _counts(text, 2)


@row_signal(
    dimension=None,
    reads=_READS,
    writes=pa.int64(),
    unit="tokens, estimated",
    source="kernels/tokens.py: a rule per script, no vocabulary; text/tokens.py counts with a real one",
)
def token_estimate(text: pa.LargeStringArray) -> pa.Int64Array:
    """About how many tokens a byte-pair tokenizer of 100k or more entries makes of the text view.

    An estimate, not a count. Null where there is no text.
    """
    return pa.array(np.asarray(estimate_tokens(*utf8_views(text))), mask=text.is_null().to_numpy(zero_copy_only=False))
