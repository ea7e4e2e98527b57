"""Vectors on disk and the exact search over them, against NumPy in wide arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.kernels.cells import centres_of, nearest_cells
from assay.store import vectors as store_vectors
from assay.store.vectors import CellSearch, ExactSearch, VectorTable


def some(n: int, dim: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    digests = rng.integers(0, 2**64, (n, 2), dtype=np.uint64)
    found = rng.standard_normal((n, dim)).astype(np.float32)
    return digests, found / np.linalg.norm(found, axis=1, keepdims=True)


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    table = VectorTable(tmp_path / "index" / "a.lance")
    assert [len(part) for part in table.read()] == [0, 0]
    first, second = some(10_000), some(3, seed=1)
    table.append(*first)
    table.append(*second)
    table.append(second[0][:0], second[1][:0])
    digests, found = VectorTable(table.path).read()
    assert np.array_equal(digests, np.concatenate([first[0], second[0]]))
    assert np.array_equal(found, np.concatenate([first[1], second[1]]))


def test_vectors_of_another_length_are_refused(tmp_path: Path) -> None:
    table = VectorTable(tmp_path / "a.lance")
    table.append(*some(3, 5))
    with pytest.raises(UserError, match="E412: vectors of 6 values, where those kept have 5"):
        table.append(*some(3, 6))
    assert len(table.read()[0]) == 3


def test_a_file_that_no_version_names_is_no_vector(tmp_path: Path) -> None:
    """What a run that was killed between writing and committing leaves."""
    table = VectorTable(tmp_path / "a.lance")
    table.append(*some(3))
    stray = next((tmp_path / "a.lance" / "data").glob("*.lance"))
    (stray.parent / f"{'0' * 32}.lance").write_bytes(stray.read_bytes()[:100])
    assert len(VectorTable(table.path).read()[0]) == 3
    table.append(*some(2, seed=2))
    assert len(table.read()[0]) == 5


@given(st.integers(0, 2**32), st.integers(0, 40), st.sampled_from([0.5, 0.9, 1.0]))
def test_the_search_misses_no_pair_and_gives_each_once(seed: int, n: int, threshold: float) -> None:
    found = some(n, 3, seed)[1]
    if n:
        found[n // 2] = found[0]
    before = store_vectors._ROWS, store_vectors._COLUMNS
    store_vectors._ROWS, store_vectors._COLUMNS = 4, 16  # several blocks, and an end that fits none
    try:
        parts = list(ExactSearch(found).pairs(threshold))
    finally:
        store_vectors._ROWS, store_vectors._COLUMNS = before
    given_pairs = [pair for left, right in parts for pair in zip(left.tolist(), right.tolist(), strict=True)]
    wide = found.astype(np.float64) @ found.T.astype(np.float64)
    wanted = {(i, j) for i in range(n) for j in range(i + 1, n) if wide[i, j] >= threshold}
    assert len(given_pairs) == len(set(given_pairs))
    assert wanted <= set(given_pairs)
    assert all(wide[i, j] >= threshold - 1e-4 for i, j in given_pairs)


def test_the_close_rows_of_one_row_hold_itself_and_all_others_within_reach() -> None:
    found = some(200, 3, 7)[1]
    near = ExactSearch(found).near(11, 0.8)
    wide = found.astype(np.float64) @ found[11].astype(np.float64)
    assert set(np.flatnonzero(wide >= 0.8)) <= set(near.tolist())
    assert 11 in near
    assert (wide[near] >= 0.8 - 1e-4).all()


def topics(n: int, seed: int) -> np.ndarray:
    """Vectors around 20 subjects, some of them near copies of others."""
    rng = np.random.default_rng(seed)
    found = rng.standard_normal((20, 16))[rng.integers(0, 20, n)] + 0.7 * rng.standard_normal((n, 16))
    copies = rng.integers(0, n, n // 4)
    found[: n // 4] = found[copies] + 0.1 * rng.standard_normal((n // 4, 16))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def pairs_of(search: ExactSearch, threshold: float) -> list[tuple[int, int]]:
    return [pair for a, b in search.pairs(threshold) for pair in zip(a.tolist(), b.tolist(), strict=True)]


def test_cells_give_each_pair_once_and_hardly_miss_one() -> None:
    found = topics(3000, 1)
    every, some_pairs = set(pairs_of(ExactSearch(found), 0.95)), pairs_of(CellSearch(found), 0.95)
    assert len(some_pairs) == len(set(some_pairs))
    assert set(some_pairs) <= every
    assert len(some_pairs) >= 0.98 * len(every)


def test_with_every_row_in_every_cell_nothing_is_missed() -> None:
    found = topics(300, 2)
    assert sorted(pairs_of(CellSearch(found, cells=3, spill=3), 0.8)) == sorted(pairs_of(ExactSearch(found), 0.8))


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_few_rows_have_cells_too(n: int) -> None:
    found = np.ones((n, 2), np.float32) / np.float32(np.sqrt(2))
    assert len(pairs_of(CellSearch(found), 0.9)) == n * (n - 1) // 2


def test_cells_are_the_nearest_centres_by_slow_arithmetic() -> None:
    found = topics(500, 3)
    centres = centres_of(found, 10, 3)
    products = found.astype(np.float64) @ centres.astype(np.float64)
    nearest = nearest_cells(found, centres, 3)
    assert np.array_equal(nearest, np.argsort(-products, axis=1, kind="stable")[:, :3])
    assert np.allclose(np.linalg.norm(centres, axis=0), 1, atol=1e-6)
    home = products.max(axis=1).mean()
    start = (found.astype(np.float64) @ centres_of(found, 10, 0).astype(np.float64)).max(axis=1).mean()
    assert home > start, "moving the centres brings them nearer"
