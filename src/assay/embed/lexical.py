"""The embedder that needs nothing: TF-IDF of hashed words and pairs of words, reduced by a truncated SVD.

It is lexical: it knows which words stand together in the texts it was fitted on, and nothing of what they mean. Two
texts that say the same in other words are far apart to it. It says so in its name.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.core.errors import UserError
from assay.core.ids import sha256_hex
from assay.embed.base import Vectors
from assay.kernels.fold_table import fold_table
from assay.kernels.lexical import BITS, feature_counts, natural_log, project_rows, sketch_basis
from assay.kernels.subspace import leading_directions

FORMAT = 1
FEATURES = f"folded words and pairs, {BITS} bits"  # named in every stored model


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalParams:
    """dim: directions of the SVD. sketch: values that hold what it leaves out. share: how much those count.

    most_features: those that most texts of the sample hold. most_texts: of the sample. passes, extra, seed: of the
    search for directions (subspace.py).
    """

    dim: int = 128
    sketch: int = 64
    share: float = 1.0
    most_features: int = 32_768
    most_texts: int = 20_000
    passes: int = 3
    extra: int = 16
    seed: int = 1

    @property
    def settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True)
class LexicalModel:
    """A fitted model. columns: int32[2**BITS] line of the basis or -1; weights: float32[2**BITS], of each feature;
    basis: float32[c, dim]; sketched: float32[dim, sketch]; share: of the sketch. Its bytes name it."""

    columns: NDArray[np.int32]
    weights: NDArray[np.float32]
    basis: NDArray[np.float32]
    sketched: NDArray[np.float32]
    share: float
    about: dict[str, Any] = field(default_factory=dict)

    lexical = True
    batch_rows = 4096

    @property
    def dim(self) -> int:
        return int(self.basis.shape[1] + self.sketched.shape[1])

    @property
    def name(self) -> str:
        return f"lexical {sha256_hex(self.to_bytes())[:16]}"

    def embed(self, texts: pa.LargeStringArray) -> Vectors:
        """float32[n, dim]. The same row for the same text on any machine, whatever stands beside it."""
        offsets, data = utf8_views(texts)
        return project_rows(
            offsets, data, fold_table(), self.columns, self.weights, self.basis, self.sketched, self.share
        )

    def to_bytes(self) -> bytes:
        """A NumPy .npz file (no pickle in it) with a JSON header. The same model has the same bytes."""
        header = {**self.about, "format": "assay-lexical", "version": FORMAT, "features": FEATURES, "share": self.share}
        sink = io.BytesIO()
        np.savez(
            sink,
            header=np.frombuffer(msgspec.json.encode(header, order="sorted"), np.uint8),
            features=np.flatnonzero(self.columns >= 0).astype(np.int32),
            weights=self.weights,
            basis=self.basis[self.columns[self.columns >= 0]],
            sketched=self.sketched,
        )
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, where: str = "the model") -> LexicalModel:
        """E107 for bytes that are no such model, or of a version or of features that this assay does not know."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as held:
                about = msgspec.json.decode(held["header"].tobytes())
                features, basis, sketched = held["features"], held["basis"], held["sketched"]
                weights = held["weights"]
            known = (about.pop("format"), about.pop("version"), about.pop("features"))
            share = float(about.pop("share"))
            if known != ("assay-lexical", FORMAT, FEATURES) or weights.shape != (1 << BITS,):
                raise ValueError(f"made by another assay: {known}")
            columns = np.full(1 << BITS, -1, np.int32)
            columns[features] = np.arange(len(features), dtype=np.int32)
        except Exception as error:  # zipfile's own errors share no better base
            fix = "name `lexical` alone: it fits a model"
            raise UserError("E107", f"{where} is not a lexical model: {error}", fix=fix) from error
        return cls(columns, weights, basis, sketched, share, about)


def fit(texts: Sequence[str | None] | pa.LargeStringArray, params: LexicalParams | None = None) -> LexicalModel:
    """A model of these texts, which are a sample in an order of their own: the order is part of the result.

    Features that only one text holds are in no direction: the sketch keeps them.
    """
    params = params or LexicalParams()
    column = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.large_string())
    starts, features, counts = feature_counts(*utf8_views(column), fold_table())
    held = np.bincount(features, minlength=1 << BITS)  # texts of each feature
    n = int((np.diff(starts) > 0).sum())
    inverse = np.array([natural_log((1.0 + n) / (1.0 + df)) + 1.0 for df in range(int(held.max()) + 1)])
    weights = inverse[held].astype(np.float32)
    shared = np.flatnonzero(held >= 2)
    if len(shared) > params.most_features:  # ties go to the lower feature
        shared = np.sort(shared[np.argsort(-held[shared], kind="stable")[: params.most_features]])
    columns = np.full(1 << BITS, -1, np.int32)
    columns[shared] = np.arange(len(shared), dtype=np.int32)
    basis = _directions(starts, features, counts, columns, weights, len(shared), params)
    sketched = sketch_basis(shared.astype(np.int32), basis, params.sketch)
    about = {"texts": n, "params": params.settings}
    return LexicalModel(columns, weights, basis, sketched, params.share, about)


def _directions(
    starts: NDArray[np.int64], features: NDArray[np.int32], counts: NDArray[np.int32], columns: NDArray[np.int32],
    weights: NDArray[np.float32], width: int, params: LexicalParams,
) -> NDArray[np.float32]:  # fmt: skip
    """float32[width, k], k <= dim, of the sample's rows as vectors of length 1."""
    values = np.sqrt(counts.astype(np.float32)) * weights[features]
    row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    length = np.sqrt(np.bincount(row, values.astype(np.float64) ** 2, len(starts) - 1))
    values = (values / length[row]).astype(np.float32)
    kept = columns[features] >= 0
    row, values, held = row[kept], values[kept], columns[features[kept]]
    if not width or not len(values):
        return np.zeros((width, 0), np.float32)
    narrow = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(starts) - 1))])
    found = leading_directions(
        narrow, held, values, width, params.dim, params.extra, params.passes, params.seed
    )  # fmt: skip
    return found.astype(np.float32)
