"""Words that a user's list blocks. No list is shipped: what offends depends on who reads, and lists age."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.core.errors import UserError
from assay.core.ids import sha256_hex
from assay.kernels.blocked_words import blocked_words as _find
from assay.kernels.word_tables import character_classes
from assay.records.schema import TEXT
from assay.signals.base import row_signal

_TYPE = pa.struct([pa.field("count", pa.int64()), pa.field("words", pa.list_(TEXT))])
# Scripts written without spaces: Thai, Lao, Khmer, Burmese, kana, Chinese characters.
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF))


@lru_cache(maxsize=4)
def _listed(text: str, digest: str) -> tuple[tuple[str, ...], NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """Words of a list, folded and sorted, as the kernel wants them; not blank lines, nor those that begin with #."""
    lines = (line.strip() for line in text.splitlines())
    words = tuple(sorted({line.casefold() for line in lines if line and not line.startswith("#")}))
    raw = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, raw)]).astype(np.int64)
    loose = [any(low <= ord(c) <= high for low, high in _UNSPACED for c in word) for word in words]
    return words, np.frombuffer(b"".join(raw), np.uint8), ends, np.array(loose, np.bool_)


def _folded(text: pa.LargeStringArray) -> pa.LargeStringArray:
    """Case folded as Python's str.casefold; a column of ASCII is lowered in place of that."""
    offsets, data = utf8_views(text)
    part = data[offsets[0] : offsets[-1]]
    if len(part) == 0 or part.max() < 0x80:
        lower = np.where((part >= 65) & (part <= 90), part + 32, part).astype(np.uint8)
        buffers = [pa.py_buffer((offsets - offsets[0]).tobytes()), pa.py_buffer(lower.tobytes())]
        return pa.LargeStringArray.from_buffers(len(text), *buffers)
    return pa.array([(value.as_py() or "").casefold() for value in text], TEXT)


@row_signal(
    dimension="validity",
    reads={"text": TEXT},
    writes=_TYPE,
    unit="occurrences, and the different words",
    source="Raffel et al. 2020, 2.2, and datatrove's c4_filters.py: how the bad-word list of C4 is matched",
    params={"words": None},
    default=False,
    python_bound=True,
    files=("words",),
)
def blocked_words(text: pa.LargeStringArray, words: str | None) -> pa.StructArray:
    """How often words of the list in the file `words` occur in the text view, and which ones, in code point order.

    One word or phrase per line, UTF-8, compared case-folded. A word counts between characters that are no letter,
    digit, mark or underscore; one with Thai, Lao, Khmer, Burmese, Japanese or Chinese characters counts anywhere, as in
    C4. Occurrences of one word do not overlap. Null without a list and where there is no text.
    """
    if words is None:
        return pa.nulls(len(text), _TYPE)
    try:
        said = Path(words).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("E106", f"words: {error}", fix="give a UTF-8 file with one word per line") from None
    names, raw, ends, loose = _listed(said, sha256_hex(said.encode()))
    hits = np.zeros((0, 2), np.int64)
    if names:
        hits = _find(*utf8_views(_folded(text)), raw, ends, loose, character_classes())
    counts = np.bincount(hits[:, 0], minlength=len(text)).astype(np.int64)
    different = np.unique(hits, axis=0)
    ends_of = np.searchsorted(different[:, 0], np.arange(len(text) + 1)).astype(np.int32)
    found = pa.array(names, TEXT).take(pa.array(different[:, 1])) if names else pa.array([], TEXT)
    lists = pa.ListArray.from_arrays(pa.array(ends_of), found)
    return pa.StructArray.from_arrays([pa.array(counts), lists], fields=list(_TYPE), mask=text.is_null())
