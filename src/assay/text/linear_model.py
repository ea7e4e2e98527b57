"""Linear text classifiers: learn from hashed n-grams, predict, and be a file that another machine reads back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import zstandard
from numpy.typing import NDArray

from assay.core.errors import UserError
from assay.kernels.linear import compact, fit, logistic, probabilities
from assay.text.features import BUCKETS, FEATURES, Features, scores

# Learning slowly where a part of the labels is wrong: on SMS spam with a tenth of them flipped, average precision of
# the ranking is .90 at a rate of .3 and .85 at 1; BANKING77 does not mind (.98 at both).
EPOCHS, RATE = 10, 0.3
# Slower still for scores: the same AUC (.985 on SMS spam), but fewer of them crowd at 0 and 1, so thresholds can tell
# the best tenth from the best hundredth.
SCORER_EPOCHS, SCORER_RATE = 5, 0.1
MODEL_FORMAT = 1
# Of one weight table: 64 million float32 are 256 MB. Beyond it the buckets that fewest rows hold are left out.
MOST_WEIGHTS = 1 << 26
_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Rows:
    """Features over a narrow table of columns: those buckets that at least `fewest` rows hold; -1 for the others."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    buckets: NDArray[np.int64]  # of each column, rising

    def __len__(self) -> int:
        return len(self.starts) - 1


def narrowed(found: Features, n_classes: int, *, fewest: int = 2) -> Rows:
    """The buckets worth a weight: held by `fewest` rows, and no more of them than MOST_WEIGHTS allows."""
    counts = np.bincount(found.buckets, minlength=BUCKETS)
    kept = np.flatnonzero(counts >= fewest)
    room = max(1, MOST_WEIGHTS // max(1, n_classes))
    if len(kept) > room:  # ties go to the lower bucket: the choice depends on nothing but the rows
        kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")[:room]])
    new = np.full(BUCKETS, -1, np.int32)
    new[kept] = np.arange(len(kept), dtype=np.int32)
    return Rows(found.starts, compact(found.buckets, new), kept)


def out_of_fold(rows: Rows, classes: NDArray[np.int64], folds: NDArray[np.int64], n_classes: int) -> NDArray[Any]:
    """float32[n, n_classes]: the probabilities of each row by a model that has not seen its fold.

    classes: int64[n], 0 <= class < n_classes. folds: int64[n], any numbers; each distinct one is a fold.
    The order of the rows is part of the result, so sort them first.
    """
    out = np.zeros((len(rows), n_classes), np.float32)
    for fold in np.unique(folds):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        weights, bias = fit(
            rows.starts, rows.columns, classes, outside, len(rows.buckets), n_classes, EPOCHS, RATE, int(fold)
        )
        out[inside] = probabilities(rows.starts, rows.columns, inside, weights, bias)
    return out


@dataclass(frozen=True, slots=True)
class Scorer:
    """A classifier of good against bad. `weights`: float32[BUCKETS]; a text's score is a probability of good.

    Scores order texts; they are no calibrated probabilities of anything outside the examples they were learnt from.
    """

    weights: NDArray[np.float32]
    bias: float

    @classmethod
    def train(cls, found: Features, good: NDArray[np.bool_], *, seed: int = 0) -> Scorer:
        """good: bool[n]. The same examples in another order make another (equally good) model: sort them first."""
        rows = narrowed(found, 2, fewest=1)
        everything = np.arange(len(rows))
        classes, width = good.astype(np.int64), len(rows.buckets)
        weights, bias = fit(rows.starts, rows.columns, classes, everything, width, 2, SCORER_EPOCHS, SCORER_RATE, seed)
        wide = np.zeros(BUCKETS, np.float32)
        wide[rows.buckets] = weights[:, 1] - weights[:, 0]
        return cls(wide, float(bias[1] - bias[0]))

    def score(self, text: pa.LargeStringArray) -> pa.FloatArray:
        """float32, 0 to 1; null for a null text and for one without a word."""
        raw = scores(text, self.weights) + self.bias
        known = np.isfinite(raw)
        return pa.array(logistic(np.where(known, raw, 0.0)), mask=~known)

    def score_features(self, found: Features) -> NDArray[np.float32]:
        """float32[n], as `score`; a row without a bucket has the score of an empty text."""
        counts = np.diff(found.starts)
        sums = np.bincount(np.repeat(np.arange(len(found)), counts), self.weights[found.buckets], len(found))
        return logistic(sums / np.sqrt(np.maximum(counts, 1)) + self.bias)

    def to_bytes(self, about: dict[str, Any]) -> bytes:
        """A NumPy .npz file (no pickle in it) with a JSON header. The same model has the same bytes."""
        header = {"format": "assay-linear", "version": MODEL_FORMAT, "features": FEATURES, "bias": self.bias}
        text = msgspec.json.encode({**about, **header}, order="sorted")
        sink = io.BytesIO()
        np.savez(sink, header=np.frombuffer(text, np.uint8), weights=self.weights)
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, where: str = "the model") -> Scorer:
        """E107 for bytes that are no such model, or of a version or of features that this assay does not know."""
        try:
            if data[:4] == _ZSTD:  # as the workspace keeps it
                data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
            with np.load(io.BytesIO(data), allow_pickle=False) as held:
                header = msgspec.json.decode(held["header"].tobytes())
                weights = held["weights"]
            said = (header["format"], header["version"], header["features"])
            bias = float(header["bias"])
        except (OSError, ValueError, KeyError, TypeError, EOFError, zstandard.ZstdError, msgspec.DecodeError) as error:
            raise _unreadable(f"{where} is not a quality model ({type(error).__name__})") from error
        except Exception as error:  # zipfile's own errors share no better base
            raise _unreadable(f"{where} is not a quality model: {error}") from error
        if said != ("assay-linear", MODEL_FORMAT, FEATURES):
            raise _unreadable(f"{where} was made by another assay: version {said[1]} over {said[2]!r}")
        if weights.shape != (BUCKETS,) or weights.dtype != np.float32 or not np.isfinite(weights).all():
            raise _unreadable(f"{where} holds weights of a wrong shape")
        return cls(weights, bias)


def _unreadable(what: str) -> UserError:
    return UserError("E107", what, fix="train it again: assay quality train NAME --good FILES --bad FILES")


def load_scorer(path: str | Path) -> Scorer:
    """The model in a file; the last few are kept in memory. E106: no such file; E107: not a model."""
    place = Path(path)
    if not place.is_file():
        raise UserError("E106", f"model: there is no file {str(path)!r}", fix="check the path, or `assay quality list`")
    found = place.stat()
    return _loaded(str(place.resolve()), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4)
def _loaded(path: str, changed: int, size: int) -> Scorer:
    return Scorer.from_bytes(Path(path).read_bytes(), path)
