"""C4's rules as dolma and DCLM count them; datatrove's are in published.py. Thresholds are in the presets."""

from __future__ import annotations

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.signals.published import C4_DCLM, C4_DOLMA, measure_dclm, measure_dolma, struct_type

_READS = {"text": TEXT}


@row_signal(
    dimension=None,
    reads=_READS,
    writes=struct_type(tuple(C4_DOLMA)),
    unit="yes or no, and counts",
    source="Raffel et al. 2020, 2.2, as dolma counts (tagger c4_v2)",
    default=False,
    shared=measure_dolma,
)
def c4_dolma(text: pa.LargeStringArray) -> pa.StructArray:
    """What ends a page anywhere in it, and its lines: without an end mark, of fewer than 3 words.

    dolma deletes those lines; they are counted here. Its list of bad words is not looked for.
    """
    return measure_dolma(["c4_dolma"], text)["c4_dolma"]


@row_signal(
    dimension=None,
    reads=_READS,
    writes=struct_type(tuple(C4_DCLM)),
    unit="yes or no, and counts",
    source="Raffel et al. 2020, 2.2, as DCLM counts (c4.yaml, up to its first count of sentences)",
    default=False,
    shared=measure_dclm,
)
def c4_dclm(text: pa.LargeStringArray) -> pa.StructArray:
    """Characters, what ends a page in the lines that are left, the lines that stay and their sentences.

    Sentences are counted by a plain rule, where DCLM uses NLTK's English model.
    """
    return measure_dclm(["c4_dclm"], text)["c4_dclm"]
