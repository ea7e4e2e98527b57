"""C4's rules as dolma and DCLM count them; datatrove's are in published.py. Thresholds are in the presets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.kernels.c4_pages import c4_dclm as _c4_dclm
from assay.kernels.c4_pages import c4_dolma as _c4_dolma
from assay.kernels.c4_pages import wanted_phrases
from assay.records.schema import TEXT
from assay.signals.base import row_signal

_READS = {"text": TEXT}
_DOLMA = ("has_curly_bracket", "has_lorem_ipsum", "has_javascript", "lines", "unended_lines", "short_lines")
_DCLM = ("characters", "has_lorem_ipsum", "has_curly_bracket", "kept_lines", "sentences")


def _type(members: Sequence[str]) -> pa.DataType:
    return pa.struct([pa.field(name, pa.bool_() if name.startswith("has_") else pa.int64()) for name in members])


def _struct(text: pa.LargeStringArray, values: NDArray[np.int64], members: Sequence[str]) -> pa.StructArray:
    kind = _type(members)
    columns = [pa.array(values[:, i]).cast(field.type) for i, field in enumerate(kind)]
    return pa.StructArray.from_arrays(columns, fields=list(kind), mask=text.is_null())


@row_signal(
    dimension=None,
    reads=_READS,
    writes=_type(_DOLMA),
    unit="yes or no, and counts",
    source="Raffel et al. 2020, 2.2, as dolma counts (tagger c4_v2)",
    default=False,
)
def c4_dolma(text: pa.LargeStringArray) -> pa.StructArray:
    """What ends a page anywhere in it, and its lines: without an end mark, of fewer than 3 words.

    dolma deletes those lines; they are counted here. Its list of bad words is not looked for.
    """
    return _struct(text, _c4_dolma(*utf8_views(text), *wanted_phrases()), _DOLMA)


@row_signal(
    dimension=None,
    reads=_READS,
    writes=_type(_DCLM),
    unit="yes or no, and counts",
    source="Raffel et al. 2020, 2.2, as DCLM counts (c4.yaml, up to its first count of sentences)",
    default=False,
)
def c4_dclm(text: pa.LargeStringArray) -> pa.StructArray:
    """Characters, what ends a page in the lines that are left, the lines that stay and their sentences.

    Sentences are counted by a plain rule, where DCLM uses NLTK's English model.
    """
    return _struct(text, _c4_dclm(*utf8_views(text), *wanted_phrases()), _DCLM)
