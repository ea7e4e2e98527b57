"""Benchmark items found in records: what `assay contamination` measures and rules decide about."""

from __future__ import annotations

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import verb_signal

_BY = "contamination"
_SOURCE = "word 13-grams (Brown et al. 2020) after folding, exact; docs/decisions/contamination.md"
_SPAN = pa.struct([pa.field(name, pa.int64()) for name in ("start", "end")])
SPANS = pa.list_(pa.field("item", _SPAN))

verb_signal(
    "contaminated_by",
    """The place of the benchmark item that the record holds: `humaneval.jsonl:12`, or `NAME.KIND:RECORD_ID`.

    Of several the strongest: by contamination_how (text, prompt, ngrams, short, answer), then by the shares, then the
    first. Null where no item matches, and where the record was not compared.
    """,
    made_by=_BY,
    writes=TEXT,
    unit="place",
    source=_SOURCE,
)
verb_signal(
    "contamination_how",
    """How the item matches: text, prompt, ngrams, short or answer.

    text: the record says all that the item says and nothing else. prompt: it asks the same. ngrams: the share of the
    prompt's distinct 13-grams reaches `--min-share` (of the whole item's where its prompt has fewer than 8 words; an
    item of 8 to 12 words stands there word for word). short: an item of 4 to 7 words stands there word for word.
    answer: as ngrams, but of the answer; or the record's text or response is an answer of 3 to 7 words.
    """,
    made_by=_BY,
    writes=TEXT,
    unit="text, prompt, ngrams, short, answer",
    source=_SOURCE,
)
verb_signal(
    "contamination_share",
    """How much of the item's prompt the record holds: the share of its distinct n-grams; 1 for text, prompt and short.

    N-grams of digits alone, and those that many items share, are not counted. Null where contaminated_by is null, and
    where the item has no n-gram that counts.
    """,
    made_by=_BY,
    writes=pa.float64(),
    unit="share of n-grams, 0 to 1",
    source=_SOURCE,
)
verb_signal(
    "contamination_answer_share",
    """How much of the item's answer the record holds: as contamination_share, of the answer that it holds most of.

    1 or 0 for an answer of 3 to 7 words that stands there or does not. Null where contaminated_by is null, and where
    the item's answers have fewer than 3 words.
    """,
    made_by=_BY,
    writes=pa.float64(),
    unit="share of n-grams, 0 to 1",
    source=_SOURCE,
)
verb_signal(
    "contamination_spans",
    """Where the record's text holds words of the items that match: bytes of the compared text.

    The compared text is the text view, or the fields named, joined by newlines. Spans do not overlap and are apart by
    a word at least. Empty where nothing matches; null where the record was not compared or has no word.
    """,
    made_by=_BY,
    writes=SPANS,
    unit="bytes of the compared text",
    source=_SOURCE,
)
verb_signal(
    "contamination_items",
    """How many items match the record; null where it was not compared or has no word.""",
    made_by=_BY,
    writes=pa.int64(),
    unit="items",
    source=_SOURCE,
)
