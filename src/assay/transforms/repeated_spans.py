"""Stretches that other records hold too, cut out of texts, as `assay dedupe --method substring` found them.

That verb writes a file that says which bytes of which texts to cut. A text is known by the digest of its bytes: one
that has changed since is left alone, and so is one that has been cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from assay.core.arrow import one_array, utf8_views
from assay.core.errors import UserError
from assay.core.files import whole_file
from assay.kernels.fold_table import ALONE, BMP, PART, fold_table
from assay.transforms.base import Changed, Edit, apply_edits, text_transform, unchanged

_PLACES = pa.list_(pa.field("item", pa.struct([pa.field("start", pa.int64()), pa.field("end", pa.int64())])))
# One row per text, by digest (XXH3-128, high and low half). any: what any other record holds too. elsewhere: that of
# it whose first holder is another record. Bytes of the text, in order, apart by a word at least.
CUT_FILE = pa.schema(
    [
        pa.field("high", pa.uint64()),
        pa.field("low", pa.uint64()),
        pa.field("any", _PLACES),
        pa.field("elsewhere", _PLACES),
    ]
)
_COLUMNS = {"first": "elsewhere", "none": "any"}
_FORMAT = b"assay.cut_repeated"
_KINDS = ("classification", "qa", "reasoning", "composite", "agentic", "multimodal", "domain_log", "preference")

Digests = NDArray[np.uint64]


def text_digests(text: pa.LargeStringArray, rows: NDArray[np.int64] | None = None) -> Digests:
    """uint64[n, 2]: XXH3-128 of the texts' bytes, high half first; of these rows only, where given."""
    offsets, data = utf8_views(text)
    raw = memoryview(data.data) if len(data) else memoryview(b"")
    places = offsets.tolist()
    chosen = range(len(text)) if rows is None else rows.tolist()
    digests = b"".join(xxhash.xxh3_128_digest(raw[places[row] : places[row + 1]]) for row in chosen)
    return np.frombuffer(digests, ">u8").reshape(-1, 2).astype(np.uint64)


def write_cut_file(path: Path, digests: Digests, places: Mapping[str, pa.ListArray], about: Mapping[str, str]) -> None:
    """Write a CUT_FILE, whole or not at all. digests: different, in order. places: the columns any and elsewhere."""
    columns = [pa.array(digests[:, 0].copy()), pa.array(digests[:, 1].copy()), places["any"], places["elsewhere"]]
    noted = {_FORMAT: b"1"} | {key.encode(): value.encode() for key, value in sorted(about.items())}
    schema = CUT_FILE.with_metadata(noted)
    table = pa.Table.from_arrays(columns, schema=schema)
    with whole_file(path) as part, pa.ipc.new_file(str(part), schema) as out:
        out.write_table(table)


@text_transform(
    kinds=_KINDS,
    source="Lee et al. 2022 cut repeats of 50 tokens; docs/decisions/substrings.md",
    params={"spans": None, "keep": "first"},
    files=("spans",),
    python_bound=True,
)
def cut_repeated(text: pa.LargeStringArray, *, spans: str | None, keep: str) -> Changed:
    """Stretches of words that other records hold too, cut out: `keep: first` leaves the first record's, `none` none.

    `spans` is the file that `dedupe --method substring` wrote for these records. Cut are whole words, as many as were
    found repeated, and nothing else: white space and punctuation around them stay; a space comes in where two words
    would grow together. Texts that are not in the file, such as those changed since, are left alone. Texts that are
    equal byte for byte are one to it, so that copies of the first record keep what it keeps. What was left and right
    of a cut are now neighbours, and may together be a new repeat.
    """
    if keep not in _COLUMNS:
        raise UserError("E104", f"keep: {keep!r} is neither of first and none", at="keep", fix="use first or none")
    if spans is None:
        raise UserError("E104", "cut_repeated needs to know what to cut", at="spans", fix=_FIX)
    known = _read(spans)
    digests = text_digests(text)
    at = known.places_of(digests)
    rows = np.flatnonzero((at >= 0) & text.is_valid().to_numpy(zero_copy_only=False))
    if not len(rows):
        return unchanged(text)
    offsets, data = utf8_views(text)
    edits = {}
    for row, cuts in zip(rows.tolist(), known.cuts[_COLUMNS[keep]].take(pa.array(at[rows])).to_pylist(), strict=True):
        if cuts:
            raw = data[offsets[row] : offsets[row + 1]].tobytes()
            edits[row] = [Edit(c["start"], c["end"], _between(raw, c), "repeated") for c in cuts]
    return apply_edits(text, edits) if edits else unchanged(text)


_FIX = "give spans: the file that `assay dedupe DATASET --method substring` wrote"


def _between(raw: bytes, cut: Mapping[str, int]) -> str:
    """A space where the characters on both sides of the cut would make one word of two."""
    left, right = raw[: cut["start"]][-4:].decode("utf-8", "ignore"), raw[cut["end"] :][:4].decode("utf-8", "ignore")
    return " " if left and right and _joins(left[-1]) and _joins(right[0]) else ""


def _joins(char: str) -> bool:
    code = ord(char)
    value = int(fold_table()[code]) if code < BMP else 0
    return code >= BMP or not (value == PART or value & ALONE)


@dataclass(frozen=True, slots=True)
class _Known:
    digests: Digests
    cuts: Mapping[str, pa.ListArray]

    def places_of(self, digests: Digests) -> NDArray[np.int64]:
        """The row of each digest, -1 where it is not there."""
        if not len(self.digests):
            return np.full(len(digests), -1, np.int64)
        high = self.digests[:, 0]
        there = np.minimum(np.searchsorted(high, digests[:, 0]), len(high) - 1)
        return np.where((self.digests[there] == digests).all(axis=1), there, -1)


def _read(path: str) -> _Known:
    place = Path(path)
    try:
        found = place.stat()
    except OSError as error:
        raise UserError("E106", f"spans: {error}", fix=_FIX) from None
    return _loaded(str(place.resolve()), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=2)
def _loaded(path: str, modified: int, size: int) -> _Known:
    try:
        with pa.memory_map(path) as file:
            table: Any = pa.ipc.open_file(file).read_all()
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError("E106", f"spans: {path} is no file of repeated spans: {error}", fix=_FIX) from None
    if (table.schema.metadata or {}).get(_FORMAT) != b"1" or not table.schema.equals(CUT_FILE):
        raise UserError("E106", f"spans: {path} is no file of repeated spans", fix=_FIX)
    digests = np.stack([table[half].to_numpy() for half in ("high", "low")], axis=1)
    return _Known(digests, {name: one_array(table[name]) for name in _COLUMNS.values()})
