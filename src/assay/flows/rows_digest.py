"""One number for all the rows of a dataset: what signals that depend on other rows are valid for."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from assay.core.ids import fingerprint
from assay.store import Dataset, Workspace


def rows_digest(ws: Workspace, data: Dataset) -> str:
    """32 hex digits over what the rows say and where they stand, in whatever order and fragments they lie.

    A sum of row hashes modulo 2**128. Kept in the ledger for the fragments it was made from.
    """
    key = fingerprint(data.name, [part.content for part in data.fragments()])
    known = ws.ledger.cache_get("rows-digest", key)
    if known is not None:
        return str(known)
    total = 0
    for batch in data.scan(columns=["record_id", "content_hash", "domain", "source"]):
        source = batch.column("source")
        row = pc.cast(pc.struct_field(source, "row"), pa.large_string())
        parts = [batch.column(c).cast(pa.large_string()) for c in ("record_id", "content_hash", "domain")]
        parts += [pc.struct_field(source, "path").cast(pa.large_string()), row]
        joined = pc.binary_join_element_wise(*parts, pa.scalar("\x00", pa.large_string()), null_handling="replace")
        for key_bytes in joined.cast(pa.large_binary()).to_pylist():
            total += xxhash.xxh3_128_intdigest(key_bytes)
    digest = f"{total % (1 << 128):032x}"
    ws.ledger.cache_put("rows-digest", key, digest)
    return digest
