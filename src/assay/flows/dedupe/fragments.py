"""Fragments as items of an engine: where their rows lie, what is compared of them, and signatures kept between runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay.core.files import whole_file
from assay.core.ids import fingerprint
from assay.dedup.near import NearParams, Part, Signed, joined, sign, signature_parts
from assay.kernels import minhash
from assay.kernels.caching import source_stamp
from assay.store import Dataset, Workspace
from assay.text.fields import columns_read, compared_text

_ARRAYS = ("bands", "whole", "shingles", "keys", "lengths")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of one version; `first_row` is the number of its first row in the whole version.

    The workspace travels by its place: a worker process opens it there.
    """

    ws: Workspace
    dataset: str
    version: int
    id: int
    rows: int
    first_row: int
    content: str
    fields: tuple[str, ...]

    @property
    def data(self) -> Dataset:
        return self.ws.dataset(self.dataset)

    def texts(self, *columns: str) -> Iterator[tuple[pa.LargeStringArray, pa.RecordBatch]]:
        """The compared text of each batch of rows, and the other columns asked for."""
        data = self.data
        wanted = list(dict.fromkeys([*columns_read(data.kind, self.fields), *columns]))
        for batch in data.scan(self.version, columns=wanted, fragment=self.id):
            yield compared_text(batch, data.kind, self.fields), batch


def fragments_of(ws: Workspace, data: Dataset, fields: tuple[str, ...]) -> list[Fragment]:
    """The head's fragments, in order. Raises what `columns_read` raises for unknown fields."""
    columns_read(data.kind, fields)
    found, first, version = [], 0, data.head
    for part in data.fragments():
        found.append(Fragment(ws, data.name, version, part.id, part.rows, first, part.content, fields))
        first += part.rows
    return found


def index_folder(ws: Workspace, dataset: str) -> Path:
    """Where a dataset's indexes lie. Everything in it can be made again."""
    folder = ws.path / "index" / dataset
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def signature_file(fragment: Fragment, params: NearParams) -> Path:
    """Named by all that the signatures depend on, the code included."""
    stamp = source_stamp(Path(minhash.__file__))
    name = fingerprint("near", params.of_signatures, list(fragment.fields), fragment.content, stamp)
    return index_folder(fragment.ws, fragment.dataset) / f"near-{name}.npy"


def signed_fragment(fragment: Fragment, params: NearParams) -> tuple[Signed, bool]:
    """The fragment's signatures, and whether they were there already: rows that were signed are not read again."""
    path = signature_file(fragment, params)
    if path.is_file():
        found = _load(path)
        if found is not None and len(found) == fragment.rows:
            return found, True
    parts = [sign(text, batch.column("record_id"), params) for text, batch in fragment.texts("record_id")]
    made = joined(parts, params.bands)
    with whole_file(path) as part, part.open("wb") as out:
        for name in _ARRAYS:
            np.save(out, getattr(made, name))
    return made, False


def _load(path: Path) -> Signed | None:
    """None where the file is not whole: it is made again."""
    try:
        with path.open("rb") as file:
            return Signed(*(np.load(file) for _ in _ARRAYS))
    except (OSError, ValueError, EOFError):
        return None


@dataclass(frozen=True, slots=True)
class Head:
    """What the driver keeps of each row: int32 shingles, uint64 keys, int64 lengths. `known`: read from the index."""

    shingles: np.ndarray[tuple[int], np.dtype[np.int32]]
    keys: np.ndarray[tuple[int], np.dtype[np.uint64]]
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]]
    known: bool


def sign_task(fragment: Fragment, params: NearParams, shares: int) -> tuple[Head, list[Part]]:
    """Run on an engine: the signatures of one fragment, dealt to the partitions of `signature_parts`."""
    signed, known = signed_fragment(fragment, params)
    head = Head(signed.shingles, signed.keys, signed.lengths, known)
    return head, signature_parts(signed, fragment.first_row, shares)
