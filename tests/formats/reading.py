"""Bytes straight to items, as the tests below see a file."""

from __future__ import annotations

import io
from typing import Any

from assay.formats import Bad, ByteStream, Item, Limits, NotRecords, read, shape_of


def items_of(
    data: bytes, path: str, *, wanted: str | None = None, limits: Limits | None = None
) -> tuple[list[Item], list[Bad]]:
    stream = ByteStream(io.BytesIO(data))
    found = list(read(stream, shape_of(stream, path, wanted), limits))
    return [x for x in found if isinstance(x, Item)], [x for x in found if isinstance(x, Bad)]


def objects(data: bytes, path: str, **options: Any) -> list[Any]:
    items, bad = items_of(data, path, **options)
    assert not bad, bad
    return [item.obj for item in items]


def accounted(data: bytes, path: str, *, batch_bytes: int = 8 << 20, record_bytes: int = 1 << 20) -> list[Any] | None:
    """Everything a reader says about a file, in comparable form; None where it is refused as no file of records."""
    stream = ByteStream(io.BytesIO(data))
    try:
        shape = shape_of(stream, path)
    except NotRecords:
        return None
    limits = Limits(batch_bytes=batch_bytes, record_bytes=record_bytes)
    out: list[Any] = []
    for found in read(stream, shape, limits):
        place = (found.row, found.offset, found.length, found.raw, found.line)
        out.append((*place, repr(found.obj)) if isinstance(found, Item) else (*place, found.reason, found.detail))
    return out
