"""Text made comparable: NFKC, lower case, one space between runs of letters and digits."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array, utf8_views
from assay.kernels.folding import folded_digests

DIGEST = pa.binary(16)


def folded(text: pa.Array) -> pa.Array:
    """The folded texts themselves, to show or to compare: NFKC, lower case, other characters as one space."""
    lower = pc.utf8_lower(pc.utf8_normalize(text, form="NFKC"))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(lower, r"[^\p{L}\p{N}\p{M}]+", " "))


def folded_hash(text: pa.LargeStringArray) -> pa.FixedSizeBinaryArray:
    """16-byte digests of the folded texts; null for a null text and for one without a letter or digit.

    ASCII rows take the kernel alone; others are folded by Arrow first, so equal folded texts have equal digests.
    """
    known = text.is_valid().to_numpy(zero_copy_only=False)
    plain = pc.fill_null(pc.string_is_ascii(text), True)
    if pc.all(plain).as_py() is False:
        rows = pc.indices_nonzero(pc.invert(plain))
        text = one_array(pc.replace_with_mask(text, pc.invert(plain), folded(text.take(rows))))
    digests, some = folded_digests(*utf8_views(text))
    raw = pa.py_buffer(np.ascontiguousarray(digests).tobytes())
    whole = pa.FixedSizeBinaryArray.from_buffers(DIGEST, len(text), [None, raw])
    return pc.if_else(pa.array(known & some), whole, pa.scalar(None, DIGEST))
