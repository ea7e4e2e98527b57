"""Cells of an inverted file: centres of directions, and the nearest cells of each vector. The same bytes anywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel

Vectors = NDArray[np.float32]
Ids = NDArray[np.int32]


@kernel
def nearest_cells(vectors: Vectors, centres: Vectors, most: int) -> Ids:
    """int32[n, most]: the cells with the largest inner products, the largest first; ties go to the lower number.

    centres: float32[dim, cells], a column each, so that sums run over many cells at once in a fixed order.
    """
    n, dim = vectors.shape
    cells = centres.shape[1]
    out = np.empty((n, most), np.int32)
    products = np.empty(cells, np.float32)
    for i in range(n):
        products[:] = np.float32(0.0)
        for k in range(dim):
            value, line = vectors[i, k], centres[k]
            for c in range(cells):
                products[c] += value * line[c]
        for place in range(most):
            best = 0
            for c in range(1, cells):
                if products[c] > products[best]:
                    best = c
            out[i, place] = best
            products[best] = np.float32(-2.0)
    return out


@kernel
def centres_of(vectors: Vectors, cells: int, rounds: int) -> Vectors:
    """float32[dim, cells]: spherical k-means (Dhillon and Modha 2001) from vectors evenly spread over the rows.

    A cell that loses all its vectors keeps its centre. cells <= n.
    """
    n, dim = vectors.shape
    centres = np.empty((dim, cells), np.float32)
    for c in range(cells):
        centres[:, c] = vectors[(c * n) // cells]
    for _ in range(rounds):
        home = nearest_cells(vectors, centres, 1)
        sums = np.zeros((cells, dim))
        for i in range(n):
            to = sums[home[i, 0]]
            for k in range(dim):
                to[k] += np.float64(vectors[i, k])
        for c in range(cells):
            square = 0.0
            for k in range(dim):
                square += sums[c, k] * sums[c, k]
            if square > 0.0:
                scale = 1.0 / np.sqrt(square)
                for k in range(dim):
                    centres[k, c] = np.float32(sums[c, k] * scale)
    return centres


@kernel
def first_shared(left: Ids, right: Ids, nearest: Ids, cell: int) -> NDArray[np.bool_]:
    """Whether `cell` is the lowest that both rows of a pair are in: so each pair is given once."""
    out = np.empty(len(left), np.bool_)
    most = nearest.shape[1]
    for p in range(len(left)):
        lowest = cell
        for a in range(most):
            one = nearest[left[p], a]
            if one < lowest:
                for b in range(most):
                    if nearest[right[p], b] == one:
                        lowest = one
        out[p] = lowest == cell
    return out
