"""A user's own idea of quality: what a classifier learnt from good and bad examples thinks of a text."""

from __future__ import annotations

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.text.linear_model import load_scorer


@row_signal(
    dimension=None,  # what it measures is what the examples were chosen for
    reads={"text": TEXT},
    writes=pa.float32(),
    unit="probability of good, 0 to 1",
    source="linear classifier over hashed n-grams trained by `assay quality train` (the way of FineWeb-Edu and DCLM)",
    params={"model": None},
    files=("model",),
    default=False,
)
def quality_score(text: pa.LargeStringArray, *, model: str | None) -> pa.FloatArray:
    """How good the text is by `model`, a file, or the name of a model that this workspace has trained.

    Null without a model, for a null text and for one without a word. Scores order texts: read a threshold off the
    model's own held-out scores. E106: no such file; E107: not a model.
    """
    return pa.nulls(len(text), pa.float32()) if model is None else load_scorer(model).score(text)
