"""One fragment of a dataset searched for benchmark items: what an engine runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.dedup.contamination import Hits
from assay.flows.contamination_items import REPLIES, TRAINED, asked_by, in_splits
from assay.store import Dataset, Workspace
from assay.text.benchmark import Index
from assay.text.fields import VIEW, columns_read, compared_text, paths_of


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment of one version. fields: what is compared. trained_only: rows of a train split, or of none."""

    ws: Workspace
    dataset: str
    version: int
    id: int
    rows: int
    fields: tuple[str, ...]
    trained_only: bool


def pieces_of(ws: Workspace, data: Dataset, fields: tuple[str, ...], *, trained_only: bool) -> list[Piece]:
    """The head's fragments. Raises what `columns_read` raises for unknown fields."""
    columns_read(data.kind, fields)
    version = data.head
    return [Piece(ws, data.name, version, part.id, part.rows, fields, trained_only) for part in data.fragments()]


def find_task(piece: Piece, index: Index, min_share: float) -> Hits:
    """What one fragment holds of the benchmark.

    By default what a record asks and answers is compared apart, too, where its kind tells; not with fields of the
    user's choice.
    """
    data = piece.ws.dataset(piece.dataset)
    kind, fields = data.kind, piece.fields
    apart = fields == VIEW
    asks = asked_by(kind) if apart and paths_of(kind, asked_by(kind)) != ["text"] else ()
    replies = REPLIES.get(kind, ()) if apart else ()
    columns = list(dict.fromkeys([*columns_read(kind, [*fields, *asks, *replies]), *["split"][: piece.trained_only]]))
    parts, first = [], 0
    for batch in data.scan(piece.version, columns=columns, fragment=piece.id):
        row = np.arange(first, first + batch.num_rows)
        first += batch.num_rows
        if piece.trained_only:
            chosen = _trained(batch.column("split"))
            row, batch = row[chosen.to_numpy(zero_copy_only=False)], batch.filter(chosen)
        text = compared_text(batch, kind, fields)
        prompt = compared_text(batch, kind, asks) if asks else None
        reply = compared_text(batch, kind, replies) if replies else None
        found = index.find(text, prompt, reply, min_share=min_share)
        parts.append((found, row, int(pc.sum(pc.binary_length(text)).as_py() or 0)))
    return Hits.joined(piece.rows, parts)


def _trained(split: pa.Array) -> pa.BooleanArray:
    return pc.or_(split.is_null(), in_splits(split, TRAINED))
