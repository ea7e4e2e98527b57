"""The detection curve as measured: pairs of random texts of known exact similarity, signed by the real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.dedup.near import NearParams
from assay.kernels.fold_table import fold_table
from assay.kernels.minhash import all_shingles, permutations, rows_as_words, sign_rows, sorted_sets
from assay.kernels.shingles import PROSE
from assay.kernels.star_clusters import pair_jaccards

LETTERS = 7  # of a random word; eight billion words: chance equals are as good as none, and are counted if any
BATCH = 5_000  # pairs signed at once


@dataclass(frozen=True)
class Bin:
    """Pairs with exact similarity in [low, high): the share that shares a band, what theory says of these pairs, and
    the mean error of the share of equal minima as an estimate of similarity."""

    low: float
    high: float
    pairs: int
    found: float
    expected: float
    bias: float
    spread: float
    spread_expected: float

    @property
    def as_json(self) -> dict[str, Any]:
        return {name: round(getattr(self, name), 6) for name in self.__dataclass_fields__}


def texts_of(words: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Rows of numbers, each written as a word of seven letters: offsets and bytes."""
    letters = np.empty((*words.shape, LETTERS + 1), np.uint8)
    for place in range(LETTERS):
        letters[..., place] = 97 + words // 26**place % 26
    letters[..., LETTERS] = 32
    kept = np.arange(words.shape[1]) < counts[:, None]
    offsets = np.concatenate([[0], np.cumsum(counts * (LETTERS + 1))]).astype(np.int64)
    return offsets, np.ascontiguousarray(letters[kept]).reshape(-1)


def pairs_of_texts(
    low: float, high: float, pairs: int, size: int, draw: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Texts 2i and 2i + 1 share a beginning, so long that their similarity lies in [low, high)."""
    shingles = draw.integers(60, 260, pairs)
    wanted = draw.uniform(low, high, pairs)
    shared = np.round(2 * shingles * wanted / (1 + wanted)).astype(np.int64)
    words = shingles + size - 1
    longest = int(words.max())
    first = draw.integers(0, 26**LETTERS, (pairs, longest))
    second = draw.integers(0, 26**LETTERS, (pairs, longest))
    same = np.arange(longest) < (shared + size - 1)[:, None]
    both = np.stack([first, np.where(same, first, second)], axis=1).reshape(2 * pairs, longest)
    return texts_of(both, np.repeat(words, 2))


def exact(offsets: NDArray[np.int64], data: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """float64[pairs] of the sets of shingles that verification compares."""
    rows = np.arange(len(offsets) - 1)
    sets, starts = sorted_sets(*all_shingles(*rows_as_words(offsets, data, rows, fold_table(), PROSE, size), size))
    return pair_jaccards(sets, starts, rows[::2], rows[1::2])


def equal_minima(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], params: NearParams
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """bool[minima, pairs] and bool[pairs]: each minimum equal, and any band equal as the signatures say it."""
    number = params.bands * params.rows
    factors, addends = permutations(number, params.seed)
    table = fold_table()
    each, _, _ = sign_rows(offsets, data, table, PROSE, params.size, factors, addends, number)
    bands, _, _ = sign_rows(offsets, data, table, PROSE, params.size, factors, addends, params.bands)
    return each[:, ::2] == each[:, 1::2], (bands[:, ::2] == bands[:, 1::2]).any(axis=0)


def measured(low: float, high: float, pairs: int, params: NearParams, seed: int) -> Bin:
    draw = np.random.default_rng([seed, round(low * 1000)])
    similarity, found, estimate = [], [], []
    while sum(map(len, similarity)) < pairs:
        offsets, data = pairs_of_texts(low, high, BATCH, params.size, draw)
        true = exact(offsets, data, params.size)
        equal, proposed = equal_minima(offsets, data, params)
        by_hand = equal.reshape(params.bands, params.rows, -1).all(axis=1).any(axis=0)
        if (by_hand != proposed).any():
            raise AssertionError("bands are equal where their minima are not")
        inside = (true >= low) & (true < high)
        similarity.append(true[inside])
        found.append(proposed[inside])
        estimate.append(equal[:, inside].mean(axis=0))
    true, hit, told = (np.concatenate(one)[:pairs] for one in (similarity, found, estimate))
    number = params.bands * params.rows
    error = told - true
    return Bin(
        low, high, len(true), float(hit.mean()), float(params.detection(true).mean()), float(error.mean()),
        float(np.sqrt((error**2).mean())), float(np.sqrt((true * (1 - true) / number).mean())),
    )  # fmt: skip


def curve(
    width: float, pairs: int, params: NearParams | None = None, *, low: float = 0.5, seed: int = 0
) -> Iterator[Bin]:
    steps = round((1.0 - low) / width)
    for step in range(steps):
        yield measured(
            round(low + step * width, 3), round(low + (step + 1) * width, 3), pairs, params or NearParams(), seed
        )
