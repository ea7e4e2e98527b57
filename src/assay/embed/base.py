"""What turns texts into vectors, and what is asked of its answers."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]


class Embedder(Protocol):
    """`name` tells models apart in caches: equal names promise equal vectors for equal texts.

    dim: values in a vector; null for an endpoint that has not answered yet. lexical: it knows words, not meaning, and
    must say so wherever its findings are shown. batch_rows: how many texts one call should get.
    """

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int | None: ...

    @property
    def lexical(self) -> bool: ...

    @property
    def batch_rows(self) -> int: ...

    def embed(self, texts: pa.LargeStringArray) -> Vectors:
        """float32[n, dim], each row of length 1; a row of zeros for a text that is null, empty or was refused.

        Safe from several threads.
        """
        ...


def checked(found: Vectors, rows: int, name: str) -> Vectors:
    """The same, scaled to length 1 in float64. ValueError for a wrong shape, NaN or infinity."""
    if found.ndim != 2 or len(found) != rows:
        raise ValueError(f"{name}: {rows} texts gave vectors of shape {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError(f"{name}: a vector holds NaN or infinity")
    wide = found.astype(np.float64)
    length = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    length[length == 0.0] = 1.0
    return np.ascontiguousarray((wide / length[:, None]).astype(np.float32))
