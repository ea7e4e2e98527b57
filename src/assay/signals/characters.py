"""Text that went through the wrong decoder, or through no decoder at all."""

from __future__ import annotations

import pyarrow as pa

from assay.core.arrow import utf8_views
from assay.kernels.characters import CP1252_HIGH, broken_characters
from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.signals.nested import share

_READS = {"text": TEXT}


@row_signal(
    dimension="accuracy",
    reads=_READS,
    writes=pa.float32(),
    unit="share of characters, 0 to 1",
    source="UTF-8 bytes read as Windows-1252: U+00C3 U+00A9 where an e acute was meant",
)
def mojibake_share(text: pa.LargeStringArray) -> pa.FloatArray:
    """Share of characters in sequences that are one UTF-8 character misread as several.

    Accuracy: the text is not what its author wrote. Null where there is no text. Misread scripts whose lead bytes
    are ordinary letters before punctuation (a German sharp s before a closing quote) are left uncounted.
    """
    counts = broken_characters(*utf8_views(text), CP1252_HIGH)
    return share(counts[:, 1], counts[:, 0], text.is_null().to_numpy(zero_copy_only=False))


@row_signal(
    dimension="validity",
    reads=_READS,
    writes=pa.int64(),
    unit="characters",
    source="U+FFFD is written by decoders where bytes were not valid",
)
def replacement_chars(text: pa.LargeStringArray) -> pa.Int64Array:
    """Replacement characters U+FFFD in the text view: what stood there is lost. Null where there is no text."""
    counts = broken_characters(*utf8_views(text), CP1252_HIGH)
    return pa.array(counts[:, 2], mask=text.is_null().to_numpy(zero_copy_only=False))


@row_signal(
    dimension="validity",
    reads=_READS,
    writes=pa.int64(),
    unit="characters",
    source="C0 controls and DEL have no meaning in prose, code or logs",
)
def control_chars(text: pa.LargeStringArray) -> pa.Int64Array:
    """Control characters other than tab, line feed, carriage return and form feed. Null where there is no text."""
    counts = broken_characters(*utf8_views(text), CP1252_HIGH)
    return pa.array(counts[:, 3], mask=text.is_null().to_numpy(zero_copy_only=False))
