"""Personal data and secrets in the text view: where they are, and how many of each type."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.text.pii import COUNTS, FOUND, SPANS, counts_column, find_pii, spans_column

_READS = {"text": TEXT}
_SOURCE = (
    "docs/decisions/pii.md: RFC 5322 and 3986 in part, ITU E.164, ISO 7812, ISO 13616, checks of national numbers, "
    "prefixes that issuers of keys publish"
)
_PARAMS = {"types": FOUND, "public_ips": True, "keep_examples": True}


@row_signal(
    dimension="validity",
    reads=_READS,
    writes=SPANS,
    unit="spans in code points",
    source=_SOURCE,
    params=_PARAMS,
    default=False,
)
def pii_spans(text: pa.LargeStringArray, types: Sequence[str], public_ips: bool, keep_examples: bool) -> pa.ListArray:
    """E-mail addresses, phone and IP numbers, cards, IBANs, national ids, keys, URLs of the text view, in order.

    `text[start:end]` in Python is what was found. `validated`: a check digit or an unmistakable form proves it, as far
    as form can. Spans overlap only where a URL holds others. `types`: all but street_address unless named;
    `public_ips`: only globally reachable addresses; `keep_examples`: what is reserved for documentation (example.com,
    192.0.2.0/24, 555-0100, test cards) is left out. Empty where nothing is found, null where there is no text.
    """
    return spans_column(text, find_pii(text, types, public_ips, keep_examples))


@row_signal(
    dimension="validity",
    reads=_READS,
    writes=COUNTS,
    unit="finds of each type",
    source=_SOURCE,
    params=_PARAMS,
    default=False,
)
def pii_count(text: pa.LargeStringArray, types: Sequence[str], public_ips: bool, keep_examples: bool) -> pa.StructArray:
    """How many pieces of personal data the text view holds, by type; parameters as of `pii_spans`.

    A type that is not looked for is null; all is null where there is no text.
    """
    return counts_column(text, find_pii(text, types, public_ips, keep_examples), types)
