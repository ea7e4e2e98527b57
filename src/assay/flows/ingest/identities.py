"""What has been read before, in about 32 bytes per record: sorted runs that are merged as they grow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

Keys = NDArray[np.uint64]


def id_keys(ids: Iterable[str]) -> tuple[Keys, Keys]:
    """The two halves of XXH3-128 of each id."""
    data = b"".join([xxhash.xxh3_128_digest(name.encode("utf-8", "surrogatepass")) for name in ids])
    both = np.frombuffer(data, ">u8").astype(np.uint64).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()


def content_keys(hashes: Iterable[str]) -> Keys:
    """The first 64 bits of content hashes (32 hex digits each)."""
    data = b"".join([bytes.fromhex(text[:16]) for text in hashes])
    return np.frombuffer(data, ">u8").astype(np.uint64)


class Identities:
    """Record id -> content, both as hashes. 128 bits tell ids apart: at 64, a billion records would clash."""

    def __init__(self) -> None:
        self._runs: list[tuple[Keys, Keys, Keys]] = []
        self._changed: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return sum(len(run[0]) for run in self._runs)

    def add(self, high: Keys, low: Keys, content: Keys) -> None:
        """Ids that are not known yet, each once."""
        if len(high) == 0:
            return
        order = np.argsort(high, kind="stable")
        self._runs.append((high[order], low[order], content[order]))
        # Runs at least halve in length, so that a look-up visits few of them and each id is moved few times.
        while len(self._runs) > 1 and len(self._runs[-1][0]) * 2 > len(self._runs[-2][0]):
            a, b = self._runs.pop(), self._runs.pop()
            joined = np.concatenate([b[0], a[0]])
            order = np.argsort(joined, kind="stable")
            self._runs.append((joined[order], np.concatenate([b[1], a[1]])[order], np.concatenate([b[2], a[2]])[order]))

    def change(self, high: int, low: int, content: int) -> None:
        """A known id has new content."""
        self._changed[high, low] = content

    def find(self, high: Keys, low: Keys) -> tuple[NDArray[np.bool_], Keys]:
        """Which ids are known, and the content of those (0 elsewhere)."""
        known = np.zeros(len(high), np.bool_)
        content = np.zeros(len(high), np.uint64)
        for keys, lows, contents in self._runs:
            at = np.searchsorted(keys, high)
            open_ = np.flatnonzero((at < len(keys)) & ~known)
            while len(open_):
                here = at[open_]
                same_high = keys[here] == high[open_]
                hit = same_high & (lows[here] == low[open_])
                known[open_[hit]] = True
                content[open_[hit]] = contents[here[hit]]
                # Two ids with the same first half lie side by side.
                at[open_] += 1
                open_ = open_[same_high & ~hit]
                open_ = open_[at[open_] < len(keys)]
        if self._changed:
            for i in np.flatnonzero(known).tolist():
                newer = self._changed.get((int(high[i]), int(low[i])))
                if newer is not None:
                    content[i] = newer
        return known, content


class Occurrences:
    """How often each key was seen: 8 bytes per sighting."""

    def __init__(self) -> None:
        self._runs: list[Keys] = []

    def number(self, keys: Keys) -> NDArray[np.int64]:
        """How many equal keys came before each of `keys`, in earlier calls and in this one; then remembers them."""
        if len(keys) == 0:
            return np.zeros(0, np.int64)
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        lengths = np.diff(np.append(starts, len(ordered)))
        numbers = np.empty(len(keys), np.int64)
        numbers[order] = np.arange(len(ordered)) - np.repeat(starts, lengths)
        for run in self._runs:
            numbers += np.searchsorted(run, keys, "right") - np.searchsorted(run, keys, "left")
        self._remember(ordered)
        return numbers

    def remember(self, keys: Keys) -> None:
        if len(keys):
            self._remember(np.sort(keys))

    def _remember(self, ordered: Keys) -> None:
        self._runs.append(ordered)
        while len(self._runs) > 1 and len(self._runs[-1]) * 2 > len(self._runs[-2]):
            joined = np.concatenate([self._runs.pop(), self._runs.pop()])
            joined.sort(kind="stable")
            self._runs.append(joined)


def occurrence_keys(paths: Sequence[str], ids: Sequence[str]) -> Keys:
    """One key per (path, id of a first occurrence).

    64 bits: a clash would only number one record of a file differently, the same way every time.
    """
    pairs = zip(paths, ids, strict=True)
    data = [xxhash.xxh3_64_intdigest(f"{path}\0{name}".encode("utf-8", "surrogatepass")) for path, name in pairs]
    return np.array(data, np.uint64)
