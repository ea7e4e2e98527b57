"""What records hold of a benchmark: the strongest item of each, as columns, and a count for each item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.kernels.contamination_tables import HOW, TEXT
from assay.text.benchmark import Found

_SPAN = pa.struct([pa.field("start", pa.int64()), pa.field("end", pa.int64())])
_SPANS = pa.list_(pa.field("item", _SPAN))
_NAME = pa.large_string()

Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hits:
    """Matches of the rows of one fragment; matches, shares and spans as in kernels.contamination.match_rows.

    looked_at: bits, one for each row: it was to be compared and has a word. bytes: of text.
    """

    rows: int
    looked_at: NDArray[np.uint8]
    matches: Longs
    shares: NDArray[np.float64]
    spans: Longs
    bytes: int

    @classmethod
    def joined(cls, rows: int, parts: Sequence[tuple[Found, Longs, int]]) -> Hits:
        """parts: what was found, the number that each of its rows has in the fragment, and bytes."""
        looked_at = np.zeros(rows, np.bool_)
        for found, row, _ in parts:
            looked_at[row] = found.words > 0
        return cls(
            rows,
            np.packbits(looked_at),
            np.concatenate([np.zeros((0, 3), np.int64), *(_moved(f.matches, row) for f, row, _ in parts)]),
            np.concatenate([np.zeros((0, 2)), *(f.shares for f, _, _ in parts)]),
            np.concatenate([np.zeros((0, 3), np.int64), *(_moved(f.spans, row) for f, row, _ in parts)]),
            sum(size for _, _, size in parts),
        )

    @property
    def compared(self) -> NDArray[np.bool_]:
        """bool[rows]."""
        return np.unpackbits(self.looked_at, count=self.rows).astype(np.bool_)

    def columns(self, at: Sequence[str]) -> dict[str, pa.Array]:
        """The signals of signals/contamination.py, by name. at: place of each item."""
        compared = self.compared
        counts = np.bincount(self.matches[:, 0], minlength=self.rows)
        best = _first_of_each(self.matches, self.shares)
        rows = self.matches[best, 0]
        some = np.zeros(self.rows, np.bool_)
        some[rows] = True
        place = np.zeros(self.rows, np.int64)
        place[rows] = best
        item, how = (self.matches[place, i] if len(best) else np.zeros(self.rows, np.int64) for i in (1, 2))
        return {
            "contaminated_by": pa.array([at[i] if m else None for i, m in zip(item, some, strict=True)], _NAME),
            "contamination_how": pa.array([HOW[h] if m else None for h, m in zip(how, some, strict=True)], _NAME),
            "contamination_share": self._share(0, place, some),
            "contamination_answer_share": self._share(1, place, some),
            "contamination_items": pa.array(counts, pa.int64(), mask=~compared),
            "contamination_spans": self._span_lists(compared),
        }

    def _share(self, side: int, place: Longs, some: NDArray[np.bool_]) -> pa.Array:
        values = self.shares[place, side] if len(self.shares) else np.full(self.rows, np.nan)
        return pa.array(values, pa.float64(), mask=~some | np.isnan(values))

    def _span_lists(self, compared: NDArray[np.bool_]) -> pa.ListArray:
        counts = np.bincount(self.spans[:, 0], minlength=self.rows)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        items = pa.StructArray.from_arrays([pa.array(self.spans[:, i].copy()) for i in (1, 2)], fields=list(_SPAN))
        return pa.ListArray.from_arrays(pa.array(starts), items, type=_SPANS, mask=pa.array(~compared))


class Match(NamedTuple):
    """A text that holds an item, by its number. how: one of kernels.contamination.HOW; share of the item's n-grams."""

    how: str
    item: int
    share: float


def strongest(found: Found) -> list[tuple[int, Match]]:
    """The strongest match of each text that has one, by text: by how, then by the shares, then the first item."""
    chosen = _first_of_each(found.matches, found.shares)
    rows, shares = found.matches[chosen].tolist(), found.shares[chosen, 0].tolist()
    return [(row, Match(HOW[how], item, share)) for (row, item, how), share in zip(rows, shares, strict=True)]


@dataclass(slots=True)
class Tally:
    """For each item: how many records match it, the strongest way in which one does, and the largest shares."""

    records: Longs
    how: Longs
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, items: int) -> Tally:
        return cls(np.zeros(items, np.int64), np.zeros(items, np.int64), np.full((items, 2), np.nan))

    def add(self, hits: Hits) -> None:
        item = hits.matches[:, 1]
        np.add.at(self.records, item, 1)
        np.maximum.at(self.how, item, hits.matches[:, 2])
        np.fmax.at(self.shares, item, hits.shares)

    def most_first(self) -> Longs:
        """Items with a match: most records first, then the strongest, then in order."""
        hit = np.flatnonzero(self.records)
        order = np.lexsort((hit, -self.how[hit], -self.records[hit]))
        return hit[order]


def by_how(hits: Sequence[Hits]) -> Mapping[str, int]:
    """Records by the strongest way in which they match; strongest first, none left out."""
    counts = np.zeros(TEXT + 1, np.int64)
    for one in hits:
        counts += np.bincount(one.matches[_first_of_each(one.matches, one.shares), 2], minlength=TEXT + 1)
    return {HOW[how]: int(counts[how]) for how in range(TEXT, 0, -1)}


def _first_of_each(matches: Longs, shares: NDArray[np.float64]) -> Longs:
    """The place of each row's strongest match, in order of rows."""
    shares = np.nan_to_num(shares, nan=-1.0)
    order = np.lexsort((matches[:, 1], -shares[:, 1], -shares[:, 0], -matches[:, 2], matches[:, 0]))
    first = np.ones(len(order), np.bool_)
    first[1:] = matches[order[1:], 0] != matches[order[:-1], 0]
    return order[first].astype(np.int64)


def _moved(found: Longs, row: Longs) -> Longs:
    out = found.copy()
    out[:, 0] = row[found[:, 0]]
    return out
