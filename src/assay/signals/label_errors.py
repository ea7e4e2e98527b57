"""Labels that a model learnt from the other records does not believe: confident learning."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import dataset_signal
from assay.signals.label_evidence import READS, combine, keys, look_up, summarise

_COMMON: dict[str, Any] = {
    "dimension": "accuracy",
    "kinds": ("classification",),
    "reads": READS,
    "summarise": summarise,
    "combine": combine,
    "default": False,  # five models are trained: seconds for ten thousand records
    "extra": "label",
}


@dataset_signal(
    writes=pa.float32(),
    unit="probability, 0 to 1",
    source="1 - self-confidence (Northcutt et al. 2021, cleanlab) from 5-fold predictions of a linear model",
    **_COMMON,
)
def label_error_score(state: pa.Table, **columns: pa.Array) -> pa.FloatArray:
    """How little a model that has not seen the text believes its label: sort by it, the highest first.

    Equal texts (but for case and punctuation) lie in one fold and count once per label. Null without a word or a
    label, for labels of fewer than 5 distinct texts, in label sets of fewer than 50, and beyond 200,000 texts.
    """
    return look_up(state, keys(columns), "score")


@dataset_signal(
    writes=TEXT,
    unit="label",
    source="confident learning (Northcutt et al. 2021), cleanlab's filter 'both', from the same predictions",
    **_COMMON,
)
def suspected_label(state: pa.Table, **columns: pa.Array) -> pa.LargeStringArray:
    """The label that the text seems to have, where its own is probably an error; null where it is not, or unknown."""
    return look_up(state, keys(columns), "suspected")
