"""Stretches of words that stand in several records: what `assay dedupe --method substring` measures."""

from __future__ import annotations

import pyarrow as pa

from assay.signals.base import verb_signal

_BY = "dedupe --method substring"
_SOURCE = "runs of N words (50 unless asked otherwise; Lee et al. 2022) in two records or more, exact"
SPAN = pa.struct([pa.field(name, pa.int64()) for name in ("start", "end", "records")])
SPANS = pa.list_(pa.field("item", SPAN))

verb_signal(
    "repeated_spans",
    """Where the record's text repeats, or is repeated by, other records for N words or more, at any places.

    start and end are bytes of the compared text: the text view, or the fields named, joined by newlines. Case,
    accents, spacing and punctuation do not matter; a character of a script without spaces is a word. Stretches of
    N words that begin at successive words are one span, and `records` is the largest number of records, itself
    counted, that hold one of these stretches. Two spans overlap where no stretch joins them. What is repeated within
    one record only does not count. Empty where nothing is repeated; null for a text without a word.
    """,
    made_by=_BY,
    writes=SPANS,
    unit="bytes of the compared text; records",
    source=_SOURCE,
)
verb_signal(
    "repeated_share",
    """The share of the text's words that lie in repeated spans; null for a text without a word.""",
    made_by=_BY,
    writes=pa.float64(),
    unit="share of words, 0 to 1",
    source=_SOURCE,
)
verb_signal(
    "repeated_elsewhere",
    """The share of the text's words that lie in stretches of N words of which another record is the first holder.

    First is by source path, row and record_id. A rule on it keeps the first of every repeat; on `repeated_share` it
    would take all of them. Null for a text without a word.
    """,
    made_by=_BY,
    writes=pa.float64(),
    unit="share of words, 0 to 1",
    source=_SOURCE,
)
