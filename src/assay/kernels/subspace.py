"""The leading directions of a sparse matrix, by a randomised search. The same bytes wherever it runs.

Halko, Martinsson and Tropp (2011), algorithm 4.4: a random start, a few passes over the matrix and its transpose with
fresh orthogonal columns each time, then a small eigenproblem. Sums have a fixed order and no mathematics library
plays a part: a dense one changes its last bits with its version, the processor and the number of threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.shingles import mixed

Floats = NDArray[np.float64]


@kernel
def random_signs(rows: int, columns: int, seed: int) -> Floats:
    """float64[rows, columns] of -1 and 1."""
    out = np.empty((rows, columns), np.float64)
    state = np.uint64(seed)
    for i in range(rows):
        for j in range(columns):
            state += np.uint64(0x9E3779B97F4A7C15)
            out[i, j] = 1.0 if mixed(state) & np.uint64(1) else -1.0
    return out


@kernel
def times(starts: NDArray[np.int64], columns: NDArray[np.int32], values: NDArray[np.float32], dense: Floats) -> Floats:
    """Sparse n x c times dense c x l. Row i holds columns[starts[i]:starts[i + 1]] and values beside them."""
    n, width = len(starts) - 1, dense.shape[1]
    out = np.zeros((n, width))
    for i in range(n):
        line = out[i]
        for k in range(starts[i], starts[i + 1]):
            value, other = np.float64(values[k]), dense[columns[k]]
            for j in range(width):
                line[j] += value * other[j]
    return out


@kernel
def transposed_times(
    starts: NDArray[np.int64], columns: NDArray[np.int32], values: NDArray[np.float32], dense: Floats, c: int
) -> Floats:
    """The transpose, c x n, times dense n x l."""
    n, width = len(starts) - 1, dense.shape[1]
    out = np.zeros((c, width))
    for i in range(n):
        other = dense[i]
        for k in range(starts[i], starts[i + 1]):
            value, line = np.float64(values[k]), out[columns[k]]
            for j in range(width):
                line[j] += value * other[j]
    return out


@kernel
def gram(a: Floats) -> Floats:
    """a's columns against each other: l x l."""
    width = a.shape[1]
    out = np.zeros((width, width))
    for i in range(len(a)):
        line = a[i]
        for j in range(width):
            value, to = line[j], out[j]
            for k in range(width):
                to[k] += value * line[k]
    return out


@kernel
def dense_times(a: Floats, b: Floats) -> Floats:
    out = np.zeros((len(a), b.shape[1]))
    for i in range(len(a)):
        to = out[i]
        for j in range(a.shape[1]):
            value, line = a[i, j], b[j]
            for k in range(b.shape[1]):
                to[k] += value * line[k]
    return out


@kernel
def orthogonal(a: Floats) -> Floats:
    """Columns of length 1 that span what a's columns span; fewer where those depend on each other.

    By the eigenvectors of the Gram matrix, twice: what rounding leaves of it the second time is below 1e-12.
    """
    for _ in range(2):
        values, vectors = symmetric_eigen(gram(a))
        kept = 0
        for k in range(len(values)):
            if values[k] > 1e-12 * values[0] and values[k] > 0.0:
                kept += 1
        scaled = vectors[:, :kept].copy()
        for k in range(kept):
            for j in range(len(scaled)):
                scaled[j, k] /= np.sqrt(values[k])
        a = dense_times(a, scaled)
    return a


@kernel
def symmetric_eigen(matrix: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues, falling, and eigenvectors as columns, by Jacobi's rotations in a fixed order."""
    a = matrix.copy()
    n = len(a)
    v = np.zeros((n, n))  # eigenvectors as rows while it turns
    for i in range(n):
        v[i, i] = 1.0
    for _ in range(30):
        off, whole = 0.0, 0.0
        for i in range(n):
            for j in range(n):
                whole += a[i, j] * a[i, j]
                if i != j:
                    off += a[i, j] * a[i, j]
        if off <= 1e-26 * whole:
            break
        for p in range(n - 1):
            for q in range(p + 1, n):
                if a[p, q] == 0.0:
                    continue
                theta = (a[q, q] - a[p, p]) / (2.0 * a[p, q])
                t = 1.0 / (abs(theta) + np.sqrt(theta * theta + 1.0))
                if theta < 0.0:
                    t = -t
                c = 1.0 / np.sqrt(t * t + 1.0)
                s = t * c
                for k in range(n):
                    x, y = a[p, k], a[q, k]
                    a[p, k], a[q, k] = c * x - s * y, s * x + c * y
                for k in range(n):
                    x, y = a[k, p], a[k, q]
                    a[k, p], a[k, q] = c * x - s * y, s * x + c * y
                for k in range(n):
                    x, y = v[p, k], v[q, k]
                    v[p, k], v[q, k] = c * x - s * y, s * x + c * y
    found = np.empty(n)
    for i in range(n):
        found[i] = -a[i, i]
    order = np.argsort(found, kind="mergesort")
    return -found[order], v[order].T.copy()


@kernel
def leading_directions(
    starts: NDArray[np.int64], columns: NDArray[np.int32], values: NDArray[np.float32], c: int, wanted: int, extra: int,
    passes: int, seed: int,
) -> Floats:  # fmt: skip
    """float64[c, k], k <= wanted: right singular vectors of the sparse n x c matrix, the largest first.

    extra: directions searched beyond those wanted. passes: over the matrix and its transpose; k is smaller where the
    matrix has no more rank.
    """
    width = min(wanted + extra, c)
    q = orthogonal(times(starts, columns, values, random_signs(c, width, seed)))
    for _ in range(passes - 1):
        q = orthogonal(transposed_times(starts, columns, values, q, c))
        q = orthogonal(times(starts, columns, values, q))
    z = transposed_times(starts, columns, values, q, c)  # rows of Q'A, as columns
    squares, small = symmetric_eigen(gram(z))
    kept = 0
    for k in range(min(wanted, len(squares))):
        if squares[k] > 1e-10 * squares[0] and squares[k] > 0.0:
            kept += 1
    scaled = small[:, :kept].copy()
    for k in range(kept):
        for j in range(len(scaled)):
            scaled[j, k] /= np.sqrt(squares[k])
    return dense_times(z, scaled)
