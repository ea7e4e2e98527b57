"""Features of texts and leading directions against plain Python and NumPy's own decomposition."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.fold_table import fold_table
from assay.kernels.lexical import BITS, MOST_BYTES, feature_counts, natural_log, project_rows, sketch_basis
from assay.kernels.subspace import leading_directions, orthogonal, symmetric_eigen


def counted(texts: list[str | None]) -> list[dict[int, int]]:
    starts, features, counts = feature_counts(*utf8_views(pa.array(texts, pa.large_string())), fold_table())
    return [dict(zip(features[a:b].tolist(), counts[a:b].tolist(), strict=True)) for a, b in itertools.pairwise(starts)]


@given(st.lists(st.lists(st.sampled_from(["cat", "dog", "fox", "42", "\u00e9t\u00e9"]), max_size=12), max_size=5))
def test_features_are_words_and_neighbouring_pairs_with_their_counts(rows: list[list[str]]) -> None:
    words = ["cat", "dog", "fox", "42", "\u00e9t\u00e9"]
    single = {w: next(iter(counted([w])[0])) for w in words}
    pairs = {(a, b): set(counted([f"{a} {b}"])[0]) - {single[a], single[b]} for a in words for b in words}
    for row, found in zip(rows, counted([" ".join(row) for row in rows]), strict=True):
        expected = Counter(single[w] for w in row)
        expected.update(next(iter(pairs[a, b])) for a, b in itertools.pairwise(row))
        assert found == dict(expected)


def test_case_accents_width_and_punctuation_play_no_part() -> None:
    one, two = counted(["The Caf\u00e9, re-opened!", "the  cafe re opened"])
    assert one == two


def test_nothing_is_counted_in_null_empty_and_blank_texts_nor_after_the_first_megabyte() -> None:
    long = "word " * (MOST_BYTES // 5 + 1000)
    none, empty, marks, cut = counted([None, "", " ... ", long])
    assert (none, empty, marks) == ({}, {}, {})
    assert sum(cut.values()) < 2 * (MOST_BYTES // 5 + 2)


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_the_logarithm_is_that_of_the_mathematics_library(x: float) -> None:
    assert natural_log(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15)


def test_a_projected_row_keeps_the_inner_products_of_the_whole_vectors() -> None:
    """With a basis of a few features and a wide sketch, cosines are about those of full count vectors."""
    texts = ["red cat on a mat", "red cat on the mat", "blue dog in fog", "a mat for the dog"]
    rows = counted(texts)
    shared = np.array(sorted({f for row in rows for f in row})[::2], np.int32)
    columns = np.full(1 << BITS, -1, np.int32)
    columns[shared] = np.arange(len(shared))
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((len(shared), 3)))[0].astype(np.float32)
    weights = np.ones(1 << BITS, np.float32)
    sketched = sketch_basis(shared, basis, 4096)
    offsets, data = utf8_views(pa.array(texts, pa.large_string()))
    found = project_rows(offsets, data, fold_table(), columns, weights, basis, sketched, 1.0)
    full = np.array([[np.sqrt(row.get(f, 0)) for f in sorted(set().union(*rows))] for row in rows])
    full /= np.linalg.norm(full, axis=1, keepdims=True)
    assert np.allclose(found @ found.T, full @ full.T, atol=2e-2)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def _sparse(dense: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(dense)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(dense)))]).astype(np.int64)
    return starts, columns.astype(np.int32), dense[rows, columns].astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_eigenvectors_of_a_symmetric_matrix_are_numpys(seed: int) -> None:
    a = np.random.default_rng(seed).standard_normal((20, 20))
    values, vectors = symmetric_eigen(a @ a.T)
    assert np.allclose(values, np.linalg.eigvalsh(a @ a.T)[::-1])
    assert np.allclose(vectors.T @ vectors, np.eye(20), atol=1e-10)
    assert np.allclose(a @ a.T @ vectors, vectors * values, atol=1e-8)


def test_orthogonal_columns_span_what_they_did_and_dependent_ones_are_dropped() -> None:
    a = np.random.default_rng(1).standard_normal((50, 6))
    q = orthogonal(np.concatenate([a, a[:, :2] * 3.0], axis=1))
    assert q.shape == (50, 6)
    assert np.allclose(q.T @ q, np.eye(6), atol=1e-12)
    assert np.allclose(q @ (q.T @ a), a)


@pytest.mark.parametrize("seed", range(3))
def test_leading_directions_hold_as_much_as_the_best_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((200, 5)) @ (rng.standard_normal((5, 80)) * np.array([[9], [7], [5], [4], [3]]))
    dense = np.where(rng.random((200, 80)) < 0.3, signal + rng.standard_normal((200, 80)), 0.0).astype(np.float32)
    found = leading_directions(*_sparse(dense), 80, 8, 8, 4, 1)
    assert np.allclose(found.T @ found, np.eye(8), atol=1e-9)
    best = np.linalg.svd(dense.astype(np.float64))[1][:8]
    held = np.linalg.norm(dense @ found)
    assert held >= 0.995 * np.sqrt((best**2).sum())


def test_a_matrix_of_low_rank_has_no_more_directions_than_its_rank() -> None:
    dense = np.outer(np.arange(1, 9), [1.0, 0.0, 2.0, 3.0])
    found = leading_directions(*_sparse(dense), 4, 3, 5, 2, 1)
    assert found.shape == (4, 1)
    assert np.allclose(abs(found[:, 0]), np.array([1, 0, 2, 3]) / np.sqrt(14))
