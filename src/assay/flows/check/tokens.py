"""Token counts: exact with a tokenizer file, else an estimate that says so; and what a trainer would cut off."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.core.errors import UserError
from assay.flows.check.views import ANSWERING, Segment
from assay.kernels.tokens import estimate_tokens

Counts = NDArray[np.int64]

ESTIMATE = "an estimate, no tokenizer given: it follows the runs of letters, digits and signs that tokenizers cut"


class Counter(Protocol):
    exact: bool
    method: str

    def count(self, texts: Sequence[str]) -> Counts: ...


class Estimate:
    """Tokens from characters alone; never shown without saying so."""

    exact = False
    method = ESTIMATE

    def count(self, texts: Sequence[str]) -> Counts:
        column = pa.array(texts, pa.large_string())
        counts: Counts = estimate_tokens(*utf8_views(column))
        return counts


class File:
    """Counts of a `tokenizer.json`; no special tokens are added, none of a chat template's."""

    exact = True

    def __init__(self, path: Path) -> None:
        # The library warns when a process forks after its threads started; ours are spawned.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.method = f"{path.name if path.name != 'tokenizer.json' else path.parent.name + '/' + path.name}"

    def count(self, texts: Sequence[str]) -> Counts:
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return np.fromiter(map(len, encodings), np.int64, len(texts))


def find_tokenizer(path: str | Path) -> Path:
    """The tokenizer file itself, or the `tokenizer.json` of a folder."""
    found = Path(path)
    if found.is_dir():
        found = found / "tokenizer.json"
    if not found.is_file():
        raise UserError(
            "E383",
            "there is no tokenizer here",
            at=str(found),
            fix="give a Hugging Face tokenizer.json, or the folder that holds one",
        )
    return found


@lru_cache(maxsize=2)
def counter(path: str | None) -> Counter:
    """The counter of a tokenizer file, read once per process; without one, the estimate."""
    if path is None:
        return Estimate()
    try:
        return File(Path(path))
    except Exception as error:  # the library raises bare Exception on a bad file
        raise UserError(
            "E383",
            f"this is not a tokenizer file: {error}",
            at=path,
            fix="give a Hugging Face tokenizer.json, or the folder that holds one",
        ) from None


@dataclass(frozen=True, slots=True)
class RowTokens:
    """Per record: all tokens, those learnt from, and those before the first one learnt from (-1: none is)."""

    total: Counts
    trained: Counts
    prompt: Counts


def count_rows(rows: Sequence[Sequence[Segment]], counter: Counter) -> RowTokens:
    """Count every segment of every record in one call of the tokenizer."""
    total, trained, prompt = (np.zeros(len(rows), np.int64) for _ in range(3))
    counts = iter(counter.count([text for segments in rows for _, text in segments]).tolist())
    for i, segments in enumerate(rows):
        seen = learnt = 0
        first = -1
        for learns, _ in segments:
            n = next(counts)
            if learns and n:
                first = seen if first < 0 else first
                learnt += n
            seen += n
        total[i], trained[i], prompt[i] = seen, learnt, first
    return RowTokens(total, trained, prompt)


def truncated(rows: RowTokens, max_length: int) -> NDArray[np.bool_]:
    """Records that a trainer cuts at `max_length` tokens."""
    cut: NDArray[np.bool_] = rows.total > max_length
    return cut


def zero_loss(kind: str, rows: RowTokens, max_length: int | None) -> NDArray[np.bool_]:
    """Records that a trainer which masks prompts learns nothing from.

    There is nothing to learn, or (at a `max_length`) the prompt alone fills the context.
    """
    if kind not in ANSWERING:
        return np.zeros(len(rows.total), np.bool_)
    nothing: NDArray[np.bool_] = rows.prompt < 0
    return nothing if max_length is None else nothing | (rows.prompt >= max_length)
