"""How much a text says for its length: what is left of it after compression, and how evenly it uses its characters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import zstandard

from assay.core.arrow import utf8_views
from assay.kernels.entropy import character_entropy as _entropy
from assay.records.schema import TEXT
from assay.signals.base import row_signal

_READS = {"text": TEXT}
SHORTEST = 100  # bytes: of less, the compressor's own few bytes would be a part that counts


@row_signal(
    dimension="uniqueness",
    reads=_READS,
    writes=pa.float64(),
    unit="share of the bytes",
    source="Zstandard, level 1, each text by itself",
    default=False,
)
def compressibility(text: pa.LargeStringArray) -> pa.DoubleArray:
    """Share of a text's bytes that is left after compression: near 0 one thing again and again, about 0.5 prose,
    near 1 or above what has no pattern. Null for texts of less than 100 bytes.

    Compare texts of like length: a short one gives the compressor little to find. The size is that of the pinned
    library's level 1, without a checksum or the size in its frame.
    """
    offsets, data = utf8_views(text)
    sizes, left = np.diff(offsets), np.zeros(len(text))
    packer = zstandard.ZstdCompressor(level=1, write_checksum=False, write_content_size=False)
    known = sizes >= SHORTEST
    for row in np.flatnonzero(known):
        left[row] = len(packer.compress(data[offsets[row] : offsets[row + 1]].data))
    return pa.array(np.divide(left, sizes, out=left, where=known), mask=~known)


@row_signal(
    dimension="uniqueness",
    reads=_READS,
    writes=pa.float64(),
    unit="bits per character",
    source="Shannon 1948, of single code points",
    default=False,
)
def character_entropy(text: pa.LargeStringArray) -> pa.DoubleArray:
    """Entropy of a text's characters: 0 where one character stands alone, about 4.2 for English, above 6 for scripts
    of many characters and for random letters and digits. Null for an empty text."""
    bits = _entropy(*utf8_views(text))
    unknown = np.isnan(bits)
    return pa.array(np.where(unknown, 0, bits), mask=unknown)
